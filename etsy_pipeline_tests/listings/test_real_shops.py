"""Real shops get through: small inputs that once failed, and a whole catalogue in the manner of such shops."""

from typing import Any

import pytest

from etsy_pipeline.catalogue.product import parse_product
from etsy_pipeline.listings.verdict import ValidatedListing
from etsy_pipeline_tests.builders import a_shop, codes, listing_of, validated
from etsy_pipeline_tests.real_shops import PER_SHOP, ROWS, SHOPS, catalogue, valid_by_shop

PRODUCTS = PER_SHOP * len(SHOPS)


def as_exported(option: str, value: str, amount: float, currency: str) -> ValidatedListing:
    """A mug with a placeholder for an option, as Medusa answers after an import."""
    variant: dict[str, Any] = {
        "id": "variant_A", "title": value, "sku": "MUG-1", "variant_rank": 0, "manage_inventory": True,
        "allow_backorder": False, "options": [{"value": value, "option": {"title": option}}],
        "prices": [{"amount": amount, "currency_code": currency.lower()}],
        "inventory_items": [{"required_quantity": 1, "inventory": {"location_levels": [
            {"stocked_quantity": 3, "reserved_quantity": 0, "location_id": "sloc_web"}]}}],
    }  # fmt: skip
    raw = {
        "id": "prod_A", "title": "Stoneware mug", "description": "Thrown by hand.", "status": "published",
        "handle": "mug", "thumbnail": None, "metadata": {"etsy_taxonomy_id": 891}, "weight": 300,
        "images": [{"url": "/img/000.jpg", "rank": 0}], "tags": [], "categories": [],
        "options": [{"title": option, "values": [{"value": value}]}], "variants": [variant],
    }  # fmt: skip
    return validated(parse_product(raw, base_url="http://medusa.test"), currency_code=currency)


def test_shopifys_default_title_is_no_drop_down() -> None:
    listing = listing_of(as_exported("Title", "Default Title", 29.99, "USD"))
    assert (listing.inventory.properties, listing.quantity) == ((), 3)
    assert listing.images[0].alt_text == "Stoneware mug"


@pytest.mark.parametrize(("amount", "currency"), [(10, "JPY"), (0.5, "SEK"), (2000, "VND")])
def test_a_price_under_etsys_minimum_is_told_in_the_plan(amount: float, currency: str) -> None:
    found = as_exported("Default option", "Default option value", amount, currency)
    assert codes(found) == ["price_near_bound"]
    assert "price.floor" in found.warnings[0].hint


def test_the_bounds_are_shown_with_the_decimals_of_the_currency() -> None:
    (warning,) = as_exported("Default option", "Default option value", 0.5, "SEK").warnings
    assert warning.message.endswith(
        "costs 0.50 SEK; Etsy may refuse less than about 1.90 and more than about 475000.00."
    )


def test_the_catalogue_is_two_thousand_products_of_every_sort() -> None:
    shops = catalogue()
    assert sum(len(products) for _, products in shops) == PRODUCTS == 2000
    assert {shop.currency for shop, _ in shops} >= {"VND", "JPY", "AED", "USD"}
    assert max(len(item.variants) for _, products in shops for item in products) == 69
    assert len({item.id for _, products in shops for item in products}) == PRODUCTS


def test_with_three_settings_95_of_100_products_become_listings_in_every_shop() -> None:
    counts = valid_by_shop(len(ROWS) - 1)
    assert len(ROWS[-1][1]) == 3
    assert sum(counts.values()) >= PRODUCTS * 0.95
    assert min(counts.values()) >= PER_SHOP * 0.95


def test_what_three_settings_do_not_mend_no_setting_could() -> None:
    settings = a_shop(default_taxonomy_id=891, **ROWS[-1][1])
    errors = {
        item.code
        for shop, products in catalogue()
        for product in products
        for item in validated(product, settings, currency_code=shop.currency).errors
    }
    assert errors == {
        "price_currency_missing", "price_not_positive", "gift_card", "variation_value_forbidden", "title_missing"
    }  # fmt: skip


def test_every_error_that_a_setting_mends_names_that_setting() -> None:
    """So the way from the defaults to the last row is in the messages of the plan."""
    hints = {"tags_too_many=first": "too_many_tags", "title_unfit=clean": "title_forbidden_characters",
             "truncate_title": "title_too_long"}  # fmt: skip
    met: dict[str, str] = {}
    for shop, products in catalogue():
        for product in products:
            found = validated(product, a_shop(default_taxonomy_id=891), currency_code=shop.currency)
            met |= {item.code: item.hint for item in found.errors}
    assert all(setting in met[code] for setting, code in hints.items())


def test_no_tag_is_left_out_or_changed_untold() -> None:
    settings = a_shop(default_taxonomy_id=891, **ROWS[-1][1])
    for shop, products in catalogue():
        for product in products:
            found = validated(product, settings, currency_code=shop.currency)
            if found.listing is None:
                continue
            told = " ".join(item.message for item in found.warnings if item.field == "tags")
            kept = {tag.casefold() for tag in found.listing.tags}
            same = [tag.replace("’", "'") for tag in product.tags]
            assert all(tag.casefold() in kept or tag in told for tag in same), (product.tags, told)
