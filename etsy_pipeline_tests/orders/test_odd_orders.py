"""Whatever Etsy says of orders: they are kept and shown, nothing crashes, and nothing is booked that was not sold."""

import copy
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etsy_pipeline.accounts import configure
from etsy_pipeline.catalogue.reservations import Level, Part, Reservation, Reservations, StockedProduct, StockedVariant
from etsy_pipeline.etsy.receipts import EtsyReceipts
from etsy_pipeline.etsy.transport import EtsyTransport
from etsy_pipeline.orders import views
from etsy_pipeline.orders.book import book_lines
from etsy_pipeline.orders.cancel import end_orders, settle
from etsy_pipeline.orders.importer import Importer
from etsy_pipeline.orders.match import match_lines
from etsy_pipeline.orders.turn import Turn
from etsy_pipeline.sales.booking import marker
from etsy_pipeline.store import accounts, progress
from etsy_pipeline.store.engine import Store

LISTING_ID, SOLD_AT = 42, 1_790_000_000
NOW = datetime(2026, 11, 26, tzinfo=UTC)

Json = dict[str, Any]


def money(amount: int) -> Json:
    return {"amount": amount, "divisor": 100, "currency_code": "USD"}


def a_line(number: int, **changes: Any) -> Json:
    line = {
        "transaction_id": number, "listing_id": LISTING_ID, "product_id": 7, "quantity": 2, "sku": "MUG-1",
        "title": "Mug", "price": money(1000), "is_digital": False, "product_data": [], "variations": [],
    }  # fmt: skip
    return line | changes


def a_receipt(number: int, **changes: Any) -> Json:
    receipt = {
        "receipt_id": number, "status": "Paid", "is_paid": True, "is_shipped": False, "is_gift": False,
        "created_timestamp": SOLD_AT, "updated_timestamp": SOLD_AT, "name": None, "first_line": None,
        "grandtotal": money(2000), "subtotal": money(2000), "total_price": money(2000), "refunds": [], "shipments": [],
        "total_shipping_cost": money(0), "total_tax_cost": money(0), "total_vat_cost": money(0),
        "discount_amt": money(0), "gift_wrap_price": money(0), "transactions": [a_line(number * 10)],
    }  # fmt: skip
    return receipt | changes


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([2**31, 2**63, 2**70, -(2**70), 1.5, float("inf"), SOLD_AT]),
    st.sampled_from(
        ["", "0", "2", "<b>Mug</b>&lt;script&gt;", "&quot;\x00\ud800", "XQZ", "Canceled", "fully refunded"]
    ),
    st.sampled_from(
        [[], {}, [None], [[]], {"amount": 1}, money(-5), {"amount": 1, "divisor": 0, "currency_code": None}]
    ),
    st.builds(lambda line: [line, line], st.just(a_line(77))),
    st.text(max_size=20),
)
CHANGE = st.tuples(st.sampled_from(("receipt", "line", "money")), st.integers(0, 30), ODD)


def changed(receipt: Json, changes: Sequence[tuple[str, int, Any]]) -> Json:
    """A receipt of which some values are others: its own, those of its lines, or those of its amounts."""
    receipt = copy.deepcopy(receipt)
    for where, number, value in changes:
        lines = receipt.get("transactions")
        inner = {"line": lines[0] if isinstance(lines, list) and lines else None, "money": receipt.get("grandtotal")}
        target = inner.get(where, receipt)
        if isinstance(target, dict) and target:
            target[sorted(target)[number % len(target)]] = copy.deepcopy(value)
    return receipt


class Told:
    """An Etsy that has just these orders, in one page."""

    def __init__(self, rows: Sequence[Any]) -> None:
        self.rows, self.calls_made = rows, 0

    def call(self, _method: str, path: str, **_: Any) -> Any:
        assert path.endswith("/receipts")
        return {"count": len(self.rows), "results": copy.deepcopy(self.rows)}


