"""A product's metadata in Medusa name its listing and how it stands, written once, and no plan follows from it."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from etsy_pipeline import wiring
from etsy_pipeline.shop.told_in_medusa import Told, tell_medusa
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.publishing.shop import Shop
from etsy_pipeline_tests.world import World, a_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with a_world(tmp_path) as made:
        made.keep_only(*made.product_ids("clean", "sizes"))
        yield made


@pytest.fixture
def shop(world: World, sqlite_store: Store) -> Shop:
    return Shop(world, sqlite_store, world.connected(sqlite_store))


def tell(shop: Shop) -> Told:
    with closing(wiring.product_notes_of(shop.world.settings)) as notes:
        return tell_medusa(shop.store, notes, shop.id)


def metadata(shop: Shop, product_id: str) -> dict[str, Any]:
    row = shop.world.sandbox.state.row("SELECT data FROM medusa_product WHERE id = ?", product_id)
    assert row is not None
    found: dict[str, Any] = json.loads(row["data"])["metadata"]
    return found


def test_products_name_their_listings_and_keep_all_else(shop: Shop) -> None:
    shop.sync()
    product_id = shop.world.product_ids("clean")[0]
    before, link = metadata(shop, product_id), shop.link(product_id)
    assert tell(shop).written >= 1
    said = metadata(shop, product_id)
    assert said == before | {"etsy_listing_url": link.etsy_url, "etsy_listing_state": link.listing_state}
    assert tell(shop).written == 0
    assert shop.plan().totals.changes == 0


def test_a_medusa_that_gives_no_answer_is_told_the_next_time(shop: Shop) -> None:
    shop.sync()
    shop.world.medusa_fault("POST", "/admin/products/*", "drop_before", 50)
    first = tell(shop)
    assert (first.written, first.failed >= 1) == (0, True)
    shop.world.medusa("DELETE", "faults")
    assert tell(shop).written == first.failed
