"""Where a field's value comes from: metadata, the shop's settings and templates, what the shop has on Etsy."""

from decimal import Decimal
from typing import Any

import pytest

from etsy_pipeline.catalogue.product import Category
from etsy_pipeline.errors import BadRequest
from etsy_pipeline.listings.catalogue_checks import Seen
from etsy_pipeline.listings.listing import Listing, PersonalizationQuestion
from etsy_pipeline.listings.shop import Choice, Kind
from etsy_pipeline.listings.shop_settings import parse_settings
from etsy_pipeline_tests.builders import a_product, a_product_with, a_shop, a_variant, codes, listing_of, validated

CHOICES: dict[Kind, tuple[Choice, ...]] = {
    "shipping_profile": (Choice(11, "Standard"), Choice(21, "Express"), Choice(22, "Twice"), Choice(23, "Twice")),
    "return_policy": (Choice(12, "30 days"),),
    "processing_profile": (Choice(13, "Ready"),),
    "shop_section": (Choice(31, "Mugs"), Choice(32, "Sale")),
    "production_partner": (Choice(41, "Hill Street Press"),),
}


def listed(metadata: dict[str, Any] | None = None, **shop: Any) -> Listing:
    product = a_product(
        metadata={"etsy_taxonomy_id": 891} | (metadata or {}), categories=[Category(id="c1", name="Cups")]
    )
    return listing_of(validated(product, a_shop(**shop), choices=CHOICES))


@pytest.mark.parametrize(
    ("field", "metadata", "shop", "expected"),
    [
        ("shipping_profile_id", {}, {"shipping_profile": "express "}, 21),
        ("shipping_profile_id", {"etsy_shipping_profile": "Express"}, {}, 21),
        ("shipping_profile_id", {"etsy_shipping_profile": 21}, {}, 21),
        ("shop_section_id", {}, {"shop_section": "Sale"}, 32),
        ("shop_section_id", {}, {"section_by_category": {"Cups": "Mugs"}, "shop_section": "Sale"}, 31),
        ("shop_section_id", {"etsy_shop_section": "32"}, {"section_by_category": {"c1": 31}}, 32),
        ("production_partner_ids", {}, {"production_partners": ["Hill Street Press"]}, (41,)),
        ("production_partner_ids", {"etsy_production_partners": ["41"]}, {}, (41,)),
        ("styles", {"etsy_styles": "Boho,Rustic"}, {"styles": ["Modern"]}, ("Boho", "Rustic")),
        ("tags", {}, {"extra_tags": ["handmade"]}, ("mug", "stoneware", "handmade")),
        ("type", {"etsy_type": "download"}, {}, "download"),
        ("publish_as", {"etsy_publish_as": "draft"}, {}, "draft"),
        ("should_auto_renew", {"etsy_should_auto_renew": "yes"}, {}, True),
        ("is_taxable", {}, {"is_taxable": True}, True),
        ("is_customizable", {"etsy_is_customizable": False}, {"is_customizable": True}, False),
        ("title", {}, {"title_template": "{title} | {category}"}, "Stoneware Mug | Cups"),
        ("title", {"etsy_title": "Own"}, {"title_template": "{title} | {category}"}, "Own"),
        ("description", {}, {"description_template": "{description}\n\nMade by us."}, "Thrown by hand.\n\nMade by us."),
        ("eu_guarantee", {"etsy_ecgt_after_sales_service_info": "Write."}, {},
         (("ecgt_after_sales_service_info", "Write."),)),
        ("personalization", {"etsy_personalization": "Which name?"}, {},
         (PersonalizationQuestion("Personalization", instructions="Which name?"),)),
        ("personalization", {"etsy_personalization": '{"question_text": "Name?", "required": true}'}, {},
         (PersonalizationQuestion("Name?", required=True),)),
        ("personalization", {}, {"personalization": [{"question_text": "Colour?", "question_type": "dropdown",
                                                      "options": ["Red", "Blue"]}]},
         (PersonalizationQuestion("Colour?", "dropdown", options=("Red", "Blue")),)),
    ],
)  # fmt: skip
def test_metadata_come_before_the_shop(
    field: str, metadata: dict[str, Any], shop: dict[str, Any], expected: Any
) -> None:
    assert getattr(listed(metadata, **shop), field) == expected


def test_metadata_give_weight_and_lengths() -> None:
    listing = listed({"etsy_item_weight": "1.5", "etsy_item_length": 20}, weight_unit="kg")
    assert (str(listing.item_weight), listing.item_weight_unit, listing.item_length) == ("1.5", "kg", Decimal(20))


@pytest.mark.parametrize(
    ("wanted", "present"), [("Gone", "'Standard' (11)"), (99, "'Express' (21)"), ("Twice", "(22)")]
)
def test_what_the_shop_does_not_have_once_is_told_with_what_it_has(wanted: object, present: str) -> None:
    found = validated(shop=a_shop(shipping_profile=wanted), choices=CHOICES)
    assert codes(found) == ["shipping_profile_unknown"]
    assert str(wanted) in found.errors[0].message
    assert present in found.errors[0].message


def test_where_the_shop_could_not_be_read_ids_are_believed_and_names_are_not() -> None:
    assert codes(validated(shop=a_shop(shipping_profile=5), choices=None)) == []
    assert codes(validated(shop=a_shop(shipping_profile="Express"), choices=None)) == ["shipping_profile_unknown"]


