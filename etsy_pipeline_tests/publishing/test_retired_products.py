"""A catalogue that a person let shrink: what is down by an approved plan does not brake the plans after it."""

import pytest

from etsy_pipeline.accounts import configure
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline_tests.publishing.shop import Shop, variant_id

pytestmark = pytest.mark.usefixtures("no_waiting")


def brakes(job: EtsySyncJob) -> set[str]:
    return {brake.code for brake in job.brakes}


def test_the_brakes_of_a_shrunken_catalogue_go_once_a_person_approved_it_and_come_with_the_next_one(shop: Shop) -> None:
    configure.configure(shop.store, shop.id, {"approval.auto_approve": True})
    kept, retired = (shop.world.product_ids("clean")[part] for part in (slice(0, 4), slice(4, 7)))
    shop.world.keep_only(*kept, *retired)
    shop.sync()
    shop.world.keep_only(*kept)
    shrunken = shop.plan()
    assert brakes(shrunken) == {"catalogue_shrunk", "many_deactivations"}
    assert shrunken.for_a_person
    shop.approve(shrunken)
    assert shop.publish(shrunken).synced_count == 3
    again = shop.plan()
    assert (again.state, again.brakes) == (SyncState.NOTHING_TO_DO, ())
    shop.world.medusa("PATCH", f"products/{kept[0]}", {"variants": {variant_id(shop, kept[0]): {"stock": 2}}})
    changed = shop.plan()
    assert changed.for_a_person == (), "a policy approves this shop's plans again"
    shop.approve(changed)
    shop.publish(changed)
    shop.world.keep_only(kept[0])
    assert brakes(shop.plan()) == {"catalogue_shrunk", "many_deactivations"}, "three of four that are on sale"


def test_an_empty_catalogue_takes_no_small_shop_off_sale_unseen(shop: Shop) -> None:
    """And where the shop really closes, a person says so once."""
    shop.world.keep_only(*shop.world.product_ids("clean")[:2])
    shop.sync()
    shop.world.keep_only()
    empty = shop.plan()
    assert brakes(empty) == {"catalogue_shrunk"}
    shop.approve(empty)
    assert shop.publish(empty).synced_count == 2
    again = shop.plan()
    assert (again.state, again.brakes) == (SyncState.NOTHING_TO_DO, ())


def test_products_that_the_shop_leaves_on_sale_do_not_brake_for_ever(shop: Shop) -> None:
    configure.configure(shop.store, shop.id, {"deactivate_removed": False})
    kept, *gone = shop.world.product_ids("clean")[:4]
    shop.world.keep_only(kept, *gone)
    shop.sync()
    shop.world.keep_only(kept)
    assert shop.plan().brakes == ()
