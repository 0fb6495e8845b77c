"""What a seller, or Etsy, does to a whole shop: vacation, another name, another currency, another shop altogether.

PATCH /sandbox/shops/ID {"is_vacation", "vacation_message", "vacation_refuses_writes", "shop_name", "title",
    "has_unpaid_bill", "is_etsy_payments_onboarded"}
POST  /sandbox/shops/ID/currency {"currency_code": "EUR", "rate": 0.92}: all prices are converted
POST  /sandbox/shops/ID/replace {"shop_name", "currency_code"}: closed, and its owner opened another one: {"shop_id"}

`ID` 0 is the first shop. What a vacation refuses beside activating and renewing is unknown (LIFECYCLE §3): by default
every write but a deletion, and with {"vacation_refuses_writes": false} nothing else.
"""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from etsy_pipeline.sandbox.etsy import shops, stock, stored
from etsy_pipeline.sandbox.etsy.answers import divisor
from etsy_pipeline.sandbox.state import State, load

FLAGS = {
    "is_vacation": False, "vacation_refuses_writes": True, "has_unpaid_bill": False, "is_etsy_payments_onboarded": True
}  # fmt: skip
TEXTS = ("vacation_message", "vacation_autoreply", "shop_name", "title")

Json = dict[str, Any]


def change(state: State, shop_id: int, body: Json) -> Json:
    """Vacation, name, bill.

    Raises:
        ValueError: for what a shop does not have.
    """
    if unknown := sorted(set(body) - {*FLAGS, *TEXTS}):
        raise ValueError(f"unknown: {', '.join(unknown)}; known are {', '.join((*FLAGS, *TEXTS))}")
    with state.working():
        shop = shops.by_hand(state, shop_id)
        changed = {name: bool(body[name]) for name in FLAGS if name in body}
        shops.save(state, shop | changed | {name: body[name] for name in TEXTS if name in body})
    return {"shop_id": shop["shop_id"]}


def change_currency(state: State, shop_id: int, body: Json) -> Json:
    """Another currency for the shop and all its listings; prices are rounded to what the currency can have."""
    code, rate = str(body["currency_code"]).upper(), Decimal(str(body["rate"]))
    if rate <= 0:
        raise ValueError("rate must be above 0")
    with state.working():
        shop = shops.by_hand(state, shop_id)
        shops.save(state, shop | {"currency_code": code})
        rows = state.rows("SELECT listing_id FROM listing WHERE shop_id = ?", shop["shop_id"])
        for row in rows:
            listing = stored.find(state, row["listing_id"])
            for offering in stock.offerings(listing["inventory"]):
                offering["price"] = _rounded(Decimal(str(offering["price"])) * rate, code)
            stored.save(state, listing | {"currency_code": code, "modified": int(state.now())})
    return {"shop_id": shop["shop_id"], "listings": len(rows)}


def replace(state: State, shop_id: int, body: Json) -> Json:
    """Close a shop with all its listings; its owner's token is then another shop's."""
    with state.working():
        old = shops.by_hand(state, shop_id)
        for row in state.rows("SELECT listing_id FROM listing WHERE shop_id = ?", old["shop_id"]):
            stored.delete(state, row["listing_id"])
        new_id = state.number("shop", shops.FIRST_SHOP + 100)
        name = str(body.get("shop_name", f"{old['shop_name']}Two"))
        sample = shops.Sample(
            name, old["title"], old["country"], body.get("currency_code", old["currency_code"]), old["is_eu"]
        )
        shops.replace(state, old, new_id, sample)
    return {"shop_id": new_id}


def flags(state: State) -> list[Json]:
    """The shops as they are stored, without their profiles."""
    rows = state.rows("SELECT * FROM shop ORDER BY shop_id")
    return [
        {name: row[name] for name in ("shop_id", "user_id")}
        | {name: load(row)[name] for name in ("shop_name", "currency_code")}
        | {name: load(row).get(name, usual) for name, usual in FLAGS.items()}
        for row in rows
    ]


def _rounded(price: Decimal, code: str) -> float:
    return float((price * divisor(code)).quantize(Decimal(1), ROUND_HALF_UP) / divisor(code))
