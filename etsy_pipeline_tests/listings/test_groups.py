"""What a product's category, type and collection say of its listing: the most specific one that says something decides."""

from decimal import Decimal
from typing import Any

import pytest

from etsy_pipeline.catalogue.product import Category, Group, Product
from etsy_pipeline.errors import BadRequest
from etsy_pipeline.listings.listing import Listing
from etsy_pipeline.listings.product_header import read_header
from etsy_pipeline.listings.shop import Choice, Kind
from etsy_pipeline.listings.shop_settings import parse_settings
from etsy_pipeline.listings.taxonomy import taxonomy_id
from etsy_pipeline_tests.builders import a_product, a_shop, codes, listing_of, validated

CHOICES: dict[Kind, tuple[Choice, ...]] = {
    "shipping_profile": (Choice(11, "Standard"), Choice(21, "Fragile")),
    "return_policy": (Choice(12, "30 days"),),
    "processing_profile": (Choice(13, "Ready"), Choice(23, "Made to order")),
    "shop_section": (Choice(31, "Mugs"), Choice(32, "Sale")),
}
HOME, KITCHEN = Group(id="pcat_home", name="Home"), Group(id="pcat_kitchen", name="Kitchen")
MUGS = Category(id="pcat_mugs", name="Mugs", parents=(KITCHEN, HOME))
GIFTS = Category(id="pcat_gifts", name="Gifts")


def a_mug(**changes: Any) -> Product:
    """A mug in Home > Kitchen > Mugs and in Gifts, of the type Ceramics, in the collection Spring."""
    values: dict[str, Any] = {
        "categories": (GIFTS, MUGS),
        "type": Group(id="ptyp_1", name="Ceramics"),
        "collection": Group(id="pcol_1", name="Spring"),
        "metadata": {},
    }
    return a_product(**(values | changes))


def listed(product: Product, **shop: Any) -> Listing:
    return listing_of(validated(product, a_shop(**({"default_taxonomy_id": 1} | shop)), choices=CHOICES))


@pytest.mark.parametrize(
    ("rules", "category"),
    [
        ({}, 1),
        ({"Spring": 2}, 2),
        ({"Spring": 2, "Ceramics": 3}, 3),
        ({"Ceramics": 3, "Home": 4}, 4),
        ({"Home": 4, "Kitchen": 5}, 5),
        ({"Kitchen": 5, "Gifts": 6}, 6),
        ({"Gifts": 6, "Mugs": 7}, 7),
        ({"Mugs": 7, "pcat_mugs": 8}, 8),
    ],
    ids=[
        "the shop's default", "collection", "type before collection", "what is above before type", "the nearer one",
        "own before above", "the deeper one", "id before name",
    ],
)  # fmt: skip
@pytest.mark.parametrize("setting", ["by_category", "taxonomy_by_category"])
def test_the_most_specific_group_decides(setting: str, rules: dict[str, int], category: int) -> None:
    given = {name: {"taxonomy_id": value} for name, value in rules.items()} if setting == "by_category" else rules
    assert listed(a_mug(), **{setting: given}).taxonomy_id == category


@pytest.mark.parametrize("key", ["etsy_taxonomy_id", "etsy_category_id"])
@pytest.mark.parametrize("value", [1062, "1062"])
def test_a_categorys_own_metadata_name_its_etsy_category(key: str, value: object) -> None:
    kitchen = KITCHEN.model_copy(update={"metadata": {key: value}})
    assert listed(a_mug(categories=(MUGS.model_copy(update={"parents": (kitchen, HOME)}),))).taxonomy_id == 1062


@pytest.mark.parametrize("group", ["type", "collection"])
def test_so_do_those_of_a_type_and_of_a_collection(group: str) -> None:
    assert listed(a_mug(**{group: Group(id="g", name="G", metadata={"etsy_taxonomy_id": 9})})).taxonomy_id == 9


def test_metadata_of_the_nearer_category_go_before_the_shops_rule_for_one_above() -> None:
    mugs = MUGS.model_copy(update={"metadata": {"etsy_taxonomy_id": 1062}})
    assert listed(a_mug(categories=(mugs,)), by_category={"Kitchen": {"taxonomy_id": 5}}).taxonomy_id == 1062


def test_the_shops_rule_goes_before_metadata_of_the_same_category() -> None:
    """Medusa is one, and there may be several shops."""
    mugs = MUGS.model_copy(update={"metadata": {"etsy_taxonomy_id": 1062}})
    assert listed(a_mug(categories=(mugs,)), by_category={"Mugs": {"taxonomy_id": 5}}).taxonomy_id == 5
    assert listed(a_mug(categories=(mugs,)), taxonomy_by_category={"Mugs": 6}).taxonomy_id == 6


def test_the_products_own_metadata_go_before_everything() -> None:
    mug = a_mug(metadata={"etsy_taxonomy_id": 891})
    assert listed(mug, by_category={"Mugs": {"taxonomy_id": 5}}).taxonomy_id == 891


@pytest.mark.parametrize("value", ["mugs", {"id": 5}, [5], True, -1])
def test_metadata_of_a_category_that_are_no_number_are_told(value: object) -> None:
    mugs = MUGS.model_copy(update={"metadata": {"etsy_taxonomy_id": value}})
    assert codes(validated(a_mug(categories=(mugs,)))) == ["taxonomy_malformed"]


