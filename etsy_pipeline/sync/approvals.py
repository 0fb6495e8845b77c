"""Deciding on a plan: approve, reject, cancel. The Dagster UI, the command line and the HTTP API all end here.

A decision is bound to the plan's digest, appended to the `approval` table in the transaction that changes the state
(`lifecycle.py`), and never changed. One that comes before the plan is conditional (`early_confirm.py`).
"""

from collections.abc import Sequence
from datetime import datetime

from etsy_pipeline.errors import BadRequest, Conflict, NotFound
from etsy_pipeline.store import accounts, activity, items, jobs
from etsy_pipeline.store.accounts import policy_fingerprint
from etsy_pipeline.store.activity import Doer
from etsy_pipeline.store.engine import Session, Store
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.store.sync_states import BEING_PLANNED, PENDING, SyncState
from etsy_pipeline.sync import books, decisions, early_confirm, holds, lifecycle
from etsy_pipeline.sync.build_plan import digest_of_stored_plan
from etsy_pipeline.sync.decisions import Statement
from etsy_pipeline.sync.lifecycle import PLAN_AGAIN, Event

SHORTEST_DIGEST = 12  # characters of a digest that are enough to name it
POLICY = "the shop's approval policy"
HINT_CANCEL = "Nothing of it is published. To call it off, cancel it: `etsy-pipeline sync cancel {transaction_id}`."
NEED_A_PLAN = ("ui", "policy")  # who decides through these was shown a plan, or shall be


def approve(
    store: Store,
    transaction_id: str,
    *,
    decided_by: str,
    through: str,
    amount_unit: str,
    note: str = "",
    excluded_products: Sequence[str] = (),
    reviewed_digest: str | None = None,
    planned_before: datetime | None = None,
) -> EtsySyncJob:
    """Approve a plan, so that it will be published. Where there is none yet, it may become approved by that (or not).

    Args:
        store: the database.
        transaction_id: whose plan.
        decided_by: the person.
        through: ui, cli, api or policy.
        amount_unit: the unit of Medusa's amounts now.
        note: why, if they said so.
        excluded_products: product ids that shall not be published.
        reviewed_digest: the digest (or its start) that was on the person's screen; another one now is refused.
        planned_before: refuse a plan that was drawn up after this moment, since it cannot have been reviewed.

    Raises:
        NotFound: `sync_job_not_found`.
        Conflict: `account_held`, `plan_not_ready`, `plan_superseded`, `already_decided`, `plan_changed`, `plan_stale`,
            `plan_unseen`, `publication_in_progress`; before the plan only `already_decided`, `account_held`, and
            `plan_not_ready` where the shop refuses it (`early_confirm`), or a digest is given.
        NotConfigured: `fence_unreadable`.
        BadRequest: `product_not_in_plan`, `approver_missing`.
    """
    if not decided_by.strip():
        raise BadRequest("An approval needs a name.", code="approver_missing", hint="Say who approves (--by NAME).")
    said = Statement(decided_by, through, note, excluded_products)
    with store.reading() as session:
        account_id = jobs.get(session, transaction_id).etsy_account_id
    books.check(store, account_id)
    with store.writing() as session:
        accounts.get(session, account_id, lock=True)  # one approval at a time
        job = jobs.get(session, transaction_id, lock=True)
        holds.require_free(session, account_id)
        is_blind = reviewed_digest is None and planned_before is None and through not in NEED_A_PLAN
        if job.state in BEING_PLANNED and is_blind:
            return early_confirm.note(session, job, said)
        _require_open(session, job)
        _require_reviewed(job, reviewed_digest, planned_before)
        _require_unchanged(session, job, amount_unit)
        _require_in_plan(session, job, excluded_products)
        return decisions.confirm(session, job, said, who="policy" if through == "policy" else "person")


def approve_by_policy(store: Store, transaction_id: str, *, amount_unit: str) -> EtsySyncJob:
    """Approve a plan in the name of the shop's policy, where the plan holds nothing that a person has to decide.

    Raises:
        Conflict: `approval_needs_person`, and what `approve` raises.
    """
    with store.reading() as session:
        job = jobs.get(session, transaction_id)
        account = accounts.get(session, job.etsy_account_id)
    reasons = ("the plan was not reviewed",) if job.for_a_person is None else job.for_a_person
    if job.policy is not None and job.policy != policy_fingerprint(account):
        reasons = (*reasons, "the policy or the brakes changed since the plan")
    if reasons:
        raise Conflict(
            f"The shop's policy does not approve {transaction_id}: {'; '.join(reasons)}.",
            code="approval_needs_person",
            hint="Look at the plan, then approve it yourself.",
        )
    return approve(
        store, transaction_id, decided_by=POLICY, through="policy", amount_unit=amount_unit, note="safe changes only"
    )


