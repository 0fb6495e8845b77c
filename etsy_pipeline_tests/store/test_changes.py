"""Whether anything was written to the database since one last looked."""

from typing import cast

from sqlalchemy.pool import QueuePool

from etsy_pipeline.store import signs_of_life
from etsy_pipeline.store.changes import Changes
from etsy_pipeline.store.engine import Store


def test_a_write_is_seen_and_a_look_is_none(store: Store) -> None:
    with Changes(store) as changes:
        with store.reading() as session:
            signs_of_life.seconds_since(session, "somebody")
        assert not changes.are_there()
        with store.writing() as session:
            signs_of_life.note(session, "somebody")
        assert changes.are_there()
        assert not changes.are_there(), "it was asked already"


def test_its_connection_is_given_back(store: Store) -> None:
    pool = cast("QueuePool", store.engine.pool)
    with Changes(store):
        assert pool.checkedout() == 1
    assert pool.checkedout() == 0
