"""How orders end: canceled and refunded ones give their stock back once, or a person decides; and how each one stands.

For orders of the modes `observe` and `stock`. Those of mode `orders` end in Medusa's own order (`convert.py`).
"""

import logging

from etsy_pipeline.catalogue.reservations import Reservations
from etsy_pipeline.orders.book import Line
from etsy_pipeline.orders.turn import Turn
from etsy_pipeline.sales.booking import Ending, ending, order_state
from etsy_pipeline.store import accounts, clock, receipts, sales
from etsy_pipeline.store.accounts import settings_of
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.receipts import KeptReceipt
from etsy_pipeline.store.sales import UNBOOKED, KeptSale

logger = logging.getLogger(__name__)

DECIDED = "decided"  # step of an order of whose end a person has said what it means
CANCELED_AFTER = (
    "It was canceled after it was shipped: its stock stays reserved until you say whether the goods are back."
)
REFUNDED_WHOLE = "It was refunded in full, and not canceled: its stock stays reserved until you say what that means."
REFUNDED_PARTLY = "{} {} were refunded."


def end_orders(store: Store, medusa: Reservations, account_id: str, turn: Turn) -> list[int]:
    """Give back what orders held that ended before they were shipped; the lines that were given back.

    Raises:
        TakenOver: `orders_active`.
        PipelineError: where Medusa cannot be asked; what is left is done the next time.
    """
    given_back = []
    with store.reading() as session:
        returns_refunded = settings_of(accounts.get(session, account_id)).orders.return_refunded
        found = receipts.in_state(session, account_id, "open", "needs_person", mode="stock")
    for receipt in found:
        if _ending(receipt, returns_refunded=returns_refunded) == "give_back":
            given_back += give_back(store, medusa, turn, receipt)
    return given_back


def give_back(store: Store, medusa: Reservations, turn: Turn, receipt: KeptReceipt) -> list[int]:
    """Release what is reserved for an order; which of its lines had something. Repeating it changes nothing."""
    returned = []
    with store.reading() as session:
        lines = sales.of_receipt(session, receipt.etsy_account_id, receipt.receipt_id)
    for sale in lines:
        if sale.state not in (*UNBOOKED, "booked"):
            continue
        line = Line(store, medusa, turn, sale)
        if line.may_still_come():
            continue
        line.give_back()
        state = "returned" if sale.state == "booked" else "nothing_to_book"
        with store.writing() as session:
            sales.change(session, sale.etsy_account_id, sale.transaction_id, state=state, problem=None)
        if state == "returned":
            returned.append(sale.transaction_id)
    return returned


def settle(store: Store, account_id: str) -> dict[str, int]:
    """Say of each order that is not over how it stands, and why a person has to look; how many are in which state."""
    with store.reading() as session:
        returns_refunded = settings_of(accounts.get(session, account_id)).orders.return_refunded
        found = receipts.in_state(session, account_id, "open", "needs_person")
        found = [receipt for receipt in found if receipt.mode != "orders"]
        lines: dict[int, list[KeptSale]] = {}
        for start in range(0, len(found), 200):
            ids = [receipt.receipt_id for receipt in found[start : start + 200]]
            lines |= sales.of_receipts(session, account_id, ids)
    changes = list[tuple[KeptReceipt, dict[str, str | None]]]()
    for receipt in found:
        values = _standing(receipt, lines.get(receipt.receipt_id, []), returns_refunded=returns_refunded)
        if values != {"state": receipt.state, "problem": receipt.problem}:
            changes.append((receipt, values))
    with store.writing() as session:
        now = clock.now(session)
        for receipt, values in sorted(changes, key=lambda change: change[0].receipt_id):  # all lock rows in this order
            is_over = values["state"] in {"done", "canceled"}
            receipts.settle(session, receipt, **values, settled_at=now if is_over else None)
        return receipts.counts(session, account_id)


def _ending(receipt: KeptReceipt, *, returns_refunded: bool) -> Ending:
    return ending(
        is_canceled=receipt.is_canceled,
        is_refunded=bool(receipt.totals.get("is_refunded")),
        is_shipped=receipt.is_shipped,
        returns_refunded=returns_refunded,
    )


def _standing(receipt: KeptReceipt, lines: list[KeptSale], *, returns_refunded: bool) -> dict[str, str | None]:
    end: Ending = _ending(receipt, returns_refunded=returns_refunded)
    end = "none" if receipt.step == DECIDED else end
    states = [line.state for line in lines]
    is_stuck = any(line.state == "waiting" and line.problem for line in lines)
    is_sound = bool(lines) and not is_stuck and not receipt.totals.get("unread_lines")
    is_sound = is_sound or receipt.step == DECIDED
    state = order_state(states, end, is_canceled=receipt.is_canceled, is_sound=is_sound)
    problems = [*receipt.totals.get("problems", ())]
    problems += [f"{line.title or line.sku or line.transaction_id}: {line.problem}" for line in lines if line.problem]
    if end == "ask" and "booked" in states:
        problems.append(CANCELED_AFTER if receipt.is_canceled else REFUNDED_WHOLE)
    elif not receipt.is_canceled and receipt.totals.get("refunded", "0") not in {"0", "0.00"}:
        problems.append(REFUNDED_PARTLY.format(receipt.totals["refunded"], receipt.totals.get("currency_code", "")))
    return {"state": state, "problem": " ".join(dict.fromkeys(problems)) or None}
