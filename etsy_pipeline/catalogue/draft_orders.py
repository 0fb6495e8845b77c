"""Orders in Medusa that stand for orders elsewhere: made as drafts, converted, paid, fulfilled, canceled; found again.

Measured on 2.21.2. Making a draft is not idempotent, and no filter finds an order by its metadata: it is looked for by
its e-mail (`q`), and known by what its metadata say. Nothing here repeats a change by itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from etsy_pipeline.catalogue.admin_api import AdminApi, WriteRefused, WriteUnanswered
from etsy_pipeline.errors import Unavailable

MOST = 100
IDS_AT_ONCE = 50
FIELDS = ",".join(
    (
        "+email", "+metadata", "+total", "+status", "+payment_status", "+display_id", "*items", "*items.detail",
        "*payment_collections", "*fulfillments", "*fulfillments.labels", "*fulfillments.items",
    )
)  # fmt: skip
ITS_RECEIPT, ITS_ACCOUNT, ITS_TRANSACTION = "etsy_receipt", "etsy_account", "etsy_transaction"
"""Names in the metadata of an order, and of its lines, by which they are known."""

NOT_A_DRAFT = "is not a draft order"  # Medusa's words (measured): it is converted already
IS_CANCELED = "has been canceled"
CANCELED = "canceled"


@dataclass(frozen=True, slots=True)
class Region:
    """A region of Medusa's: its currency, and whether Medusa puts taxes on top by itself."""

    id: str
    currency_code: str
    has_automatic_taxes: bool


@dataclass(frozen=True, slots=True)
class OrderItem:
    """A line of an order in Medusa. `open_quantity` is how many pieces are not fulfilled yet."""

    id: str
    transaction_id: int | None
    quantity: int
    open_quantity: int
    requires_shipping: bool
    variant_id: str | None = None


