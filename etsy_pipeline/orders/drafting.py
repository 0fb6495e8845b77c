"""What an order on Etsy looks like as a draft order in Medusa: from what is kept of it, to the body of the request."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any

from etsy_pipeline.catalogue.draft_orders import ITS_TRANSACTION, MedusaOrder
from etsy_pipeline.errors import NotConfigured
from etsy_pipeline.listings.order_settings import OrderSettings
from etsy_pipeline.orders.importer import buyer_of
from etsy_pipeline.sales.order_draft import ADDRESS_MARK, SoldLine, Where, address_mark, draft_order
from etsy_pipeline.sales.receipt import Totals
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.receipts import KeptReceipt
from etsy_pipeline.store.sales import KeptSale

Cuts = Mapping[int, tuple[int, ...]]
"""How many pieces of a line one location sends, by its transaction id; of others, one sends all."""


def where_of(receipt: KeptReceipt, settings: OrderSettings) -> Where:
    """Which of Medusa's things an order gets."""
    ids = settings.region_id or "", settings.sales_channel_id or "", settings.shipping_option_id or ""
    return Where(receipt.etsy_account_id, *ids, settings.email_domain)


def body_of(store: Store, receipt: KeptReceipt, lines: Sequence[KeptSale], cuts: Cuts, where: Where) -> dict[str, Any]:
    """The body of the request that makes the draft.

    Raises:
        AmountsDisagree: the lines do not come to the total.
        NotConfigured: `secret_key_wrong`.
    """
    buyer = buyer_of(store, receipt)
    written: Mapping[str, Any] = buyer.get("personalization") or {}
    sold = [_sold(line, written.get(str(line.transaction_id), ()), cuts.get(line.transaction_id, ())) for line in lines]
    return draft_order(receipt.receipt_id, sold, totals_of(receipt), buyer, where)


def is_cut_otherwise(found: MedusaOrder, body: Mapping[str, Any]) -> bool:
    """Whether an order in Medusa has the same pieces of each line as a new draft would have, and not cut like there."""
    its = (item for item in body["items"] if "metadata" in item)
    wanted = [(int(item["metadata"][ITS_TRANSACTION]), int(item["quantity"])) for item in its]
    there = [(item.transaction_id, item.quantity) for item in found.items if item.transaction_id is not None]
    return sorted(wanted) != sorted(there) and _sums(wanted) == _sums(there)


def takes_others(found: MedusaOrder, lines: Sequence[KeptSale]) -> bool:
    """Whether an order in Medusa has another variant of a line than a person has named since, or was to have none.

    Books that begin anew know no variant of a line, and say nothing against the one that is there.
    """
    is_known = (line for line in lines if line.variant_id or line.state == "nothing_to_book")
    wanted = {line.transaction_id: _taken(line) for line in is_known}
    there = ((item.transaction_id, item.variant_id) for item in found.items if item.transaction_id in wanted)
    return any(wanted[number] != variant_id for number, variant_id in there)


def goes_elsewhere(store: Store, receipt: KeptReceipt, found: MedusaOrder) -> bool:
    """Whether Etsy tells an address by now that an order in Medusa was not made with."""
    now = ""
    if not receipt.is_shipped:
        with suppress(NotConfigured):  # of what an older key hid, nothing can be said
            now = address_mark(buyer_of(store, receipt))
    return bool(now) and now != found.metadata.get(ADDRESS_MARK)


def totals_of(receipt: KeptReceipt) -> Totals:
    """The amounts of an order that is kept."""
    kept = receipt.totals
    names = ("grand", "subtotal", "price", "shipping", "tax", "vat", "discount", "gift_wrap")
    amounts = {name: Decimal(str(kept.get(name) or 0)) for name in names}
    return Totals(str(kept.get("currency_code") or ""), **amounts)


def _sums(items: Iterable[tuple[int, int]]) -> Counter[int]:
    found = Counter[int]()
    for number, count in items:
        found[number] += count
    return found


def _sold(line: KeptSale, written: Sequence[Sequence[str]], parts: tuple[int, ...]) -> SoldLine:
    """A line as Medusa is told of it; of one that nothing is to be booked for, the words."""
    return SoldLine(
        transaction_id=line.transaction_id,
        variant_id=_taken(line),
        title=line.title,
        sku=line.sku,
        quantity=line.quantity,
        price=Decimal(line.price or 0),
        listing_id=line.listing_id,
        choices=line.options,
        personalization=tuple((str(name), str(text)) for name, text in written),
        parts=parts,
    )


def _taken(line: KeptSale) -> str | None:
    """The variant whose pieces a line takes in Medusa, if any."""
    return None if line.state == "nothing_to_book" else line.variant_id
