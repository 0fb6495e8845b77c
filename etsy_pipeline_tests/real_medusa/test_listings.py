"""A whole catalogue from a real Medusa to Etsy: whatever can be sold is there, as Medusa's own customers see it."""

from collections.abc import Iterator

import dagster as dg
import pytest

from etsy_pipeline import wiring
from etsy_pipeline.definitions import defs
from etsy_pipeline.orchestration.partitions import ACCOUNTS
from etsy_pipeline.settings import Settings
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsyAccount, SyncItem
from etsy_pipeline.sync import queries
from etsy_pipeline_tests.real_medusa import on_etsy
from etsy_pipeline_tests.real_medusa.goods import Json, of_case
from etsy_pipeline_tests.real_medusa.seeding import Seed
from etsy_pipeline_tests.real_medusa.selling import RealWorld
from etsy_pipeline_tests.real_medusa.server import ON_DEMAND, Server
from etsy_pipeline_tests.world import a_world

pytestmark = ON_DEMAND
PLANNING = ("product_snapshot", "validated_listings", "sync_plan")
PUBLISHING = (*PLANNING, "publication_approval", "published_listings")

BROKEN = {
    "broken_image": "image_missing",
    "eur_only": "price_currency_missing",
    "giftcard": "gift_card",
    "huge_price": "price_out_of_range",
    "long_sku": "etsy_rejected",
    "no_prices": "price_currency_missing",
    "no_taxonomy": "taxonomy_missing",
    "no_variants": "no_variants",
    "text_image": "image_unreadable",
    "tiny_price": "price_out_of_range",
    "title_blank": "title_missing",
    "title_html": "etsy_rejected",
    "title_odd_chars": "title_forbidden_characters",
    "title_percent_colon": "title_repeated_symbol",
    "title_shouting": "etsy_rejected",
    "title_too_long": "title_too_long",
    "title_unicode": "title_forbidden_characters",
    "too_many_tags": "too_many_tags",
    "zero_price": "price_not_positive",
}
"""What is broken on purpose, and why it fails. Whatever else fails, fails without reason.

`etsy_rejected` are those of which the plan only warns ("Etsy may refuse"), and the local Etsy is the strict one.
"""
SOLD_OUT = {"bad_taxonomy", "no_levels", "returned-only", "zero_stock"}
UNCHANGED = "unchanged since it was last published"
DRAFT_ON_ETSY = {"no_images"}
ANOTHER_PICTURE = {"png_image"}  # transparency is filled before it is sent


class Synced:
    """A shop, what Medusa had, and what became of it."""

    def __init__(self, world: RealWorld, store: Store, account: EtsyAccount) -> None:
        self.world, self.store, self.account = world, store, account
        self._instance = dg.DagsterInstance.ephemeral()
        self._instance.add_dynamic_partitions(ACCOUNTS, [account.id])

    def listing_id(self, product_id: str) -> int:
        """The listing of a product."""
        (link,) = queries.find_links(self.store, account_id=self.account.id, product_id=product_id)
        return link.etsy_listing_id or 0

    def materialize(self, *assets: str) -> dict[str, SyncItem]:
        """Run Dagster's assets; what became of each product."""
        for asset in assets:
            result = defs.resolve_implicit_global_asset_job_def().execute_in_process(
                instance=self._instance, partition_key=self.account.id, asset_selection=[dg.AssetKey(asset)]
            )
            assert result.success
        (job,) = queries.latest_jobs(self.store, most=1)
        return {item.product_id: item for item in queries.plan_items(self.store, job.transaction_id)}


@pytest.fixture(scope="module")
def products(server: Server, seed: Seed) -> dict[str, Json]:
    del seed
    fields = "id,status,title,external_id,metadata,thumbnail,images.url,tags.value,sales_channels.id"
    return {row["id"]: row for row in server.every("products", fields)}


@pytest.fixture(scope="module")
def synced(seed: Seed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Synced]:
    """Everything is published once."""
    folder = tmp_path_factory.mktemp("real")
    with pytest.MonkeyPatch.context() as patch, a_world(folder) as made:
        world = RealWorld(made.sandbox, seed.picture_server)
        patch.setenv("ETSY_PIPELINE_HOME", str(folder / "state"))
        for name, value in world.environment().items():
            patch.setenv(name, value)
        store = wiring.store_of(Settings.load())
        account = world.connected(store, price_lists={"sale": True}, variation_images={"source": "medusa"})
        yield Synced(world, store, account)
        store.close()


