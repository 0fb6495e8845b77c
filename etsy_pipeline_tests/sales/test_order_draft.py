"""Amounts of an order in Medusa agree with Etsy's to the cent, or there is none."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etsy_pipeline.sales.carriers import carrier_of
from etsy_pipeline.sales.order_draft import AmountsDisagree, SoldLine, Where, draft_order, owed, pieces, spread
from etsy_pipeline.sales.receipt import Totals

WHERE = Where("acc_1", "reg_1", "sc_1", "so_1", "etsy.invalid")


def totals(price: str, grand: str, **amounts: str) -> Totals:
    return Totals(
        "USD", grand=Decimal(grand), price=Decimal(price), **{name: Decimal(x) for name, x in amounts.items()}
    )


def line(price: str, quantity: int = 1, number: int = 1) -> SoldLine:
    return SoldLine(number, f"variant_{number}", "Mug", "MUG", quantity, Decimal(price))


def amount(body: dict[str, Any]) -> Decimal:
    """What Medusa comes to."""
    items = sum((Decimal(str(item["unit_price"])) * item["quantity"] for item in body["items"]), Decimal(0))
    return items + sum((Decimal(str(item["amount"])) for item in body["shipping_methods"]), Decimal(0))


@given(
    lines=st.lists(st.tuples(st.integers(0, 99_999), st.integers(1, 30)), min_size=1, max_size=8),
    percent=st.integers(0, 100),
    shipping=st.integers(0, 5000),
    tax=st.integers(0, 5000),
)
def test_the_order_comes_to_the_total_without_tax(
    lines: list[tuple[int, int]], percent: int, shipping: int, tax: int
) -> None:
    price = sum(cents * quantity for cents, quantity in lines)
    discount = price * percent // 100
    cents = {"price": price, "discount": discount, "shipping": shipping, "tax": tax}
    told = Totals(
        "USD", grand=Decimal(price - discount + shipping + tax) / 100, **{k: Decimal(v) / 100 for k, v in cents.items()}
    )
    sold = [line(str(Decimal(each) / 100), quantity, number) for number, (each, quantity) in enumerate(lines, 1)]
    body = draft_order(7, sold, told, {}, WHERE)
    assert amount(body) == owed(told) == told.grand - told.tax
    for number, (_, quantity) in enumerate(lines, 1):
        assert sum(item["quantity"] for item in body["items"] if item["variant_id"] == f"variant_{number}") == quantity
    assert all(item["unit_price"] >= 0 for item in body["items"])


@given(amounts=st.lists(st.integers(0, 10_000), min_size=1, max_size=9), share=st.fractions(0, 1))
def test_a_discount_is_spread_to_the_last_cent(amounts: list[int], share: Any) -> None:
    discount = int(sum(amounts) * share)
    left = spread(amounts, discount)
    assert sum(left) == sum(amounts) - discount
    assert all(0 <= after <= before for before, after in zip(amounts, left, strict=True))


@given(total=st.integers(0, 100_000), quantity=st.integers(1, 99))
def test_pieces_cost_whole_cents(total: int, quantity: int) -> None:
    found = pieces(total, quantity)
    assert sum(count for count, _ in found) == quantity
    assert sum(count * price for count, price in found) == total
    assert len(found) <= 2


def test_a_gift_wrap_is_a_line_of_words_where_the_total_has_it() -> None:
    told = totals("10", "12.5", gift_wrap="2.5")
    items = draft_order(7, [line("10")], told, {}, WHERE)["items"]
    assert [(item.get("title"), item["unit_price"]) for item in items] == [(None, 10.0), ("Gift wrap", 2.5)]
    assert [
        item["unit_price"]
        for item in draft_order(7, [line("10")], totals("10", "10", gift_wrap="2.5"), {}, WHERE)["items"]
    ] == [10.0]


def test_vat_in_the_total_is_a_tax_and_not_owed_in_medusa() -> None:
    assert owed(totals("10", "11.9", vat="1.9")) == 10


@pytest.mark.parametrize(
    ("told", "lines"),
    [
        (totals("10", "11"), [line("10")]),
        (totals("10", "10"), [line("9.99")]),
        (totals("10.005", "10.005"), [line("10.005")]),
        (totals("10", "3", discount="12", shipping="5"), [line("10")]),
        (totals("10", "5", shipping="-5"), [line("10")]),
    ],
)
def test_what_does_not_agree_is_refused(told: Totals, lines: list[SoldLine]) -> None:
    with pytest.raises(AmountsDisagree):
        draft_order(7, lines, told, {}, WHERE)


def test_yen_have_no_cents() -> None:
    told = Totals("JPY", grand=Decimal(1001), price=Decimal(1002), discount=Decimal(1))
    sold = [SoldLine(1, "variant_1", "Mug", "", 3, Decimal(334))]
    body = draft_order(7, sold, told, {}, WHERE)
    assert [(item["quantity"], item["unit_price"]) for item in body["items"]] == [(1, 333.0), (2, 334.0)]


def test_a_name_of_one_word_is_a_last_name_and_nothing_untold_is_sent() -> None:
    buyer = {"name": "Ada", "address": {"first_line": "1 Main St", "city": "Berlin", "country_iso": "DE"}}
    address = draft_order(7, [line("10")], totals("10", "10"), buyer, WHERE)["shipping_address"]
    assert address == {"last_name": "Ada", "address_1": "1 Main St", "city": "Berlin", "country_code": "de"}
    assert "shipping_address" not in draft_order(7, [line("10")], totals("10", "10"), {}, WHERE)


@pytest.mark.parametrize(
    ("url", "carrier"),
    [
        ("https://tools.usps.com/go/TrackConfirmAction?tLabels=1", "usps"),
        ("https://www.dhl.de/de/privatkunden.html", "dhl"),
        ("https://notusps.com/", "other"),
        ("https://[broken", "other"),
        ("", "other"),
    ],
)
def test_the_carrier_is_told_from_the_address(url: str, carrier: str) -> None:
    assert carrier_of(url) == carrier
