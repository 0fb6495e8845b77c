"""Downloads: draft, pictures, files, then active. Files are never there twice, and nothing tells where they lie."""

import json
import logging
from collections.abc import Iterator

import pytest

from etsy_pipeline.accounts import configure
from etsy_pipeline.publishing.journal import Journal
from etsy_pipeline.store import listing_media
from etsy_pipeline_tests.publishing.goods import Goods, a_server_of_goods, on_etsy, say
from etsy_pipeline_tests.publishing.shop import Shop, one_product

pytestmark = pytest.mark.usefixtures("no_waiting")
SECRET = "signature-of-the-seller"


@pytest.fixture
def goods(shop: Shop) -> Iterator[Goods]:
    with a_server_of_goods(shop) as made:
        yield made


@pytest.fixture
def product(shop: Shop, goods: Goods) -> str:
    """A pattern to sew by, in two files."""
    product_id = one_product(shop)
    sell(shop, product_id, [put(goods, "pattern.pdf", b"cut here"), put(goods, "readme.txt", b"read me")])
    return product_id


def put(goods: Goods, path: str, content: bytes) -> str:
    return goods.put(path, content) + f"?token={SECRET}"


def sell(shop: Shop, product_id: str, files: object) -> None:
    say(shop, product_id, etsy_type="download", etsy_files=files, etsy_when_made="2020_2026")


def files(shop: Shop) -> list[tuple[str, int]]:
    """Those on the listing: name and size."""
    return [(item["filename"], item["size_bytes"]) for item in on_etsy(shop).get("files", [])]


@pytest.mark.usefixtures("product")
def test_a_download_is_published_with_its_files(shop: Shop) -> None:
    assert shop.sync().synced_count == 1
    listing = on_etsy(shop)
    assert (listing["type"], listing["state"]) == ("download", "active")
    assert listing.get("shipping_profile_id") is None
    assert files(shop) == [("pattern.pdf", 8), ("readme.txt", 7)]
    assert shop.calls_of(shop.plan()) == {}, "all is as it should be"


def test_without_files_it_stays_a_draft(shop: Shop, product: str) -> None:
    say(shop, product, etsy_files=None)
    job = shop.sync()
    assert on_etsy(shop)["state"] == "draft"
    assert "download_files_missing" in [verdict.code for verdict in shop.items(job)[0].plan.verdicts]


def test_the_draft_becomes_active_when_the_files_come(shop: Shop, goods: Goods, product: str) -> None:
    say(shop, product, etsy_files=None)
    shop.sync()
    sell(shop, product, f"http://{goods.host}/pattern.pdf")
    assert shop.sync().synced_count == 1
    assert (on_etsy(shop)["state"], files(shop)) == ("active", [("pattern.pdf", 8)])


def test_new_content_at_a_new_address_replaces_the_only_file_and_it_stays_a_download(
    shop: Shop, goods: Goods, product: str
) -> None:
    sell(shop, product, [{"url": put(goods, "1", b"cut here"), "name": "pattern.pdf"}])
    shop.sync()
    sell(shop, product, [{"url": put(goods, "2", b"cut there!"), "name": "pattern.pdf"}])
    job = shop.plan()
    (difference,) = shop.items(job)[0].plan.differences
    assert (difference.old, difference.new) == ("pattern.pdf", "pattern.pdf (new content)")
    calls = shop.calls_of(job)
    assert (calls["uploadListingFile"], calls["deleteListingFile"]) == (1, 1)
    assert files(shop) == [("pattern.pdf", 10)]
    assert on_etsy(shop)["type"] == "download"
    assert shop.calls_of(shop.plan()) == {}


def test_the_same_content_at_a_new_address_uploads_nothing(shop: Shop, goods: Goods, product: str) -> None:
    sell(shop, product, [{"url": put(goods, "1", b"cut here"), "name": "pattern.pdf"}])
    shop.sync()
    sell(shop, product, [{"url": put(goods, "2", b"cut here"), "name": "pattern.pdf"}])
    assert "uploadListingFile" not in shop.calls_of(shop.plan())
    assert shop.calls_of(shop.plan()) == {}


def test_five_files_of_which_one_is_new_never_are_six(shop: Shop, goods: Goods, product: str) -> None:
    urls = [put(goods, f"{number}.pdf", b"%d" % number) for number in range(6)]
    sell(shop, product, urls[:5])
    shop.sync()
    sell(shop, product, urls[1:])
    assert shop.sync().synced_count == 1
    assert sorted(name for name, _ in files(shop)) == ["1.pdf", "2.pdf", "3.pdf", "4.pdf", "5.pdf"]


