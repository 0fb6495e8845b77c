"""Pictures on Etsy: only what is new is uploaded, nothing twice, and the order is the shop's."""

import functools
import os
import threading
import time
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import stamina
from PIL import Image

from etsy_pipeline.accounts import configure
from etsy_pipeline.store import jobs, links
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.publishing.shop import Shop
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
    changed = {"images": images, "thumbnail": urls[0]}
    shop.world.medusa("PATCH", f"products/{product['id']}", {"set": changed})


def urls_of(shop: Shop) -> list[str]:
    with shop.store.reading() as session:
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


class TestAPictureThatCannotBeHad:
    """By the shop's setting `broken_images`; the listing that is on Etsy never loses a picture for it."""

    DEAD = "/static/nothing-here.png"

    def dead(self, shop: Shop) -> str:
        return f"{shop.world.settings.medusa_url}{self.DEAD}"

    def warn(self, shop: Shop) -> None:
        configure.configure(shop.store, shop.id, {"broken_images": "warn"})

    def told(self, shop: Shop) -> list[str]:
        with shop.store.reading() as session:
            (job,) = jobs.latest(session, most=1)
        (item,) = shop.items(job)
        return [verdict.message for verdict in item.plan.verdicts if verdict.code == "image_left_out"]

    def test_fails_its_product_unless_the_shop_wants_otherwise(self, shop: Shop) -> None:
        set_urls(shop, [urls_in_medusa(shop)[0], self.dead(shop)])
        job = shop.sync()
        assert (job.failed_count, shop.world.listings()) == (1, [])

    def test_is_left_out_told_and_tried_again_with_the_next_sync(self, shop: Shop) -> None:
        self.warn(shop)
        good = urls_in_medusa(shop)[:2]
        set_urls(shop, [good[0], self.dead(shop), good[1]])
        assert shop.sync().synced_count == 1
        assert [rank for rank, _ in pictures(shop)] == [1, 2]
        assert self.told(shop) == [f"Picture 2 was left out: {self.dead(shop)} answered 404."]
        assert shop.world.listings()[0]["state"] == "active"
        assert shop.sync().synced_count == 1, "it is planned again, and tried in vain"
        set_urls(shop, good)
        assert shop.sync().failed_count == 0
        assert self.told(shop) == []
        assert shop.calls_of(shop.plan()) == {}, "all is as it should be"

    def test_takes_no_picture_from_a_listing(self, shop: Shop) -> None:
        shop.sync()
        before, urls = pictures(shop), urls_of(shop)
        self.warn(shop)
        set_urls(shop, [self.dead(shop), urls[1]])
        assert shop.sync().synced_count == 1
        assert sorted(content for _, content in pictures(shop)) == sorted(content for _, content in before)
        assert pictures(shop)[0][1] == before[1][1], "the one that is wanted comes first"
        assert self.told(shop)[0].endswith("answered 404. The pictures that are on the listing stay there.")
        set_urls(shop, [urls[1]])
        shop.sync()
        assert [content for _, content in pictures(shop)] == [before[1][1]], "when nothing is broken, the rest goes"

    def test_leaves_a_draft_where_there_is_no_other(self, shop: Shop) -> None:
        self.warn(shop)
        good = urls_in_medusa(shop)[0]
        set_urls(shop, [self.dead(shop)])
        assert shop.sync().synced_count == 1
        assert shop.world.listings()[0]["state"] == "draft"
        assert self.told(shop)[0].endswith("answered 404. Without any picture the listing stays a draft.")
        set_urls(shop, [good])
        shop.sync()
        assert shop.world.listings()[0]["state"] == "active"


class TestNewContentAtAnOldAddress:
    """Seen by plans of shops whose `image_check` is by content."""

    @pytest.fixture
    def asked(self, shop: Shop, tmp_path: Path) -> Iterator[list[str]]:
        """A server of two pictures, in a folder `pictures`; the status of each answer."""
        answered: list[str] = []

        class Pictures(SimpleHTTPRequestHandler):
            def log_request(self, code: object = "-", size: object = "-") -> None:
                del size
                answered.append(str(int(str(getattr(code, "value", code)))))

        folder = tmp_path / "pictures"
        folder.mkdir()
        draw(folder / "one.png", "red", days_old=9)
        draw(folder / "two.png", "green", days_old=9)
        with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Pictures, directory=str(folder))) as server:
            host = f"127.0.0.1:{server.server_port}"
            shop.trusted_image_hosts = host
            set_urls(shop, [f"http://{host}/one.png", f"http://{host}/two.png"])
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield answered
            server.shutdown()

    def test_is_planned_uploaded_once_and_then_quiet(self, shop: Shop, asked: list[str], tmp_path: Path) -> None:
        configure.configure(shop.store, shop.id, {"image_check": "content"})
        shop.sync()
        before = pictures(shop)
        asked.clear()
        assert shop.calls_of(shop.plan()) == {}
        assert asked == ["304", "304"], "what did not change is not fetched"
        draw(tmp_path / "pictures" / "two.png", "blue")
        job = shop.plan()
        (difference,) = shop.items(job)[0].plan.differences
        assert difference.part == "images"
        assert difference.new.endswith("two.png (new content)")
        assert shop.calls_of(job)["uploadListingImage"] == 1
        after = pictures(shop)
        assert (after[0][1], len(after)) == (before[0][1], 2)
        assert after[1][1] != before[1][1]
        assert shop.calls_of(shop.plan()) == {}, "all is as it should be"

    def test_is_not_looked_for_unless_the_shop_wants_it(self, shop: Shop, asked: list[str], tmp_path: Path) -> None:
        shop.sync()
        asked.clear()
        draw(tmp_path / "pictures" / "two.png", "blue")
        assert shop.calls_of(shop.plan()) == {}
        assert asked == []

    def test_a_picture_that_cannot_be_asked_for_counts_as_unchanged(
        self, shop: Shop, asked: list[str], tmp_path: Path
    ) -> None:
        configure.configure(shop.store, shop.id, {"image_check": "content"})
        shop.sync()
        asked.clear()
        (tmp_path / "pictures" / "two.png").unlink()
        assert shop.calls_of(shop.plan()) == {}
        assert max(asked) == "404"


def draw(path: Path, color: str, *, days_old: int = 0) -> None:
    Image.new("RGB", (60, 60), color).save(path)
    then = time.time() - days_old * 86_400
    os.utime(path, (then, then))


def urls_in_medusa(shop: Shop) -> list[str]:
    rows = shop.world.sandbox.state.rows(
        "SELECT json_extract(value, '$.url') AS url FROM medusa_product, json_each(data, '$.images')"
    )
    return [row["url"] for row in rows]
