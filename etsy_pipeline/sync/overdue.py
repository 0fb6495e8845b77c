"""What should have been done for a shop by itself, and was not: nightly plans, nightly looks through it, its orders.

A shop that is forgotten looks like one in which nothing happens. Dagster's own freshness knows assets, not shops.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from etsy_pipeline.errors import PipelineError
from etsy_pipeline.store import accounts, activity, jobs, receipt_feeds, seen_listings
from etsy_pipeline.store.accounts import settings_of
from etsy_pipeline.store.engine import Session
from etsy_pipeline.store.records import EtsyAccount
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync.order_notices import UNREAD

A_NIGHT = timedelta(hours=36)  # one was missed, and half a day passed

Kind = Literal["unplanned", "unscanned", "unread"]
WORDS: Mapping[Kind, str] = {"unplanned": "is not planned any more", "unscanned": "is not looked through any more"}
"""What is told of a shop at once; that its orders are not read, `order_notices.py` tells."""


@dataclass(frozen=True, slots=True)
class Overdue:
    """`told` says since when nothing was done, why if that is known, and what to do."""

    kind: Kind
    since: datetime
    told: str


def overdue(session: Session, account: EtsyAccount, now: datetime) -> list[Overdue]:
    """What is overdue for a connected shop that wants it.

    Nothing counts from before the shop's settings were changed, or it was connected: it may want it since then only.
    """
    if not account.is_active:
        return []
    try:
        wanted = settings_of(account)
    except PipelineError:
        return []  # its settings are told of as the shop's
    found = []
    if wanted.schedule_enabled:
        found += list(_plans(session, account, now))
    if wanted.scan_nightly:
        found += list(_scans(session, account, now))
    if wanted.orders.is_on:
        found += list(_orders(session, account, now))
    return found


def of_all(session: Session, now: datetime) -> Iterator[tuple[EtsyAccount, Overdue]]:
    """What is to be told of all shops."""
    for account in accounts.active(session):
        for item in overdue(session, account, now):
            if item.kind in WORDS:
                yield account, item


def _plans(session: Session, account: EtsyAccount, now: datetime) -> Iterator[Overdue]:
    since = _latest(jobs.last_planned(session, account.id), _wanted_since(session, account))
    if now - since > A_NIGHT:
        newest = next(iter(jobs.latest(session, account_id=account.id, most=1)), None)
        why = newest.message if newest is not None and newest.state is SyncState.FAILED else ""
        do = f"Plan it now: `etsy-pipeline sync start --account {account.id} --all`."
        yield Overdue("unplanned", since, _told("Nothing was planned", since, "schedule_enabled", why, do))


def _scans(session: Session, account: EtsyAccount, now: datetime) -> Iterator[Overdue]:
    whole = seen_listings.last_whole(session, account.id)
    since = _latest(whole.finished_at if whole else None, _wanted_since(session, account))
    if now - since > A_NIGHT:
        newest = next(iter(seen_listings.scans(session, account.id, most=1)), None)
        why = newest.problem if newest is not None and newest.problem else ""
        do = f"Look now: `etsy-pipeline shop scan {account.id}`."
        yield Overdue("unscanned", since, _told("The shop was not looked through", since, "scan_nightly", why, do))


def _orders(session: Session, account: EtsyAccount, now: datetime) -> Iterator[Overdue]:
    feed = receipt_feeds.get(session, account.id)
    since = _latest(feed.polled_at, _wanted_since(session, account))
    if now - since > UNREAD:
        do = "See that Dagster runs (the line Dagster), and its runs of read_orders."
        yield Overdue("unread", since, _told("Its orders were not read", since, "orders.mode", feed.problem or "", do))


def _wanted_since(session: Session, account: EtsyAccount) -> datetime:
    """Since when at least the shop wants what its settings say: a change of these may have switched it on."""
    return _latest(activity.last(session, account.id, "settings_changed", "connecting"), account.created_at)


def _latest(moment: datetime | None, other: datetime) -> datetime:
    return other if moment is None else max(moment, other)


def _told(what: str, since: datetime, setting: str, why: str, do: str) -> str:
    why = f" Last: {why}" if why else ""
    return f"{what} since {since:%Y-%m-%d %H:%M} UTC, though `{setting}` is on.{why} {do}"