def test_files_that_the_seller_added_stay(shop: Shop, goods: Goods, product: str) -> None:
    shop.sync()
    there = on_etsy(shop)
    own = there["files"][0] | {"listing_file_id": 1, "filename": "bonus.pdf"}
    sql = "UPDATE listing SET data = json_set(data, '$.files', json(?))"
    shop.world.sandbox.state.run(sql, json.dumps([*there["files"], own]))
    sell(shop, product, [f"http://{goods.host}/pattern.pdf"])
    assert shop.sync().synced_count == 1
    assert sorted(name for name, _ in files(shop)) == ["bonus.pdf", "pattern.pdf"]


@pytest.mark.parametrize("kind", ["drop_after", "fail_after", "drop_before"])
@pytest.mark.usefixtures("product")
def test_an_upload_whose_answer_is_lost_is_not_there_twice(shop: Shop, kind: str) -> None:
    shop.fault(operation="uploadListingFile", kind=kind, times=1)
    assert shop.sync().synced_count == 1
    assert files(shop) == [("pattern.pdf", 8), ("readme.txt", 7)]


@pytest.mark.usefixtures("product")
def test_a_publisher_that_died_after_the_upload_takes_it_over(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    job = shop.plan()
    shop.approve(job)

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "media_put", killed)
        with pytest.raises(KeyboardInterrupt):
            shop.publish(job)
    assert files(shop) == [("pattern.pdf", 8)]
    assert shop.publish(job).synced_count == 1
    assert files(shop) == [("pattern.pdf", 8), ("readme.txt", 7)]


class TestTheGuard:
    """A file on a physical listing would make it a download, without shipping and variations."""

    def test_no_file_is_put_on_a_listing_that_is_physical_by_now(self, shop: Shop, goods: Goods, product: str) -> None:
        shop.sync()
        listing_id = on_etsy(shop)["listing_id"]
        shop.world.etsy("PATCH", f"listings/{listing_id}", {"type": "physical"})
        configure.configure(shop.store, shop.id, {"ownership": {"type": "create_only"}})
        sell(shop, product, [put(goods, "new.pdf", b"new")])
        job = shop.sync()
        assert shop.items(job)[0].error_code == "not_a_download"
        assert (on_etsy(shop)["type"], files(shop)) == ("physical", [("pattern.pdf", 8), ("readme.txt", 7)])

    def test_files_in_the_metadata_of_a_physical_product_are_told_and_not_used(self, shop: Shop, product: str) -> None:
        say(shop, product, etsy_type="physical")
        job = shop.sync()
        assert "files_of_no_download" in [verdict.code for verdict in shop.items(job)[0].plan.verdicts]
        assert (on_etsy(shop)["type"], files(shop)) == ("physical", [])

    def test_a_physical_listing_becomes_a_download_before_its_files_come(self, shop: Shop, product: str) -> None:
        say(shop, product, etsy_type="physical")
        shop.sync()
        say(shop, product, etsy_type="download")
        assert shop.sync().synced_count == 1
        assert (on_etsy(shop)["type"], len(files(shop))) == ("download", 2)


@pytest.mark.usefixtures("product")
def test_what_cannot_be_fetched_leaves_a_draft_and_is_told_by_its_name(
    shop: Shop, goods: Goods, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    goods.content.clear()
    job = shop.sync()
    (item,) = shop.items(job)
    assert item.error_code == "media_not_fetched"
    assert "'pattern.pdf'" in (item.error_message or "")
    assert on_etsy(shop)["state"] == "draft"
    told = f"{item.error_message} {item.plan.verdicts} {caplog.text} {job.error_log}"
    assert SECRET not in told
    assert goods.host not in told


def test_no_page_log_or_plan_tells_where_the_files_lie(
    shop: Shop, goods: Goods, product: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    job = shop.sync()
    (item,) = shop.items(job)
    sell(shop, product, [put(goods, "other.pdf", b"other")])
    (changed,) = shop.items(shop.plan())
    plan = changed.plan
    told = f"{item.plan} {plan} {plan.differences} {plan.desired} {caplog.text}"
    assert SECRET not in told
    assert goods.host not in told
    with shop.store.reading() as session:
        kept = listing_media.of_products(session, shop.id, [product])[product]
    assert not [media for media in kept if SECRET in media.source or goods.host in media.source]
