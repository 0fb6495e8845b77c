"""Orders as plans and publishers ask for them: what was sold, before anything is raised."""

import logging
from collections.abc import Callable
from contextlib import closing

from etsy_pipeline.catalogue.reservations import Reservations
from etsy_pipeline.errors import PipelineError, StoreUnavailable
from etsy_pipeline.orders.importer import Importer
from etsy_pipeline.orders.rounds import look
from etsy_pipeline.providers.protocols import ReceiptClient
from etsy_pipeline.sales.guard import BOOKING
from etsy_pipeline.store import accounts
from etsy_pipeline.store.accounts import settings_of
from etsy_pipeline.store.engine import Store
from etsy_pipeline.sync.open_sales import AskOrders

logger = logging.getLogger(__name__)

ReceiptsOf = Callable[[], ReceiptClient]


def asking(store: Store, receipts_of: ReceiptsOf, account_id: str) -> AskOrders:
    """Reads what changed of a shop's orders, each time it is called; one call to Etsy where little is new.

    It raises what the importer does (`PipelineError`), `scope_missing` for example.
    """

    def ask() -> None:
        with closing(receipts_of()) as client:
            importer = Importer(store, client, account_id)
            importer.hints()
            importer.poll()

    return ask


def book_before_stock_is_read(
    store: Store, receipts_of: ReceiptsOf, reservations_of: Callable[[], Reservations], account_id: str
) -> str:
    """Read and book orders, where the shop's come to Medusa, so that the stock that is read next knows of them.

    Returns:
        Why that was not done, in words; blank where it was, or is none of the shop's wishes. A plan goes on all the
        same, and raises nothing that is not certain.
    """
    with store.reading() as session:
        settings = settings_of(accounts.get(session, account_id))
    if settings.orders.mode not in BOOKING:
        return ""
    try:
        asking(store, receipts_of, account_id)()
        with closing(receipts_of()) as client, closing(reservations_of()) as medusa:
            found = look(store, client, medusa, account_id)
    except StoreUnavailable:
        raise
    except PipelineError as error:  # another process is at it, Etsy is away, the permission is missing
        logger.warning("orders_not_booked account_id=%s code=%s", account_id, error.code)
        return error.message
    return " ".join(problem.message for problem in found.problems)
