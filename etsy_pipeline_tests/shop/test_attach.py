"""Adopting a listing: nothing is sent, its seller's things stay, and the next plan tells what Medusa wants."""

from typing import Any

import pytest

from etsy_pipeline.accounts import configure
from etsy_pipeline.planning.plan_item import PlanItem
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import approvals
from etsy_pipeline.sync.request import request_sync
from etsy_pipeline.sync.rollback import request_rollback
from etsy_pipeline_tests.shop.owner import Owner
from etsy_pipeline_tests.sync.planned import code_of


def item_of(owner: Owner, product_id: str) -> PlanItem:
    return owner.planned(owner.plan())[product_id]


def test_a_product_that_may_be_on_etsy_waits_and_is_not_created(owner: Owner) -> None:
    listing = owner.lists(sku="BOWL-1")
    owner.sells("prod_1", "BOWL-1")
    item = owner.planned(owner.looks_and_plans())["prod_1"]
    assert item.action == "invalid"
    assert "listing_may_exist" in [verdict.code for verdict in item.verdicts]
    assert owner.candidates() == {("prod_1", listing): "certain"}


def test_attaching_writes_nothing_to_etsy_and_the_product_is_linked(owner: Owner) -> None:
    listing = owner.lists(sku="BOWL-1", price=31, quantity=4)
    owner.sells("prod_1", "BOWL-1")
    owner.looks_and_plans()
    before, there = owner.writes(), owner.on_etsy(listing)
    owner.decides("attach", "prod_1", listing)
    assert owner.writes() == before
    assert owner.on_etsy(listing) == there
    link = owner.link("prod_1")
    assert (link.etsy_listing_id, link.sync_status, link.origin) == (listing, "synced", "adopted")
    assert (link.listing_state, link.last_synced_at) == ("active", None)
    assert link.published is not None
    assert (link.published.title, str(link.published.price), link.published.quantity) == ("Old bowl", "31.00", 4)
    assert [(item.variant_id, item.sku) for item in link.variant_map] == [("variant_of_prod_1", "BOWL-1")]
    assert owner.candidates() == {}


def test_who_attached_is_in_the_log_with_what_was_known(owner: Owner) -> None:
    listing = owner.lists(sku="BOWL-1")
    owner.sells("prod_1", "BOWL-1")
    owner.looks_and_plans()
    owner.decides("attach", "prod_1", listing, note="the blue one")
    (entry,) = owner.log()
    assert (entry.decision, entry.product_id, entry.listing_id) == ("attached", "prod_1", listing)
    assert (entry.decided_by, entry.decided_through, entry.note) == ("Ada", "cli", "the blue one")
    assert entry.evidence[0]["code"] == "sku_set_equal"


def test_by_default_nothing_of_an_adopted_listing_changes(owner: Owner) -> None:
    listing = owner.lists(sku="BOWL-1", price=31)
    owner.sells("prod_1", "BOWL-1", price=20)
    owner.looks_and_plans()
    owner.decides("attach", "prod_1", listing)
    item = item_of(owner, "prod_1")
    assert (item.action, item.reason) == ("skip", "unchanged since it was last published")
    assert item.conflicts == ()


def test_where_price_and_quantity_are_medusas_the_next_plan_shows_them_as_plain_differences(owner: Owner) -> None:
    listing = owner.lists(sku="BOWL-1", price=31, quantity=4)
    owner.sells("prod_1", "BOWL-1", price=20, stock=7)
    owner.looks_and_plans()
    owner.decides("attach", "prod_1", listing, own=("price", "quantity"))
    item = item_of(owner, "prod_1")
    assert {change.field: (change.old, change.new) for change in item.differences} == {
        "price": ("31.00", "20.00"),
        "quantity": ("4", "7"),
    }
    assert item.conflicts == ()
    assert "first_plan_of_adopted_link" in [brake.code for brake in item.brakes]


