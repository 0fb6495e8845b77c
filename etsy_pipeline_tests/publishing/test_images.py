"""Pictures on Etsy: only what is new is uploaded, nothing twice, and the order is the shop's."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import stamina

from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.publishing.test_publisher import Shop
from etsy_pipeline_tests.world import a_world


@pytest.fixture
def shop(sqlite_store: Store, tmp_path: Path) -> Iterator[Shop]:
    with a_world(tmp_path) as world, stamina.set_testing(testing=True, attempts=4):
        made = Shop(world, sqlite_store, world.connected(sqlite_store, alt_text_template="{title}"))
        world.keep_only(world.product_ids("clean")[0])
        yield made


def pictures(shop: Shop) -> list[tuple[int, str]]:
    """Those on the listing: (rank, content)."""
    rows = shop.world.sandbox.state.rows(
        "SELECT rank, sha256 FROM listing_image WHERE listing_id IS NOT NULL ORDER BY rank"
    )
    return [(row["rank"], row["sha256"]) for row in rows]


def set_urls(shop: Shop, urls: list[str]) -> None:
    (product,) = shop.world.sandbox.state.rows("SELECT id FROM medusa_product")
    images = [{"id": f"img_{rank}", "url": url, "rank": rank} for rank, url in enumerate(urls)]
    shop.world.medusa("PATCH", f"products/{product['id']}", {"set": {"images": images}})


def urls_of(shop: Shop) -> list[str]:
    with shop.store.reading() as session:
        from etsy_pipeline.store import links

        (link,) = links.search(session)
        rows = links.images_of(session, link.etsy_account_id, [link.product_id])[link.product_id]
    return [row.source_url for _, row in sorted(rows.items())]


def test_another_order_uploads_nothing(shop: Shop) -> None:
    shop.sync()
    before, urls = pictures(shop), urls_of(shop)
    set_urls(shop, urls[::-1])
    calls = shop.calls_of(shop.plan())
    assert "uploadListingImage" not in calls
    assert [content for _, content in pictures(shop)] == [content for _, content in before][::-1]
    assert urls_of(shop) == urls[::-1]


def test_one_new_picture_is_one_upload(shop: Shop) -> None:
    shop.sync()
    urls = urls_of(shop)
    set_urls(shop, [f"{urls[0]}?new", *urls[:-1]])
    assert shop.calls_of(shop.plan()).get("uploadListingImage", 0) <= 1
    assert [rank for rank, _ in pictures(shop)] == list(range(1, len(urls) + 1))


def test_an_upload_whose_answer_is_lost_is_not_there_twice(shop: Shop) -> None:
    shop.fault(operation="uploadListingImage", kind="drop_after", times=2)
    assert shop.sync().synced_count == 1
    assert [rank for rank, _ in pictures(shop)] == list(range(1, 7))
