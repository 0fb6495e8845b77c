"""What a person says of orders: which variant a line is of, that nothing is booked for it, what an end means."""

from dataclasses import replace
from datetime import datetime

from etsy_pipeline.catalogue.draft_orders import DraftOrders
from etsy_pipeline.catalogue.reservations import Reservations
from etsy_pipeline.errors import BadRequest, Conflict, NotFound
from etsy_pipeline.orders.cancel import give_back, settle
from etsy_pipeline.orders.drafting import where_of
from etsy_pipeline.orders.steps import Step, keep_step
from etsy_pipeline.orders.turn import Turn
from etsy_pipeline.store import accounts, activity, clock, receipts, sales
from etsy_pipeline.store.accounts import settings_of
from etsy_pipeline.store.activity import Deed, Doer
from etsy_pipeline.store.engine import Session, Store
from etsy_pipeline.store.receipts import KeptReceipt
from etsy_pipeline.store.sales import UNBOOKED, KeptSale

OPEN = (*UNBOOKED, "observed")
LONGEST_REASON = 400  # characters


def choose_variant(
    store: Store,
    medusa: Reservations,
    account_id: str,
    transaction_id: int,
    *,
    product_id: str,
    variant_id: str,
    by: Doer | None = None,
) -> None:
    """Say which variant a line is of. It is booked with the next look at orders.

    Raises:
        NotFound: `sale_not_found`; `variant_not_found`, where Medusa does not have it.
        BadRequest: `sale_settled`, where it is booked or given back; `order_in_medusa`.
        Conflict: `order_being_made`.
    """
    product = medusa.products([product_id]).get(product_id)
    if product is None or variant_id not in {variant.id for variant in product.variants}:
        raise NotFound(
            f"Medusa has no variant {variant_id[:100]!r} of a product {product_id[:100]!r}.",
            code="variant_not_found",
            hint="Copy both ids from Medusa's admin.",
        )
    with store.writing() as session:
        sale = _open_line(session, account_id, transaction_id)
        state = sale.state if sale.state in {"observed", "oversold"} or not sale.quantity else "waiting"
        problem = sale.problem if state == sale.state and sale.state != "observed" else None
        values = {"product_id": product_id, "variant_id": variant_id, "matched_by": "person"}
        sales.change(session, account_id, transaction_id, **values, state=state, problem=problem)
        told = f"line {transaction_id}: {variant_id}"
        activity.note(session, by, "variant_chosen", account_id=account_id, about=told)


def book_nothing(store: Store, account_id: str, transaction_id: int, *, by: Doer | None = None) -> None:
    """Say that Medusa's stock is right without a line: it was booked by hand, or is none of Medusa's.

    Raises:
        NotFound: `sale_not_found`.
        BadRequest: `sale_settled`, where it is booked or given back; `order_in_medusa`.
        Conflict: `order_being_made`.
    """
    with store.writing() as session:
        _open_line(session, account_id, transaction_id)
        sales.change(session, account_id, transaction_id, state="nothing_to_book", problem=None)
        activity.note(session, by, "nothing_booked", account_id=account_id, about=f"line {transaction_id}")
    settle(store, account_id)


def decide_end(
    store: Store,
    medusa: Reservations,
    account_id: str,
    receipt_id: int,
    *,
    gives_back: bool,
    by: Doer | None = None,
) -> None:
    """Say what the end of an order means for what is reserved for it: the goods are back, or they are gone.

    Raises:
        NotFound: `order_not_found`.
        BadRequest: `order_in_medusa`, where Medusa's order holds its stock.
        Conflict: `order_being_made`, where an answer of Medusa's may still be on its way.
        TakenOver: `orders_active`, while orders are being booked.
        PipelineError: where Medusa cannot be asked.
    """
    receipt = _known(store, account_id, receipt_id)
    if gives_back and receipt.medusa_order_id:
        raise _in_medusa(receipt)
    if gives_back:
        with Turn(store, account_id).taken() as turn:
            is_given_back = _give_back(store, medusa, turn, receipt)
        if not is_given_back:
            raise _being_made(receipt)
    with store.writing() as session:
        _decide(session, receipt)
        deed: Deed = "goods_back" if gives_back else "goods_gone"
        activity.note(session, by, deed, account_id=account_id, about=f"order {receipt_id}")
    settle(store, account_id)


def close_order(
    store: Store, medusa: Reservations, account_id: str, receipt_id: int, *, reason: str, by: Doer | None = None
) -> None:
    """Say that nothing more is to be done for an order that waits for a person, and never can be done.

    No order is made of it in Medusa, what is reserved for it is given back, and its pieces are open no more. Where
    Medusa has its order, that one has to be canceled there before.

    Args:
        store: the database.
        medusa: where its pieces are reserved.
        account_id: whose.
        receipt_id: Etsy's number of the order.
        reason: why, in a person's words: 400 characters at most.
        by: who says it.

    Raises:
        NotFound: `order_not_found`.
        BadRequest: `reason_missing`; `reason_too_long`; `order_in_medusa`; `order_not_waiting`, where it waits for
            nobody.
        Conflict: `order_being_made`, where an answer of Medusa's may still be on its way.
        TakenOver: `orders_active`, while orders are being booked.
        PipelineError: where Medusa cannot be asked.
    """
    reason = _reason(reason)
    receipt = _known(store, account_id, receipt_id)
    if receipt.state != "needs_person":
        raise _not_waiting(store, receipt)
    its = _order_in_medusa(medusa, receipt)
    with Turn(store, account_id).taken() as turn:
        is_all = its is None and _is_nothing_in_medusa(store, medusa, receipt)
        is_free = _give_back(store, medusa, turn, receipt)
        if is_free:
            with store.writing() as session:
                _close(session, receipt, its, is_all=is_all)
                activity.note_closed(session, by, account_id, receipt_id, reason)
    if not is_free:
        raise _being_made(receipt)
    settle(store, account_id)


