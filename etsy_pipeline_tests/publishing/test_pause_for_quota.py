"""How long a sync pauses when the day's calls are used up: until enough are free that going on is worth it."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from etsy_pipeline.listings.verdict import ValidatedListing
from etsy_pipeline.providers.errors import QuotaExhausted
from etsy_pipeline.store import progress
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline_tests.builders import a_listing
from etsy_pipeline_tests.publishing.shop import Shop
from etsy_pipeline_tests.world import PROFILE_ID

MINUTE, HOUR, DAY = 60.0, 3600.0, 24 * 3600.0
CALLS_EACH = 3  # a draft without pictures: the draft, its inventory, and the last PATCH


def new_products(shop: Shop, count: int) -> EtsySyncJob:
    ids = {"shipping_profile_id": PROFILE_ID, "return_policy_id": PROFILE_ID, "readiness_state_id": PROFILE_ID}
    names = [f"prod_{secrets.token_hex(4)}" for _ in range(count)]
    listing = a_listing(images=(), publish_as="draft", **ids)
    validated = [ValidatedListing(name, "Mug", replace(listing, title=f"Mug {name}")) for name in names]
    job = shop.approve(shop.plan(validated=validated, covers_selection=False))
    assert job.totals.api_calls == count * CALLS_EACH
    return job


def pause_of(shop: Shop, job: EtsySyncJob, free_again: Sequence[tuple[float, int]]) -> float:
    """Seconds for which a sync pauses that is told when calls are free again."""

    def spent(_product_ids: object) -> Mapping[str, ValidatedListing]:
        raise QuotaExhausted(
            "Used up.", code="etsy_quota_exhausted", hint="", retry_after_seconds=MINUTE, free_again=free_again
        )

    now = shop.store.now()
    found = shop.publish(job, source=spent, now=lambda: now)
    assert (found.state, found.failed_count) == (SyncState.PAUSED, 0)
    assert found.resume_at is not None
    return (found.resume_at - now) / timedelta(seconds=1)


@pytest.mark.parametrize(
    ("a_day", "wanted"), [(5000, 250), (10_000, 500), (400, 50)], ids=["5 %", "5 % of more", "fifty at least"]
)
def test_it_goes_on_when_a_batch_is_free(shop: Shop, a_day: int, wanted: int) -> None:
    free_again = [(MINUTE, 1), (HOUR, wanted - 1), (2 * HOUR, wanted), (20 * HOUR, a_day)]
    assert pause_of(shop, new_products(shop, 200), free_again) == 2 * HOUR


def test_it_goes_on_when_all_that_is_left_can_be_sent(shop: Shop) -> None:
    job = new_products(shop, 2)
    free_again = [(MINUTE, 1), (HOUR, job.totals.calls - 1), (2 * HOUR, job.totals.calls), (20 * HOUR, 5000)]
    assert pause_of(shop, job, free_again) == 2 * HOUR


def test_what_is_sent_already_is_not_waited_for(shop: Shop) -> None:
    job = new_products(shop, 12)
    with shop.store.writing() as session:
        sent = [item.product_id for item in shop.items(job)][:10]
        progress.finish_items(session, job.id, sent, "synced", shop.store.now())
    free_again = [(MINUTE, 1), (HOUR, 2 * CALLS_EACH + job.totals.looks), (20 * HOUR, 5000)]
    assert pause_of(shop, job, free_again) == HOUR


def test_it_goes_on_after_a_day_at_the_latest(shop: Shop) -> None:
    assert pause_of(shop, new_products(shop, 30), [(MINUTE, 1), (DAY + 15 * MINUTE, 5000)]) == DAY


def test_a_key_that_has_few_calls_a_day_waits_for_no_more_than_these(shop: Shop) -> None:
    assert pause_of(shop, new_products(shop, 30), [(MINUTE, 1), (HOUR, 19), (2 * HOUR, 20)]) == 2 * HOUR


def test_where_only_etsy_knows_it_goes_on_when_etsy_says(shop: Shop) -> None:
    assert pause_of(shop, new_products(shop, 2), []) == MINUTE
