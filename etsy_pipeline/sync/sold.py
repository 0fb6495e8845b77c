"""Noting what Etsy told of orders, so that a later plan reads live quantities first (FACTS §13). Calls nobody."""

import re
from dataclasses import dataclass
from typing import Literal

from etsy_pipeline.store import accounts, clock, receipts, webhooks
from etsy_pipeline.store.accounts import settings_of
from etsy_pipeline.store.engine import Store

MOVES_STOCK = frozenset({"order.paid", "order.canceled"})
_RECEIPT = re.compile(r"/receipts/([0-9]{1,18})(?:[/?#]|$)")

DeliveryOutcome = Literal["stored", "ignored", "repeated", "old", "forged"]


@dataclass(frozen=True, slots=True)
class OrderEvent:
    """An event as Etsy sends it, its signature verified."""

    webhook_id: str
    event_type: str
    shop_id: int | None
    resource_url: str

    @property
    def name(self) -> str:
        """The event in the words of Etsy's page: ORDER_PAID is `order.paid` (FACTS §13)."""
        return self.event_type.lower().replace("_", ".")

    @property
    def receipt_id(self) -> int | None:
        """The order."""
        found = _RECEIPT.search(self.resource_url)
        return int(found.group(1)) if found else None


def note_event(store: Store, event: OrderEvent) -> DeliveryOutcome:
    """Store an event once; a paid or canceled order of a shop of ours gets its mark.

    Where the shop's orders are read, every event on one has it read (`orders/importer.py`), in the same transaction.
    """
    with store.writing() as session:
        now = clock.now(session)
        is_new = webhooks.add_delivery(
            session,
            webhook_id=event.webhook_id,
            event_type=event.name,
            shop_id=event.shop_id,
            resource_url=event.resource_url,
            now=now,
        )
        outcome: DeliveryOutcome = "repeated" if not is_new else "ignored"
        shop_id, receipt_id = event.shop_id, event.receipt_id
        account = accounts.of_shop(session, shop_id) if shop_id is not None and is_new else None
        if account is not None and shop_id is not None and receipt_id is not None:
            if event.name in MOVES_STOCK:
                webhooks.mark_sold(session, shop_id=shop_id, receipt_id=receipt_id, event_type=event.name, now=now)
                outcome = "stored"
            orders = settings_of(account).orders
            if orders.is_on and event.name.startswith("order."):
                receipts.hint(session, account.id, receipt_id, mode=orders.mode, now=now)
                outcome = "stored"
        webhooks.count(session, outcome, now)
    return outcome


def count_refused(store: Store, outcome: Literal["old", "forged"]) -> None:
    """Count a delivery that was refused."""
    with store.writing() as session:
        webhooks.count(session, outcome, clock.now(session))


def delivery_counts(store: Store) -> dict[str, int]:
    """All deliveries so far, by outcome."""
    with store.reading() as session:
        return dict.fromkeys(("stored", "ignored", "repeated", "old", "forged"), 0) | webhooks.counts(session)
