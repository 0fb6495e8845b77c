"""An order on Etsy as plain values, whatever state it is in; texts unescaped, money as decimals, times in UTC.

What cannot be understood is kept as a problem, in words: an order is never left out because a part of it is odd.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

CANCELED = frozenset({"canceled", "cancelled"})
REFUNDED = "fully refunded"
PARTLY_REFUNDED = "partially refunded"


@dataclass(frozen=True, slots=True)
class Choice:
    """What a buyer chose of a variation: as Etsy formats it, and as it is (`plain`), where that was told."""

    name: str
    value: str
    plain: str = ""


@dataclass(frozen=True, slots=True)
class SaleLine:
    """A line of an order. `sku` is that of the moment of the purchase; `quantity` is 0 where none was told.

    `listing_id` is None where the listing was deleted. `price` is of one piece, in the shop's currency. What the buyer
    wrote (`personalization`: question and answer) is in no `repr`.
    """

    transaction_id: int
    listing_id: int | None = None
    sku: str = ""
    title: str = ""
    quantity: int = 0
    price: Decimal | None = None
    choices: tuple[Choice, ...] = ()
    is_digital: bool = False
    personalization: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Refund:
    """Money given back. Of which line, Etsy does not tell."""

    amount: Decimal
    at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Shipment:
    """A parcel."""

    shipping_id: int
    carrier: str = ""
    tracking_code: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Totals:
    """What an order costs, in the shop's currency. `subtotal` is after coupons, `grand` is what the buyer paid."""

    currency_code: str = ""
    grand: Decimal = Decimal(0)
    subtotal: Decimal = Decimal(0)
    price: Decimal = Decimal(0)
    shipping: Decimal = Decimal(0)
    tax: Decimal = Decimal(0)
    vat: Decimal = Decimal(0)
    discount: Decimal = Decimal(0)
    gift_wrap: Decimal = Decimal(0)

    @property
    def add_up(self) -> bool:
        """Whether they agree by Etsy's document; whether VAT and gift wrap are part of it is not known for certain."""
        without = self.price - self.discount + self.tax + self.shipping
        return self.grand in {without + vat + wrap for vat in (0, self.vat) for wrap in (0, self.gift_wrap)}


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who bought, and what they wrote. Kept encrypted, in mode `orders` only; in no `repr`."""

    name: str = field(default="", repr=False)
    address: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    email: str = field(default="", repr=False)
    message: str = field(default="", repr=False)
    gift_message: str = field(default="", repr=False)
    gift_sender: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Receipt:
    """An order. `status` is Etsy's word as it came, of any case, and may be one that nobody knows.

    `problems` are what could not be understood of it, or does not agree. Of `unread_lines` not even an id is known.
    """

    receipt_id: int
    status: str
    sold_at: datetime
    updated_at: datetime
    is_paid: bool = False
    is_shipped: bool = False
    is_gift: bool = False
    lines: tuple[SaleLine, ...] = ()
    totals: Totals = Totals()
    refunds: tuple[Refund, ...] = ()
    shipments: tuple[Shipment, ...] = ()
    buyer: Buyer = Buyer()
    problems: tuple[str, ...] = ()
    unread_lines: int = 0

    @property
    def is_canceled(self) -> bool:
        """Whether all of it was called off."""
        return self.status.casefold() in CANCELED

    @property
    def is_refunded(self) -> bool:
        """Whether all its money went back, without being canceled."""
        return self.status.casefold() == REFUNDED

    @property
    def refunded(self) -> Decimal:
        """How much money went back."""
        return sum((refund.amount for refund in self.refunds), Decimal(0))

    @property
    def has_address(self) -> bool:
        """Whether Etsy told where it goes."""
        return bool(self.buyer.address)

    @property
    def content_hash(self) -> str:
        """A fingerprint of all but the buyer: another one where something happened to the order."""
        content: dict[str, Any] = asdict(self)
        del content["buyer"]
        for line in content["lines"]:
            del line["personalization"]
        text = json.dumps(content, sort_keys=True, default=str, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def summary(self) -> dict[str, Any]:
        """Totals, refunds, parcels and problems as JSON, as they are kept; no word of the buyer."""
        amounts = {name: str(value) for name, value in asdict(self.totals).items()}
        parcels = [
            {"carrier": item.carrier, "tracking_code": item.tracking_code, "shipping_id": item.shipping_id}
            for item in self.shipments
        ]
        more = {"refunded": str(self.refunded), "is_refunded": self.is_refunded, "is_gift": self.is_gift}
        return {
            **amounts,
            **more,
            "shipments": parcels,
            "problems": list(self.problems),
            "unread_lines": self.unread_lines,
        }
