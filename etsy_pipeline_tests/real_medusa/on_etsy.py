"""One product as Medusa's customer sees it and as Etsy's buyer does, in the same words."""

import hashlib
import html
import re
from collections import Counter
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from etsy_pipeline_tests.world import World

Json = dict[str, Any]
MOST_PIECES, UNCOUNTED, MOST_PICTURES = 999, 1, 20  # of a variant on Etsy; where nobody counts them; of a listing


class Offer(NamedTuple):
    """What can be bought; without a piece it has no price."""

    sku: str
    price: Decimal | None
    quantity: int


class Seen(NamedTuple):
    """A product as far as both sides show it."""

    title: str
    words: list[str]
    offers: Counter[Offer]
    pictures: list[str]


def to_a_customer(product: Json, sha256_of: dict[str, str]) -> Seen:
    """A product of Medusa's Store API."""
    offers: Counter[Offer] = Counter()
    for variant in product["variants"]:
        counted = variant["manage_inventory"] and not variant["allow_backorder"]
        pieces = min(max(0, variant["inventory_quantity"] or 0), MOST_PIECES) if counted else UNCOUNTED
        amount = Decimal(str(variant["calculated_price"]["calculated_amount"])).quantize(Decimal("0.01"), ROUND_HALF_UP)
        offers[Offer(variant["sku"] or "", amount if pieces else None, pieces)] += 1
    urls = dict.fromkeys([*filter(None, [product["thumbnail"]]), *(image["url"] for image in product["images"])])
    return Seen(
        product["title"], _words(product["description"]), offers, [sha256_of[url] for url in urls][:MOST_PICTURES]
    )


def to_a_buyer(world: World, listing_id: int) -> Seen:
    """A listing on Etsy."""
    shown = world.etsy("GET", f"listings/{listing_id}")
    offers: Counter[Offer] = Counter()
    for item in shown["inventory"]["products"]:
        (offering,) = item["offerings"]
        pieces = offering["quantity"] if offering["is_enabled"] else 0
        price = Decimal(offering["price"]["amount"]) / offering["price"]["divisor"]
        offers[Offer(item["sku"], price if pieces else None, pieces)] += 1
    return Seen(html.unescape(shown["title"]), _words(shown["description"]), offers, pictures_of(world, listing_id))


def pictures_of(world: World, listing_id: int) -> list[str]:
    """What a listing's pictures are (SHA-256), in their order."""
    sql = "SELECT content FROM listing_image WHERE listing_id = ? ORDER BY rank"
    return [hashlib.sha256(row["content"]).hexdigest() for row in world.sandbox.state.rows(sql, listing_id)]


def values_of(world: World, listing_id: int, option: str) -> Sequence[str]:
    """The values of a variation, in the order in which a buyer finds them."""
    products = world.etsy("GET", f"listings/{listing_id}")["inventory"]["products"]
    found = [
        value["values"][0] for item in products for value in item["property_values"] if option in value["property_name"]
    ]
    return list(dict.fromkeys(found))


def _words(text: str | None) -> list[str]:
    plain = re.sub(r"<(script|style)\b.*?</\1>|<[^>]*>", " ", text or "", flags=re.DOTALL | re.IGNORECASE)
    return re.findall(r"\w+", html.unescape(plain))
