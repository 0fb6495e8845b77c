"""What a mapping has to know of a shop beside its owner's settings: read from Etsy when a plan is drawn up."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

AmountUnit = Literal["minor", "major"]
EU = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()  # noqa: SIM905 - a table
)
Kind = Literal["shipping_profile", "return_policy", "processing_profile", "shop_section", "production_partner"]


class Choice(NamedTuple):
    """Something of the shop's that a setting refers to, by id or by name."""

    id: int
    name: str


class TaxonomyValue(NamedTuple):
    """A value that Etsy lists for a property; `scale_id` says of which scale, where there are scales."""

    value_id: int
    name: str
    scale_id: int | None = None


@dataclass(frozen=True, slots=True)
class TaxonomyProperty:
    """A standard property of a category (FACTS §7): what a listing can vary by, or what else is said of it.

    `scales` are the units or systems that its values are of ("EU", "Inches"), by id and name. `max_values` is how many
    values one listing can have of it; None where Etsy names no limit.
    """

    property_id: int
    name: str
    values: tuple[TaxonomyValue, ...] = ()
    supports_variations: bool = False
    is_required: bool = False
    supports_attributes: bool = False
    max_values: int | None = 1
    scales: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class Shop:
    """A shop as Etsy has it.

    Args:
        currency_code: of every price in the shop (ISO 4217).
        amount_unit: the unit of Medusa's amounts.
        this_year: for Etsy's first range of when_made, which moves every January.
        taxonomy_ids: Etsy's categories; None when they could not be read, then they are not checked.
        choices: profiles, policies and sections; None when they could not be read, then only ids can be used.
        properties: the standard properties of the categories that are in use, as far as they could be read.
        country: where the shop is (ISO 3166, two letters); empty where that was not asked or is not known.
        is_country_unread: whether it was asked in vain: it is asked again before anything is published.
        language: the shop's own (two letters); empty where that was not asked or is not known.
        refused_attributes: properties that Etsy refused as attributes of this shop's listings within the last day.
        may_make_sections: whether the connection has the permission to make sections.
    """

    currency_code: str
    amount_unit: AmountUnit
    this_year: int
    taxonomy_ids: AbstractSet[int] | None = None
    choices: Mapping[Kind, tuple[Choice, ...]] | None = None
    properties: Mapping[int, tuple[TaxonomyProperty, ...]] = field(default_factory=dict)
    country: str = ""
    is_country_unread: bool = False
    refused_attributes: AbstractSet[int] = frozenset()
    may_make_sections: bool = True
    language: str = ""

    @property
    def is_in_eu(self) -> bool:
        """Whether Etsy takes listings without a return policy from it (FACTS §5: shops based in the EU)."""
        return self.country in EU