@pytest.mark.parametrize(
    ("product", "template", "text"),
    [
        (a_product(), "{title}, {options}", "Stoneware Mug"),
        (a_product_with(), "{title}, {options}", "Stoneware Mug"),
        (a_product_with(colors=("Red",)), "{title}, {options}", "Stoneware Mug, Color Red"),
        (a_product(), "{title}, {options}, {position}", "Stoneware Mug"),
        (a_product(), "{title} ({number} of {count})", "Stoneware Mug (1 of 1)"),
    ],
)
def test_the_text_of_a_picture_follows_its_template(product: Any, template: str, text: str) -> None:
    assert listing_of(validated(product, a_shop(alt_text_template=template))).images[0].alt_text == text


def test_a_product_without_a_description_gets_none_from_the_template() -> None:
    found = validated(a_product(description=None), a_shop(description_template="{description}\n\nMade by us."))
    assert (codes(found), listing_of(found).description) == (["description_missing"], "Stoneware Mug")


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"title_template": "{titel}"}, "{titel} is no placeholder; there are {title}, {description}"),
        ({"title_template": "{title"}, "expected '}'"),
        ({"title_template": "{title!r}"}, "is no placeholder"),
        ({"alt_text_template": "{description}"}, "{description} is no placeholder"),
        ({"ownership": {"titel": "seller"}}, "ownership.titel is not known"),
        ({"ownership": {"title": "seller"}}, "choose owned or create_only"),
        ({"ownership": {"tags": "mine"}}, "ownership.tags"),
        ({"eu_guarantee": {"brand": "x"}}, "eu_guarantee.brand is not known"),
        ({"price": {"floor": 10, "ceiling": 5}}, "floor 10 is above ceiling 5"),
        ({"personalization": [{"question": "Name?"}]}, "personalization.0"),
    ],
)
def test_settings_that_cannot_be_are_refused_with_what_is_wrong(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_settings(settings)
    assert caught.value.code == "shop_settings_invalid"
    assert told in caught.value.message


@pytest.mark.parametrize(
    ("question", "problem"),
    [
        ({"question_text": "x" * 46}, "46 characters"),
        ({"question_type": "dropdown"}, "needs options"),
        ({"question_type": "dropdown", "options": ["x" * 21]}, "more than 20"),
        ({"question_type": "dropdown", "options": ["a"], "instructions": "?"}, "no instructions"),
        ({"options": ["a"]}, "takes no options"),
        ({"question_type": "labeled_upload", "options": ["a"], "max_allowed_files": 2}, "number of labels"),
        ({"max_allowed_files": 2}, "no max_allowed_files"),
        ({"max_allowed_characters": 0}, "above zero"),
        ({"add_on_price": "2.50", "required": True}, "optional questions"),
        ({"add_on_price": "-1"}, "above zero"),
        ({"nonsense": 1}, "nexpected"),
    ],
)
def test_a_question_that_etsy_would_not_ask_is_told(question: dict[str, Any], problem: str) -> None:
    metadata = {"etsy_taxonomy_id": 891, "etsy_personalization": [{"question_text": "Name?"} | question]}
    found = validated(a_product(metadata=metadata))
    assert codes(found) == ["personalization_invalid"]
    assert problem in found.errors[0].message


def test_what_two_products_share_is_told_at_the_later_one() -> None:
    seen = Seen()
    first, second = a_product(handle="mug"), a_product(id="prod_2", handle="mug", variants=[a_variant(sku="MUG-1")])
    assert seen.judge(first) == []
    assert [(item.code, "prod_1" in item.message) for item in seen.judge(second)] == [
        ("handle_repeated", True), ("sku_of_another_product", True)
    ]  # fmt: skip
    assert seen.judge(a_product(id="prod_3", handle="cup", variants=[a_variant(sku=None)])) == []


def test_a_price_within_floor_and_ceiling_is_left_alone() -> None:
    shop = a_shop(price={"floor": "29.99", "ceiling": "29.99"})
    assert codes(validated(shop=shop)) == []


@pytest.mark.parametrize(
    ("price", "sent"), [({"floor": 40}, "40"), ({"ceiling": 20}, "20"), ({"rounding": "whole"}, "30.00")]
)
def test_floor_and_ceiling_limit_a_price(price: dict[str, Any], sent: str) -> None:
    assert str(listing_of(validated(shop=a_shop(price=price))).price) == sent


def test_a_title_is_cut_at_a_word_where_the_shop_says_so() -> None:
    found = validated(a_product(title="word " * 30), a_shop(truncate_title=True))
    assert len(listing_of(found).title) <= 140
    assert listing_of(found).title.endswith("word")
    assert "'word word'" in found.warnings[0].message


def test_tags_are_cut_and_dropped_where_the_shop_says_so() -> None:
    long = "stoneware coffee mug large"
    found = validated(a_product(tags=[long, *(f"t{n}" for n in range(13))]), a_shop(truncate_tags=True))
    assert listing_of(found).tags == ("stoneware coffee mug", *(f"t{n}" for n in range(12)))
    assert [item.code for item in found.warnings] == ["tag_truncated", "tags_dropped"]
    assert "t12" in found.warnings[1].message
