"""Publishing to a local Etsy over real HTTP: what is approved gets there once, and the books say what happened."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import stamina

from etsy_pipeline import wiring
from etsy_pipeline.catalogue.selection import Selection
from etsy_pipeline.errors import Conflict
from etsy_pipeline.etsy.shop_reader import ShopReader
from etsy_pipeline.listings.mapping import validate
from etsy_pipeline.listings.taxonomy import taxonomy_id
from etsy_pipeline.pictures.source import PictureSource
from etsy_pipeline.publishing.outcomes import Progress
from etsy_pipeline.publishing.publisher import approved_job, publish
from etsy_pipeline.store.accounts import settings_of
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.tables import EtsyAccount, EtsySyncJob, ProductEtsyLink
from etsy_pipeline.sync import approvals, queries
from etsy_pipeline.sync.build_plan import build_plan
from etsy_pipeline_tests.world import World, a_world

READS = {"getListingsByListingIds": 2, "getListingsInventoryByListingIds": 2}
"""What a batch of up to a hundred products costs in addition: a look just before, and reading back."""


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    """Repetitions come at once."""
    with stamina.set_testing(testing=True, attempts=4):
        yield


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with a_world(tmp_path) as made:
        yield made


@pytest.fixture
def shop(world: World, store: Store) -> "Shop":
    return Shop(world, store, world.connected(store))


class Shop:
    """A connected shop, and the acts of its owner without Dagster between."""

    def __init__(self, world: World, store: Store, account: EtsyAccount) -> None:
        self.world, self.store, self.id = world, store, account.id
        self.time = wiring.REAL_TIME
        self.trusted_image_hosts = world.settings.etsy_pipeline_trusted_image_hosts

    def pictures(self) -> PictureSource:
        trusted = {"etsy_pipeline_trusted_image_hosts": self.trusted_image_hosts}
        return wiring.pictures_of(self.world.settings.model_copy(update=trusted), first_wait_seconds=0.01)

    def plan(self, **changes: Any) -> EtsySyncJob:
        with self.store.reading() as session:
            account = session.get_one(EtsyAccount, self.id)
        pages = wiring.catalogue_of(self.world.settings).pages(Selection())
        client = wiring.shop_client(self.world.settings, self.store, self.id, self.time)
        reader = ShopReader(
            client, account.shop_id or 0, currency_code="USD", amount_unit="major", this_year=datetime.now(UTC).year,
            on_trouble=pytest.fail,
        )  # fmt: skip
        choices = settings_of(account)
        validated = (
            validate(product, choices, reader.shop([taxonomy_id(product, choices, None)[0] or 0]))
            for page in pages
            for product in page.products
        )
        values: dict[str, Any] = {
            "account_id": self.id, "transaction_id": None, "trigger": "ui", "validated": validated,
            "covers_selection": True, "amount_unit": "major", "snapshot_ref": "", "run_id": "r",
            "live_of": client.live_listings,
            "sha256_if_changed": self.pictures().sha256_if_changed,
        }  # fmt: skip
        return build_plan(self.store, **(values | changes))

    def approve(self, job: EtsySyncJob, **changes: Any) -> EtsySyncJob:
        values: dict[str, Any] = {"decided_by": "Ada", "through": "cli", "amount_unit": "major"}
        return approvals.approve(self.store, job.transaction_id, **(values | changes))

    def publish(self, job: EtsySyncJob, **changes: Any) -> EtsySyncJob:
        client = wiring.shop_client(self.world.settings, self.store, self.id)
        values: dict[str, Any] = {"amount_unit": "major", "run_id": "run_2", "sleep": lambda _: None}
        return publish(self.store, client, self.pictures(), job.transaction_id, **(values | changes))

    def sync(self, **changes: Any) -> EtsySyncJob:
        job = self.plan()
        self.approve(job, **changes)
        return self.publish(job)

    def link(self, product_id: str) -> ProductEtsyLink:
        (found,) = queries.find_links(self.store, product_id=product_id)
        return found

    def calls_of(self, job: EtsySyncJob) -> dict[str, int]:
        """Etsy's operations that publishing this plan called."""
        self.approve(job)
        before = self.world.calls()
        self.publish(job)
        after = self.world.calls()
        return {name: count - before.get(name, 0) for name, count in after.items() if count != before.get(name, 0)}

    def fault(self, **fault: Any) -> None:
        self.world.etsy("POST", "faults", fault)


