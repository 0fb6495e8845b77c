"""What the rules say of the recorded products of a real server: a shop in US dollars that has all its profiles."""

from collections import defaultdict
from functools import cache

from etsy_pipeline.catalogue.product import parse_product
from etsy_pipeline.listings.codec import from_json, to_json
from etsy_pipeline.listings.verdict import ValidatedListing
from etsy_pipeline_tests.builders import codes, validated
from etsy_pipeline_tests.catalogue.recorded import recorded_products

# by metadata.seed_case, which says what is odd about a product; those that are not here have nothing to tell
EXPECTED: dict[str, list[str]] = {
    "bad_taxonomy": ["taxonomy_malformed"],
    "duplicate_tags_case": ["tag_repeated"],
    "empty_description": ["description_missing"],
    "eur_only": ["price_currency_missing"],
    "huge_price": ["price_out_of_range"],
    "long_option_value": ["variation_value_too_long"],
    "long_tags": ["tags_too_long_dropped"],
    "long_sku": ["sku_too_long"] * 5,
    "many_images": ["too_many_images"],
    "no_images": ["no_images"],
    "no_prices": ["price_currency_missing"],
    "no_taxonomy": ["taxonomy_missing"],
    "no_variants": ["no_variants"],
    "null_description": ["description_missing"],
    "odd_tags": ["tags_cleaned"],
    "three_options": ["third_variation_custom"],
    "tiny_price": ["price_out_of_range"],
    "title_blank": ["title_missing"],
    "title_html": ["title_contains_html", "title_first_character"],
    "title_odd_chars": ["title_forbidden_characters", "title_contains_html"],
    "title_shouting": ["title_capitals"],
    "title_percent_colon": ["title_repeated_symbol"] * 3,
    "title_too_long": ["title_too_long"],
    "title_unicode": ["title_forbidden_characters"],
    "too_many_tags": ["too_many_tags"],
    "zero_price": ["price_not_positive"],
}


@cache
def verdicts() -> dict[str, list[ValidatedListing]]:
    found = defaultdict(list)
    for raw in recorded_products():
        product = parse_product(raw, base_url="http://medusa.test")
        found[raw["metadata"]["seed_case"]].append(validated(product))
    return found


def test_every_oddity_is_told_and_nothing_else() -> None:
    told = {case: codes(found[0]) for case, found in verdicts().items() if codes(found[0])}
    assert told == EXPECTED


def test_what_is_not_for_sale_says_why() -> None:
    absent = {case: found[0].absent_because for case, found in verdicts().items() if found[0].absent_because}
    assert absent == {
        "draft": "not published in Medusa (status draft)",
        "proposed": "not published in Medusa (status proposed)",
        "rejected": "not published in Medusa (status rejected)",
        "zero_stock": "out of stock",
        "bad_taxonomy": "out of stock",
        "no_levels": "out of stock",
    }


def test_clean_products_become_listings_without_a_word() -> None:
    assert all(item.listing and not item.verdicts for item in verdicts()["clean"])


def test_all_of_them_can_be_written_down() -> None:
    for found in verdicts().values():
        assert [from_json(to_json(item)) for item in found] == found
