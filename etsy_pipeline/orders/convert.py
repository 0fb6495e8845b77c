"""Orders on Etsy made orders in Medusa, each once: draft, convert, paid; then packed and shipped, or called off.

What is true is what Medusa has with our e-mail and metadata: it is looked at before each step, so that it does not
matter where an earlier process was killed, or which answer was lost. A step whose answer may still be on its way is
left alone for a while (`steps.py`). What cannot be converted waits for a person, and says why.
"""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace

from etsy_pipeline.catalogue.admin_api import WriteRefused, WriteUnanswered
from etsy_pipeline.catalogue.draft_orders import DraftOrders, Region
from etsy_pipeline.catalogue.reservations import Reservations
from etsy_pipeline.listings.order_settings import OrderSettings
from etsy_pipeline.orders.book import MOST_UNANSWERED
from etsy_pipeline.orders.known import Known, known_of
from etsy_pipeline.orders.meanwhile import hold
from etsy_pipeline.orders.medusa_order import Order, Outcome
from etsy_pipeline.orders.pieces import Stock
from etsy_pipeline.orders.turn import Turn
from etsy_pipeline.store import accounts, receipts, sales
from etsy_pipeline.store.accounts import settings_of
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.receipts import KeptReceipt
from etsy_pipeline.store.sales import KeptSale

logger = logging.getLogger(__name__)

AT_ONCE = 200
NO_SETTING = "Say which of Medusa's things an order from Etsy gets: set orders.{}."
NO_REGION = "Medusa has no region {}: set orders.region_id."
TAXED = "Medusa would put taxes on top: switch automatic taxes off in the region {}, or choose one without."
OTHER_CURRENCY = "Medusa's region {} is in {}, the shop is in {}."


@dataclass
class Converted:
    """What became of orders that are to be orders in Medusa: receipts' ids, by how each one stands now."""

    done: list[int] = field(default_factory=list)
    open: list[int] = field(default_factory=list)
    needs_person: list[int] = field(default_factory=list)
    canceled: list[int] = field(default_factory=list)

    def with_those_of(self, other: "Converted") -> "Converted":
        """Both together."""
        pairs = ((getattr(self, name.name), getattr(other, name.name)) for name in fields(self))
        return Converted(*([*mine, *theirs] for mine, theirs in pairs))


def convert_orders(store: Store, medusa: Reservations, account_id: str, turn: Turn) -> Converted:
    """Do the next steps of every order of mode `orders` that is not over, the oldest first.

    What waits for a person is reserved meanwhile, as far as its variants are known. Where many are new, all of them
    hold their pieces before the first one is marked as paid: until then Medusa's own buyers can have the pieces.

    Raises:
        TakenOver: `orders_active`, where another process has the turn.
        PipelineError: where Medusa cannot be asked, or answers nothing several times in a row; the rest waits.
    """
    with store.reading() as session:
        account = accounts.get(session, account_id)
        found = receipts.in_state(session, account_id, "open", "needs_person", mode="orders")
    if not found:
        return Converted()
    settings = settings_of(account).orders
    lacking = lacks(settings, account.currency_code, DraftOrders(medusa.api))
    known, linked = known_of(found, medusa), medusa.places_of(settings.sales_channel_id or "")
    turns = _Turns(store, medusa, turn, settings, lacking, known, linked, is_stock_first=known.is_of_many)
    done = turns.all_of(found)
    if not known.is_of_many:
        return done
    with store.reading() as session:
        rest = [it for it in receipts.in_state(session, account_id, "open", mode="orders") if it.medusa_order_id]
    done.open = sorted(set(done.open) - {receipt.receipt_id for receipt in rest})
    return done.with_those_of(replace(turns, is_stock_first=False).all_of(rest))


@dataclass(slots=True)
class _Turns:
    """One turn of orders after the other; `lacking` is why none can be made, else empty.

    At the locations `linked` Medusa reserves.
    """

    store: Store
    medusa: Reservations
    turn: Turn
    settings: OrderSettings
    lacking: str
    known: Known
    linked: frozenset[str]
    is_stock_first: bool
    unanswered: int = 0

    def all_of(self, found: Sequence[KeptReceipt]) -> Converted:
        """Do what is next of each of them."""
        done = Converted()
        for start in range(0, len(found), AT_ONCE):
            part = found[start : start + AT_ONCE]
            with self.store.reading() as session:
                lines = sales.of_receipts(session, part[0].etsy_account_id, [it.receipt_id for it in part])
            products = self.medusa.products(_products(part, lines))
            self.known.look(part, DraftOrders(self.medusa.api))
            taken = Counter[str]()
            for receipt in part:
                its = lines.get(receipt.receipt_id, ())
                order = Order(
                    self.store, self.medusa, self.turn, self.settings, receipt, its, self.known,
                    is_stock_first=self.is_stock_first,
                )  # fmt: skip
                stock = Stock(self.medusa, products, self.linked, taken)
                outcome = self._outcome(order, stock, receipt.receipt_id)
                getattr(done, outcome).append(receipt.receipt_id)
                if outcome == "needs_person" and order.is_to_be_held:
                    hold(self.store, self.medusa, self.turn, order.lines_now(), products)
        return done

    def _outcome(self, order: Order, stock: Stock, receipt_id: int) -> Outcome:
        try:
            outcome = order.advance(self.lacking, stock)
        except (WriteUnanswered, WriteRefused) as problem:
            self.unanswered += isinstance(problem, WriteUnanswered) and not order.is_lost_again
            logger.warning("order_not_converted receipt_id=%s code=%s", receipt_id, problem.code)
            if self.unanswered >= MOST_UNANSWERED:
                raise
            return order.failed(problem)
        self.unanswered = 0
        return outcome


def lacks(settings: OrderSettings, currency_code: str | None, orders: DraftOrders) -> str:
    """Why no order of the shop can be made in Medusa, in words; nothing where they can.

    Raises:
        PipelineError: where Medusa cannot be asked.
    """
    for name in ("region_id", "sales_channel_id", "shipping_option_id"):
        if not getattr(settings, name):
            return NO_SETTING.format(name)
    region_id = settings.region_id or ""
    region: Region | None = orders.region(region_id)
    if region is None:
        return NO_REGION.format(region_id)
    if region.has_automatic_taxes:
        return TAXED.format(region_id)
    if currency_code and region.currency_code != currency_code:
        return OTHER_CURRENCY.format(region_id, region.currency_code, currency_code)
    return ""


def _products(found: Sequence[KeptReceipt], lines: Mapping[int, Sequence[KeptSale]]) -> list[str]:
    wanted = (line.product_id for receipt in found for line in lines.get(receipt.receipt_id, ()))
    return [product_id for product_id in wanted if product_id]
