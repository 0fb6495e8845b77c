"""Each field of a listing: where it comes from, and what happens to it on the way."""

from decimal import Decimal
from typing import Any

import pytest

from etsy_pipeline.catalogue.product import Option
from etsy_pipeline.listings import text
from etsy_pipeline.listings.listing import Offering
from etsy_pipeline.listings.mapping import when_made_values
from etsy_pipeline_tests.builders import a_product, a_product_with, a_shop, a_variant, codes, listing_of, validated
from etsy_pipeline_tests.etsy_spec import request_schema


def priced(amount: str, *, unit: str = "major", currency: str = "USD", **rule: Any) -> Decimal:
    product = a_product(variants=[a_variant(prices={currency: amount})])
    found = validated(product, a_shop(price=rule), amount_unit=unit, currency_code=currency)
    return listing_of(found).price


@pytest.mark.parametrize(
    ("amount", "unit", "currency", "rule", "expected"),
    [
        ("2999", "minor", "USD", {}, "29.99"),  # the brief's examples
        ("1999", "minor", "USD", {}, "19.99"),
        ("29.99", "major", "USD", {}, "29.99"),
        ("2999", "minor", "JPY", {}, "2999"),
        ("2999", "major", "JPY", {}, "2999"),
        ("2999", "minor", "KWD", {}, "2.999"),
        ("19.995", "major", "USD", {}, "20.00"),
        ("10", "major", "USD", {"markup_percent": "15"}, "11.50"),
        ("10", "major", "USD", {"markup_fixed": "0.5"}, "10.50"),
        ("10.20", "major", "USD", {"rounding": "ninety_nine"}, "10.99"),
        ("10.99", "major", "USD", {"rounding": "ninety_nine"}, "10.99"),
        ("10.49", "major", "USD", {"rounding": "whole"}, "10.00"),
    ],
)
def test_prices(amount: str, unit: str, currency: str, rule: dict[str, Any], expected: str) -> None:
    assert str(priced(amount, unit=unit, currency=currency, **rule)) == expected


@pytest.mark.parametrize(
    ("available", "backorder", "rule", "expected"),
    [
        (10, False, {}, 10),
        (5000, False, {}, 999),
        (10, False, {"buffer": 3}, 7),
        (10, False, {"cap": 4}, 4),
        (None, False, {"unmanaged": 5}, 5),
        (0, True, {"unmanaged": 2}, 2),
    ],
)
def test_quantities(available: int | None, backorder: bool, rule: dict[str, int], expected: int) -> None:  # noqa: FBT001
    product = a_product(variants=[a_variant(available=available, allow_backorder=backorder)])
    assert listing_of(validated(product, a_shop(quantity=rule))).quantity == expected


def test_nothing_in_stock_is_no_error_but_not_for_sale() -> None:
    found = validated(a_product(variants=[a_variant(available=0)]))
    assert (found.absent_because, found.errors) == ("out of stock", ())


@pytest.mark.parametrize("status", ["draft", "proposed", "rejected"])
def test_what_medusa_does_not_publish_is_not_for_sale(status: str) -> None:
    assert validated(a_product(status=status)).absent_because == f"not published in Medusa (status {status})"


@pytest.mark.parametrize(
    ("metadata", "settings", "expected"),
    [
        ({"etsy_taxonomy_id": 1, "etsy_category_id": "2"}, {"default_taxonomy_id": 3}, 1),
        ({"etsy_category_id": " 2 "}, {"default_taxonomy_id": 3}, 2),
        ({}, {"taxonomy_by_category": {"Mugs": 4}, "default_taxonomy_id": 3}, 4),
        ({}, {"default_taxonomy_id": 3}, 3),
    ],
)
def test_the_category_comes_from_metadata_then_the_map_then_the_default(
    metadata: dict[str, Any], settings: dict[str, Any], expected: int
) -> None:
    product = a_product(metadata=metadata, categories=[{"id": "pcat_1", "name": "Mugs"}])
    assert listing_of(validated(product, a_shop(**settings))).taxonomy_id == expected


