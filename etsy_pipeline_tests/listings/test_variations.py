"""Options and variants → properties and a rectangular grid of offerings (FACTS §7)."""

from collections.abc import Callable
from decimal import Decimal
from itertools import product as combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etsy_pipeline.catalogue.product import Option, Product, Variant
from etsy_pipeline.listings.listing import Inventory, Offering
from etsy_pipeline.listings.shop import TaxonomyProperty, TaxonomyValue
from etsy_pipeline.listings.variations import tidy_sku
from etsy_pipeline_tests.builders import a_product, a_product_with, a_variant, codes, listing_of, validated


def test_one_variant_is_no_variation() -> None:
    inventory = listing_of(validated()).inventory
    assert inventory.properties == ()
    assert inventory.offerings == (Offering("MUG-1", (), Decimal("29.99"), 10),)


@pytest.mark.parametrize(
    ("option", "value", "text"),
    [
        ("Title", "Default Title", "Stoneware Mug"),
        ("title", "DEFAULT TITLE", "Stoneware Mug"),
        ("Default option", "Default option value", "Stoneware Mug"),
        ("Titel", "Standardtitel", "Stoneware Mug"),
        ("Titre", "Titre par défaut", "Stoneware Mug"),
        ("Título", "Titulo Predeterminado", "Stoneware Mug"),
        ("タイトル", "デフォルトタイトル", "Stoneware Mug"),
        ("Title", "Default (Title)", "Stoneware Mug"),
        ("Size", "S", "Stoneware Mug, Size S"),
        ("Size", "", "Stoneware Mug"),
        ("Size", "a very long size name (new)", "Stoneware Mug, Size a very long size name (new)"),
    ],
)
def test_what_the_only_variant_is_is_no_variation(option: str, value: str, text: str) -> None:
    """Nobody chooses from one; but what it says of the product is a fact, if it is no placeholder."""
    options = [Option(title=option, values=(value,))]
    found = validated(a_product(options=options, variants=[a_variant(options={option: value})]))
    assert listing_of(found).inventory == Inventory((Offering("MUG-1", (), Decimal("29.99"), 10),))
    assert (codes(found), listing_of(found).images[0].alt_text) == ([], text)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.text(max_size=10), st.text(max_size=30), max_size=5))
def test_whatever_options_the_only_variant_has_it_is_one_offering(options: dict[str, str]) -> None:
    named = [Option(title=name, values=(value,)) for name, value in options.items()]
    found = validated(a_product(options=named, variants=[a_variant(options=options)]))
    assert (found.errors, listing_of(found).inventory.properties) == ((), ())
    assert len(listing_of(found).inventory.offerings) == 1


@pytest.mark.parametrize(
    ("option", "values"),
    [
        ("Title", ("Default Title", "Default Title")),
        ("Title", ("Default Title", "default  title")),
        ("Title", ("Default-Title", "")),
        ("Titel", ("Standardtitel", "Standardtitel")),
        ("Titre", ("Titre par défaut", "Titre par défaut")),
        ("Título", ("Título predeterminado", "Título predeterminado")),
        ("タイトル", ("デフォルトタイトル", "デフォルトタイトル")),
        ("Default option", ("Default option value", "Default option value")),
    ],
)
def test_a_placeholder_beside_a_real_option_is_none_either(option: str, values: tuple[str, str]) -> None:
    found = validated(beside_sizes(option, values))
    assert [item.name for item in listing_of(found).inventory.properties] == ["Size"]
    assert (codes(found), listing_of(found).images[0].alt_text) == ([], "Stoneware Mug")


def beside_sizes(option: str, values: tuple[str, str]) -> Product:
    """Two sizes, each with a value of another option."""
    sizes = dict(zip(("S", "L"), values, strict=True))
    options = [Option(title=option, values=tuple(dict.fromkeys(values))), Option(title="Size", values=("S", "L"))]
    return a_product(
        options=options,
        variants=[a_variant(id=s, sku=s, options={option: value, "Size": s}) for s, value in sizes.items()],
    )


@pytest.mark.parametrize(
    ("option", "values"),
    [("Material", ("Cotton", "Cotton")), ("Title", ("Default Title", "Large")), ("Titel", ("Standard", "Standard"))],
)
def test_an_option_with_one_value_stays_a_variation_where_etsy_takes_it(option: str, values: tuple[str, str]) -> None:
    """It may be one on Etsy today."""
    names = [item.name for item in listing_of(validated(beside_sizes(option, values))).inventory.properties]
    assert names == [option, "Size"]


@pytest.mark.parametrize(
    ("option", "value"), [("Title", "Default (new)"), ("Set (of 2)", "Cotton"), ("", "Cotton"), ("Fit", "Wide (XL)")]
)
def test_one_that_etsy_would_refuse_is_left_out_and_told(option: str, value: str) -> None:
    found = validated(beside_sizes(option, (value, value)))
    assert [item.name for item in listing_of(found).inventory.properties] == ["Size"]
    assert codes(found) == ["variation_left_out"]
    assert f"{value!r}" in found.warnings[0].message