def one_product(shop: Shop, case: str = "clean") -> str:
    product_id = shop.world.product_ids(case)[0]
    shop.world.keep_only(product_id)
    return product_id


def test_an_approved_product_becomes_an_active_listing(shop: Shop) -> None:
    product_id = one_product(shop)
    job = shop.sync()
    assert (job.status, job.synced_count, job.failed_count, job.error_log) == ("completed", 1, 0, {})
    link, (listing,) = shop.link(product_id), shop.world.listings()
    assert (link.sync_status, link.etsy_listing_id, link.listing_state) == ("synced", listing["listing_id"], "active")
    assert link.etsy_url == f"{shop.world.sandbox.etsy_url}/listing/{listing['listing_id']}"
    assert (listing["state"], listing["images"]) == ("active", 6)
    assert "ref:" not in listing["description"], "our reference is gone with the last PATCH"


def test_a_product_without_pictures_stays_a_draft_and_is_synced(shop: Shop) -> None:
    product_id = one_product(shop, "no_images")
    shop.sync()
    assert (shop.link(product_id).sync_status, shop.link(product_id).listing_state) == ("synced", "draft")


def test_publishing_again_sends_only_what_changed(shop: Shop) -> None:
    product_id = one_product(shop, "price_differs_by_variant")
    shop.sync()
    assert shop.calls_of(shop.plan()) == {}, "nothing changed: no call"
    changed = {"variants": {_variant_id(shop, product_id): {"price": {"usd": 77}, "stock": 3}}}
    shop.world.medusa("PATCH", f"products/{product_id}", changed)
    assert shop.calls_of(shop.plan()) == {"updateListingInventory": 1} | READS, "price and stock: one call"
    shop.world.medusa("PATCH", f"products/{product_id}", {"set": {"title": "A new title"}})
    assert shop.calls_of(shop.plan())["updateListing"] == 1
    assert shop.world.listings()[0]["title"] == "A new title"


def test_a_product_that_is_taken_down_is_deactivated_and_can_come_back(shop: Shop) -> None:
    product_id = one_product(shop)
    shop.sync()
    shop.world.medusa("PATCH", f"products/{product_id}", {"set": {"status": "draft"}})
    assert shop.calls_of(shop.plan()) == {"updateListing": 1} | READS
    assert shop.link(product_id).listing_state == "inactive"
    shop.world.medusa("PATCH", f"products/{product_id}", {"set": {"status": "published"}})
    shop.sync()
    assert (shop.link(product_id).listing_state, len(shop.world.listings())) == ("active", 1)


def test_one_products_failure_does_not_stop_the_rest(shop: Shop) -> None:
    broken, good = shop.world.product_ids("broken_image")[0], shop.world.product_ids("clean")[0]
    shop.world.keep_only(broken, good)
    job = shop.sync()
    assert (job.status, job.synced_count, job.failed_count) == ("completed", 1, 1)
    assert "does-not-exist.jpg answered 404" in job.error_log[broken]
    link = shop.link(broken)
    assert (link.sync_status, link.etsy_listing_id, link.sync_error) == ("failed", None, job.error_log[broken])
    assert len(shop.world.listings()) == 1, "a dead picture leaves nothing half done on Etsy"


def test_etsys_own_words_are_kept(shop: Shop) -> None:
    product_id = one_product(shop)
    words = {"error": "There was a problem with /title : not today"}
    shop.fault(operation="createDraftListing", kind="status", status=400, body=words)
    job = shop.sync()
    assert job.status == "failed"
    assert "There was a problem with /title : not today" in job.error_log[product_id]


def test_an_invalid_product_fails_with_its_reasons_and_is_not_sent(shop: Shop) -> None:
    product_id = one_product(shop, "title_too_long")
    job = shop.sync()
    assert "The title has 200 characters" in job.error_log[product_id]
    assert shop.world.listings() == []


def test_an_excluded_product_is_left_out(shop: Shop) -> None:
    product_id = one_product(shop)
    job = shop.sync(excluded_products=[product_id])
    assert (job.skipped_count, shop.world.listings()) == (1, [])


