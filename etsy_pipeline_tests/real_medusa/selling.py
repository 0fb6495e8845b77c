"""A shop on the local Etsy that sells what a real Medusa has."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from etsy_pipeline import wiring
from etsy_pipeline.catalogue.selection import Selection
from etsy_pipeline.listings.verdict import ValidatedListing
from etsy_pipeline.publishing.source import Source, source_of
from etsy_pipeline.settings import Settings
from etsy_pipeline.store.accounts import settings_of
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsyAccount, EtsySyncJob, SyncItem
from etsy_pipeline_tests.publishing.shop import Shop
from etsy_pipeline_tests.real_medusa.server import KEY, URL
from etsy_pipeline_tests.world import World


@dataclass(frozen=True)
class RealWorld(World):
    """The sandbox's Etsy beside a real Medusa, with a server of pictures."""

    pictures: str

    def environment(self) -> dict[str, str]:
        """Environment variables that say so."""
        host = self.pictures.partition("//")[2]
        medusa = {"MEDUSA_URL": URL, "MEDUSA_API_KEY": KEY, "MEDUSA_AMOUNT_UNIT": "major"}
        return self.sandbox.environment() | medusa | {"ETSY_PIPELINE_TRUSTED_IMAGE_HOSTS": host}

    @property
    def settings(self) -> Settings:
        """The same as settings."""
        return Settings.load(**{name.lower(): value for name, value in self.environment().items()})


class RealShop(Shop):
    """A connected shop that sells the products of one Medusa type."""

    def __init__(self, world: World, store: Store, account: EtsyAccount, type_id: str) -> None:
        super().__init__(world, store, account)
        self._selection = Selection(type_ids=(type_id,))

    def products(self) -> Iterable[ValidatedListing]:
        """All of that type, mapped as the shop's settings are now."""
        sold_from = settings_of(self.account).sold_from
        pages = wiring.catalogue_of(self.world.settings).pages(self._selection, sold_from, self.store.now())
        return self.listings().of(product for page in pages for product in page.products)

    def source(self) -> Source:
        """The same right before they are published."""
        return source_of(wiring.catalogue_of(self.world.settings), self._selection, self.listings(), self.store.now)

    def plan(self, **changes: Any) -> EtsySyncJob:
        """A plan of them; of none, too."""
        return super().plan(**({"validated": list(self.products())} | changes))

    def item(self, job: EtsySyncJob, product_id: str) -> SyncItem:
        """What a plan says of a product, and what became of it."""
        (found,) = [item for item in self.items(job) if item.product_id == product_id]
        return found