@pytest.fixture(scope="module")
def first(synced: Synced) -> dict[str, SyncItem]:
    return synced.materialize(*PUBLISHING)


@pytest.fixture(scope="module")
def for_sale(products: dict[str, Json]) -> dict[str, Json]:
    """What has to be on Etsy."""
    return {
        product_id: row
        for product_id, row in products.items()
        if row["status"] == "published" and of_case(row) not in {*BROKEN, *SOLD_OUT}
    }


def test_nothing_fails_but_what_is_broken_on_purpose(products: dict[str, Json], first: dict[str, SyncItem]) -> None:
    failed = {of_case(products[key]): item for key, item in first.items() if item.outcome == "failed"}
    assert {case: item.error_code for case, item in failed.items()} == BROKEN
    unwarned = [case for case, item in failed.items() if item.error_code == "etsy_rejected" and not item.plan.verdicts]
    assert unwarned == []


def test_nothing_is_left_out_but_what_is_not_for_sale(products: dict[str, Json], first: dict[str, SyncItem]) -> None:
    left_out = {key: item.plan.reason for key, item in first.items() if item.outcome == "skipped"}
    unpublished = {key for key, row in products.items() if row["status"] != "published"}
    assert {key for key, why in left_out.items() if "not published in Medusa" in why} == unpublished
    assert {of_case(products[key]) for key, why in left_out.items() if why == "out of stock"} == SOLD_OUT
    assert set(first) == set(products), "no product is forgotten"


def test_every_other_product_is_a_listing_and_there_is_no_listing_more(
    for_sale: dict[str, Json], first: dict[str, SyncItem], synced: Synced
) -> None:
    states = {row["listing_id"]: row["state"] for row in synced.world.listings()}
    found = {key: synced.listing_id(key) for key, item in first.items() if item.outcome == "synced"}
    assert set(found) == set(for_sale)
    drafts = {of_case(for_sale[key]) for key, listing_id in found.items() if states.pop(listing_id) != "active"}
    assert drafts == DRAFT_ON_ETSY
    assert set(states.values()) <= {"draft"}, "of what failed half-way, nobody can buy"
    assert len(states) <= len(BROKEN)


def test_buyers_on_etsy_see_what_customers_of_medusa_see(
    for_sale: dict[str, Json], first: dict[str, SyncItem], synced: Synced, seed: Seed
) -> None:
    """Title, description, what each variant costs and how many there are, and the pictures."""
    del first
    differing = {}
    seen = {key: product for key, product in seed.customers.items() if key in for_sale}
    for key, product in seen.items():
        there = on_etsy.to_a_customer(product, seed.sha256_of)
        here = on_etsy.to_a_buyer(synced.world, synced.listing_id(key))
        if of_case(for_sale[key]) in ANOTHER_PICTURE:
            there, here = (side._replace(pictures=[""] * len(side.pictures)) for side in (there, here))
        for name in there._fields:
            if getattr(there, name) != getattr(here, name):
                differing[of_case(for_sale[key]), name] = (getattr(there, name), getattr(here, name))
    assert differing == {}
    assert {of_case(row) for key, row in for_sale.items() if key not in seen} == {"no_sales_channel"}


def test_tags_that_etsy_takes_are_all_there(
    for_sale: dict[str, Json], first: dict[str, SyncItem], synced: Synced
) -> None:
    del first
    clean = {key: row for key, row in for_sale.items() if of_case(row) == "clean"}
    there = {key: {tag["value"] for tag in row["tags"]} for key, row in clean.items()}
    found = {key: synced.world.etsy("GET", f"listings/{synced.listing_id(key)}")["tags"] for key in clean}
    assert len(clean) == 12
    assert {key: set(tags) for key, tags in found.items()} == there


def test_planned_again_nothing_is_to_be_done(
    products: dict[str, Json], first: dict[str, SyncItem], synced: Synced
) -> None:
    before = {key for key, item in first.items() if item.outcome == "synced"}
    again = synced.materialize(*PLANNING)
    said = {of_case(products[key]): again[key].plan.differences or again[key].plan.reason for key in before}
    assert {case: why for case, why in said.items() if why != UNCHANGED} == {}
    assert {item.plan.action for item in again.values()}.isdisjoint({"deactivate"})
