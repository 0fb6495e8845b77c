"""Pieces of an order that waits for a person are reserved meanwhile, as in mode `stock`; then its own order takes over.

Between the two they are free for a moment. Whoever buys them then was quicker: the order is oversold, and told as that.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from etsy_pipeline.catalogue.reservations import Reservations, StockedProduct
from etsy_pipeline.orders.book import Line
from etsy_pipeline.orders.known import Known
from etsy_pipeline.orders.turn import Turn
from etsy_pipeline.sales.places import Spot
from etsy_pipeline.store import sales, stock_movements
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.sales import KeptSale


def hold(
    store: Store, medusa: Reservations, turn: Turn, lines: Sequence[KeptSale], products: Mapping[str, StockedProduct]
) -> None:
    """Reserve the lines of which the variant is known; of oversold ones, what is reserved already is found.

    What is not counted, or sold all the same (backorder), waits for its order without.

    Raises:
        PipelineError: where Medusa cannot be asked, or gives no answer; the next look goes on.
    """
    for line in lines:
        if line.state in {"waiting", "oversold"} and line.quantity and _is_counted(line, products):
            Line(store, medusa, turn, line).book(products)


def let_go(store: Store, medusa: Reservations, turn: Turn, lines: Sequence[KeptSale], known: Known) -> bool:
    """Free what is reserved for lines, which wait then; not, while an answer to reserving may still be on its way.

    It is looked for in Medusa, whatever our books say.

    Raises:
        PipelineError: where Medusa cannot be asked, or gives no answer; the next look goes on.
    """
    for line in lines:
        if line.variant_id is None:
            continue
        with store.reading() as session:
            moved = stock_movements.of_sale(session, line.etsy_account_id, line.transaction_id)
        held = Line(store, medusa, turn, line)
        if not moved and not (known.may_hold(line.transaction_id) and held.held()):
            continue
        if held.may_still_come():
            return False
        with store.writing() as session:
            is_as_read = sales.become(session, line, state="waiting", booked_at=None)
        if not is_as_read:  # a person has decided on it since
            return False
        held.let_go()
    return True


def held_at(store: Store, lines: Sequence[KeptSale]) -> dict[Spot, int]:
    """How many pieces of which inventory item are reserved where for lines, by our books."""
    held = Counter[Spot]()
    with store.reading() as session:
        for line in lines:
            for moved in stock_movements.of_sale(session, line.etsy_account_id, line.transaction_id):
                sign = 1 if moved.kind == "sale" else -1
                held[moved.inventory_item_id, moved.location_id] += sign * moved.quantity if moved.done_at else 0
    return dict(held)


def _is_counted(line: KeptSale, products: Mapping[str, StockedProduct]) -> bool:
    """Whether its variant is known, and takes pieces of which there may be too few; one that is gone says so."""
    product = products.get(line.product_id or "")
    found = next((it for it in product.variants if it.id == line.variant_id), None) if product else None
    return line.variant_id is not None and (found is None or (found.is_managed and not found.allows_backorder))
