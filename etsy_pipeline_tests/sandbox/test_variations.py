"""Variations on the local Etsy: standard properties, scales, three at once, and what varies along which (FACTS §7)."""

import itertools
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from etsy_pipeline_tests.etsy_spec import response_problems
from etsy_pipeline_tests.sandbox.conftest import PROFILE, Etsy

SIZE, COLOR, SECOND_COLOR, WIDTH, MATERIAL = 100, 200, 52047899002, 47626759898, 148789511893
US, EU, INCHES = 19, 20, 5
UNSUPPORTED = (
    "Could not update inventory with unsupported number of variations. The maximum number of supported variations is 2."
)
THIRD_IS_CUSTOM = (
    "Could not update inventory because the third variation uses a custom variation property (513 or 514)."
)
THIRD_HAS_CUSTOM_VALUES = (
    "Could not update inventory because the third variation does not support custom values. "
    "Use the property's value ids defined by the listing's taxonomy node."
)
AXES = ("price_on_property", "quantity_on_property", "sku_on_property", "readiness_state_on_property")
NONE: Mapping[str, list[int]] = {}


def properties(etsy: Etsy, taxonomy_id: int = 891, **query: str) -> list[dict[str, Any]]:
    answer = etsy("GET", f"/seller-taxonomy/nodes/{taxonomy_id}/properties", params=query).json()
    assert response_problems("getPropertiesByTaxonomyId", 200, answer) == []
    found: list[dict[str, Any]] = answer["results"]
    return found


def listed(etsy: Etsy, property_id: int, value: str, scale_id: int | None = None) -> dict[str, Any]:
    """A value that Etsy lists, as a client sends it."""
    found = next(item for item in properties(etsy) if item["property_id"] == property_id)
    ids = [
        item["value_id"] for item in found["possible_values"] if (item["name"], item["scale_id"]) == (value, scale_id)
    ]
    assert len(ids) == 1
    return {"property_id": property_id, "property_name": found["name"], "scale_id": scale_id, "value_ids": ids, "values": [value]}  # fmt: skip


def own(property_id: int, value: str, name: str = "Mine", **changes: Any) -> dict[str, Any]:
    """A value of one's own."""
    return {"property_id": property_id, "property_name": name, "value_ids": [], "values": [value], **changes}


def product(*values: dict[str, Any], sku: str = "", **offering: Any) -> dict[str, Any]:
    kept = {"price": 10.0, "quantity": 2, "is_enabled": True, "readiness_state_id": PROFILE} | offering
    return {"sku": sku, "property_values": list(values), "offerings": [kept]}


def put(
    etsy: Etsy,
    products: list[dict[str, Any]],
    listing_id: int = 0,
    most: str | None = "3",
    axes: Mapping[str, list[int]] = NONE,
) -> httpx.Response:
    body = {"products": products, **{axis: [] for axis in AXES}, **axes}
    query = {} if most is None else {"max_variations_supported": most}
    return etsy("PUT", f"/listings/{listing_id or etsy.draft()}/inventory", json=body, params=query)


