"""What buyers and the seller do with orders: bought, paid, shipped, canceled, refunded, without a call of the API.

POST /sandbox/receipts {"lines": [{"listing_id", "quantity": 1, "sku" or "values": {"Size": "S"}, "personalization":
    "Ada" or a list, "coupon": 1.5}], "shipping", "tax", "vat", "discount": amounts (default: the coupons),
    "gift": true or {"message", "sender", "wrap": 2.5}, "message": the buyer's, "country": "US", "is_paid": true,
    "status": any, "created_timestamp", "without_sku": true, "bad": one of `BAD`, "count": 1, so many alike}:
    {"receipt_id", "transaction_ids", "receipt_ids"}
GET  /sandbox/receipts/ID · POST /sandbox/receipts/ID/pay {} · …/deliver {}
POST /sandbox/receipts/ID/ship {"tracking_code", "carrier_name"}: in Shop Manager
POST /sandbox/receipts/ID/cancel {"restock": false} · …/refund {"amount": all that is left, "reason"}
PATCH /sandbox/selling: settings, see `etsy/receipts.py`

A whole cancellation gives all money back. Whether Etsy puts the pieces on sale again is unknown: not by itself here.
Neither cancelling nor refunding moves a receipt's time stamp (ORDERS §4: measured of refunds, assumed of the other).
"""

from decimal import Decimal
from typing import Any

from etsy_pipeline.sandbox.etsy import receipts, renewals, shops, stock, stored
from etsy_pipeline.sandbox.state import MissingError, State

BAD = ("currency", "listing", "money", "quantity")
"""An unknown currency; a line whose listing Etsy no longer names; a total that is none; a line of no pieces."""
KNOWN = frozenset({
    "lines", "shipping", "tax", "vat", "discount", "gift", "message", "country", "is_paid", "status",
    "created_timestamp", "without_sku", "bad", "count",
})  # fmt: skip
OF_LINE = frozenset({"listing_id", "quantity", "sku", "values", "personalization", "coupon"})
FIRST_RECEIPT, FIRST_TRANSACTION = 3_100_000_000, 4_200_000_000

Json = dict[str, Any]


def buy(state: State, body: Json) -> Json:
    """A purchase, with what it takes out of the listings.

    Raises:
        ValueError: for what means nothing here, or is not for sale.
    """
    _check(body)
    with state.working():
        renewals.run_due(state)
        made = [_bought(state, body) for _ in range(int(body.get("count", 1)))]
    return made[0] | {"receipt_ids": [item["receipt_id"] for item in made]}


def show(state: State, receipt_id: int) -> Json:
    """As Etsy answers it for one receipt, and how many mails its buyer got about parcels."""
    receipt = _found(state, receipt_id)
    return receipts.view(state, receipt, whole=True) | {"mails": receipt["mails"]}


def pay(state: State, receipt_id: int, _body: Json) -> Json:
    """The payment came."""
    with state.working():
        receipt = _found(state, receipt_id)
        if receipt["is_paid"]:
            raise ValueError("it is paid")
        receipt |= {"is_paid": True, "paid_at": int(state.now()), "status": "Paid"}
        _keep(state, receipt, "order.paid")
    return {"receipt_id": receipt_id}


def ship(state: State, receipt_id: int, body: Json) -> Json:
    """Shipped in Shop Manager."""
    with state.working():
        receipt = _found(state, receipt_id)
        receipts.ship(state, receipt, str(body.get("tracking_code") or ""), str(body.get("carrier_name") or ""))
    return {"receipt_id": receipt_id}


def deliver(state: State, receipt_id: int, _body: Json) -> Json:
    """The parcel arrived."""
    with state.working():
        _keep(state, _found(state, receipt_id) | {"is_delivered": True}, "order.delivered")
    return {"receipt_id": receipt_id}


