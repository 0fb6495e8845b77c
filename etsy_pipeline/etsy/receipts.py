"""Etsy's receipts: asked for by pages, and read leniently: an order is never lost because a part of it is odd (ORDERS).

Only what has no id or no time is no order. Everything else that cannot be understood is a problem of the order, in
words, and its plain parts are kept.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

from etsy_pipeline.etsy.answers import malformed
from etsy_pipeline.etsy.live import money
from etsy_pipeline.etsy.shop_pages import PAGE
from etsy_pipeline.etsy.transport import EtsyTransport
from etsy_pipeline.listings.characters import unescaped
from etsy_pipeline.providers.protocols import ReceiptPage, ReceiptQuery
from etsy_pipeline.sales.receipt import Buyer, Choice, Receipt, Refund, SaleLine, Shipment, Totals

PERSONALIZATION = 54  # property of what the buyer wrote, as is whatever has a question_id (ORDERS §3)
NOT_WANTED = "not requested on this item."
OLDEST = 946_684_800  # spec: the earliest moment that may be asked for
ADDRESS = ("first_line", "second_line", "city", "state", "zip", "country_iso", "formatted_address")
LONGEST_TEXT = 2000

Json = Mapping[str, Any]
Value = TypeVar("Value")


class EtsyReceipts:
    """The orders of one shop (`providers.protocols.ReceiptClient`). Its calls may use those reserved for stock."""

    def __init__(self, transport: EtsyTransport) -> None:
        self._transport = transport

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    @property
    def calls_made(self) -> int:
        """How often Etsy was asked something, tries that failed included."""
        return self._transport.calls_made

    def receipts(self, shop_id: int, query: ReceiptQuery, offset: int = 0) -> ReceiptPage:
        """getShopReceipts, the oldest first. `legacy` is left out (spec).

        Raises:
            EtsyUnauthorized: `etsy_scope_missing` without transactions_r.
            EtsyUnavailable: `etsy_answer_malformed`, where it is no page.
        """
        since = max(OLDEST, int(query.since.timestamp()))
        params = {
            "min_last_modified" if query.by == "updated" else "min_created": str(since),
            "sort_on": query.by,
            "sort_order": "asc",
            "limit": str(PAGE),
            "offset": str(offset),
        }
        for name, wanted in (("was_canceled", query.is_canceled), ("was_shipped", query.is_shipped)):
            params |= {} if wanted is None else {name: "true" if wanted else "false"}
        answer = self._transport.call(
            "GET", f"/shops/{shop_id}/receipts", what="read orders", params=params, purpose="stock"
        )
        rows = answer.get("results") if isinstance(answer, Mapping) else None
        if not isinstance(rows, list):
            raise malformed("orders", "no results")
        found = [receipt for row in rows if (receipt := _read(row)) is not None]
        wrong, count = len(rows) - len(found), _whole(answer.get("count"))
        return ReceiptPage(tuple(found), len(rows), is_last=len(rows) < PAGE, malformed=wrong, count=count)

    def receipt(self, shop_id: int, receipt_id: int) -> Receipt:
        """getShopReceipt: canceled ones as well (#338).

        Raises:
            EtsyRefused: `etsy_not_found`.
            EtsyUnavailable: `etsy_answer_malformed`, where it is no order.
        """
        path = f"/shops/{shop_id}/receipts/{receipt_id}"
        return _required(self._transport.call("GET", path, what=f"read the order {receipt_id}", purpose="stock"))

    def create_shipment(
        self, shop_id: int, receipt_id: int, *, tracking_code: str, carrier_name: str, note: str = ""
    ) -> Receipt:
        """createReceiptShipment, as JSON: any other body drops the code in silence (#135). Each one mails the buyer."""
        body = {"tracking_code": tracking_code, "carrier_name": carrier_name, "send_bcc": False}
        body |= {"note_to_buyer": note} if note else {}
        answer = self._transport.call(
            "POST",
            f"/shops/{shop_id}/receipts/{receipt_id}/tracking",
            what=f"tell of a parcel of the order {receipt_id}",
            is_repeatable=False,
            json=body,
            purpose="stock",
        )
        return _required(answer)


def _required(answer: Any) -> Receipt:
    receipt = _read(answer)
    if receipt is None:
        raise malformed("an order", "no id, or no time")
    return receipt


def _read(answer: Any) -> Receipt | None:
    """An order, or None where it has no id or no time."""
    if not isinstance(answer, Mapping):
        return None
    receipt_id = _whole(answer.get("receipt_id"))
    sold_at = _moment(answer, "created_timestamp", "create_timestamp")
    if receipt_id is None or sold_at is None:
        return None
    totals, of_money = _totals(answer)
    lines, of_lines, unread = _lines(answer)
    refunds = _each(answer.get("refunds"), _refund)
    problems = [*of_lines, *of_money]
    if not problems and not refunds and not totals.add_up:
        problems.append(f"Its amounts do not add up to {totals.grand} {totals.currency_code}.")
    return Receipt(
        receipt_id=receipt_id,
        status=_text(answer.get("status")).strip() or "unknown",
        sold_at=sold_at,
        updated_at=_moment(answer, "updated_timestamp", "update_timestamp") or sold_at,
        is_paid=answer.get("is_paid") is True,
        is_shipped=answer.get("is_shipped") is True,
        is_gift=answer.get("is_gift") is True,
        lines=lines,
        totals=totals,
        refunds=refunds,
        shipments=_each(answer.get("shipments"), _shipment),
        buyer=_buyer(answer),
        problems=tuple(problems),
        unread_lines=unread,
    )


def _lines(answer: Json) -> tuple[tuple[SaleLine, ...], list[str], int]:
    """The lines, what is wrong with them, and how many are none."""
    rows = answer.get("transactions")
    if not isinstance(rows, list) or not rows:
        return (), ["Etsy does not tell what was sold."], 0
    lines = [line for row in rows if isinstance(row, Mapping) and (line := _line(row)) is not None]
    unread = len(rows) - len(lines)
    problems = [f"{line.title or line.sku or line.transaction_id}: {line.problem}" for line in lines if line.problem]
    return tuple(lines), problems + ([f"{unread} of its lines cannot be read."] if unread else []), unread


def _line(row: Json) -> SaleLine | None:
    transaction_id = _whole(row.get("transaction_id"))
    if transaction_id is None:
        return None
    quantity, listing_id = _whole(row.get("quantity")), _whole(row.get("listing_id"))
    problem = "" if quantity else "Etsy does not tell how many pieces were sold."
    told = _maps(row.get("variations"))
    written = [
        item for item in told if item.get("property_id") == PERSONALIZATION or item.get("question_id") is not None
    ]
    return SaleLine(
        transaction_id,
        listing_id or None,
        _text(row.get("sku")).strip(),
        _text(row.get("title")),
        quantity or 0,
        _amount(row.get("price")),
        _choices([item for item in told if item not in written], _maps(row.get("product_data"))),
        row.get("is_digital") is True,
        tuple(
            (_text(item.get("formatted_name")), _text(item.get("formatted_value")))
            for item in written
            if _text(item.get("formatted_value")).strip().casefold() not in {"", NOT_WANTED}
        ),
        problem,
    )


def _choices(shown: Sequence[Json], data: Sequence[Json]) -> tuple[Choice, ...]:
    """What was chosen, as Etsy formats it and as it is; of either alone, where the other was not told (#476)."""
    plain = {_whole(item.get("property_id")): _words(item.get("values")) for item in data}
    if not shown:
        told = ((_text(item.get("property_name")), _words(item.get("values"))) for item in data)
        return tuple(Choice(name, value, value) for name, value in told if value)
    return tuple(
        Choice(
            _text(item.get("formatted_name")),
            _text(item.get("formatted_value")),
            plain.get(_whole(item.get("property_id")), ""),
        )
        for item in shown
    )


def _totals(answer: Json) -> tuple[Totals, list[str]]:
    names = {
        "grand": "grandtotal", "subtotal": "subtotal", "price": "total_price", "shipping": "total_shipping_cost",
        "tax": "total_tax_cost", "vat": "total_vat_cost", "discount": "discount_amt", "gift_wrap": "gift_wrap_price",
    }  # fmt: skip
    grand = answer.get("grandtotal")
    currency = _text(grand.get("currency_code")).upper() if isinstance(grand, Mapping) else ""
    amounts = {ours: _amount(answer.get(theirs)) for ours, theirs in names.items()}
    problems = [] if amounts["grand"] is not None else ["Etsy does not tell what it costs."]
    return Totals(currency, **{name: amount or Decimal(0) for name, amount in amounts.items()}), problems


def _refund(row: Json) -> Refund | None:
    amount = _amount(row.get("amount"))
    return None if amount is None else Refund(amount, _moment(row, "created_timestamp"), _text(row.get("reason")))


def _shipment(row: Json) -> Shipment | None:
    return Shipment(
        _whole(row.get("receipt_shipping_id")) or 0,
        _text(row.get("carrier_name")),
        _text(row.get("tracking_code")),
        _moment(row, "shipment_notification_timestamp"),
    )


def _buyer(answer: Json) -> Buyer:
    address = {name: _text(answer.get(name)) for name in ADDRESS if answer.get(name)}
    texts = {
        "name": "name", "email": "buyer_email", "message": "message_from_buyer", "gift_message": "gift_message",
        "gift_sender": "gift_sender",
    }  # fmt: skip
    return Buyer(address=address, **{ours: _text(answer.get(theirs)) for ours, theirs in texts.items()})


def _each(rows: Any, read: Callable[[Json], Value | None]) -> tuple[Value, ...]:
    return tuple(found for row in _maps(rows) if (found := read(row)) is not None)


def _maps(rows: Any) -> list[Json]:
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []


def _text(value: Any) -> str:
    """A text, unescaped (FACTS §0.9); a half of a surrogate pair, which no database takes, is replaced."""
    text = unescaped(str(value)) if value is not None else ""
    return text[:LONGEST_TEXT].replace("\x00", "").encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _words(values: Any) -> str:
    return ", ".join(_text(value) for value in values) if isinstance(values, list) else ""


def _whole(value: Any) -> int | None:
    """A whole number above zero that a database takes; None for everything else."""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and 0 < value < 2**63 else None


def _amount(value: Any) -> Decimal | None:
    if not isinstance(value, Mapping):
        return None
    try:
        amount = money(value)
    except (KeyError, TypeError, ValueError, ArithmeticError):
        return None
    return amount if amount.is_finite() else None


def _moment(row: Json, *names: str) -> datetime | None:
    """The latest of these moments; None where none is told that a calendar has."""
    found = [number for name in names if (number := _whole(row.get(name))) is not None]
    try:
        return datetime.fromtimestamp(max(found), UTC) if found else None
    except (ValueError, OverflowError, OSError):
        return None