def test_publishing_an_adopted_listing_leaves_its_texts_pictures_and_profiles_alone(owner: Owner) -> None:
    listing = owner.lists(sku="BOWL-1", price=31, quantity=4, materials=["clay"])
    owner.sells("prod_1", "BOWL-1", price=20, stock=7)
    owner.looks_and_plans()
    before = owner.on_etsy(listing)
    owner.decides("attach", "prod_1", listing, own=("price", "quantity"))
    job = owner.sync()
    assert (job.synced_count, job.failed_count) == (1, 0), job.error_log
    after = owner.on_etsy(listing)
    kept = ("title", "description", "tags", "materials", "taxonomy_id", "images", "shipping_profile_id", "state")
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    (product,) = after["inventory"]["products"]
    assert (product["sku"], product["offerings"][0]["quantity"]) == ("BOWL-1", 7)
    assert (
        product["offerings"][0]["readiness_state_id"]
        == before["inventory"]["products"][0]["offerings"][0]["readiness_state_id"]
    )
    assert owner.link("prod_1").last_synced_at is not None
    assert item_of(owner, "prod_1").action == "skip", "what was sent is as it should be"


def test_variations_that_medusa_does_not_have_stay_as_they_are(owner: Owner) -> None:
    products = [
        {"values": {"Size": size}, "sku": f"BOWL-{size}", "price": 30, "quantity": 2} for size in ("S", "M", "XL")
    ]
    listing = owner.lists(products=products)
    owner.sells("prod_1", "BOWL", sizes=("S", "M"), price=25, stock=6, metadata={"etsy_listing_id": str(listing)})
    owner.looks_and_plans()
    owner.decides("attach", "prod_1", listing, own=("price", "quantity"))
    job = owner.sync()
    assert (job.synced_count, job.failed_count) == (1, 0), job.error_log
    offerings = {
        item["sku"]: (item["offerings"][0]["price"]["amount"], item["offerings"][0]["quantity"])
        for item in owner.on_etsy(listing)["inventory"]["products"]
    }
    assert offerings == {"BOWL-S": (2500, 6), "BOWL-M": (2500, 6), "BOWL-XL": (3000, 2)}


def test_a_listing_whose_variations_cannot_be_told_is_linked_with_its_stock_off(owner: Owner) -> None:
    listing = owner.lists(variations={"Glaze": ["Blue", "Green"]})
    owner.sells("prod_1", "BOWL", sizes=("S", "M"), metadata={"etsy_listing_id": str(listing)})
    owner.looks_and_plans()
    owner.decides("attach", "prod_1", listing, own=("price", "quantity"))
    assert {"price", "quantity", "variations", "sku"} <= set(owner.link("prod_1").keeps)
    assert item_of(owner, "prod_1").action == "skip"


def test_a_person_may_say_which_variant_is_which_offering(owner: Owner) -> None:
    listing = owner.lists(variations={"Glaze": ["Blue", "Green"]}, quantity=2)
    owner.sells("prod_1", "BOWL", sizes=("S", "M"), stock=9, metadata={"etsy_listing_id": str(listing)})
    owner.looks_and_plans()
    by_hand = {"variant_of_prod_1-S": ("Blue",)}
    owner.decides("attach", "prod_1", listing, own=("quantity",), by_hand=by_hand)
    (change,) = item_of(owner, "prod_1").differences
    assert (change.field, change.new) == ("quantity", "9")


@pytest.mark.parametrize("state", ["inactive", "expired", "sold_out", "draft"])
def test_linking_a_listing_that_is_not_on_sale_does_not_bring_it_back(owner: Owner, state: str) -> None:
    listing = owner.lists(sku="BOWL-1", state=state)
    owner.sells("prod_1", "BOWL-1", stock=9)
    owner.looks_and_plans()
    owner.decides("attach", "prod_1", listing)
    item = item_of(owner, "prod_1")
    assert (item.action, item.cost.calls) == ("skip", 0)


def test_the_account_may_say_that_price_and_stock_are_medusas_for_all(owner: Owner) -> None:
    configure.configure(owner.store, owner.id, {"adopted_price_and_stock": True, "adopted_keeps": ["title", "images"]})
    listing = owner.lists(sku="BOWL-1")
    owner.sells("prod_1", "BOWL-1")
    owner.looks_and_plans()
    owner.decides("attach", "prod_1", listing, keep=("tags",))
    assert owner.link("prod_1").keeps == ("title", "tags", "images")


