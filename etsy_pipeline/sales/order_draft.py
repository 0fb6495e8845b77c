"""An order on Etsy as a draft order in Medusa: lines, amounts that agree to the cent, and the buyer's texts. Pure.

Medusa must not tax it: the amounts are Etsy's, and its taxes, which Etsy may have paid itself, stand in the metadata.
Medusa has no discount for a whole order here: it is spread over the lines, and a line whose pieces then cost a fraction
of a cent becomes two lines (ORDERS §8). So does one whose pieces are at two locations: Medusa reserves a line at one.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import accumulate, pairwise
from typing import Any

from etsy_pipeline.listings.currencies import exponent
from etsy_pipeline.sales.receipt import Choice, Totals

ORDER_PAGE = "https://www.etsy.com/your/orders/sold?order_id={}"
LONGEST_NAME = 250
GIFT_WRAP = "Gift wrap"
EMAILS_BEGIN = "etsy-"
ADDRESS_MARK = "etsy_address_mark"  # in the metadata: of the address that the order was made with


@dataclass(frozen=True, slots=True)
class SoldLine:
    """A line; without `variant_id` it is words alone, and takes no stock. What a buyer wrote is in no `repr`.

    `parts` are how many of its pieces one location sends, where no location has them all (`sales.places`).
    """

    transaction_id: int
    variant_id: str | None
    title: str
    sku: str
    quantity: int
    price: Decimal
    listing_id: int | None = None
    choices: tuple[Choice, ...] = ()
    personalization: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    parts: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Where:
    """Which of Medusa's things an order from Etsy gets, and the made-up address by which it is found again."""

    account_id: str
    region_id: str
    sales_channel_id: str
    shipping_option_id: str
    email_domain: str

    def email(self, receipt_id: int) -> str:
        """The made-up address of an order: nobody is written to."""
        return f"{self.email_begins(receipt_id)}{self.email_domain}"

    def email_begins(self, receipt_id: int) -> str:
        """How it begins, whatever the domain was when the order was made."""
        return f"{EMAILS_BEGIN}{receipt_id}@"


class AmountsDisagree(ValueError):  # noqa: N818 - it says what it is
    """What Etsy tells of an order's amounts does not come to its total."""


def owed(totals: Totals) -> Decimal:
    """What the order in Medusa has to come to: what the buyer paid, without taxes.

    Raises:
        AmountsDisagree: the amounts do not come to the total.
    """
    return _goods(totals) + totals.shipping + _wrap(totals)


def draft_order(
    receipt_id: int, lines: Sequence[SoldLine], totals: Totals, buyer: Mapping[str, Any], where: Where
) -> dict[str, Any]:
    """The body of Medusa's POST /admin/draft-orders.

    Args:
        receipt_id: Etsy's number of the order.
        lines: all of them.
        totals: the order's amounts.
        buyer: what is kept of the buyer (`name`, `address`, texts); may be empty.
        where: what the shop's settings say.

    Raises:
        AmountsDisagree: the lines do not come to the total.
    """
    if sum((line.price * line.quantity for line in lines), Decimal(0)) != totals.price:
        raise AmountsDisagree(f"Its lines do not come to {totals.price} {totals.currency_code}.")
    owed(totals)
    items = [item for line, net in zip(lines, _net(lines, totals), strict=True) for item in _items(line, net, totals)]
    if wrap := _wrap(totals):
        items.append({"title": GIFT_WRAP, "quantity": 1, "unit_price": float(wrap)})
    address = _address(buyer)
    body = {
        "region_id": where.region_id,
        "sales_channel_id": where.sales_channel_id,
        "email": where.email(receipt_id),
        "currency_code": totals.currency_code.lower(),
        "items": items,
        "shipping_methods": [
            {"name": "Etsy", "shipping_option_id": where.shipping_option_id, "amount": float(totals.shipping)}
        ],
        "no_notification_order": True,
        "metadata": _metadata(receipt_id, totals, buyer, where),
    }
    return body | ({"shipping_address": address, "billing_address": address} if address else {})


