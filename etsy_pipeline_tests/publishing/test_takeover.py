"""Publishers that die and publishers that meet: real processes, on both kinds of database."""

import multiprocessing
import os
import signal
import time
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing.process import BaseProcess

import pytest
from sqlalchemy import text

from etsy_pipeline import wiring
from etsy_pipeline.catalogue.selection import Selection
from etsy_pipeline.errors import TakenOver
from etsy_pipeline.pictures.source import Picture, PictureSource
from etsy_pipeline.publishing import outcomes
from etsy_pipeline.publishing.item_in_progress import ItemInProgress
from etsy_pipeline.publishing.journal import Journal
from etsy_pipeline.publishing.lease import Lease
from etsy_pipeline.publishing.outcomes import Progress
from etsy_pipeline.publishing.publisher import publish
from etsy_pipeline.publishing.source import Source, source_of
from etsy_pipeline.settings import Settings
from etsy_pipeline.store import accounts, clock, items, jobs, progress
from etsy_pipeline.store.accounts import settings_of
from etsy_pipeline.store.encryption import TokenCipher
from etsy_pipeline.store.engine import Store, open_store
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import approvals
from etsy_pipeline.sync.product_listings import ProductListings
from etsy_pipeline_tests.publishing.shop import Shop, reader_of

LEASE_SECONDS = 2.0
LONG = 20.0  # seconds that a call hangs, so that its publisher can be killed in the middle
PATIENCE_SECONDS = 180


def publish_in_a_process(
    url: str, cipher: TokenCipher, settings: Settings, account_id: str, transaction_id: str
) -> None:
    """What a process of its own does, product by product; it ends with status 3 where another one is at work."""
    with closing(open_store(url, cipher, upgrade=False)) as store:
        try:
            publish(
                store, wiring.shop_client(settings, store, account_id), wiring.pictures_of(settings), transaction_id,
                amount_unit="major", run_id=f"process {os.getpid()}", sleep=lambda _: None,
                source=source_for(settings, store, account_id), lease_seconds=LEASE_SECONDS, at_once=1,
            )  # fmt: skip
        except TakenOver:
            os._exit(3)


def source_for(settings: Settings, store: Store, account_id: str) -> Source:
    """Products as Medusa has them now, in a process that has no sandbox of its own."""
    with store.reading() as session:
        account = accounts.get(session, account_id)
    listings = ProductListings(settings_of(account), partial(reader_of, settings, store, account))
    return source_of(wiring.catalogue_of(settings), Selection(), listings, store.now)


def started(shop: Shop, job: EtsySyncJob) -> BaseProcess:
    url = shop.store.engine.url.render_as_string(hide_password=False)
    given = (url, shop.store.cipher, shop.world.settings, shop.id, job.transaction_id)
    process = multiprocessing.get_context("spawn").Process(target=publish_in_a_process, args=given)
    process.start()
    return process


def an_approved_job(shop: Shop, products: int) -> EtsySyncJob:
    shop.world.keep_only(*shop.world.product_ids("clean")[:products])
    job = shop.plan()
    return shop.approve(job)