@pytest.mark.parametrize(
    ("rule", "field", "expected"),
    [
        ({"shipping_profile": "Fragile"}, "shipping_profile_id", 21),
        ({"processing_profile": 23}, "readiness_state_id", 23),
        ({"shop_section": "Mugs"}, "shop_section_id", 31),
        ({"price": {"markup_percent": 100}}, "price", Decimal("59.98")),
        ({"extra_tags": ["for the kitchen"]}, "tags", ("mug", "stoneware", "for the kitchen", "handmade")),
    ],
)
def test_a_rule_says_what_holds_for_the_products_of_a_category(
    rule: dict[str, Any], field: str, expected: object
) -> None:
    shop = {"extra_tags": ["handmade"], "shop_section": "Sale"}
    assert getattr(listed(a_mug(), by_category={"Kitchen": rule}, **shop), field) == expected
    assert getattr(listed(a_mug(categories=()), by_category={"Kitchen": rule}, **shop), field) != expected


def test_each_value_is_decided_by_itself() -> None:
    """A rule for mugs that is about their price hides nothing of the rule for the kitchen."""
    rules = {"Mugs": {"price": {"markup_fixed": 1}}, "Kitchen": {"shipping_profile": 21, "price": {"markup_fixed": 5}}}
    listing = listed(a_mug(), by_category=rules)
    assert (listing.price, listing.shipping_profile_id) == (Decimal("30.99"), 21)


def test_a_price_rule_stands_in_place_of_the_shops_whole_rule() -> None:
    rules = {"Mugs": {"price": {"markup_fixed": 1}}}
    assert listed(a_mug(), price={"markup_percent": 100, "rounding": "whole"}, by_category=rules).price == Decimal(
        "30.99"
    )


def test_tags_of_all_groups_come_together_the_nearest_ones_first() -> None:
    rules = {name: {"extra_tags": [name.lower()]} for name in ("Spring", "Home", "Mugs")}
    assert listed(a_mug(tags=()), by_category=rules, extra_tags=["shop"]).tags == ("mugs", "home", "spring", "shop")


@pytest.mark.parametrize("kind", ["shipping_profile", "processing_profile", "shop_section"])
def test_what_a_rule_names_and_the_shop_does_not_have_is_told(kind: str) -> None:
    found = validated(a_mug(), a_shop(default_taxonomy_id=1, by_category={"Home": {kind: "Gone"}}), choices=CHOICES)
    assert codes(found) == [f"{kind}_unknown"]
    assert "'Gone'" in found.errors[0].message


def test_metadata_of_a_category_name_profiles_and_section_too() -> None:
    mugs = MUGS.model_copy(update={"metadata": {"etsy_shipping_profile": "Fragile", "etsy_shop_section": 31}})
    listing = listed(a_mug(categories=(mugs,)))
    assert (listing.shipping_profile_id, listing.shop_section_id) == (21, 31)


def test_metadata_of_a_category_that_cannot_be_used_are_told_and_not_used() -> None:
    mugs = MUGS.model_copy(update={"metadata": {"etsy_shipping_profile": {"id": 21}}})
    found = validated(a_mug(categories=(mugs,)), a_shop(default_taxonomy_id=1), choices=CHOICES)
    assert codes(found) == ["metadata_unusable"]
    assert listing_of(found).shipping_profile_id == 11


def test_the_older_map_of_sections_looks_above_and_at_collections_too() -> None:
    assert listed(a_mug(), section_by_category={"Home": "Mugs"}).shop_section_id == 31
    assert listed(a_mug(), section_by_category={"pcol_1": "Sale"}).shop_section_id == 32


@pytest.mark.parametrize("setting", ["by_category", "taxonomy_by_category", "section_by_category"])
def test_what_medusa_did_not_tell_keeps_a_product_off_where_the_shop_has_rules(setting: str) -> None:
    """A role may filter fields: the listing would be put into another category."""
    value: Any = {"by_category": {"Mugs": {"taxonomy_id": 1}}}.get(setting, {"Mugs": 31})
    mug = a_mug(not_told=("collection",))
    found = validated(mug, a_shop(default_taxonomy_id=1, **{setting: value}), choices=CHOICES)
    assert codes(found) == ["groups_not_told"]
    assert "collection" in found.errors[0].message
    assert codes(validated(mug, a_shop(default_taxonomy_id=1), choices=CHOICES)) == []


def test_a_glimpse_of_a_product_has_the_same_category() -> None:
    """Properties of categories are read for whole batches, before any product is."""
    shop = a_shop(by_category={"Home": {"taxonomy_id": 4}})
    glimpse = read_header(a_mug().model_dump_json())
    assert taxonomy_id(glimpse, shop, None) == taxonomy_id(a_mug(), shop, None) == (4, [])


@pytest.mark.parametrize(("choice", "reason"), [("sell", ""), ("leave", "in no sales channel of Medusa")])
def test_a_product_in_no_sales_channel_is_the_shops_choice(choice: str, reason: str) -> None:
    found = validated(a_product(is_in_sales_channel=False), a_shop(in_no_sales_channel=choice))
    assert found.absent_because == reason
    assert validated(shop=a_shop(in_no_sales_channel=choice)).absent_because == ""


@pytest.mark.parametrize(
    ("rule", "told"),
    [({"taxonomy": 1}, "by_category.Mugs.taxonomy"), ({"price": {"floor": 5, "ceiling": 1}}, "floor 5 is above")],
)
def test_rules_that_cannot_be_are_refused(rule: dict[str, Any], told: str) -> None:
    with pytest.raises(BadRequest, match="shop_settings_invalid") as caught:
        parse_settings({"by_category": {"Mugs": rule}})
    assert told in caught.value.message
