"""Prices of Medusa's price lists and their tax, from Medusa to Etsy's listing."""

from pathlib import Path
from typing import Any

import pytest

from etsy_pipeline.accounts import configure
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.publishing.shop import Shop, one_product
from etsy_pipeline_tests.world import World, a_world

LONG_AGO, FAR_OFF = "2020-01-01T00:00:00.000Z", "2999-01-01T00:00:00.000Z"


@pytest.fixture
def shop(world: World, sqlite_store: Store) -> Shop:
    return Shop(world, sqlite_store, world.connected(sqlite_store))


def on_list(shop: Shop, product_id: str, usd: float, kind: str = "override", **changes: Any) -> None:
    """All variants of a product are on a price list, and on no other."""
    prices = [
        {"id": f"price_{number}", "variant_id": variant, "currency_code": "usd", "amount": usd}
        for number, variant in enumerate(shop.world.usd_prices(product_id))
    ]
    row = {"id": "plist_1", "title": "Spring", "type": kind, "status": "active", "prices": prices}
    shop.world.medusa("PUT", "price-lists", {"price_lists": [row | changes]})


def price_on_etsy(shop: Shop) -> set[float]:
    (listing,) = shop.world.listings()
    products = shop.world.etsy("GET", f"listings/{listing['listing_id']}")["inventory"]["products"]
    prices = [offering["price"] for product in products for offering in product["offerings"]]
    return {price["amount"] / price["divisor"] for price in prices}


def test_an_override_is_what_etsy_is_told_and_the_plan_names_it(shop: Shop) -> None:
    product_id = one_product(shop)
    on_list(shop, product_id, 55)
    job = shop.plan()
    (item,) = shop.items(job)
    assert any("by the price list 'Spring' (override)" in verdict.message for verdict in item.plan.verdicts)
    shop.approve(job)
    assert shop.publish(job).synced_count == 1
    assert price_on_etsy(shop) == {55.0}


def test_when_the_list_is_over_the_plain_price_is_planned_again(shop: Shop) -> None:
    product_id = one_product(shop)
    plain = set(shop.world.usd_prices(product_id).values())
    on_list(shop, product_id, 55)
    shop.sync()
    on_list(shop, product_id, 55, ends_at=LONG_AGO)
    shop.sync()
    assert price_on_etsy(shop) == plain


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "sale"},
        {"status": "draft"},
        {"starts_at": FAR_OFF},
        {"ends_at": LONG_AGO},
        {"price_list_rules": [{"attribute": "customer.groups.id", "value": ["cusgroup_1"]}]},
    ],
)
def test_a_list_that_does_not_hold_for_everybody_changes_nothing(shop: Shop, changes: dict[str, Any]) -> None:
    product_id = one_product(shop)
    on_list(shop, product_id, 55, **changes)
    shop.sync()
    assert price_on_etsy(shop) == set(shop.world.usd_prices(product_id).values())


def test_a_sale_counts_where_the_shop_wants_it(shop: Shop) -> None:
    configure.configure(shop.store, shop.id, {"price_lists.sale": True})
    on_list(shop, one_product(shop), 5, "sale")
    shop.sync()
    assert price_on_etsy(shop) == {5.0}


def test_a_list_that_came_after_the_approval_sends_no_old_price(shop: Shop) -> None:
    product_id = one_product(shop)
    job = shop.plan()
    shop.approve(job)
    on_list(shop, product_id, 55)
    assert shop.publish(job).synced_count == 0
    assert shop.world.listings() == []


def net(shop: Shop) -> None:
    rows = [{"attribute": "currency_code", "value": "eur", "is_tax_inclusive": False}]
    shop.world.medusa("PUT", "price-preferences", {"price_preferences": rows})


def test_a_net_price_is_never_sent_unasked_in_the_eu(sqlite_store: Store, tmp_path: Path) -> None:
    with a_world(tmp_path, shops=3) as world:
        shop = Shop(world, sqlite_store, world.connected(sqlite_store, shop=3))
        product_id = one_product(shop)
        net(shop)
        world.medusa("PATCH", f"products/{product_id}", {"variants": prices(shop, product_id, 10)})
        (item,) = shop.items(shop.plan())
        assert [verdict.code for verdict in item.plan.verdicts if verdict.severity == "error"] == ["price_without_tax"]
        configure.configure(sqlite_store, shop.id, {"price_tax.etsy_price": "with_tax", "price_tax.rates.FR": 20})
        assert Shop(world, sqlite_store, shop.account).sync().synced_count == 1
        assert price_on_etsy(shop) == {12.0}


def prices(shop: Shop, product_id: str, eur: float) -> dict[str, Any]:
    return {variant: {"price": {"eur": eur}} for variant in shop.world.usd_prices(product_id)}


def test_a_us_shop_sends_net_prices_as_ever(shop: Shop) -> None:
    one_product(shop)
    net(shop)
    assert shop.sync().synced_count == 1