def grid(*columns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [product(*cell) for cell in itertools.product(*columns)]


def sizes(count: int) -> list[dict[str, Any]]:
    return [own(513, f"Size {number}") for number in range(count)]


def colors(count: int) -> list[dict[str, Any]]:
    return [own(514, f"Color {number}") for number in range(count)]


def refused(answer: httpx.Response) -> str:
    assert answer.status_code == 400, answer.text
    words: str = answer.json()["error"]
    return words


def test_three_variations_need_the_parameter(etsy: Etsy) -> None:
    """FACTS §7."""
    products = [product(own(513, "S"), own(514, "Oak"), listed(etsy, COLOR, "Red"))]
    assert refused(put(etsy, products, most=None)) == UNSUPPORTED
    assert refused(put(etsy, products, most="2")) == UNSUPPORTED
    answer = put(etsy, products)
    assert answer.status_code == 200
    assert [len(item["property_values"]) for item in answer.json()["products"]] == [3]
    assert response_problems("updateListingInventory", 200, answer.json()) == []


@pytest.mark.parametrize("number", ["4", "x", "1", ""])
def test_the_parameter_is_two_or_three(etsy: Etsy, number: str) -> None:
    """3VAR."""
    words = f"Invalid value ({number}) for query parameter max_variations_supported."
    assert refused(put(etsy, [product(own(513, "S"))], most=number)) == words


def test_a_client_that_knows_two_variations_cannot_overwrite_three(etsy: Etsy) -> None:
    """3VAR: the request fails, and the listing keeps its variations."""
    listing_id = etsy.draft()
    put(etsy, [product(own(513, "S"), own(514, "Oak"), listed(etsy, COLOR, "Red"))], listing_id)
    assert refused(put(etsy, [product(own(513, "S"))], listing_id, most=None)) == UNSUPPORTED
    kept = etsy("GET", f"/listings/{listing_id}/inventory").json()["products"][0]["property_values"]
    assert [value["property_id"] for value in kept] == [513, 514, COLOR]
    assert put(etsy, [product(own(513, "S"))], listing_id).status_code == 200


def test_the_third_variation_is_not_custom(etsy: Etsy) -> None:
    """FACTS §7."""
    values = own(513, "S"), listed(etsy, COLOR, "Red"), own(514, "Oak")
    assert refused(put(etsy, [product(*values)])) == THIRD_IS_CUSTOM
    assert put(etsy, [product(values[0], values[2], values[1])]).status_code == 200


@pytest.mark.parametrize(
    "third",
    [
        own(COLOR, "Sunset", "Primary color"),
        own(COLOR, "Red", "Primary color"),
        own(SIZE, "Huge", "Size", scale_id=US),
        own(WIDTH, "12", "Width"),
    ],
    ids=["not listed", "listed, without its id", "not listed on the scale", "without the scale"],
)
def test_the_third_variation_takes_listed_values_only(etsy: Etsy, third: dict[str, Any]) -> None:
    """3VAR, text in full."""
    assert refused(put(etsy, [product(own(513, "S"), own(514, "Oak"), third)])) == THIRD_HAS_CUSTOM_VALUES
    assert put(etsy, [product(own(513, "S"), third)]).status_code == 200, "the second variation is free"


def test_a_scale_without_listed_values_lets_the_third_variation_have_its_own(etsy: Etsy) -> None:
    """3VAR: predefined scales and no predefined values, for example Width."""
    answer = put(etsy, [product(own(513, "S"), own(514, "Oak"), own(WIDTH, "12", "Width", scale_id=INCHES))])
    assert answer.status_code == 200
    third = answer.json()["products"][0]["property_values"][2]
    assert (third["scale_id"], third["scale_name"], third["values"]) == (INCHES, "Inches", ["12"])


def test_a_value_that_was_read_can_be_sent_again_as_the_third(etsy: Etsy) -> None:
    """FACTS §7: the ids that come back are the shop's own."""
    listing_id = etsy.draft()
    values = own(513, "S"), own(514, "Oak"), listed(etsy, COLOR, "Red")
    read = put(etsy, [product(*values)], listing_id).json()["products"][0]["property_values"]
    assert read[2]["value_ids"] != values[2]["value_ids"]
    again = [{name: item for name, item in value.items() if name != "scale_name"} for value in read]
    assert put(etsy, [product(*again)], listing_id).status_code == 200


def test_the_values_of_size_belong_to_scales(etsy: Etsy) -> None:
    """Invented, in the shape of Etsy's document."""
    size = next(item for item in properties(etsy) if item["property_id"] == SIZE)
    assert [(scale["scale_id"], scale["display_name"]) for scale in size["scales"]] == [(US, "US/Canada"), (EU, "EU")]
    names = {
        scale_id: [v["name"] for v in size["possible_values"] if v["scale_id"] == scale_id] for scale_id in (US, EU)
    }
    assert (names[US][:3], names[EU][:3]) == (["XS", "S", "M"], ["32", "34", "36"])
    ids = [item["value_id"] for found in properties(etsy) for item in found["possible_values"]]
    assert len(ids) == len(set(ids))


def test_a_value_of_a_scale_comes_back_with_it(etsy: Etsy) -> None:
    answer = put(
        etsy, [product(listed(etsy, SIZE, size, EU)) for size in ("36", "38")], axes={"price_on_property": [SIZE]}
    )
    found = [item["property_values"][0] for item in answer.json()["products"]]
    assert [(item["scale_id"], item["scale_name"], item["values"]) for item in found] == [(EU, "EU", ["36"]), (EU, "EU", ["38"])]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"scale_id": US}, "/value_ids : does not belong to the value"),
        ({"scale_id": None}, "/value_ids : does not belong to the value"),
        ({"scale_id": 999}, "/scale_id : 999 is no scale of Size"),
        ({"scale_id": INCHES}, "/scale_id : 5 is no scale of Size"),
    ],
)
def test_a_value_id_of_another_scale_is_refused(etsy: Etsy, changes: dict[str, Any], words: str) -> None:
    """Etsy's document: a value's scale is the one to which it belongs."""
    assert words in refused(put(etsy, [product(listed(etsy, SIZE, "38", EU) | changes)]))