def test_a_product_that_no_plan_knows_may_be_attached_where_medusa_has_it(owner: Owner) -> None:
    listing = owner.lists(title="Quite another name")
    owner.sells("prod_1")
    owner.looks()
    owner.decides("attach", "prod_1", listing)
    assert owner.link("prod_1").product_title == "Bowl prod_1"


def test_what_cannot_be_attached_is_refused_with_the_reason(owner: Owner) -> None:
    listing, private = owner.lists(sku="BOWL-1"), owner.lists(is_private=True)
    owner.sells("prod_1", "BOWL-1")
    owner.sells("prod_2")
    owner.looks_and_plans()
    assert code_of(lambda: owner.decides("attach", "prod_nope", listing)) == "product_not_found"
    assert code_of(lambda: owner.decides("attach", "prod_1", 4711)) == "listing_not_seen"
    assert code_of(lambda: owner.decides("attach", "prod_1", private)) == "listing_private"
    assert code_of(lambda: owner.decides("attach", "prod_1", listing, own=("colour",))) == "field_unknown"
    assert (
        code_of(lambda: owner.decides("attach", "prod_1", listing, own=("tags",), keep=("tags",)))
        == "field_taken_twice"
    )
    assert code_of(lambda: owner.decides("attach", "prod_1")) == "id_missing"
    owner.decides("attach", "prod_1", listing)
    assert code_of(lambda: owner.decides("attach", "prod_2", listing)) == "listing_linked"
    assert code_of(lambda: owner.decides("attach", "prod_1", private)) in {"listing_private", "product_linked"}
    assert [entry.decision for entry in owner.log()] == ["attached"]


def test_a_listing_that_etsy_lost_or_took_down_since_the_scan_is_refused(owner: Owner) -> None:
    deleted, removed = owner.lists(sku="BOWL-1"), owner.lists(sku="BOWL-2")
    owner.sells("prod_1", "BOWL-1")
    owner.sells("prod_2", "BOWL-2")
    owner.looks_and_plans()
    owner.world.etsy("DELETE", f"listings/{deleted}")
    owner.world.etsy("PATCH", f"listings/{removed}", {"state": "removed"})
    assert code_of(lambda: owner.decides("attach", "prod_1", deleted)) == "listing_not_found"
    assert code_of(lambda: owner.decides("attach", "prod_2", removed)) == "listing_removed"


def test_a_plan_that_would_have_created_the_product_gives_way(owner: Owner) -> None:
    listing = owner.lists(title="Quite another name")
    owner.sells("prod_1")
    job = owner.looks_and_plans()
    owner.decides("attach", "prod_1", listing)
    assert code_of(lambda: owner.approve(job)) in {"plan_superseded", "already_decided"}


def test_a_product_that_a_sync_under_way_holds_is_refused(owner: Owner) -> None:
    listing = owner.lists(title="Quite another name")
    owner.sells("prod_1")
    owner.approve(owner.looks_and_plans())
    assert code_of(lambda: owner.decides("attach", "prod_1", listing)) == "product_held"


def test_a_sync_that_was_called_off_leaves_an_adopted_link_as_it_was(owner: Owner) -> None:
    listing = owner.lists(sku="BOWL-1")
    owner.sells("prod_1", "BOWL-1")
    owner.looks_and_plans()
    owner.decides("attach", "prod_1", listing)
    asked = request_sync(owner.store, owner.id, product_ids=("prod_1",), trigger="cli")
    assert owner.link("prod_1").sync_status == "pending"
    approvals.cancel(owner.store, asked.transaction_id)
    assert (owner.link("prod_1").sync_status, owner.link("prod_1").sync_error) == ("synced", None)


