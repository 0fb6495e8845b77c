"""What somebody who reviews a sync looks at besides its plan: whose it is, what was decided, how far it has got."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from etsy_pipeline.store import accounts, jobs, links
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.tables import Approval, EtsyAccount, EtsySyncJob, SyncItem
from etsy_pipeline.sync.queries import PlanFilter


@dataclass(frozen=True, slots=True)
class Standing:
    """A sync with its shop and the decision on its plan; `outcomes` counts products: waiting, synced, failed, skipped.

    `newer` is the sync whose plan waits for a decision instead, where this one was superseded.
    """

    job: EtsySyncJob
    account: EtsyAccount
    decision: Approval | None
    outcomes: Counter[str]
    newer: str | None


def standing(store: Store, transaction_id: str) -> Standing:
    """How a sync stands.

    Raises:
        NotFound: `sync_job_not_found`.
    """
    with store.reading() as session:
        job = jobs.get(session, transaction_id)
        newer = jobs.awaiting_approval(session, job.etsy_account_id) if job.status == "superseded" else None
        return Standing(
            job,
            accounts.get(session, job.etsy_account_id),
            jobs.approval(session, transaction_id),
            jobs.outcomes(session, job.id),
            newer.transaction_id if newer else None,
        )


def some_items(store: Store, job: EtsySyncJob, wanted: PlanFilter, outcome: str | None = None) -> Sequence[SyncItem]:
    """The items of one page of a plan."""
    with store.reading() as session:
        return list(jobs.items(session, job.id, dangerous_first=True, outcome=outcome, **asdict(wanted)))


def items_at(store: Store, job: EtsySyncJob, positions: Sequence[int]) -> Sequence[SyncItem]:
    """The items at these positions of a plan."""
    with store.reading() as session:
        return list(jobs.items_at(session, job.id, positions))


def addresses(store: Store, account_id: str, product_ids: Iterable[str]) -> Mapping[str, str]:
    """Where the listings of these products are on Etsy."""
    with store.reading() as session:
        found = {product_id: links.get(session, account_id, product_id) for product_id in product_ids}
    return {product_id: link.etsy_url for product_id, link in found.items() if link is not None and link.etsy_url}


def shop_names(store: Store) -> Mapping[str, str]:
    """What the shops are called, by account."""
    with store.reading() as session:
        return {account.id: name_of(account) for account in accounts.every(session)}


def name_of(account: EtsyAccount) -> str:
    """What a shop is called: Etsy's name for it, else ours."""
    return account.shop_name or account.name
