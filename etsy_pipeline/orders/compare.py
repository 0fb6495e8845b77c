"""Whether Medusa still has what was reserved in it: it may have been put back to an older state, or somebody tidied up.

With each look its reservations are counted, once a day they are read. What nobody reserved again would be sold twice.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime

from etsy_pipeline.catalogue.draft_orders import DraftOrders
from etsy_pipeline.catalogue.reservations import Reservation, Reservations
from etsy_pipeline.orders.lost import GONE
from etsy_pipeline.orders.turn import Turn
from etsy_pipeline.sales.booking import MARKS_BEGIN, line_of
from etsy_pipeline.store import links, receipt_feeds, receipts, sales, stock_movements
from etsy_pipeline.store.engine import Session, Store
from etsy_pipeline.store.receipts import KeptReceipt
from etsy_pipeline.store.stock_movements import StockMovement

logger = logging.getLogger(__name__)

AT_ONCE = 200
NEVER = datetime(9999, 1, 1, tzinfo=UTC)

Place = tuple[int, str, str]  # line, inventory item, location


def compare(store: Store, medusa: Reservations, account_id: str, turn: Turn, began: datetime) -> list[int]:
    """Hold our books against Medusa; the orders, and the lines of others, that wait for a person now.

    Args:
        store: the database.
        medusa: where sales are booked.
        account_id: whose.
        turn: the account's.
        began: when this look at orders did. Everything is read if it reads all orders, too, even if nothing is missing.

    Raises:
        TakenOver: `orders_active`.
        PipelineError: what a question to Medusa raises; nothing is concluded then.
    """
    with store.reading() as session:
        swept_at = receipt_feeds.get(session, account_id).swept_at
    is_whole = swept_at is not None and swept_at >= began
    lost = _lost_orders(store, DraftOrders(medusa.api), account_id, is_whole=is_whole)
    return lost + _lost_lines(store, medusa, account_id, turn, is_whole=is_whole)


def _lost_lines(store: Store, medusa: Reservations, account_id: str, turn: Turn, *, is_whole: bool) -> list[int]:
    """Find what is reserved by our books and not in Medusa, and the other way round; the lines that wait for a person.

    A line whose order is not shipped yet waits for a person, and is subtracted meanwhile. Where it was shipped,
    somebody may have taken the pieces off the stock: nothing is concluded, and more pieces wait for a person. What was
    given back and is there again is given back again; what was gone and is there again is booked.
    """
    with store.reading() as session:
        standing = stock_movements.standing_count(session)
    if not is_whole and (not standing or medusa.count(MARKS_BEGIN) >= standing):
        return []
    there = {_place(found): found for found in medusa.beginning(MARKS_BEGIN) or ()}
    with store.reading() as session:
        gone = [it for it in stock_movements.standing(session, account_id) if it.place not in there]
    waiting = []
    for start in range(0, len(gone), AT_ONCE):
        with store.writing() as session:
            waiting += _note_gone(session, account_id, gone[start : start + AT_ONCE])
    _release_again(store, medusa, account_id, turn, there)
    _note_found(store, account_id, {place[0] for place in there})
    return waiting


def _lost_orders(store: Store, orders: DraftOrders, account_id: str, *, is_whole: bool) -> list[int]:
    """Find orders on Etsy that are not shipped yet, and whose order Medusa no longer has; they wait for a person.

    Medusa deletes no order: it was put back to an older state. With each look the newest one is looked for.
    """
    with store.reading() as session:
        found = receipts.in_medusa(session, account_id, sold_since=NEVER)
    ids = [receipt.medusa_order_id for receipt in found if receipt.medusa_order_id]
    if not ids or not (is_whole or not orders.orders(ids[-1:])):
        return []
    there = orders.orders(ids)
    gone = [receipt for receipt in found if receipt.medusa_order_id not in there]
    if gone:
        with store.writing() as session:
            _note_lost(session, account_id, gone)
    return [receipt.receipt_id for receipt in gone]


def _note_lost(session: Session, account_id: str, gone: Sequence[KeptReceipt]) -> None:
    for receipt in sorted(gone, key=lambda receipt: receipt.receipt_id):  # all lock rows in this order
        logger.warning("order_gone account_id=%s receipt_id=%s", account_id, receipt.receipt_id)
        values = {"medusa_order_id": None, "medusa_draft_id": None, "settled_at": None}
        receipts.change(session, account_id, receipt.receipt_id, state="needs_person", problem=GONE, **values)
        for line in sales.of_receipt(session, account_id, receipt.receipt_id):
            if line.state == "booked":
                sales.change(session, account_id, line.transaction_id, state="needs_link", problem=GONE, booked_at=None)


def _note_gone(session: Session, account_id: str, gone: Sequence[StockMovement]) -> list[int]:
    waiting, doubted = [], []
    lines = [(sales.get(session, account_id, movement.transaction_id), movement) for movement in gone]
    for known, movement in sorted(lines, key=lambda found: found[0].receipt_id if found[0] else 0):  # all lock so
        receipt = receipts.get(session, account_id, known.receipt_id, lock=True) if known else None
        stock_movements.drop(session, movement)
        line = sales.get(session, account_id, movement.transaction_id, lock=True)
        if line is None or receipt is None or line.state != "booked":
            continue
        logger.warning("reservation_gone account_id=%s transaction_id=%s", account_id, line.transaction_id)
        doubted += [line.product_id] if line.product_id else []
        if not receipt.is_shipped:
            sales.change(session, account_id, line.transaction_id, state="needs_link", problem=GONE, booked_at=None)
            receipts.change(session, account_id, line.receipt_id, state="needs_person", problem=GONE, settled_at=None)
            waiting.append(line.transaction_id)
    links.doubt_stock(session, account_id, doubted)
    return waiting


def _note_found(store: Store, account_id: str, lines: Collection[int]) -> None:
    """What was gone is there again, say because another Medusa was asked: it is booked with the next look."""
    with store.reading() as session:
        waiting = sales.in_state(session, account_id, "needs_link")
    found = [line for line in waiting if line.problem == GONE and line.transaction_id in lines]
    if found:
        with store.writing() as session:
            for line in found:
                sales.change(session, account_id, line.transaction_id, state="waiting", problem=None)


def _release_again(
    store: Store, medusa: Reservations, account_id: str, turn: Turn, there: Mapping[Place, Reservation]
) -> None:
    numbers = sorted({place[0] for place in there})
    for start in range(0, len(numbers), AT_ONCE):
        with store.reading() as session:
            returned = sales.returned_of(session, account_id, numbers[start : start + AT_ONCE])
        for place, found in there.items():
            if place[0] in returned:
                logger.warning("reservation_is_back account_id=%s transaction_id=%s", account_id, place[0])
                turn.require()
                medusa.release(found.id)


def _place(found: Reservation) -> Place:
    return line_of(found.description) or 0, found.inventory_item_id, found.location_id
