"""The last piece is sold while an approved change of a listing waits: the listing is taken off sale, and sells on no more."""

from typing import Any

import pytest

from etsy_pipeline.accounts import configure
from etsy_pipeline.store import budgets
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import queries
from etsy_pipeline.sync.resume import resume
from etsy_pipeline_tests.publishing.shop import Shop, stock_of_all

TITLE = {"set": {"title": "A new title"}}


def on_sale(shop: Shop, count: int = 1) -> list[str]:
    """The only products, each with a listing on sale."""
    names = shop.world.product_ids("clean")[:count]
    shop.world.keep_only(*names)
    assert shop.sync().synced_count == count
    return names


def change(shop: Shop, names: list[str], **what: Any) -> None:
    for name in names:
        shop.world.medusa("PATCH", f"products/{name}", what)


def sell_out(shop: Shop, names: list[str]) -> None:
    for name in names:
        shop.world.medusa("PATCH", f"products/{name}", {"variants": stock_of_all(shop, name, 0)})


def states(shop: Shop) -> list[str]:
    return [listing["state"] for listing in shop.world.listings()]


def test_it_is_taken_off_sale_instead_of_changed(shop: Shop) -> None:
    names = on_sale(shop)
    change(shop, names, **TITLE)
    job = shop.approve(shop.plan())
    sell_out(shop, names)
    found = shop.publish(job)
    assert (found.state, found.synced_count) == (SyncState.COMPLETED, 1)
    assert states(shop) == ["inactive"]
    assert shop.world.listings()[0]["title"] != "A new title"
    (item,) = shop.items(job)
    assert (item.plan.action, item.outcome) == ("deactivate", "synced")
    assert "out of stock" in (item.note or "")
    approval = queries.review_of(shop.store, job.transaction_id).decision
    assert approval is not None
    assert (approval.decided_by, approval.decided_through, approval.plan_digest) == ("Ada", "policy", found.plan_digest)
    assert shop.plan().state is SyncState.NOTHING_TO_DO


def test_so_is_one_that_was_begun_before_a_pause(shop: Shop) -> None:
    names = on_sale(shop)
    change(shop, names, **TITLE, variants=stock_of_all(shop, names[0], 20))
    job = shop.approve(shop.plan())
    a_day = {"status": 429, "headers": {"retry-after": "86400"}}
    shop.fault(operation="updateListing", kind="status", times=1, **a_day)
    job = shop.publish(job)
    assert [item.step for item in shop.items(job)] == ["complete"]
    with budgets.changing(shop.store, shop.world.sandbox.client_id) as ledger:
        ledger.held_until = None
    resume(shop.store, job.transaction_id, decided_by="Ada", through="cli")
    sell_out(shop, names)
    assert shop.publish(job).synced_count == 1
    assert states(shop) == ["inactive"]


def left(shop: Shop, job: EtsySyncJob) -> list[str]:
    """What is told of the products that left a sync, of which nothing was sent."""
    found = shop.publish(job)
    assert (found.state, found.synced_count, found.failed_count) == (SyncState.COMPLETED_WITH_ERRORS, 0, 0)
    assert {(item.outcome, item.error_code) for item in shop.items(job)} == {("skipped", "product_changed_since_plan")}
    assert set(states(shop)) == {"active"}
    return [item.note or "" for item in shop.items(job)]


def test_a_shop_may_want_to_be_asked(shop: Shop) -> None:
    names = on_sale(shop)
    configure.configure(shop.store, shop.id, {"changed_while_waiting": "ask"})
    change(shop, names, **TITLE)
    job = shop.approve(shop.plan())
    sell_out(shop, names)
    assert "out of stock" in left(shop, job)[0]


@pytest.mark.parametrize("setting", [{"deactivate_removed": False}])
def test_a_shop_that_deactivates_nothing_is_asked(shop: Shop, setting: dict[str, Any]) -> None:
    names = on_sale(shop)
    configure.configure(shop.store, shop.id, setting)
    change(shop, names, **TITLE)
    job = shop.approve(shop.plan())
    sell_out(shop, names)
    assert "out of stock" in left(shop, job)[0]


def test_a_product_that_was_unpublished_is_asked_about(shop: Shop) -> None:
    names = on_sale(shop)
    change(shop, names, **TITLE)
    job = shop.approve(shop.plan())
    change(shop, names, set={"status": "draft"})
    assert "not published" in left(shop, job)[0]


def test_many_at_once_are_asked_about_as_they_are_in_a_plan(shop: Shop) -> None:
    """A stock location that somebody cut off by mistake empties no shop."""
    names = on_sale(shop, count=4)
    change(shop, names, **TITLE)
    job = shop.approve(shop.plan())
    sell_out(shop, names)
    told = left(shop, job)
    assert all("4 of 4 listings on sale would be deactivated; the limit is 10 %." in note for note in told)
