"""What a person says of orders: which variant a line is of, that nothing is to be booked for it, what an end means."""

from dataclasses import replace

from etsy_pipeline.catalogue.reservations import Reservations
from etsy_pipeline.errors import BadRequest, NotFound
from etsy_pipeline.orders.cancel import give_back, settle
from etsy_pipeline.orders.steps import Step
from etsy_pipeline.orders.turn import Turn
from etsy_pipeline.store import activity, receipts, sales
from etsy_pipeline.store.activity import Deed, Doer
from etsy_pipeline.store.engine import Session, Store
from etsy_pipeline.store.sales import UNBOOKED, KeptSale

OPEN = (*UNBOOKED, "observed")


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
        BadRequest: `sale_settled`, where it is booked or given back.
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
        BadRequest: `sale_settled`, where it is booked or given back.
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
        TakenOver: `orders_active`, while orders are being booked.
        PipelineError: where Medusa cannot be asked.
    """
    with store.reading() as session:
        receipt = receipts.get(session, account_id, receipt_id)
    if receipt is None:
        raise NotFound(
            f"There is no order {receipt_id}.",
            code="order_not_found",
            hint="It is the number that the buyer sees, too.",
        )
    if gives_back and receipt.medusa_order_id:
        raise BadRequest(
            f"The stock of the order {receipt_id} is held by Medusa's order {receipt.medusa_order_id}.",
            code="order_in_medusa",
            hint="Cancel or return it in Medusa, then say that the end of the order is decided.",
        )
    if gives_back:
        with Turn(store, account_id).taken() as turn:
            give_back(store, medusa, turn, receipt)
    with store.writing() as session:
        now = receipts.get(session, account_id, receipt_id, lock=True) or receipt
        decided = replace(Step.parse(now.step), is_decided=True)  # what is under way in Medusa stays so
        receipts.change(session, account_id, receipt_id, step=str(decided))
        deed: Deed = "goods_back" if gives_back else "goods_gone"
        activity.note(session, by, deed, account_id=account_id, about=f"order {receipt_id}")
    settle(store, account_id)


def _open_line(session: Session, account_id: str, transaction_id: int) -> KeptSale:
    sale = sales.get(session, account_id, transaction_id, lock=True)
    if sale is None:
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
    return sale