def spread(amounts: Sequence[int], discount: int) -> list[int]:
    """What is left of each amount when a discount on all of them is spread by their size; nothing gets below zero."""
    total = sum(amounts)
    if not total:
        return list(amounts)
    shares = [amount * discount // total for amount in amounts]
    by_rest = sorted(range(len(amounts)), key=lambda place: -(amounts[place] * discount % total))
    for place in by_rest[: discount - sum(shares)]:
        shares[place] += 1
    return [amount - share for amount, share in zip(amounts, shares, strict=True)]


def pieces(total: int, quantity: int) -> list[tuple[int, int]]:
    """An amount as (pieces, price of each), at most two of these: all prices are whole cents."""
    low, dear = divmod(total, quantity)
    return [(count, price) for count, price in ((quantity - dear, low), (dear, low + 1)) if count]


def cut(priced: Sequence[tuple[int, int]], parts: Sequence[int]) -> list[tuple[int, int]]:
    """Pieces with their prices, cut so that no group reaches over the end of a part."""
    until = [(end, price) for end, (_, price) in zip(accumulate(count for count, _ in priced), priced, strict=True)]
    ends = sorted({end for end, _ in until} | set(accumulate(parts)))
    return [(end - begin, next(price for last, price in until if begin < last)) for begin, end in pairwise([0, *ends])]


def address_mark(buyer: Mapping[str, Any]) -> str:
    """A fingerprint: another one where the parcel goes elsewhere; nothing where the address is not known."""
    told = _address(buyer)
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16] if told else ""


def _goods(totals: Totals) -> Decimal:
    if totals.discount > totals.price or totals.shipping < 0:
        raise AmountsDisagree("Its lines, or its shipping, would cost less than nothing.")
    return totals.price - totals.discount


def _wrap(totals: Totals) -> Decimal:
    """The gift wrap, where the total has it beside the rest; whether VAT is in the total is not known for certain."""
    rest = totals.grand - totals.tax - totals.shipping - _goods(totals)
    if rest in {Decimal(0), totals.vat}:
        return Decimal(0)
    if rest in {totals.gift_wrap, totals.gift_wrap + totals.vat}:
        return totals.gift_wrap
    raise AmountsDisagree(f"Its amounts do not come to {totals.grand} {totals.currency_code}.")


def _net(lines: Sequence[SoldLine], totals: Totals) -> list[int]:
    """What is left of each line without the discount, in cents."""
    amounts = [_cents(line.price * line.quantity, totals) for line in lines]
    return spread(amounts, _cents(totals.discount, totals))


def _cents(amount: Decimal, totals: Totals) -> int:
    scaled = amount.scaleb(exponent(totals.currency_code))
    if scaled != scaled.to_integral_value() or scaled < 0:
        raise AmountsDisagree(f"{amount} is no amount in {totals.currency_code}.")
    return int(scaled)


def _items(line: SoldLine, net: int, totals: Totals) -> list[dict[str, Any]]:
    said: dict[str, Any] = {"etsy_transaction": str(line.transaction_id)}
    if line.listing_id:
        said["etsy_listing"] = str(line.listing_id)
    if line.choices:
        said["etsy_options"] = {choice.name: choice.value for choice in line.choices}
    if line.personalization:
        said["etsy_personalization"] = [{"question": name, "answer": text} for name, text in line.personalization]
    what: dict[str, Any] = {"metadata": said}
    if line.variant_id:
        what["variant_id"] = line.variant_id
    else:
        what["title"] = (line.title or line.sku or "Sold on Etsy")[:LONGEST_NAME]
        what |= {"variant_sku": line.sku} if line.sku else {}
    priced = cut(pieces(net, line.quantity), line.parts)
    prices = ((count, Decimal(price).scaleb(-exponent(totals.currency_code))) for count, price in priced)
    return [{**what, "quantity": count, "unit_price": float(price)} for count, price in prices]


def _metadata(receipt_id: int, totals: Totals, buyer: Mapping[str, Any], where: Where) -> dict[str, Any]:
    """What finds the order again, its amounts on Etsy, and the buyer's words."""
    amounts = {name: str(getattr(totals, name)) for name in ("grand", "tax", "vat", "discount", "shipping")}
    texts = {name: buyer[name] for name in ("message", "gift_message", "gift_sender") if buyer.get(name)}
    mark = address_mark(buyer)
    return {
        "etsy_receipt": str(receipt_id),
        **({ADDRESS_MARK: mark} if mark else {}),
        "etsy_account": where.account_id,
        "etsy_url": ORDER_PAGE.format(receipt_id),
        "etsy_currency": totals.currency_code,
        **{f"etsy_{name}": value for name, value in amounts.items()},
        **{f"etsy_{name}": value for name, value in texts.items()},
    }


def _address(buyer: Mapping[str, Any]) -> dict[str, str]:
    """Where it goes, as far as Etsy told; nothing where it did not (ORDERS §6)."""
    told: Mapping[str, str] = buyer.get("address") or {}
    if not told:
        return {}
    first, _, last = str(buyer.get("name") or "").strip().rpartition(" ")
    names = {
        "first_name": first, "last_name": last, "address_1": told.get("first_line"),
        "address_2": told.get("second_line"), "city": told.get("city"), "province": told.get("state"),
        "postal_code": told.get("zip"), "country_code": str(told.get("country_iso") or "").lower(),
    }  # fmt: skip
    return {name: text for name, text in names.items() if text}
