"""What is told at once of orders on Etsy: oversold ones, those that need a person or are late, and unread ones."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from etsy_pipeline.notifications.notice import Notice
from etsy_pipeline.safe_text import visible, visible_lines
from etsy_pipeline.store import accounts, receipt_feeds, receipts, sales
from etsy_pipeline.store.engine import Session
from etsy_pipeline.store.records import EtsyAccount
from etsy_pipeline.store.sales import KeptSale

UNREAD = timedelta(hours=2)  # in which orders should have been read, whatever a shop's `poll_minutes`
TOO_LATE = timedelta(minutes=30)  # for a sale that is paid and known of, and not booked in Medusa
MOST_TOLD = 10
OF_ORDERS = frozenset({"oversold", "needs_link", "late", "orders", "unread"})  # what their events begin with


def order_notices(session: Session, now: datetime) -> Iterator[Notice]:
    """Those of all shops that read their orders; one of a kind, again whenever another order is among them."""
    for account, wants in accounts.usable(session):
        if wants.orders.is_on:
            yield from _unread(session, account, now)
            yield from _of_lines(session, account, now)
            yield from _unmade(session, account)


def _unread(session: Session, account: EtsyAccount, now: datetime) -> Iterator[Notice]:
    feed = receipt_feeds.get(session, account.id)
    if feed.polled_at is not None and now - feed.polled_at > UNREAD:
        told = f"They were read last at {feed.polled_at:%Y-%m-%d %H:%M} UTC. {feed.problem or ''}".strip()
        yield _notice(account, f"unread:{feed.polled_at:%Y-%m-%dT%H:%M}", "does not read its orders", told)
    elif feed.polled_at is None and feed.problem:
        yield _notice(account, "unread:never", "does not read its orders", feed.problem)


def _of_lines(session: Session, account: EtsyAccount, now: datetime) -> Iterator[Notice]:
    oversold = sales.in_state(session, account.id, "oversold")
    yield from _lines(account, "oversold", "sold on Etsy what Medusa no longer has", oversold)
    unknown = sales.in_state(session, account.id, "needs_link")
    yield from _lines(account, "needs_link", "sold something that nobody can tell by itself", unknown)
    waiting = sales.in_state(session, account.id, "waiting", is_good=True)
    late = [line for line in waiting if now - line.seen_at > TOO_LATE]
    yield from _lines(account, "late", "has sales that wait to be booked in Medusa", late)


def _lines(account: EtsyAccount, kind: str, status: str, lines: Sequence[KeptSale]) -> Iterator[Notice]:
    if not lines:
        return
    newest = max(line.transaction_id for line in lines)
    told = [
        f"Order {line.receipt_id}: {line.quantity} × {line.title or line.sku}. {line.problem or ''}".strip()
        for line in lines[:MOST_TOLD]
    ]
    more = [f"… and {len(lines) - MOST_TOLD} more."] if len(lines) > MOST_TOLD else []
    command = f"All of them: etsy-pipeline orders {'list' if kind == 'late' else 'needs-link'} {account.id}"
    yield _notice(account, f"{kind}:{newest}", status, "\n".join([*told, *more, command]))


def _unmade(session: Session, account: EtsyAccount) -> Iterator[Notice]:
    told = {line.receipt_id for line in sales.in_state(session, account.id, "oversold", "needs_link")}
    found = receipts.in_state(session, account.id, "needs_person", mode="orders")
    found = [receipt for receipt in found if receipt.receipt_id not in told]
    if not found:
        return
    newest = max(receipt.receipt_id for receipt in found)
    lines = [f"Order {receipt.receipt_id}: {receipt.problem or ''}" for receipt in found[:MOST_TOLD]]
    more = [f"… and {len(found) - MOST_TOLD} more."] if len(found) > MOST_TOLD else []
    command = f"All of them: etsy-pipeline orders list {account.id} --state needs_person"
    yield _notice(account, f"orders:{newest}", "has orders that wait for a person", "\n".join([*lines, *more, command]))


def _notice(account: EtsyAccount, event: str, status: str, told: str) -> Notice:
    return Notice(event, account.id, visible(account.label), status, visible_lines(told))
