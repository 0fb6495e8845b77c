"""Medusa's stock and its events become one sync of just what changed."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from etsy_pipeline import wiring
from etsy_pipeline.accounts import configure
from etsy_pipeline.catalogue.inventory_levels import InventoryLevels, StockLevel
from etsy_pipeline.orders import dirty, stock_poll
from etsy_pipeline.store import jobs, medusa_changes, medusa_stock
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.medusa_changes import MedusaChange
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.sync.build_plan import begin_plan
from etsy_pipeline.sync.request import request_sync
from etsy_pipeline.sync.turns import waits_for
from etsy_pipeline_tests.conftest import ON_SQLITE
from etsy_pipeline_tests.orders.selling import Selling

QUIET = 1
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def levels(shop: Selling) -> Iterator[InventoryLevels]:
    with closing(wiring.inventory_levels_of(shop.world.settings)) as found:
        configure.configure(shop.store, shop.id, {"stock_poll_minutes": 1})
        stock_poll.look_at_stock(shop.store, found)
        _forget(shop.store)
        yield found


def _forget(store: Store) -> None:
    with store.writing() as session:
        medusa_changes.drop(session, medusa_changes.of_kinds(session, dirty.KINDS))


def _age(store: Store, seconds: int = 5) -> None:
    """Changes are this much older."""
    with store.writing() as session:
        for item in medusa_changes.of_kinds(session, dirty.KINDS):
            medusa_changes.drop(session, [item])
            older, since = item.first_seen_at - timedelta(seconds=seconds), {item.id: item.changed_at}
            medusa_changes.note(session, item.kind, [item.id], older, since=since)


def fold(shop: Selling, levels: InventoryLevels) -> list[EtsySyncJob]:
    _age(shop.store)
    found = dirty.fold(
        shop.store, levels, quiet_seconds=QUIET, look_at_stock=lambda: stock_poll.look_at_stock(shop.store, levels)
    )
    with shop.store.reading() as session:
        return [jobs.get(session, transaction_id) for transaction_id in found.transaction_ids]


def test_a_sale_in_medusa_becomes_a_sync_of_that_product(shop: Selling, levels: InventoryLevels) -> None:
    """A reservation moves no stocked quantity, and the levels tell it all the same."""
    shop.world.medusa_sale(shop.variant, 2)
    assert stock_poll.look_at_stock(shop.store, levels) == 1
    (job,) = fold(shop, levels)
    assert job.requested_selection is not None
    assert (job.requested_selection.product_ids, job.trigger) == ((shop.product_id,), "stock")
    assert (stock_poll.look_at_stock(shop.store, levels), fold(shop, levels)) == (0, [])


def test_a_sync_knows_since_when_medusa_s_stock_was_another_one(shop: Selling, levels: InventoryLevels) -> None:
    """By Medusa's clock: how long that was before anybody looked is part of it. What waits keeps its first moment."""
    moments = []
    for _ in range(2):
        shop.world.medusa_sale(shop.variant)
        stock_poll.look_at_stock(shop.store, levels)
        moments += shop.world.sandbox.state.rows("SELECT max(updated_at) AS at FROM medusa_level")
    (job,) = fold(shop, levels)
    assert job.stock_changed_at == datetime.fromisoformat(moments[0]["at"])


@ON_SQLITE
def test_of_levels_that_were_never_seen_nobody_says_since_when(shop: Selling) -> None:
    with shop.store.writing() as session:
        found = medusa_stock.note(session, [StockLevel("new", "sloc_1", 3, 0, LONG_AGO)], shop.store.now())
    assert found == {"new": None}


def test_it_is_planned_in_the_stock_lane_and_waits_for_nobody(shop: Selling) -> None:
    job = request_sync(shop.store, shop.id, product_ids=(shop.product_id,), trigger="stock")
    assert waits_for(job, [job]) is None
    planning = begin_plan(
        shop.store, account_id=shop.id, transaction_id=job.transaction_id, trigger="stock", run_id="run_9"
    )
    assert planning.lane == "stock"


@ON_SQLITE
def test_an_event_that_names_a_stock_level_has_the_stock_looked_at(shop: Selling, levels: InventoryLevels) -> None:
    shop.world.restock(shop.variant, shop.world.medusa_stock(shop.variant)["stocked"] + 1)
    dirty.note_event(shop.store, "inventory.inventory-level.updated", ["ilev_1", "ilev_1"])
    assert len(fold(shop, levels)) == 1


