"""Orders on Etsy as JSON: how each stands, its lines, how they were matched, and what was booked where.

The HTTP API, the command line's `--json` and the page give the same. No word of a buyer's is in it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from etsy_pipeline.errors import BadRequest, NotFound
from etsy_pipeline.orders.steps import Step
from etsy_pipeline.sales.order_draft import ORDER_PAGE
from etsy_pipeline.store import accounts, activity, clock, receipt_feeds, receipts, sales, stock_movements
from etsy_pipeline.store.accounts import missing_scopes, settings_of
from etsy_pipeline.store.activity import ClosedOrder
from etsy_pipeline.store.engine import Session, Store
from etsy_pipeline.store.receipts import KeptReceipt, ReceiptState
from etsy_pipeline.store.sales import KeptSale
from etsy_pipeline.store.stock_movements import StockMovement

STATES: Mapping[ReceiptState, str] = {
    "needs_person": "needs a person",
    "open": "open",
    "done": "done",
    "canceled": "canceled",
}
LAGS_OF = timedelta(days=1)
FREEZING = ("needs_link", "oversold")  # while a line is in one of these, its listing is not raised


@dataclass(frozen=True, slots=True)
class OrdersPage:
    """Part of a shop's orders, the newest first, and how many there are in all."""

    orders: list[dict[str, Any]]
    count: int


def orders_page(
    store: Store, account_id: str, *, state: str | None = None, first: int = 0, most: int = 50
) -> OrdersPage:
    """Some orders with their lines.

    Raises:
        NotFound: `account_not_found`.
        BadRequest: `order_state_unknown`.
    """
    states = (known_state(state),) if state else ()
    with store.reading() as session:
        accounts.get(session, account_id)
        found, count = receipts.page(session, account_id, states=states, first=first, most=most)
        return OrdersPage(_views(session, account_id, found), count)


def order(store: Store, account_id: str, receipt_id: int) -> dict[str, Any]:
    """One order.

    Raises:
        NotFound: `account_not_found`, `order_not_found`.
    """
    with store.reading() as session:
        accounts.get(session, account_id)
        found = receipts.get(session, account_id, receipt_id)
        if found is None:
            raise NotFound(
                f"There is no order {receipt_id}.",
                code="order_not_found",
                hint="It is the number that the buyer sees, too.",
            )
        return _views(session, account_id, [found])[0]


def frozen_lines(store: Store, account_id: str) -> list[dict[str, Any]]:
    """Lines that wait for a person, and whose listings are not raised until then, the oldest first.

    Raises:
        NotFound: `account_not_found`.
    """
    with store.reading() as session:
        accounts.get(session, account_id)
        found = sales.in_state(session, account_id, "needs_link", "oversold")
    return [{"receipt_id": str(line.receipt_id), **_line(line, ())} for line in found]


def standing(store: Store, account_id: str) -> dict[str, Any]:
    """How a shop's orders stand: numbers, when they were read, what is wrong, and how long booking took of late.

    Raises:
        NotFound: `account_not_found`.
    """
    with store.reading() as session:
        account = accounts.get(session, account_id)
        feed, now = receipt_feeds.get(session, account_id), store.now()
        lags = sorted(sales.lags(session, account_id, since=now - LAGS_OF))
        of_orders, of_lines = receipts.counts(session, account_id), sales.counts(session, account_id)
    return {
        "mode": settings_of(account).orders.mode,
        "missing_permissions": list(missing_scopes(account)),
        "problem": feed.problem,
        "read_until": _moment(feed.cursor),
        "looked_at": _moment(feed.polled_at),
        "swept_at": _moment(feed.swept_at),
        "tells_addresses": feed.tells_addresses,
        "takes_tracking": feed.takes_tracking,
        "orders": of_orders,
        "lines": of_lines,
        "lag_seconds_median": _share(lags, 0.5),
        "lag_seconds_95": _share(lags, 0.95),
    }


def seconds_since_read(session: Session, account_id: str) -> float | None:
    """How long ago Etsy was last asked for a shop's orders; None where it never was."""
    asked_at = receipt_feeds.get(session, account_id).polled_at
    return None if asked_at is None else max(0.0, (clock.now(session) - asked_at).total_seconds())


def known_state(state: str) -> ReceiptState:
    """A state of an order.

    Raises:
        BadRequest: `order_state_unknown`.
    """
    found = next((item for item in STATES if item == state), None)
    if found is None:
        raise BadRequest(
            f"Orders are in no state {state[:50]!r}.", code="order_state_unknown", hint=f"Known: {', '.join(STATES)}."
        )
    return found


def _views(session: Session, account_id: str, found: Sequence[KeptReceipt]) -> list[dict[str, Any]]:
    lines = sales.of_receipts(session, account_id, [receipt.receipt_id for receipt in found])
    ids = [line.transaction_id for of_order in lines.values() for line in of_order]
    moved: dict[int, list[StockMovement]] = {}
    for movement in stock_movements.of_sales(session, account_id, ids):
        moved.setdefault(movement.transaction_id, []).append(movement)
    is_any_decided = any(Step.parse(receipt.step).is_decided for receipt in found)
    closed = activity.closed_orders(session, account_id) if is_any_decided else {}
    return [
        _order(receipt, lines.get(receipt.receipt_id, ()), moved, closed.get(receipt.receipt_id)) for receipt in found
    ]


def _order(
    receipt: KeptReceipt,
    lines: Sequence[KeptSale],
    moved: Mapping[int, Sequence[StockMovement]],
    closed: ClosedOrder | None,
) -> dict[str, Any]:
    return {
        "receipt_id": str(receipt.receipt_id),
        "state": receipt.state,
        "problem": receipt.problem,
        "mode": receipt.mode,
        "status_on_etsy": receipt.status,
        "is_paid": receipt.is_paid,
        "is_shipped": receipt.is_shipped,
        "is_canceled": receipt.is_canceled,
        "sold_at": _moment(receipt.sold_at),
        "settled_at": _moment(receipt.settled_at),
        "closed_by": closed.done_by if closed else None,
        "closed_because": closed.reason if closed else None,
        "total": receipt.totals.get("grand"),
        "refunded": receipt.totals.get("refunded"),
        "currency_code": receipt.totals.get("currency_code"),
        "url": ORDER_PAGE.format(receipt.receipt_id),
        "medusa_order_id": receipt.medusa_order_id,
        "lines": [_line(line, moved.get(line.transaction_id, ())) for line in lines],
    }


def _line(line: KeptSale, moved: Sequence[StockMovement]) -> dict[str, Any]:
    return {
        "transaction_id": str(line.transaction_id),
        "title": line.title,
        "sku": line.sku,
        "options": ", ".join(f"{choice.name}: {choice.value}" for choice in line.options),
        "quantity": line.quantity,
        "price": line.price,
        "listing_id": str(line.listing_id) if line.listing_id else None,
        "product_id": line.product_id,
        "variant_id": line.variant_id,
        "matched_by": line.matched_by,
        "state": line.state,
        "problem": line.problem,
        "booked_at": _moment(line.booked_at),
        "booked": [
            {
                "what": movement.kind,
                "inventory_item_id": movement.inventory_item_id,
                "location_id": movement.location_id,
                "quantity": movement.quantity,
                "reservation_id": movement.reservation_id,
                "done_at": _moment(movement.done_at),
            }
            for movement in moved
        ],
    }


def _share(ordered: Sequence[float], share: float) -> float | None:
    """The value below which a share of them lies."""
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1) if ordered else None


def _moment(value: datetime | None) -> str | None:
    return value.isoformat() if value else None