def test_scales_are_not_mixed_along_a_property(etsy: Etsy) -> None:
    """Invented: nobody says what Etsy does."""
    products = [product(listed(etsy, SIZE, "M", US)), product(listed(etsy, SIZE, "38", EU))]
    assert "/scale_id : must be the same for every product" in refused(put(etsy, products))


def test_a_custom_property_has_no_scale(etsy: Etsy) -> None:
    """Invented: nobody says what Etsy does."""
    assert "has no scales" in refused(put(etsy, [product(own(513, "S", scale_id=US))]))


def test_a_value_of_ones_own_loses_its_scale(etsy: Etsy) -> None:
    """Issue 263 of etsy/open-api, 2022."""
    answer = put(etsy, [product(own(SIZE, "40 x 25 cm", "Size", scale_id=EU))])
    found = answer.json()["products"][0]["property_values"][0]
    assert (found["scale_id"], found["scale_name"], found["values"]) == (None, None, ["40 x 25 cm"])


def test_a_standard_property_comes_back_under_etsys_name(etsy: Etsy) -> None:
    """3VAR's example: sent as "Gemstone type", read as "Gemstone"."""
    answer = put(etsy, [product(listed(etsy, COLOR, "Red") | {"property_name": "Glaze"})])
    assert answer.json()["products"][0]["property_values"][0]["property_name"] == "Primary color"


def test_values_and_names_come_back_escaped(etsy: Etsy) -> None:
    """FACTS §0.9."""
    answer = put(etsy, [product(own(513, "Men's", "Fit & cut"))])
    found = answer.json()["products"][0]["property_values"][0]
    assert (found["property_name"], found["values"]) == ("Fit &amp; cut", ["Men&#39;s"])


@pytest.mark.parametrize(("along", "status"), [([], 200), ([513], 200), ([514], 200), ([513, 514], 400)])
def test_at_most_400_products_where_something_varies_along_all_of_two(
    etsy: Etsy, along: list[int], status: int
) -> None:
    """FACTS §7: 400 instead of 4,900."""
    answer = put(etsy, grid(sizes(41), colors(10)), axes={"price_on_property": along})
    assert answer.status_code == status
    assert status == 200 or "cannot be more than 400 items" in refused(answer)


def test_exactly_400_products_pass(etsy: Etsy) -> None:
    """FACTS §7."""
    assert put(etsy, grid(sizes(40), colors(10)), axes={"sku_on_property": [513, 514]}).status_code == 200


def test_two_properties_of_seventy_values_pass(etsy: Etsy) -> None:
    """FACTS §7: 4,900 products."""
    assert put(etsy, grid(sizes(70), colors(70))).status_code == 200


