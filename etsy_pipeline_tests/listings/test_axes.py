"""Options → Etsy's properties: standard ones where category and values allow it, and three axes (FACTS §7)."""

from decimal import Decimal
from typing import Any

import pytest

from etsy_pipeline.catalogue.product import Option, Product
from etsy_pipeline.listings.listing import Inventory, VariationProperty
from etsy_pipeline.listings.shop import TaxonomyProperty, TaxonomyValue
from etsy_pipeline_tests.builders import a_product, a_product_with, a_shop, a_variant, codes, listing_of, validated

COLOR = TaxonomyProperty(
    200,
    "Primary color",
    tuple(TaxonomyValue(n, name) for n, name in enumerate(("Red", "Blue"), 1)),
    supports_variations=True,
)
US, EU = 19, 20
SIZE = TaxonomyProperty(
    100,
    "Size",
    (TaxonomyValue(31, "S", US), TaxonomyValue(32, "L", US), TaxonomyValue(41, "44", EU)),
    supports_variations=True,
)
OCCASION = TaxonomyProperty(9, "Occasion", (TaxonomyValue(1, "S"),), supports_variations=False)
OFFERED = {891: (COLOR, SIZE, OCCASION)}


def grid(product: Product, **shop: Any) -> Inventory:
    return listing_of(validated(product, a_shop(**shop), properties=OFFERED)).inventory


def test_an_option_whose_values_etsy_lists_is_a_standard_property_with_their_ids() -> None:
    assert grid(a_product_with()).properties == (
        VariationProperty(100, "Size", US, {"S": 31, "L": 32}),
        VariationProperty(200, "Primary color", None, {"Red": 1, "Blue": 2}),
    )


def test_values_are_spelled_as_etsy_spells_them() -> None:
    found = grid(a_product_with(("s", "l"), ("RED",)))
    assert {offering.values for offering in found.offerings} == {("S", "Red"), ("L", "Red")}


@pytest.mark.parametrize(
    ("product", "shop"),
    [
        (a_product_with(("S", "Huge")), {}),
        (a_product_with(("S", "44")), {}),
        (a_product_with(), {"use_standard_properties": False}),
        (a_product_with(), {"variation_properties": {"Size": 0, "Color": 0}}),
    ],
    ids=["a value is not listed", "values of two scales", "the shop wants none", "the shop says so of the option"],
)
def test_else_it_is_a_custom_property_under_its_own_name(product: Product, shop: dict[str, Any]) -> None:
    assert VariationProperty(513, "Size") in grid(product, **shop).properties


def test_an_option_of_another_name_is_mapped_by_a_setting() -> None:
    product = a_product(
        options=[Option(title="Farbe", values=("Red", "Blue"))],
        variants=[a_variant(id=c, sku=c, options={"Farbe": c}) for c in ("Red", "Blue")],
    )
    assert grid(product).properties[0].property_id == 513
    assert grid(product, variation_properties={"Farbe": 200}).properties[0].property_id == 200


def by_three(*titles: str, all_vary: bool = False) -> Product:
    """Two variants, which differ by the first option alone, or by all."""
    if all_vary:
        cells = [dict.fromkeys(titles, value) for value in ("x", "y")]
        return a_product(
            options=[Option(title=title, values=("x", "y")) for title in titles],
            variants=[a_variant(id=f"v{number}", sku=f"v{number}", options=cell) for number, cell in enumerate(cells)],
        )
    first = titles[0]
    options = {title: "Red" if title == "Color" else "x" for title in titles}
    values = {title: (value,) for title, value in options.items()} | {first: (options[first], "Blue")}
    return a_product(
        options=[Option(title=title, values=value) for title, value in values.items()],
        variants=[a_variant(id=value, sku=value, options=options | {first: value}) for value in values[first]],
    )


def test_of_three_axes_the_third_is_a_standard_one() -> None:
    found = grid(by_three("Color", "Glaze", "Foot"))
    assert [item.property_id for item in found.properties] == [513, 514, 200]
    assert found.offerings[0].values == ("x", "x", "Red")


def test_three_axes_of_which_etsy_knows_none_cannot_be_sold() -> None:
    found = validated(by_three("Glaze", "Foot", "Rim", all_vary=True), properties=OFFERED)
    assert codes(found) == ["third_variation_custom"]
    assert "Glaze, Foot, Rim" in found.errors[0].message


def test_an_option_with_one_value_that_would_be_a_third_custom_one_is_left_out_and_told() -> None:
    """Refused once: Titel=Standard beside two options of the shop's own."""
    found = validated(by_three("Glaze", "Foot", "Titel"), properties=OFFERED)
    assert [item.name for item in listing_of(found).inventory.properties] == ["Glaze", "Foot"]
    assert [item.values for item in listing_of(found).inventory.offerings] == [("x", "x"), ("Blue", "x")]
    assert [item.message for item in found.verdicts] == [
        "The option 'Titel' has one value, 'x'; with it Etsy would refuse the product, and it is left out."
    ]


def test_a_required_property_is_told_unless_the_product_varies_by_it() -> None:
    required = {891: (TaxonomyProperty(100, "Size", SIZE.values, supports_variations=True, is_required=True),)}
    assert codes(validated(a_product(), properties=required)) == ["taxonomy_property_required"]
    assert codes(validated(a_product_with(), properties=required)) == []


@pytest.mark.parametrize(
    ("axes", "most"), [((70, 1), 70), ((400, 1), None), ((20, 20), 400), ((21, 20), None)], ids=str
)
def test_where_every_cell_has_its_own_sku_400_fit(axes: tuple[int, int], most: int | None) -> None:
    product = a_product_with(tuple(f"s{n}" for n in range(axes[0])), tuple(f"c{n}" for n in range(axes[1])))
    found = validated(product)
    assert (len(found.listing.inventory.offerings) if found.listing else None) == most


def test_where_nothing_differs_on_all_axes_thousands_fit() -> None:
    product = a_product_with(tuple(f"s{n}" for n in range(60)), tuple(f"c{n}" for n in range(60)))
    same = [item.model_copy(update={"sku": None}) for item in product.variants]
    found = listing_of(validated(product.model_copy(update={"variants": tuple(same)}))).inventory
    assert len(found.offerings) == 3600
    assert (found.price_on_property, found.quantity_on_property, found.sku_on_property) == ((), (), ())


def test_a_cell_that_is_not_sold_adds_no_axis() -> None:
    """Its price is that of its size, so that prices still vary by size only."""
    product = a_product_with()
    prices = {"S": Decimal(10), "L": Decimal(12)}
    variants = [v.model_copy(update={"prices": {"USD": prices[v.options["Size"]]}}) for v in product.variants[:3]]
    found = listing_of(validated(a_product_with(variants=variants))).inventory
    assert found.price_on_property == (513,)
    missing = next(item for item in found.offerings if item.values == ("L", "Blue"))
    assert (str(missing.price), missing.is_enabled) == ("12.00", False)
