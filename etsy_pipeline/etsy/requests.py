"""A Listing → what Etsy's endpoints take: forms for the listing, JSON for the inventory (FACTS §4-§7).

The fields of both forms stand in one table each, in Etsy's names. Arrays are one comma-joined value (FACTS §4).
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from etsy_pipeline.listings.listing import Inventory, Listing

Form = dict[str, str]

# Fields of createDraftListing and updateListing alike. A value of None or "" is left out; an empty array is sent in an
# update (it clears the field) but not in a create.
_SHARED: Mapping[str, Callable[[Listing], object]] = {
    "title": lambda listing: listing.title,
    "description": lambda listing: listing.description,
    "who_made": lambda listing: listing.who_made,
    "when_made": lambda listing: listing.when_made,
    "taxonomy_id": lambda listing: listing.taxonomy_id,
    "shipping_profile_id": lambda listing: listing.shipping_profile_id,
    "return_policy_id": lambda listing: listing.return_policy_id,
    "shop_section_id": lambda listing: listing.shop_section_id,
    "tags": lambda listing: listing.tags,
    "materials": lambda listing: listing.materials,
    "item_weight": lambda listing: listing.item_weight,
    "item_weight_unit": lambda listing: listing.item_weight_unit,
    "item_length": lambda listing: listing.item_length,
    "item_width": lambda listing: listing.item_width,
    "item_height": lambda listing: listing.item_height,
    "item_dimensions_unit": lambda listing: listing.item_dimensions_unit,
    "production_partner_ids": lambda listing: listing.production_partner_ids,
    "is_supply": lambda listing: listing.is_supply,
    "should_auto_renew": lambda listing: listing.should_auto_renew,
    "type": lambda listing: listing.type,
}

_CREATE_ONLY: Mapping[str, Callable[[Listing], object]] = {
    "price": lambda listing: listing.price,
    "quantity": lambda listing: listing.quantity,
    "readiness_state_id": lambda listing: listing.readiness_state_id,
}


def create_form(listing: Listing, *, reference: str) -> Form:
    """The form of createDraftListing; the description ends with our reference (see `adoption`)."""
    values = {name: value(listing) for name, value in {**_SHARED, **_CREATE_ONLY}.items()}
    values["description"] = with_reference(listing.description, reference)
    return {name: _text(value) for name, value in values.items() if value not in {None, "", ()}}


def update_form(listing: Listing, fields: Iterable[str]) -> Form:
    """The form of updateListing with these fields of the Listing; others do not belong in it and are left out."""
    wanted = set(fields)
    values = {name: value(listing) for name, value in _SHARED.items() if name in wanted}
    return {name: _text(value) for name, value in values.items() if value is not None}


def inventory_body(inventory: Inventory, *, readiness_state_id: int | None) -> dict[str, Any]:
    """The JSON of updateListingInventory: every product, each offering with its readiness state (FACTS §0.6)."""
    return {
        "products": [
            {
                "sku": offering.sku,
                "property_values": [
                    {"property_id": item.property_id, "property_name": item.name, "value_ids": [], "values": [value]}
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
