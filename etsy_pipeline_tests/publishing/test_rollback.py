"""Taking a publication back: what it changed is restored through a plan and an approval of its own."""

from typing import Any

import pytest

from etsy_pipeline import wiring
from etsy_pipeline.errors import Conflict
from etsy_pipeline.planning.link import LiveListing
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import approvals
from etsy_pipeline.sync.rollback import request_rollback
from etsy_pipeline_tests.publishing.shop import Shop, one_product, stock_of_all, variant_id

CHANGED = {"set": {"title": "A hasty title"}}

pytestmark = pytest.mark.usefixtures("no_waiting")


def listing(shop: Shop, product_id: str) -> LiveListing:
    """A product's listing, as Etsy has it."""
    listing_id = shop.link(product_id).etsy_listing_id or 0
    return wiring.shop_client(shop.world.settings, shop.store, shop.id).live_listings([listing_id])[listing_id]


def pieces(found: LiveListing) -> int:
    """How many a buyer can have."""
    return sum(item.for_sale for item in found.inventory.offerings) if found.inventory else 0


def last_picture(shop: Shop, product_id: str) -> list[dict[str, Any]]:
    """The product's last picture alone."""
    sql = "SELECT json_extract(data, '$.images[#-1].url') AS url FROM medusa_product WHERE id = ?"
    row = shop.world.sandbox.state.row(sql, product_id)
    assert row is not None
    return [{"id": "img_last", "url": row["url"], "rank": 0}]


def plan_of_rollback(shop: Shop, job: EtsySyncJob) -> EtsySyncJob:
    asked = request_rollback(shop.store, job.transaction_id, trigger="cli")
    assert asked.rollback_of == job.transaction_id
    assert asked.requested_selection is not None
    pages = wiring.catalogue_of(shop.world.settings).pages(asked.requested_selection)
    products = shop.listings().of(product for page in pages for product in page.products)
    return shop.plan(transaction_id=asked.transaction_id, validated=list(products), covers_selection=False)


def rolled_back(shop: Shop, job: EtsySyncJob) -> EtsySyncJob:
    planned = plan_of_rollback(shop, job)
    shop.approve(planned)
    return shop.publish(planned)


def test_texts_and_prices_are_as_they_were(shop: Shop) -> None:
    product_id = one_product(shop)
    shop.sync()
    before = listing(shop, product_id)
    only = variant_id(shop, product_id)
    shop.world.medusa("PATCH", f"products/{product_id}", CHANGED | {"variants": {only: {"price": {"usd": 31}}}})
    changed = shop.sync()
    assert listing(shop, product_id).values["title"] == "A hasty title"
    assert rolled_back(shop, changed).state is SyncState.COMPLETED
    after = listing(shop, product_id)
    assert (after.values, after.inventory) == (before.values, before.inventory)


def test_pictures_come_back_without_an_upload(shop: Shop) -> None:
    product_id = one_product(shop)
    shop.sync()
    before = listing(shop, product_id).image_ids
    shop.world.medusa("PATCH", f"products/{product_id}", {"set": {"images": last_picture(shop, product_id)}})
    changed = shop.sync()
    assert listing(shop, product_id).image_ids != before
    uploads = shop.world.calls().get("uploadListingImage", 0)
    assert rolled_back(shop, changed).state is SyncState.COMPLETED
    assert listing(shop, product_id).image_ids == before
    assert shop.world.calls().get("uploadListingImage", 0) == uploads


def test_what_was_created_is_taken_off_sale_and_what_was_taken_off_is_on_sale_again(shop: Shop) -> None:
    product_id = one_product(shop)
    created = shop.sync()
    assert rolled_back(shop, created).state is SyncState.COMPLETED
    assert listing(shop, product_id).state == "inactive"
    shop.sync()
    assert listing(shop, product_id).state == "active", "the next sync sends what Medusa still has"
    shop.world.medusa("PATCH", f"products/{product_id}", {"set": {"status": "draft"}})
    taken_down = shop.sync()
    assert listing(shop, product_id).state == "inactive"
    shop.world.medusa("PATCH", f"products/{product_id}", {"set": {"status": "published"}})
    assert rolled_back(shop, taken_down).state is SyncState.COMPLETED
    assert listing(shop, product_id).state == "active"


