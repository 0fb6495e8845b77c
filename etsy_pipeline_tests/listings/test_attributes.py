"""Attributes of a listing: where they come from, which values Etsy lists, and what is told of the rest."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etsy_pipeline.catalogue.product import Category, Group, Option, Product
from etsy_pipeline.listings.codec import from_json, to_json
from etsy_pipeline.listings.listing import Attribute
from etsy_pipeline.listings.rules import RULES
from etsy_pipeline.listings.shop import Choice, TaxonomyProperty, TaxonomyValue
from etsy_pipeline.listings.verdict import ValidatedListing
from etsy_pipeline.planning.fields import same, shown
from etsy_pipeline_tests.builders import a_product, a_product_with, a_shop, a_variant, codes, listing_of, validated

EU, US = 20, 19


def listed(number: int, name: str, *values: str, **more: Any) -> TaxonomyProperty:
    found = tuple(TaxonomyValue(number * 100 + place, value) for place, value in enumerate(values))
    return TaxonomyProperty(number, name, found, supports_attributes=True, **more)


MATERIAL = listed(1, "Material", "Cotton", "Linen", "Wood", "Oak, solid", max_values=2)
ROOM = listed(2, "Room", "Bedroom", "Bathroom", "Kitchen", "Living room")
COLOR = listed(3, "Primary color", "Red", "Blue", supports_variations=True)
OCCASION = listed(4, "Occasion", "Birthday", "Wedding", "Linen")
SIZE = TaxonomyProperty(
    5,
    "Size",
    (TaxonomyValue(51, "38", EU), TaxonomyValue(52, "38", US), TaxonomyValue(53, "40", EU)),
    supports_attributes=True,
    scales=(Choice(EU, "EU"), Choice(US, "US")),
)
WIDTH = TaxonomyProperty(6, "Width", (), supports_attributes=True, scales=(Choice(7, "Centimeters"),))
CRAFT = listed(7, "Craft type", "Knitting", is_required=True)
NO_ATTRIBUTE = TaxonomyProperty(8, "Finish", (TaxonomyValue(81, "Matte"),), supports_variations=True)
OFFERED = (MATERIAL, ROOM, COLOR, OCCASION, SIZE, WIDTH, CRAFT, NO_ATTRIBUTE)


def mapped(product: Product | None = None, said: Any = None, **rules: Any) -> ValidatedListing:
    """A product with these metadata `etsy_attributes`, in a shop with these rules."""
    product = product or a_product()
    told = {} if said is None else {"etsy_attributes": said}
    product = product.model_copy(update={"metadata": {**product.metadata, "etsy_craft": "yes", **told}})
    return validated(product, a_shop(attributes=rules), properties={891: OFFERED})


def text(found: ValidatedListing) -> str:
    return shown(listing_of(found).attributes)


def told(found: ValidatedListing) -> list[str]:
    return [item.message for item in found.verdicts if item.code.startswith("attribute")]


def a_product_of(**options: str) -> Product:
    """A product with one variant and these options."""
    return a_product(
        options=[Option(title=name, values=(value,)) for name, value in options.items()],
        variants=[a_variant(options=options)],
    )


def test_a_shop_that_says_nothing_sends_no_attributes() -> None:
    assert text(mapped(a_product_of(Color="Red", Material="Cotton"))) == "–"


@pytest.mark.parametrize(
    "said",
    [
        {"Material": ["Cotton"], "Room": "Bedroom"},
        {"material": "cotton", " ROOM ": ["bedroom", "Bedroom"]},
        {"1": "Cotton", "2": "Bedroom"},
        '{"Material": "Cotton", "Room": ["Bedroom"]}',
    ],
)
def test_metadata_name_attributes_by_name_or_id_in_whatever_capitals(said: Any) -> None:
    assert listing_of(mapped(said=said)).attributes == (
        Attribute(1, "Material", ("Cotton",), (100,)),
        Attribute(2, "Room", ("Bedroom",), (200,)),
    )


@pytest.mark.parametrize(
    "said", ["Cotton", 5, ["Material"], {"Room": {"a": 1}}, {"Room": True}, "{", {"x" * 9: [None]}]
)
def test_metadata_that_name_nothing_are_told_and_not_used(said: Any) -> None:
    found = mapped(said=said)
    assert (codes(found).count("metadata_unusable"), text(found)) == (1, "–")


def test_metadata_that_never_end_are_told_and_not_used() -> None:
    assert "metadata_unusable" in codes(mapped(said="[" * 100_000))
    assert "metadata_unusable" in codes(mapped(said={str(number): "x" for number in range(1000)}))
    assert "attribute_value_unknown" in codes(mapped(said={"Room": "x" * 10_000_000}))


def test_an_unknown_value_is_told_with_the_nearest_three() -> None:
    found = mapped(said={"Room": "Bath room", "Material": ["Cotton", "Cotten"]})
    assert told(found) == [
        "Etsy lists no Room 'Bath room'; near it are: Bathroom, Bedroom, Living room.",
        "Etsy lists no Material 'Cotten'; near it are: Cotton, Linen, Wood.",
    ]
    assert text(found) == "Material: Cotton"


def test_an_unknown_attribute_is_told_with_the_nearest_names() -> None:
    (message,) = told(mapped(said={"Rooms": "Bedroom"}))
    assert message.startswith("The category has no attribute 'Rooms'; near it are: Room, ")


def test_an_attribute_that_is_only_a_variation_is_unknown() -> None:
    assert codes(mapped(said={"Finish": "Matte"})).count("attribute_unknown") == 1


def test_maps_of_the_shop_say_which_option_and_which_metadata_are_an_attribute() -> None:
    product = a_product_of(Stoff="Linen").model_copy(update={"metadata": {"etsy_taxonomy_id": 891, "where": "Kitchen"}})
    found = mapped(product, by_option={"stoff": "Material"}, by_metadata={"where": "Room", "other": "Occasion"})
    assert text(found) == "Material: Linen; Room: Kitchen"


def test_metadata_go_before_the_shops_maps_and_none_there_means_none() -> None:
    product, rules = a_product_of(Stoff="Linen", Raum="Kitchen"), {"by_option": {"Stoff": "Material", "Raum": "Room"}}
    assert text(mapped(product, {"Material": "Wood", "Room": None}, **rules)) == "Material: Wood"


def test_a_source_whose_value_is_unknown_leaves_it_to_the_next() -> None:
    found = mapped(a_product_of(Stoff="Linen"), {"Material": "Linnen"}, by_option={"Stoff": "Material"})
    assert text(found) == "Material: Linen"


@pytest.mark.parametrize(
    "group",
    [
        {"categories": [Category(id="pcat_1", name="Beds", parents=(Group(id="pcat_0", name="Home"),))]},
        {"categories": [Category(id="x", name="Sheets", parents=(Group(id="pcat_1", name="y"),))]},
        {"collection": Group(id="pcol", name="Beds")},
        {"type": Group(id="ptyp", name="Beds")},
    ],
)
def test_a_category_of_medusa_a_collection_or_a_type_says_what_all_its_products_are(group: dict[str, Any]) -> None:
    rules = {"by_category": {"Beds": {"Room": ["Bedroom"]}, "pcat_1": {"Room": ["Bedroom"]}}}
    assert text(mapped(a_product(**group), **rules)) == "Room: Bedroom"
    assert text(mapped(a_product(**group), {"Room": "Kitchen"}, **rules)) == "Room: Kitchen"


def test_guesses_are_options_of_one_value_and_words_that_are_one_attributes_value() -> None:
    product = a_product_of(Color="blue").model_copy(update={"material": "Wood, Steel", "tags": ("wedding", "mug")})
    assert text(mapped(product, guess=True)) == "Primary color: Blue; Material: Wood; Occasion: Wedding"


def test_a_word_that_could_be_two_attributes_is_no_guess() -> None:
    assert text(mapped(a_product(material="Linen"), guess=True)) == "–"


def test_a_guess_that_etsy_does_not_list_is_told_only_where_its_option_is_called_as_the_attribute() -> None:
    found = mapped(a_product_of(Color="Ruby", Glaze="Matte").model_copy(update={"tags": ("mug",)}), guess=True)
    assert told(found) == ["Etsy lists no Primary color 'Ruby'; near it are: Red, Blue."]


def test_what_a_listing_varies_by_is_no_attribute() -> None:
    product = a_product_with(("S", "L"), ("Red", "Blue"))
    found = mapped(product, {"Primary color": "Red", "Room": "Kitchen"}, guess=True)
    assert {item.property_id for item in listing_of(found).inventory.properties} >= {3}
    assert text(found) == "Room: Kitchen"


def test_more_values_than_etsy_takes_are_left_out_and_told() -> None:
    found = mapped(said={"Material": ["Wood", "Linen", "Cotton"], "Room": ["Kitchen", "Bedroom"]})
    assert text(found) == "Material: Wood, Linen; Room: Kitchen"
    assert told(found) == [
        "Of Material Etsy takes at most 2; these are left out: Cotton.",
        "Of Room Etsy takes at most 1; these are left out: Bedroom.",
    ]


def test_a_value_that_cannot_be_sent_is_told() -> None:
    found = mapped(said={"Material": "oak, solid"})
    assert codes(found).count("attribute_value_unknown") == 2, "a comma parts two values"
    found = mapped(said={"Material": ["oak, solid"]})
    assert codes(found).count("attribute_value_unsendable") == 1


@pytest.mark.parametrize(
    ("said", "scale_id", "value_id"), [("38 EU", EU, 51), ("38 us", US, 52), ("40", EU, 53), (["38", "40"], EU, 51)]
)
def test_values_of_scales_are_of_one_scale(said: Any, scale_id: int, value_id: int) -> None:
    (found,) = listing_of(mapped(said={"Size": said})).attributes
    assert (found.scale_id, found.value_ids[0]) == (scale_id, value_id)


def test_a_value_that_several_scales_list_is_told() -> None:
    found = mapped(said={"Size": "38"})
    assert (told(found), text(found)) == (["Of which scale is Size '38'? There are: EU, US."], "–")


def test_attributes_without_listed_values_are_sent_only_where_the_shop_wants_to_try() -> None:
    assert codes(mapped(said={"Width": "12 Centimeters"})).count("attribute_free") == 1
    (found,) = listing_of(mapped(said={"Width": "12 centimeters"}, free="try")).attributes
    assert found == Attribute(6, "Width", ("12",), (), 7)
    assert codes(mapped(said={"Width": "12"}, free="try")).count("attribute_scale_missing") == 1


def test_the_most_are_sent_and_those_that_etsy_asks_for_first() -> None:
    said = {"Material": "Wood", "Room": "Kitchen", "Craft type": "Knitting"}
    found = mapped(said=said, most=2)
    assert text(found) == "Craft type: Knitting; Material: Wood"
    assert "without: Room: Kitchen." in next(
        item.message for item in found.verdicts if item.code == "too_many_attributes"
    )


def test_a_required_attribute_that_is_set_is_not_missing() -> None:
    assert "taxonomy_property_required" in codes(mapped())
    assert "taxonomy_property_required" not in codes(mapped(said={"Craft type": "Knitting"}))


def test_where_the_category_could_not_be_read_nothing_is_taken_away() -> None:
    """Absent is not empty: the product waits for a plan that knows."""
    product = a_product(metadata={"etsy_taxonomy_id": 891, "etsy_attributes": {"Room": "Kitchen"}})
    assert codes(validated(product, a_shop(), properties={})) == ["attributes_unreadable"]
    assert codes(validated(a_product(), a_shop(), properties={})) == []


def test_attributes_that_are_the_sellers_are_not_looked_at() -> None:
    product = a_product(metadata={"etsy_taxonomy_id": 891, "etsy_attributes": {"Room": "Cellar"}})
    shop = a_shop(ownership={"attributes": "seller"})
    assert told(validated(product, shop, properties={891: OFFERED})) == []


def test_what_etsy_refused_within_the_last_day_is_told() -> None:
    product = a_product(metadata={"etsy_taxonomy_id": 891, "etsy_attributes": {"Room": "Kitchen", "Material": "Wood"}})
    found = validated(product, a_shop(), properties={891: OFFERED}, refused_attributes={2})
    (verdict,) = [item for item in found.verdicts if item.code == "attribute_refused"]
    assert (verdict.field, verdict.severity) == ("attributes[2]", "warning")
    assert "Room: Kitchen" in verdict.message


def test_attributes_read_as_a_person_writes_them_and_are_the_same_in_any_order() -> None:
    one, other = Attribute(1, "Material", ("Wood", "Linen"), (1, 2)), Attribute(2, "Room", ("Kitchen",), (3,))
    assert shown((one, other)) == "Material: Wood, Linen; Room: Kitchen"
    assert same("attributes", (one, other), (other, Attribute(1, "Material", ("linen", "wood"), (9, 8))))
    assert not same("attributes", (one,), (other,))
    assert not same(
        "attributes", (Attribute(5, "Size", ("38",), (51,), EU),), (Attribute(5, "Size", ("38",), (52,), US),)
    )


@settings(max_examples=100, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10) | st.just("Room"), inner, max_size=3)
        ),
    )
)
def test_nothing_that_metadata_hold_makes_the_mapping_raise(said: Any) -> None:
    product = a_product_of(Color="Red", Size="38").model_copy(update={"material": "Wood, \x00", "tags": ("Wedding",)})
    product = product.model_copy(update={"metadata": {"etsy_taxonomy_id": 891, "etsy_attributes": said, "where": said}})
    rules = {"guess": True, "free": "try", "by_metadata": {"where": "Room"}, "by_option": {"Size": "Width"}}
    found = validated(product, a_shop(attributes=rules), properties={891: OFFERED})
    assert found.listing is not None
    assert from_json(to_json(found)) == found


def test_every_rule_of_attributes_is_broken_here() -> None:
    """A new one needs a test above."""
    assert {code for code in RULES if "attribute" in code} == {
        "attributes_unreadable", "attribute_unknown", "attribute_value_unknown", "attribute_values_too_many",
        "attribute_value_unsendable", "attribute_scale_missing", "attribute_free", "attribute_refused",
        "too_many_attributes",
    }  # fmt: skip
