"""A Listing → what Etsy's endpoints take: forms for the listing, JSON for the inventory (FACTS §4-§7).

The fields of both forms stand in one table each, in Etsy's names. Arrays are one comma-joined value (FACTS §4).
"""

import functools
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from etsy_pipeline.listings.eu_guarantee import FIELDS as GUARANTEE_FIELDS
from etsy_pipeline.listings.listing import (
    Attribute,
    Inventory,
    Listing,
    PersonalizationQuestion,
    Translation,
    VariationProperty,
)
from etsy_pipeline.planning.fields import with_companions
from etsy_pipeline.providers.protocols import ListingChange

Form = dict[str, str]


def _guarantee(name: str, listing: Listing) -> str | None:
    return dict(listing.eu_guarantee).get(name)


class Field(NamedTuple):
    """A field of Etsy's forms: the field of a plan that it belongs to, and its value."""

    belongs_to: str
    value: Callable[[Listing], object]


# Fields of createDraftListing and updateListing alike; what comes back as it was sent is read by it, too (`live.py`).
# A value of None is Etsy's own and left out; an empty array is sent in an update (it clears the field) but not in a
# create.
SHARED: Mapping[str, Field] = {
    "title": Field("title", lambda listing: listing.title),
    "description": Field("description", lambda listing: listing.description),
    "who_made": Field("who_made", lambda listing: listing.who_made),
    "when_made": Field("when_made", lambda listing: listing.when_made),
    "taxonomy_id": Field("taxonomy_id", lambda listing: listing.taxonomy_id),
    "shipping_profile_id": Field("shipping_profile", lambda listing: listing.shipping_profile_id),
    "return_policy_id": Field("return_policy", lambda listing: listing.return_policy_id),
    "shop_section_id": Field("shop_section", lambda listing: listing.shop_section_id),
    "tags": Field("tags", lambda listing: listing.tags),
    "materials": Field("materials", lambda listing: listing.materials),
    "item_weight": Field("weight", lambda listing: listing.item_weight),
    "item_weight_unit": Field("weight", lambda listing: listing.item_weight_unit),
    "item_length": Field("dimensions", lambda listing: listing.item_length),
    "item_width": Field("dimensions", lambda listing: listing.item_width),
    "item_height": Field("dimensions", lambda listing: listing.item_height),
    "item_dimensions_unit": Field("dimensions", lambda listing: listing.item_dimensions_unit),
    "production_partner_ids": Field("production_partners", lambda listing: listing.production_partner_ids),
    "is_supply": Field("is_supply", lambda listing: listing.is_supply),
    "is_taxable": Field("is_taxable", lambda listing: listing.is_taxable),
    "should_auto_renew": Field("should_auto_renew", lambda listing: listing.should_auto_renew),
    "type": Field("type", lambda listing: listing.type),
    **{name: Field("eu_guarantee", functools.partial(_guarantee, name)) for name in GUARANTEE_FIELDS},
}

_CREATE_ONLY: Mapping[str, Field] = {
    "price": Field("price", lambda listing: listing.price),
    "quantity": Field("quantity", lambda listing: listing.quantity),
    "readiness_state_id": Field("processing_profile", lambda listing: listing.readiness_state_id),
    "styles": Field("styles", lambda listing: listing.styles),
    "is_customizable": Field("is_customizable", lambda listing: listing.is_customizable),
}


def create_form(listing: Listing, *, reference: str) -> Form:
    """The form of createDraftListing; the description ends with our reference (see `adoption`)."""
    values = {name: field.value(listing) for name, field in {**SHARED, **_CREATE_ONLY}.items()}
    values["description"] = with_reference(listing.description, reference)
    return {name: _text(value) for name, value in values.items() if value not in {None, "", ()}}


def update_form(listing: Listing, fields: Iterable[str]) -> Form:
    """The form of updateListing for these fields of a plan; those that do not belong in it are left out."""
    wanted = with_companions(fields)
    values = {name: field.value(listing) for name, field in SHARED.items() if field.belongs_to in wanted}
    return {name: _text(value) for name, value in values.items() if value is not None}


def change_form(change: ListingChange) -> Form:
    """The form of updateListing for a change: fields, then the order of the pictures, then the state."""
    form = {} if change.listing is None else update_form(change.listing, change.fields)
    if change.image_ids:
        form["image_ids"] = comma_joined(change.image_ids)
    if change.state:
        form["state"] = change.state
    if form and change.listing is not None and change.listing.type == "download":
        form["type"] = "download"  # left out, Etsy asks for a shipping profile (LISTING_EXTRAS §4, #462)
    return form


def inventory_body(inventory: Inventory, *, readiness_state_id: int | None) -> dict[str, Any]:
    """The JSON of updateListingInventory: every product, each offering with its readiness state (FACTS §0.6)."""
    return {
        "products": [
            {
                "sku": offering.sku,
                "property_values": [
                    _property_value(item, value)
                    for item, value in zip(inventory.properties, offering.values, strict=True)
                ],
                "offerings": [
                    {
                        "price": float(offering.price),
                        "quantity": offering.quantity,
                        "is_enabled": offering.is_enabled,
                        "readiness_state_id": readiness_state_id,
                    }
                ],
            }
            for offering in inventory.offerings
        ],
        "price_on_property": list(inventory.price_on_property),
        "quantity_on_property": list(inventory.quantity_on_property),
        "sku_on_property": list(inventory.sku_on_property),
        "readiness_state_on_property": [],
    }


def _property_value(item: VariationProperty, value: str) -> dict[str, Any]:
    found: dict[str, Any] = {"property_id": item.property_id, "property_name": item.name, "values": [value]}
    found["value_ids"] = [item.value_ids[value]] if value in item.value_ids else []
    return found if item.scale_id is None else found | {"scale_id": item.scale_id}


def personalization_body(questions: Iterable[PersonalizationQuestion]) -> dict[str, Any]:
    """The JSON of updateListingPersonalization, which replaces all questions; none are deleted with it."""
    return {"personalization_questions": [_question(item) for item in questions]}


def _question(item: PersonalizationQuestion) -> dict[str, Any]:
    values: dict[str, Any] = {
        "question_text": item.question_text,
        "question_type": item.question_type,
        "required": item.required,
        "instructions": item.instructions,
        "max_allowed_characters": item.max_allowed_characters,
        "max_allowed_files": item.max_allowed_files,
        "options": [{"label": label} for label in item.options] or None,
        "add_on_price": None if item.add_on_price is None else float(item.add_on_price),
    }
    return {name: value for name, value in values.items() if value is not None}


def translation_form(translation: Translation) -> Form:
    """The form of a translation; without tags where it has none of its own, so that Etsy's stay."""
    form = {"title": translation.title, "description": translation.description}
    return form | ({"tags": comma_joined(translation.tags)} if translation.tags else {})


def attribute_form(attribute: Attribute) -> Form:
    """The form of updateListingProperty: both lists are required, also where Etsy lists no values (FACTS §4)."""
    form = {"value_ids": comma_joined(attribute.value_ids), "values": comma_joined(attribute.values)}
    return form if attribute.scale_id is None else form | {"scale_id": str(attribute.scale_id)}


def with_reference(description: str, reference: str) -> str:
    """The description of a new draft: its last line carries our reference until the listing is complete."""
    return f"{description}\n\n{reference}"


def comma_joined(values: Iterable[object]) -> str:
    """An array as Etsy's forms and queries take it (FACTS §4: of repeated keys only one survives)."""
    return ",".join(str(value) for value in values)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return comma_joined(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value)
