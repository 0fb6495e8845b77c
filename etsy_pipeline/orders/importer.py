"""Orders of a shop, read from Etsy and kept: what changed, what tells of no change, and what Etsy's events named.

Each order is kept once, whoever tells of it and how often; a page is kept whole before the cursor goes beyond it. Many
changes move no time stamp at Etsy (refunds, cancellations: ORDERS §4), so once a day all of the last weeks are read.
"""

import json
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from etsy_pipeline.accounts.configure import configure
from etsy_pipeline.errors import NeedsPerson, NotConfigured
from etsy_pipeline.listings.order_settings import OrderMode, OrderSettings
from etsy_pipeline.orders.order_pages import read
from etsy_pipeline.providers.errors import RemoteRefused
from etsy_pipeline.providers.protocols import ReceiptClient, ReceiptQuery
from etsy_pipeline.sales.order_draft import address_mark
from etsy_pipeline.sales.receipt import Receipt, SaleLine
from etsy_pipeline.store import accounts, clock, receipt_feeds, receipts, sales
from etsy_pipeline.store.accounts import missing_scopes, settings_of
from etsy_pipeline.store.engine import Session, Store
from etsy_pipeline.store.sales import SaleState

logger = logging.getLogger(__name__)

SOON, SOON_FOR = timedelta(minutes=2), timedelta(minutes=20)  # between two looks, after an order that changed
OVERLAP = timedelta(minutes=15)  # of two looks: what Etsy shows late is seen by the next one
SWEPT_BACK = timedelta(days=60)
SWEEP_EVERY = timedelta(days=1)
HINTS_AT_ONCE = 200
MISSING_AT_ONCE = 100  # orders that no list had, a sweep


@dataclass(frozen=True, slots=True)
class Imported:
    """What a look at orders brought. `ignored` were sold before the shop began with this; `malformed` are no orders.

    `unsorted` are pages that Etsy gave in another order than asked for, `unread` windows that were left unread then.
    """

    new: int = 0
    changed: int = 0
    same: int = 0
    ignored: int = 0
    malformed: int = 0
    unsorted: int = 0
    unread: int = 0

    def __add__(self, other: "Imported") -> "Imported":
        mine, theirs = Counter(asdict(self)), Counter(asdict(other))
        return Imported(**{name: mine[name] + theirs[name] for name in asdict(self)})


