"""Every rule, by a product that breaks it; and that nothing a shop can type makes the mapping raise."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etsy_pipeline.catalogue.product import Option, Product, Variant
from etsy_pipeline.listings.codec import from_json, to_json
from etsy_pipeline.listings.rules import RULES
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline_tests.builders import a_product, a_product_with, a_shop, a_variant, codes, listing_of, validated


def one_option(*values: str) -> dict[str, Any]:
    variants = [a_variant(id=f"v{i}", sku=f"s{i}", options={"Size": value}) for i, value in enumerate(values)]
    return {"options": (Option(title="Size", values=values),), "variants": variants}


BROKEN: list[tuple[str, Product, ShopSettings]] = [
    ("title_missing", a_product(title="   "), a_shop()),
    ("title_too_long", a_product(title="x" * 141), a_shop()),
    ("title_forbidden_characters", a_product(title="Mug ✨"), a_shop()),
    ("title_repeated_symbol", a_product(title="A & B & C"), a_shop()),
    ("title_contains_html", a_product(title="<b>Mug</b>"), a_shop()),
    ("description_missing", a_product(description=None), a_shop()),
    ("too_many_tags", a_product(tags=[f"tag {i}" for i in range(14)]), a_shop()),
    ("tag_too_long", a_product(tags=["x" * 21]), a_shop()),
    ("tag_forbidden_characters", a_product(tags=["50%"]), a_shop()),
    ("tag_repeated", a_product(tags=["Mug", "mug"]), a_shop()),
    ("too_many_materials", a_product(metadata={"etsy_materials": [f"m{i}" for i in range(14)]}), a_shop()),
    ("material_forbidden_characters", a_product(material="oak-wood"), a_shop()),
    ("taxonomy_missing", a_product(metadata={}), a_shop()),
    ("taxonomy_malformed", a_product(metadata={"etsy_taxonomy_id": "mugs"}), a_shop()),
    ("taxonomy_unknown", a_product(metadata={"etsy_taxonomy_id": 999_999}), a_shop()),
    ("no_variants", a_product(variants=()), a_shop()),
    ("price_currency_missing", a_product(variants=[a_variant(prices={"EUR": "1"})]), a_shop()),
    ("price_not_positive", a_product(variants=[a_variant(prices={"USD": "0"})]), a_shop()),
    ("price_out_of_range", a_product(variants=[a_variant(prices={"USD": "0.05"})]), a_shop()),
    ("price_too_precise", a_product(variants=[a_variant(prices={"USD": "9.995"})]), a_shop(price={"rounding": "none"})),
    ("too_many_variations", a_product(options=[Option(title=t, values=("a",)) for t in "ABC"]), a_shop()),
    ("variation_values_too_many", a_product(**one_option(*(f"v{i}" for i in range(71)))), a_shop()),
    ("variation_name_missing", a_product(options=[Option(title=" ", values=("S",))]), a_shop()),
    ("variation_value_repeated", a_product(**one_option("Small", "small")), a_shop()),
    ("variation_value_forbidden", a_product(**one_option("S (small)")), a_shop()),
    ("variation_value_too_long", a_product(**one_option("a very long size name")), a_shop()),
    ("variation_value_missing", a_product(options=[Option(title="Size", values=("S",))]), a_shop()),
    ("variation_repeated", a_product(**one_option("S", "S")), a_shop()),
    (
        "too_many_offerings",
        a_product_with(tuple(f"s{i}" for i in range(21)), tuple(f"c{i}" for i in range(20))),
        a_shop(),
    ),
    ("sku_repeated", a_product_with(("S", "L"), ("Red",), variants=[
        a_variant(id=size, options={"Size": size, "Color": "Red"}) for size in ("S", "L")]), a_shop()),
    ("who_made_invalid", a_product(metadata={"etsy_taxonomy_id": 891, "who_made": "me"}), a_shop()),
    ("when_made_invalid", a_product(metadata={"etsy_taxonomy_id": 891, "when_made": "lately"}), a_shop()),
    ("shipping_profile_missing", a_product(), a_shop(shipping_profile_id=None)),
    ("readiness_state_missing", a_product(), a_shop(readiness_state_id=None)),
    ("return_policy_missing", a_product(), a_shop(return_policy_id=None)),
    ("production_partners_missing", a_product(), a_shop(who_made="someone_else")),
    ("metadata_unusable", a_product(metadata={"etsy_taxonomy_id": 891, "etsy_title": 5}), a_shop()),
    ("image_address_unusable", a_product(image_urls=["data:image/png;base64,AAAA"]), a_shop()),
    ("no_images", a_product(image_urls=()), a_shop()),
    ("too_many_images", a_product(image_urls=[f"http://x/{i}.jpg" for i in range(21)]), a_shop()),
]  # fmt: skip


@pytest.mark.parametrize(("code", "product", "shop"), BROKEN, ids=[row[0] for row in BROKEN])
def test_a_broken_rule_is_told_with_its_severity(code: str, product: Product, shop: ShopSettings) -> None:
    found = validated(product, shop, known_taxonomy_ids=frozenset({891}))
    verdict = next(item for item in found.verdicts if item.code == code)
    assert verdict.severity == RULES[code].severity
    assert "{" not in verdict.message, "every value is filled in"
    assert verdict.hint
    assert (found.listing is None) == bool(found.errors)


def test_every_rule_is_broken_by_some_product_above() -> None:
    assert {row[0] for row in BROKEN} == set(RULES)


def test_a_good_product_has_nothing_to_tell() -> None:
    assert codes(validated()) == []


def test_all_verdicts_are_given_at_once() -> None:
    found = validated(a_product(title="", tags=["x" * 21], metadata={}))
    assert codes(found) == ["title_missing", "tag_too_long", "taxonomy_missing"]


def test_what_many_variants_break_is_told_once() -> None:
    product = a_product_with(tuple("abcdefghij"), ("Red",))
    product = product.model_copy(
        update={"variants": tuple(item.model_copy(update={"prices": {}}) for item in product.variants)}
    )
    found = validated(product)
    assert [item.message for item in found.errors] == [
        "a-Red has no price in USD, the shop's currency (it has: no price at all). (9 more likewise)"
    ]


ANYTHING = st.text(max_size=40) | st.sampled_from(["\x00", "\u202e", "é", "<b>", "&amp;", "()", "%%", "\ud800"])
METADATA = st.dictionaries(
    st.sampled_from(["etsy_title", "etsy_tags", "etsy_taxonomy_id", "who_made", "when_made", "materials", "is_supply"]),
    st.none() | st.booleans() | st.integers() | st.floats() | ANYTHING | st.lists(st.none() | ANYTHING, max_size=3)
    | st.dictionaries(ANYTHING, st.integers(), max_size=2),
)  # fmt: skip
AMOUNTS = st.decimals(allow_nan=False, allow_infinity=False) | st.just(Decimal("1E+30")) | st.just(Decimal(-1))
VARIANTS = st.builds(
    Variant,
    id=ANYTHING,
    title=ANYTHING,
    sku=st.none() | ANYTHING,
    options=st.dictionaries(st.sampled_from(["Size", "Color", "X"]), ANYTHING, max_size=3),
    prices=st.dictionaries(st.sampled_from(["USD", "EUR", "ZZZ"]), AMOUNTS, max_size=3),
    available=st.none() | st.integers(-5, 10_000),
    allow_backorder=st.booleans(),
)
PRODUCTS = st.builds(
    Product,
    id=ANYTHING,
    title=ANYTHING,
    description=st.none() | ANYTHING,
    status=st.sampled_from(["published", "draft", "gone"]),
    metadata=METADATA,
    material=st.none() | ANYTHING,
    weight=st.none() | AMOUNTS,
    image_urls=st.lists(ANYTHING, max_size=3).map(tuple),
    tags=st.lists(ANYTHING, max_size=3).map(tuple),
    options=st.lists(
        st.builds(
            Option, title=st.sampled_from(["Size", "Color", "X"]), values=st.lists(ANYTHING, max_size=3).map(tuple)
        ),
        max_size=3,
    ).map(tuple),
    variants=st.lists(VARIANTS, max_size=4).map(tuple),
)


@settings(max_examples=100, deadline=None)
@given(PRODUCTS)
def test_no_product_makes_the_mapping_raise(product: Product) -> None:
    found = validated(product)
    assert (found.listing is None) == bool(found.errors)
    if found.listing is not None:
        assert from_json(to_json(found)) == found
        assert to_json(validated(product)) == to_json(found), "the same product gives the same text"


def test_a_surrogate_without_its_pair_is_made_harmless() -> None:
    assert listing_of(validated(a_product(description="a\ud800b"))).description == "a?b"
