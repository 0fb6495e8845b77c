"""Every rule, by a product that breaks it; and that nothing a shop can type makes the mapping raise."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings

from etsy_pipeline.catalogue.product import Option, Product
from etsy_pipeline.listings.codec import from_json, to_json
from etsy_pipeline.listings.rules import RULES
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline_tests.builders import a_product, a_product_with, a_shop, a_variant, codes, listing_of, validated
from etsy_pipeline_tests.strategies import CHOICES, PRODUCTS, REQUIRED, SETTINGS, SHOPS


def one_option(*values: str) -> dict[str, Any]:
    variants = [a_variant(id=f"v{i}", sku=f"s{i}", options={"Size": value}) for i, value in enumerate(values)]
    return {"options": (Option(title="Size", values=values),), "variants": variants}


def a_product_by(**options: str) -> Product:
    """A product with two variants and so many options, all of which vary."""
    variants = [options, dict.fromkeys(options, "other")]
    return a_product(
        options=[Option(title=name, values=(value, "other")) for name, value in options.items()],
        variants=[a_variant(id=f"v{number}", sku=f"s{number}", options=item) for number, item in enumerate(variants)],
    )


REFUSES = a_shop(tags_unfit="refuse", tags_too_long="refuse", materials_unfit="refuse", materials_too_many="refuse")
ODD_MATERIALS = a_product(material="95% Cotton, %, secret", metadata={"etsy_taxonomy_id": 891})


def saying(**metadata: Any) -> Product:
    """A product with these metadata beside its category."""
    return a_product(metadata={"etsy_taxonomy_id": 891, **metadata})


FILES = [f"http://files.test/{number}.pdf" for number in range(6)]
OF_CATALOGUE = {"handle_repeated", "sku_of_another_product"}  # see test_catalogue_checks.py
OF_SHOP = {"listing_may_exist", "shop_not_scanned"}  # see planning/test_undecided.py
OF_SECTIONS = {"shop_section_new_not_permitted", "shop_section_too_long", "shop_sections_full"}  # test_sections.py
OF_ATTRIBUTES = {code for code in RULES if "attribute" in code}  # see test_attributes.py
OF_VARIATIONS = {code for code in RULES if code.startswith("variation_images")}  # see test_variation_images.py
OF_ETSY: dict[str, dict[str, Any]] = {
    "translation_primary_language": {"language": "de"},
    "price_near_bound": {"currency_code": "SEK"},
    "price_bounds_unknown": {"currency_code": "XYZ"},
    "price_third_decimal": {"currency_code": "KWD"},
    "return_policy_required": {"country": "US"},
    "price_without_tax": {"country": "DE"},
    "price_tax_not_checked": {"is_country_unread": True},
    "price_tax_added": {"country": "DE"},
    "price_tax_taken_off": {"country": "DE"},
    "price_tax_not_shown": {"country": "DE"},
}
ON_LISTS = a_variant(
    list_prices=[
        {"price_list": "Spring", "type": kind, "currency_code": "USD", "amount": amount}
        for kind, amount in (("override", 35), ("sale", 10))
    ]
)
OF_FRANCS = a_shop(price={"floor": 5, "currency": "CHF"})
IN_EUROS = a_shop(price={"convert": {"from_currency": "EUR", "rate": "1.08"}})
RATES = {"rates": {"EU": 19}}
BROKEN: list[tuple[str, Product, ShopSettings]] = [
    ("title_missing", a_product(title="   "), a_shop()),
    ("price_of_list", a_product(variants=[ON_LISTS]), a_shop()),
    ("price_list_left_out", a_product(variants=[ON_LISTS]), a_shop()),
    ("price_lists_not_shown", a_product(prices_not_told=["price-lists"]), a_shop()),
    ("price_converted", a_product(variants=[a_variant(prices={"EUR": 5})]), IN_EUROS),
    ("price_setting_in_other_currency", a_product(), OF_FRANCS),
    ("price_bounds_unknown", a_product(variants=[a_variant(prices={"XYZ": 5})]), a_shop()),
    ("price_third_decimal", a_product(variants=[a_variant(prices={"KWD": "5.125"})]), a_shop()),
    ("price_without_tax", a_product(prices_with_tax=()), a_shop()),
    ("price_tax_not_checked", a_product(prices_with_tax=()), a_shop()),
    ("price_tax_added", a_product(prices_with_tax=()), a_shop(price_tax={"etsy_price": "with_tax"} | RATES)),
    ("price_tax_taken_off", a_product(prices_with_tax=["USD"]), a_shop(price_tax={"etsy_price": "without_tax"} | RATES)),
    ("price_tax_rate_missing", a_product(prices_with_tax=()), a_shop(price_tax={"etsy_price": "with_tax"})),
    ("price_tax_unknown", a_product(), a_shop(price_tax={"etsy_price": "with_tax"} | RATES)),
    ("price_tax_not_shown", a_product(prices_not_told=["price-preferences"]), a_shop()),
    ("title_too_long", a_product(title="x" * 141), a_shop()),
    ("title_forbidden_characters", a_product(title="Mug ✨"), a_shop()),
    ("title_repeated_symbol", a_product(title="A & B & C"), a_shop()),
    ("title_contains_html", a_product(title="<b>Mug</b>"), a_shop()),
    ("title_cleaned", a_product(title="Mug ✨"), a_shop(title_unfit="clean")),
    ("title_trimmed", a_product(title="- Mug -"), a_shop()),
    ("title_capitals", a_product(title="A BIG MUG FOR TWO PEOPLE"), a_shop()),
    ("title_first_character", a_product(title="*Mug*"), a_shop()),
    ("invisible_characters", a_product(description="Thrown by\ufeff hand."), a_shop()),
    ("description_addresses", a_product(description="See www.mugs.test or write mug@mugs.test"), a_shop()),
    ("description_missing", a_product(description=None), a_shop()),
    ("too_many_tags", a_product(tags=[f"tag {i}" for i in range(14)]), a_shop()),
    ("tag_too_long", a_product(tags=["x" * 21]), REFUSES),
    ("tag_forbidden_characters", a_product(tags=["50%"]), REFUSES),
    ("tags_cleaned", a_product(tags=["50%"]), a_shop()),
    ("tags_unfit_dropped", a_product(tags=["50%"]), a_shop(tags_unfit="drop")),
    ("tags_too_long_dropped", a_product(tags=["x" * 21]), a_shop()),
    ("tags_none_left", a_product(tags=["x" * 21]), a_shop()),
    ("tags_left_out", a_product(tags=["Imported_from_Etsy_2024"]), a_shop()),
    ("tag_repeated", a_product(tags=["Mug", "mug"]), a_shop()),
    ("too_many_materials", a_product(metadata={"etsy_materials": [f"m{i}" for i in range(14)]}), REFUSES),
    ("materials_dropped", a_product(metadata={"etsy_materials": [f"m{i}" for i in range(14)]}), a_shop()),
    ("materials_cleaned", ODD_MATERIALS, a_shop()),
    ("materials_unfit_dropped", ODD_MATERIALS, a_shop()),
    ("materials_left_out", ODD_MATERIALS, a_shop(materials_left_out=["secret"])),
    ("material_forbidden_characters", a_product(material="oak-wood"), REFUSES),
    ("taxonomy_missing", a_product(metadata={}), a_shop()),
    ("groups_not_told", a_product(not_told=("type",)), a_shop(by_category={"Mugs": {"taxonomy_id": 891}})),
    ("taxonomy_malformed", a_product(metadata={"etsy_taxonomy_id": "mugs"}), a_shop()),
    ("taxonomy_unknown", a_product(metadata={"etsy_taxonomy_id": 999_999}), a_shop()),
    ("no_variants", a_product(variants=()), a_shop()),
    ("price_currency_missing", a_product(variants=[a_variant(prices={"EUR": "1"})]), a_shop()),
    ("price_not_positive", a_product(variants=[a_variant(prices={"USD": "0"})]), a_shop()),
    ("price_out_of_range", a_product(variants=[a_variant(prices={"USD": "0.05"})]), a_shop()),
    ("price_near_bound", a_product(variants=[a_variant(prices={"SEK": "0.5"})]), a_shop()),
    ("price_too_precise", a_product(variants=[a_variant(prices={"USD": "9.995"})]), a_shop(price={"rounding": "none"})),
    ("too_many_variations", a_product_by(A="a", B="b", C="c", D="d"), a_shop()),
    ("third_variation_custom", a_product_by(A="a", B="b", C="c"), a_shop()),
    ("variation_values_too_many", a_product(**one_option(*(f"v{i}" for i in range(71)))), a_shop()),
    ("variation_name_missing", a_product_by(**{" ": "S"}), a_shop()),
    ("variation_name_too_long", a_product_by(**{"Choose your favourite": "S"}), a_shop()),
    ("variation_value_repeated", a_product(**one_option("Small", "small")), a_shop()),
    ("variation_value_forbidden", a_product(**one_option("S (small)", "L")), a_shop()),
    ("variation_value_too_long", a_product(**one_option("a very long size name", "L")), a_shop()),
    ("variation_value_missing", a_product(**one_option("S", "")), a_shop()),
    ("variation_repeated", a_product(**one_option("S", "S")), a_shop()),
    ("variants_alike", a_product(variants=[a_variant(id="a", sku="a"), a_variant(id="b", sku="b")]), a_shop()),
    ("variation_left_out", a_product_with(("S", "L"), ("Red (warm)",)), a_shop()),
    (
        "too_many_offerings",
        a_product_with(tuple(f"s{i}" for i in range(21)), tuple(f"c{i}" for i in range(20))),
        a_shop(),
    ),
    ("sku_repeated", a_product_with(("S", "L"), ("Red",), variants=[
        a_variant(id=size, options={"Size": size, "Color": "Red"}) for size in ("S", "L")]), a_shop()),
    ("sku_too_long", a_product(variants=[a_variant(sku="x" * 33)]), a_shop()),
    ("title_truncated", a_product(title="word " * 30), a_shop(truncate_title=True)),
    ("description_too_long", a_product(description="x" * 50_001), a_shop()),
    ("tag_truncated", a_product(tags=["a tag of many many words"]), a_shop(truncate_tags=True)),
    ("tags_dropped", a_product(tags=[f"tag {i}" for i in range(14)]), a_shop(truncate_tags=True)),
    ("too_many_styles", a_product(), a_shop(styles=["A", "B", "C"])),
    ("style_too_long", a_product(), a_shop(styles=["x" * 46])),
    ("style_forbidden_characters", a_product(), a_shop(styles=["Art-déco"])),
    ("price_raised_to_floor", a_product(), a_shop(price={"floor": 40})),
    ("price_lowered_to_ceiling", a_product(), a_shop(price={"ceiling": 20})),
    ("taxonomy_property_required", a_product(), a_shop()),
    ("shipping_profile_unknown", a_product(), a_shop(shipping_profile="Gone")),
    ("processing_profile_unknown", a_product(), a_shop(processing_profile=99)),
    ("return_policy_unknown", a_product(metadata={"etsy_taxonomy_id": 891, "etsy_return_policy": "?"}), a_shop()),
    ("shop_section_unknown", a_product(), a_shop(shop_section="Gone")),
    ("production_partner_unknown", a_product(), a_shop(production_partners=["Gone"])),
    ("alt_text_shortened", a_product(), a_shop(alt_text_template="{title} " * 40)),
    ("gift_card", a_product(is_giftcard=True), a_shop()),
    ("download_files_missing", a_product(), a_shop(type="download")),
    ("translation_language_unknown", saying(etsy_title_xx="?"), a_shop()),
    ("translation_primary_language", saying(etsy_title_de="Becher"), a_shop()),
    ("translation_incomplete", saying(etsy_title_de="Becher"), a_shop()),
    ("translation_unfit", saying(etsy_title_de="x" * 141, etsy_description_de="Von Hand."), a_shop()),
    ("too_many_videos", saying(etsy_video=[f"http://videos.test/{number}.mp4" for number in range(3)]), a_shop()),
    ("video_unusable", saying(etsy_video="turning.mp4"), a_shop()),
    ("videos_unreadable", saying(etsy_video=17), a_shop()),
    ("too_many_files", saying(etsy_files=FILES), a_shop(type="download")),
    ("file_unusable", saying(etsy_files=[17]), a_shop(type="download")),
    ("file_name_repeated", saying(etsy_files=[FILES[0], FILES[0]]), a_shop(type="download")),
    ("files_of_no_download", saying(etsy_files=FILES), a_shop()),
    ("download_with_variations", a_product_with(), a_shop(type="download")),
    ("personalization_invalid", a_product(), a_shop(personalization=[{"question_text": ""}])),
    ("too_many_questions", a_product(), a_shop(personalization=[{"question_text": f"{i}?"} for i in range(6)])),
    ("eu_guarantee_too_long", a_product(), a_shop(eu_guarantee={"ecgt_after_sales_service_info": "x" * 256})),
    ("eu_guarantee_years", a_product(), a_shop(eu_guarantee={"ecgt_garan_years": "2"})),
    ("eu_guarantee_incomplete", a_product(), a_shop(eu_guarantee={"ecgt_garan_brand": "Mugs"})),
    ("who_made_invalid", a_product(metadata={"etsy_taxonomy_id": 891, "who_made": "me"}), a_shop()),
    ("when_made_invalid", a_product(metadata={"etsy_taxonomy_id": 891, "when_made": "lately"}), a_shop()),
    ("shipping_profile_missing", a_product(), a_shop(shipping_profile=None)),
    ("processing_profile_missing", a_product(), a_shop(processing_profile=None)),
    ("return_policy_missing", a_product(), a_shop(return_policy=None)),
    ("return_policy_required", a_product(), a_shop(return_policy=None)),
    ("production_partners_missing", a_product(), a_shop(who_made="someone_else")),
    ("metadata_unusable", a_product(metadata={"etsy_taxonomy_id": 891, "etsy_title": 5}), a_shop()),
    ("image_address_unusable", a_product(image_urls=["data:image/png;base64,AAAA"]), a_shop()),
    ("no_images", a_product(image_urls=()), a_shop()),
    ("too_many_images", a_product(image_urls=[f"http://x/{i}.jpg" for i in range(21)]), a_shop()),
]  # fmt: skip


@pytest.mark.parametrize(("code", "product", "shop"), BROKEN, ids=[row[0] for row in BROKEN])
def test_a_broken_rule_is_told_with_its_severity(code: str, product: Product, shop: ShopSettings) -> None:
    of_shop = OF_ETSY.get(code, {})
    found = validated(product, shop, taxonomy_ids=frozenset({891}), choices=CHOICES, properties=REQUIRED, **of_shop)
    verdict = next(item for item in found.verdicts if item.code == code)
    assert verdict.severity == RULES[code].severity
    assert "{" not in verdict.message, "every value is filled in"
    assert verdict.hint
    assert (found.listing is None) == bool(found.errors)


def test_every_rule_is_broken_by_some_product_above() -> None:
    assert {row[0] for row in BROKEN} | OF_CATALOGUE | OF_SHOP | OF_SECTIONS | OF_ATTRIBUTES | OF_VARIATIONS == set(
        RULES
    )


def test_a_good_product_has_nothing_to_tell() -> None:
    assert codes(validated()) == []


def test_all_verdicts_are_given_at_once() -> None:
    found = validated(a_product(title="", tags=["x" * 21], metadata={}), REFUSES)
    assert codes(found) == ["title_missing", "taxonomy_missing", "tag_too_long"]


def test_what_many_variants_break_is_told_once() -> None:
    product = a_product_with(tuple("abcdefghij"), ("Red",))
    product = product.model_copy(
        update={"variants": tuple(item.model_copy(update={"prices": {}}) for item in product.variants)}
    )
    found = validated(product)
    assert [item.message for item in found.errors] == [
        "a-Red has no price in USD, the shop's currency (it has: no price at all). (9 more likewise)"
    ]


@settings(max_examples=200, deadline=None)
@given(PRODUCTS, SETTINGS, SHOPS)
def test_no_product_makes_the_mapping_raise(product: Product, shop: ShopSettings, of_etsy: dict[str, Any]) -> None:
    found = validated(product, shop, **of_etsy)
    assert (found.listing is None) == bool(found.errors)
    if found.listing is not None:
        assert from_json(to_json(found)) == found
        assert to_json(validated(product, shop, **of_etsy)) == to_json(found), "the same product gives the same text"


@pytest.mark.parametrize(
    ("product", "told"),
    [
        (a_product(description="<p>" + "x" * 10_000_000), "description_too_long"),
        (a_product(title="\u202e\u0301" * 5000), "title_too_long"),
        (a_product(tags=["\x00"] * 5000), "tags_unfit_dropped"),
        (a_product(image_urls=["data:,x"] * 3000), "image_address_unusable"),
        (a_product_with(tuple(map(str, range(50))), tuple(map(str, range(20)))), "too_many_offerings"),
        (a_product(variants=[a_variant(prices={"USD": Decimal(-1)})]), "price_not_positive"),
        (a_product(variants=[a_variant(prices={"USD": Decimal("1E+999999")})]), "price_out_of_range"),
        (a_product(metadata={"etsy_taxonomy_id": 10**5000}), "taxonomy_malformed"),
    ],
)
def test_hostile_products_get_a_verdict(product: Product, told: str) -> None:
    assert told in codes(validated(product))


def test_a_surrogate_without_its_pair_is_made_harmless() -> None:
    assert listing_of(validated(a_product(description="a\ud800b"))).description == "a?b"
