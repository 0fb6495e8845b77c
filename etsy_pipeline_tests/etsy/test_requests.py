"""Every body that this code can send is what Etsy's own OpenAPI document takes (fields, types, enums, encodings)."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etsy_pipeline.etsy.requests import create_form, inventory_body, update_form
from etsy_pipeline.listings.listing import Inventory, Listing, ListingImage, Offering, VariationProperty
from etsy_pipeline.listings.origin import older_values, recent_values
from etsy_pipeline_tests.builders import a_listing, two_sizes
from etsy_pipeline_tests.etsy_spec import problems, request_schema

TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=30)
IDS = st.none() | st.integers(1, 2**40)
PRICES = st.decimals(Decimal("0.20"), Decimal(50_000), places=2)


@st.composite
def inventories(draw: st.DrawFn) -> Inventory:
    axes = draw(st.integers(0, 2))
    properties = tuple(VariationProperty(513 + axis, draw(TEXT)) for axis in range(axes))
    cells = st.builds(
        Offering,
        sku=st.text(max_size=10),
        values=st.tuples(*[TEXT] * axes),
        price=PRICES,
        quantity=st.integers(0, 999),
        is_enabled=st.booleans(),
    )
    along = tuple(item.property_id for item in properties)
    offerings = tuple(draw(st.lists(cells, min_size=1, max_size=4)))
    return Inventory(offerings, properties, along, (), along)


LISTINGS = st.builds(
    Listing,
    title=TEXT,
    description=TEXT,
    taxonomy_id=st.integers(1, 20_000),
    who_made=st.sampled_from(["i_did", "someone_else", "collective"]),
    when_made=st.sampled_from(sorted({*recent_values(2026), *older_values(2026)})),
    shipping_profile_id=IDS,
    return_policy_id=IDS,
    readiness_state_id=IDS,
    currency_code=st.just("USD"),
    inventory=inventories(),
    images=st.lists(st.builds(ListingImage, url=TEXT), max_size=2).map(tuple),
    tags=st.lists(TEXT, max_size=3).map(tuple),
    materials=st.lists(TEXT, max_size=3).map(tuple),
    shop_section_id=IDS,
    item_weight=st.none() | PRICES,
    item_weight_unit=st.sampled_from([None, "g", "oz"]),
    item_length=st.none() | PRICES,
    item_dimensions_unit=st.sampled_from([None, "cm", "in"]),
    production_partner_ids=st.lists(st.integers(1, 999), max_size=2).map(tuple),
    is_supply=st.booleans(),
    should_auto_renew=st.booleans(),
    type=st.sampled_from(["physical", "download", "both"]),
)


def decoded(form: dict[str, str], schema: dict[str, Any]) -> dict[str, Any]:
    """The form's values as the document types them; a field that it does not know fails."""
    values: dict[str, Any] = {}
    for name, text in form.items():
        assert name in schema["properties"], f"{name} is no field of this operation"
        values[name] = _typed(text, schema["properties"][name])
    return values


def _typed(text: str, schema: dict[str, Any]) -> Any:
    kind = schema["type"]
    if kind == "array":
        return [_typed(part, schema["items"]) for part in text.split(",") if part]
    if kind == "integer":
        return int(text)
    if kind == "number":
        return float(text)
    if kind == "boolean":
        return {"true": True, "false": False}[text]
    return text


@settings(max_examples=150, deadline=None)
@given(LISTINGS)
def test_create_forms_are_as_etsys_document_says(listing: Listing) -> None:
    content_type, schema = request_schema("createDraftListing")
    assert content_type == "application/x-www-form-urlencoded"
    assert problems(schema, decoded(create_form(listing, reference="ref:1"), schema)) == []


@settings(max_examples=150, deadline=None)
@given(LISTINGS)
def test_update_forms_are_as_etsys_document_says(listing: Listing) -> None:
    _, schema = request_schema("updateListing")
    form = update_form(listing, Listing.__dataclass_fields__) | {"state": "active", "image_ids": "1,2"}
    assert problems(schema, decoded(form, schema)) == []


@settings(max_examples=150, deadline=None)
@given(inventories())
def test_inventory_bodies_are_as_etsys_document_says(inventory: Inventory) -> None:
    content_type, schema = request_schema("updateListingInventory")
    assert content_type == "application/json"
    body = json.loads(json.dumps(inventory_body(inventory, readiness_state_id=13)))
    assert problems(schema, body) == []


def test_the_check_itself_can_fail() -> None:
    _, schema = request_schema("updateListingInventory")
    assert problems(schema, {"products": "none"}) != []
    with pytest.raises(AssertionError, match="no field"):
        decoded({"sku": "x"}, request_schema("createDraftListing")[1])


def test_arrays_are_one_comma_joined_value() -> None:
    """FACTS §4: of repeated keys Etsy keeps one, and answers 200."""
    assert create_form(a_listing(tags=("a", "b")), reference="r")["tags"] == "a,b"


def test_a_new_draft_carries_our_reference_and_no_empty_field() -> None:
    form = create_form(a_listing(tags=(), shop_section_id=None), reference="ref:1")
    assert form["description"] == "Thrown by hand.\n\nref:1"
    assert "tags" not in form
    assert "shop_section_id" not in form


def test_an_update_can_empty_a_field_that_a_create_leaves_out() -> None:
    assert update_form(a_listing(tags=()), ["tags"]) == {"tags": ""}


def test_an_update_never_sends_what_etsy_would_ignore() -> None:
    """FACTS §0.7: a price in a PATCH answers 200 and changes nothing."""
    assert update_form(a_listing(), ["price", "processing_profile", "images"]) == {}


def test_every_offering_has_a_readiness_state() -> None:
    """FACTS §0.6."""
    body = inventory_body(two_sizes(), readiness_state_id=13)
    assert [item["offerings"][0]["readiness_state_id"] for item in body["products"]] == [13, 13]
    assert [item["property_values"][0]["values"] for item in body["products"]] == [["S"], ["L"]]
