"""What was sold on Etsy and Medusa does not know of: its own listing, and all that is made of the same parts (kits)."""

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etsy_pipeline.accounts import configure
from etsy_pipeline.sales.guard import OpenSales
from etsy_pipeline.store import open_sales, progress, variant_parts
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.tables.orders import EtsyReceiptRow, EtsySaleRow

READ_AT = datetime(2026, 11, 26, 12, tzinfo=UTC)
ITEMS = st.sampled_from(("screw", "board", "lamp", "rope"))
OPEN = ("needs_link", "waiting", "oversold", "booked while read")
OVER = ("booked", "returned", "nothing_to_book", "observed")
NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Sold:
    """A line: of the n-th product (None: nobody could tell which), of its n-th variant (None: of which, is unknown)."""

    product: int
    variant: int | None
    state: str
    is_matched: bool = True
    is_in_other_shop: bool = False


PRODUCT = st.lists(st.frozensets(ITEMS, max_size=2), min_size=1, max_size=2)
SALE = st.builds(
    Sold, st.integers(0, 3), st.none() | st.integers(0, 1), st.sampled_from(OPEN + OVER), st.booleans(), st.booleans()
)


class Books:
    """Products, each with a listing in two shops; ids are new ones in each."""

    def __init__(self, store: Store, products: list[list[frozenset[str]]]) -> None:
        self.store, self.products = store, products
        self.prefix = f"{next(NUMBERS)}"
        self.shops = [configure.add(store, "Shop").id for _ in range(2)]
        with store.writing() as session:
            for number in range(len(products)):
                for shop, account_id in enumerate(self.shops):
                    listing_id = self.listing(number, shop)
                    progress.set_link(
                        session, account_id, self.id(number), updated_at=READ_AT, etsy_listing_id=listing_id
                    )
            variant_parts.note(
                session,
                {
                    self.id(number): frozenset(
                        (self.variant(number, place), f"{self.prefix}_{item}")
                        for place, items in enumerate(variants)
                        for item in items
                    )
                    for number, variants in enumerate(products)
                },
            )

    def id(self, number: int) -> str:
        return f"{self.prefix}_prod_{number}"

    def variant(self, number: int, place: int) -> str:
        return f"{self.prefix}_v_{number}_{place}"

    def listing(self, number: int, shop: int = 0) -> int:
        return int(self.prefix) * 1000 + shop * 100 + number

    def sell(self, sold: Sold) -> None:
        """Keep a line of an order of two pieces."""
        account_id, number = self.shops[sold.is_in_other_shop], next(NUMBERS)
        is_late = sold.state == "booked while read"
        of_order: dict[str, Any] = {
            "mode": "stock", "status": "Paid", "is_paid": True, "is_shipped": False, "is_canceled": False,
            "sold_at": READ_AT, "updated_at": READ_AT, "content_hash": "", "state": "open", "seen_at": READ_AT,
        }  # fmt: skip
        product_id, variant_id = None, None
        if sold.is_matched:
            product_id = self.id(sold.product)
            variant_id = None if sold.variant is None else self.variant(sold.product, sold.variant)
        with self.store.writing() as session:
            session.add(EtsyReceiptRow(etsy_account_id=account_id, receipt_id=number, **of_order))
            session.add(
                EtsySaleRow(
                    etsy_account_id=account_id, transaction_id=number, receipt_id=number, quantity=2,
                    listing_id=self.listing(sold.product, sold.is_in_other_shop), product_id=product_id,
                    variant_id=variant_id, state="booked" if is_late else sold.state, seen_at=READ_AT,
                    booked_at=READ_AT + timedelta(seconds=1 if is_late else -1) if "booked" in sold.state else None,
                )
            )  # fmt: skip

    def found(self, asked: list[int]) -> dict[int, OpenSales]:
        """What is open of these products' listings in the first shop, by the product's number."""
        listings = {self.listing(number): self.id(number) for number in asked}
        with self.store.reading() as session:
            found = open_sales.of_listings(session, self.shops[0], listings, READ_AT)
        return {listing_id % 100: told for listing_id, told in found.items()}

    def touches(self, sold: Sold, number: int) -> bool:
        """Whether a line takes pieces that a product is made of."""
        if sold.state in OVER:
            return False
        if sold.product == number:
            return True
        variants = self.products[sold.product]
        is_known = sold.is_matched and sold.variant is not None
        taken = variants[sold.variant : sold.variant + 1] if is_known and sold.variant is not None else variants
        return bool(frozenset().union(*taken) & frozenset().union(*self.products[number]))


@given(
    products=st.lists(PRODUCT, min_size=4, max_size=4),
    sales=st.lists(SALE, max_size=3),
    asked=st.lists(st.integers(0, 3), unique=True, min_size=1),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_shares_a_part_with_something_unbooked_is_not_raised_and_all_else_may_be(
    sqlite_store: Store, products: list[list[frozenset[str]]], sales: list[Sold], asked: list[int]
) -> None:
    books = Books(sqlite_store, products)
    for sold in sales:
        books.sell(sold)
    held = {number for number, told in books.found(asked).items() if told.is_frozen or told.pieces}
    assert held == {number for number in asked if any(books.touches(sold, number) for sold in sales)}


SHELF = [[frozenset({"board", "screw"})], [frozenset({"screw"})], [frozenset({"lamp"})]]


def test_a_kit_and_its_part_freeze_each_other(store: Store) -> None:
    for sold, other in ((0, 1), (1, 0)):
        books = Books(store, SHELF)
        books.sell(Sold(sold, 0, "waiting"))
        assert books.found([0, 1, 2]) == {
            sold: OpenSales({books.variant(sold, 0): 2}),
            other: OpenSales(is_frozen=True),
        }


@pytest.mark.parametrize("is_in_other_shop", [False, True])
def test_an_order_that_was_only_just_read_counts_by_its_listing(store: Store, *, is_in_other_shop: bool) -> None:
    """Nobody has looked yet which variant it is of; in another of the owner's shops, too."""
    books = Books(store, SHELF)
    books.sell(Sold(0, None, "waiting", is_matched=False, is_in_other_shop=is_in_other_shop))
    found = books.found([0, 1, 2])
    assert found == {0: OpenSales(is_frozen=True), 1: OpenSales(is_frozen=True)}


def test_parts_are_kept_as_they_are_now(store: Store) -> None:
    books = Books(store, SHELF)
    now = {books.id(1): frozenset({(books.variant(1, 0), f"{books.prefix}_lamp")}), books.id(2): frozenset[Any]()}
    with store.writing() as session:
        assert variant_parts.changed(session, now) == now
        variant_parts.note(session, now)
        assert variant_parts.changed(session, now) == {}
        assert variant_parts.shared(session, [books.id(0)]) == []
