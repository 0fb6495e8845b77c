"""One product as Medusa's customer sees it and as Etsy's buyer does, in the same words."""

import hashlib
import html
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
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


def to_a_customer(product: Json, sha256_of: Mapping[str, str]) -> Seen:
    """A product of Medusa's Store API. Where it has no description Etsy needs one, and its title stands in."""
    offers = []
    for variant in product["variants"]:
        pieces = min(max(0, variant.get("inventory_quantity") or 0), MOST_PIECES)
        if variant["allow_backorder"]:
            pieces = max(pieces, UNCOUNTED)
        amount = Decimal(str(variant["calculated_price"]["calculated_amount"])).quantize(Decimal("0.01"), ROUND_HALF_UP)
        offers.append((variant["sku"] or "", amount, pieces if variant["manage_inventory"] else UNCOUNTED))
    urls = dict.fromkeys([*filter(None, [product["thumbnail"]]), *(image["url"] for image in product["images"])])
    pictures = [sha256_of[url] for url in urls][:MOST_PICTURES]
    description = _words(product["description"]) or _words(product["title"])
    return Seen(html.unescape(product["title"]), description, _offers(offers), pictures)


def to_a_buyer(world: World, listing_id: int) -> Seen:
    """A listing on Etsy."""
    shown = world.etsy("GET", f"listings/{listing_id}")
    offers = []
    for item in shown["inventory"]["products"]:
        (offering,) = item["offerings"]
        price = Decimal(offering["price"]["amount"]) / offering["price"]["divisor"]
        offers.append((item["sku"], price, offering["quantity"] if offering["is_enabled"] else 0))
    title = html.unescape(shown["title"])
    return Seen(title, _words(shown["description"]), _offers(offers), pictures_of(world, listing_id))


def _offers(found: Iterable[tuple[str, Decimal, int]]) -> Counter[Offer]:
    """Without combinations that Etsy shows and Medusa has no variant for: they have neither SKU nor pieces."""
    return Counter(Offer(sku, price if pieces else None, pieces) for sku, price, pieces in found if sku or pieces)


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
