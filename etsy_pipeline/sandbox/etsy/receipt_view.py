"""A receipt and its lines as Etsy gives them (ORDERS §2, §3): title-case states, escaped texts, no address."""

import html
from decimal import Decimal
from typing import Any

from etsy_pipeline.sandbox.etsy import images, property_values, shops
from etsy_pipeline.sandbox.etsy.answers import escaped, money
from etsy_pipeline.sandbox.state import State

BUYER = 700_000_001
PERSONALIZATION = 54
NOT_WANTED = "Not requested on this item."
READY_DAYS = 3
DAY_SECONDS = 86_400
NOWHERE = dict.fromkeys(
    ("name", "first_line", "second_line", "city", "state", "zip", "formatted_address", "country_iso")
)
SOMEWHERE = {
    "name": "Ada Example", "first_line": "1 Sample Street", "second_line": None, "city": "Springfield", "state": "OR",
    "zip": "97477", "formatted_address": "Ada Example\n1 Sample Street\nSPRINGFIELD, OR 97477",
}  # fmt: skip
"""Nobody."""

Json = dict[str, Any]


def view(state: State, receipt: Json, *, addresses: bool, product_data: bool) -> Json:
    """A ShopReceipt."""
    shop = shops.of_id(state, receipt["shop_id"])
    currency = receipt["currency_code"]
    total, off = Decimal(receipt["total_price"]), Decimal(receipt["shown_off_by"])
    sums = {
        "grandtotal": Decimal(receipt["grandtotal"]) + off, "subtotal": total - Decimal(receipt["discount"]),
        "total_price": total, "total_shipping_cost": receipt["shipping"], "total_tax_cost": receipt["tax"],
        "total_vat_cost": receipt["vat"], "discount_amt": receipt["discount"], "gift_wrap_price": receipt["wrap"],
    }  # fmt: skip
    times = {"create_timestamp": receipt["created"], "created_timestamp": receipt["created"],
             "update_timestamp": receipt["updated"], "updated_timestamp": receipt["updated"]}  # fmt: skip
    return {
        **(SOMEWHERE | {"country_iso": receipt["country"]} if addresses else NOWHERE), **times,
        **{name: money(amount, currency) for name, amount in sums.items()},
        "receipt_id": receipt["receipt_id"], "receipt_type": 0, "seller_user_id": shop["user_id"],
        "seller_email": None, "buyer_user_id": BUYER, "buyer_email": None, "status": receipt["status"],
        "payment_method": "cc", "payment_email": None, "message_from_seller": None,
        "message_from_buyer": receipt["message"] and escaped(receipt["message"]), "message_from_payment": None,
        "is_paid": receipt["is_paid"], "is_shipped": receipt["is_shipped"], "is_gift": receipt["is_gift"],
        "gift_message": escaped(receipt["gift_message"]), "gift_sender": escaped(receipt["gift_sender"]),
        "shipments": [_shipment(item) for item in receipt["shipments"]],
        "refunds": [_refund(item, currency) for item in receipt["refunds"]],
        "transactions": [_line(state, receipt, shop, line, product_data) for line in receipt["lines"]],
    }  # fmt: skip


def _shipment(item: Json) -> Json:
    return {
        "receipt_shipping_id": item["id"], "shipment_notification_timestamp": item["at"],
        "carrier_name": item["carrier"], "tracking_code": item["code"],
    }  # fmt: skip


def _refund(item: Json, currency: str) -> Json:
    """Which line it is of, Etsy does not tell here (ORDERS §2)."""
    return {
        "amount": money(item["amount"], currency), "created_timestamp": item["at"], "reason": escaped(item["reason"]),
        "note_from_issuer": None, "status": "SUCCESS",
    }  # fmt: skip


def _line(state: State, receipt: Json, shop: Json, line: Json, product_data: bool) -> Json:  # noqa: FBT001 - passed on
    currency = receipt["currency_code"]
    exists = state.row("SELECT 1 FROM listing WHERE listing_id = ?", line["listing_id"]) is not None
    pictures = images.views(state, line["listing_id"])
    values = [property_values.view(receipt["shop_id"], item) for item in line["values"]] if product_data else []
    return {
        "transaction_id": line["transaction_id"], "receipt_id": receipt["receipt_id"], "quantity": line["quantity"],
        "title": escaped(line["title"]), "description": escaped(line["description"]),
        "seller_user_id": shop["user_id"], "buyer_user_id": BUYER, "create_timestamp": receipt["created"],
        "created_timestamp": receipt["created"], "paid_timestamp": receipt["paid_at"],
        "shipped_timestamp": receipt.get("shipped_at"), "is_digital": line["is_digital"], "file_data": "",
        "listing_image_id": pictures[0]["listing_image_id"] if pictures else None,
        "listing_id": line["listing_id"] if exists else None, "transaction_type": "listing",
        "product_id": line["product_id"], "sku": line["sku"], "price": money(line["price"], currency),
        "shipping_cost": money(receipt["shipping"] if line["number"] == 0 else 0, currency),
        "variations": [*(_variation(receipt["shop_id"], item) for item in line["values"]), *_personalized(line)],
        "product_data": values, "shipping_profile_id": line["shipping_profile_id"], "min_processing_days": 1,
        "max_processing_days": READY_DAYS, "shipping_method": None, "shipping_upgrade": None,
        "expected_ship_date": receipt["created"] + READY_DAYS * DAY_SECONDS,
        "buyer_coupon": 0.0, "shop_coupon": line["coupon"], **line["shown"],
    }  # fmt: skip


def _variation(shop_id: int, item: Json) -> Json:
    return {
        "property_id": item["property_id"], "value_id": property_values.shops_id(shop_id, item),
        "formatted_name": _formatted(item["property_name"]), "formatted_value": _formatted(item["values"][0]),
        "question_id": None, "mime_type": None,
    }  # fmt: skip


def _personalized(line: Json) -> list[Json]:
    """What the buyer wrote; of a listing that may be personalized, that nothing was wanted (#260, #253)."""
    questions, said = line["questions"], line["personalization"]
    texts = said or ([NOT_WANTED] if questions else [])
    return [
        {
            "property_id": PERSONALIZATION, "value_id": None, "formatted_name": "Personalization",
            "formatted_value": _formatted(text), "mime_type": None,
            "question_id": questions[place]["question_id"] if place < len(questions) else None,
        }
        for place, text in enumerate(texts)
    ]  # fmt: skip


def _formatted(text: str) -> str:
    """Escaped otherwise than a title: &#039; (#254)."""
    return html.escape(text, quote=True).replace("&#x27;", "&#039;")