def cancel(state: State, receipt_id: int, body: Json) -> Json:
    """Canceled by the seller, before or after shipping."""
    with state.working():
        receipt = _found(state, receipt_id)
        if receipt["status"] == receipts.CANCELED:
            raise ValueError("it is canceled")
        _give_back(state, receipt, _left(receipt), "The order was canceled.")
        receipt["status"] = receipts.CANCELED
        for line in receipt["lines"] if body.get("restock") else ():
            _restock(state, line)
        _keep(state, receipt, "order.canceled", moves=False)
    return {"receipt_id": receipt_id}


def refund(state: State, receipt_id: int, body: Json) -> Json:
    """Money back; no event tells of it."""
    with state.working():
        receipt = _found(state, receipt_id)
        left = _left(receipt)
        amount = left if body.get("amount") is None else Decimal(str(body["amount"]))
        if not 0 < amount <= left:
            raise ValueError(f"{amount} cannot be given back: {left} is left")
        _give_back(state, receipt, amount, str(body.get("reason", "The buyer was not satisfied.")))
        receipt["status"] = "Fully Refunded" if amount == left else "Partially Refunded"
        receipts.save(state, receipt)
    return {"receipt_id": receipt_id, "status": receipt["status"]}


def keep_sold(state: State, listing: Json, pieces: int) -> None:
    """Store a listing of which pieces were just sold, with its fees: sold out without the last one."""
    now = int(state.now())
    listing["modified"] = now
    for _ in range(pieces - 1):
        renewals.charge(state, listing["listing_id"], "multi_quantity")
    if stock.pieces(listing["inventory"]) == 0:
        listing |= {"state": "sold_out", "state_at": now}
    stored.save(state, listing)


def _bought(state: State, body: Json) -> Json:
    found = [_line(state, line, number) for number, line in enumerate(body["lines"])]
    shop_ids = {line["shop_id"] for line in found}
    if len(shop_ids) != 1:
        raise ValueError("a receipt is of one shop")
    receipt = _receipt(state, shops.of_id(state, shop_ids.pop()), body, found)
    receipts.insert(state, receipt)
    if receipt["is_paid"]:
        receipts.tell(state, receipt, "order.paid")
    return {"receipt_id": receipt["receipt_id"], "transaction_ids": [line["transaction_id"] for line in found]}


def _check(body: Json) -> None:
    if unknown := sorted({*set(body) - KNOWN, *(name for line in body["lines"] for name in set(line) - OF_LINE)}):
        raise ValueError(f"unknown: {', '.join(unknown)}; known are {', '.join(sorted(KNOWN | OF_LINE))}")
    if body.get("bad") not in {None, *BAD}:
        raise ValueError(f"bad must be one of {', '.join(BAD)}")
    if not body["lines"]:
        raise ValueError("a receipt has lines")


def _line(state: State, body: Json, number: int) -> Json:
    listing = stored.find_visible(state, int(body["listing_id"]), hidden=True)
    if listing is None:
        raise MissingError(f"no listing {body['listing_id']}")
    pieces = int(body.get("quantity", 1))
    if listing["state"] != "active" or pieces < 1:
        raise ValueError(f"{pieces} pieces of a listing that is {listing['state']} cannot be sold")
    product = _product(listing, body, pieces)
    stock.take(listing["inventory"], product, pieces)
    keep_sold(state, listing, pieces)
    said = body.get("personalization") or []
    return {
        "transaction_id": state.number("transaction", FIRST_TRANSACTION), "number": number, "quantity": pieces,
        "listing_id": listing["listing_id"], "shop_id": listing["shop_id"], "product_id": product["product_id"],
        "sku": product["sku"], "price": product["offerings"][0]["price"], "values": product["property_values"],
        "title": listing["title"], "description": listing["description"], "is_digital": listing["type"] == "download",
        "shipping_profile_id": listing["shipping_profile_id"], "questions": listing.get("personalization", []),
        "personalization": [said] if isinstance(said, str) else list(said), "coupon": float(body.get("coupon") or 0),
    }  # fmt: skip


