"""The collector of garbage looks seldom within a block, and as often as before after it."""

import gc

from etsy_pipeline.collector import OBJECTS, collected_seldom


def test_it_looks_seldom_within_the_block_and_as_before_after_it() -> None:
    before = gc.get_threshold()
    with collected_seldom():
        assert gc.get_threshold()[0] == OBJECTS
    assert gc.get_threshold() == before
