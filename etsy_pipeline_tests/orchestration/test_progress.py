"""A publication's progress: lines now and then, and counts that move."""

from pathlib import Path

import pytest

from etsy_pipeline.orchestration.progress import ProgressLog
from etsy_pipeline.publishing.outcomes import Progress
from etsy_pipeline.store.engine import Store
from etsy_pipeline.sync import queries
from etsy_pipeline_tests.publishing.shop import Shop
from etsy_pipeline_tests.world import a_world


def told_in(seconds_each: float, products: int, rounds: int = 1) -> list[str]:
    """The lines of a publication whose products take so long each."""
    now, lines = 0.0, list[str]()
    log = ProgressLog(lines.append, clock=lambda: now)
    for done in range(1, products * rounds + 1):
        now += seconds_each
        log(Progress(min(done, products), products, "Mug", "written"))
    return lines


def test_there_is_a_line_every_few_seconds_and_not_one_for_each_product() -> None:
    lines = told_in(0.1, products=1000)
    assert len(lines) in {20, 21}
    assert lines[-1] == "publishing done=1000 of=1000 outcome=written last='Mug'"


def test_a_fast_publication_has_one_line_also_where_products_are_tried_again() -> None:
    assert len(told_in(0.001, products=100, rounds=5)) == 1


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_counts_can_be_followed_while_a_sync_is_published(store: Store, tmp_path: Path) -> None:
    with a_world(tmp_path) as world:
        shop = Shop(world, store, world.connected(store))
        job = shop.plan()
        shop.approve(job)
        seen: list[int] = []

        def look(_progress: Progress) -> None:
            found = queries.job(store, job.transaction_id)
            seen.append(found.failed_count + found.skipped_count + found.synced_count)

        shop.publish(job, on_progress=look)
    assert len(set(seen)) > 1, "counts move during the run"