def test_of_four_options_the_one_with_one_value_is_left_out() -> None:
    cells = [("Cotton", "S", "Red", "Slim"), ("Cotton", "M", "Blue", "Wide")]
    names = ("Material", "Size", "Color", "Fit")
    variants = [a_variant(id=cell[1], sku=cell[1], options=dict(zip(names, cell, strict=True))) for cell in cells]
    options = [Option(title=name, values=column) for name, column in zip(names, zip(*cells, strict=True), strict=True)]
    red = TaxonomyValue(1, "Red"), TaxonomyValue(2, "Blue")
    offered = {891: (TaxonomyProperty(200, "Primary color", red, supports_variations=True),)}
    found = validated(a_product(options=options, variants=variants), properties=offered)
    assert [item.name for item in listing_of(found).inventory.properties] == ["Size", "Fit", "Primary color"]
    assert (codes(found), len(listing_of(found).inventory.offerings)) == (["variation_left_out"], 8)
    assert "Material Cotton" in listing_of(found).images[0].alt_text, "it is a fact all the same"


def test_two_variants_that_nothing_tells_apart_are_told() -> None:
    options = [Option(title="Title", values=("Default Title",))]
    twice = [a_variant(id=s, sku=s, options={"Title": "Default Title"}) for s in "ab"]
    found = validated(a_product(options=options, variants=twice))
    assert [item.message for item in found.errors] == ["The product has 2 variants, and no option tells them apart."]


def test_options_and_skus_are_what_their_entities_mean() -> None:
    """Etsy's answers are unescaped; what was sent with entities was another SKU in every sync."""
    values = ("Red &amp; Blue", "5&quot;")
    skus = {"Red &amp; Blue": "A&amp;B", "5&quot;": "A&amp;#39;1"}
    product = a_product(
        options=[Option(title="Color &amp; Glaze", values=values)],
        variants=[a_variant(id=v, sku=skus[v], options={"Color &amp; Glaze": v}) for v in values],
    )
    found = validated(product)
    inventory = listing_of(found).inventory
    assert [item.name for item in inventory.properties] == ["Color & Glaze"]
    assert [(item.values, item.sku) for item in inventory.offerings] == [(("Red & Blue",), "A&B"), (('5"',), "A'1")]
    assert found.identity.skus == ("A&B", "A'1")


@pytest.mark.parametrize("sku", ["R&B-1", "R&GT-1", '5"x7', "O'Neil", "<x>", "A & B", "&-1"])
def test_a_sku_that_is_no_entity_stays_as_it_is(sku: str) -> None:
    assert tidy_sku(sku) == sku


def test_by_what_it_is_the_only_variant_is_still_found_on_etsy() -> None:
    product = a_product(options=[Option(title="Size", values=("S",))], variants=[a_variant(options={"Size": "S"})])
    assert [item.values for item in validated(product).identity.variants] == [("S",)]


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
    assert (missing.is_enabled, missing.sku, missing.price) == (False, "", Decimal("29.99"))


def test_a_value_that_no_variant_has_makes_no_column() -> None:
    variants = [a_variant(id=size, sku=size, options={"Size": size}) for size in ("S", "L")]
    product = a_product(options=[Option(title="Size", values=("S", "M", "L"))], variants=variants)
    assert [item.values for item in listing_of(validated(product)).inventory.offerings] == [("S",), ("L",)]


def test_a_combination_without_stock_is_disabled() -> None:
    product = a_product_with(("S", "L"), ("Red",))
    empty = product.variants[0].model_copy(update={"available": 0})
    found = validated(product.model_copy(update={"variants": (empty, *product.variants[1:])}))
    assert [(item.quantity, item.is_enabled) for item in listing_of(found).inventory.offerings] == [
        (0, False), (10, True)
    ]  # fmt: skip
    assert listing_of(found).inventory.quantity_on_property == (513,)


def grid_of(**facts: tuple[Any, ...]) -> Inventory:
    """Two sizes by two colors; each fact lists the values of S-Red, S-Blue, L-Red, L-Blue."""
    variants = []
    for position, (size, color) in enumerate(combinations(("S", "L"), ("Red", "Blue"))):
        values = {name: value[position] for name, value in facts.items()}
        if "price" in values:
            values["prices"] = {"USD": values.pop("price")}
        variants.append(
            a_variant(**({"id": f"{size}{color}", "sku": "ONE", "options": {"Size": size, "Color": color}} | values))
        )
    return listing_of(validated(a_product_with(variants=variants))).inventory


