"""Taking a publication back: what it changed is restored through a plan and an approval of its own."""

from typing import Any

import pytest

from etsy_pipeline import wiring
from etsy_pipeline.errors import Conflict
from etsy_pipeline.planning.link import LiveListing
from etsy_pipeline.store import accounts
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import approvals, queries
from etsy_pipeline.sync.queries import NOTEWORTHY
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


def several_variants(shop: Shop) -> str:
    """The only product that Medusa has from now on: one with several variants at several prices."""
    prices = {product_id: shop.world.usd_prices(product_id) for product_id in shop.world.product_ids("clean")}
    found = next(product_id for product_id, known in prices.items() if len(set(known.values())) > 2)
    shop.world.keep_only(found)
    return found


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


def test_a_variation_that_was_sold_out_stands_in_nothing_s_way(shop: Shop) -> None:
    """Etsy tells no price of what is disabled, and takes none of 0."""
    product_id = several_variants(shop)
    first, *others = shop.world.usd_prices(product_id)
    shop.world.medusa("PATCH", f"products/{product_id}", {"variants": {first: {"stock": 0}}})
    shop.sync()
    before = listing(shop, product_id)
    dearer = {one: {"price": {"usd": 500 + number}} for number, one in enumerate(others)}
    shop.world.medusa("PATCH", f"products/{product_id}", {"variants": dearer})
    changed = shop.sync()
    assert listing(shop, product_id).inventory != before.inventory
    assert rolled_back(shop, changed).state is SyncState.COMPLETED
    assert listing(shop, product_id).inventory == before.inventory


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


def test_prices_of_another_currency_are_not_restored(shop: Shop) -> None:
    """Ten dollars would come back as ten euros."""
    product_id = one_product(shop)
    shop.sync()
    only = variant_id(shop, product_id)
    shop.world.medusa("PATCH", f"products/{product_id}", CHANGED | {"variants": {only: {"price": {"usd": 31}}}})
    changed = shop.sync()
    shop.world.etsy("POST", "shops/0/currency", {"currency_code": "EUR", "rate": 0.9})
    with shop.store.writing() as session:
        accounts.change(session, shop.id, currency_code="EUR")
    del shop.reader  # it was of a shop in dollars
    there = listing(shop, product_id)
    planned = plan_of_rollback(shop, changed)
    (item,) = shop.items(planned)
    assert [verdict.message for verdict in item.plan.verdicts] == [
        "Not restored: its prices were in USD, and are in EUR now."
    ]
    shop.approve(planned)
    assert shop.publish(planned).state is SyncState.COMPLETED
    assert listing(shop, product_id).values["title"] != "A hasty title"
    assert listing(shop, product_id).inventory == there.inventory


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


@pytest.mark.parametrize("left", [0, 4])
def test_what_was_sold_since_the_plan_is_not_given_back(shop: Shop, left: int) -> None:
    product_id = one_product(shop)
    for pieces_there in (9, 2):
        shop.world.medusa("PATCH", f"products/{product_id}", {"variants": stock_of_all(shop, product_id, pieces_there)})
        changed = shop.sync()
    shop.world.medusa("PATCH", f"products/{product_id}", {"variants": stock_of_all(shop, product_id, 9)})
    planned = shop.approve(plan_of_rollback(shop, changed))
    shop.world.medusa("PATCH", f"products/{product_id}", {"variants": stock_of_all(shop, product_id, left)})
    found = shop.publish(planned)
    assert (found.synced_count, pieces(listing(shop, product_id))) == (0, 2)
    (item,) = shop.items(planned)
    assert item.error_code == "product_changed_since_plan"


def test_what_was_created_of_a_product_that_medusa_lost_is_taken_off_sale(shop: Shop) -> None:
    product_id = one_product(shop)
    created = shop.sync()
    planned = shop.approve(plan_of_rollback(shop, created))
    shop.world.medusa("DELETE", f"products/{product_id}")
    assert shop.publish(planned).state is SyncState.COMPLETED
    assert listing(shop, product_id).state == "inactive"


def test_a_product_that_medusa_does_not_sell_any_more_is_not_put_on_sale(shop: Shop) -> None:
    product_id = one_product(shop)
    shop.sync()
    shop.world.medusa("PATCH", f"products/{product_id}", {"set": {"status": "draft"}})
    taken_down = shop.sync()
    planned = plan_of_rollback(shop, taken_down)
    (item,) = shop.items(planned)
    assert (item.plan.differences, item.plan.reason) == ((), "not taken back: nothing of it can be restored")
    (told,) = queries.plan_items(shop.store, planned.transaction_id, NOTEWORTHY)
    assert "Medusa has nothing of it for sale now" in told.plan.verdicts[-1].message, "the plan says so unasked"
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
