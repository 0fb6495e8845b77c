"""One look at a shop's orders: read what is new, find its variants, give back what was called off, book the rest.

Each part does what it can: where Etsy is away, what was read before is booked all the same. What went wrong is told,
and tried again with the next look. Nothing depends on where an earlier look was killed.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from etsy_pipeline.catalogue.draft_orders import DraftOrders
from etsy_pipeline.catalogue.reservations import Reservations
from etsy_pipeline.errors import BadRequest, PipelineError, StoreUnavailable, TakenOver
from etsy_pipeline.orders.book import Booked, book_lines
from etsy_pipeline.orders.cancel import end_orders, settle
from etsy_pipeline.orders.compare import compare
from etsy_pipeline.orders.convert import Converted, convert_orders
from etsy_pipeline.orders.importer import Imported, Importer, between_looks, is_due, is_sweep_due
from etsy_pipeline.orders.match import match_lines
from etsy_pipeline.orders.tracking import Tracked, tell_parcels
from etsy_pipeline.orders.turn import Turn
from etsy_pipeline.providers.protocols import ReceiptClient
from etsy_pipeline.store import accounts, clock, receipt_feeds, receipts
from etsy_pipeline.store.accounts import missing_scopes, settings_of
from etsy_pipeline.store.engine import Session, Store

logger = logging.getLogger(__name__)

UNSORTED = "Etsy does not give the orders that changed first first, as was asked: what changed is read as a whole."
UNREAD = "Too many orders changed to be read in that way: what was read is kept, and the rest is not read."


@dataclass
class Round:
    """What a look at orders came to. `calls` are those to Etsy, `problems` what is tried again with the next one.

    `lost` are lines and orders on Etsy of which the reservation, or the order, is no longer in Medusa.
    """

    imported: Imported = field(default_factory=Imported)
    matched: int = 0
    returned: list[int] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)
    booked: Booked = field(default_factory=Booked)
    converted: Converted = field(default_factory=Converted)
    tracked: Tracked = field(default_factory=Tracked)
    orders: dict[str, int] = field(default_factory=dict)
    calls: int = 0
    problems: list[PipelineError] = field(default_factory=list)


def look(store: Store, client: ReceiptClient, medusa: Reservations, account_id: str, *, at_once: bool = False) -> Round:
    """Look at a shop's orders, and do in Medusa what they take.

    Args:
        store: the database.
        client: reads the shop's orders.
        medusa: where sales are booked.
        account_id: whose.
        at_once: read what changed and what tells of no change, whether it is due or not.

    Raises:
        NotFound: `account_not_found`.
        BadRequest: `orders_off`, where the shop's orders are not to be read.
        StoreUnavailable: our own database is away.
        TakenOver: `orders_active`, while another process does the same.
    """
    _require_on(store, account_id)
    done, before, began = Round(), client.calls_made, store.now()

    def attempt(act: Callable[[], None]) -> None:
        try:
            act()
        except (StoreUnavailable, TakenOver):
            raise
        except PipelineError as error:
            logger.warning("orders_look account_id=%s code=%s", account_id, error.code)
            done.problems.append(error)

    def read() -> None:
        importer = Importer(store, client, account_id)
        done.imported += importer.hints()
        with store.reading() as session:
            settings = settings_of(accounts.get(session, account_id)).orders
            feed, now = receipt_feeds.get(session, account_id), clock.now(session)
        if at_once or is_due(settings, feed, now):
            done.imported += importer.poll()
        if at_once or is_sweep_due(feed, now):
            done.imported += importer.sweep()

    def find() -> None:
        done.matched = match_lines(store, medusa, account_id)

    def convert() -> None:
        done.converted = convert_orders(store, medusa, account_id, turn)

    def track() -> None:
        done.tracked = tell_parcels(store, client, DraftOrders(medusa.api), account_id, turn)

    with Turn(store, account_id).taken() as turn:
        attempt(read)
        attempt(find)
        attempt(lambda: done.returned.extend(end_orders(store, medusa, account_id, turn)))
        attempt(lambda: setattr(done, "booked", book_lines(store, medusa, account_id, turn)))
        attempt(convert)
        attempt(lambda: done.lost.extend(compare(store, medusa, account_id, turn, began)))
        attempt(track)
        done.orders = settle(store, account_id)
    done.calls = client.calls_made - before
    _note(store, account_id, done)
    return done


def _require_on(store: Store, account_id: str) -> None:
    with store.reading() as session:
        account = accounts.get(session, account_id)
    if not settings_of(account).orders.is_on:
        raise BadRequest(
            f"Orders of {account.label} are not read: its setting orders.mode is off.",
            code="orders_off",
            hint=f"`etsy-pipeline accounts configure {account_id} --set orders.mode=observe`, then connect it again.",
        )


def due(session: Session, now: datetime) -> dict[str, str]:
    """The accounts whose orders are to be looked at now, and a name of that look, the same while it is the same."""
    hinted, found = receipts.accounts_with_hints(session), {}
    for account, of_shop in accounts.usable(session):
        settings = of_shop.orders
        if not settings.is_on or "transactions_r" in missing_scopes(account):
            continue
        feed = receipt_feeds.get(session, account.id)
        if account.id in hinted:
            token = receipts.hinted(session, account.id, 1)[0].content_hash
            found[account.id] = f"{token}/{int(now.timestamp()) // 60}"
        elif is_due(settings, feed, now) or is_sweep_due(feed, now):
            seconds = int(between_looks(settings, feed, now).total_seconds())
            found[account.id] = f"{seconds}/{int(now.timestamp()) // seconds}"
    return found


def _note(store: Store, account_id: str, done: Round) -> None:
    """Keep why a look did not come to its end, for whoever looks at the shop."""
    told = [str(problem) for problem in done.problems]
    if done.imported.malformed:
        told.append(f"{done.imported.malformed} orders on Etsy cannot be read.")
    told += [UNSORTED] if done.imported.unsorted else []
    told += [UNREAD] if done.imported.unread else []
    problem = " ".join(dict.fromkeys(told)) or None
    with store.writing() as session:
        before = receipt_feeds.get(session, account_id).problem
        if UNSORTED in told and UNSORTED not in (before or ""):
            logger.warning("orders_unsorted account_id=%s", account_id)
        if before != problem:
            receipt_feeds.change(session, account_id, problem=problem)