def until_under_way(shop: Shop, product: int) -> None:
    """Until Etsy hangs on the draft of the n-th product."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        with shop.store.reading() as session:
            (job,) = jobs.latest(session)
        steps = [item.step for item in shop.items(job)]
        if steps[product - 1] == "create":
            return
        assert time.monotonic() < deadline, steps
        time.sleep(0.05)


def status_of(process: BaseProcess) -> int | None:
    process.join(PATIENCE_SECONDS)
    return process.exitcode


def test_a_publisher_killed_in_the_middle_is_replaced_after_its_lease_and_nothing_is_there_twice(shop: Shop) -> None:
    job = an_approved_job(shop, 3)
    shop.fault(operation="createDraftListing", kind="delay_after", seconds=LONG, every=2, times=1)
    first = started(shop, job)
    until_under_way(shop, 2)
    assert first.pid
    os.kill(first.pid, signal.SIGKILL)
    assert status_of(first) == -signal.SIGKILL
    while True:  # another one may take its place when the lease has run out, and not before
        second = started(shop, job)
        if status_of(second) != 3:
            break
    assert second.exitcode == 0
    with shop.store.reading() as session:
        found = jobs.get(session, job.transaction_id)
    assert (found.state, found.synced_count, found.failed_count) == (SyncState.COMPLETED, 3, 0)
    titles = [item["title"] for item in shop.world.listings()]
    assert len(titles) == len(set(titles)) == 3


def test_of_two_publishers_at_once_one_stands_back(shop: Shop) -> None:
    job = an_approved_job(shop, 2)
    shop.fault(operation="createDraftListing", kind="delay_before", seconds=LEASE_SECONDS * 4, times=1)
    first = started(shop, job)
    until_under_way(shop, 1)
    second = started(shop, job)
    assert status_of(second) == 3, "the first one is slower than its lease, and renews it"
    assert status_of(first) == 0
    assert len(shop.world.listings()) == 2


class Moved:
    """A clock of the database that a test moves."""

    def __init__(self, store: Store) -> None:
        self.ahead = timedelta()
        store.clock = self.now

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


def test_a_publisher_that_lost_its_lease_writes_nothing_more(shop: Shop) -> None:
    """Its machine was suspended for an hour; another publisher has finished the job meanwhile."""
    job, moved = an_approved_job(shop, 3), Moved(shop.store)

    def sleep_an_hour(progress: Progress) -> None:
        if progress.done == 2:
            moved.ahead = timedelta(hours=1)
            assert shop.publish(job).synced_count == 3

    with pytest.raises(TakenOver, match="lost its place"):
        shop.publish(job, on_progress=sleep_an_hour, at_once=1)
    assert len(shop.world.listings()) == 3
    calls = shop.world.calls()
    assert calls["createDraftListing"] == 3
    with shop.store.reading() as session:
        assert jobs.get(session, job.transaction_id).state is SyncState.COMPLETED


TWO_HOURS = timedelta(hours=2)


def killed_publisher(shop: Shop, job: EtsySyncJob) -> None:
    """One that took the lease, and died at once."""
    with shop.store.writing() as session:
        Lease(shop.store, shop.id, job.lane).take(session, job, "killed")


def test_a_lease_lasts_by_the_databases_clock_whatever_the_machines_say(shop: Shop) -> None:
    job, moved = an_approved_job(shop, 1), Moved(shop.store)
    killed_publisher(shop, job)

    def slow() -> datetime:
        return datetime.now(UTC) - TWO_HOURS

    moved.ahead = timedelta(seconds=59)
    with pytest.raises(TakenOver, match="publisher_active"):
        shop.publish(job, now=slow)
    moved.ahead = timedelta(seconds=61)
    assert shop.publish(job, now=slow).synced_count == 1


def test_the_databases_own_clock_is_asked(shop: Shop) -> None:
    """No clock is injected here; a lease is as long as a test may wait."""
    job = an_approved_job(shop, 1)
    with shop.store.writing() as session:
        Lease(shop.store, shop.id, job.lane, seconds=2.0).take(session, job, "killed")
        before = clock.now(session)
    assert abs(before - datetime.now(UTC)) < timedelta(seconds=5), "both are of this machine"
    with pytest.raises(TakenOver, match="publisher_active"):
        shop.publish(job, now=lambda: before - TWO_HOURS)
    time.sleep(2.1)
    assert shop.publish(job, now=lambda: before - TWO_HOURS).synced_count == 1


def test_a_lease_of_before_the_databases_clock_was_set_back_is_free_after_a_minute(shop: Shop) -> None:
    job, moved = an_approved_job(shop, 1), Moved(shop.store)
    killed_publisher(shop, job)
    moved.ahead = -TWO_HOURS
    with pytest.raises(TakenOver, match="publisher_active"):
        shop.publish(job)
    moved.ahead = timedelta(seconds=62) - TWO_HOURS
    assert shop.publish(job).synced_count == 1


class Killed(BaseException):
    """Stands for a SIGKILL."""


class Deadly(PictureSource):
    """Pictures that kill who fetches them, but for the first ones."""

    def __init__(self, good: PictureSource, count: int = 0) -> None:
        super().__init__()
        self._good, self._left = good, count

    def fetch(self, url: str) -> Picture:
        if self._left <= 0:
            raise Killed(url)
        self._left -= 1
        return self._good.fetch(url)


def until_killed(shop: Shop, job: EtsySyncJob, pictures: PictureSource) -> None:
    with pytest.raises(Killed):
        publish(
            shop.store, wiring.shop_client(shop.world.settings, shop.store, shop.id), pictures,
            job.transaction_id, amount_unit="major", run_id="r", source=shop.source(), at_once=1,
        )  # fmt: skip


def test_a_publisher_that_keeps_dying_gives_up(shop: Shop) -> None:
    job = an_approved_job(shop, 1)
    for _ in range(5):
        until_killed(shop, job, Deadly(shop.pictures()))
    found = shop.publish(job)
    assert found.state is SyncState.FAILED
    assert "publisher_keeps_dying" in found.error_log["job"]


def test_what_was_sent_in_the_last_moment_before_a_death_is_on_etsy_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its last calls are made again: that it was sent completely is noted together with others, a little later."""
    job = an_approved_job(shop, 3)
    pictures = [len(item.plan.desired.images) for item in shop.items(job) if item.plan.desired]
    monkeypatch.setattr(outcomes, "KEEP_EVERY_SECONDS", float("inf"))
    with monkeypatch.context() as killed:  # nothing of it is written at the end, as it would be after an exception
        killed.setattr(Journal, "keep_sent", lambda _: None)
        until_killed(shop, job, Deadly(shop.pictures(), sum(pictures[:2])))
    assert [item.step for item in shop.items(job)] == ["complete", "complete", ""]
    before = shop.world.calls()
    found = shop.publish(job)
    made = Counter(shop.world.calls()) - Counter(before)
    assert (found.state, found.synced_count, len(shop.world.listings())) == (SyncState.COMPLETED, 3, 3)
    assert (made["createDraftListing"], made["uploadListingImage"]) == (1, pictures[2])


