"""Many orders that are new: what Medusa has of them is asked for by pages, once, instead of one by one.

It holds as long as it is our turn: nobody else makes orders, or reserves, for the account's sales. Those of which a
step was begun before are looked for one by one all the same: what was begun may have come about since.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from etsy_pipeline.catalogue.draft_orders import DraftOrders, MedusaOrder
from etsy_pipeline.catalogue.reservations import PAGE, Reservations
from etsy_pipeline.sales.booking import MARKS_BEGIN, line_of
from etsy_pipeline.sales.order_draft import EMAILS_BEGIN
from etsy_pipeline.store.receipts import KeptReceipt

MANY = 20  # orders, from which on pages are fewer calls


@dataclass(slots=True)
class Known:
    """What Medusa had of orders on Etsy when their turn began: its orders by receipt, and lines with reservations.

    Of what was not asked for, nothing is known (None), and each one is looked for by itself. `count` are new.
    """

    orders: Mapping[int, Sequence[MedusaOrder]] = field(default_factory=dict)
    lines: frozenset[int] | None = None
    count: int = 0
    _new: set[int] = field(default_factory=set)
    _by_id: dict[str, MedusaOrder] = field(default_factory=dict)

    def look(self, found: Sequence[KeptReceipt], orders: DraftOrders) -> None:
        """Ask for Medusa's orders of receipts that have one, unless a step of theirs was begun before."""
        self._by_id = orders.orders([it.medusa_order_id for it in found if it.medusa_order_id and not it.step])

    def take_order(self, order_id: str) -> MedusaOrder | None:
        """An order by its id, the first time that it is asked; None: look for it."""
        return self._by_id.pop(order_id, None)

    @property
    def is_of_many(self) -> bool:
        """Whether there are many that nothing was begun with."""
        return self.count >= MANY

    def take(self, receipt_id: int) -> Sequence[MedusaOrder] | None:
        """Medusa's orders of a receipt, the first time that it is asked; None: look for them."""
        if receipt_id not in self._new:
            return None
        self._new.discard(receipt_id)
        return self.orders.get(receipt_id, ())

    def may_hold(self, transaction_id: int) -> bool:
        """Whether a reservation for this line may be there."""
        return self.lines is None or transaction_id in self.lines


def known_of(found: Sequence[KeptReceipt], medusa: Reservations) -> Known:
    """Ask for what Medusa has of orders with which nothing was begun yet, where they are many.

    Raises:
        PipelineError: what a question to Medusa raises.
    """
    new = {it.receipt_id for it in found if not (it.step or it.medusa_draft_id or it.medusa_order_id)}
    if len(new) < MANY:
        return Known(count=len(new))
    orders = DraftOrders(medusa.api).of_receipts(EMAILS_BEGIN, most_pages=len(new))
    held = medusa.beginning(MARKS_BEGIN, most=len(new) * PAGE)
    lines = None if held is None else frozenset(line for it in held if (line := line_of(it.description)) is not None)
    return Known({}, lines, len(new)) if orders is None else Known(orders, lines, len(new), new)
