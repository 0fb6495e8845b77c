"""What a plan says that it costs in calls is what publishing it takes, or a little more: never less."""

from etsy_pipeline.accounts import configure
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline_tests.publishing.shop import Shop, stock_of_all

FEW = 12  # calls that a plan may foresee, and that are not made


def planned(shop: Shop) -> EtsySyncJob:
    shop.__dict__.pop("reader", None)
    return shop.plan()


def costs_what_it_says(shop: Shop, job: EtsySyncJob) -> None:
    shop.__dict__.pop("reader", None)  # a publication asks anew what mapping has to know
    made = sum(shop.calls_of(job).values())
    assert made <= job.totals.calls <= made + FEW, (made, job.totals)


def test_new_listings_changes_and_what_goes(shop: Shop) -> None:
    cases = ("clean", "variant_images", "many_images", "no_weight", "price_differs_by_variant")
    configure.configure(shop.store, shop.id, {"variation_images": {"source": "medusa"}})
    clean, *others = (shop.world.product_ids(case)[0] for case in cases)
    shop.world.keep_only(clean, *others)
    new = planned(shop)
    assert new.totals.create == len(cases)
    costs_what_it_says(shop, new)
    shop.world.medusa("PATCH", f"products/{others[0]}", {"set": {"title": "Another title"}})
    shop.world.medusa("PATCH", f"products/{others[1]}", {"variants": stock_of_all(shop, others[1], 4)})
    shop.world.medusa("PATCH", f"products/{clean}", {"set": {"status": "draft"}})
    changed = planned(shop)
    assert (changed.totals.update, changed.totals.deactivate) == (2, 1)
    costs_what_it_says(shop, changed)