class Importer:
    """Reads the orders of one shop.

    Raises:
        NeedsPerson: `scope_missing`, where the seller has not granted what it takes.
    """

    def __init__(self, store: Store, client: ReceiptClient, account_id: str) -> None:
        self._store, self._client, self._account_id = store, client, account_id
        with store.reading() as session:
            account = accounts.get(session, account_id)
        self._account, self._settings = account, settings_of(account).orders
        self._since = self._settings.since or _begin_now(store, account_id)
        if "transactions_r" in (missing := missing_scopes(account)):
            raise NeedsPerson(
                f"Orders of {account.label} cannot be read: the permission {' '.join(missing)} is not granted.",
                code="scope_missing",
                hint=f"Connect the shop again, which asks for it: `etsy-pipeline accounts connect {account_id}`.",
            )

    def hints(self) -> Imported:
        """Read the orders that Etsy's events named, each by itself. One that cannot be read now stays to be read."""
        with self._store.reading() as session:
            waiting = receipts.hinted(session, self._account_id, HINTS_AT_ONCE)
        total = Imported()
        for hinted in waiting:
            total += self.one(hinted.receipt_id, hint=hinted.content_hash)
        return total

    def one(self, receipt_id: int, *, hint: str | None = None) -> Imported:
        """Read one order and keep it; one that Etsy does not have is forgotten, if it was never read."""
        try:
            receipt = self._client.receipt(self._account.shop_id or 0, receipt_id)
        except RemoteRefused as refused:
            logger.warning("order_not_there receipt_id=%s code=%s", receipt_id, refused.code)
            with self._store.writing() as session:
                receipts.forget_unread(session, self._account_id, receipt_id)
                known = receipts.get(session, self._account_id, receipt_id, lock=True)
                if known is not None and known.content_hash == hint:
                    receipts.change(session, self._account_id, receipt_id, content_hash="")
            return Imported(malformed=1)
        return self._keep([receipt], hint=hint)

    def poll(self) -> Imported:
        """Read what changed since the last look, with some overlap. The cursor never passes a page that failed."""
        with self._store.reading() as session:
            cursor, began = receipt_feeds.get(session, self._account_id).cursor, clock.now(session)
        since = self._since if cursor is None else cursor - OVERLAP  # what is known changes, whenever it was sold
        total = self._pages(ReceiptQuery("updated", since), moves_cursor=True)
        with self._store.writing() as session:
            receipt_feeds.change(session, self._account_id, polled_at=began)
        return total

    def sweep(self) -> Imported:
        """Read all orders of some weeks: they may have been canceled or refunded, and that moved no time stamp.

        Lists may lack canceled ones (#604): what we have and no list had is read by itself, some of it with each sweep,
        those first that were not looked for yet, or the longest time ago.
        """
        began, seen = self._store.now(), set[int]()
        oldest = began - SWEPT_BACK
        since = max(self._since, oldest)
        total = self._pages(ReceiptQuery("created", since, is_canceled=True), seen=seen)
        total += self._pages(ReceiptQuery("created", since), seen=seen)
        with self._store.reading() as session:
            good = receipts.not_canceled(session, self._account_id, sold_since=oldest)
        for receipt_id in [item for item in good if item not in seen][:MISSING_AT_ONCE]:
            with self._store.writing() as session:  # before it is read: one that never can be does not starve others
                receipts.change(session, self._account_id, receipt_id, looked_for_at=began)
            total += self.one(receipt_id)
        with self._store.writing() as session:
            receipt_feeds.change(session, self._account_id, swept_at=began)
        return total

    def _pages(self, query: ReceiptQuery, *, moves_cursor: bool = False, seen: set[int] | None = None) -> Imported:
        """All of a query. The cursor moves to what is passed for certain, and not beyond the moment of asking."""
        total, began = Imported(), self._store.now()
        for page in read(lambda asked, offset: self._client.receipts(self._account.shop_id or 0, asked, offset), query):
            told = Imported(malformed=page.malformed, unsorted=not page.is_sorted, unread=not page.is_whole)
            total += self._keep(page.receipts) + told
            if seen is not None:
                seen.update(item.receipt_id for item in page.receipts)
            if moves_cursor and page.until is not None:
                with self._store.writing() as session:  # a time stamp of the future would hide everything until then
                    receipt_feeds.advance(session, self._account_id, min(page.until, began))
        return total

    def _keep(self, found: Sequence[Receipt], *, hint: str | None = None) -> Imported:
        with self._store.writing() as session:
            now = clock.now(session)
            in_turn = sorted(found, key=lambda receipt: receipt.receipt_id)  # all lock rows in this order
            outcomes = Counter(self._kept(session, receipt, now, hint) for receipt in in_turn)
            self._learn(session, found)
        return Imported(**outcomes)

    def _kept(self, session: Session, receipt: Receipt, now: datetime, hint: str | None) -> str:
        known = receipts.get(session, self._account_id, receipt.receipt_id, lock=True)
        if receipt.sold_at < self._since and (known is None or not known.was_read):
            receipts.forget_unread(session, self._account_id, receipt.receipt_id)
            return "ignored"
        receipt = self._judged(receipt)
        if receipt.shipments or (known is not None and known.is_shipped):
            receipt = replace(receipt, is_shipped=True)  # what was once on its way is no stock of ours
        is_elsewhere = known is not None and self._goes_elsewhere(known, receipt)
        if known is not None and known.content_hash == receipt.content_hash and not is_elsewhere:
            return "same"
        mode: OrderMode = self._settings.mode if known is None else known.mode
        is_told = known is None or is_elsewhere or receipt.has_address or not known.details_encrypted
        details = self._store.cipher.encrypt(details_of(receipt)) if mode == "orders" and is_told else None
        receipts.put(session, self._account_id, receipt, mode=mode, now=now, hint=hint, details_encrypted=details)
        receipts.change(session, self._account_id, receipt.receipt_id, state="open")
        for line in receipt.lines:
            state = first_state(mode, line)
            sales.add(session, self._account_id, receipt.receipt_id, line, state=state, now=now)
        return "new" if known is None or not known.was_read else "changed"

    def _goes_elsewhere(self, known: receipts.KeptReceipt, receipt: Receipt) -> bool:
        """Whether Etsy tells another address than it did, of an order whose buyer is still known. No stamp tells it."""
        if not (receipt.has_address and known.details_encrypted) or known.is_shipped or known.is_canceled:
            return False
        with suppress(NotConfigured):  # of what an older key hid, nothing can be said
            return address_mark(buyer_of(self._store, known)) != address_mark(json.loads(details_of(receipt)))
        return False

    def _judged(self, receipt: Receipt) -> Receipt:
        """What does not agree with the shop is a problem of the order, too."""
        currency, ours = receipt.totals.currency_code, self._account.currency_code
        if ours is None or currency == ours:
            return receipt
        told = f"Its currency is {currency or 'not told'}, the shop's is {ours}."
        return replace(receipt, problems=(*receipt.problems, told))

    def _learn(self, session: Session, found: Sequence[Receipt]) -> None:
        """Whether Etsy tells this key where orders go (ORDERS §6): it does for all paid ones, or for none."""
        paid = [receipt for receipt in found if receipt.is_paid]
        if paid:
            tells = any(receipt.has_address for receipt in paid)
            if receipt_feeds.get(session, self._account_id).tells_addresses is not tells:
                receipt_feeds.change(session, self._account_id, tells_addresses=tells)


