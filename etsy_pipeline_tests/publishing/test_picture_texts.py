"""Texts of pictures: no upload for a word, and what is on Etsy changes only where the shop wants it."""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from etsy_pipeline.accounts import configure
from etsy_pipeline.etsy.answers import EtsyImage
from etsy_pipeline.etsy.client import EtsyClient
from etsy_pipeline.store import links
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.publishing.shop import READS, Shop, one_product
from etsy_pipeline_tests.world import World

LOOK = {"getListingVariationImages": 1}  # it has variations: pictures may be linked to them on Etsy
CASE = json.loads((Path(__file__).parent.parent / "data/cases/title_edit_uploads_all_pictures.json").read_text())


@pytest.fixture
def shop(world: World, sqlite_store: Store, no_waiting: None) -> Shop:
    del no_waiting
    return Shop(world, sqlite_store, world.connected(sqlite_store))


@pytest.fixture
def product_id(shop: Shop) -> str:
    """A product with 24 pictures, of which the first 20 are on Etsy."""
    found = one_product(shop, "many_images")
    assert shop.sync().synced_count == 1
    return found


def retitle(shop: Shop, product_id: str, title: str = "Another candle") -> None:
    shop.world.medusa("PATCH", f"products/{product_id}", {"set": {"title": title}})


def wants_texts(shop: Shop) -> None:
    configure.configure(shop.store, shop.id, {"update_alt_texts": True})


def on_etsy(shop: Shop) -> list[tuple[int, str]]:
    """The listing's pictures in their order: (id, text)."""
    sql = "SELECT listing_image_id, alt_text FROM listing_image WHERE listing_id IS NOT NULL ORDER BY rank"
    return [(row["listing_image_id"], row["alt_text"]) for row in shop.world.sandbox.state.rows(sql)]


def in_the_books(shop: Shop, product_id: str) -> list[tuple[int, str]]:
    with shop.store.reading() as session:
        rows = links.images_of(session, shop.id, [product_id])[product_id]
    return [(row.etsy_image_id, row.alt_text) for _, row in sorted(rows.items())]


def in_medusa(shop: Shop) -> list[dict[str, Any]]:
    row = shop.world.sandbox.state.row("SELECT json_extract(data, '$.images') AS images FROM medusa_product")
    assert row is not None
    found: list[dict[str, Any]] = json.loads(row["images"])
    return found


def test_a_word_of_a_title_is_one_call_and_leaves_every_picture_as_it_is(shop: Shop, product_id: str) -> None:
    """The case that was reported."""
    before = on_etsy(shop)
    assert len(before) == 20
    retitle(shop, product_id)
    job = shop.plan()
    (item,) = shop.items(job)
    assert [change.field for change in item.plan.differences] == ["title"]
    assert item.plan.cost.calls == int(CASE["right"].split()[0])
    assert shop.calls_of(job) == {"updateListing": 1} | READS
    assert on_etsy(shop) == before == in_the_books(shop, product_id)
    assert shop.calls_of(shop.plan()) == {}, "all is as it should be"


def test_texts_change_where_the_shop_wants_it_without_a_byte(shop: Shop, product_id: str) -> None:
    before = on_etsy(shop)
    wants_texts(shop)
    retitle(shop, product_id)
    job = shop.plan()
    (item,) = shop.items(job)
    told = {change.field: change.new for change in item.plan.differences}
    assert told["images"].startswith("texts of 20 pictures: Another candle, 1/20; Another candle, 2/20")
    assert shop.calls_of(job) == {"uploadListingImage": 20, "updateListing": 1} | LOOK | READS
    assert item.plan.cost.calls == 22
    after = on_etsy(shop)
    assert [image_id for image_id, _ in after] == [image_id for image_id, _ in before], "they are the same pictures"
    assert [text for _, text in after] == [f"Another candle, {number}/20" for number in range(1, 21)]
    assert after == in_the_books(shop, product_id)
    assert shop.calls_of(shop.plan()) == {}, "all is as it should be"


def test_a_text_whose_answer_is_lost_is_put_once_more(shop: Shop, product_id: str) -> None:
    wants_texts(shop)
    retitle(shop, product_id)
    job = shop.plan()
    shop.fault(operation="uploadListingImage", kind="drop_after", times=1)
    assert shop.calls_of(job)["uploadListingImage"] == 21
    assert on_etsy(shop) == in_the_books(shop, product_id)


def test_a_publisher_that_dies_among_the_texts_goes_on_with_the_rest(
    shop: Shop, product_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wants_texts(shop)
    retitle(shop, product_id)
    job = shop.approve(shop.plan())
    put, texts = EtsyClient.set_alt_text, itertools.count(1)

    def dies(*args: Any, **values: Any) -> EtsyImage:
        if next(texts) == 5:
            raise KeyboardInterrupt
        return put(*args, **values)

    before = shop.world.calls()["uploadListingImage"]
    with monkeypatch.context() as patched:
        patched.setattr(EtsyClient, "set_alt_text", dies)
        with pytest.raises(KeyboardInterrupt):
            shop.publish(job)
    assert shop.publish(job).synced_count == 1
    assert shop.world.calls()["uploadListingImage"] - before == 20, "none was put twice"
    assert on_etsy(shop) == in_the_books(shop, product_id)


def test_a_new_picture_is_its_upload_and_the_order_and_no_other_changes_its_text(shop: Shop, product_id: str) -> None:
    images = in_medusa(shop)[:3]
    shop.world.medusa("PATCH", f"products/{product_id}", {"set": {"images": images}})
    shop.sync()
    before = on_etsy(shop)
    new = {"url": f"{shop.world.settings.medusa_url}/img/099.jpg", "id": "img_new", "rank": 9}
    changed = {"images": [*images, new], "title": "Another candle"}
    shop.world.medusa("PATCH", f"products/{product_id}", {"set": changed})
    job = shop.plan()
    told = {change.field: change.new for change in shop.items(job)[0].plan.differences}
    assert told["images"] == f"new: {new['url']}"
    assert shop.items(job)[0].plan.cost.calls == 3
    assert shop.calls_of(job) == {"uploadListingImage": 1, "updateListing": 1} | LOOK | READS
    assert on_etsy(shop)[:3] == before
    assert on_etsy(shop)[3][1] == "Another candle, 4/4"
    assert shop.calls_of(shop.plan()) == {}, "all is as it should be"


def test_another_order_is_named_so_and_uploads_nothing(shop: Shop, product_id: str) -> None:
    images = [image | {"rank": -image["rank"]} for image in in_medusa(shop)[:20]]
    thumbnail = {"thumbnail": images[-1]["url"]}
    shop.world.medusa("PATCH", f"products/{product_id}", {"set": {"images": images} | thumbnail})
    job = shop.plan()
    (change,) = shop.items(job)[0].plan.differences
    assert change.new.startswith("another order: ")
    assert shop.calls_of(job) == {"updateListing": 1} | LOOK | READS
