"""The guide's examples of mapping and validation, word for word, through what reads Medusa and what makes listings.

The guide writes a product short; Medusa v2 answers more (`as_medusa_answers`). Its amounts are cents: amount unit "minor".
"""

from collections.abc import Mapping
from typing import Any

import pytest

from etsy_pipeline.catalogue.product import parse_product
from etsy_pipeline.listings.listing import Listing
from etsy_pipeline.listings.verdict import ValidatedListing
from etsy_pipeline_tests.builders import a_shop, codes, listing_of, validated

MUG = {
    "title": "Handmade Ceramic Mug",
    "description": "Beautiful handcrafted mug...",
    "variants": [{"prices": [{"amount": 2999}], "inventory_quantity": 10}],
    "images": [{"url": "https://cdn.example.com/mug1.jpg"}, {"url": "https://cdn.example.com/mug2.jpg"}],
    "tags": [{"value": "handmade"}, {"value": "ceramic"}, {"value": "mug"}],
    "metadata": {"etsy_category_id": "1234"},
}
TEST_PRODUCT = {
    "title": "Test Product",
    "description": "Test description",
    "variants": [{"prices": [{"amount": 1999}], "inventory_quantity": 5}],
    "images": [{"url": "https://example.com/image.jpg"}],
    "tags": [{"value": "test"}],
}


def as_medusa_answers(product: Mapping[str, Any]) -> dict[str, Any]:
    """A product of the guide with what Medusa v2 tells besides: ids, the status, currencies, stock by location."""
    variants = [
        {
            "id": f"variant_{number}",
            "prices": [{"currency_code": "usd"} | price for price in variant["prices"]],
            "manage_inventory": True,
            "inventory_items": [
                {"inventory": {"location_levels": [{"stocked_quantity": variant["inventory_quantity"]}]}}
            ],
        }
        for number, variant in enumerate(product["variants"])
    ]
    return {"id": "prod_123", "status": "published", "images": [], **product, "variants": variants}


def mapped(product: Mapping[str, Any], *, amount_unit: str = "minor") -> ValidatedListing:
    """What becomes of a product of the guide in a shop whose fallback category is 891."""
    parsed = parse_product(as_medusa_answers(product))
    known = frozenset({891, 1234})
    return validated(parsed, a_shop(default_taxonomy_id=891), amount_unit=amount_unit, taxonomy_ids=known)


def map_product_to_etsy_listing(product: Mapping[str, Any]) -> Listing:
    return listing_of(mapped(product))


def test_should_map_product_correctly() -> None:
    """The guide's unit test."""
    listing = map_product_to_etsy_listing(TEST_PRODUCT)
    assert listing.title == "Test Product"
    assert float(listing.price) == 19.99
    assert listing.quantity == 5


def test_the_mug_becomes_the_guides_listing() -> None:
    listing = map_product_to_etsy_listing(MUG)
    assert listing.title == "Handmade Ceramic Mug"
    assert listing.description == "Beautiful handcrafted mug..."
    assert str(listing.price) == "29.99", "converted from cents"
    assert listing.quantity == 10
    assert [image.url for image in listing.images] == [
        "https://cdn.example.com/mug1.jpg",
        "https://cdn.example.com/mug2.jpg",
    ]
    assert listing.tags == ("handmade", "ceramic", "mug")
    assert listing.taxonomy_id == 1234, "Etsy's word for category_id, and a number"
    assert (listing.who_made, listing.when_made) == ("i_did", "made_to_order")


def test_the_amounts_of_medusa_v2_are_not_taken_for_cents() -> None:
    """Taken for whole dollars, cents would cost a hundredfold: so the unit has no default."""
    prices = {unit: listing_of(mapped(MUG, amount_unit=unit)).price for unit in ("minor", "major")}
    assert {unit: str(price) for unit, price in prices.items()} == {"minor": "29.99", "major": "2999.00"}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"title": ""}, ["title_missing"]),
        ({"title": "x" * 140}, []),
        ({"title": "x" * 141}, ["title_too_long"]),
        ({"variants": []}, ["no_variants"]),
        ({"variants": [{"prices": [{"amount": 0}], "inventory_quantity": 5}]}, ["price_not_positive"]),
        ({"tags": [{"value": f"tag {number}"} for number in range(13)]}, []),
        ({"tags": [{"value": f"tag {number}"} for number in range(14)]}, ["too_many_tags"]),
    ],
)
def test_what_products_must_have(changes: dict[str, Any], told: list[str]) -> None:
    found = mapped(TEST_PRODUCT | changes)
    assert codes(found) == told
    assert (found.listing is None) is bool(told)


@pytest.mark.parametrize(
    ("changes", "told"), [({"description": ""}, "description_missing"), ({"images": []}, "no_images")]
)
def test_what_products_should_have(changes: dict[str, Any], told: str) -> None:
    """Recommended in the guide: without it the product is published, and the plan says what is missing."""
    found = mapped(TEST_PRODUCT | changes)
    assert (codes(found), [item.severity for item in found.verdicts]) == ([told], ["warning"])
    assert found.listing is not None


def test_a_title_that_is_too_long_says_how_long_it_is() -> None:
    """The guide's example of an error: "Product title must be 140 characters or less"."""
    (problem,) = mapped(TEST_PRODUCT | {"title": "x" * 150}).errors
    assert problem.message == "The title has 150 characters; Etsy takes at most 140."
    assert problem.hint == "Shorten it, set metadata etsy_title, or have it cut at a word (setting truncate_title)."
