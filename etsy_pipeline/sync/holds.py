"""What holds an account: nothing of it is approved or published until a person has decided.

The rows are in `store/holds.py`; what finds out is `books.py` here, and the room `shop`.
"""

from collections.abc import Sequence

from etsy_pipeline.errors import Conflict
from etsy_pipeline.store import clock, holds, jobs
from etsy_pipeline.store.engine import Session
from etsy_pipeline.store.records import AccountHold, EtsySyncJob
from etsy_pipeline.store.sync_states import UNDER_WAY, SyncState
from etsy_pipeline.sync import lifecycle
from etsy_pipeline.sync.lifecycle import Event

RECOVER = "`etsy-pipeline accounts recover {} --by NAME` looks through the shop and links what is there."
WHAT_TO_DO = {
    "currency_changed": "If that is right: `etsy-pipeline accounts accept {} currency_changed --by NAME`; sync anew.",
    "shop_renamed": "If that is right: `etsy-pipeline accounts accept {} shop_renamed --by NAME`.",
    "shop_replaced": "Connect the right shop again: `etsy-pipeline accounts connect {}`.",
    "books_older_than_shop": RECOVER,
    "two_installations": f"Stop the other installation, if there is one. {RECOVER}",
}
VOIDS_APPROVALS = ("books_older_than_shop", "two_installations")
"""Where the books cannot be trusted, an approval of before is of a plan that nobody would approve now."""

ALLOWS_PLANS = ("shop_renamed",)
"""Whatever else holds an account makes a plan of it wrong."""


class AccountHeld(Conflict):
    """The account is held: nothing of it is approved or published."""


def what_to_do(hold: AccountHold) -> str:
    """What a person does about it, a sentence."""
    return WHAT_TO_DO.get(hold.code, "Look at `etsy-pipeline doctor`.").format(hold.etsy_account_id)


def words(hold: AccountHold) -> str:
    """All of it, for a person."""
    return f"{hold.message} {what_to_do(hold)} [{hold.code}]"


def of(session: Session, account_id: str) -> list[AccountHold]:
    """What holds an account, the first one first."""
    return holds.of(session, account_id)


def require_free(session: Session, account_id: str) -> None:
    """Refuse to approve or publish anything of an account that is held.

    Raises:
        AccountHeld: `account_held`.
    """
    if holds.is_held(session, account_id):
        raise held(holds.of(session, account_id))


def held(found: Sequence[AccountHold]) -> AccountHeld:
    """What whoever wants to approve or publish is told."""
    told = " ".join(f"{hold.message} [{hold.code}]" for hold in found)
    hint = " ".join(what_to_do(hold) for hold in found)
    return AccountHeld(f"The account is held: {told}", code="account_held", hint=hint)


def require_plannable(session: Session, account_id: str) -> None:
    """Refuse to draw up a plan of an account whose books or currency are not what the shop is.

    Raises:
        AccountHeld: with the code of what holds it.
    """
    for hold in holds.of(session, account_id):
        if hold.code not in ALLOWS_PLANS:
            raise AccountHeld(hold.message, code=hold.code, hint=what_to_do(hold))


def put(session: Session, hold: AccountHold) -> None:
    """Hold an account. Where the books cannot be trusted, its approvals are void: what was planned is called off."""
    holds.put(session, hold)
    if hold.code in VOIDS_APPROVALS:
        call_off(session, hold.etsy_account_id, words(hold))


def call_off(session: Session, account_id: str, why: str) -> list[EtsySyncJob]:
    """Call off every sync of an account that has a plan and is not over; those syncs."""
    found = jobs.in_state(session, SyncState.PLANNED, *UNDER_WAY, account_id=account_id)
    return [
        lifecycle.move(session, job, Event.CANCEL, who="watcher", error_log={**job.error_log, "job": why})
        for job in found
    ]


def lift(session: Session, account_id: str, *codes: str) -> list[AccountHold]:
    """Hold an account no longer for these reasons; what paused because of them goes on by itself."""
    lifted = holds.lift(session, account_id, *codes)
    if lifted and not holds.of(session, account_id):
        for job in jobs.in_state(session, SyncState.PAUSED, account_id=account_id):
            if "[account_held]" in job.message:
                lifecycle.move(session, job, Event.RESUME, who="watcher", resume_at=clock.now(session))
    return lifted
