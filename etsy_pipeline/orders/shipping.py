"""What was shipped on Etsy is packed and shipped in Medusa: a parcel for each location, for a fulfilment has one."""

from collections.abc import Callable, Collection
from functools import partial
from typing import Any

from etsy_pipeline.catalogue.admin_api import WriteRefused
from etsy_pipeline.catalogue.draft_orders import DraftOrders, Label, MedusaOrder
from etsy_pipeline.catalogue.reservations import Reservation, Reservations
from etsy_pipeline.store.receipts import KeptReceipt

NOT_SHIPPED_THERE = "It was shipped on Etsy, and Medusa did not take that: {}"

Do = Callable[[str, Callable[[], Any]], Any]
"""Does a step, by its name, after its intent is written down."""


def ship_as_on_etsy(
    medusa: Reservations, receipt: KeptReceipt, found: MedusaOrder, places: Collection[str], do: Do
) -> str | None:
    """Pack and ship in Medusa what was shipped on Etsy; why that did not work, else nothing.

    Args:
        medusa: where its order is.
        receipt: the order on Etsy.
        found: its order.
        places: the locations that it may be sent from; of one alone, nobody has to be asked which.
        do: how a step is done.

    Raises:
        WriteUnanswered: an answer is lost; the next look finds out.
        PipelineError: what a question to Medusa raises.
    """
    if not receipt.is_shipped:
        return None
    orders = DraftOrders(medusa.api)
    try:
        _pack(medusa, orders, found, places, do)
        labels, is_sent = _labels(receipt), {item.id for item in found.items if item.requires_shipping}
        for parcel in orders.orders([found.id]).get(found.id, found).parcels:
            has_goods = not is_sent.isdisjoint(item_id for item_id, _ in parcel.items)
            if not parcel.is_shipped:
                do("ship", partial(orders.ship, found.id, parcel, labels if has_goods else []))
            labels = [] if has_goods else labels
    except WriteRefused as refused:
        return NOT_SHIPPED_THERE.format(refused.message)
    return None


def parcels(item_ids: list[str], held: Collection[Reservation]) -> list[tuple[str | None, list[str]]]:
    """Which lines of an order are packed together, and where.

    Those of which nothing is reserved go along with others. One of a kit whose parts are at several locations is packed
    by itself, at no location: then Medusa takes each part from where it is reserved.
    """
    places: dict[str, set[str]] = {}
    for item in held:
        places.setdefault(item.line_item_id, set()).add(item.location_id)
    found: dict[str | None, list[str]] = {}
    for item_id in item_ids:
        if its := places.get(item_id):
            found.setdefault(next(iter(its)) if len(its) == 1 else None, []).append(item_id)
    free = [item_id for item_id in item_ids if item_id not in places]
    if free:
        found.setdefault(next(iter(found), None), []).extend(free)
    return list(found.items())


def _pack(medusa: Reservations, orders: DraftOrders, found: MedusaOrder, places: Collection[str], do: Do) -> None:
    """Those that are not sent go into a parcel of their own (Medusa demands it)."""
    left = {item.id: item.open_quantity for item in found.items if item.open_quantity > 0}
    held = medusa.of_order_lines(list(left)) if left and len(places) != 1 else []
    for is_sent in (True, False):
        item_ids = [item.id for item in found.items if item.id in left and item.requires_shipping is is_sent]
        for location_id, its in parcels(item_ids, held):
            items = [(item_id, left[item_id]) for item_id in its]
            do("pack", partial(orders.fulfill, found.id, items, location_id))


def _labels(receipt: KeptReceipt) -> list[Label]:
    told = receipt.totals.get("shipments") or ()
    return [Label(str(item["tracking_code"])) for item in told if item.get("tracking_code")]