@pytest.mark.parametrize("kind", ["fail_after", "drop_after"])
def test_a_create_whose_answer_is_lost_makes_no_second_listing(shop: Shop, kind: str) -> None:
    """FACTS §0.1: the create has happened. The draft is found by the reference that it carries."""
    one_product(shop)
    shop.fault(operation="createDraftListing", kind=kind, times=1)
    job = shop.sync()
    assert (job.synced_count, len(shop.world.listings())) == (1, 1)


@pytest.mark.parametrize("kind", ["status", "drop_before"])
def test_a_create_that_did_not_happen_is_asked_for_again_later_and_once(shop: Shop, kind: str) -> None:
    one_product(shop)
    shop.fault(operation="createDraftListing", kind=kind, times=1)
    job = shop.sync()
    assert (job.status, job.deferred_count) == ("paused", 1)
    assert "create_unaccounted" in job.error_log["job"]
    assert shop.publish(job).synced_count == 1
    assert len(shop.world.listings()) == 1


def test_a_draft_from_an_earlier_sync_is_brought_up_to_date(shop: Shop) -> None:
    """It says what was true when its create was lost; what was approved now is what counts."""
    product_id = one_product(shop)
    shop.fault(operation="createDraftListing", kind="drop_after", times=1)
    shop.fault(operation="getListingsByShop", kind="status", status=404)
    shop.sync()
    shop.world.etsy("DELETE", "faults")
    shop.world.medusa("PATCH", f"products/{product_id}", {"set": {"title": "A new title"}})
    assert shop.sync().synced_count == 1
    assert [item["title"] for item in shop.world.listings()] == ["A new title"]


def test_a_refused_create_is_not_searched_for(shop: Shop) -> None:
    one_product(shop)
    shop.fault(operation="createDraftListing", kind="status", status=400, times=1)
    shop.sync()
    calls = shop.calls_of(shop.plan())
    assert calls["createDraftListing"] == 1
    assert "getListingsByShop" not in calls


def test_a_late_draft_is_found_by_the_next_sync(shop: Shop) -> None:
    """FACTS §10: drafts show a moment late; the next sync searches before it creates."""
    product_id = one_product(shop)
    shop.fault(operation="createDraftListing", kind="late_visibility", seconds=30, times=1)
    shop.sync()
    assert shop.link(product_id).etsy_listing_id is not None, "a failure never erases the listing's id"
    shop.world.etsy("POST", "clock", {"advance_seconds": 31})
    assert shop.sync().synced_count == 1
    assert len(shop.world.listings()) == 1


def test_a_draft_that_shows_some_seconds_late_is_waited_for(shop: Shop) -> None:
    """FACTS §10: a new listing can be a 404 for one to three seconds."""
    one_product(shop)
    shop.fault(operation="createDraftListing", kind="late_visibility", seconds=3, times=1)
    job = shop.plan()
    shop.approve(job)
    found = shop.publish(job, sleep=lambda seconds: shop.world.etsy("POST", "clock", {"advance_seconds": seconds}))
    assert (found.synced_count, len(shop.world.listings())) == (1, 1)


def test_two_drafts_with_our_reference_are_a_persons_business(shop: Shop) -> None:
    product_id = one_product(shop)
    shop.fault(operation="createDraftListing", kind="drop_after", times=1)
    shop.fault(operation="getListingsByShop", kind="status", status=404)
    shop.sync()
    shop.world.etsy("DELETE", "faults")
    twin = (
        "INSERT INTO listing SELECT listing_id + 1, shop_id, state, title, visible_from, data, inventory FROM listing"
    )
    shop.world.sandbox.state.run(twin)
    job = shop.sync()
    assert "several_drafts" in job.error_log[product_id]
    assert len(shop.world.listings()) == 2


def test_a_publication_that_is_started_again_goes_on_where_it_stopped(shop: Shop) -> None:
    shop.world.keep_only(*shop.world.product_ids("clean")[:4])
    job = shop.plan()
    shop.approve(job)

    class Killed(BaseException):
        """Stands for a SIGKILL."""

    def kill_after_two(progress: Progress) -> None:
        if progress.done == 2:
            raise Killed

    with pytest.raises(Killed):
        shop.publish(job, on_progress=kill_after_two)
    assert shop.publish(job).synced_count == 4
    assert len(shop.world.listings()) == 4


