"""A catalogue that was imported anew has new ids: nothing is taken off sale or created until a person has decided."""

from typing import Any

import pytest

from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import approvals
from etsy_pipeline.sync.request import request_sync
from etsy_pipeline_tests.builders import a_shop, a_variant, validated
from etsy_pipeline_tests.looked import a_seen_listing, looked_through
from etsy_pipeline_tests.sync.matched import a_mug, candidates, decide, error_codes, failing, of, plan
from etsy_pipeline_tests.sync.planned import connected
from etsy_pipeline_tests.sync.published import published


def test_a_product_that_came_back_with_a_new_id_keeps_its_listing_until_a_person_moves_it(store: Store) -> None:
    """Case reimported_product_new_id: nothing is deactivated, nothing is created."""
    account = connected(store)
    listing_id = published(store, account, a_mug("prod_A"))
    job = plan(store, account, a_mug("prod_B"))
    gone, new = of(store, job, "prod_A"), of(store, job, "prod_B")
    assert (gone.action, gone.reason) == (
        "skip", f"may have moved to prod_B; decide with `etsy-pipeline links candidates {account.id}`"
    )  # fmt: skip
    assert error_codes(new) == ["listing_may_exist"]
    assert f"listing {listing_id}" in new.reason
    assert "linked to prod_A" in new.reason
    assert (job.totals.changes, job.totals.fees_usd_cents) == (0, 0)
    assert candidates(store, account) == [("prod_B", listing_id, "certain", "prod_A")]


def test_so_it_is_where_the_look_through_the_shop_saw_its_listing_too(store: Store) -> None:
    account = connected(store)
    listing_id = published(store, account, a_mug("prod_A"))
    looked_through(store, account.id, a_seen_listing(listing_id, title="Sold under another title"))
    job = plan(store, account, a_mug("prod_B"))
    assert (of(store, job, "prod_A").action, job.totals.create) == ("skip", 0)


def test_so_it_is_for_products_without_skus_that_are_called_the_same(store: Store) -> None:
    account = connected(store)
    listing_id = published(store, account, a_mug("prod_A", "", title="Stoneware mug"))
    job = plan(store, account, a_mug("prod_B", "", title="Stoneware mug"))
    assert of(store, job, "prod_A").action == "skip"
    assert candidates(store, account) == [("prod_B", listing_id, "likely", "prod_A")]


def test_so_it_is_where_the_listing_is_called_otherwise_on_etsy(store: Store) -> None:
    account = connected(store)
    listing_id = published(store, account, a_mug("prod_A", "", title="Stoneware mug"))
    looked_through(store, account.id, a_seen_listing(listing_id, title="Her own words", skus=()))
    job = plan(store, account, a_mug("prod_B", "", title="Stoneware mug"))
    assert (of(store, job, "prod_A").action, job.totals.create) == ("skip", 0)
    job = plan(store, account, a_mug("prod_A", ""), a_mug("prod_B", "", title="Stoneware mug"))
    assert of(store, job, "prod_B").action == "create", "prod_A is there"


def test_so_it_is_where_only_the_handle_is_the_same(store: Store) -> None:
    account = connected(store)
    listing_id = published(store, account, a_mug("prod_A", "", handle="stoneware-mug"))
    plan(store, account, a_mug("prod_A", "", handle="stoneware-mug"))
    job = plan(store, account, a_mug("prod_B", "", title="Quite another title", handle="stoneware-mug"))
    assert (of(store, job, "prod_A").action, job.totals.create) == ("skip", 0)
    assert candidates(store, account) == [("prod_B", listing_id, "likely", "prod_A")]
    job = plan(store, account, a_mug("prod_C", "", title="Nothing of it", handle="tea-towel"))
    assert (of(store, job, "prod_C").action, of(store, job, "prod_A").action) == ("create", "deactivate")


def test_so_it_is_in_a_plan_of_the_new_product_alone(store: Store) -> None:
    account = connected(store)
    listing_id = published(store, account, a_mug("prod_A"))
    job = plan(store, account, a_mug("prod_B"), covers_selection=False)
    assert job.totals.create == 0
    assert candidates(store, account) == [("prod_B", listing_id, "likely", "prod_A")]


def test_so_it_is_where_nobody_could_look_through_the_shop(store: Store) -> None:
    account = connected(store)
    published(store, account, a_mug("prod_A"))
    job = plan(store, account, a_mug("prod_B"), look_through=failing)
    assert (of(store, job, "prod_A").action, job.totals.changes) == ("skip", 0)


def test_a_product_that_is_gone_for_good_is_deactivated(store: Store) -> None:
    account = connected(store)
    published(store, account, a_mug("prod_A"))
    job = plan(store, account, a_mug("prod_B", "BOWL-1"))
    assert (of(store, job, "prod_A").action, of(store, job, "prod_B").action) == ("deactivate", "create")


def test_once_a_person_says_that_it_is_another_product_both_are_planned(store: Store) -> None:
    account = connected(store)
    listing_id = published(store, account, a_mug("prod_A"))
    decide(store, account, "prod_B", listing_id, "create_anyway")
    job = plan(store, account, a_mug("prod_B"))
    assert (of(store, job, "prod_A").action, of(store, job, "prod_B").action) == ("deactivate", "create")


NOT_SOLD: list[dict[str, Any]] = [{"status": status} for status in ("draft", "proposed", "rejected")]
NOT_SOLD += [{"is_in_sales_channel": False}]


