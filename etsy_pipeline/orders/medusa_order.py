"""One order on Etsy and its order in Medusa: what is to be done next, done, and noted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Literal

from etsy_pipeline.catalogue.admin_api import WriteRefused, WriteUnanswered
from etsy_pipeline.catalogue.draft_orders import DraftOrders, MedusaOrder
from etsy_pipeline.catalogue.reservations import NOT_ENOUGH, Reservations
from etsy_pipeline.listings.order_settings import OrderSettings
from etsy_pipeline.orders.arrange import Crowded, arrange
from etsy_pipeline.orders.cancel import CANCELED_AFTER, REFUNDED_WHOLE, give_back
from etsy_pipeline.orders.drafting import (
    Cuts,
    body_of,
    goes_elsewhere,
    is_cut_otherwise,
    takes_others,
    totals_of,
    where_of,
)
from etsy_pipeline.orders.known import Known
from etsy_pipeline.orders.meanwhile import held_at, let_go
from etsy_pipeline.orders.pieces import Stock
from etsy_pipeline.orders.shipping import Apart, ship_as_on_etsy
from etsy_pipeline.orders.steps import Step, keep_step
from etsy_pipeline.orders.turn import Turn
from etsy_pipeline.sales.booking import Ending, ending
from etsy_pipeline.sales.order_draft import AmountsDisagree, owed
from etsy_pipeline.store import receipts, sales
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.receipts import KeptReceipt
from etsy_pipeline.store.sales import UNBOOKED, KeptSale, SaleState

Outcome = Literal["done", "open", "needs_person", "canceled"]

SHORT = "Sold on Etsy, and Medusa has fewer pieces left than that. No order is made until there are enough."
SCATTERED = (
    "Medusa cannot reserve it for an order as its pieces lie: what one piece takes has to be at one location, and that "
    "location linked to the orders' sales channel. Move pieces there, or link the location."
)
CROWDED = (
    "Medusa's order {} reserves more at a location than there is, and no other location of the orders' sales channel "
    "has enough. Put pieces at one of them, and it goes on by itself; or cancel it on Etsy."
)
NO_VARIANT = "Medusa no longer has the variant."
OTHER_TOTAL = "Medusa's order comes to {}, not to {}: it is not marked as paid. Delete the draft, or correct it there."
SEVERAL = "Medusa has {} orders of it ({}). Cancel all but one there."
PACKED = "It was canceled on Etsy, and Medusa's order is packed or shipped already: cancel or return it there."
CANCELED_THERE = "Its order was canceled in Medusa, and not on Etsy."
GONE = "Medusa no longer shows its order {}."
MEDUSAS = frozenset({"draft", "drop", "convert", "move", "owe", "pay", "pack", "ship", "cancel"})  # names of steps
GOES_ELSEWHERE = (
    "Etsy tells another address of the buyer's than Medusa's order was made with, or told it only afterwards. Write it "
    "into Medusa's order before that is shipped; once it is, nothing is said of it any more."
)
KIT_APART = (
    "It was shipped on Etsy. The parts of a kit in Medusa's order {} lie at several locations, and no parcel is packed "
    "at all of them: pack and ship it in Medusa."
)
NO_LINES = "Etsy does not tell what was sold."


class NeedsPersonError(Exception):
    """It cannot go on without a person; why, in words."""


class Waits(Exception):  # noqa: N818 - it is no error
    """An answer may still be on its way, or the payment is: the next look goes on."""


@dataclass
class _Noted:
    """What is written down of it next."""

    state: Outcome
    problem: str | None = None


class Order:
    """One order on Etsy of mode `orders`."""

    def __init__(
        self, store: Store, medusa: Reservations, turn: Turn, settings: OrderSettings, receipt: KeptReceipt,
        lines: Sequence[KeptSale], known: Known, *, is_stock_first: bool = False,
    ) -> None:  # fmt: skip
        """`is_stock_first`: a new order is left alone as soon as it holds its pieces; the next turn does the rest."""
        self._store, self._medusa, self._turn, self._settings = store, medusa, turn, settings
        self._orders, self.is_to_be_held = DraftOrders(medusa.api), False
        self._receipt, self._lines, self._step = receipt, lines, Step.parse(receipt.step)
        self._lost_before = self._step.name
        self._totals, self._known, self._is_stock_first = totals_of(receipt), known, is_stock_first
        self._where = where_of(receipt, settings)

    def advance(self, lacking: str, stock: Stock) -> Outcome:
        """Do what is next, as far as it goes; how it stands then.

        Args:
            lacking: why no order can be made at all, else empty.
            stock: what there is of variants.

        Raises:
            WriteUnanswered: an answer is lost; the next look finds out.
            WriteRefused: Medusa said no to a step.
        """
        try:
            noted = self._advanced(lacking, stock)
        except NeedsPersonError as why:
            noted = _Noted("needs_person", str(why))
        except Waits:  # for an answer: what was told of it stays
            told = self._receipt.problem if self._step.name else None
            noted = _Noted("needs_person" if told and self._receipt.state == "needs_person" else "open", told)
        return self._keep(noted)

    def failed(self, problem: WriteUnanswered | WriteRefused) -> Outcome:
        """Note that a step came to nothing.

        One without an answer goes on by itself; where it has none again, that is a person's, as a refusal is.
        """
        goes_on = isinstance(problem, WriteUnanswered) and not self.is_lost_again
        return self._keep(_Noted("open" if goes_on else "needs_person", problem.message))

    @property
    def is_lost_again(self) -> bool:
        """Whether the same step had no answer last time either: this order's fault, more likely than Medusa's."""
        return bool(self._lost_before) and self._step.name == self._lost_before

    def _advanced(self, lacking: str, stock: Stock) -> _Noted:
        end = self._end()
        found = self._found()
        if found is None:
            if end != "none":
                return self._called_off_before(end)
            if not self._receipt.is_paid:
                raise Waits
            found = self._made(lacking, stock)
        self._note(medusa_draft_id=found.id)
        if found.is_draft:
            if end == "give_back":
                self._do("drop", partial(self._orders.drop, found.id))
                return self._called_off_before(end)
            found = self._convert(found, stock)
        return self._as_order(found, end, stock)

    def _made(self, lacking: str, stock: Stock) -> MedusaOrder:
        """A new draft; its pieces may have been reserved while it waited."""
        self.is_to_be_held = True
        if why := self._why_not(lacking, stock):
            raise NeedsPersonError(why)
        self._require_no_draft_on_its_way()
        cuts = stock.cuts(self._sold_lines(), held_at(self._store, self._lines))
        if cuts is None:  # Medusa was asked anew: another order may have been quicker
            raise NeedsPersonError(self._why_not(lacking, stock) or SCATTERED)
        if not let_go(self._store, self._medusa, self._turn, self.lines_now(), self._known):
            raise Waits
        self._lines = self.lines_now()
        body, is_first = self._body(cuts), not self._receipt.step
        draft_id = self._do_with_stock("draft", lambda: self._orders.draft(body))
        self.is_to_be_held = False
        stock.take(self._lines)
        found = self._orders.of_draft(draft_id) if is_first else self._found()
        if found is None:
            raise Waits
        return found

    def _require_no_draft_on_its_way(self) -> None:
        if self._step.name == "draft" and self._step.may_still_come(self._store.now()):
            raise Waits

    def _convert(self, found: MedusaOrder, stock: Stock) -> MedusaOrder:
        is_of_before = goes_elsewhere(self._store, self._receipt, found) or takes_others(found, self.lines_now())
        if is_of_before:  # the next look makes another one
            self._do("drop", partial(self._orders.drop, found.id))
            raise Waits
        self._require_total(found)
        try:
            self._do_with_stock("convert", partial(self._made_order, found.id))
        except NeedsPersonError:
            self._drop_what_cannot_be(found, stock)
            raise
        if self._is_stock_first:
            self._arrange(found, stock)
            self._lines_become("booked", None, of=("waiting", "oversold"))
            raise Waits
        converted = self._orders.orders([found.id]).get(found.id)
        if converted is None:
            raise Waits
        return converted

    def _made_order(self, draft_id: str) -> None:
        """Its lines are its own from now on: nobody decides on one of them any more."""
        self._orders.convert(draft_id)
        self._note(medusa_order_id=draft_id)

    def _drop_what_cannot_be(self, found: MedusaOrder, stock: Stock) -> None:
        """Of a draft that was made when the pieces lay elsewhere, the next look makes another one.

        Where there are too few by now, what there is of it is reserved meanwhile, as if there had been no draft.
        """
        cuts = stock.cuts(self._sold_lines(), {}, is_close=True)
        if cuts is None:
            self._do("drop", partial(self._orders.drop, found.id))
            self.is_to_be_held = True
        elif is_cut_otherwise(found, self._body(cuts)):
            self._do("drop", partial(self._orders.drop, found.id))
            self._lines_become("waiting", None, of=("oversold",))
            raise Waits

    def _arrange(self, found: MedusaOrder, stock: Stock) -> None:
        """Reserve each line where there are pieces for it, before anything counts as booked."""
        its = {item.id: item.variant_id for item in found.items if item.variant_id and stock.counts(item.variant_id)}
        if not stock.may_lie_wrong(list(its.values())) or not any(line.state in UNBOOKED for line in self.lines_now()):
            return
        try:
            arrange(self._medusa, self._turn, list(its), stock.places, partial(self._do, "move"))
        except Crowded:
            told = CROWDED.format(found.id)
        except WriteRefused as refused:
            if refused.kind != NOT_ENOUGH:
                raise
            told = CROWDED.format(found.id)
        else:
            return
        self._lines_become("oversold", told, of=("waiting", "oversold"))
        raise NeedsPersonError(told)

    def _as_order(self, found: MedusaOrder, end: Ending, stock: Stock) -> _Noted:
        """What is next for an order that is none of the drafts."""
        self._note(medusa_order_id=found.id)
        if found.is_canceled:
            self._lines_become("returned", None, of=(*UNBOOKED, "booked"))
            if end == "none" and not self._receipt.is_canceled and not self._step.is_decided:
                raise NeedsPersonError(CANCELED_THERE)
            return _Noted("canceled")
        if end != "give_back":
            self._arrange(found, stock)
        self._lines_become("booked", None, of=UNBOOKED)  # also those of which books that begin anew know no variant
        if end == "give_back":
            return self._cancel(found)
        if end == "ask":
            raise NeedsPersonError(CANCELED_AFTER if self._receipt.is_canceled else REFUNDED_WHOLE)
        self._pay(found)
        try:
            told = ship_as_on_etsy(self._medusa, self._receipt, found, stock.linked, self._do)
        except Apart:
            raise NeedsPersonError(KIT_APART.format(found.id)) from None
        if goes_elsewhere(self._store, self._receipt, found):
            raise NeedsPersonError(GOES_ELSEWHERE)
        return _Noted("done", told)

    def _pay(self, found: MedusaOrder) -> None:
        if found.is_paid:
            return
        self._require_total(found)
        due = found.unpaid_collections[0] if found.unpaid_collections else None
        if due is None and found.total > 0:
            due = self._do("owe", lambda: self._orders.owe(found.id, found.total))
        if due is not None:
            collection_id = due
            self._do("pay", lambda: self._orders.mark_paid(found.id, collection_id))

    def _cancel(self, found: MedusaOrder) -> _Noted:
        if found.parcels:
            raise NeedsPersonError(PACKED)
        self._do("cancel", lambda: self._orders.cancel(found.id))
        self._lines_become("returned", None, of=("booked",))
        return _Noted("canceled" if self._receipt.is_canceled else "done")

    def _called_off_before(self, end: Ending) -> _Noted:
        """It ended before there was an order: nothing was taken from the stock, and nothing will be."""
        if end == "ask" and self._has_open_lines:
            raise NeedsPersonError(CANCELED_AFTER if self._receipt.is_canceled else REFUNDED_WHOLE)
        self._require_no_draft_on_its_way()
        give_back(self._store, self._medusa, self._turn, self._receipt)
        self._lines = self.lines_now()
        if self._has_open_lines:
            raise Waits
        return _Noted("canceled" if self._receipt.is_canceled else "done")

    def _why_not(self, lacking: str, stock: Stock) -> str:
        """Why no order can be made of it, in words; its lines say it, too."""
        told = [*self._receipt.totals.get("problems", ())]
        unmatched = [line for line in self._lines if line.state == "needs_link"]
        told += [f"{line.title or line.sku or line.transaction_id}: {line.problem}" for line in unmatched]
        open_lines = [line for line in self._lines if line.state in {"waiting", "oversold"}]
        if not unmatched and any(line.variant_id is None for line in open_lines):
            raise Waits  # not looked at yet
        gone = [line for line in open_lines if line.variant_id and not stock.knows(line)]
        told += [f"{line.title or line.sku}: {NO_VARIANT}" for line in gone]
        if not self._lines:
            told.append(NO_LINES)
        told += [lacking] if lacking else []
        try:
            owed(self._totals)
        except AmountsDisagree as wrong:
            told.append(str(wrong))
        short = {line.transaction_id for line in stock.short(open_lines)}
        if short:
            told.append(SHORT)
        self._mark_short(open_lines, short)
        return " ".join(dict.fromkeys(told))

    def _mark_short(self, open_lines: Sequence[KeptSale], short: set[int]) -> None:
        with self._store.writing() as session:
            for line in open_lines:
                state: SaleState = "oversold" if line.transaction_id in short else "waiting"
                if state != line.state:
                    sales.become(session, line, state=state, problem=SHORT if state == "oversold" else None)

    def _sold_lines(self) -> list[KeptSale]:
        """Those that take stock."""
        return [line for line in self._lines if line.variant_id and line.state != "nothing_to_book"]

    def _body(self, cuts: Cuts) -> dict[str, Any]:
        try:
            return body_of(self._store, self._receipt, self._lines, cuts, self._where)
        except AmountsDisagree as wrong:
            raise NeedsPersonError(str(wrong)) from None

    def _require_total(self, found: MedusaOrder) -> None:
        if found.total != (wanted := owed(self._totals)):
            raise NeedsPersonError(OTHER_TOTAL.format(found.total, wanted))

    def _found(self) -> MedusaOrder | None:
        receipt = self._receipt
        if order_id := receipt.medusa_order_id:
            its = self._known.take_order(order_id) or self._orders.orders([order_id]).get(order_id)
            if its is None:
                raise NeedsPersonError(GONE.format(order_id))
            return its
        found = self._known.take(receipt.receipt_id)
        if found is None:
            email = self._where.email_begins(receipt.receipt_id)
            found = self._orders.find(email, receipt_id=receipt.receipt_id)
        alive = [order for order in found if not order.is_canceled] or found[-1:]
        if len(alive) > 1:
            raise NeedsPersonError(SEVERAL.format(len(alive), ", ".join(order.id for order in alive)))
        return alive[0] if alive else None

    def _end(self) -> Ending:
        if self._step.is_decided:
            return "none" if self._receipt.medusa_order_id or self._has_open_lines else "give_back"
        return ending(
            is_canceled=self._receipt.is_canceled,
            is_refunded=bool(self._receipt.totals.get("is_refunded")),
            is_shipped=self._receipt.is_shipped,
            returns_refunded=self._settings.return_refunded,
        )

    @property
    def _has_open_lines(self) -> bool:
        return any(line.state in {"waiting", "oversold", "needs_link", "booked"} for line in self._lines)

    def lines_now(self) -> Sequence[KeptSale]:
        """Its lines as they are kept by now."""
        with self._store.reading() as session:
            return sales.of_receipt(session, self._receipt.etsy_account_id, self._receipt.receipt_id)

    def _do_with_stock(self, name: str, act: Callable[[], Any]) -> Any:
        """The same for what Medusa refuses where stock is short: somebody was quicker."""
        try:
            return self._do(name, act)
        except WriteRefused as refused:
            if refused.kind != NOT_ENOUGH:
                raise
            self._lines_become("oversold", SHORT, of=("waiting", "oversold"))
            raise NeedsPersonError(SHORT) from None

    def _do(self, name: str, act: Callable[[], Any]) -> Any:
        """One change in Medusa: its intent first, then the change, then its end."""
        before, now = self._step, self._store.now()
        if before.name == name and before.may_still_come(now):
            raise Waits
        self._turn.require()
        self._keep_step(before.begun(name, now))
        try:
            answer = act()
        except WriteUnanswered as lost:
            if not lost.may_have_happened:
                self._over()
            raise
        except (WriteRefused, NeedsPersonError):
            self._over()
            raise
        self._over()
        return answer

    def _over(self) -> None:
        self._keep_step(self._step.over)

    def _keep_step(self, step: Step) -> None:
        with self._store.writing() as session:
            self._step = keep_step(session, self._receipt, step)

    def _note(self, **values: Any) -> None:
        if any(getattr(self._receipt, name) != value for name, value in values.items()):
            with self._store.writing() as session:
                receipts.change(session, self._receipt.etsy_account_id, self._receipt.receipt_id, **values)
            self._receipt = replace(self._receipt, **values)

    def _lines_become(self, state: SaleState, problem: str | None, *, of: Sequence[SaleState]) -> None:
        with self._store.writing() as session:
            booked_at: dict[str, datetime] = {"booked_at": self._store.now()} if state == "booked" else {}
            for line in sales.of_receipt(session, self._receipt.etsy_account_id, self._receipt.receipt_id):
                if line.state in of:
                    sales.become(session, line, state=state, problem=problem, **booked_at)

    def _keep(self, noted: _Noted) -> Outcome:
        is_over = noted.state in {"done", "canceled"}
        if is_over and self._step.name in MEDUSAS:  # its answer was lost, and it happened
            self._over()
        told = {"state": noted.state, "problem": noted.problem}
        if told != {"state": self._receipt.state, "problem": self._receipt.problem}:
            with self._store.writing() as session:
                receipts.settle(session, self._receipt, **told, settled_at=self._store.now() if is_over else None)
        return noted.state