def _product(listing: Json, body: Json, pieces: int) -> Json:
    """The one that is meant, or the first of which there are enough."""
    wanted, sku = body.get("values"), body.get("sku")
    fitting: list[Json] = [
        product
        for product in listing["inventory"]["products"]
        if sku in {None, product["sku"]}
        and (
            wanted is None
            or wanted == {item["property_name"]: item["values"][0] for item in product["property_values"]}
        )
    ]
    if not fitting:
        raise ValueError(f"listing {listing['listing_id']} has no product with {wanted or sku}")
    enough = (item for item in fitting if item["offerings"][0]["quantity"] >= pieces)
    return next((item for item in enough if item["offerings"][0]["is_enabled"]), fitting[0])


def _receipt(state: State, shop: Json, body: Json, lines: list[Json]) -> Json:
    gift = body.get("gift") or {}
    gift = {} if gift is True else gift
    at, is_paid, bad = int(body.get("created_timestamp", state.now())), bool(body.get("is_paid", True)), body.get("bad")
    discount = body.get("discount", sum(Decimal(str(line["coupon"])) for line in lines))
    amounts = {name: str(body.get(name) or 0) for name in ("shipping", "tax", "vat")}
    total = sum(Decimal(str(line["price"])) * line["quantity"] for line in lines)
    # by the letter of Etsy's document; whether gift wrap is part of it, nobody says
    paid = total - Decimal(str(discount)) + Decimal(amounts["tax"]) + Decimal(amounts["shipping"])
    for line in lines:
        line["shown"] = {"listing_id": None} if bad == "listing" else {"quantity": 0} if bad == "quantity" else {}
        line["shown"] |= {"sku": None} if body.get("without_sku") else {}
    return {
        **amounts, "receipt_id": state.number("receipt", FIRST_RECEIPT), "shop_id": shop["shop_id"],
        "created": at, "updated": at, "lines": lines, "is_paid": is_paid, "paid_at": at if is_paid else None,
        "status": body.get("status", "Paid" if is_paid else "Payment Processing"), "is_shipped": False,
        "is_delivered": False, "shipments": [], "refunds": [], "mails": 0, "message": body.get("message"),
        "is_gift": bool(body.get("gift")), "gift_message": gift.get("message", ""),
        "gift_sender": gift.get("sender", ""), "wrap": str(gift.get("wrap", 0)), "country": body.get("country", "US"),
        "currency_code": "XQZ" if bad == "currency" else shop["currency_code"], "discount": str(discount),
        "total_price": str(total), "grandtotal": str(paid), "shown_off_by": "0.01" if bad == "money" else "0",
    }  # fmt: skip


def _restock(state: State, line: Json) -> None:
    listing = stored.find_visible(state, line["listing_id"], hidden=True)
    if listing is not None:
        stock.put_back(listing["inventory"], line["product_id"], line["quantity"])
        stored.save(state, listing | {"modified": int(state.now())})


def _left(receipt: Json) -> Decimal:
    return Decimal(receipt["grandtotal"]) - sum(Decimal(item["amount"]) for item in receipt["refunds"])


def _give_back(state: State, receipt: Json, amount: Decimal, reason: str) -> None:
    if amount > 0 and receipt["is_paid"]:
        receipt["refunds"].append({"amount": str(amount), "at": int(state.now()), "reason": reason})


def _keep(state: State, receipt: Json, event: str, *, moves: bool = True) -> None:
    if moves:
        receipt["updated"] = int(state.now())
    receipts.save(state, receipt)
    receipts.tell(state, receipt, event)


def _found(state: State, receipt_id: int) -> Json:
    receipt = receipts.find(state, receipt_id)
    if receipt is None:
        raise MissingError(f"no receipt {receipt_id}")
    return receipt