@pytest.mark.parametrize(
    ("markup", "plain"),
    [
        ("Plain text.\nSecond line.", "Plain text.\nSecond line."),
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("<ul><li>a</li><li>b</li></ul>", "- a\n- b"),
        ("a<br>b", "a\nb"),
        ("Fish &amp; chips &lt;3", "Fish & chips <3"),
        ('<a href="https://x.test/a">here</a>', "here (https://x.test/a)"),
        ("<script>alert(1)</script><style>p{}</style>text", "text"),
        ("<!-- comment -->text", "text"),
        ("a\x00b\x07c", "abc"),
    ],
)
def test_a_description_becomes_the_plain_text_that_etsy_shows(markup: str, plain: str) -> None:
    assert text.plain_text(markup) == plain


def test_a_title_is_composed_and_its_spaces_are_single() -> None:
    assert listing_of(validated(a_product(title="  Cafe\u0301   Mug &amp; more "))).title == "Café Mug & more"


def test_tags_of_the_metadata_win() -> None:
    product = a_product(metadata={"etsy_taxonomy_id": 891, "etsy_tags": "one, two"})
    assert listing_of(validated(product)).tags == ("one", "two")


def test_the_first_range_of_when_made_follows_the_calendar() -> None:
    product = a_product(metadata={"etsy_taxonomy_id": 891, "when_made": "2020_2024"})
    assert listing_of(validated(product, this_year=2027)).when_made == "2020_2027"


def test_the_ranges_of_when_made_are_those_of_etsys_document() -> None:
    schema = request_schema("createDraftListing")[1]["properties"]["when_made"]
    assert when_made_values(2026) == set(schema["enum"])


def test_a_listing_without_pictures_stays_a_draft() -> None:
    found = validated(a_product(image_urls=()))
    assert (listing_of(found).publish_as, codes(found)) == ("draft", ["no_images"])


def test_measures_above_zero_carry_their_units() -> None:
    listing = listing_of(validated(a_product(weight="70", length="0", width="12.5", height=None)))
    assert (listing.item_weight, listing.item_weight_unit) == (Decimal(70), "g")
    assert (listing.item_length, listing.item_width, listing.item_dimensions_unit) == (None, Decimal("12.5"), "cm")


def test_one_variant_is_no_variation() -> None:
    inventory = listing_of(validated()).inventory
    assert inventory.properties == ()
    assert inventory.offerings == (Offering("MUG-1", (), Decimal("29.99"), 10),)


def test_variants_become_a_grid_of_offerings() -> None:
    inventory = listing_of(validated(a_product_with(("S", "L"), ("Red", "Blue")))).inventory
    assert [(item.property_id, item.name) for item in inventory.properties] == [(513, "Size"), (514, "Color")]
    assert [item.values for item in inventory.offerings] == [
        ("S", "Red"), ("S", "Blue"), ("L", "Red"), ("L", "Blue")
    ]  # fmt: skip
    assert (inventory.price_on_property, inventory.sku_on_property) == ((), (513, 514))


def test_a_price_that_varies_by_size_alone_says_so() -> None:
    product = a_product_with(("S", "L"), ("Red", "Blue"), variants=[
        a_variant(id=f"{s}{c}", sku=f"{s}{c}", options={"Size": s, "Color": c}, prices={"USD": price})
        for s, price in (("S", "10"), ("L", "12")) for c in ("Red", "Blue")
    ])  # fmt: skip
    assert listing_of(validated(product)).inventory.price_on_property == (513,)


def test_a_combination_that_is_not_sold_is_a_disabled_cell() -> None:
    product = a_product_with()
    product = product.model_copy(update={"variants": product.variants[:3]})
    cells = {item.values: item for item in listing_of(validated(product)).inventory.offerings}
    missing = cells["L", "Blue"]
    assert (missing.is_enabled, missing.quantity, missing.price) == (False, 0, Decimal("29.99"))


def test_a_value_that_no_variant_has_makes_no_column() -> None:
    product = a_product(options=[Option(title="Size", values=("S", "M"))], variants=[a_variant(options={"Size": "S"})])
    assert [item.values for item in listing_of(validated(product)).inventory.offerings] == [("S",)]