@pytest.mark.parametrize(
    ("shape", "along", "words"),
    [
        ((25, 10, 10), [], ""),
        ((26, 10, 10), [], "cannot be more than 2500 items"),
        ((10, 8, 5), [513, 514, COLOR], ""),
        ((9, 9, 5), [513, 514, COLOR], "cannot be more than 400 items"),
    ],
)
def test_products_of_three_variations_are_limited(
    etsy: Etsy, shape: tuple[int, int, int], along: list[int], words: str
) -> None:
    """FACTS §7: 2,500, and 400 as soon as something varies along all three."""
    names = ("Beige", "Black", "Blue", "Brown", "Gold", "Gray", "Green", "Pink", "Red", "White")[: shape[2]]
    third = [listed(etsy, COLOR, name) for name in names]
    answer = put(etsy, grid(sizes(shape[0]), colors(shape[1]), third), axes={"quantity_on_property": along})
    assert (words in refused(answer)) if words else (answer.status_code == 200)


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("along", [[513, 514], [513, COLOR], [514, COLOR]])
def test_of_three_variations_one_counts_or_all(etsy: Etsy, axis: str, along: list[int]) -> None:
    """FACTS §7."""
    products = [product(own(513, "S"), own(514, "Oak"), listed(etsy, COLOR, "Red"))]
    words = f"{axis}: unsupported number of property IDs. Supports only zero, one, or all variation properties (3)."
    assert refused(put(etsy, products, axes={axis: along})) == words
    for right in ([], along[:1], [513, 514, COLOR]):
        assert put(etsy, products, axes={axis: right}).status_code == 200


def test_a_property_named_twice_is_not_two(etsy: Etsy) -> None:
    products = grid(sizes(2), colors(2))
    assert "price_on_property" in refused(put(etsy, products, axes={"price_on_property": [513, 513]}))


@pytest.mark.parametrize(
    ("axis", "changes"),
    [
        ("price_on_property", {"price": 11.0}),
        ("quantity_on_property", {"quantity": 3}),
        ("sku_on_property", {"sku": "MUG-2"}),
        ("readiness_state_on_property", {"readiness_state_id": PROFILE + 1}),
    ],
)
def test_what_differs_must_vary_along_a_named_property(etsy: Etsy, axis: str, changes: dict[str, Any]) -> None:
    """FACTS §7: products that share a value of the named property must agree."""

    def answer(along: list[int]) -> httpx.Response:
        small, large = own(513, "S"), own(513, "L")
        products = [product(size, color, **(changes if size is large else {})) for size in (small, large) for color in colors(2)]  # fmt: skip
        return put(etsy, products, axes={axis: along})

    words = f"There was a problem with /{axis} : must be consistent across products with the same property values"
    assert refused(answer([])) == words
    assert refused(answer([514])) == words
    assert answer([513]).status_code == 200
    assert answer([513, 514]).status_code == 200


def test_a_property_that_the_category_has_not_is_no_variation_of_it(etsy: Etsy) -> None:
    """FACTS §7: those of the category with supports_variations."""
    sleeves, occasion = own(46803063661, "Long sleeve", "Sleeve length"), own(46803063641, "Wedding", "Occasion")
    assert "no variation property of this category" in refused(put(etsy, [product(sleeves)]))
    assert "no variation property of this category" in refused(put(etsy, [product(occasion)]))
    assert put(etsy, [product(sleeves)], etsy.draft(taxonomy_id="482")).status_code == 200


@pytest.mark.parametrize(("query", "has_occasion", "has_color"), [("true", False, True), ("false", True, False)])
def test_properties_can_be_had_by_whether_they_support_variations(
    etsy: Etsy, query: str, has_occasion: bool, has_color: bool  # noqa: FBT001 - a row
) -> None:  # fmt: skip
    """Etsy's document."""
    names = [item["name"] for item in properties(etsy, supports_variations=query)]
    assert ("Occasion" in names, "Primary color" in names) == (has_occasion, has_color)
