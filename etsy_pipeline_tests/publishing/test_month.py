"""A first upload that takes weeks, in fast-forward: each night's plan works, and its stock is on Etsy in the morning.

A real shop has 20,000 products and 5,000 calls a day, which is a month. This one is scaled down, and larger on demand:

    MONTH_PRODUCTS=600 MONTH_CALLS=150 scripts/test -m chaos -k month
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from etsy_pipeline import wiring
from etsy_pipeline.listings.listing import Inventory, Listing, ListingImage, Offering
from etsy_pipeline.listings.verdict import ValidatedListing
from etsy_pipeline.publishing.publisher import publish
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import approvals, queries
from etsy_pipeline_tests.builders import a_listing
from etsy_pipeline_tests.publishing.fast_forward import FastForward
from etsy_pipeline_tests.publishing.fault_matrix import OnePicture
from etsy_pipeline_tests.publishing.shop import Shop
from etsy_pipeline_tests.world import PROFILE_ID, a_world

PRODUCTS, CALLS = int(os.environ.get("MONTH_PRODUCTS", "60")), int(os.environ.get("MONTH_CALLS", "60"))
RESERVE = 25  # percent
SOLD_A_NIGHT = 3
PICTURES = 2
DAY, FIRST_NIGHT = 24 * 3600.0, 8 * 3600.0  # seconds; the first nightly plan is so long after the upload began


@pytest.fixture
def shop(tmp_path: Path, sqlite_store: Store) -> Iterator[Shop]:
    with a_world(tmp_path, per_second=1000, per_day=CALLS) as world:
        yield Shop(
            world,
            sqlite_store,
            world.connected(sqlite_store, approval={"auto_approve": True}, approval_expires_hours=None),
        )


@dataclass
class Month:
    """A shop's first upload, the nights beside it, and what is done with it."""

    shop: Shop
    forward: FastForward
    products: dict[str, ValidatedListing] = field(default_factory=dict)
    nights: int = 0
    last_night: float = 0.0
    stock_updates: int = 0

    def __post_init__(self) -> None:
        self.last_night = self.forward.time.clock() - DAY + FIRST_NIGHT
        self.settings = self.shop.world.settings.model_copy(update={"etsy_pipeline_stock_reserve_percent": RESERVE})
        self.client = wiring.shop_client(self.settings, self.shop.store, self.shop.id, self.forward.time)
        for number in range(PRODUCTS):
            name = f"prod_{number:05}"
            self.products[name] = ValidatedListing(name, f"Mug {number}", _mug(number))

    @property
    def seconds_until_night(self) -> float:
        return max(0.0, self.last_night + DAY - self.forward.time.clock())

    def plan(self, **changes: Any) -> EtsySyncJob:
        quota = wiring.quota_of(self.settings, self.shop.store, self.forward.time)
        live_of = self.client.for_stock().live_listings
        return self.shop.plan(validated=list(self.products.values()), live_of=live_of, quota=quota, **changes)

    def publish(self, job: EtsySyncJob) -> EtsySyncJob:
        if job.is_over:
            return job
        return publish(
            self.shop.store, self.client, OnePicture(), job.transaction_id, amount_unit="major", run_id="run",
            source=self.now, sleep=self.forward.sleep, now=self.forward.time.now, at_once=1,
        )  # fmt: skip

    def now(self, product_ids: Sequence[str]) -> Mapping[str, ValidatedListing]:
        return {name: self.products[name] for name in product_ids}

    def change(self, name: str, **listing: Any) -> None:
        known = self.products[name]
        assert known.listing is not None
        self.products[name] = replace(known, listing=replace(known.listing, **listing))

    def sell_one(self, name: str) -> None:
        listing = self.products[name].listing
        assert listing is not None
        self.change(name, inventory=_pieces(listing.inventory.offerings[0].quantity - 1))

    def night(self, first: EtsySyncJob) -> None:
        """Pieces are sold of what is on Etsy and of what is not; the nightly plan has the former there at once."""
        self.nights, self.last_night = self.nights + 1, self.forward.time.clock()
        items = self.shop.items(first)
        waiting = {item.product_id for item in items if item.outcome == "waiting"}
        unsent = sorted(item.product_id for item in items if item.outcome == "waiting" and not item.step)
        on_etsy = [item.product_id for item in items if item.outcome == "synced"]
        sold = on_etsy[self.nights % 7 :: max(1, len(on_etsy) // SOLD_A_NIGHT)][:SOLD_A_NIGHT]
        for name in (*sold, *unsent[-1:]):
            self.sell_one(name)
        job = self.plan(trigger="schedule")
        assert job.lane == "stock"
        assert job.totals.held == len(waiting)
        assert job.totals.update == len(sold), job.groups
        approved = approvals.approve_by_policy(self.shop.store, job.transaction_id, amount_unit="major")
        done = self.publish(approved)
        assert (done.state, done.synced_count, done.failed_count) == (SyncState.COMPLETED, len(sold), 0), done.error_log
        self.stock_updates += len(sold)


def _mug(number: int) -> Listing:
    return a_listing(
        title=f"Mug {number}", shipping_profile_id=PROFILE_ID, return_policy_id=PROFILE_ID,
        readiness_state_id=PROFILE_ID,
        images=tuple(ListingImage(f"http://pictures.test/{number}/{rank}.png", "A mug") for rank in range(PICTURES)),
        inventory=_pieces(900),
    )  # fmt: skip


def _pieces(quantity: int) -> Inventory:
    return Inventory((Offering("MUG", (), a_listing().inventory.offerings[0].price, quantity),))


def on_etsy(shop: Shop) -> dict[str, tuple[str, int]]:
    rows = shop.world.sandbox.state.rows(
        "SELECT title, state, json_extract(inventory, '$.products[0].offerings[0].quantity') AS pieces FROM listing"
    )
    assert len({row["title"] for row in rows}) == len(rows), "nothing is there twice"
    return {row["title"]: (row["state"], row["pieces"]) for row in rows}


@pytest.mark.chaos
@pytest.mark.long
def test_a_first_upload_of_a_month_and_every_night_beside_it(
    shop: Shop, record_property: Callable[[str, object], None]
) -> None:
    forward = FastForward(shop.world)
    forward.sleep(26 * 3600)
    month = Month(shop, forward)
    first = month.plan()
    assert first.totals.create == PRODUCTS
    assert len(first.days) > 5, "the plan says what is due on which day"
    assert sum(day.create for day in first.days) == PRODUCTS
    shop.approve(first)
    renamed = [f"prod_{PRODUCTS - 2:05}", f"prod_{PRODUCTS - 3:05}"]
    found = month.publish(first)
    pauses = 0
    while found.state is SyncState.PAUSED:
        pauses += 1
        if month.nights == 1:
            for name in renamed:
                month.change(name, title=f"Renamed {name}")
        assert found.resume_at is not None
        while (left := (found.resume_at - forward.time.now()).total_seconds()) > 0:
            until_night = month.seconds_until_night
            forward.sleep(min(left, until_night))
            if until_night <= left:
                month.night(first)
        found = month.publish(found)
    assert (found.state, found.synced_count, found.failed_count) == (
        SyncState.COMPLETED_WITH_ERRORS, PRODUCTS - 2, 0,
    ), found.error_log  # fmt: skip
    assert "2 products changed in Medusa since the plan and were left out" in found.message
    assert month.nights >= len(first.days) - 1

    asked = queries.latest_jobs(shop.store)[0]
    assert (asked.trigger, asked.state) == ("replan", SyncState.REQUESTED)
    forward.sleep(26 * 3600)
    rest = month.plan(transaction_id=asked.transaction_id)
    assert (rest.lane, rest.totals.create, rest.totals.update) == ("full", 2, 0)
    assert month.publish(shop.approve(rest)).synced_count == 2
    wanted = {
        product.listing.title: ("active", product.listing.inventory.offerings[0].quantity)
        for product in month.products.values()
        if product.listing
    }
    assert on_etsy(shop) == wanted
    calls = shop.world.calls()
    assert calls["createDraftListing"] == PRODUCTS
    assert calls["uploadListingImage"] == PRODUCTS * PICTURES
    again = calls["updateListingInventory"] - PRODUCTS - month.stock_updates
    assert 0 <= again <= pauses, "only a product in whose middle the calls were used up has its inventory put again"
    refused = shop.world.sandbox.state.row("SELECT COUNT(*) AS n FROM request_log WHERE status = 429")
    assert refused is not None
    assert refused["n"] <= 1, "a busy machine may deliver one call late"
    told = f"{sum(calls.values())} calls, {month.nights} nights, {pauses} pauses, {month.stock_updates} stock updates"
    record_property("month", f"{PRODUCTS} products, {told}")
