"""Restore drills: whatever database is put back, nothing is created a second time, and nothing without a new decision.

The same step by step for a person: docs/restore.md.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from etsy_pipeline import wiring
from etsy_pipeline.errors import PipelineError
from etsy_pipeline.shop.scan import scan
from etsy_pipeline.store import jobs, link_decisions
from etsy_pipeline.store.fence import Fence
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline_tests.publishing.shop import Shop
from etsy_pipeline_tests.shop.drills import (
    PRODUCTS,
    codes_of_holds,
    copied,
    opened,
    publish_until,
    put_back,
    recovered,
    twice,
)
from etsy_pipeline_tests.world import World, a_world

OLD, OTHER = "books_older_than_shop", "two_installations"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with a_world(tmp_path) as made:
        made.keep_only(*made.product_ids("clean")[:PRODUCTS])
        yield made


@pytest.fixture
def shop(world: World, tmp_path: Path) -> Iterator[Shop]:
    """A shop whose database is a file of its own, with a fence."""
    store = opened(world, tmp_path / "one")
    yield Shop(world, store, world.connected(store))
    store.close()


def code_of(act: Callable[[], object]) -> str:
    with pytest.raises(PipelineError) as caught:
        act()
    return caught.value.code


def looked_and_planned(shop: Shop) -> EtsySyncJob:
    """A plan of everything, after a real look through the shop."""
    client = wiring.shop_client(shop.world.settings, shop.store, shop.id)
    return shop.plan(look_through=lambda: scan(shop.store, client, shop.id))


def state_of(shop: Shop, job: EtsySyncJob) -> SyncState:
    with shop.store.reading() as session:
        return jobs.get(session, job.transaction_id).state


def without_fence(tmp_path: Path) -> None:
    """Nobody kept how far the books had come."""
    for path in tmp_path.rglob("fence.json"):
        path.unlink()


def require_each_once(shop: Shop) -> None:
    """All is there, each once, and syncing goes on as ever: nothing is created."""
    assert (len(shop.world.listings()), twice(shop)) == (PRODUCTS, [])
    job = looked_and_planned(shop)
    assert job.totals.create == 0
    done = shop.publish(shop.approve(job))
    assert done.failed_count == 0
    assert (len(shop.world.listings()), twice(shop)) == (PRODUCTS, [])
    assert looked_and_planned(shop).totals.changes == 0, "and then there is nothing to do"


def test_a_database_copied_in_the_middle_of_a_publication_goes_on_with_nothing(shop: Shop, tmp_path: Path) -> None:
    job = shop.approve(shop.plan())
    publish_until(shop, job, 4)
    backup = copied(shop.store, tmp_path / "backup.db")
    assert shop.publish(job).synced_count == PRODUCTS
    put_back(shop.store, backup)
    assert code_of(lambda: shop.publish(job)) == "account_held", "the sensor starts it by itself"
    assert (codes_of_holds(shop), state_of(shop, job)) == ([OLD], SyncState.CANCELLED)
    assert len(shop.world.listings()) == PRODUCTS
    done = recovered(shop)
    assert (done.undecided, done.lifted, codes_of_holds(shop)) == (0, (OLD,), [])
    require_each_once(shop)


def test_without_a_fence_the_shop_itself_tells_of_an_old_database(shop: Shop, tmp_path: Path) -> None:
    job = shop.approve(shop.plan())
    publish_until(shop, job, 4)
    backup = copied(shop.store, tmp_path / "backup.db")
    shop.publish(job)
    put_back(shop.store, backup)
    without_fence(tmp_path)
    found = shop.publish(job)
    assert (found.state, codes_of_holds(shop)) == (SyncState.CANCELLED, [OTHER])
    assert "account_held" in found.message
    assert len(shop.world.listings()) == PRODUCTS
    recovered(shop)
    require_each_once(shop)


@pytest.mark.usefixtures("no_waiting")
def test_a_draft_of_ours_that_the_books_do_not_know_stops_all(shop: Shop, tmp_path: Path) -> None:
    """The backup is of a moment before its create: not even the intent is in it."""
    job = shop.approve(shop.plan())
    publish_until(shop, job, PRODUCTS - 1)
    backup = copied(shop.store, tmp_path / "backup.db")
    shop.fault(operation="uploadListingImage", kind="status", status=500)
    shop.publish(job)
    shop.world.etsy("DELETE", "faults")
    put_back(shop.store, backup)
    without_fence(tmp_path)
    shop.publish(job)
    assert codes_of_holds(shop) == [OTHER]
    assert len(shop.world.listings()) == PRODUCTS
    recovered(shop)
    require_each_once(shop)


def test_a_database_of_before_the_approval_is_not_approved_again(shop: Shop, tmp_path: Path) -> None:
    job = shop.plan()
    backup = copied(shop.store, tmp_path / "backup.db")
    shop.publish(shop.approve(job))
    put_back(shop.store, backup)
    assert code_of(lambda: shop.approve(job)) == "account_held"
    assert state_of(shop, job) is SyncState.CANCELLED
    assert recovered(shop).linked == PRODUCTS
    require_each_once(shop)


def test_of_an_old_database_no_plan_is_drawn_up(shop: Shop, tmp_path: Path) -> None:
    backup = copied(shop.store, tmp_path / "backup.db")
    shop.sync()
    put_back(shop.store, backup)
    assert code_of(lambda: looked_and_planned(shop)) == OLD
    assert recovered(shop).linked == PRODUCTS
    require_each_once(shop)


def test_a_lost_state_folder_is_noticed_by_the_fence_outside_of_it(shop: Shop, tmp_path: Path) -> None:
    shop.sync()
    shop.store.close()
    shutil.rmtree(tmp_path / "one" / "state")
    store = opened(shop.world, tmp_path / "one")
    anew = Shop(shop.world, store, shop.world.connected(store))
    assert code_of(lambda: looked_and_planned(anew)) == OLD
    assert recovered(anew).linked == PRODUCTS
    require_each_once(anew)
    store.close()


def test_with_nothing_left_at_all_no_product_is_created_without_a_decision(shop: Shop, tmp_path: Path) -> None:
    shop.sync()
    shop.store.close()
    shutil.rmtree(tmp_path / "one")
    store = opened(shop.world, tmp_path / "one")
    anew = Shop(shop.world, store, shop.world.connected(store))
    job = looked_and_planned(anew)
    assert (job.totals.create, job.totals.invalid) == (0, PRODUCTS)
    assert recovered(anew).linked == PRODUCTS
    require_each_once(anew)
    store.close()


def test_two_installations_with_copies_of_one_database_are_noticed(shop: Shop, tmp_path: Path) -> None:
    job = shop.approve(shop.plan())
    shutil.copytree(tmp_path / "one", tmp_path / "two", ignore=shutil.ignore_patterns("*.db*"))
    copied(shop.store, tmp_path / "two" / "state" / "etsy_pipeline.db")
    store = opened(shop.world, tmp_path / "two")
    other = Shop(shop.world, store, shop.account)
    assert shop.publish(job).synced_count == PRODUCTS
    found = other.publish(job)
    assert (found.state, codes_of_holds(other)) == (SyncState.CANCELLED, [OTHER])
    assert (len(shop.world.listings()), twice(shop)) == (PRODUCTS, [])
    assert recovered(other).linked == PRODUCTS
    require_each_once(other)
    store.close()


def test_what_one_machine_noticed_is_recovered_on_any_other(shop: Shop, tmp_path: Path) -> None:
    """Several machines share a database, and each has a fence of its own."""
    backup = copied(shop.store, tmp_path / "backup.db")
    shop.sync()
    put_back(shop.store, backup)
    code_of(lambda: looked_and_planned(shop))
    ours, shop.store.fence = shop.store.fence, Fence([tmp_path / "elsewhere" / "fence.json"])
    recovered(shop)
    shop.store.fence = ours
    require_each_once(shop)


def test_what_was_linked_again_is_in_the_log_with_its_evidence(shop: Shop, tmp_path: Path) -> None:
    backup = copied(shop.store, tmp_path / "backup.db")
    shop.sync()
    put_back(shop.store, backup)
    code_of(lambda: looked_and_planned(shop))
    recovered(shop)
    with shop.store.reading() as session:
        found, _ = link_decisions.log(session, shop.id)
    assert {item.decision for item in found} == {"recovered"}
    assert {item.decided_by for item in found} == {"Ada"}
    of_products = [item for item in found if item.product_id]
    assert len(of_products) == PRODUCTS
    assert all(item.evidence for item in of_products)
    assert any("older than the shop" in item.note for item in found)


def test_one_listing_like_a_product_leaves_that_product_out_and_no_other(shop: Shop) -> None:
    """The seller listed one by hand after the plan: that is no reason to stop all."""
    job = shop.approve(shop.plan())
    first = shop.items(job)[0].plan
    assert first.desired is not None
    shop.world.etsy(
        "POST", "listings", {"shop_id": 0, "listing": {"title": first.desired.title, "description": "Mine."}}
    )
    found = shop.publish(job)
    assert (found.synced_count, found.failed_count) == (PRODUCTS - 1, 1)
    (left,) = [item for item in shop.items(job) if item.outcome == "failed"]
    assert (left.product_id, left.error_code) == (first.product_id, "listing_may_exist")
    assert codes_of_holds(shop) == []


def test_a_fence_that_is_behind_is_brought_up(shop: Shop, tmp_path: Path) -> None:
    """Another machine published from the same database."""
    shop.sync()
    number = shop.store.fence.epoch(shop.account.shop_id or 0)
    without_fence(tmp_path)
    looked_and_planned(shop)
    assert shop.store.fence.epoch(shop.account.shop_id or 0) == number == shop.account.books_epoch > 0