def _begin_now(store: Store, account_id: str) -> datetime:
    """The moment from which on orders are read, where nobody set it: this one, for good."""
    now = store.now()
    return configure(store, account_id, {"orders.since": now.isoformat()}).orders.since or now


def first_state(mode: OrderMode, line: SaleLine) -> SaleState:
    """How a line stands before anything was done about it. Of how many pieces nobody knows, a person decides."""
    if mode == "observe":
        return "observed"
    if line.is_digital:
        return "nothing_to_book"
    return "needs_link" if line.problem else "waiting"


def details_of(receipt: Receipt) -> str:
    """The buyer's data and words as JSON, for mode `orders`; what reads it is `buyer_of`."""
    written = {str(line.transaction_id): list(line.personalization) for line in receipt.lines if line.personalization}
    return json.dumps({**asdict(receipt.buyer), "personalization": written})


def buyer_of(store: Store, kept: receipts.KeptReceipt) -> Mapping[str, Any]:
    """The buyer's data and words of an order, as long as they are kept; else nothing.

    Raises:
        NotConfigured: `secret_key_wrong`.
    """
    if not kept.details_encrypted:
        return {}
    found: Mapping[str, Any] = json.loads(store.cipher.decrypt(kept.details_encrypted))
    return found


def is_due(settings: OrderSettings, feed: receipt_feeds.ReceiptFeed, now: datetime) -> bool:
    """Whether it is time to look for what changed."""
    return feed.polled_at is None or now - feed.polled_at >= between_looks(settings, feed, now)


def between_looks(settings: OrderSettings, feed: receipt_feeds.ReceiptFeed, now: datetime) -> timedelta:
    """How long a shop's orders are left alone: shorter for a while after one changed, where sales often follow sales.

    A shop with five such times a day makes 300 calls in it; one in which nothing happens 240.
    """
    usual = timedelta(minutes=settings.poll_minutes)
    is_busy = feed.cursor is not None and now - feed.cursor < SOON_FOR
    return min(usual, SOON) if is_busy else usual


def is_sweep_due(feed: receipt_feeds.ReceiptFeed, now: datetime) -> bool:
    """Whether it is time to look for what tells of no change."""
    return feed.swept_at is None or now - feed.swept_at >= SWEEP_EVERY
