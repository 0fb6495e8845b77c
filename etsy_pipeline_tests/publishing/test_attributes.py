"""Attributes of listings over real HTTP: each is sent once, the seller's own stay, and nothing of it fails a product."""

from datetime import timedelta
from typing import Any

import pytest

from etsy_pipeline.accounts import configure
from etsy_pipeline.listings.listing import Attribute
from etsy_pipeline.store import accounts
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import queries
from etsy_pipeline.wiring import shop_client
from etsy_pipeline_tests.publishing.shop import READS, Shop, one_product

pytestmark = pytest.mark.usefixtures("no_waiting")

MUGS, TEES = 891, 482
MATERIAL, OCCASION, RECIPIENT, SLEEVES, SECOND_COLOR = 148789511893, 46803063641, 46803063671, 46803063661, 52047899002


def a_mug(shop: Shop, **attributes: Any) -> str:
    """The only product, with these attributes."""
    product_id = one_product(shop)
    say(shop, product_id, **attributes)
    return product_id


def say(shop: Shop, product_id: str, category: int = MUGS, **attributes: Any) -> None:
    """What the product's metadata say from now on."""
    metadata = {"etsy_taxonomy_id": category, "etsy_attributes": {name.replace("_", " "): value for name, value in attributes.items()}}  # fmt: skip
    shop.world.medusa("PATCH", f"products/{product_id}", {"set": {"metadata": metadata}})


def anew(shop: Shop) -> None:
    """The next plan asks Etsy what the shop is."""
    shop.__dict__.pop("reader", None)


def on_etsy(shop: Shop) -> dict[str, tuple[str, ...]]:
    (listing,) = shop.world.listings()
    client = shop_client(shop.world.settings, shop.store, shop.id)
    return {
        item.name: item.values for item in client.listing_properties(shop.account.shop_id or 0, listing["listing_id"])
    }


def by_hand(shop: Shop, property_id: int, name: str, value: str) -> None:
    """The seller sets an attribute."""
    (listing,) = shop.world.listings()
    client = shop_client(shop.world.settings, shop.store, shop.id)
    offered = next(item for item in client.taxonomy_properties(MUGS) if item.property_id == property_id)
    ids = tuple(item.value_id for item in offered.values if item.name == value)
    attribute = Attribute(property_id, name, (value,), ids)
    client.put_listing_property(shop.account.shop_id or 0, listing["listing_id"], attribute)


def test_a_new_listing_has_its_attributes_and_a_second_plan_finds_nothing_to_do(shop: Shop) -> None:
    product_id = a_mug(shop, Material=["Cotton", "Wood"], Occasion="Wedding")
    job = shop.plan()
    (item,) = shop.items(job)
    assert item.plan.cost.calls == 2 + 3 + len(item.plan.desired.images if item.plan.desired else ())
    calls = shop.calls_of(job)
    assert (calls["updateListingProperty"], calls["getListingProperties"]) == (2, 1)
    assert on_etsy(shop) == {"Material": ("Cotton", "Wood"), "Occasion": ("Wedding",)}
    assert shop.link(product_id).sync_status == "synced"
    assert shop.plan().state is SyncState.NOTHING_TO_DO


def test_an_update_sends_what_differs_and_takes_away_what_is_gone(shop: Shop) -> None:
    product_id = a_mug(shop, Material="Cotton", Occasion="Wedding")
    shop.sync()
    say(shop, product_id, Material="Cotton", Secondary_color="Red")
    job = shop.plan()
    (change,) = shop.items(job)[0].plan.differences
    assert (change.field, change.old, change.new) == (
        "attributes", "Material: Cotton; Occasion: Wedding", "Material: Cotton; Secondary color: Red",
    )  # fmt: skip
    assert shop.calls_of(job) == READS | {
        "getListingProperties": 2, "updateListingProperty": 1, "deleteListingProperty": 1,
    }  # fmt: skip
    assert on_etsy(shop) == {"Material": ("Cotton",), "Secondary color": ("Red",)}
    assert shop.plan().state is SyncState.NOTHING_TO_DO


def test_what_the_seller_set_stays_and_is_not_sent_again(shop: Shop) -> None:
    product_id = a_mug(shop, Material="Cotton")
    shop.sync()
    by_hand(shop, OCCASION, "Occasion", "Birthday")
    by_hand(shop, SECOND_COLOR, "Secondary color", "Red")
    say(shop, product_id, Secondary_color="Red")
    assert shop.calls_of(shop.plan())["deleteListingProperty"] == 1
    assert on_etsy(shop) == {"Occasion": ("Birthday",), "Secondary color": ("Red",)}


def test_ours_that_the_seller_changed_is_not_taken_away(shop: Shop) -> None:
    product_id = a_mug(shop, Material="Cotton", Occasion="Wedding")
    shop.sync()
    by_hand(shop, OCCASION, "Occasion", "Birthday")
    say(shop, product_id, Material="Cotton")
    shop.sync()
    assert on_etsy(shop) == {"Material": ("Cotton",), "Occasion": ("Birthday",)}


def test_another_category_comes_between_what_is_taken_away_and_what_is_new(shop: Shop) -> None:
    product_id = one_product(shop)
    say(shop, product_id, TEES, Sleeve_length="Long sleeve", Material="Cotton")
    shop.sync()
    say(shop, product_id, MUGS, Material="Cotton", Occasion="Wedding")
    assert shop.sync().error_log == {}
    assert on_etsy(shop) == {"Material": ("Cotton",), "Occasion": ("Wedding",)}
    say(shop, product_id, TEES, Sleeve_length="Short sleeve")
    assert shop.sync().error_log == {}
    assert on_etsy(shop) == {"Sleeve length": ("Short sleeve",)}
    assert shop.plan().state is SyncState.NOTHING_TO_DO