def test_a_lost_connection_to_the_shop_stops_the_job_at_once(shop: Shop) -> None:
    shop.world.keep_only(*shop.world.product_ids("clean")[:3])
    job = shop.plan()
    shop.approve(job)
    for kind in ("access", "refresh"):
        shop.world.etsy("POST", "tokens", {"kind": kind})
    found = shop.publish(job)
    assert (found.status, found.deferred_count) == ("failed", 3)
    assert "accounts connect" in found.error_log["job"]


def test_an_etsy_that_is_down_pauses_the_job_instead_of_failing_every_product(shop: Shop) -> None:
    shop.world.keep_only(*shop.world.product_ids("clean"))
    job = shop.plan()
    shop.approve(job)
    shop.fault(operation="*", kind="html")
    found = shop.publish(job)
    assert (found.status, found.failed_count, found.deferred_count) == ("paused", 0, 12)
    assert "Etsy is down" in found.error_log["job"]
    shop.world.etsy("DELETE", "faults")
    assert shop.publish(job).synced_count == 12


def test_nothing_is_published_without_an_approval(shop: Shop) -> None:
    one_product(shop)
    job = shop.plan()
    with pytest.raises(Conflict, match="not approved") as caught:
        shop.publish(job)
    assert "publication_approval" in caught.value.hint
    with pytest.raises(Conflict, match="nothing is published"):
        approved_job(shop.store, shop.id)
    assert shop.world.listings() == []


def test_a_plan_that_changed_after_its_approval_is_not_published(shop: Shop) -> None:
    one_product(shop)
    job = shop.plan()
    shop.approve(job)
    with pytest.raises(Conflict, match="stale"):
        shop.publish(job, amount_unit="minor")
    assert shop.world.listings() == []


def test_an_approval_that_has_expired_is_not_published(shop: Shop) -> None:
    one_product(shop)
    job = shop.plan()
    shop.approve(job)
    in_four_days = datetime.now(UTC) + timedelta(days=4)
    with pytest.raises(Conflict, match="has expired") as caught:
        shop.publish(job, now=lambda: in_four_days)
    assert caught.value.code == "approval_expired"
    assert (shop.world.listings(), queries.job(shop.store, job.transaction_id).status) == ([], "cancelled")
    assert shop.sync().synced_count == 1, "a new plan can be approved and published"


def test_a_publication_that_began_in_time_goes_on_however_late(shop: Shop) -> None:
    """Once killed, once paused: both had begun."""
    shop.world.keep_only(*shop.world.product_ids("clean")[:3])
    job = shop.plan()
    shop.approve(job)

    def killed(_: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shop.publish(job, on_progress=killed)
    shop.fault(operation="*", kind="html")
    in_four_days = datetime.now(UTC) + timedelta(days=4)
    assert shop.publish(job, now=lambda: in_four_days).status == "paused"
    shop.world.etsy("DELETE", "faults")
    in_eight_days = datetime.now(UTC) + timedelta(days=8)
    assert shop.publish(job, now=lambda: in_eight_days).synced_count == 3


def test_a_job_pauses_while_etsy_keeps_asking_to_slow_down_and_no_product_is_blamed(shop: Shop) -> None:
    one_product(shop)
    job = shop.plan()
    shop.approve(job)
    shop.fault(operation="uploadListingImage", kind="status", status=429, headers={"retry-after": "0"})
    for _ in range(4):  # more often than a product may fail
        paused = shop.publish(job)
        assert (paused.status, paused.failed_count) == ("paused", 0)
        assert "slow down" in paused.error_log["job"]
    shop.world.etsy("DELETE", "faults")
    assert shop.publish(job).synced_count == 1


def test_a_cancelled_job_ends_what_it_has_begun_and_begins_nothing_more(shop: Shop) -> None:
    shop.world.keep_only(*shop.world.product_ids("clean")[:5])
    job = shop.plan()
    shop.approve(job)

    def cancel_after_one(progress: Progress) -> None:
        if progress.done == 1:
            approvals.cancel(shop.store, job.transaction_id)

    found = shop.publish(job, on_progress=cancel_after_one, at_once=2)
    assert (found.status, found.synced_count, found.deferred_count) == ("cancelled", 2, 3)


def _variant_id(shop: Shop, product_id: str) -> str:
    sql = "SELECT json_extract(data, '$.variants[0].id') AS id FROM medusa_product WHERE id = ?"
    row = shop.world.sandbox.state.row(sql, product_id)
    assert row is not None
    return str(row["id"])
