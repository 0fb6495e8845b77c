"""Taking a publication back: a sync like any other, whose plan restores what another one changed.

It is planned by Dagster, shown, approved and published as all are; nothing is restored without that.
"""

from collections.abc import Mapping, Sequence

from etsy_pipeline.catalogue.selection import Selection
from etsy_pipeline.errors import Conflict
from etsy_pipeline.planning import rollback
from etsy_pipeline.planning.plan_item import CHANGING
from etsy_pipeline.planning.rollback import Sent
from etsy_pipeline.store import accounts, activity, items, jobs
from etsy_pipeline.store.activity import Doer
from etsy_pipeline.store.engine import Session, Store
from etsy_pipeline.store.records import EtsySyncJob, SyncItem
from etsy_pipeline.sync import lifecycle, pending_products
from etsy_pipeline.sync.request import Trigger, require_connected


def request_rollback(store: Store, transaction_id: str, *, trigger: Trigger, by: Doer | None = None) -> EtsySyncJob:
    """Ask for a sync that takes another one back.

    Raises:
        NotFound: `sync_job_not_found`.
        Conflict: `sync_not_over`; `nothing_to_take_back`, where nothing was sent, or the details were removed since;
            `account_not_connected`.
    """
    with store.writing() as session:
        job = jobs.get(session, transaction_id, lock=True)
        require_connected(accounts.get(session, job.etsy_account_id))
        if not job.is_over:
            raise Conflict(
                f"The sync {transaction_id} is {job.state.words}: what it sends is not complete yet.",
                code="sync_not_over",
                hint=f"Cancel it first: `etsy-pipeline sync cancel {transaction_id}`.",
            )
        product_ids = tuple(
            item.product_id for item in items.matching(session, job.id, actions=CHANGING) if _sent(item)
        )
        if not product_ids:
            raise Conflict(
                f"The sync {transaction_id} changed nothing on Etsy that is known well enough to be taken back.",
                code="nothing_to_take_back",
                hint="What a plan found before it was published is kept for ETSY_PIPELINE_KEEP_PLANS_DAYS.",
            )
        asked = lifecycle.new_job(
            session,
            job.etsy_account_id,
            trigger=trigger,
            selection=Selection(product_ids=product_ids),
            rollback_of=transaction_id,
        )
        pending_products.hold(session, asked)
        of = {"account_id": asked.etsy_account_id, "transaction_id": asked.transaction_id}
        activity.note(session, by, "asked_to_take_back", **of, about=transaction_id)
        return asked


def sent_by(session: Session, transaction_id: str, product_ids: Sequence[str]) -> Mapping[str, Sent]:
    """What a sync did with some products, and what was there before; those only that it sent anything of."""
    job = jobs.get(session, transaction_id)
    found = items.of_products(session, job.id, product_ids)
    return {item.product_id: _as_sent(item) for item in found if _sent(item)}


def _sent(item: SyncItem) -> bool:
    return item.before is not None and item.plan.action in CHANGING


def _as_sent(item: SyncItem) -> Sent:
    before = rollback.from_json(item.before) if item.before else None
    return Sent(item.product_id, item.plan.product_title, item.plan.action, before)