class Shelf(Reservations):
    """A Medusa with one product of one variant, and enough of it."""

    def __init__(self) -> None:
        self.held: list[tuple[Reservation, str]] = []
        self._numbers = itertools.count(1)

    def products(self, product_ids: Sequence[str]) -> dict[str, StockedProduct]:
        part = Part("iitem_1", 1, (Level("loc_1", 10_000),))
        variant = StockedVariant("v_1", "Mug", "MUG-1", (), is_managed=True, allows_backorder=False, parts=(part,))
        return {"prod_1": StockedProduct("prod_1", "Mug", (variant,))} if "prod_1" in product_ids else {}

    def find(self, begin: str, end: str) -> list[Reservation]:
        return [item for item, mark in self.held if mark.startswith(begin) and mark.endswith(end)]

    def reserve(
        self, item_id: str, location_id: str, quantity: int, *, description: str, line_item_id: str = ""
    ) -> str:
        reservation = Reservation(f"res_{next(self._numbers)}", item_id, location_id, quantity, "", line_item_id)
        self.held.append((reservation, description))
        return reservation.id

    def release(self, reservation_id: str) -> None:
        self.held = [(item, mark) for item, mark in self.held if item.id != reservation_id]


def a_shop(store: Store) -> str:
    """A shop in mode `stock` whose listing is linked."""
    account_id = configure.add(store, "Shop").id
    configure.configure(store, account_id, {"orders.mode": "stock", "orders.since": "2020-01-01T00:00:00Z"})
    with store.writing() as session:
        accounts.change(session, account_id, currency_code="USD", scopes="transactions_r")
        progress.set_link(session, account_id, "prod_1", updated_at=NOW, etsy_listing_id=LISTING_ID)
    return account_id


def look(store: Store, account_id: str, shelf: Shelf, rows: Sequence[Any]) -> int:
    """Read these orders and do all that is done in Medusa; how many were kept or known."""
    found = Importer(store, EtsyReceipts(cast("EtsyTransport", Told(rows))), account_id).poll()
    match_lines(store, shelf, account_id)
    with Turn(store, account_id).taken() as turn:
        end_orders(store, shelf, account_id, turn)
        book_lines(store, shelf, account_id, turn)
    settle(store, account_id)
    return found.new + found.changed + found.same + found.ignored + found.malformed


def sold(account_id: str, rows: Sequence[Any]) -> Iterator[tuple[str, int]]:
    """What may be reserved: the mark and the pieces of lines that are clear, of orders that are paid and were not called off."""
    for row in rows:
        is_paid = isinstance(row, Mapping) and row.get("is_paid") is True
        is_good = is_paid and str(row.get("status")).casefold() not in {"canceled", "cancelled"}
        lines = row.get("transactions") if is_good else None
        for line in lines if isinstance(lines, list) else ():
            if (
                isinstance(line, Mapping)
                and line.get("listing_id") == LISTING_ID
                and line.get("is_digital") is not True
            ):
                yield marker(account_id, cast("int", line.get("transaction_id"))), cast("int", line.get("quantity"))


@given(
    receipts=st.lists(st.lists(CHANGE, max_size=4), min_size=1, max_size=3),
    strangers=st.lists(ODD, max_size=1),
)
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_odd_orders_are_kept_and_shown_and_never_booked_wrongly(
    sqlite_store: Store, receipts: list[list[tuple[str, int, Any]]], strangers: list[Any]
) -> None:
    store, shelf = sqlite_store, Shelf()
    account_id = a_shop(store)
    rows = [changed(a_receipt(1000 + number), changes) for number, changes in enumerate(receipts)] + strangers
    assert look(store, account_id, shelf, rows) == len(rows), "each is kept, known already, or told of as none"
    allowed = list(sold(account_id, rows))
    held = [(mark, item.quantity) for item, mark in shelf.held]
    assert all(item in allowed for item in held)
    assert len(held) == len({mark for mark, _ in held}), "each line once"
    page = views.orders_page(store, account_id)
    shown = json.loads(json.dumps(page.orders))
    assert page.count == len(shown)
    for order in shown:
        assert order["state"] in views.STATES
        assert order["lines"] or order["problem"], "of what nothing was read, a person is told"
    look(store, account_id, shelf, rows)
    assert [(mark, item.quantity) for item, mark in shelf.held] == held, "and once more changes nothing"


@pytest.mark.parametrize("status", ["Canceled", "CANCELLED"])
def test_what_was_called_off_is_never_booked(sqlite_store: Store, status: str) -> None:
    shelf, account_id = Shelf(), a_shop(sqlite_store)
    look(sqlite_store, account_id, shelf, [a_receipt(1, status=status), a_receipt(2)])
    assert [mark for _, mark in shelf.held] == [marker(account_id, 20)]