@dataclass(frozen=True, slots=True)
class Label:
    """What a parcel is followed by."""

    tracking_number: str
    tracking_url: str = ""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A fulfilment that stands: packed, and perhaps shipped."""

    id: str
    is_shipped: bool
    items: tuple[tuple[str, int], ...] = ()
    labels: tuple[Label, ...] = ()


@dataclass(frozen=True, slots=True)
class MedusaOrder:
    """An order in Medusa, or one that is a draft yet. `unpaid_collections` wait for a payment."""

    id: str
    is_draft: bool
    is_canceled: bool
    total: Decimal
    is_paid: bool
    number: int | None = None
    unpaid_collections: tuple[str, ...] = ()
    items: tuple[OrderItem, ...] = ()
    parcels: tuple[Parcel, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)


class DraftOrders:
    """Makes and finds orders on one Medusa server."""

    def __init__(self, api: AdminApi) -> None:
        self._api = api

    def region(self, region_id: str) -> Region | None:
        """A region, if there is one.

        Raises:
            PipelineError: what a question to Medusa raises.
        """
        answer = self._api.get("regions", [("limit", "1000"), ("fields", "id,currency_code,automatic_taxes")])
        for row in answer["regions"]:
            if row.get("id") == region_id:
                taxes = row.get("automatic_taxes") is not False
                return Region(region_id, str(row.get("currency_code") or "").upper(), taxes)
        return None

    def find(self, email: str, *, receipt_id: int) -> list[MedusaOrder]:
        """Orders and drafts of an order elsewhere, the oldest first: more than one is an accident.

        Whichever installation made them: the order has one number there.

        Raises:
            PipelineError: what a question to Medusa raises; `medusa_answer_broken`, where it cannot be understood.
        """
        found = []
        for what in ("orders", "draft-orders"):
            rows = self._rows(what, [("q", email)])
            found += [_order(row, is_draft=what == "draft-orders") for row in rows if _receipt_of(row) == receipt_id]
        return sorted(found, key=lambda order: order.id)

    def of_receipts(self, email: str, *, most_pages: int) -> dict[int, list[MedusaOrder]] | None:
        """All orders and drafts of orders elsewhere, by their receipts; None where they take more pages.

        Args:
            email: how their e-mails begin.
            most_pages: of a hundred, of orders and of drafts.

        Raises:
            PipelineError: what a question to Medusa raises; `medusa_answer_broken`, where it cannot be understood.
        """
        found: dict[int, list[MedusaOrder]] = {}
        for what in ("orders", "draft-orders"):
            for page in range(most_pages):
                query = [("q", email), ("order", "created_at"), ("offset", str(page * MOST))]
                rows, count = self._page(what, query)
                if count > most_pages * MOST:
                    return None
                for row in rows:
                    if (receipt_id := _receipt_of(row)) is not None:
                        found.setdefault(receipt_id, []).append(_order(row, is_draft=what == "draft-orders"))
                if (page + 1) * MOST >= count:
                    break
        return {receipt_id: sorted(orders, key=lambda order: order.id) for receipt_id, orders in found.items()}

    def of_draft(self, draft_id: str) -> MedusaOrder | None:
        """A draft by its id; None where there is none of it (any more).

        Raises:
            PipelineError: what a question to Medusa raises; `medusa_answer_broken`, where it cannot be understood.
        """
        rows = self._rows("draft-orders", [("id[]", draft_id)])
        return next((_order(row, is_draft=True) for row in rows if row["id"] == draft_id), None)

    def orders(self, order_ids: Sequence[str]) -> dict[str, MedusaOrder]:
        """Orders by id; drafts are none.

        Raises:
            PipelineError: what a question to Medusa raises; `medusa_answer_broken`, where it cannot be understood.
        """
        found: dict[str, MedusaOrder] = {}
        for start in range(0, len(order_ids), IDS_AT_ONCE):
            query = [("id[]", item) for item in order_ids[start : start + IDS_AT_ONCE]]
            found |= {str(row["id"]): _order(row, is_draft=False) for row in self._rows("orders", query)}
        return found

    def draft(self, body: Mapping[str, Any]) -> str:
        """A new draft order, one more each time; its id. Look for it before (`find`).

        Raises:
            WriteRefused: `medusa_write_refused`; there is none.
            WriteUnanswered: `medusa_write_unanswered`; there may be one.
        """
        return self._made("draft-orders", body, "draft_order")

    def convert(self, order_id: str) -> None:
        """Make a draft an order, which reserves its stock; one that is no draft any more stays as it is.

        Raises:
            WriteRefused: nothing was reserved: there is not enough.
            WriteUnanswered: it may be converted.
        """
        with _unless(NOT_A_DRAFT):
            self._api.send("POST", f"draft-orders/{order_id}/convert-to-order")

    def drop(self, order_id: str) -> None:
        """Delete a draft.

        Raises:
            WriteRefused: it is no draft any more.
            WriteUnanswered: it may be gone.
        """
        self._api.send("DELETE", f"draft-orders/{order_id}")

    def owe(self, order_id: str, amount: Decimal) -> str:
        """A payment that is due for an order; its id."""
        body = {"order_id": order_id, "amount": float(amount)}
        return self._made("payment-collections", body, "payment_collection")

    def mark_paid(self, order_id: str, collection_id: str) -> None:
        """What is due was paid, elsewhere."""
        self._api.send("POST", f"payment-collections/{collection_id}/mark-as-paid", {"order_id": order_id})

    def fulfill(self, order_id: str, items: Sequence[tuple[str, int]], location_id: str | None = None) -> None:
        """Take pieces out of the stock: they are packed at a location, else each where it is reserved.

        Nobody is written to.
        """
        body = {"items": _items(items), "no_notification": True}
        body |= {"location_id": location_id} if location_id else {}
        self._api.send("POST", f"orders/{order_id}/fulfillments", body)

    def ship(self, order_id: str, parcel: Parcel, labels: Sequence[Label]) -> None:
        """A parcel is on its way. Nobody is written to."""
        told = [{"tracking_number": x.tracking_number, "tracking_url": x.tracking_url, "label_url": ""} for x in labels]
        body = {"items": _items(parcel.items), "labels": told, "no_notification": True}
        self._api.send("POST", f"orders/{order_id}/fulfillments/{parcel.id}/shipments", body)

    def cancel(self, order_id: str) -> None:
        """Call an order off: what it reserved is free again, what was paid is booked as given back. Once is enough.

        Raises:
            WriteRefused: something of it is fulfilled.
            WriteUnanswered: it may be canceled.
        """
        with _unless(IS_CANCELED):
            self._api.send("POST", f"orders/{order_id}/cancel")

    def _made(self, path: str, body: Mapping[str, Any], name: str) -> str:
        made = self._api.send("POST", path, body).get(name)
        if not isinstance(made, dict) or not made.get("id"):
            raise WriteUnanswered(f"Medusa made something of {path}, and did not tell its id.", may_have_happened=True)
        return str(made["id"])

    def _rows(self, what: str, query: Sequence[tuple[str, str]]) -> list[Mapping[str, Any]]:
        rows, count = self._page(what, query)
        if count > len(rows):
            raise _broken(f"it gives {len(rows)} of {count} {what}")
        return rows

    def _page(self, what: str, query: Sequence[tuple[str, str]]) -> tuple[list[Mapping[str, Any]], int]:
        answer = self._api.get(what, [*query, ("fields", FIELDS), ("limit", str(MOST))])
        rows = [row for row in answer[what.replace("-", "_")] if isinstance(row, Mapping) and row.get("id")]
        return rows, answer["count"]


@contextmanager
def _unless(words: str) -> Iterator[None]:
    """A refusal in these words says that it is done already."""
    try:
        yield
    except WriteRefused as refused:
        if words not in refused.message:
            raise


def _items(items: Sequence[tuple[str, int]]) -> list[dict[str, Any]]:
    return [{"id": item_id, "quantity": quantity} for item_id, quantity in items]


def _receipt_of(row: Mapping[str, Any]) -> int | None:
    """Of which order elsewhere it is; None: of none."""
    said = row.get("metadata") or {}
    number = str(said.get(ITS_RECEIPT))
    return int(number) if said.get(ITS_ACCOUNT) and number.isdecimal() else None


def _order(row: Mapping[str, Any], *, is_draft: bool) -> MedusaOrder:
    try:
        collections = [item for item in row.get("payment_collections") or () if item.get("status") != CANCELED]
        return MedusaOrder(
            id=str(row["id"]),
            is_draft=is_draft,
            is_canceled=row.get("status") == CANCELED,
            total=Decimal(str(row["total"])),
            is_paid=any(item.get("status") == "completed" for item in collections),
            number=row.get("display_id"),
            unpaid_collections=tuple(str(item["id"]) for item in collections if item.get("status") == "not_paid"),
            items=tuple(_item(item) for item in row.get("items") or ()),
            parcels=tuple(_parcel(item) for item in row.get("fulfillments") or () if not item.get("canceled_at")),
            metadata=row.get("metadata") or {},
        )
    except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        raise _broken(f"an order cannot be read ({type(error).__name__})") from None


def _item(row: Mapping[str, Any]) -> OrderItem:
    said = (row.get("metadata") or {}).get(ITS_TRANSACTION)
    done = (row.get("detail") or {}).get("fulfilled_quantity") or 0
    transaction_id, quantity = int(said) if said is not None else None, int(row["quantity"])
    is_sent, variant_id = row.get("requires_shipping") is True, row.get("variant_id")
    return OrderItem(str(row["id"]), transaction_id, quantity, quantity - int(done), is_sent, variant_id)


def _parcel(row: Mapping[str, Any]) -> Parcel:
    labels = tuple(
        Label(str(label["tracking_number"]), str(label.get("tracking_url") or ""))
        for label in row.get("labels") or ()
        if label.get("tracking_number")
    )
    items = tuple((str(item["line_item_id"]), int(item["quantity"])) for item in row.get("items") or ())
    return Parcel(str(row["id"]), bool(row.get("shipped_at")), items, labels)


def _broken(what: str) -> Unavailable:
    return Unavailable(
        f"Medusa's answer about orders cannot be relied on: {what}.",
        code="medusa_answer_broken",
        hint="Let the API key's role read orders and draft orders.",
    )
