"""The Etsy listing that a product should become: Etsy's words, plain frozen values, no behaviour beyond totals.

Source: createDraftListing, updateListing, updateListingInventory and uploadListingImage in Etsy's OpenAPI document.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

WhoMade = Literal["i_did", "someone_else", "collective"]
ListingType = Literal["physical", "download", "both"]
PublishAs = Literal["draft", "active"]


@dataclass(frozen=True, slots=True)
class ListingImage:
    """A picture of the listing. `url` is where Medusa has it; the position in the listing is its rank."""

    url: str
    alt_text: str = ""


@dataclass(frozen=True, slots=True)
class VariationProperty:
    """What varies: Etsy's property id (513 and 514 are the custom ones) and its name as buyers see it."""

    property_id: int
    name: str


@dataclass(frozen=True, slots=True)
class Offering:
    """One cell of the inventory grid. `values` stand in the order of the inventory's properties.

    `price` is in major units of the shop's currency.
    """

    sku: str
    values: tuple[str, ...]
    price: Decimal
    quantity: int
    is_enabled: bool = True


@dataclass(frozen=True, slots=True)
class Inventory:
    """All offerings of a listing; no properties and one offering when nothing varies.

    The `*_on_property` ids name the properties along which price, quantity and SKU really vary: none, one or all.
    """

    offerings: tuple[Offering, ...]
    properties: tuple[VariationProperty, ...] = ()
    price_on_property: tuple[int, ...] = ()
    quantity_on_property: tuple[int, ...] = ()
    sku_on_property: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Listing:
    """A complete listing, ready to be sent. Money in major units of `currency_code`; weights and lengths have units."""

    title: str
    description: str
    taxonomy_id: int
    who_made: WhoMade
    when_made: str
    shipping_profile_id: int | None
    return_policy_id: int | None
    readiness_state_id: int | None
    currency_code: str
    inventory: Inventory
    images: tuple[ListingImage, ...] = ()
    tags: tuple[str, ...] = ()
    materials: tuple[str, ...] = ()
    shop_section_id: int | None = None
    item_weight: Decimal | None = None
    item_weight_unit: str | None = None
    item_length: Decimal | None = None
    item_width: Decimal | None = None
    item_height: Decimal | None = None
    item_dimensions_unit: str | None = None
    production_partner_ids: tuple[int, ...] = ()
    is_supply: bool = False
    should_auto_renew: bool = False
    type: ListingType = "physical"
    publish_as: PublishAs = "active"

    @property
    def price(self) -> Decimal:
        """The lowest price on offer: what createDraftListing is told before the inventory says it all."""
        enabled = [offering.price for offering in self.inventory.offerings if offering.is_enabled]
        return min(enabled or [offering.price for offering in self.inventory.offerings])

    @property
    def quantity(self) -> int:
        """How many can be sold over all enabled offerings, at most 999 (Etsy's limit on create)."""
        total = sum(offering.quantity for offering in self.inventory.offerings if offering.is_enabled)
        return min(total, 999)
