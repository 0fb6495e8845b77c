"""What a mapping has to know of a shop, asked anew or as it was told lately: a plan of stock alone sends none of it.

Kept is what hardly changes (categories and their properties, a day) and what a shop owner changes now and then
(profiles, policies, sections, where the shop is: an hour). Whoever asks anew renews what is kept.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec

from etsy_pipeline.listings.shop import Choice, Kind, TaxonomyProperty
from etsy_pipeline.providers.protocols import ShopTeller, Whereabouts
from etsy_pipeline.store import accounts, shop_references
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.shop_references import OF_ALL_SHOPS

Told = TypeVar("Told")

OF_ETSY = timedelta(days=1)
OF_SHOP = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Located:
    """Where a shop is, and its language, as it was told."""

    country: str | None
    language: str


class KeptReferences:
    """Tells of a shop as the marketplace does.

    Args:
        store: the database.
        client: the API for the shop.
        may_be_kept: whether what was told lately is enough; else all is asked anew.

    Attributes:
        oldest: when the oldest kept answer was told that was used; None where all was asked anew.
    """

    def __init__(self, store: Store, client: ShopTeller, *, may_be_kept: bool) -> None:
        self._store, self._client, self._may_be_kept = store, client, may_be_kept
        self.oldest: datetime | None = None

    def ask_anew(self) -> bool:
        """Ask the marketplace from now on; whether anything that was told before was a kept answer."""
        was_kept, self._may_be_kept, self.oldest = self.oldest is not None, False, None
        return was_kept

    def taxonomy_ids(self) -> frozenset[int]:
        """The ids of all categories."""
        return self._told(OF_ALL_SHOPS, "categories", OF_ETSY, self._client.taxonomy_ids, frozenset[int])

    def taxonomy_properties(self, taxonomy_id: int) -> tuple[TaxonomyProperty, ...]:
        """The standard properties of a category."""

        def ask() -> tuple[TaxonomyProperty, ...]:
            return self._client.taxonomy_properties(taxonomy_id)

        return self._told(OF_ALL_SHOPS, f"properties of {taxonomy_id}", OF_ETSY, ask, tuple[TaxonomyProperty, ...])

    def choices(self, shop_id: int) -> dict[Kind, tuple[Choice, ...]]:
        """Everything of the shop's that settings refer to."""

        def ask() -> dict[Kind, tuple[Choice, ...]]:
            return dict(self._client.choices(shop_id))

        return self._told(shop_id, "choices", OF_SHOP, ask, dict[Kind, tuple[Choice, ...]])

    def get_shop(self, shop_id: int) -> Whereabouts:
        """Where the shop is."""

        def ask() -> Located:
            shop = self._client.get_shop(shop_id)
            return Located(shop.country, shop.language)

        return self._told(shop_id, "where it is", OF_SHOP, ask, Located)

    def _told(self, shop_id: int, what: str, within: timedelta, ask: Callable[[], Told], kind: type[Told]) -> Told:
        if self._may_be_kept and (found := self._kept(shop_id, what, within, kind)) is not None:
            return found
        read_at = self._store.now()
        told = ask()
        with self._store.writing() as session:
            shop_references.keep(session, shop_id, what, msgspec.json.encode(told).decode(), read_at)
        return told

    def _kept(self, shop_id: int, what: str, within: timedelta, kind: type[Told]) -> Told | None:
        """What was told lately; not what another version of this program kept in words of its own."""
        with self._store.reading() as session:
            kept = shop_references.lately(session, shop_id, what, within)
        if kept is None:
            return None
        try:
            told = msgspec.json.decode(kept.told, type=kind)
        except msgspec.ValidationError:
            return None
        self.oldest = min(kept.read_at, self.oldest or kept.read_at)
        return told


def forget_references(store: Store, account_id: str) -> None:
    """Whatever is planned next asks anew: the marketplace refused something that may rest on what was kept."""
    with store.writing() as session:
        shop_references.forget(session, accounts.get(session, account_id).shop_id or 0)
