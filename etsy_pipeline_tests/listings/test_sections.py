"""The shop section of a listing: by name or by id, from Medusa's categories and collections, or one to be made."""

from typing import Any

import pytest

from etsy_pipeline.catalogue.product import Category, Group, Product
from etsy_pipeline.listings.shop import Choice
from etsy_pipeline.listings.verdict import ValidatedListing
from etsy_pipeline_tests.builders import a_product, a_shop, codes, listing_of, validated

THERE = (Choice(1, "New"), Choice(2, "Bowls & Plates"))


def mapped(product: Product | None = None, sections: tuple[Choice, ...] = THERE, **shop: Any) -> ValidatedListing:
    of_shop = {name: shop.pop(name) for name in ("may_make_sections",) if name in shop}
    ids = {"shipping_profile": 11, "return_policy": 12, "processing_profile": 13}
    choices = {kind: (Choice(number, kind),) for kind, number in ids.items()} | {"shop_section": sections}
    return validated(product or a_product(), a_shop(**shop), choices=choices, **of_shop)


def section(found: ValidatedListing) -> tuple[int | None, str]:
    listing = listing_of(found)
    return listing.shop_section_id, listing.new_section


def test_a_section_that_is_not_there_is_an_error_unless_the_shop_has_sections_made() -> None:
    found = mapped(shop_section="Mugs")
    assert codes(found) == ["shop_section_unknown"]
    assert "make_sections" in found.verdicts[0].hint
    assert section(mapped(shop_section="Mugs", make_sections=True)) == (None, "Mugs")


@pytest.mark.parametrize("name", ["New", " new ", "1", 1])
def test_one_that_is_there_is_taken(name: Any) -> None:
    assert section(mapped(shop_section=name, make_sections=True)) == (1, "")


def test_no_section_is_made_of_a_number() -> None:
    assert codes(mapped(shop_section=77, make_sections=True)) == ["shop_section_unknown"]


def test_of_two_of_one_name_none_is_made_or_taken() -> None:
    twice = (*THERE, Choice(3, "new"))
    assert codes(mapped(shop_section="New", make_sections=True, sections=twice)) == ["shop_section_unknown"]


def test_where_the_sections_could_not_be_read_none_is_made() -> None:
    found = validated(a_product(), a_shop(shop_section="Mugs", make_sections=True))
    assert codes(found) == ["shop_section_unknown"]


def test_a_title_that_is_too_long_is_told() -> None:
    assert section(mapped(shop_section="x" * 24, make_sections=True)) == (None, "x" * 24)
    assert codes(mapped(shop_section="x" * 25, make_sections=True)) == ["shop_section_too_long"]


def test_a_shop_that_is_full_gets_no_more() -> None:
    full = tuple(Choice(number, f"Section {number}") for number in range(20))
    assert codes(mapped(shop_section="Mugs", make_sections=True, sections=full)) == ["shop_sections_full"]
    assert section(mapped(shop_section="Mugs", make_sections=True, sections=full[1:])) == (None, "Mugs")


def test_without_the_permission_it_is_told_before_anything_is_approved() -> None:
    found = mapped(shop_section="Mugs", make_sections=True, may_make_sections=False)
    assert codes(found) == ["shop_section_new_not_permitted"]
    assert section(mapped(shop_section="New", make_sections=True, may_make_sections=False)) == (1, "")


IN_GROUPS = a_product(
    categories=[Category(id="c", name="Espresso", parents=(Group(id="b", name="Mugs"), Group(id="a", name="Kitchen")))],
    collection=Group(id="col", name="Winter"),
)


@pytest.mark.parametrize(
    ("settings", "title"),
    [
        ({"section_from": "category"}, "Kitchen"),
        ({"section_from": "collection"}, "Winter"),
        ({"section_from": "settings"}, ""),
        ({"section_from": "category", "section_by_category": {"Mugs": "Cups"}}, "Cups"),
    ],
)
def test_it_may_be_called_as_the_topmost_category_or_the_collection(settings: dict[str, Any], title: str) -> None:
    """Flattened: Etsy knows one level, and twenty of them (LISTING_EXTRAS §6)."""
    assert section(mapped(IN_GROUPS, make_sections=True, **settings)) == (None, title)


@pytest.mark.parametrize("section_from", ["category", "collection"])
def test_a_product_in_no_group_gets_the_shops_section(section_from: str) -> None:
    assert section(mapped(section_from=section_from, shop_section="New")) == (1, "")


@pytest.mark.parametrize("section_from", ["category", "collection"])
def test_groups_that_medusa_did_not_tell_move_no_listing(section_from: str) -> None:
    found = mapped(a_product(not_told=("collection",)), section_from=section_from, shop_section="New")
    assert "groups_not_told" in codes(found)


def test_metadata_go_before_all_of_it() -> None:
    product = IN_GROUPS.model_copy(update={"metadata": {"etsy_taxonomy_id": 891, "etsy_shop_section": "Cups"}})
    assert section(mapped(product, make_sections=True, section_from="category")) == (None, "Cups")


def test_a_collection_is_named_by_what_its_entities_mean() -> None:
    product = a_product(collection=Group(id="pcol_1", name="Bowls &amp; Plates"))
    assert listing_of(mapped(product, section_from="collection")).shop_section_id == 2
