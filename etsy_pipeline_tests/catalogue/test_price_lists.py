"""What customers pay beside the plain price: lists that hold for everybody at one moment, and what Medusa says of tax."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from etsy_pipeline.catalogue.medusa import MedusaCatalogue
from etsy_pipeline.catalogue.patience import Patience
from etsy_pipeline.catalogue.product import Product
from etsy_pipeline.catalogue.selection import Selection
from etsy_pipeline.catalogue.told import TOLD
from etsy_pipeline.errors import NeedsPerson
from etsy_pipeline_tests.catalogue.medusa_server import Answer, Query, SmallMedusa, a_raw_variant, running

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
PRODUCT = {
    "id": "prod_A", "title": "Mug", "status": "published", "images": [], **dict.fromkeys(TOLD[1:]),
    "variants": [a_raw_variant()],
}  # fmt: skip


def a_list(**changes: Any) -> dict[str, Any]:
    """An active override for everybody at 55 USD, as Medusa 2.21.2 tells it."""
    row: dict[str, Any] = {
        "id": "plist_1", "title": "Spring", "type": "override", "status": "active", "starts_at": None, "ends_at": None,
        "rules_count": 0, "rules": {}, "prices": [a_price()],
    }  # fmt: skip
    return row | changes


def a_price(**changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": "price_1", "amount": 55, "currency_code": "usd", "min_quantity": None, "max_quantity": None,
        "variant_id": "variant_A", "rules": {},
    }  # fmt: skip
    return row | changes


@pytest.fixture
def medusa() -> Iterator[SmallMedusa]:
    with running(SmallMedusa([PRODUCT])) as server:
        shows(server, [])
        prefers(server, ("currency_code", "eur", True), ("currency_code", "usd", False), ("region_id", "reg_1", True))
        yield server


def shows(server: SmallMedusa, lists: list[dict[str, Any]]) -> None:
    """Medusa has these price lists; it gives their prices where they are asked for."""

    def answer(query: Query) -> Answer:
        assert "order" not in query or query["order"] == ["id"]
        wanted, offset = query.get("id[]"), int(query.get("offset", ["0"])[0])
        found = [item for item in lists if wanted is None or item["id"] in wanted]
        with_prices = "prices.price_set.variant.id" in query["fields"][0]
        rows = [{key: value for key, value in item.items() if key != "prices" or with_prices} for item in found]
        return 200, json.dumps({"price_lists": rows[offset : offset + 100], "count": len(rows)})

    server.beside["price-lists"] = answer


def prefers(server: SmallMedusa, *told: tuple[str, str, bool]) -> None:
    rows = [{"attribute": kind, "value": value, "is_tax_inclusive": includes} for kind, value, includes in told]
    server.beside["price-preferences"] = lambda _: (
        200,
        json.dumps({"price_preferences": rows, "count": len(rows)}),
    )


def read(server: SmallMedusa, at: datetime | None = NOW) -> Product:
    catalogue = MedusaCatalogue(server.url, "sk_key", patience=Patience(0))
    page = next(catalogue.pages(Selection(), prices_at=at))
    assert not page.malformed
    return page.products[0]


def amounts(server: SmallMedusa, at: datetime = NOW) -> list[Decimal]:
    return [item.amount for item in read(server, at).variants[0].list_prices]


def test_a_price_of_a_list_stands_beside_the_plain_ones_with_the_lists_name(medusa: SmallMedusa) -> None:
    shows(medusa, [a_list()])
    (price,) = read(medusa).variants[0].list_prices
    assert (price.price_list, price.type, price.currency_code, price.amount) == (
        "Spring",
        "override",
        "USD",
        Decimal(55),
    )


@pytest.mark.parametrize(
    ("changes", "counts"),
    [
        ({}, True),
        ({"type": "sale"}, True),
        ({"status": "draft"}, False),
        ({"starts_at": "2026-11-25T12:00:00.000Z"}, True),
        ({"starts_at": "2026-11-25T12:00:01.000Z"}, False),
        ({"ends_at": "2026-11-25T12:00:00.000Z"}, True),
        ({"ends_at": "2026-11-25T11:59:59.000Z"}, False),
        ({"rules_count": 1, "rules": {"customer.groups.id": ["cusgroup_1"]}}, False),
        ({"rules_count": 1, "rules": {}}, False),
        ({"rules_count": 0, "rules": {"region_id": ["reg_1"]}}, False),
        ({"prices": [a_price(rules={"region_id": "reg_1"})]}, False),
        ({"prices": [a_price(min_quantity=5)]}, False),
        ({"prices": [a_price(min_quantity=1, max_quantity=4)]}, True),
        ({"prices": [a_price(amount=None)]}, False),
        ({"prices": [a_price(variant_id=None)]}, False),
        ({"prices": [a_price(variant_id="variant_B")]}, False),
        ({"prices": []}, False),
    ],
)
def test_only_what_holds_for_everybody_who_buys_one_piece_now_counts(
    medusa: SmallMedusa, changes: dict[str, Any], *, counts: bool
) -> None:
    shows(medusa, [a_list(**changes)])
    assert amounts(medusa) == ([55] if counts else [])


def test_the_moment_of_the_snapshot_decides(medusa: SmallMedusa) -> None:
    shows(medusa, [a_list(ends_at="2026-11-30T00:00:00Z")])
    assert [amounts(medusa, NOW.replace(day=day)) for day in (29, 30)] == [[55], []]


def test_more_lists_than_one_page_has_are_all_read(medusa: SmallMedusa) -> None:
    shows(medusa, [a_list(id=f"plist_{n:03}", prices=[a_price(amount=n + 1)]) for n in range(101)])
    assert amounts(medusa) == list(range(1, 102))


def test_without_a_moment_nothing_is_asked(medusa: SmallMedusa) -> None:
    medusa.beside.clear()  # a question would be answered as one for products, and fail
    assert read(medusa, None).prices_with_tax is None


BROKEN: list[list[Any]] = [
    ["what?"],
    [{key: value for key, value in a_list().items() if key != "rules_count"}],
    [{key: value for key, value in a_list().items() if key != "ends_at"}],
    [a_list(starts_at="soon")],
    [a_list(type="mystery")],
    [a_list(prices=None) | {"prices": [{"amount": 5}]}],
    [{key: value for key, value in a_list().items() if key != "prices"}],
]


@pytest.mark.parametrize("rows", BROKEN)
def test_lists_that_cannot_be_understood_stop_the_reading(medusa: SmallMedusa, rows: list[Any]) -> None:
    """What is absent is neither "for everybody" nor "for ever": 40 would be sent for what costs 55, or 55 for 40."""
    medusa.beside["price-lists"] = lambda _: (200, json.dumps({"price_lists": rows, "count": len(rows)}))
    with pytest.raises(NeedsPerson, match="price_lists_unreadable") as caught:
        read(medusa)
    assert caught.value.hint


def test_lists_that_medusa_counts_and_does_not_give_stop_the_reading(medusa: SmallMedusa) -> None:
    medusa.beside["price-lists"] = lambda _: (200, '{"price_lists": [], "count": 3}')
    with pytest.raises(NeedsPerson, match="has 0 of 3 lists"):
        read(medusa)


@pytest.mark.parametrize(("status", "are_read"), [(403, False), (404, True)])
def test_lists_that_the_key_may_not_read_are_noted_and_a_medusa_without_them_has_none(
    medusa: SmallMedusa, status: int, *, are_read: bool
) -> None:
    medusa.beside["price-lists"] = lambda _: (status, "{}")
    found = read(medusa)
    assert ("price-lists" not in found.prices_not_told, found.variants[0].list_prices) == (are_read, ())


def test_the_currencies_with_tax_are_those_that_medusa_prefers_so(medusa: SmallMedusa) -> None:
    assert read(medusa).prices_with_tax == ("EUR",)


@pytest.mark.parametrize("answer", [(403, "{}"), (404, "{}"), (200, '{"price_preferences": [], "count": 1}')])
def test_preferences_that_medusa_does_not_show_leave_it_unknown(medusa: SmallMedusa, answer: Answer) -> None:
    medusa.beside["price-preferences"] = lambda _: answer
    found = read(medusa)
    assert (found.prices_with_tax, found.prices_not_told) == (None, ("price-preferences",))


def test_a_medusa_that_prefers_nothing_has_prices_without_tax(medusa: SmallMedusa) -> None:
    prefers(medusa)
    assert read(medusa).prices_with_tax == ()


def test_what_was_read_travels_with_the_snapshot(medusa: SmallMedusa) -> None:
    shows(medusa, [a_list()])
    found = read(medusa)
    assert Product.model_validate_json(found.model_dump_json()) == found
