"""The last look at the source: what changed in Medusa after the plan is not published as if it had not."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from etsy_pipeline import wiring
from etsy_pipeline.accounts import configure
from etsy_pipeline.catalogue.selection import Selection
from etsy_pipeline.errors import Unavailable
from etsy_pipeline.etsy.shop_reader import ShopReader
from etsy_pipeline.publishing.source_drift import Source, source_of
from etsy_pipeline.store.accounts import settings_of
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.tables import EtsyAccount, EtsySyncJob
from etsy_pipeline_tests.publishing.test_publisher import Shop, one_product
from etsy_pipeline_tests.world import a_world


@pytest.fixture
def shop(sqlite_store: Store, tmp_path: Path) -> Iterator[Shop]:
    with a_world(tmp_path) as world:
        yield Shop(world, sqlite_store, world.connected(sqlite_store))


def the_source(shop: Shop) -> Source:
    with shop.store.reading() as session:
        account = session.get_one(EtsyAccount, shop.id)
    client = wiring.shop_client(shop.world.settings, shop.store, shop.id)
    return source_of(
        wiring.catalogue_of(shop.world.settings), Selection(), settings_of(account),
        lambda: ShopReader(
            client, account.shop_id or 0, currency_code="USD", amount_unit="major", this_year=datetime.now(UTC).year,
            on_trouble=pytest.fail,
        ),
    )  # fmt: skip


def changed_after_approval(shop: Shop, product_id: str, **change: Any) -> EtsySyncJob:
    job = shop.plan()
    shop.approve(job)
    shop.world.medusa("PATCH", f"products/{product_id}", change)
    return shop.publish(job, source=the_source(shop))


def stock_of_all(shop: Shop, product_id: str, stock: int) -> dict[str, Any]:
    rows = shop.world.sandbox.state.rows(
        "SELECT json_extract(value, '$.id') AS id FROM medusa_product, json_each(data, '$.variants') WHERE medusa_product.id = ?",
        product_id,
    )
    return {row["id"]: {"stock": stock} for row in rows}


def refused(job: EtsySyncJob, product_id: str) -> str:
    assert (job.synced_count, job.failed_count) == (0, 1)
    message = job.error_log[product_id]
    assert "product_changed_since_plan" in message
    return str(message)


def test_what_did_not_change_is_published(shop: Shop) -> None:
    product_id = one_product(shop)
    assert changed_after_approval(shop, product_id).synced_count == 1
    assert changed_after_approval(shop, product_id).failed_count == 0


def test_a_new_product_whose_title_changed_is_not_created(shop: Shop) -> None:
    product_id = one_product(shop)
    job = changed_after_approval(shop, product_id, set={"title": "Another title"})
    assert "title is another one" in refused(job, product_id)
    assert shop.world.listings() == []
    assert shop.sync().synced_count == 1, "the next plan has the new title"
    assert shop.world.listings()[0]["title"] == "Another title"


def test_a_product_that_was_unpublished_is_not_created(shop: Shop) -> None:
    product_id = one_product(shop)
    assert "not published" in refused(changed_after_approval(shop, product_id, set={"status": "draft"}), product_id)
    assert shop.world.listings() == []


def test_fewer_pieces_than_approved_are_not_sold(shop: Shop) -> None:
    product_id = one_product(shop)
    fewer = stock_of_all(shop, product_id, 1)
    assert "pieces" in refused(changed_after_approval(shop, product_id, variants=fewer), product_id)


def test_another_price_than_approved_is_not_sent(shop: Shop) -> None:
    product_id = one_product(shop)
    shop.sync()
    prices = shop.world.usd_prices(product_id)

    def times(factor: int) -> dict[str, Any]:
        return {variant: {"price": {"usd": price * factor}} for variant, price in prices.items()}

    shop.world.medusa("PATCH", f"products/{product_id}", {"variants": times(2)})
    assert "the price" in refused(changed_after_approval(shop, product_id, variants=times(3)), product_id)
    assert shop.link(product_id).etsy_listing_id == shop.world.listings()[0]["listing_id"]


def test_a_product_that_became_invalid_is_not_sent(shop: Shop) -> None:
    product_id = one_product(shop)
    too_long = {"title": "Mug " * 60}
    assert "invalid now" in refused(changed_after_approval(shop, product_id, set=too_long), product_id)


def test_more_pieces_are_the_next_plans(shop: Shop) -> None:
    product_id = one_product(shop)
    more = stock_of_all(shop, product_id, 500)
    assert changed_after_approval(shop, product_id, variants=more).synced_count == 1


def test_a_field_that_is_not_sent_may_change(shop: Shop) -> None:
    product_id = one_product(shop)
    shop.sync()
    shop.world.medusa("PATCH", f"products/{product_id}", {"set": {"title": "A new title"}})
    assert changed_after_approval(shop, product_id, set={"description": "Another text."}).synced_count == 1
    assert shop.world.listings()[0]["title"] == "A new title"


def test_a_picture_that_shows_something_else_is_no_change_of_the_product(shop: Shop) -> None:
    """Only the plan has asked what the pictures show (`image_check`); mapping the product anew does not."""
    one_product(shop)
    configure.configure(shop.store, shop.id, {"image_check": "content"})
    shop.sync()
    job = shop.plan(sha256_if_changed=lambda _url, _since: "0" * 64)
    assert job.totals["update"] == 1
    shop.approve(job)
    found = shop.publish(job, source=the_source(shop))
    assert (found.synced_count, found.error_log) == (1, {})


def test_what_etsy_shows_already_is_no_change_of_the_product(shop: Shop) -> None:
    product_id = one_product(shop)
    shop.sync()
    shop.world.etsy("PATCH", f"listings/{shop.link(product_id).etsy_listing_id}", {"title": "By hand"})
    shop.world.medusa("PATCH", f"products/{product_id}", {"set": {"title": "By hand, too"}})
    job = shop.plan()
    shop.approve(job)
    shop.world.etsy("PATCH", f"listings/{shop.link(product_id).etsy_listing_id}", {"title": "By hand, too"})
    found = shop.publish(job, source=the_source(shop))
    assert (found.synced_count, found.error_log) == (1, {})


def test_a_product_that_is_for_sale_again_is_not_deactivated(shop: Shop) -> None:
    product_id = one_product(shop)
    shop.sync()
    shop.world.medusa("PATCH", f"products/{product_id}", {"set": {"status": "draft"}})
    assert "plan to deactivate" in refused(
        changed_after_approval(shop, product_id, set={"status": "published"}), product_id
    )
    assert shop.world.listings()[0]["state"] == "active"


def test_where_medusa_is_down_what_was_approved_is_published(shop: Shop) -> None:
    one_product(shop)
    job = shop.plan()
    shop.approve(job)

    def down(_product_ids: object) -> dict[str, Any]:
        raise Unavailable("Medusa is away.", code="medusa_unavailable", hint="Start it.")

    assert shop.publish(job, source=down).synced_count == 1
