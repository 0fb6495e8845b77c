"""A product of a plan beside its listing: what is on Etsy as far as it is known, with how and since when it is known."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from etsy_pipeline import wiring
from etsy_pipeline.shop.scan import scan
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.api.serving import serving
from etsy_pipeline_tests.api.visitor import Visitor
from etsy_pipeline_tests.publishing.shop import Shop
from etsy_pipeline_tests.sandbox.by_hand import deleted, edited
from etsy_pipeline_tests.world import World, a_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with a_world(tmp_path) as made:
        yield made


@pytest.fixture
def shop(world: World, sqlite_store: Store) -> Shop:
    """One published listing."""
    made = Shop(world, sqlite_store, world.connected(sqlite_store, publish_as="active"))
    world.keep_only(world.product_ids("clean")[0])
    made.sync()
    return made


@pytest.fixture
def visitor(world: World, sqlite_store: Store) -> Iterator[Visitor]:
    settings = world.settings_with(etsy_pipeline_api_token=None)
    with serving(settings, sqlite_store) as url:
        yield Visitor(url)


def left_side(visitor: Visitor) -> str:
    _, there, rest = visitor.text.partition("Ask Etsy now")
    assert there
    return rest.partition("As it will be")[0]


def test_the_left_side_is_the_newest_that_is_known_and_says_what_it_is(
    world: World, sqlite_store: Store, shop: Shop, visitor: Visitor
) -> None:
    (listing,) = world.listings()
    edited(world, listing["listing_id"], title="Last pieces: hand thrown mug")
    plan = f"/review/{shop.plan().transaction_id}/products/0"
    visitor.open(plan)
    assert "As it was last published; nobody has looked since" in visitor.text
    assert "Last pieces" not in left_side(visitor), "what is not known is not told"
    assert listing["title"] in visitor.text.partition("As it will be")[2]

    visitor.open(f"{plan}/on-etsy")
    assert "As Etsy has it now" in visitor.text
    now = left_side(visitor)
    assert "Last pieces: hand thrown mug" in now
    assert "Description" in now, "Etsy tells it"

    with closing(wiring.shop_client(world.settings, sqlite_store, shop.id)) as client:
        scan(sqlite_store, client, shop.id)
    visitor.open(plan)
    assert "As the last scan of the shop saw it" in visitor.text
    seen = left_side(visitor)
    assert "Last pieces: hand thrown mug" in seen
    assert "keeps no description" in seen
    visitor.open(f"{plan}/on-etsy")
    assert visitor.page.text.count('class="main-picture"') == 2, "the picture that the scan saw is still the first"


def test_an_etsy_that_does_not_answer_is_told_and_what_is_known_still_stands(
    world: World, shop: Shop, visitor: Visitor
) -> None:
    (listing,) = world.listings()
    edited(world, listing["listing_id"], title="Another title")
    plan = f"/review/{shop.plan().transaction_id}/products/0"
    world.etsy("POST", "faults", {"operation": "getListingsByListingIds", "kind": "status", "status": 403})
    visitor.open(f"{plan}/on-etsy")
    assert 'role="alert"' in visitor.page.text
    assert "As it was last published" in visitor.text
    world.etsy("DELETE", "faults")
    deleted(world, listing["listing_id"])
    assert "Etsy no longer has listing" in visitor.open(f"{plan}/on-etsy").text