@ON_SQLITE
@pytest.mark.parametrize("event", ["product.updated", "product-variant.updated"])
def test_events_name_products_and_variants(shop: Selling, levels: InventoryLevels, event: str) -> None:
    dirty.note_event(shop.store, event, [shop.product_id if event == "product.updated" else shop.variant])
    (job,) = fold(shop, levels)
    assert job.requested_selection is not None
    assert job.requested_selection.product_ids == (shop.product_id,)


def _priced(shop: Selling, *variant_ids: str) -> None:
    """A price list that changes these variants' prices."""
    prices = [
        {"id": f"price_{number}", "variant_id": variant_id, "amount": 5, "currency_code": "usd"}
        for number, variant_id in enumerate(variant_ids)
    ]
    told = {"id": "plist_1", "title": "Sale", "type": "sale", "status": "active", "prices": prices}
    shop.world.medusa("PUT", "price-lists", {"price_lists": [told]})


@ON_SQLITE
@pytest.mark.parametrize(
    ("event", "named"),
    [
        ("pricing.price.created", "price_1"),
        ("pricing.price.updated", "price_1"),
        ("pricing.price-list.updated", "plist_1"),
        ("price-list.deleted", "plist_that_is_gone"),
    ],
)
def test_prices_of_price_lists_lead_to_their_products(
    shop: Selling, levels: InventoryLevels, event: str, named: str
) -> None:
    """Such an event names a price or a list: Medusa says of which variants that is."""
    _priced(shop, "variant_of_nobody", shop.variant)
    dirty.note_event(shop.store, event, [named])
    (job,) = fold(shop, levels)
    assert job.requested_selection is not None
    assert job.requested_selection.product_ids == (shop.product_id,)


@ON_SQLITE
@pytest.mark.parametrize(
    ("event", "named"), [("pricing.price.created", "price_of_a_variant"), ("pricing.price.created", "price_0")]
)
def test_other_prices_lead_nowhere(shop: Selling, levels: InventoryLevels, event: str, named: str) -> None:
    """That of a variant comes with the variant's own event; that of a product without a listing is none of ours."""
    _priced(shop, "variant_of_nobody", shop.variant)
    dirty.note_event(shop.store, event, [named])
    assert fold(shop, levels) == []


@ON_SQLITE
def test_what_says_nothing_is_kept_and_ignored(shop: Selling, levels: InventoryLevels) -> None:
    dirty.note_event(shop.store, "cart.exploded", ["cart_1"])
    dirty.note_event(shop.store, "product.updated", ["prod_of_nobody"])
    assert fold(shop, levels) == []
    with shop.store.reading() as session:
        assert [item.id for item in medusa_changes.of_kinds(session, ("cart.exploded",))] == ["cart_1"]


def test_while_the_last_one_is_not_planned_everything_waits_for_it(shop: Selling, levels: InventoryLevels) -> None:
    """So that a bulk import of thousands is one plan."""
    dirty.note_event(shop.store, "product.updated", [shop.product_id, *(f"prod_{number}" for number in range(5_000))])
    assert len(fold(shop, levels)) == 1
    dirty.note_event(shop.store, "product.updated", [shop.product_id])
    assert fold(shop, levels) == []
    with shop.store.reading() as session:
        assert len(medusa_changes.of_kinds(session, dirty.KINDS)) == 1


@ON_SQLITE
def test_a_shop_that_did_not_choose_it_is_left_alone(shop: Selling, levels: InventoryLevels) -> None:
    configure.configure(shop.store, shop.id, {"stock_poll_minutes": None})
    dirty.note_event(shop.store, "product.updated", [shop.product_id])
    assert fold(shop, levels) == []


def test_changes_wait_until_it_is_quiet_a_few_15_seconds_at_most_and_many_a_minute(store: Store) -> None:
    now = store.now()

    def seen(first: int, last: int, count: int = 1) -> list[MedusaChange]:
        times = now - timedelta(seconds=first), now - timedelta(seconds=last)
        return [MedusaChange("product", f"p{number}", *times) for number in range(count)]

    assert not dirty.is_quiet([], now, 10)
    assert not dirty.is_quiet(seen(14, 5), now, 10)
    assert dirty.is_quiet(seen(14, 10), now, 10)
    assert dirty.is_quiet(seen(15, 0, dirty.FEW), now, 10)
    assert not dirty.is_quiet(seen(59, 0, dirty.FEW + 1), now, 10)
    assert dirty.is_quiet(seen(60, 0, dirty.FEW + 1), now, 10)