def reject(store: Store, transaction_id: str, *, decided_by: str, through: str, note: str = "") -> EtsySyncJob:
    """Reject a plan: nothing of it is published.

    Raises:
        NotFound: `sync_job_not_found`.
        Conflict: `plan_not_ready`, `plan_superseded`, `already_decided`.
    """
    with store.writing() as session:
        job = jobs.get(session, transaction_id, lock=True)
        _require_open(session, job, HINT_CANCEL.format(transaction_id=transaction_id))
        rejected = lifecycle.move(session, job, Event.REJECT, who="person")
        decisions.record(session, job, "rejected", Statement(decided_by, through, note))
    return rejected


def cancel(store: Store, transaction_id: str, *, by: Doer | None = None) -> EtsySyncJob:
    """Call a sync off. What a publisher has under way is finished; the rest is left as it is.

    Raises:
        NotFound: `sync_job_not_found`.
        Conflict: `already_decided` when it is over.
    """
    with store.writing() as session:
        job = jobs.get(session, transaction_id, lock=True)
        cancelled = lifecycle.move(session, job, Event.CANCEL, who="person")
        activity.note(session, by, "cancelled", account_id=job.etsy_account_id, transaction_id=transaction_id)
    return cancelled


def fail(store: Store, transaction_id: str, message: str) -> None:
    """Note that a sync could not go on. One that is over keeps its end, and a complete plan waits for its decision.

    Raises:
        NotFound: `sync_job_not_found`.
    """
    with store.writing() as session:
        errors = dict(jobs.get(session, transaction_id, lock=True).error_log) | {"job": message}
        lifecycle.try_move(session, transaction_id, Event.FAIL, who="watcher", error_log=errors)


def _require_open(session: Session, job: EtsySyncJob, without_plan: str = early_confirm.HINT_WAIT) -> None:
    if job.state is SyncState.SUPERSEDED:
        newer = jobs.awaiting_approval(session, job.etsy_account_id)
        raise Conflict(
            f"The plan of {job.transaction_id} was superseded by a newer one.",
            code="plan_superseded",
            hint=f"Review {newer.transaction_id} instead." if newer else PLAN_AGAIN,
        )
    if job.state not in PENDING:
        raise lifecycle.already_decided(job.transaction_id, job.state)
    if job.state is not SyncState.PLANNED:
        raise early_confirm.plan_not_ready(job, without_plan)


def _require_reviewed(job: EtsySyncJob, reviewed_digest: str | None, planned_before: datetime | None) -> None:
    if reviewed_digest is not None and not _is_digest_of(job, reviewed_digest):
        raise Conflict(
            f"The plan of {job.transaction_id} is not the one that was reviewed "
            f"(digest {(job.plan_digest or '')[:12]}, reviewed {reviewed_digest[:12]}).",
            code="plan_changed",
            hint="Look at the plan again.",
        )
    if planned_before is not None and job.planned_at is not None and job.planned_at > planned_before:
        raise Conflict(
            f"The plan of {job.transaction_id} was drawn up after this approval was asked for: nobody saw it.",
            code="plan_unseen",
            hint="Look at the plan on sync_plan, then materialize publication_approval by itself.",
        )


def _is_digest_of(job: EtsySyncJob, reviewed: str) -> bool:
    return len(reviewed) >= SHORTEST_DIGEST and (job.plan_digest or "").startswith(reviewed)


def _require_unchanged(session: Session, job: EtsySyncJob, amount_unit: str) -> None:
    account = accounts.get(session, job.etsy_account_id)
    if digest_of_stored_plan(session, account, job, amount_unit) != job.plan_digest:
        raise Conflict(
            f"The plan of {job.transaction_id} is stale: the shop's settings or the plan itself changed since.",
            code="plan_stale",
            hint=PLAN_AGAIN,
        )


def _require_in_plan(session: Session, job: EtsySyncJob, product_ids: Sequence[str]) -> None:
    if product_ids:
        unknown = sorted(set(product_ids) - set(items.product_ids(session, job.id)))
        if unknown:
            raise NotFound(
                f"Not in the plan of {job.transaction_id}: {', '.join(unknown)}.",
                code="product_not_in_plan",
                hint="Exclude products by the ids that the plan shows.",
            )
