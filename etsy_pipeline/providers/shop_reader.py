"""What a mapping has to know of a shop, read once a plan: categories, profiles, standard properties.

What the marketplace cannot tell just now is left unchecked, and said: a plan does not wait for it, and the marketplace
itself will check.
"""

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import replace
from functools import cache
from typing import TypeVar

from etsy_pipeline.errors import StoreUnavailable, Unavailable
from etsy_pipeline.listings.shop import AmountUnit, Shop, TaxonomyProperty
from etsy_pipeline.providers.protocols import ShopTeller, Whereabouts

Read = TypeVar("Read")


class ShopReader:
    """Reads a shop bit by bit, each category's properties once.

    Args:
        client: the API for the shop, or what it told lately.
        shop_id: the marketplace's id of it.
        currency_code: the shop's.
        amount_unit: of Medusa's amounts.
        this_year: the calendar's.
        needs_country: whether every product needs to know where the shop is: one call.
        on_trouble: told what could not be read, and why; None where that is to be raised.
        refused_attributes: properties that it refused within the last day.
        may_make_sections: whether we have the permission to make sections.
    """

    def __init__(
        self,
        client: ShopTeller,
        shop_id: int,
        *,
        currency_code: str,
        amount_unit: AmountUnit,
        this_year: int,
        needs_country: bool,
        on_trouble: Callable[[str], None] | None,
        refused_attributes: AbstractSet[int] = frozenset(),
        may_make_sections: bool = True,
    ) -> None:
        self._client, self._on_trouble = client, on_trouble
        self._properties: dict[int, tuple[TaxonomyProperty, ...]] = {}
        self._has_trouble = False
        self._shop = Shop(
            currency_code,
            amount_unit,
            this_year,
            taxonomy_ids=self._read("categories", client.taxonomy_ids),
            choices=self._read("profiles", lambda: client.choices(shop_id)),
            properties=self._properties,
            refused_attributes=refused_attributes,
            may_make_sections=may_make_sections,
        )
        self._remote: Callable[[], Whereabouts | None] = cache(
            lambda: self._read("country", lambda: client.get_shop(shop_id))
        )
        if needs_country:
            self._locate()

    @property
    def currency_code(self) -> str:
        """The shop's."""
        return self._shop.currency_code

    def shop(self, categories: Iterable[int], *, needs_country: bool = False) -> Shop:
        """The shop, with the properties of these categories.

        Args:
            categories: of the products that are mapped.
            needs_country: whether where it is, or its language, matters to them: one call, once.
        """
        if needs_country and not self._shop.country:
            self._locate()
        known = self._shop.taxonomy_ids
        for category in set(categories) - set(self._properties):
            if self._has_trouble or (known is not None and category not in known):
                continue
            found = self._read(f"properties of category {category}", lambda: self._client.taxonomy_properties(category))  # noqa: B023 - called at once
            if found is not None:
                self._properties[category] = found
        return self._shop

    def _locate(self) -> None:
        """Where the shop is, and what its language is."""
        if found := self._remote():
            self._shop = replace(self._shop, country=found.country or "", language=found.language)
        else:
            self._shop = replace(self._shop, is_country_unread=True)

    def _read(self, what: str, read: Callable[[], Read]) -> Read | None:
        try:
            return read()
        except StoreUnavailable:
            raise
        except Unavailable as error:
            if self._on_trouble is None:
                raise
            self._has_trouble = True
            self._on_trouble(f"{what} not checked: {error}")
            return None
