"""What a publisher notes on links and pictures, on both databases."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import event

from etsy_pipeline.accounts import configure
from etsy_pipeline.planning.link import PublishedImage
from etsy_pipeline.store import links, progress
from etsy_pipeline.store.engine import Store

NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture
def account_id(store: Store) -> str:
    return configure.add(store, "Shop").id


def a_picture(rank: int, image_id: int) -> PublishedImage:
    return PublishedImage(rank, f"http://pictures.test/{rank}.png", f"{rank}", image_id)


def known(store: Store, account_id: str, product_id: str = "prod_1") -> dict[int, int]:
    """Etsy's ids of the product's pictures by rank."""
    with store.reading() as session:
        rows = links.images_of(session, account_id, [product_id]).get(product_id, {})
    return {rank: row.etsy_image_id for rank, row in rows.items()}


def test_a_link_is_made_where_there_is_none_and_changed_where_there_is(store: Store, account_id: str) -> None:
    for state in ("draft", "active"):
        with store.writing() as session:
            progress.set_link(session, account_id, "prod_1", updated_at=NOW, listing_state=state)
    with store.reading() as session:
        link = links.of_products(session, account_id, ["prod_1"]).get("prod_1")
    assert link is not None
    assert (link.listing_state, link.sync_status, link.product_title) == ("active", "pending", "")


def test_a_picture_takes_its_rank_and_leaves_its_other_one(store: Store, account_id: str) -> None:
    """What was noted with the same id, for an upload that never happened, is gone; a read-back could not tell."""
    with store.writing() as session:
        for rank, image_id in ((1, 77), (2, 78)):
            progress.put_image(session, account_id, "prod_1", a_picture(rank, image_id))
        progress.put_image(session, account_id, "prod_2", a_picture(1, 99))
        progress.put_image(session, account_id, "prod_1", a_picture(3, 77), was_elsewhere=True)
        progress.put_image(session, account_id, "prod_1", a_picture(2, 79))
    assert known(store, account_id) == {2: 79, 3: 77}
    assert known(store, account_id, "prod_2") == {1: 99}, "other products' are theirs"


def test_the_pictures_of_a_listing_are_replaced_together(store: Store, account_id: str) -> None:
    with store.writing() as session:
        progress.put_image(session, account_id, "prod_1", a_picture(5, 50))
        progress.set_images(session, account_id, "prod_1", [a_picture(1, 50), a_picture(2, 51)])
    assert known(store, account_id) == {1: 50, 2: 51}
    with store.writing() as session:
        progress.set_images(session, account_id, "prod_1", [])
    assert known(store, account_id) == {}


def test_links_are_settled_in_the_order_of_their_products(store: Store, account_id: str) -> None:
    """As by all who lock several links: else two of them may wait for each other."""
    names, sent = ["prod_c", "prod_B", "prod_a"], list[Any]()
    with store.writing() as session:
        for name in names:
            progress.set_link(session, account_id, name, updated_at=NOW)

    def note(_connection: object, _cursor: object, _statement: str, parameters: object, *_rest: object) -> None:
        sent.append(parameters)

    event.listen(store.engine, "before_cursor_execute", note)
    try:
        with store.writing() as session:
            found = [{"of_product": name, "state": "active", "desired": None} for name in names]
            progress.set_synced(session, account_id, found, NOW)
    finally:
        event.remove(store.engine, "before_cursor_execute", note)
    told = str(sent)
    assert sorted(names, key=told.index) == sorted(names)