def test_stock_is_never_raised_above_what_medusa_has(shop: Shop) -> None:
    product_id = one_product(shop)
    shop.world.medusa("PATCH", f"products/{product_id}", {"variants": stock_of_all(shop, product_id, 9)})
    shop.sync()
    changes = {"set": {"title": "Fewer"}, "variants": stock_of_all(shop, product_id, 2)}
    shop.world.medusa("PATCH", f"products/{product_id}", changes)
    changed = shop.sync()
    planned = plan_of_rollback(shop, changed)
    (item,) = shop.items(planned)
    assert [verdict.code for verdict in item.plan.verdicts] == ["not_restored"]
    shop.approve(planned)
    shop.publish(planned)
    assert pieces(listing(shop, product_id)) == 2
    assert listing(shop, product_id).values["title"] != "Fewer"


def test_a_product_that_medusa_does_not_sell_any_more_is_not_put_on_sale(shop: Shop) -> None:
    product_id = one_product(shop)
    shop.sync()
    shop.world.medusa("PATCH", f"products/{product_id}", {"set": {"status": "draft"}})
    taken_down = shop.sync()
    planned = plan_of_rollback(shop, taken_down)
    assert [item.plan.differences for item in shop.items(planned)] == [()]
    assert planned.state is SyncState.NOTHING_TO_DO
    assert listing(shop, product_id).state == "inactive"


def test_what_the_seller_edited_since_is_a_conflict(shop: Shop) -> None:
    product_id = one_product(shop)
    shop.sync()
    shop.world.medusa("PATCH", f"products/{product_id}", CHANGED)
    changed = shop.sync()
    shop.world.etsy("PATCH", f"listings/{shop.link(product_id).etsy_listing_id}", {"title": "By hand"})
    (item,) = shop.items(plan_of_rollback(shop, changed))
    assert [(conflict.field, conflict.live) for conflict in item.plan.conflicts] == [("title", "By hand")]


def test_it_needs_an_approval(shop: Shop) -> None:
    product_id = one_product(shop)
    shop.sync()
    shop.world.medusa("PATCH", f"products/{product_id}", CHANGED)
    changed = shop.sync()
    planned = plan_of_rollback(shop, changed)
    assert planned.state is SyncState.PLANNED
    with pytest.raises(Conflict, match="policy") as caught:
        approvals.approve_by_policy(shop.store, planned.transaction_id, amount_unit="major")
    assert caught.value.code == "approval_needs_person"


def test_a_rollback_can_be_taken_back(shop: Shop) -> None:
    product_id = one_product(shop)
    shop.sync()
    shop.world.medusa("PATCH", f"products/{product_id}", CHANGED)
    rolled = rolled_back(shop, shop.sync())
    assert listing(shop, product_id).values["title"] != "A hasty title"
    rolled_back(shop, rolled)
    assert listing(shop, product_id).values["title"] == "A hasty title"


def test_what_sent_nothing_and_what_is_not_over_cannot_be_taken_back(shop: Shop) -> None:
    one_product(shop)
    planned = shop.plan()
    with pytest.raises(Conflict) as caught:
        request_rollback(shop.store, planned.transaction_id, trigger="cli")
    assert caught.value.code == "sync_not_over"
    rejected = approvals.reject(shop.store, planned.transaction_id, decided_by="Ada", through="cli")
    with pytest.raises(Conflict) as caught:
        request_rollback(shop.store, rejected.transaction_id, trigger="cli")
    assert caught.value.code == "nothing_to_take_back"
