"""Scans and the listings that they saw as JSON; the HTTP API and the command line's `--json` give the same.

But for one thing: ids of listings are text over HTTP (`api/shop_listings.py`).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from etsy_pipeline.errors import NotFound
from etsy_pipeline.store import accounts, seen_listings
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import ShopScan
from etsy_pipeline.store.seen_listings import StoredListing

LOOKS = 5  # that are told of
BEGINS_WITHIN = timedelta(minutes=10)  # a scan that was asked for
ENDS_WITHIN = timedelta(hours=1)  # one that was begun; then its run is ended


def last_scan(store: Store, account_id: str) -> ShopScan:
    """The last whole scan of an account.

    Raises:
        NotFound: `account_not_found`, `shop_never_scanned`.
    """
    with store.reading() as session:
        accounts.get(session, account_id)
        found = seen_listings.last_whole(session, account_id)
    if found is None:
        raise NotFound(
            f"The shop of {account_id} was never scanned to the end.",
            code="shop_never_scanned",
            hint=f"Look through it: `etsy-pipeline shop scan {account_id}`.",
        )
    return found


def last_looks(store: Store, account_id: str) -> Sequence[ShopScan]:
    """The last few scans of an account, the newest first, whether they ended or not."""
    with store.reading() as session:
        return seen_listings.scans(session, account_id, most=LOOKS)


def is_awaited(scan: ShopScan, now: datetime) -> bool:
    """Whether a scan may yet begin or end by itself."""
    age = now - scan.started_at
    return (scan.is_asked_for and age < BEGINS_WITHIN) or (scan.is_under_way and age < ENDS_WITHIN)


def standing(scan: ShopScan | None, now: datetime) -> str:
    """How the newest look through a shop stands, in a sentence; `now` by the database's clock or this one."""
    if scan is None:
        return "Nobody has looked through the shop yet."
    if scan.is_asked_for:
        return "A look through the shop was asked for; Dagster begins it."
    if scan.is_under_way and is_awaited(scan, now):
        return "The shop is being looked through now."
    if scan.finished_at is None:
        return f"The last look through the shop failed: {scan.problem or 'it was cut short.'}"
    count = sum(scan.counts.values())
    return f"The shop was looked through: {count:,} listing{'' if count == 1 else 's'}."


def listings_page(
    store: Store, account_id: str, *, state: str | None = None, first: int = 0, most: int | None = None
) -> tuple[Sequence[StoredListing], int]:
    """Some of the listings that the last whole scan saw, by their ids, and how many there are; of a state, if given.

    Raises:
        NotFound: `account_not_found`, `shop_never_scanned`.
    """
    last_scan(store, account_id)
    with store.reading() as session:
        return seen_listings.page(session, account_id, state=state, first=first, most=most)


def scan_view(scan: ShopScan) -> dict[str, Any]:
    """A scan."""
    return {
        "id": scan.id,
        "etsy_account_id": scan.etsy_account_id,
        "started_at": _iso(scan.started_at),
        "finished_at": _iso(scan.finished_at),
        "calls": scan.calls,
        "counts": dict(scan.counts),
        "changes": [dict(change) for change in scan.changes],
        "problem": scan.problem,
    }


def listing_view(stored: StoredListing) -> dict[str, Any]:
    """A listing."""
    seen = stored.seen
    return {
        "listing_id": seen.listing_id,
        "state": seen.state,
        "title": seen.title,
        "url": seen.url,
        "image_url": seen.image_url,
        "skus": list(seen.skus),
        "quantity": seen.quantity,
        "price": seen.price,
        "currency_code": seen.currency_code,
        "taxonomy_id": seen.taxonomy_id,
        "ending_at": _iso(seen.ending_at),
        "should_auto_renew": seen.should_auto_renew,
        "is_private": seen.is_private,
        "first_seen_at": _iso(stored.first_seen_at),
        "seen_at": _iso(stored.seen_at),
        "gone_at": _iso(stored.gone_at),
        "ignored_at": _iso(stored.ignored_at),
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
