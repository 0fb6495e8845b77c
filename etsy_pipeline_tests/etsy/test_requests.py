"""Every body that this code can send is what Etsy's own OpenAPI document takes (fields, types, enums, encodings)."""

import json
from decimal import Decimal
from typing import Any

import pytest
import regex
from hypothesis import event, given, settings
from hypothesis import strategies as st

from etsy_pipeline.catalogue.product import Product
from etsy_pipeline.etsy.requests import create_form, inventory_body, personalization_body, update_form
from etsy_pipeline.listings.listing import Inventory, Listing, ListingImage, Offering, VariationProperty
from etsy_pipeline.listings.origin import older_values, recent_values
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.planning.fields import FIELDS
from etsy_pipeline_tests.builders import a_listing, two_sizes, validated
from etsy_pipeline_tests.etsy_spec import decoded, problems, request_schema
from etsy_pipeline_tests.strategies import PRODUCTS, SETTINGS, SHOPS, listable_products

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
    form = update_form(listing, FIELDS) | {"state": "active", "image_ids": "1,2"}
    assert problems(schema, decoded(form, schema)) == []


@settings(max_examples=150, deadline=None)
@given(inventories())
def test_inventory_bodies_are_as_etsys_document_says(inventory: Inventory) -> None:
    content_type, schema = request_schema("updateListingInventory")
    assert content_type == "application/json"
    body = json.loads(json.dumps(inventory_body(inventory, readiness_state_id=13)))
    assert problems(schema, body) == []


REFUSED_IN_TITLES = regex.compile(r"[^\p{L}\p{Nd}\p{P}\p{Sm}\p{Zs}™©®]")  # as Etsy's document writes them
REFUSED_IN_TAGS = regex.compile(r"[^\p{L}\p{Nd}\p{Zs}\-'™©®]")
REFUSED_IN_MATERIALS = regex.compile(r"[^\p{L}\p{Nd}\p{Zs}]")


@settings(max_examples=300, deadline=None)
@given(listable_products() | PRODUCTS, SETTINGS, st.just({}) | SHOPS)
def test_whatever_a_shop_types_what_is_sent_is_as_etsys_document_says(
    product: Product, shop: ShopSettings, of_etsy: dict[str, Any]
) -> None:
    """Schema and prose: characters, lengths and counts that the document only describes."""
    listing = validated(product, shop, **of_etsy).listing
    event("can be listed" if listing else "cannot")
    if listing is None:
        return
    sent = {
        "createDraftListing": create_form(listing, reference="ref:1"),
        "updateListing": update_form(listing, FIELDS) | {"state": "active"},
    }
    for operation, form in sent.items():
        _, schema = request_schema(operation)
        values = decoded(form, schema)
        assert problems(schema, values) == []
        assert 1 <= len(values["title"]) <= 140
        assert not REFUSED_IN_TITLES.search(values["title"])
        assert all(values["title"].count(symbol) <= 1 for symbol in "%:&+")
        assert len(values.get("tags", ())) <= 13
        assert all(len(tag) <= 20 and not REFUSED_IN_TAGS.search(tag) for tag in values.get("tags", ()))
        assert not any(REFUSED_IN_MATERIALS.search(item) for item in values.get("materials", ()))
        assert all(values[name] > 0 for name in values if name.startswith("item_") and not name.endswith("unit"))
        if operation == "createDraftListing":
            assert values["price"] > 0
            assert 0 <= values["quantity"] <= 999
    body = json.loads(json.dumps(inventory_body(listing.inventory, readiness_state_id=listing.readiness_state_id)))
    assert problems(request_schema("updateListingInventory")[1], body) == []
    texts = [value for item in body["products"] for told in item["property_values"] for value in told["values"]]
    assert not any("(" in text or ")" in text for text in texts)
    questions = personalization_body(listing.personalization)
    assert problems(request_schema("updateListingPersonalization")[1], questions) == []


def test_a_standard_property_is_sent_with_the_ids_of_its_values_and_scale() -> None:
    sizes = VariationProperty(100, "Size", 19, {"S": 31})
    body = inventory_body(Inventory((Offering("A", ("S",), Decimal(1), 1),), (sizes,)), readiness_state_id=13)
    assert body["products"][0]["property_values"] == [
        {"property_id": 100, "property_name": "Size", "values": ["S"], "value_ids": [31], "scale_id": 19}
    ]


def test_what_belongs_together_is_sent_together() -> None:
    """The document: who_made, when_made and is_supply each require the others."""
    assert set(update_form(a_listing(), ["who_made"])) == {"who_made", "when_made", "is_supply"}


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
