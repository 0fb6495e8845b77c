"""The week of a shop in a few lines, told on Mondays: what was published, what failed, what it cost, what ends soon."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from etsy_pipeline.notifications.notice import Notice
from etsy_pipeline.safe_text import visible
from etsy_pipeline.store import accounts, items, jobs, links
from etsy_pipeline.store.engine import Session
from etsy_pipeline.store.records import EtsyAccount

WEEK = timedelta(days=7)
SOON = timedelta(days=14)
MONDAY = 0


def digests(session: Session, now: datetime) -> Iterator[Notice]:
    """The week before, of each connected shop in which something was done; on other days than Mondays nothing.

    Args:
        session: of the store.
        now: the moment, in UTC: weeks are those of UTC, too.
    """
    if now.weekday() != MONDAY:
        return
    until = now.replace(hour=0, minute=0, second=0, microsecond=0)
    for account in accounts.active(session):
        told = _told(session, account, until - WEEK, until)
        if told:
            year, week, _ = (until - WEEK).isocalendar()
            name = visible(account.label)
            yield Notice(f"week:{year}-{week:02}", account.id, name, f"in week {week} of {year}", told)


def _told(session: Session, account: EtsyAccount, since: datetime, until: datetime) -> str:
    done = jobs.ended_between(session, account.id, since, until)
    if not done:
        return ""
    synced, failed = sum(job.synced_count for job in done), sum(job.failed_count for job in done)
    fees = items.fees_usd_cents(session, account.id, since) - items.fees_usd_cents(session, account.id, until)
    soon = links.ending_count(session, account.id, until + SOON)
    return "\n".join(
        (
            f"{len(done)} syncs: {synced} products synced, {failed} failed.",
            f"Listing fees: ${fees / 100:.2f}.",
            f"{soon} of our listings end within two weeks: etsy-pipeline shop expiring {account.id}",
        )
    )
