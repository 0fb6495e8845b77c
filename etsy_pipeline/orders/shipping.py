"""What was shipped on Etsy is packed and shipped in Medusa: a parcel for each location, for a fulfilment has one."""

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from typing import Any

from etsy_pipeline.catalogue.admin_api import WriteRefused
from etsy_pipeline.catalogue.draft_orders import DraftOrders, Label, MedusaOrder, Parcel
from etsy_pipeline.catalogue.reservations import Reservation, Reservations
from etsy_pipeline.sales.parcels import missing, shared_out
from etsy_pipeline.store.receipts import KeptReceipt

NOT_SHIPPED_THERE = "It was shipped on Etsy, and Medusa did not take that: {}"
WHICH_IS_WHICH = (
    "Etsy does not tell which parcel each tracking code is of, and there are several parcels in Medusa: look whether "
    "each has its own there."
)
TOO_LATE = "Medusa takes no code for a parcel that is shipped already, so these are not there: {}."

Do = Callable[[str, Callable[[], Any]], Any]
"""Does a step, by its name, after its intent is written down."""


def ship_as_on_etsy(
    medusa: Reservations, receipt: KeptReceipt, found: MedusaOrder, places: Collection[str], do: Do
) -> str | None:
    """Pack and ship in Medusa what was shipped on Etsy; why that did not work, or what is odd about it, else nothing.

    Where Etsy tells of no parcel that Medusa does not have, Etsy was told of them from there: the rest is not shipped.
    Nor is it where Etsy has none of the codes that Medusa has: it may have dropped them (ORDERS §5).

    Args:
        medusa: where its order is.
        receipt: the order on Etsy.
        found: its order.
        places: the locations that it may be sent from; of one alone, nobody has to be asked which.
        do: how a step is done.

    Raises:
        Apart: a person has to pack it.
        WriteUnanswered: an answer is lost; the next look finds out.
        PipelineError: what a question to Medusa raises.
    """
    if not receipt.is_shipped:
        return None
    orders, codes, there = DraftOrders(medusa.api), _codes(receipt), _codes_of(found.parcels)
    if (codes or there) and not missing(codes, there):
        return None
    try:
        _pack(medusa, orders, found, places, do)
        packed = orders.orders([found.id]).get(found.id, found)
        for parcel, labels in _labelled(packed, codes):
            do("ship", partial(orders.ship, found.id, parcel, labels))
    except WriteRefused as refused:
        return NOT_SHIPPED_THERE.format(refused.message)
    return " ".join(_odd(packed, codes)) or None


def _labelled(packed: MedusaOrder, codes: Sequence[str]) -> Iterator[tuple[Parcel, list[Label]]]:
    """The parcels that are to be shipped, each with its labels; those with a code last: until then it is not over."""
    left = [parcel for parcel in packed.parcels if not parcel.is_shipped]
    goods = [parcel.id for parcel in left if _has_goods(packed, parcel)]
    shares = shared_out(missing(codes, _codes_of(packed.parcels)), len(goods))
    its = dict(zip(goods, shares, strict=True))
    for parcel in sorted(left, key=lambda parcel: bool(its.get(parcel.id))):
        yield parcel, [Label(code) for code in its.get(parcel.id, ())]


def _odd(packed: MedusaOrder, codes: Sequence[str]) -> Iterator[str]:
    """What a person may want to look at. `packed` is as it was before what was not shipped was."""
    goods = [parcel for parcel in packed.parcels if _has_goods(packed, parcel)]
    late = missing(codes, _codes_of(packed.parcels))
    if goods and late and all(parcel.is_shipped for parcel in goods):
        yield TOO_LATE.format(", ".join(late))
    if len(goods) > 1 and len(codes) > 1:
        yield WHICH_IS_WHICH


def _has_goods(packed: MedusaOrder, parcel: Parcel) -> bool:
    is_sent = {item.id for item in packed.items if item.requires_shipping}
    return not is_sent.isdisjoint(item_id for item_id, _ in parcel.items)


def _codes_of(parcels_: Sequence[Parcel]) -> list[str]:
    return [label.tracking_number for parcel in parcels_ for label in parcel.labels]


class Apart(Exception):  # noqa: N818 - it says what it is
    """The parts of a kit lie at several locations: no parcel is packed at all of them."""


def parcels(item_ids: list[str], held: Collection[Reservation]) -> list[tuple[str | None, list[str]]]:
    """Which lines of an order are packed together, and where; those of which nothing is reserved go along with others.

    Raises:
        Apart: what one line takes is at several locations.
    """
    places: dict[str, set[str]] = {}
    for item in held:
        places.setdefault(item.line_item_id, set()).add(item.location_id)
    found: dict[str | None, list[str]] = {}
    for item_id in item_ids:
        if its := places.get(item_id):
            if len(its) > 1:
                raise Apart
            found.setdefault(next(iter(its)), []).append(item_id)
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


def _codes(receipt: KeptReceipt) -> list[str]:
    told = receipt.totals.get("shipments") or ()
    return [str(item["tracking_code"]) for item in told if item.get("tracking_code")]