def test_what_etsy_does_not_let_go_of_is_a_warning(shop: Shop) -> None:
    """Issue 505."""
    product_id = a_mug(shop, Material="Wood")
    shop.sync()
    say(shop, product_id)
    words = {"error": "There was a problem with /attributes : Attributes not valid for property"}
    shop.fault(operation="deleteListingProperty", kind="status", status=400, body=words)
    job = shop.sync()
    (verdict,) = shop.items(job)[0].plan.verdicts
    assert (verdict.code, "Material is still on the listing" in verdict.message) == ("attribute_left", True)
    assert (shop.link(product_id).sync_status, job.error_log) == ("synced", {})


def test_what_etsy_refuses_is_a_warning_and_left_alone_for_a_day(shop: Shop) -> None:
    product_id = a_mug(shop, Recipient="Pets", Material="Wood")
    job = shop.sync()
    assert (job.state, job.error_log) == (SyncState.COMPLETED, {})
    assert on_etsy(shop) == {"Material": ("Wood",)}
    (item,) = shop.items(job)
    told = [verdict for verdict in item.plan.verdicts if verdict.code == "attribute_refused"]
    assert ["Recipient: Pets" in verdict.message for verdict in told] == [True]
    assert "Attributes not valid for property" in told[0].message
    published = shop.link(product_id).published
    assert published is not None
    assert [attribute.name for attribute in published.attributes] == ["Material"]
    anew(shop)
    again = shop.plan()
    assert (again.state, again.totals.update) == (SyncState.NOTHING_TO_DO, 0)
    assert "attribute_refused" in [verdict.code for verdict in shop.items(again)[0].plan.verdicts]


def test_after_a_day_it_is_tried_again(shop: Shop) -> None:
    a_mug(shop, Recipient="Pets")
    shop.sync()
    with shop.store.writing() as session:
        yesterday = shop.store.now() - timedelta(days=1, minutes=1)
        accounts.change(session, shop.id, refused_attributes={str(RECIPIENT): yesterday.isoformat()})
    anew(shop)
    assert shop.calls_of(shop.plan())["updateListingProperty"] == 1
    assert list(shop.account.refused_attributes) == [str(RECIPIENT)]


def test_an_attribute_that_is_refused_elsewhere_stays_where_it_is_on_etsy(shop: Shop) -> None:
    product_id = a_mug(shop, Occasion="Wedding", Material="Wood")
    shop.sync()
    with shop.store.writing() as session:
        accounts.refuse_attributes(session, shop.id, [OCCASION], shop.store.now())
    anew(shop)
    say(shop, product_id, Occasion="Birthday", Material="Cotton")
    job = shop.sync()
    assert on_etsy(shop) == {"Material": ("Cotton",), "Occasion": ("Wedding",)}
    assert "attribute_refused" in [verdict.code for verdict in shop.items(job)[0].plan.verdicts]


def test_what_was_refused_after_the_plan_is_not_tried_and_the_rest_goes_on(shop: Shop) -> None:
    a_mug(shop, Occasion="Wedding", Material="Wood")
    job = shop.plan()
    shop.approve(job)
    with shop.store.writing() as session:
        accounts.refuse_attributes(session, shop.id, [OCCASION], shop.store.now())
    anew(shop)
    shop.publish(job)
    assert on_etsy(shop) == {"Material": ("Wood",)}


def test_what_was_refused_when_the_plan_was_made_is_left_out_though_it_is_not_any_more(shop: Shop) -> None:
    product_id = a_mug(shop, Occasion="Wedding", Material="Wood")
    with shop.store.writing() as session:
        accounts.refuse_attributes(session, shop.id, [OCCASION], shop.store.now())
    job = shop.plan()
    shop.approve(job)
    with shop.store.writing() as session:
        accounts.change(session, shop.id, refused_attributes={})
    anew(shop)
    shop.publish(job)
    assert (shop.link(product_id).sync_status, on_etsy(shop)) == ("synced", {"Material": ("Wood",)})
    assert shop.plan().totals.update == 1, "the next plan has it"


def test_what_etsy_takes_and_shows_otherwise_is_refused_as_well(shop: Shop) -> None:
    """Issue 502: read back are the values and their scale."""
    product_id = a_mug(shop, Material="Wood")
    shop.fault(operation="updateListingProperty", kind="silent_200")
    job = shop.sync()
    (verdict,) = [item for item in shop.items(job)[0].plan.verdicts if item.code == "attribute_refused"]
    assert "shows something else" in verdict.message
    assert (shop.link(product_id).sync_status, on_etsy(shop)) == ("synced", {})


def test_a_lost_answer_is_made_up_for(shop: Shop) -> None:
    product_id = a_mug(shop, Material="Wood", Occasion="Wedding")
    shop.fault(operation="updateListingProperty", kind="drop_after", times=1)
    assert shop.sync().error_log == {}
    assert on_etsy(shop) == {"Material": ("Wood",), "Occasion": ("Wedding",)}
    assert shop.link(product_id).sync_status == "synced"


def test_attributes_that_are_the_sellers_are_left_alone(shop: Shop) -> None:
    configure.configure(shop.store, shop.id, {"ownership": {"attributes": "seller"}})
    a_mug(shop, Material="Wood")
    shop.sync()
    assert "updateListingProperty" not in shop.world.calls()


def test_by_default_no_attribute_costs_a_call(shop: Shop) -> None:
    one_product(shop)
    shop.sync()
    assert not {"updateListingProperty", "getListingProperties"} & set(shop.world.calls())
    assert queries.find_links(shop.store)[0].sync_status == "synced"