@pytest.mark.parametrize(
    ("values", "properties"),
    [
        ((5, 5, 5, 5), ()),
        ((5, 5, 7, 7), (513,)),
        ((5, 7, 5, 7), (514,)),
        ((5, 7, 7, 5), (513, 514)),
        ((5, 7, 8, 9), (513, 514)),
    ],
)
def test_what_varies_names_the_fewest_properties_along_which_it_does(
    values: tuple[int, ...], properties: tuple[int, ...]
) -> None:
    """Zero, one or all; where one is named, all cells that share its value must agree (FACTS §7)."""
    assert grid_of(price=values).price_on_property == properties
    assert grid_of(available=values).quantity_on_property == properties
    assert grid_of(sku=tuple(map(str, values))).sku_on_property == properties


def test_one_size_by_several_colors_varies_by_color_alone() -> None:
    grid = listing_of(validated(a_product_with(("One size",), ("Red", "Blue", "Green")))).inventory
    assert (len(grid.properties), grid.sku_on_property) == (2, (514,))


@pytest.mark.parametrize(("sku", "found"), [("same", []), (None, ["too_many_offerings"])])
def test_more_than_400_offerings_go_only_where_nothing_differs_in_each(sku: str | None, found: list[str]) -> None:
    """FACTS §7: 4,900 for two properties, 400 as soon as something varies along both."""
    product = a_product_with(tuple(f"s{n}" for n in range(21)), tuple(f"c{n}" for n in range(20)))
    if sku:
        product = product.model_copy(update={"variants": [v.model_copy(update={"sku": sku}) for v in product.variants]})
    assert [code for code in codes(validated(product)) if code != "sku_repeated"] == found


def test_values_that_no_variant_has_do_not_count() -> None:
    values = tuple(f"v{number}" for number in range(100))
    variants = [a_variant(id=value, sku=value, options={"Size": value}) for value in ("v7", "v8")]
    assert codes(validated(a_product(options=[Option(title="Size", values=values)], variants=variants))) == []


def test_wrong_options_are_told_along_with_wrong_prices() -> None:
    product = a_product(
        options=[Option(title="Size", values=("S (small)", "L"))],
        variants=[a_variant(id=size, sku=size, options={"Size": size}, prices={}) for size in ("S (small)", "L")],
    )
    assert codes(validated(product)) == ["price_currency_missing", "variation_value_forbidden"]


def test_a_thousand_variants_are_told_in_a_few_lines() -> None:
    variants = [a_variant(id=f"v{number}", sku=f"s{number}") for number in range(1000)]
    found = validated(a_product(options=[Option(title="Size", values=("S",))], variants=variants))
    assert len(found.verdicts) == 5
    assert found.verdicts[-1].message.endswith("(995 more likewise)")


SIZES, COLORS = ("S", "M", "L"), ("Red", "Blue", "Green")
CELLS = st.dictionaries(
    st.tuples(st.sampled_from(SIZES), st.sampled_from(COLORS)),
    st.tuples(st.integers(1, 3), st.integers(0, 2), st.sampled_from(["a", "b", None])),
    min_size=2,
)


def product_from(cells: dict[tuple[str, str], tuple[int, int, str | None]]) -> Product:
    variants: list[Variant] = [
        a_variant(
            id=f"{size}-{color}",
            options={"Size": size, "Color": color},
            prices={"USD": price},
            available=stock,
            sku=sku,
        )
        for (size, color), (price, stock, sku) in cells.items()
    ]
    return a_product_with(SIZES, COLORS, variants=variants)


@settings(max_examples=100, deadline=None)
@given(CELLS)
def test_every_grid_is_rectangular_and_true(cells: dict[tuple[str, str], tuple[int, int, str | None]]) -> None:
    grid = listing_of(validated(product_from(cells))).inventory
    axes = [dict.fromkeys(item.values[axis] for item in grid.offerings) for axis in range(2)]
    assert [item.values for item in grid.offerings] == list(combinations(*axes))
    for offering in grid.offerings:
        told = cells.get((offering.values[0], offering.values[1]))
        assert offering.is_enabled == bool(told and told[1]), "what is not sold, or is sold out, is disabled"
        if told:
            assert (offering.price, offering.quantity, offering.sku) == (Decimal(told[0]), told[1], told[2] or "")
    of: Callable[[Offering], object]
    for named, of in (
        (grid.price_on_property, lambda item: item.price),
        (grid.quantity_on_property, lambda item: item.quantity),
        (grid.sku_on_property, lambda item: item.sku),
    ):
        kept = [axis for axis, item in enumerate(grid.properties) if item.property_id in named]
        groups: dict[tuple[str, ...], set[object]] = {}
        for offering in grid.offerings:
            groups.setdefault(tuple(offering.values[axis] for axis in kept), set()).add(of(offering))
        assert all(len(values) == 1 for values in groups.values()), "cells that share the named values agree"
