"""What of an approved sync was not sent yet can be dropped and brought forward; what was begun is finished."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from etsy_pipeline.errors import BadRequest, Conflict, Refused
from etsy_pipeline.listings.verdict import ValidatedListing
from etsy_pipeline.publishing.outcomes import Progress
from etsy_pipeline.store import jobs
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import approvals, queries, unsent
from etsy_pipeline_tests.publishing.shop import Shop, stock_of_all

pytestmark = pytest.mark.usefixtures("no_waiting")


@pytest.fixture
def new_ones(shop: Shop) -> list[str]:
    """Four products that are not on Etsy yet."""
    new = shop.world.product_ids("clean")[:4]
    shop.world.keep_only(*new)
    return new


def outcomes(shop: Shop, job: EtsySyncJob) -> dict[str, str]:
    return {item.product_id: item.outcome for item in shop.items(job)}


def order_of_creation(shop: Shop) -> list[str]:
    rows = shop.world.sandbox.state.rows("SELECT title FROM listing ORDER BY listing_id")
    return [row["title"] for row in rows]


def test_what_is_dropped_is_not_sent_and_says_who_wanted_so(shop: Shop, new_ones: list[str]) -> None:
    job = shop.approve(shop.plan())
    told = unsent.drop(
        shop.store, job.transaction_id, [new_ones[1], "prod_other"], decided_by="Grace", through="cli", note="sold"
    )
    assert (told.changed, told.too_late) == ((new_ones[1],), ("prod_other",))
    assert queries.find_links(shop.store, product_id=new_ones[1]) == [], "it waits for nothing any more"
    done = shop.publish(job)
    assert (done.state, done.synced_count, done.skipped_count) == (SyncState.COMPLETED, 3, 1)
    (item,) = [item for item in shop.items(job) if item.product_id == new_ones[1]]
    assert (item.outcome, item.note) == ("skipped", "dropped by Grace: sold")
    assert shop.sync().synced_count == 1, "the next sync has it"


@pytest.mark.parametrize("at", [0, 1])
def test_what_the_publisher_has_in_hand_is_dropped_if_nothing_was_sent(
    shop: Shop, new_ones: list[str], at: int
) -> None:
    job = shop.approve(shop.plan())
    last = new_ones[3]

    def drop_the_last(progress: Progress) -> None:
        if progress.done == at + 1 and outcomes(shop, job)[last] == "waiting":
            unsent.drop(shop.store, job.transaction_id, [last], decided_by="Grace", through="cli")

    done = shop.publish(job, on_progress=drop_the_last, at_once=1)
    assert (done.state, done.synced_count, done.skipped_count) == (SyncState.COMPLETED, 3, 1)
    assert len(shop.world.listings()) == 3


def test_what_was_sent_cannot_be_dropped_any_more(shop: Shop, new_ones: list[str]) -> None:
    job = shop.approve(shop.plan())
    told: list[unsent.Unsent] = []

    def drop_the_first(progress: Progress) -> None:
        if progress.done == 2:
            told.append(unsent.drop(shop.store, job.transaction_id, new_ones[:1], decided_by="Grace", through="cli"))

    assert shop.publish(job, on_progress=drop_the_first, at_once=1).synced_count == 4
    assert [item.too_late for item in told] == [(new_ones[0],)]


def test_what_is_dropped_stays_so_when_the_look_at_medusa_fails_for_all(shop: Shop, new_ones: list[str]) -> None:
    job = shop.approve(shop.plan())

    def source(_: Sequence[str]) -> Mapping[str, ValidatedListing]:
        unsent.drop(shop.store, job.transaction_id, new_ones[:1], decided_by="Grace", through="cli")
        raise Refused("It shows a page for maintenance.", code="not_a_medusa", hint="Try later.")

    done = shop.publish(job, source=source)
    assert (done.state, done.failed_count, done.skipped_count) == (SyncState.FAILED, 3, 1)
    (item,) = [item for item in shop.items(job) if item.product_id == new_ones[0]]
    assert (item.outcome, item.error_code, item.note) == ("skipped", None, "dropped by Grace")
    assert queries.find_links(shop.store, product_id=new_ones[0]) == []


def test_what_is_dropped_while_its_stock_falls_stays_dropped(shop: Shop, new_ones: list[str]) -> None:
    for product_id in new_ones:
        shop.world.medusa("PATCH", f"products/{product_id}", {"variants": stock_of_all(shop, product_id, 9)})
    job, now = shop.approve(shop.plan()), shop.source()
    for product_id in new_ones:
        shop.world.medusa("PATCH", f"products/{product_id}", {"variants": stock_of_all(shop, product_id, 3)})

    def source(product_ids: Sequence[str]) -> Mapping[str, ValidatedListing]:
        unsent.drop(shop.store, job.transaction_id, new_ones[:1], decided_by="Grace", through="cli", note="sold")
        return now(product_ids)

    done = shop.publish(job, source=source)
    assert (done.state, done.synced_count, done.skipped_count) == (SyncState.COMPLETED, 3, 1)
    (item,) = [item for item in shop.items(job) if item.product_id == new_ones[0]]
    assert item.note == "dropped by Grace: sold"
    with shop.store.reading() as session:
        given = jobs.approval(session, job.transaction_id)
    assert given is not None
    assert (new_ones[0] in given.note, "of 3 products" in given.note) == (False, True)


def test_a_sync_that_is_called_off_goes_on_at_no_time(shop: Shop, new_ones: list[str]) -> None:
    job = shop.approve(shop.plan())
    shop.fault(operation="createDraftListing", kind="status", status=429, headers={"retry-after": "86400"})
    stopped = shop.publish(job, at_once=1)
    assert stopped.resume_at
    assert "It goes on at" in stopped.message
    over = approvals.cancel(shop.store, job.transaction_id)
    found = queries.job(shop.store, job.transaction_id)
    assert (over, found.resume_at) == (found, None)
    assert found.message == stopped.message.split(" It goes on at")[0]
    assert new_ones


def test_what_is_brought_forward_is_sent_first(shop: Shop, new_ones: list[str]) -> None:
    job = shop.approve(shop.plan())
    assert unsent.first(shop.store, job.transaction_id, new_ones[2:3]).changed == (new_ones[2],)
    shop.publish(job, at_once=1)
    titles = {item.product_id: item.plan.desired.title for item in shop.items(job) if item.plan.desired}
    assert order_of_creation(shop)[0] == titles[new_ones[2]]


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"product_ids": []}, "no_products"),
        ({"product_ids": ["prod_other"]}, "nothing_unsent"),
        ({"decided_by": " "}, "approver_missing"),
    ],
)
def test_wishes_that_mean_nothing_are_refused(shop: Shop, new_ones: list[str], wish: dict[str, Any], code: str) -> None:
    job = shop.approve(shop.plan())
    with pytest.raises(BadRequest) as caught:
        unsent.drop(
            shop.store,
            job.transaction_id,
            **({"product_ids": new_ones, "decided_by": "Grace", "through": "cli"} | wish),
        )
    assert caught.value.code == code


def test_a_plan_that_awaits_approval_and_a_sync_that_is_over_have_nothing_unsent(
    shop: Shop, new_ones: list[str]
) -> None:
    job = shop.plan()
    with pytest.raises(Conflict, match="none of these products still to send"):
        unsent.first(shop.store, job.transaction_id, new_ones)
    shop.publish(shop.approve(job))
    with pytest.raises(Conflict, match="none of these products still to send"):
        unsent.first(shop.store, job.transaction_id, new_ones)