def _reason(given: str) -> str:
    reason = " ".join(given.split())
    if not reason:
        raise BadRequest(
            "There is no reason.", code="reason_missing", hint="Say why nothing more is to be done for the order."
        )
    if len(reason) > LONGEST_REASON:
        raise BadRequest(
            f"The reason has {len(reason):,} characters, of {LONGEST_REASON} at most.",
            code="reason_too_long",
            hint="Say it in fewer words.",
        )
    return reason


def _not_waiting(store: Store, receipt: KeptReceipt) -> BadRequest:
    with store.reading() as session:
        closed = activity.closed_orders(session, receipt.etsy_account_id).get(receipt.receipt_id)
    told = f"it was closed by {closed.done_by}: {closed.reason}" if closed else f"it is {receipt.state}"
    return BadRequest(
        f"The order {receipt.receipt_id} waits for nobody: {told}.",
        code="order_not_waiting",
        hint="Only what waits for a person is closed by hand.",
    )


def _is_nothing_in_medusa(store: Store, medusa: Reservations, receipt: KeptReceipt) -> bool:
    """Whether Medusa has nothing of an order of mode `orders`, nor is anything under way: no look has more to do."""
    if receipt.mode != "orders" or receipt.medusa_draft_id or Step.parse(receipt.step).name or receipt.is_hinted:
        return False
    with store.reading() as session:
        where = where_of(receipt, settings_of(accounts.get(session, receipt.etsy_account_id)).orders)
    email = where.email_begins(receipt.receipt_id)
    return not DraftOrders(medusa.api).find(email, receipt_id=receipt.receipt_id)


def _close(session: Session, receipt: KeptReceipt, its: str | None, *, is_all: bool) -> None:
    """Keep that it is closed. It is over at once where no look has more to do, and Etsy told nothing new meanwhile."""
    now = receipts.get(session, receipt.etsy_account_id, receipt.receipt_id, lock=True) or receipt
    if is_all and now.content_hash == receipt.content_hash:
        state = "canceled" if receipt.is_canceled else "done"
        _decide(session, receipt, state=state, problem=None, medusa_order_id=its, settled_at=clock.now(session))
    else:
        _decide(session, receipt, state="open", problem=None, medusa_order_id=its)


def _order_in_medusa(medusa: Reservations, receipt: KeptReceipt) -> str | None:
    """The order in Medusa that was canceled there, if there is one; one that Medusa no longer has is none."""
    if receipt.medusa_order_id is None:
        return None
    found = DraftOrders(medusa.api).orders([receipt.medusa_order_id]).get(receipt.medusa_order_id)
    if found is not None and not found.is_canceled:
        raise _in_medusa(receipt)
    return None if found is None else found.id


def _give_back(store: Store, medusa: Reservations, turn: Turn, receipt: KeptReceipt) -> bool:
    """Release what is reserved for it, if it stands as it was read; whether nothing is left, nor on its way."""
    if _known(store, receipt.etsy_account_id, receipt.receipt_id) != receipt:
        return False
    give_back(store, medusa, turn, receipt)
    with store.reading() as session:
        lines = sales.of_receipt(session, receipt.etsy_account_id, receipt.receipt_id)
    return all(line.state not in (*UNBOOKED, "booked") for line in lines)


def _decide(session: Session, receipt: KeptReceipt, **values: str | datetime | None) -> None:
    now = receipts.get(session, receipt.etsy_account_id, receipt.receipt_id, lock=True) or receipt
    decided = replace(Step.parse(now.step), is_decided=True)  # what is under way in Medusa stays so
    keep_step(session, receipt, decided, **values)


def _known(store: Store, account_id: str, receipt_id: int) -> KeptReceipt:
    with store.reading() as session:
        receipt = receipts.get(session, account_id, receipt_id)
    if receipt is None:
        raise NotFound(
            f"There is no order {receipt_id}.",
            code="order_not_found",
            hint="It is the number that the buyer sees, too.",
        )
    return receipt


def _in_medusa(receipt: KeptReceipt) -> BadRequest:
    return BadRequest(
        f"The stock of the order {receipt.receipt_id} is held by Medusa's order {receipt.medusa_order_id}.",
        code="order_in_medusa",
        hint="Cancel or return it in Medusa, then say here what that means.",
    )


def _being_made(receipt: KeptReceipt) -> Conflict:
    return Conflict(
        f"Medusa is at work on the order {receipt.receipt_id}, and its answer may still be on its way.",
        code="order_being_made",
        hint="Look at the order again in two minutes.",
    )


def _open_line(session: Session, account_id: str, transaction_id: int) -> KeptSale:
    known = sales.get(session, account_id, transaction_id)
    receipt = receipts.get(session, account_id, known.receipt_id, lock=True) if known else None  # all lock so
    sale = sales.get(session, account_id, transaction_id, lock=True)
    if sale is None or receipt is None:
        raise NotFound(
            f"There is no line {transaction_id} of an order.",
            code="sale_not_found",
            hint="The page of the orders names each line's number.",
        )
    if sale.state not in OPEN:
        raise BadRequest(
            f"The line {transaction_id} is {sale.state.replace('_', ' ')} already.",
            code="sale_settled",
            hint="What the end of an order means is said of the order as a whole.",
        )
    if receipt.mode == "orders" and receipt.medusa_order_id:
        raise _in_medusa(receipt)
    if receipt.mode == "orders" and Step.parse(receipt.step).may_still_come(clock.now(session)):
        raise _being_made(receipt)
    return sale
