"""A connected shop for tests of publishing: its owner's acts over real HTTP, without Dagster between."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import pytest

from etsy_pipeline import wiring
from etsy_pipeline.catalogue.selection import Selection
from etsy_pipeline.listings.verdict import ValidatedListing
from etsy_pipeline.pictures.source import PictureSource
from etsy_pipeline.planning.link import Link
from etsy_pipeline.providers.shop_reader import ShopReader
from etsy_pipeline.publishing.publisher import publish
from etsy_pipeline.publishing.source import Source, source_of
from etsy_pipeline.settings import Settings
from etsy_pipeline.store import accounts, items
from etsy_pipeline.store.accounts import settings_of
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsyAccount, EtsySyncJob, SyncItem
from etsy_pipeline.sync import approvals, queries
from etsy_pipeline.sync.build_plan import build_plan
from etsy_pipeline.sync.product_listings import ProductListings, shop_reader
from etsy_pipeline.wiring import Time
from etsy_pipeline_tests.builders import known
from etsy_pipeline_tests.looked import looking
from etsy_pipeline_tests.world import World

READS = {"getMe": 1, "getShop": 1, "getListingsByListingIds": 2, "getListingsInventoryByListingIds": 2}
"""What a publication of up to a hundred products costs in addition: whose shop it is, a look before, reading back."""


class Shop:
    """A connected shop, and the acts of its owner."""

    def __init__(self, world: World, store: Store, account: EtsyAccount) -> None:
        self.world, self.store, self.id = world, store, account.id
        self.time: Time | None = None
        self.trusted_image_hosts = world.settings.etsy_pipeline_trusted_image_hosts

    @property
    def account(self) -> EtsyAccount:
        """As the books have it now."""
        with self.store.reading() as session:
            return accounts.get(session, self.id)

    def pictures(self) -> PictureSource:
        """Where its products' pictures are."""
        trusted = {"etsy_pipeline_trusted_image_hosts": self.trusted_image_hosts}
        return wiring.pictures_of(self.world.settings.model_copy(update=trusted), first_wait_seconds=0.01)

    @cached_property
    def reader(self) -> ShopReader:
        """Tells of it what a mapping has to know; Etsy is asked once."""
        return reader_of(self.world.settings, self.store, self.account, self.time)

    def listings(self) -> ProductListings:
        """Maps products as its settings are now."""
        return ProductListings(settings_of(self.account), lambda: self.reader)

    def source(self) -> Source:
        """Its products as Medusa has them now."""
        return source_of(wiring.catalogue_of(self.world.settings), Selection(), self.listings(), self.store.now)

    def plan(self, **changes: Any) -> EtsySyncJob:
        """The plan of all of Medusa's products, unless others are given."""
        client = wiring.shop_client(self.world.settings, self.store, self.id, self.time)
        values: dict[str, Any] = {
            "account_id": self.id, "transaction_id": None, "trigger": "ui", "covers_selection": True,
            "amount_unit": "major", "run_id": f"run_{secrets.token_hex(4)}", "live_of": client.live_listings,
            "sha256_if_changed": self.pictures().sha256_if_changed, "look_through": looking(self.store, self.id),
        }  # fmt: skip
        products = list(changes.pop("validated", None) or self.products())
        values |= {"validated": products, "identified": known(products)}
        return build_plan(self.store, **(values | changes))

    def products(self) -> Iterable[ValidatedListing]:
        """All of Medusa's products, mapped as its settings are now."""
        sold_from = settings_of(self.account).sold_from
        pages = wiring.catalogue_of(self.world.settings).pages(Selection(), sold_from, self.store.now())
        return self.listings().of(product for page in pages for product in page.products)

    def approve(self, job: EtsySyncJob, **changes: Any) -> EtsySyncJob:
        """Approve a plan; one with nothing to do needs no approval, and stays as it is."""
        if job.is_over:
            return job
        values: dict[str, Any] = {"decided_by": "Ada", "through": "cli", "amount_unit": "major"}
        return approvals.approve(self.store, job.transaction_id, **(values | changes))

    def publish(self, job: EtsySyncJob, **changes: Any) -> EtsySyncJob:
        """Publish what was approved; what has nothing to do is over already."""
        if job.is_over:
            return job
        client = wiring.shop_client(self.world.settings, self.store, self.id)
        values: dict[str, Any] = {
            "amount_unit": "major", "run_id": "run_2", "sleep": lambda _: None, "source": self.source()
        }  # fmt: skip
        return publish(self.store, client, self.pictures(), job.transaction_id, **(values | changes))

    def sync(self, **changes: Any) -> EtsySyncJob:
        """Plan, approve and publish."""
        job = self.plan()
        self.approve(job, **changes)
        return self.publish(job)

    def link(self, product_id: str) -> Link:
        """What the books say of a product."""
        (found,) = queries.find_links(self.store, product_id=product_id)
        return found

    def items(self, job: EtsySyncJob) -> list[SyncItem]:
        """The items of a plan."""
        with self.store.reading() as session:
            return list(items.matching(session, job.id))

    def calls_of(self, job: EtsySyncJob) -> dict[str, int]:
        """Etsy's operations that publishing this plan called."""
        self.approve(job)
        return self.world.calls_while(lambda: self.publish(job))

    def fault(self, **fault: Any) -> None:
        """A fault that Etsy has from now on."""
        self.world.etsy("POST", "faults", fault)


def reader_of(settings: Settings, store: Store, account: EtsyAccount, at: Time | None = None) -> ShopReader:
    """Tells what a mapping has to know of a shop."""
    return shop_reader(wiring.shop_client(settings, store, account.id, at), account, "major", pytest.fail)


def as_planned(products: Sequence[ValidatedListing]) -> Source:
    """A Medusa that still has the products as they were planned."""
    known: Mapping[str, ValidatedListing] = {item.product_id: item for item in products}
    return lambda product_ids: {product_id: known[product_id] for product_id in product_ids}


def one_product(shop: Shop, case: str = "clean") -> str:
    """The only product that Medusa has from now on."""
    product_id = shop.world.product_ids(case)[0]
    shop.world.keep_only(product_id)
    return product_id


def variant_id(shop: Shop, product_id: str) -> str:
    """The first variant of a product."""
    sql = "SELECT json_extract(data, '$.variants[0].id') AS id FROM medusa_product WHERE id = ?"
    row = shop.world.sandbox.state.row(sql, product_id)
    assert row is not None
    return str(row["id"])


def stock_of_all(shop: Shop, product_id: str, stock: int) -> dict[str, Any]:
    """A change of a product: so many pieces of each variant."""
    rows = shop.world.sandbox.state.rows(
        "SELECT json_extract(value, '$.id') AS id FROM medusa_product, json_each(data, '$.variants') "
        "WHERE medusa_product.id = ?",
        product_id,
    )
    return {row["id"]: {"stock": stock} for row in rows}
