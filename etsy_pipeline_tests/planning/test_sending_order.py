"""The order of sending, and what is due on which day."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from etsy_pipeline.listings.listing import Inventory, Offering
from etsy_pipeline.listings.plan_settings import CreateFirst
from etsy_pipeline.planning.changes import Difference
from etsy_pipeline.planning.costs import days_needed
from etsy_pipeline.planning.plan_item import PlanItem
from etsy_pipeline.planning.quota import Quota
from etsy_pipeline.planning.sending_order import Day, Sending, days_of, turn_of
from etsy_pipeline_tests.builders import a_listing

TODAY = date(2026, 11, 25)
PRICE, TITLE = Difference("price", "inventory", "1", "2"), Difference("title", "listing", "a", "b")


def item(product_id: str, action: Any, *differences: Difference, price: str = "10") -> PlanItem:
    inventory = Inventory((Offering("SKU", (), Decimal(price), 1),))
    return PlanItem(product_id, "", action, "", desired=a_listing(inventory=inventory), differences=differences)


def in_order(items: list[PlanItem], create_first: CreateFirst = "plan_order") -> list[str]:
    turns = [(turn_of(found, position, create_first), position) for position, found in enumerate(items)]
    return [items[position].product_id for _, position in sorted(turns)]


def test_what_is_gone_comes_first_then_stock_then_other_updates_then_what_is_new() -> None:
    mixed = [
        item("new", "create"), item("texts", "update", TITLE, PRICE), item("stock", "update", PRICE),
        item("gone", "deactivate"), item("new too", "create"),
    ]  # fmt: skip
    assert in_order(mixed) == ["gone", "stock", "texts", "new", "new too"]


@pytest.mark.parametrize(
    ("choice", "order"),
    [
        ("plan_order", ["old", "dear", "young"]),
        ("newest", ["young", "dear", "old"]),
        ("dearest", ["dear", "young", "old"]),
    ],
)
def test_the_shop_chooses_what_is_created_first(choice: CreateFirst, order: list[str]) -> None:
    new = [item("old", "create"), item("dear", "create", price="99.50"), item("young", "create", price="99.49")]
    assert in_order(new, choice) == order


def test_turns_fit_into_the_column_whatever_the_price() -> None:
    dear = item("gold", "create", price="99999999999999")
    assert 0 < turn_of(dear, 20_000, "dearest") <= turn_of(dear, 20_000, "newest") < 2**31


def test_a_plan_of_three_days_says_what_is_due_on_each() -> None:
    sent = [Sending(3, position, 4) for position in range(20)] + [Sending(1, 90, 1), Sending(0, 91, 1)]
    found = days_of(sent, Quota(per_day=40, left_today=10), TODAY)
    assert found == (
        Day(TODAY, deactivate=1, stock=1, create=2, calls=10),
        Day(TODAY + timedelta(days=1), create=10, calls=40),
        Day(TODAY + timedelta(days=2), create=8, calls=32),
    )
    assert found[0].words == "Wed 25 Nov: 1 taken down, 1 of price and stock, 2 new (10 calls)"


@pytest.mark.parametrize("left", [0, 3, 40, 1000])
@pytest.mark.parametrize("products", [0, 1, 7, 300])
@pytest.mark.parametrize("looks", [0, 13, 200])
def test_days_agree_with_what_is_said_of_the_quota(left: int, products: int, looks: int) -> None:
    quota = Quota(per_day=40, left_today=left)
    looks = looks if products else 0
    found = days_of((Sending(3, position, 4) for position in range(products)), quota, TODAY, looks)
    assert sum(day.create for day in found) == products
    assert sum(day.calls for day in found) == 4 * products + looks
    last = (found[-1].date - TODAY).days + 1 if found else 0
    assert last == days_needed(4 * products + looks, quota)


def test_nothing_is_said_where_the_quota_is_not_known() -> None:
    assert days_of([Sending(3, 0, 4)], None, TODAY) == ()