def test_what_takes_the_place_of_an_adopted_listing_that_is_gone_is_ours_and_whole(owner: Owner) -> None:
    listing = owner.lists(sku="BOWL-1")
    owner.sells("prod_1", "BOWL-1")
    owner.looks_and_plans()
    owner.decides("attach", "prod_1", listing)
    owner.world.etsy("DELETE", f"listings/{listing}")
    owner.sync()
    link = owner.link("prod_1")
    assert (link.origin, link.keeps, link.variant_map, link.listing_state) == ("created", (), (), "active")
    made = owner.on_etsy(link.etsy_listing_id or 0)
    assert made["images"]
    assert made["tags"]
    assert owner.planned(owner.plan())["prod_1"].action == "skip"


def test_taking_back_gives_an_adopted_listing_what_we_changed_and_leaves_the_rest_to_its_seller(owner: Owner) -> None:
    """Also an offering that Medusa does not have, and what the seller wrote since."""
    sizes = [{"values": {"Size": size}, "sku": f"CAP-{size}", "price": 40, "quantity": 7} for size in ("S", "L", "XL")]
    listing = owner.lists("Woollen cap", products=sizes)
    owner.sells("prod_1", "CAP", ("S", "L", "M"), price=45, stock=2)
    owner.looks_and_plans()
    owner.decides("attach", "prod_1", listing, own=("price",))
    before = offerings(owner.on_etsy(listing))
    published = owner.sync()
    assert offerings(owner.on_etsy(listing)) != before
    owner.world.etsy("PATCH", f"listings/{listing}", {"title": "Her newest words"})
    asked = request_rollback(owner.store, published.transaction_id, trigger="cli")
    planned = owner.plan(transaction_id=asked.transaction_id, covers_selection=False)
    owner.approve(planned)
    assert owner.publish(planned).state is SyncState.COMPLETED
    there = owner.on_etsy(listing)
    assert (offerings(there), there["title"]) == (before, "Her newest words")


def test_no_more_pieces_than_medusa_has_are_given_back_to_an_adopted_listing(owner: Owner) -> None:
    sizes = [{"values": {"Size": size}, "sku": f"CAP-{size}", "price": 40, "quantity": 7} for size in ("S", "XL")]
    listing = owner.lists("Woollen cap", products=sizes)
    owner.sells("prod_1", "CAP", ("S", "L"), price=40, stock=2)
    owner.looks_and_plans()
    owner.decides("attach", "prod_1", listing, own=("price", "quantity"))
    published = owner.sync()
    asked = request_rollback(owner.store, published.transaction_id, trigger="cli")
    planned = owner.plan(transaction_id=asked.transaction_id, covers_selection=False)
    assert not planned.totals.changes, "two pieces stay two"
    assert offerings(owner.on_etsy(listing)) == {"CAP-S": (4000, 2), "CAP-XL": (4000, 7)}


@pytest.mark.parametrize("looked_again", [False, True])
def test_a_listing_that_got_its_sku_after_the_look_is_not_made_a_second_time(
    owner: Owner, *, looked_again: bool
) -> None:
    listing = owner.lists("Nameless")
    owner.sells("prod_1", "BOWL-1")
    job = owner.looks_and_plans()
    owner.world.etsy("POST", "clock", {"advance_seconds": 60})
    owner.world.etsy("PATCH", f"listings/{listing}", {"sku": "BOWL-1"})
    if looked_again:
        owner.looks()
    owner.approve(job)
    published = owner.publish(job)
    assert (published.failed_count, [one["listing_id"] for one in owner.world.listings()]) == (1, [listing])
    assert f"Listing {listing} has its title or SKU" in published.error_log["prod_1"]
    assert owner.planned(owner.looks_and_plans())["prod_1"].action == "invalid"
    owner.decides("create_anyway", "prod_1")
    assert owner.sync().synced_count == 1


def offerings(listing: dict[str, Any]) -> dict[str, tuple[int, int]]:
    """Price and pieces by SKU."""
    found = [(item["sku"], item["offerings"][0]) for item in listing["inventory"]["products"]]
    return {sku: (one["price"]["amount"], one["quantity"]) for sku, one in found}
