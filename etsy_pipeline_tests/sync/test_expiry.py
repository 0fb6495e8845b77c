"""An approval that nobody used in time: it is called off, told, and never published. On SQLite and PostgreSQL."""

from datetime import datetime, timedelta

import pytest

from etsy_pipeline.accounts import configure
from etsy_pipeline.errors import BadRequest, Conflict
from etsy_pipeline.notifications.receivers import Receiver
from etsy_pipeline.store import accounts
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import lifecycle, queries
from etsy_pipeline.sync.expiry import end_expired, require_fresh
from etsy_pipeline.sync.lifecycle import Event
from etsy_pipeline.sync.notify import send_what_is_due
from etsy_pipeline_tests.sync.planned import approve, connected, planned

B = Event.BEGIN_PUBLICATION


def approved(store: Store) -> tuple[EtsySyncJob, datetime]:
    """An approved sync, and when it was approved."""
    job = approve(store, planned(store, connected(store)))
    assert job.confirmed_at is not None
    return job, job.confirmed_at


def test_an_approval_lasts_three_days_to_the_second(store: Store) -> None:
    job, at = approved(store)
    require_fresh(store, job.transaction_id, at + timedelta(hours=72, seconds=-1))
    assert queries.job(store, job.transaction_id).status == "confirmed"
    with pytest.raises(Conflict, match="72 hours later") as caught:
        require_fresh(store, job.transaction_id, at + timedelta(hours=72))
    assert (caught.value.code, f"{at:%Y-%m-%d %H:%M}" in caught.value.message) == ("approval_expired", True)


def test_its_sync_is_called_off_and_says_why(store: Store) -> None:
    job, at = approved(store)
    (words,) = end_expired(store, at + timedelta(days=4))
    found = queries.job(store, job.transaction_id)
    assert (found.state, found.completed_at) == (SyncState.EXPIRED, at + timedelta(days=4))
    assert found.status == "cancelled", "the mission's word"
    assert words in found.error_log["job"]
    assert found.error_log["job"].endswith("[approval_expired]")
    assert end_expired(store, at + timedelta(days=5)) == [], "once"
    assert planned(store, connected(store, shop_id=8)).status == "pending"


def test_another_plan_can_be_drawn_up_then(store: Store) -> None:
    account = connected(store)
    job = approve(store, planned(store, account))
    assert job.confirmed_at is not None
    end_expired(store, job.confirmed_at + timedelta(days=4))
    assert approve(store, planned(store, account)).status == "confirmed"


@pytest.mark.parametrize(("hours", "lasts", "is_over"), [(1, 2, True), (0.5, 0.4, False), (None, 24 * 365 * 3, False)])
def test_the_shop_says_how_long(store: Store, hours: float | None, lasts: float, is_over: bool) -> None:  # noqa: FBT001
    job, at = approved(store)
    configure.configure(store, job.etsy_account_id, {"approval_expires_hours": hours})
    assert bool(end_expired(store, at + timedelta(hours=lasts))) == is_over


def test_the_setting_can_be_changed_while_an_approved_plan_waits(store: Store) -> None:
    """It shapes no listing, so the plan is not stale."""
    account = connected(store)
    job = planned(store, account)
    configure.configure(store, account.id, {"approval_expires_hours": 200})
    assert approve(store, job).status == "confirmed"


@pytest.mark.parametrize("hours", [0, -1, 8761, "soon"])
def test_it_is_a_positive_number_of_hours_up_to_a_year(store: Store, hours: object) -> None:
    with pytest.raises(BadRequest, match="approval_expires_hours"):
        configure.configure(store, connected(store).id, {"approval_expires_hours": hours})


@pytest.mark.parametrize("steps", [(Event.CANCEL,), (B,), (B, Event.PAUSE), (B, Event.COMPLETE)])
def test_only_what_is_approved_and_not_begun_expires(store: Store, steps: tuple[Event, ...]) -> None:
    job, at = approved(store)
    with store.writing() as session:
        for event in steps:
            job = lifecycle.move(session, job, event, who="person" if event is Event.CANCEL else "publisher")
    require_fresh(store, job.transaction_id, at + timedelta(days=400))
    assert end_expired(store, at + timedelta(days=400)) == []
    assert queries.job(store, job.transaction_id).state is job.state


def test_it_is_told_once(store: Store) -> None:
    job, at = approved(store)
    later, told = at + timedelta(days=4), list[str]()
    end_expired(store, later)
    for _ in range(2):
        send_what_is_due(store, [Receiver("a")], lambda _, notice: told.append(notice.text), now=lambda: later)
    (text,) = (text for text in told if job.transaction_id in text)
    assert f"sync {job.transaction_id} was called off: its approval has expired" in text
    assert "approval_expires_hours" in text


def test_one_shop_with_unreadable_settings_does_not_hold_up_the_others(store: Store) -> None:
    broken, _ = approved(store)
    job = approve(store, planned(store, connected(store, shop_id=8)))
    assert job.confirmed_at is not None
    with store.writing() as session:
        accounts.change(session, broken.etsy_account_id, api_config={"no_such_setting": 1})
    told = end_expired(store, job.confirmed_at + timedelta(days=4))
    assert ["no_such_setting" in told[0], job.transaction_id in told[1]] == [True, True]
