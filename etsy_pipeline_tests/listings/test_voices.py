"""Rules by category that the listings of a shop propose by what most of them have."""

from dataclasses import replace

from etsy_pipeline.catalogue.product import Category, Product
from etsy_pipeline.listings.listing import Listing
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.listings.voices import Voice, voices, with_voices
from etsy_pipeline_tests.builders import a_product, a_shop, validated

MUGS = Category(id="pcat_1", name="Mugs")


def linked(*profiles: int | None, category: Category | None = MUGS) -> list[tuple[Product, Listing]]:
    product = a_product(categories=(category,) if category else ())
    listing = validated(product, a_shop()).listing
    assert listing is not None
    plain = replace(listing, taxonomy_id=0, readiness_state_id=None, shop_section_id=None)
    return [(product, replace(plain, shipping_profile_id=profile)) for profile in profiles]


def test_what_more_than_half_of_a_categorys_listings_have_is_proposed() -> None:
    assert voices(linked(7, 7, 8), ShopSettings()) == [Voice("Mugs", "shipping_profile", 7, 2, 3)]


def test_nothing_is_proposed_where_they_disagree_or_are_too_few() -> None:
    assert voices(linked(7, 8), ShopSettings()) == []
    assert voices(linked(7), ShopSettings()) == []
    assert voices(linked(None, None), ShopSettings()) == []
    assert voices(linked(7, 7, category=None), ShopSettings()) == []


def test_a_proposal_becomes_a_rule_beside_those_that_are_there_and_is_not_made_again() -> None:
    shop = ShopSettings.model_validate({"by_category": {"Mugs": {"extra_tags": ["mug"]}}})
    rules = with_voices(shop, voices(linked(7, 7), shop))
    assert rules == {"Mugs": {"extra_tags": ["mug"], "shipping_profile": 7}}
    assert voices(linked(7, 7), ShopSettings.model_validate({"by_category": rules})) == []
