"""Dagster's resources: configuration in, plain objects out that know nothing of Dagster.

A field that is left empty comes from the environment or from the sandbox's settings (`settings.py`), read when a run
needs it. Secrets are given with `dg.EnvVar`, so that no value ever reaches Dagster's run config or UI.

Dagster: https://docs.dagster.io/guides/build/external-resources
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import dagster as dg

from etsy_pipeline import wiring
from etsy_pipeline.accounts.tokens import AccountTokens
from etsy_pipeline.catalogue.inventory_levels import InventoryLevels
from etsy_pipeline.catalogue.medusa import MedusaCatalogue
from etsy_pipeline.catalogue.product_notes import ProductNotes
from etsy_pipeline.catalogue.reservations import Reservations
from etsy_pipeline.catalogue.stock_places import SoldFrom
from etsy_pipeline.errors import PipelineError
from etsy_pipeline.orchestration.runs import failure
from etsy_pipeline.pictures.source import PictureSource
from etsy_pipeline.planning.quota import Quota
from etsy_pipeline.providers.protocols import Purpose, ReceiptClient, ShopClient
from etsy_pipeline.settings import AmountUnit, Settings
from etsy_pipeline.store.engine import Store


class StoreResource(dg.ConfigurableResource[Store]):
    """The project's database."""

    database_url: str | None = None
    secret_key: str | None = None

    @contextmanager
    def opened(self) -> Iterator[Store]:
        """The database, closed at the end."""
        settings = Settings.load(etsy_pipeline_database_url=self.database_url, etsy_pipeline_secret_key=self.secret_key)
        try:
            store = wiring.store_of(settings)
        except PipelineError as error:
            raise failure(error) from None
        with closing(store):
            yield store


class MedusaResource(dg.ConfigurableResource[MedusaCatalogue]):
    """The Medusa server whose catalogue is sold on Etsy, and the pictures of its products."""

    url: str | None = None
    api_key: str | None = None
    amount_unit: str | None = None
    trusted_image_hosts: str | None = None

    @contextmanager
    def catalogue(self) -> Iterator[MedusaCatalogue]:
        """The catalogue, closed at the end."""
        with closing(wiring.catalogue_of(self._settings())) as catalogue:
            yield catalogue

    @contextmanager
    def pictures(self) -> Iterator[PictureSource]:
        """The products' pictures, each one fetched once; closed at the end."""
        with closing(wiring.pictures_of(self._settings())) as source:
            yield source

    def reservations(self, sold_from: SoldFrom) -> Reservations:
        """Its stock, as sales on Etsy are booked in it."""
        return wiring.reservations_of(self._settings(), sold_from)

    def product_notes(self) -> ProductNotes:
        """Its products' metadata, to be written."""
        return wiring.product_notes_of(self._settings())

    def inventory_levels(self) -> InventoryLevels:
        """Its stock alone, in a few small pages."""
        return wiring.inventory_levels_of(self._settings())

    def unit(self) -> AmountUnit:
        """The unit of the server's amounts."""
        return self._settings().medusa()[2]

    def _settings(self) -> Settings:
        return Settings.load(
            medusa_url=self.url,
            medusa_api_key=self.api_key,
            medusa_amount_unit=self.amount_unit,
            etsy_pipeline_trusted_image_hosts=self.trusted_image_hosts,
        )


class EtsyResource(dg.ConfigurableResource[ShopClient]):
    """Our Etsy app: the credentials with which every connected shop is reached."""

    client_id: str | None = None
    shared_secret: str | None = None
    api_url: str | None = None
    token_url: str | None = None

    @contextmanager
    def shop(self, store: Store, account_id: str) -> Iterator[ShopClient]:
        """Etsy for one connected shop, closed at the end."""
        with closing(wiring.shop_client(self._settings(), store, account_id)) as client:
            yield client

    def receipts(self, store: Store, account_id: str) -> ReceiptClient:
        """The orders of one connected shop."""
        return wiring.receipt_client(self._settings(), store, account_id)

    def tokens(self, store: Store, account_id: str) -> AccountTokens:
        """The tokens of one connected shop."""
        return wiring.tokens_of(self._settings(), store, account_id)

    def quota(self, store: Store, purpose: Purpose = "publishing") -> Quota:
        """How many calls our app has left today for a purpose."""
        return wiring.quota_of(self._settings(), store, purpose=purpose)

    @property
    def products_at_once(self) -> int:
        """How many products a publisher carries out side by side."""
        return self._settings().etsy_pipeline_products_at_once

    def _settings(self) -> Settings:
        return Settings.load(
            etsy_client_id=self.client_id,
            etsy_shared_secret=self.shared_secret,
            etsy_api_url=self.api_url,
            etsy_token_url=self.token_url,
        )
