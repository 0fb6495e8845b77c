"""Videos and files in the books go where their listing goes, on both databases."""

from datetime import UTC, datetime

import pytest

from etsy_pipeline.accounts import configure
from etsy_pipeline.planning.link import Link, PublishedMedia
from etsy_pipeline.store import link_changes, listing_media
from etsy_pipeline.store.engine import Store

NOW = datetime(2026, 11, 24, tzinfo=UTC)
VIDEO = PublishedMedia("video", 1, "http://videos.test/turning.mp4", "a1", 77, "", 9)
FILE = PublishedMedia("file", 1, "fingerprint", "b2", 88, "pattern.pdf", 8)


@pytest.fixture
def account_id(store: Store) -> str:
    return configure.add(store, "Shop").id


def put(store: Store, account_id: str, product_id: str, *media: PublishedMedia) -> None:
    with store.writing() as session:
        for item in media:
            listing_media.put(session, account_id, product_id, item)


def known(store: Store, account_id: str, product_id: str = "prod_1") -> set[PublishedMedia]:
    with store.reading() as session:
        return set(listing_media.of_products(session, account_id, [product_id]).get(product_id, ()))


def test_each_kind_has_places_of_its_own(store: Store, account_id: str) -> None:
    put(store, account_id, "prod_1", VIDEO, FILE)
    put(store, account_id, "prod_2", FILE)
    newer = PublishedMedia("video", 1, "http://videos.test/again.mp4", "c3", 78)
    put(store, account_id, "prod_1", newer)
    assert known(store, account_id) == {newer, FILE}
    with store.writing() as session:
        listing_media.drop(session, account_id, "prod_1", newer)
    assert known(store, account_id) == {FILE}
    assert known(store, account_id, "prod_2") == {FILE}


def test_a_product_that_loses_its_listing_loses_them(store: Store, account_id: str) -> None:
    put(store, account_id, "prod_1", VIDEO, FILE)
    with store.writing() as session:
        link_changes.clear(session, account_id, "prod_1", NOW)
    assert known(store, account_id) == set()


def test_a_listing_that_is_handed_over_takes_them_along(store: Store, account_id: str) -> None:
    put(store, account_id, "prod_1", VIDEO, FILE)
    put(store, account_id, "prod_2", PublishedMedia("file", 4, "of the one before", "d4", 99))
    with store.writing() as session:
        link_changes.hand_over(session, Link("prod_2", account_id, etsy_listing_id=42), "prod_1", NOW)
    assert known(store, account_id) == set()
    assert known(store, account_id, "prod_2") == {VIDEO, FILE}
