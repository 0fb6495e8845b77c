"""What has to be true of the shop and the books while a publication goes on; what is not stops it.

Before anything is sent the shop behind the token is compared with the books. Each batch makes the books newer. Before
the first create the shop is looked through for what is there already.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

from etsy_pipeline.errors import PipelineError, StoreUnavailable, Unavailable
from etsy_pipeline.providers.protocols import RemoteListing, RemoteShop, ShopClient
from etsy_pipeline.publishing.item_in_progress import ItemInProgress
from etsy_pipeline.publishing.outcomes import PAUSE_WHEN_DOWN, OutcomeRecorder, Stop
from etsy_pipeline.shop import identity, newer
from etsy_pipeline.shop.newer import There
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.sync import books
from etsy_pipeline.sync.holds import AccountHeld
from etsy_pipeline.sync.lifecycle import Event, goes_on_at

logger = logging.getLogger(__name__)

PAUSE_ON_VACATION = timedelta(minutes=30)  # two calls for each look whether the shop is back


class Guard:
    """Looks after one publication.

    Args:
        store: the database.
        client: the shop's Etsy.
        job: under way.
        shop_id: Etsy's id of the shop.
        outcomes: what errors mean for the job.
        now: the clock.
    """

    def __init__(
        self,
        store: Store,
        client: ShopClient,
        job: EtsySyncJob,
        shop_id: int,
        *,
        outcomes: OutcomeRecorder,
        now: Callable[[], datetime],
    ) -> None:
        self._store, self._client, self._job, self._shop_id = store, client, job, shop_id
        self._outcomes, self._now = outcomes, now
        self._there: There | None = None
        self._lost: dict[str, Sequence[RemoteListing]] = {}

    def begin(self) -> None:
        """The shop is the one in the books, and these are the newest.

        Raises:
            Stop: it is not, or is on vacation, or Etsy gives no answer just now.
        """
        try:
            with _held_stops():
                shop = identity.compare(self._store, self._client.for_stock(), self._job.etsy_account_id)
        except StoreUnavailable:
            raise
        except PipelineError as error:
            self._outcomes.judge([], error)
            raise self._stop(error) from error
        if shop.is_vacation:
            resume_at = self._now() + PAUSE_ON_VACATION
            raise Stop(Event.PAUSE, f"{_on_vacation(shop)} {goes_on_at(resume_at)}", resume_at)
        self.begin_batch()

    def begin_batch(self) -> None:
        """The books are newer by one.

        Raises:
            Stop: they are old ones, or the account is held.
        """
        with _held_stops():
            books.bump(self._store, self._job.etsy_account_id)

    def end(self) -> None:
        """The publication is over, however it ended."""
        with suppress(AccountHeld):
            books.bump(self._store, self._job.etsy_account_id)

    def not_there(self, works: Sequence[ItemInProgress]) -> Iterator[ItemInProgress]:
        """The products without those that may be on Etsy already though the books do not know it; these are settled.

        The shop is looked through before the first create, and again before one whose answer was lost is tried again.

        Raises:
            Stop: the books are old ones.
        """
        creates = [work for work in works if work.plan.action == "create" and work.listing_id is None]
        lost = [work for work in works if work.reference is not None]
        if (creates and self._there is None) or any(work.reference not in self._lost for work in lost):
            asking = [work for work in works if work in creates or work in lost]
            try:
                with _held_stops():
                    self._there = newer.already_there(self._store, self._client, self._job, self._shop_id)
            except StoreUnavailable:
                raise
            except PipelineError as error:
                self._outcomes.judge(asking, error)
                yield from (work for work in works if work not in asking)
                return
            self._lost = dict(self._there.lost)
        for work in works:
            listing_id = self._there.alike.get(work.product_id) if self._there else None
            if work in creates and listing_id is not None:
                logger.warning("listing_may_exist product_id=%s listing_id=%s", work.product_id, listing_id)
                self._outcomes.failed(work, "listing_may_exist", _may_exist(listing_id, self._job.etsy_account_id))
            else:
                work.lost = self._lost.pop(work.reference, ()) if work.reference else ()
                yield work

    def _stop(self, error: PipelineError) -> Stop:
        if not isinstance(error, Unavailable):
            return Stop(Event.FAIL, str(error))
        resume_at = self._now() + PAUSE_WHEN_DOWN
        return Stop(Event.PAUSE, f"Etsy is down: {error} {goes_on_at(resume_at)}", resume_at)


@contextmanager
def _held_stops() -> Iterator[None]:
    try:
        yield
    except AccountHeld as error:
        raise Stop(Event.PAUSE, str(error)) from error


def _on_vacation(shop: RemoteShop) -> str:
    said = f' ("{shop.vacation_message}")' if shop.vacation_message else ""
    return f"The shop is on vacation{said}: nothing is sent until it is back. [vacation]"


def _may_exist(listing_id: int, account_id: str) -> str:
    return (
        f"Listing {listing_id} has its title or SKU, and had not when the plan was made: nothing was created. Sync "
        f"again; `etsy-pipeline links candidates {account_id}` then shows both."
    )
