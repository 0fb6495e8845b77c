"""The Etsy listing that a product should become: Etsy's words, plain frozen values, no behaviour beyond totals.

Source: createDraftListing, updateListing, updateListingInventory and uploadListingImage in Etsy's OpenAPI document.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from pydantic import ConfigDict

WhoMade = Literal["i_did", "someone_else", "collective"]
ListingType = Literal["physical", "download", "both"]
PublishAs = Literal["draft", "active"]
QuestionType = Literal["text_input", "dropdown", "unlabeled_upload", "labeled_upload"]


@dataclass(frozen=True, slots=True)
class ListingImage:
    """A picture of the listing. `url` is where Medusa has it; the position in the listing is its rank.

    `sha256` is of what is there now, where that was looked at and is not what was published.
    """

    url: str
    alt_text: str = ""
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class VariationProperty:
    """What varies: Etsy's property id (513 and 514 are the custom ones) and its name as buyers see it.

    A standard property's values have ids of Etsy's (`value_ids`: value → id), of one scale where it has scales.
    """

    property_id: int
    name: str
    scale_id: int | None = None
    value_ids: Mapping[str, int] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Offering:
    """One cell of the inventory grid. `values` stand in the order of the inventory's properties.

    `price` is in major units of the shop's currency. A combination that no variant has is in the grid, too, disabled.
    `stock` is what Medusa had, where fewer pieces are sent because Etsy sold some meanwhile.
    """

    sku: str
    values: tuple[str, ...]
    price: Decimal
    quantity: int
    is_enabled: bool = True
    has_variant: bool = True
    stock: int | None = None

    @property
    def wanted(self) -> int:
        """Pieces as Medusa had them."""
        return self.quantity if self.stock is None else self.stock

    @property
    def for_sale(self) -> int:
        """Pieces that a buyer can have."""
        return self.quantity if self.is_enabled else 0


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
class PersonalizationQuestion:
    """What a buyer is asked. `options` are the choices of a dropdown, or the labels of uploads.

    `add_on_price` is in major units of the shop's currency.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    question_text: str
    question_type: QuestionType = "text_input"
    required: bool = False
    instructions: str | None = None
    max_allowed_characters: int | None = None
    max_allowed_files: int | None = None
    options: tuple[str, ...] = ()
    add_on_price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class VariationImage:
    """Which picture shows a value of a variation (`property_id`, one for all of a listing); `url` is the picture's."""

    property_id: int
    value: str
    url: str


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute of the category, in Etsy's words, with Etsy's ids of its values; both in the same order."""

    property_id: int
    name: str
    values: tuple[str, ...]
    value_ids: tuple[int, ...]
    scale_id: int | None = None


@dataclass(frozen=True, slots=True)
class ListingVideo:
    """A video of the listing, where Medusa has it."""

    url: str


@dataclass(frozen=True, slots=True)
class ListingFile:
    """A file that a buyer of a download gets: where it is, and its name as buyers see it. Its address is a secret."""

    url: str = field(repr=False)
    name: str


@dataclass(frozen=True, slots=True)
class Translation:
    """Title, description and tags in another language than the shop's (two letters, as Etsy names it)."""

    language: str
    title: str
    description: str
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Listing:
    """A complete listing, ready to be sent. Money in major units of `currency_code`; weights and lengths have units.

    `eu_guarantee` holds Etsy's ecgt_… fields by name. A flag that is None is left as Etsy has it. `new_section` is the
    title of a shop section that has to be made first: then there is no `shop_section_id`.
    """

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
    styles: tuple[str, ...] = ()
    shop_section_id: int | None = None
    item_weight: Decimal | None = None
    item_weight_unit: str | None = None
    item_length: Decimal | None = None
    item_width: Decimal | None = None
    item_height: Decimal | None = None
    item_dimensions_unit: str | None = None
    production_partner_ids: tuple[int, ...] = ()
    is_supply: bool = False
    is_customizable: bool | None = None
    is_taxable: bool | None = None
    should_auto_renew: bool = False
    type: ListingType = "physical"
    personalization: tuple[PersonalizationQuestion, ...] = ()
    eu_guarantee: tuple[tuple[str, str], ...] = ()
    publish_as: PublishAs = "active"
    variation_images: tuple[VariationImage, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    videos: tuple[ListingVideo, ...] = ()
    files: tuple[ListingFile, ...] = ()
    translations: tuple[Translation, ...] = ()
    new_section: str = ""

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
