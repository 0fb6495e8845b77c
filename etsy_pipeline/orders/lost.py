"""Lines whose reservation Medusa has lost, decided together: after Medusa was put back they may be thousands."""

from etsy_pipeline.errors import BadRequest
from etsy_pipeline.orders.cancel import settle
from etsy_pipeline.store import accounts, activity, sales
from etsy_pipeline.store.activity import Doer
from etsy_pipeline.store.engine import Session, Store
from etsy_pipeline.store.sales import KeptSale

AT_ONCE = 200
GONE = (
    "What was reserved for it is no longer in Medusa. Say which variant it is, and it is reserved again; "
    "or that nothing is to be booked."
)


def lost_lines(session: Session, account_id: str) -> list[KeptSale]:
    """Lines of known variants that wait for a person because what was reserved for them is gone, the oldest first."""
    return [line for line in sales.in_state(session, account_id, "needs_link") if _is_lost(line)]


def lost_count(store: Store, account_id: str) -> int:
    """How many they are."""
    with store.reading() as session:
        return len(lost_lines(session, account_id))


def decide_lost(store: Store, account_id: str, *, count: int, reserves: bool, by: Doer | None = None) -> int:
    """Say of all these lines that they are what they were, and are reserved again; or that nothing is to be booked.

    It is noted for each of them, as if it had been said of each. Those that somebody decided meanwhile stay so.

    Args:
        store: the database.
        account_id: whose.
        count: how many there were when somebody looked.
        reserves: have them reserved, with the next look at orders.
        by: who says it.

    Returns:
        Of how many it was said.

    Raises:
        NotFound: `account_not_found`.
        BadRequest: `lost_lines_changed`, where there are others by now than somebody saw.
    """
    with store.reading() as session:
        accounts.get(session, account_id)
        found = lost_lines(session, account_id)
    if len(found) != count:
        raise BadRequest(
            f"{len(found)} lines are no longer reserved in Medusa, and not {count}.",
            code="lost_lines_changed",
            hint="Look at them again (`etsy-pipeline orders needs-link`), and decide then.",
        )
    found.sort(key=lambda line: (line.receipt_id, line.transaction_id))  # all lock rows in this order
    said = 0
    for start in range(0, len(found), AT_ONCE):
        with store.writing() as session:
            said += sum(_decide(session, line, reserves=reserves, by=by) for line in found[start : start + AT_ONCE])
    settle(store, account_id)
    return said


def _decide(session: Session, line: KeptSale, *, reserves: bool, by: Doer | None) -> bool:
    account_id, number = line.etsy_account_id, line.transaction_id
    now = sales.get(session, account_id, number, lock=True)
    if now is None or not _is_lost(now):
        return False
    if reserves:
        sales.change(session, account_id, number, matched_by="person", state="waiting", problem=None)
        activity.note(session, by, "variant_chosen", account_id=account_id, about=f"line {number}: {now.variant_id}")
    else:
        sales.change(session, account_id, number, state="nothing_to_book", problem=None)
        activity.note(session, by, "nothing_booked", account_id=account_id, about=f"line {number}")
    return True


def _is_lost(line: KeptSale) -> bool:
    return line.state == "needs_link" and line.problem == GONE and line.variant_id is not None
