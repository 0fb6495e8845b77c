"""Videos: uploaded once, replaced one by one, and those of the seller stay."""

import json
from collections.abc import Iterator

import pytest

from etsy_pipeline.publishing.journal import Journal
from etsy_pipeline_tests.publishing.goods import Goods, a_server_of_goods, change, on_etsy, say
from etsy_pipeline_tests.publishing.shop import Shop, one_product

pytestmark = pytest.mark.usefixtures("no_waiting")


@pytest.fixture
def goods(shop: Shop) -> Iterator[Goods]:
    with a_server_of_goods(shop) as made:
        yield made


@pytest.fixture
def product(shop: Shop, goods: Goods) -> str:
    product_id = one_product(shop)
    say(shop, product_id, etsy_video=goods.put("turning.mp4", b"a mug turns"))
    return product_id


def ids(shop: Shop) -> list[int]:
    return [video["video_id"] for video in on_etsy(shop).get("videos", [])]


def by_hand(shop: Shop, *video_ids: int) -> None:
    """Videos that the seller has put on the listing."""
    there = [*on_etsy(shop).get("videos", []), *({"video_id": item, "sha256": "", "at": 1} for item in video_ids)]
    shop.world.sandbox.state.run("UPDATE listing SET data = json_set(data, '$.videos', json(?))", json.dumps(there))


@pytest.mark.usefixtures("product")
def test_is_on_the_new_listing_and_then_nothing_differs(shop: Shop) -> None:
    job = shop.plan()
    calls = shop.calls_of(job)
    assert calls["uploadListingVideo"] == 1
    assert len(ids(shop)) == 1
    assert on_etsy(shop)["state"] == "active"
    assert shop.calls_of(shop.plan()) == {}


@pytest.mark.usefixtures("product")
def test_is_waited_for_a_few_times_until_etsy_shows_it(shop: Shop) -> None:
    waited: list[float] = []
    job = shop.plan()
    shop.approve(job)
    assert shop.publish(job, sleep=waited.append).synced_count == 1
    assert waited == [1.0], "at the second look it was done"


@pytest.mark.usefixtures("product")
def test_one_that_etsy_flags_is_told(shop: Shop) -> None:
    shop.fault(
        operation="getListingVideos", kind="status", status=200, every=2,
        body={"count": 1, "results": [{"video_id": 9_100_000_000, "video_state": "flagged"}]},
    )  # fmt: skip
    job = shop.sync()
    assert shop.items(job)[0].error_code == "video_not_shown"


def test_a_video_among_the_pictures_is_sent_as_a_video(shop: Shop, goods: Goods, product: str) -> None:
    say(shop, product, etsy_video=None)
    rows = shop.world.sandbox.state.rows(
        "SELECT json_extract(value, '$.url') AS url FROM medusa_product, json_each(data, '$.images')"
    )
    urls = [rows[0]["url"], goods.put("second.MOV", b"another")]
    images = [{"id": f"img_{rank}", "url": url, "rank": rank} for rank, url in enumerate(urls)]
    change(shop, product, images=images)
    assert shop.sync().synced_count == 1
    assert len(ids(shop)) == 1
    count = shop.world.sandbox.state.row("SELECT COUNT(*) AS n FROM listing_image WHERE listing_id IS NOT NULL")
    assert count is not None
    assert count["n"] == 1


def test_a_new_one_replaces_ours_and_never_the_sellers(shop: Shop, goods: Goods, product: str) -> None:
    shop.sync()
    by_hand(shop, 77)
    (ours,) = (item for item in ids(shop) if item != 77)
    say(shop, product, etsy_video=goods.put("again.mp4", b"the mug turns back"))
    calls = shop.calls_of(shop.plan())
    assert (calls["uploadListingVideo"], calls["deleteListingVideo"]) == (1, 1)
    assert ours not in ids(shop)
    assert 77 in ids(shop)
    assert len(ids(shop)) == 2


def test_the_same_content_at_a_new_address_uploads_nothing(shop: Shop, goods: Goods, product: str) -> None:
    shop.sync()
    say(shop, product, etsy_video=goods.put("moved.mp4", b"a mug turns"))
    assert "uploadListingVideo" not in shop.calls_of(shop.plan())
    assert shop.calls_of(shop.plan()) == {}


def test_that_is_taken_out_of_medusa_goes(shop: Shop, product: str) -> None:
    shop.sync()
    by_hand(shop, 77)
    say(shop, product, etsy_video=None)
    assert shop.sync().synced_count == 1
    assert ids(shop) == [77]


def test_where_the_seller_has_two_ours_is_left_out_and_told(shop: Shop, product: str) -> None:
    say(shop, product, etsy_video=None)
    shop.sync()
    by_hand(shop, 77, 78)
    say(shop, product, etsy_video=f"http://{shop.trusted_image_hosts}/turning.mp4")
    job = shop.sync()
    assert job.synced_count == 1
    assert "video_left_out" in [verdict.code for verdict in shop.items(job)[0].plan.verdicts]
    assert ids(shop) == [77, 78]


@pytest.mark.parametrize("kind", ["drop_after", "fail_after", "drop_before"])
@pytest.mark.usefixtures("product")
def test_an_upload_whose_answer_is_lost_is_not_there_twice(shop: Shop, kind: str) -> None:
    shop.fault(operation="uploadListingVideo", kind=kind, times=1)
    assert shop.sync().synced_count == 1
    assert len(ids(shop)) == 1


@pytest.mark.usefixtures("product")
def test_a_publisher_that_died_after_the_upload_takes_it_over(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    job = shop.plan()
    shop.approve(job)
    note = Journal.media_put

    def dies_after_the_upload(journal: Journal, *said: object, is_intent: bool = False) -> None:
        if not is_intent:
            raise KeyboardInterrupt
        note(journal, *said, is_intent=is_intent)  # type: ignore[arg-type] # passed on as it came

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "media_put", dies_after_the_upload)
        with pytest.raises(KeyboardInterrupt):
            shop.publish(job)
    (uploaded,) = ids(shop)
    assert shop.publish(job).synced_count == 1
    assert ids(shop) == [uploaded]


def test_the_eleventh_upload_of_a_day_fails_its_product_and_holds_nobody(
    shop: Shop, goods: Goods, product: str
) -> None:
    shop.sync()
    now = shop.world.sandbox.state.now()
    sql = "UPDATE listing SET data = json_set(data, '$.video_uploads', json(?))"
    shop.world.sandbox.state.run(sql, json.dumps([int(now)] * 10))
    say(shop, product, etsy_video=goods.put("again.mp4", b"the mug turns back"))
    job = shop.sync()
    assert (job.state.name, shop.items(job)[0].error_code) == ("FAILED", "etsy_videos_exhausted")
