"""Parcels of Medusa's orders told to Etsy, each once: Etsy writes to the buyer each time (ORDERS §5).

Before a parcel is told of, it is looked for among the order's parcels at Etsy, and after it again: Etsy may mark the
order as shipped and drop the code in silence. Whether Etsy lets the key do this at all is learnt from its answers;
where it does not, the order's own page is the place to ship it.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from etsy_pipeline.catalogue.draft_orders import DraftOrders, Label, MedusaOrder
from etsy_pipeline.errors import NeedsPerson, NotFound
from etsy_pipeline.orders.steps import Step, keep_step
from etsy_pipeline.orders.turn import Turn
from etsy_pipeline.providers.errors import RemoteRefused, RemoteUnavailable
from etsy_pipeline.providers.protocols import ReceiptClient
from etsy_pipeline.sales.carriers import carrier_of
from etsy_pipeline.sales.order_draft import ORDER_PAGE
from etsy_pipeline.sales.parcels import code_key, missing
from etsy_pipeline.sales.receipt import Receipt
from etsy_pipeline.store import accounts, activity, receipt_feeds, receipts
from etsy_pipeline.store.accounts import settings_of
from etsy_pipeline.store.activity import Doer
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.receipts import KeptReceipt

logger = logging.getLogger(__name__)

MORE_PARCELS = timedelta(days=14)  # after the sale, in which a second parcel of an order is looked for
TRACK = "track"  # name of the step; with the code
UNTOLD = "untold"  # step of an order of which a parcel was not taken: it is never told of again by itself
FORBIDDEN = "etsy_forbidden"
REFUSED = "Etsy does not take tracking codes from this key: ship it there, {}."
DROPPED = "Etsy marked it as shipped, and dropped the tracking code {}: add it there, {}."
NOT_THERE = "Etsy does not have the tracking code {}: add it there, {}."
NOT_TAKEN = "Etsy did not take the tracking code {} ({}): ship it there, {}."


@dataclass
class Tracked:
    """What became of parcels: receipts' ids, by what happened. `by_hand`: only a person can, on Etsy."""

    told: list[int] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)
    by_hand: list[int] = field(default_factory=list)


def tell_parcels(store: Store, client: ReceiptClient, orders: DraftOrders, account_id: str, turn: Turn) -> Tracked:
    """Tell Etsy of parcels that are on their way by Medusa, where the shop wants that.

    Raises:
        TakenOver: `orders_active`.
        PipelineError: where Medusa cannot be asked, or Etsy answers nothing; the rest waits.
    """
    with store.reading() as session:
        account = accounts.get(session, account_id)
        unshipped = receipts.in_medusa(session, account_id, sold_since=store.now() - MORE_PARCELS)
        takes = receipt_feeds.get(session, account_id).takes_tracking
    done, settings = Tracked(), settings_of(account).orders
    if not settings.send_tracking or not unshipped or "transactions_w" not in (account.scopes or "transactions_w"):
        return done
    found = orders.orders([receipt.medusa_order_id for receipt in unshipped if receipt.medusa_order_id])
    for receipt, labels in _to_tell(unshipped, found):
        is_untold = Step.parse(receipt.step).name == UNTOLD
        if takes is False or is_untold:
            told = receipt.problem or _by_hand(receipt, labels, is_untold=is_untold)
            if told != receipt.problem:
                with store.writing() as session:
                    receipts.change(session, account_id, receipt.receipt_id, problem=told)
            done.by_hand.append(receipt.receipt_id)
            continue
        outcome = Parcels(store, client, turn, account.shop_id or 0, receipt).tell(labels)
        takes = {"told": True, "refused": False}.get(outcome, takes)
        getattr(done, "by_hand" if outcome == "refused" else outcome).append(receipt.receipt_id)
    return done


def tell_again(
    store: Store,
    client: ReceiptClient,
    orders: DraftOrders,
    account_id: str,
    receipt_id: int,
    *,
    by: Doer | None = None,
) -> str:
    """Tell Etsy of one order's parcels now, whatever was learnt of the key; what became of it.

    Raises:
        NotFound: `order_not_found`; `no_parcel`, where Medusa has shipped none of it that Etsy does not know of.
        TakenOver: `orders_active`, while orders are being booked.
        PipelineError: what Etsy or Medusa raise.
    """
    with store.reading() as session:
        account, receipt = accounts.get(session, account_id), receipts.get(session, account_id, receipt_id)
    if receipt is None:
        raise NotFound(
            f"There is no order {receipt_id}.",
            code="order_not_found",
            hint="It is the number that the buyer sees, too.",
        )
    found = orders.orders([receipt.medusa_order_id]) if receipt.medusa_order_id else {}
    labels = [labels for _, labels in _to_tell([receipt], found)]
    if not labels:
        raise NotFound(
            f"Medusa has no parcel with a tracking code for the order {receipt_id}.",
            code="no_parcel",
            hint="Fulfil the order in Medusa, and give its shipment a tracking number.",
        )
    with Turn(store, account_id).taken() as turn:
        with store.writing() as session:
            activity.note(session, by, "parcels_told", account_id=account_id, about=f"order {receipt_id}")
        return Parcels(store, client, turn, account.shop_id or 0, receipt).tell(labels[0])


