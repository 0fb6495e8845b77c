"""A shop for which nothing is done by itself any more, though it should be, is told of: since when, why, what to do."""

from datetime import datetime, timedelta

from etsy_pipeline import checkup
from etsy_pipeline.accounts import configure
from etsy_pipeline.catalogue.selection import Selection
from etsy_pipeline.notifications.notice import Notice
from etsy_pipeline.notifications.receivers import Receiver
from etsy_pipeline.store import accounts, clock, jobs, receipt_feeds, seen_listings
from etsy_pipeline.store.activity import Doer
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsyAccount
from etsy_pipeline.sync import approvals
from etsy_pipeline.sync.notify import send_what_is_due
from etsy_pipeline.sync.overdue import Overdue, overdue
from etsy_pipeline.sync.request import request_sync
from etsy_pipeline_tests.sync.planned import connected, planned

ADA = Doer("Ada", "cli")


def a_shop(store: Store, **settings: object) -> EtsyAccount:
    """Connected; it wants what is named, and nothing else."""
    account = connected(store)
    configure.configure(store, account.id, {"scan_nightly": False, **settings})
    return account


def told(store: Store, account: EtsyAccount, *, hours: float) -> list[Overdue]:
    """What is overdue so many hours from now."""
    with store.reading() as session:
        found = accounts.get(session, account.id)
        return overdue(session, found, clock.now(session) + timedelta(hours=hours))


def test_a_shop_that_is_to_be_planned_each_night_and_was_not(store: Store) -> None:
    account = a_shop(store, schedule_enabled=True)
    planned(store, account)
    assert told(store, account, hours=35) == [], "one night may have gone by"
    (found,) = told(store, account, hours=37)
    assert found.kind == "unplanned"
    assert f"Nothing was planned since {found.since:%Y-%m-%d %H:%M} UTC" in found.told
    assert f"etsy-pipeline sync start --account {account.id} --all" in found.told


def test_a_plan_of_a_few_products_is_not_the_night_s(store: Store) -> None:
    account = a_shop(store, schedule_enabled=True)
    job = planned(store, account)
    with store.writing() as session:
        later = clock.now(session) + timedelta(hours=30)
        jobs.change(session, job.transaction_id, planned_at=later)
    assert told(store, account, hours=37) == []
    with store.writing() as session:
        a_few = Selection(product_ids=("prod_1",)).model_dump(mode="json")
        jobs.change(session, job.transaction_id, requested_selection=a_few)
    assert [item.kind for item in told(store, account, hours=37)] == ["unplanned"]


def test_a_shop_that_wants_nothing_by_itself_misses_nothing(store: Store) -> None:
    assert told(store, a_shop(store), hours=1000) == []


def test_what_was_switched_on_a_moment_ago_is_not_overdue(store: Store) -> None:
    account = a_shop(store)
    with store.writing() as session:
        long_ago = clock.now(session) - timedelta(days=9)
        accounts.change(session, account.id, created_at=long_ago)
    assert told(store, account, hours=0) == []
    configure.configure(store, account.id, {"schedule_enabled": True}, by=ADA)
    assert told(store, account, hours=35) == []
    assert [item.kind for item in told(store, account, hours=37)] == ["unplanned"]


def test_a_plan_that_fails_each_night_is_told_with_its_reason(store: Store) -> None:
    account = a_shop(store, schedule_enabled=True)
    job = request_sync(store, account.id, product_ids=None, trigger="schedule")
    approvals.fail(store, job.transaction_id, "Medusa cannot be reached.")
    (found,) = told(store, account, hours=37)
    assert "Last: Medusa cannot be reached." in found.told


def test_a_shop_that_is_not_looked_through_is_told_with_the_reason(store: Store) -> None:
    account = a_shop(store, scan_nightly=True)
    with store.writing() as session:
        scan = seen_listings.begin(session, account.id, clock.now(session))
        seen_listings.fail(session, scan, calls=3, problem="Etsy is down.")
    (found,) = told(store, account, hours=37)
    assert (found.kind, "Last: Etsy is down." in found.told) == ("unscanned", True)
    with store.writing() as session:
        now = clock.now(session)
        scan = seen_listings.begin(session, account.id, now)
        seen_listings.finish(session, scan, now=now + timedelta(hours=20), calls=6, counts={})
    assert told(store, account, hours=55) == []


def test_orders_that_are_not_read_are_told_within_hours(store: Store) -> None:
    account = a_shop(store, **{"orders.mode": "stock"})
    with store.writing() as session:
        receipt_feeds.change(session, account.id, polled_at=clock.now(session))
    assert told(store, account, hours=1.9) == []
    (found,) = told(store, account, hours=2.1)
    assert found.told.startswith("Its orders were not read since")


def test_who_hears_of_syncs_hears_of_a_shop_that_is_overdue_once(store: Store) -> None:
    account, taken = a_shop(store, schedule_enabled=True), list[Notice]()
    with store.reading() as session:
        late = clock.now(session) + timedelta(hours=37)
    for more in range(3):
        _tell(store, taken, late + timedelta(hours=more))
    (notice,) = taken
    assert notice.subject == "etsy_pipeline: Shop is not planned any more"
    assert notice.page == f"https://x.test/review/accounts/{account.id}"


def test_doctor_tells_it(store: Store) -> None:
    account = a_shop(store, schedule_enabled=True)
    with store.writing() as session:
        account = accounts.change(session, account.id, created_at=clock.now(session) - timedelta(hours=40))
    (finding,) = checkup.not_done_by_itself(store, account)
    assert (finding.what, finding.is_good) == ("shop Shop", False)
    assert "Nothing was planned since" in finding.detail


def _tell(store: Store, taken: list[Notice], now: datetime) -> None:
    send_what_is_due(
        store, [Receiver("a")], lambda _, notice: taken.append(notice), now=lambda: now, pages="https://x.test"
    )