@pytest.mark.parametrize("now", NOT_SOLD, ids=lambda now: next(map(str, now.values())))
def test_so_it_is_where_the_old_product_is_there_still_but_not_sold(store: Store, now: dict[str, Any]) -> None:
    """Case reimported_product_new_id, with the old one kept; in capitals, for Medusa has each SKU once."""
    account = connected(store)
    listing_id = published(store, account, a_mug("prod_A", title="Stoneware mug"))
    old = validated(a_mug("prod_A", title="Stoneware mug", **now), a_shop(in_no_sales_channel="leave"))
    job = plan(store, account, old, a_mug("prod_B", "mug-1", title="Quite another"))
    assert (of(store, job, "prod_A").action, error_codes(of(store, job, "prod_B"))) == ("skip", ["listing_may_exist"])
    assert "prod_B" in of(store, job, "prod_A").reason
    assert "linked to prod_A, which this plan did not find for sale" in of(store, job, "prod_B").reason
    assert (job.totals.changes, job.totals.fees_usd_cents) == (0, 0)
    assert candidates(store, account) == [("prod_B", listing_id, "ambiguous", "prod_A")], "both have the SKU"
    job = plan(store, account, old, a_mug("prod_B", "BOWL-1", title="Stoneware mug"))
    assert (of(store, job, "prod_A").action, job.totals.create) == ("skip", 0), "nor where only the title is the same"


def test_a_product_that_is_out_of_stock_keeps_its_listing_for_it_comes_back(store: Store) -> None:
    account = connected(store)
    published(store, account, a_mug("prod_A", title="Stoneware mug"))
    sold_out = a_mug("prod_A", title="Stoneware mug", variants=(a_variant(sku="MUG-1", available=0),))
    job = plan(store, account, sold_out, a_mug("prod_B", "BOWL-1", title="Stoneware mug"))
    assert (of(store, job, "prod_A").action, of(store, job, "prod_B").action) == ("deactivate", "create")


def test_a_product_that_is_not_sold_and_like_nothing_new_is_taken_off_sale_as_ever(store: Store) -> None:
    account = connected(store)
    published(store, account, a_mug("prod_A"))
    job = plan(store, account, a_mug("prod_A", status="draft"), a_mug("prod_B", "BOWL-1"))
    assert (of(store, job, "prod_A").action, of(store, job, "prod_B").action) == ("deactivate", "create")


def test_a_confirmation_before_the_plan_publishes_nothing_of_it(store: Store) -> None:
    account = connected(store)
    published(store, account, a_mug("prod_A"))
    job = request_sync(store, account.id, product_ids=None, trigger="cli")
    approvals.approve(store, job.transaction_id, decided_by="Ada", through="cli", amount_unit="major")
    products = a_mug("prod_A", status="draft"), a_mug("prod_B", "mug-1")
    job = plan(store, account, *products, transaction_id=job.transaction_id)
    assert (job.state, job.totals.changes) == (SyncState.NOTHING_TO_DO, 0)


CHANGED = {
    "a word more": ({"sku": ""}, {"sku": "", "title": "Stoneware bowl, blue"}),
    "a word between": ({"sku": "", "title": "Stoneware mug, blue"}, {"sku": "", "title": "Stoneware mug, navy blue"}),
    "SKU with a suffix": ({}, {"sku": "BOWL-1-NEW", "title": "Stoneware bowl, new"}),
    "SKU written otherwise": ({}, {"sku": "BOWL_1", "title": "Stoneware bowl blue"}),
    "SKU alone, written otherwise": ({}, {"sku": "bowl 1", "title": "Quite another"}),
    "SKU through a spreadsheet": ({"sku": "00123"}, {"sku": "123", "title": "Stoneware bowl blue"}),
    "SKU lost": ({}, {"sku": "", "title": "Stoneware bowl, blue"}),
    "new SKU": ({}, {"sku": "X", "title": "Stoneware bowl, blue"}),
    "handle with a number": ({}, {"sku": "X", "title": "All else new", "handle": "stoneware-bowl-1"}),
}


@pytest.mark.parametrize(("old", "new"), CHANGED.values(), ids=CHANGED.keys())
def test_so_it_is_where_title_sku_or_handle_changed_a_little_as_the_old_product_went(
    store: Store, old: dict[str, Any], new: dict[str, Any]
) -> None:
    """Case reimported_product_new_id, with what an import may do to a product."""
    account = connected(store)
    mug = a_mug("prod_A", **({"sku": "BOWL-1", "title": "Stoneware bowl", "handle": "stoneware-bowl"} | old))
    listing_id = published(store, account, mug)
    others = [a_mug(f"prod_{n}", f"SPOON-{n}", title=f"Wooden spoon number {n}") for n in range(5)]
    plan(store, account, mug, *others)
    job = plan(store, account, *others, a_mug("prod_B", **({"handle": "other"} | new)))
    assert (of(store, job, "prod_A").action, error_codes(of(store, job, "prod_B"))) == ("skip", ["listing_may_exist"])
    (found,) = candidates(store, account)
    assert found[:2] == ("prod_B", listing_id)
    assert found[2] != "certain", "a person looks at each"
    job = plan(store, account, mug, *others, a_mug("prod_B", **({"handle": "other"} | new)))
    assert of(store, job, "prod_B").action == "create", "the old one is there: they are two products"


def test_what_is_only_like_a_product_that_went_before_is_created(store: Store) -> None:
    account = connected(store)
    published(store, account, a_mug("prod_A", title="Stoneware bowl"))
    job = plan(store, account, a_mug("prod_B", "BOWL-1"))
    assert of(store, job, "prod_A").action == "deactivate"
    published(store, account, a_mug("prod_A", title="Stoneware bowl"), state="inactive")
    assert (
        of(store, plan(store, account, a_mug("prod_B", "", title="Stoneware bowl, blue")), "prod_B").action == "create"
    )
