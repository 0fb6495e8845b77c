"""Between the plan and its publication somebody was on Etsy: what would be overwritten unseen is refused."""

from typing import Any

import pytest

from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline_tests.publishing.shop import Shop, variant_id
from etsy_pipeline_tests.world import World

pytestmark = pytest.mark.usefixtures("no_waiting")


@pytest.fixture
def shop(world: World, sqlite_store: Store) -> Shop:
    return Shop(world, sqlite_store, world.connected(sqlite_store))


@pytest.fixture
def products(shop: Shop) -> list[str]:
    """Two products that are on Etsy."""
    found = [shop.world.product_ids(case)[0] for case in ("price_differs_by_variant", "clean")]
    shop.world.keep_only(*found)
    assert shop.sync().synced_count == 2
    return found


def listing_id(shop: Shop, product_id: str) -> int:
    found = shop.link(product_id).etsy_listing_id
    assert found is not None
    return found


def edit(shop: Shop, product_id: str, **fields: Any) -> None:
    shop.world.etsy("PATCH", f"listings/{listing_id(shop, product_id)}", fields)


def retitle(shop: Shop, products: list[str]) -> None:
    for number, product_id in enumerate(products):
        shop.world.medusa("PATCH", f"products/{product_id}", {"set": {"title": f"New title {number}"}})


def test_an_edit_after_the_plan_is_not_overwritten_and_the_rest_goes_on(shop: Shop, products: list[str]) -> None:
    retitle(shop, products)
    job = shop.plan()
    shop.approve(job)
    edit(shop, products[0], title="By the seller")
    found = shop.publish(job)
    assert (found.synced_count, found.failed_count) == (1, 1)
    assert "title is By the seller" in found.error_log[products[0]]
    assert "listing_changed_since_plan" in found.error_log[products[0]]
    assert sorted(item["title"] for item in shop.world.listings()) == ["By the seller", "New title 1"]
    assert shop.sync().synced_count == 1, "the next plan shows the conflict, and is approved with it"
    assert sorted(item["title"] for item in shop.world.listings()) == ["New title 0", "New title 1"]


def test_an_edit_that_the_plan_showed_is_overwritten_as_approved(shop: Shop, products: list[str]) -> None:
    retitle(shop, products)
    edit(shop, products[0], title="By the seller")
    assert shop.sync().synced_count == 2


def test_an_edit_of_what_is_not_sent_is_no_reason_to_refuse(shop: Shop, products: list[str]) -> None:
    retitle(shop, products)
    job = shop.plan()
    shop.approve(job)
    edit(shop, products[0], tags=["by", "the", "seller"])
    assert shop.publish(job).synced_count == 2


def test_pieces_sold_after_the_plan_are_not_put_back(shop: Shop, products: list[str]) -> None:
    variant = variant_id(shop, products[0])
    shop.world.medusa("PATCH", f"products/{products[0]}", {"variants": {variant: {"price": {"usd": 77}}}})
    job = shop.plan()
    shop.approve(job)
    edit(shop, products[0], quantity=1)
    found = shop.publish(job)
    assert "quantity" in found.error_log[products[0]]


def test_a_listing_deleted_after_the_plan_is_not_created_without_approval(shop: Shop, products: list[str]) -> None:
    retitle(shop, products)
    job = shop.plan()
    shop.approve(job)
    gone = listing_id(shop, products[0])
    shop.world.sandbox.state.run("DELETE FROM listing WHERE listing_id = ?", gone)
    found = shop.publish(job)
    assert "listing_gone" in found.error_log[products[0]]
    assert (found.synced_count, len(shop.world.listings())) == (1, 1)
    assert listing_id(shop, products[0]) == gone, "a failure never erases the listing's id"
    assert shop.sync().synced_count == 1, "the next plan says create, and was approved"
    assert (len(shop.world.listings()), listing_id(shop, products[0]) != gone) == (2, True)


@pytest.mark.parametrize("fault", [{"kind": "status", "status": 503}, {"kind": "html"}, {"kind": "drop_before"}])
def test_a_failed_read_is_never_taken_for_gone(shop: Shop, products: list[str], fault: dict[str, Any]) -> None:
    retitle(shop, products)
    job = shop.plan()
    shop.approve(job)
    shop.fault(operation="getListingsByListingIds", **fault)
    found = shop.publish(job)
    assert (found.state, found.deferred_count) == (SyncState.PAUSED, 2)
    shop.world.etsy("DELETE", "faults")
    assert shop.publish(job).synced_count == 2
    assert len(shop.world.listings()) == 2


def test_one_listing_that_etsy_cannot_read_does_not_hold_up_the_others(shop: Shop, products: list[str]) -> None:
    retitle(shop, products)
    job = shop.plan()
    shop.approve(job)
    shop.fault(operation="getListingsByListingIds", kind="status", status=500, times=4 + 4)  # the batch, and the first
    assert shop.publish(job).synced_count == 2


@pytest.mark.parametrize("operation", ["updateListing", "updateListingInventory", "uploadListingImage"])
def test_what_etsy_accepts_and_does_not_apply_is_sent_once_more(shop: Shop, operation: str) -> None:
    shop.world.keep_only(shop.world.product_ids("price_differs_by_variant")[0])
    shop.fault(operation=operation, kind="silent_200", times=1)
    assert shop.sync().synced_count == 1
    (listing,) = shop.world.listings()
    assert listing["state"] == "active"


@pytest.mark.parametrize("operation", ["updateListing", "updateListingInventory"])
def test_what_etsy_never_applies_is_not_called_synced(shop: Shop, products: list[str], operation: str) -> None:
    change = {"set": {"title": "New"}, "variants": {variant_id(shop, products[0]): {"price": {"usd": 77}}}}
    shop.world.medusa("PATCH", f"products/{products[0]}", change)
    shop.fault(operation=operation, kind="silent_200")
    job = shop.sync()
    assert "not_applied" in job.error_log[products[0]]
    assert shop.link(products[0]).sync_status == "failed"
    shop.world.etsy("DELETE", "faults")
    assert shop.sync().synced_count == 1


def test_a_poisoned_product_is_left_alone_after_three_rounds_and_the_others_are_published(shop: Shop) -> None:
    shop.world.keep_only(*shop.world.product_ids("clean")[:3])
    job = shop.plan()
    shop.approve(job)
    poisoned = 4_300_000_000
    shop.fault(method="PUT", path=f"/v3/application/listings/{poisoned}/inventory", kind="status", status=500)
    found = shop.publish(job)
    assert (found.state, found.synced_count, found.deferred_count) == (SyncState.PAUSED, 2, 1)
    found = shop.publish(job)
    assert (found.state, found.failed_count) == (SyncState.COMPLETED_WITH_ERRORS, 1)
    assert "etsy_item_quarantined" in next(iter(found.error_log.values()))