class Parcels:
    """The parcels of one order."""

    def __init__(self, store: Store, client: ReceiptClient, turn: Turn, shop_id: int, receipt: KeptReceipt) -> None:
        self._store, self._client, self._turn, self._shop_id = store, client, turn, shop_id
        self._receipt, self._step = receipt, Step.parse(receipt.step)
        self._page = ORDER_PAGE.format(receipt.receipt_id)

    def tell(self, labels: Sequence[Label]) -> str:
        """Tell of those that Etsy does not have: `told`, `waiting`, `by_hand`, or `refused` for good."""
        there = _codes(self._client.receipt(self._shop_id, self._receipt.receipt_id))
        for label in labels:
            if code_key(label.tracking_number) in there:
                continue
            if self._step.name == _step(label) and self._step.may_still_come(self._store.now()):
                return "waiting"
            outcome, there = self._send(label, there)
            if outcome != "told":
                return outcome
        self._over(None)
        return "told"

    def _send(self, label: Label, there: set[str]) -> tuple[str, set[str]]:
        code = label.tracking_number
        self._turn.require()
        self._keep_step(self._step.begun(_step(label), self._store.now()))
        try:
            answer = self._client.create_shipment(
                self._shop_id, self._receipt.receipt_id, tracking_code=code, carrier_name=carrier_of(label.tracking_url)
            )
        except RemoteUnavailable as lost:
            if not lost.may_have_happened:
                self._over(self._receipt.problem)
            raise
        except NeedsPerson as refused:
            self._over(REFUSED.format(self._page) if refused.code == FORBIDDEN else self._receipt.problem)
            if refused.code != FORBIDDEN:
                raise
            self._learn(takes=False)
            return "refused", there
        except RemoteRefused as refused:
            return self._given_up(NOT_TAKEN.format(code, refused.message, self._page)), there
        self._learn(takes=True)
        if code_key(code) not in _codes(answer):
            return self._given_up(DROPPED.format(code, self._page)), there
        return "told", _codes(answer)

    def _given_up(self, problem: str) -> str:
        """Once more would write to the buyer once more, and come to the same."""
        self._keep_step(replace(self._step.over, name=UNTOLD), problem=problem)
        return "by_hand"

    def _over(self, problem: str | None) -> None:
        self._keep_step(self._step.over, problem=problem)

    def _keep_step(self, step: Step, **values: str | None) -> None:
        with self._store.writing() as session:
            self._step = keep_step(session, self._receipt, step, **values)

    def _learn(self, *, takes: bool) -> None:
        with self._store.writing() as session:
            receipt_feeds.change(session, self._receipt.etsy_account_id, takes_tracking=takes)


def _to_tell(found: Sequence[KeptReceipt], orders: dict[str, MedusaOrder]) -> Iterator[tuple[KeptReceipt, list[Label]]]:
    """Orders with parcels that are on their way, have a code, and are not among those that Etsy told of."""
    for receipt in found:
        order = orders.get(receipt.medusa_order_id or "")
        labels = [label for parcel in order.parcels if parcel.is_shipped for label in parcel.labels] if order else []
        if _not_there(receipt, labels):
            yield receipt, labels


def _by_hand(receipt: KeptReceipt, labels: Sequence[Label], *, is_untold: bool) -> str:
    """What a person has to do, where what was said of it before is no longer kept."""
    page = ORDER_PAGE.format(receipt.receipt_id)
    return NOT_THERE.format(", ".join(_not_there(receipt, labels)), page) if is_untold else REFUSED.format(page)


def _not_there(receipt: KeptReceipt, labels: Sequence[Label]) -> list[str]:
    """Codes that Etsy did not tell of, each once."""
    known = [str(item.get("tracking_code") or "") for item in receipt.totals.get("shipments") or ()]
    return missing([label.tracking_number for label in labels], known)


def _codes(receipt: Receipt) -> set[str]:
    return {code_key(item.tracking_code) for item in receipt.shipments if item.tracking_code}


def _step(label: Label) -> str:
    return f"{TRACK} {code_key(label.tracking_number)}"
