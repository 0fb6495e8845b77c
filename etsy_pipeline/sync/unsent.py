"""What of an approved sync was not sent yet: people drop it or bring it forward; what changed goes on or leaves.

What a publisher has begun is its own: it finishes or leaves it. An approval stays bound to what is sent: where an item
goes on as the product is now, the approval is written down again for the plan that holds it, with the reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from etsy_pipeline.catalogue.selection import Selection
from etsy_pipeline.errors import BadRequest, Conflict
from etsy_pipeline.planning.digest import plan_digest
from etsy_pipeline.planning.leaves_paused_sync import LEAVES, leaves
from etsy_pipeline.planning.plan_item import CHANGING, PlanItem
from etsy_pipeline.planning.sending_order import BROUGHT_FORWARD
from etsy_pipeline.store import accounts, activity, clock, items, jobs, pending_links, progress
from etsy_pipeline.store.activity import Doer
from etsy_pipeline.store.engine import Session, Store
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.store.sync_states import UNDER_WAY, SyncState
from etsy_pipeline.sync import lifecycle, pending_products
from etsy_pipeline.sync.lifecycle import Event
from etsy_pipeline.sync.stock_lane import LEFT_TO_ANOTHER, held_by, leave_out

NAMED = 10
CHANGED = "product_changed_since_plan"  # code of a product that left a sync for that


@dataclass(frozen=True, slots=True)
class Unsent:
    """What became of a wish about unsent products: those that it holds for, and those that are no longer unsent."""

    changed: tuple[str, ...]
    too_late: tuple[str, ...]


def drop(
    store: Store,
    transaction_id: str,
    product_ids: Sequence[str],
    *,
    decided_by: str,
    through: str,
    note: str = "",
) -> Unsent:
    """Take products out of an approved sync, as far as they were not sent: nothing is done for them.

    A paused sync of which nothing is left to send ends by that.

    Raises:
        NotFound: `sync_job_not_found`.
        Conflict: `nothing_unsent` where the sync is not approved, is over, or has none of these products.
        BadRequest: `no_products`, `approver_missing`.
    """
    if not decided_by.strip():
        raise BadRequest(
            "Dropping products needs a name.", code="approver_missing", hint="Say who decides (--by NAME)."
        )
    told = f"dropped by {decided_by.strip()}" + (f": {note}" if note else "")
    with store.writing() as session:
        job = _under_way(session, transaction_id, product_ids)
        now = clock.now(session)
        done = {"outcome": "skipped", "step": "done", "finished_at": now, "note": told}
        dropped = items.change_unsent(session, job.id, product_ids, **done)
        pending_links.settle_products(session, job, dropped, now)
        jobs.change(session, transaction_id, **jobs.counts_of(items.outcomes(session, job.id)))
        of = {"account_id": job.etsy_account_id, "transaction_id": transaction_id}
        activity.note(session, Doer(decided_by, through), "dropped", **of, about=", ".join(dropped))
        _end_if_nothing_is_left(session, job, f"The rest was {told}.")
        return _told(product_ids, dropped)


def first(store: Store, transaction_id: str, product_ids: Sequence[str], *, by: Doer | None = None) -> Unsent:
    """Send products of an approved sync before all others, as far as they were not sent.

    Raises:
        NotFound: `sync_job_not_found`.
        Conflict: `nothing_unsent` where the sync is not approved, is over, or has none of these products.
        BadRequest: `no_products`.
    """
    with store.writing() as session:
        job = _under_way(session, transaction_id, product_ids)
        changed = items.change_unsent(session, job.id, product_ids, turn=BROUGHT_FORWARD)
        of = {"account_id": job.etsy_account_id, "transaction_id": transaction_id}
        activity.note(session, by, "brought_forward", **of, about=", ".join(changed))
        return _told(product_ids, changed)


def send_as_now(session: Session, job: EtsySyncJob, changed: Sequence[tuple[PlanItem, str]]) -> None:
    """Products that changed go on as they are now: within what the shop's setting lets go without a person.

    Those that somebody dropped meanwhile stay so.

    Args:
        session: a writing one.
        job: the sync, under way.
        changed: each item as it is sent now, and what changed, in words.
    """
    note = "changed in Medusa since the plan, and sent as it is now"
    replaced = [planned for planned, told in changed if items.replace_plan(session, job.id, planned, f"{note}: {told}")]
    if not replaced:
        return
    account, given = accounts.get(session, job.etsy_account_id), jobs.approval(session, job.transaction_id)
    if given is None:
        raise AssertionError("a sync that is under way was approved")
    digest = plan_digest(
        shop_id=account.shop_id or 0,
        shop_fingerprint=job.shop_fingerprint or "",
        item_digests=items.digests(session, job.id),
    )
    jobs.change(session, job.transaction_id, plan_digest=digest)
    names = ", ".join(planned.product_id for planned in replaced[:NAMED]) + (" and more" if replaced[NAMED:] else "")
    note = f"Fewer pieces than approved are sent of {len(replaced)} products, or none (changed_while_waiting): {names}."
    now = clock.now(session)
    jobs.add_approval(session, replace(given, plan_digest=digest, decided_through="policy", note=note, created_at=now))


def take_over(session: Session, job: EtsySyncJob) -> None:
    """Take out of paused syncs the products that a sync which is being approved takes pieces of off sale.

    Only what no publisher has begun: whoever begins it later finds it gone (`item_taken_out`). The rest of it is
    planned anew when the sync that it leaves is over. What that one has sent since this plan is left to it; what it has
    begun is left to it as well (`leave_out_held`). The account has to be locked.
    """
    wanted = {item.product_id: item.plan.verdicts for item in items.matching(session, job.id, why=LEAVES)}
    if not (mine := wanted.keys() & set(held_by(session, job))):
        return
    note = f"left to {job.transaction_id}, which takes pieces off sale that Medusa no longer has"
    for other in jobs.in_state(session, *UNDER_WAY, account_id=job.etsy_account_id):
        told = leaves(other.transaction_id)
        theirs = sorted(key for key in mine & set(held_by(session, other)) if told in wanted[key])
        if theirs and jobs.get(session, other.transaction_id, lock=True).state in UNDER_WAY:
            mine -= set(leave_out(session, other, theirs, note))
            jobs.change(session, other.transaction_id, **jobs.counts_of(items.outcomes(session, other.id)))
    sent = items.finished_elsewhere(session, job.etsy_account_id, job.id, sorted(mine), job.created_at)
    leave_out(session, job, sent, "left to the next plan: another sync sent it after this one was planned")
    pending_products.hold(session, job)


def leave_changed(session: Session, job: EtsySyncJob, product_id: str, told: str, *, is_begun: bool = False) -> None:
    """A product that changed leaves a sync: a person is asked about it as it is now (`plan_left_ones`).

    Of one that was begun a part may be on Etsy already: a draft stays a draft, and its link has failed.
    """
    now = clock.now(session)
    what = "its listing is left as it is, with a part of this sync" if is_begun else "nothing of it was sent"
    note = f"changed in Medusa since the plan, so {what}: {told}"
    done = {"outcome": "skipped", "step": "done", "finished_at": now, "note": note}
    left = items.change_waiting(session, job.id, [product_id], **done, error_code=CHANGED)
    if left and is_begun:
        failed = {"sync_status": "failed", "sync_error": note, "updated_at": now}
        progress.set_link(session, job.etsy_account_id, product_id, **failed)
    pending_links.settle_products(session, job, left, now)


def plan_left_ones(session: Session, job: EtsySyncJob) -> EtsySyncJob:
    """At the end of a publication: ask for plans of the products that left it, and say so on it.

    Where the sync was of all that the shop sells, so is the plan of what changed. That of what another sync held is of
    those products alone, so that it waits for its turn (`turns.py`).
    """
    changed, held = (tuple(items.left_ones(session, job.id, code)) for code in (CHANGED, LEFT_TO_ANOTHER))
    told = []
    if changed:
        wanted = None if job.requested_selection is None else Selection(product_ids=changed)
        words = f"{len(changed)} products changed in Medusa since the plan and were left out"
        told.append(f"{words}; {_planned_anew(session, job, wanted)} plans them anew.")
    if held:
        words = f"{len(held)} products were left to another sync, which held them or took pieces of them off sale"
        told.append(f"{words}; {_planned_anew(session, job, Selection(product_ids=held))} plans them anew.")
    if not told:
        return job
    errors = {**job.error_log, "job": " ".join(filter(None, (job.message, *told)))}
    jobs.change(session, job.transaction_id, error_log=errors)
    return jobs.get(session, job.transaction_id)


def _planned_anew(session: Session, job: EtsySyncJob, wanted: Selection | None) -> str:
    """The sync that is asked for instead."""
    new = lifecycle.new_job(session, job.etsy_account_id, trigger="replan", selection=wanted)
    pending_products.hold(session, new)
    return new.transaction_id


def end_of(session: Session, job: EtsySyncJob) -> Event:
    """How a sync ends that went through all products: failed, where nothing that was to be sent worked."""
    outcomes = items.outcomes(session, job.id)
    sent = items.outcomes(session, job.id, actions=CHANGING)
    if not outcomes["failed"]:
        return Event.COMPLETE_WITH_ERRORS if items.left_ones(session, job.id) else Event.COMPLETE
    return Event.FAIL if sent["failed"] and not sent["synced"] else Event.COMPLETE_WITH_ERRORS


def _end_if_nothing_is_left(session: Session, job: EtsySyncJob, message: str) -> None:
    """A paused sync without anything to send waits for nobody; what was sent is still read back by a publisher."""
    if job.state is not SyncState.PAUSED or items.unsent_count(session, job.id):
        return
    if items.sent_count(session, job.id):
        if job.resume_at is None:
            lifecycle.move(session, job, Event.RESUME, who="person", resume_at=clock.now(session))
        return
    progress.finish_unsent(session, job.id, clock.now(session))
    event = end_of(session, job)
    counts, errors = jobs.counts_of(items.outcomes(session, job.id)), items.errors(session, job.id) | {"job": message}
    event = Event.GIVE_UP if event is Event.FAIL else event
    plan_left_ones(session, lifecycle.move(session, job, event, who="person", error_log=errors, **counts))


def _under_way(session: Session, transaction_id: str, product_ids: Sequence[str]) -> EtsySyncJob:
    if not product_ids:
        raise BadRequest("No product was named.", code="no_products", hint="Name product ids (--product-id).")
    job = jobs.get(session, transaction_id, lock=True)
    has_any = job.state in UNDER_WAY and set(product_ids) & set(
        items.product_ids(session, job.id, outcome="waiting", actions=CHANGING)
    )
    if not has_any:
        raise Conflict(
            f"The sync {transaction_id} ({job.state.words}) has none of these products still to send.",
            code="nothing_unsent",
            hint="An approved sync that is not over has some; a plan that awaits approval leaves products out with it.",
        )
    return job


def _told(asked: Sequence[str], changed: Sequence[str]) -> Unsent:
    late = tuple(product_id for product_id in dict.fromkeys(asked) if product_id not in set(changed))
    return Unsent(tuple(sorted(changed)), late)