def test_what_was_sent_completely_is_kept_though_the_publication_is_interrupted(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = an_approved_job(shop, 4)
    broken, begin = shop.items(job)[0].product_id, Journal.begin

    def begun(journal: Journal, work: ItemInProgress, step: str) -> None:
        if work.product_id == broken and step == "complete":
            raise ZeroDivisionError
        begin(journal, work, step)

    monkeypatch.setattr(Journal, "begin", begun)
    with pytest.raises(ZeroDivisionError):
        shop.publish(job, at_once=4)
    assert sorted(item.step for item in shop.items(job)) == ["inventory", "written", "written", "written"]


def test_what_an_earlier_publisher_began_is_brought_to_its_end_though_the_sync_is_cancelled(shop: Shop) -> None:
    job = an_approved_job(shop, 3)
    shop.fault(operation="updateListing", kind="silent_200", times=3)

    def killed(progress: Progress) -> None:
        if progress.outcome == "written":
            raise Killed

    with pytest.raises(Killed):
        shop.publish(job, on_progress=killed, at_once=1)

    def cancelled(progress: Progress) -> None:
        if progress.outcome == "written" and progress.done == 2:
            approvals.cancel(shop.store, job.transaction_id)

    shop.publish(job, on_progress=cancelled, at_once=2)
    assert [item.outcome for item in shop.items(job)] == ["synced"] * 3
    assert {listing["state"] for listing in shop.world.listings()} == {"active"}


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_a_publisher_does_not_wait_for_a_person_who_holds_its_sync(shop: Shop) -> None:
    """What a person is about to drop waits for the publisher: if the publisher waited for the person, one would end."""
    job = an_approved_job(shop, 1)
    (item,) = shop.items(job)
    with shop.store.writing() as person, shop.store.writing() as publisher:
        jobs.get(person, job.transaction_id, lock=True)
        publisher.execute(text("SET LOCAL lock_timeout = '5s'"))
        assert progress.try_step(publisher, job.id, item.product_id, "create")
        progress.set_items(publisher, job.id, [item.product_id], before=None)  # its second change looks at the sync


def test_a_publisher_that_dies_after_it_got_something_done_may_begin_again(shop: Shop) -> None:
    """What is sent counts, though it is read back only after all hundred."""
    job = an_approved_job(shop, 8)
    pictures = {item.product_id: len(item.plan.desired.images) for item in shop.items(job) if item.plan.desired}
    for item in shop.items(job)[:7]:
        until_killed(shop, job, Deadly(shop.pictures(), pictures[item.product_id]))
    with shop.store.reading() as session:
        assert (jobs.get(session, job.transaction_id).synced_count, items.sent_count(session, job.id)) == (0, 7)
    found = shop.publish(job)
    assert (found.state, found.synced_count) == (SyncState.COMPLETED, 8)
