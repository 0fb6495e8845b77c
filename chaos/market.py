"""Both shops' buyers and the owner: what happens beside us in the storm of orders, and the ledger of what is true.

The ledger knows nothing of our books: it is made of what buyers and the owner did. `left` is how many pieces of an
inventory item are anybody's to sell: all that there are, less what was sold in either shop and not called off.
"""

import json
import sqlite3
import time
import urllib.error
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from storm import control
from weather import Weather

MOST_PIECES = 3
ENOUGH = 5  # pieces of everything at the end, so that what was oversold can be booked
SPREAD = 3  # each so many-th product is at two locations
SHIPPABLE = """
SELECT id, json_extract(data, '$.metadata.etsy_receipt') AS receipt FROM medusa_order
WHERE NOT is_draft AND json_extract(data, '$.status') = 'pending' AND receipt IS NOT NULL"""
CASES = ("clean", "kit", "two_locations")
MOST_VARIANTS = 6

Json = dict[str, Any]


@dataclass(frozen=True)
class Variant:
    """A variant that both shops sell: which inventory items it takes, how many of each, and the locations of them."""

    id: str
    product_id: str
    sku: str
    parts: Mapping[str, int]
    places: tuple[str, ...]


@dataclass
class Line:
    """A line of an order on Etsy."""

    transaction_id: int
    variant: Variant
    quantity: int


@dataclass
class Order:
    """An order on Etsy, and what became of it."""

    receipt_id: int
    lines: list[Line]
    is_paid: bool
    is_shipped: bool = False
    is_canceled: bool = False


@dataclass(frozen=True)
class Entry:
    """Of an inventory item so many more, or fewer, are left; it happened between two moments."""

    item_id: str
    pieces: int
    after: float
    before: float


@dataclass
class Market:
    """What happens in both shops without us.

    Args:
        state: the sandbox's file.
        etsy_url: of the local Etsy.
        medusa_url: of the sample Medusa.
        dice: the seed's.
        weather: what fails in Medusa.
    """

    state: Path
    etsy_url: str
    medusa_url: str
    dice: Random
    weather: Weather
    variants: dict[str, Variant] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)
    medusas: dict[str, tuple[Variant, int]] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    restocked: list[tuple[float, float]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def open(self, most: int) -> None:
        """Keep a few products in Medusa, and write down how many pieces of each there are."""
        kept = 0
        for row in self.rows("SELECT id, data FROM medusa_product ORDER BY id DESC"):
            product = json.loads(row["data"])
            is_kept = (product.get("metadata") or {}).get("seed_case") in CASES
            if not is_kept or len(product["variants"]) > MOST_VARIANTS or kept == most:
                self.call(self.medusa_url, "DELETE", f"products/{row['id']}")
                continue
            kept += 1
            if kept % SPREAD == 0:
                self._spread(product)
            for variant in product["variants"]:
                links = variant["inventory_items"]
                parts = {link["inventory_item_id"]: link["required_quantity"] for link in links}
                places = tuple(level["location_id"] for level in links[0]["inventory"]["location_levels"])
                self.variants[variant["sku"]] = Variant(variant["id"], row["id"], variant["sku"], parts, places)
        items = {item for variant in self.variants.values() for item in variant.parts}
        for row in self.rows("SELECT inventory_item_id, sum(stocked_quantity) AS pieces FROM medusa_level GROUP BY 1"):
            if row["inventory_item_id"] in items:
                self.entries.append(Entry(row["inventory_item_id"], row["pieces"], 0, 0))

    def _spread(self, product: Json) -> None:
        """Half of its pieces, or so, are at one location and the rest at another."""
        places = [row["location_id"] for row in self.rows("SELECT DISTINCT location_id FROM medusa_level ORDER BY 1")]
        for variant in product["variants"]:
            for link in variant["inventory_items"]:
                pieces = sum(level["stocked_quantity"] for level in link["inventory"]["location_levels"])
                link["inventory"]["location_levels"] = [
                    {"location_id": place, "stocked_quantity": part, "reserved_quantity": 0}
                    for place, part in zip(places[:2], (pieces // 2, pieces - pieces // 2), strict=True)
                ]
        self.call(self.medusa_url, "PATCH", f"products/{product['id']}", {"set": {"variants": product["variants"]}})

    def left(self, variant: Variant) -> int:
        """How many of a variant are anybody's to sell now; fewer than none where both shops sold the same piece."""
        found = Counter(dict.fromkeys(variant.parts, 0))
        for entry in self.entries:
            if entry.item_id in found:
                found[entry.item_id] += entry.pieces
        return min(found[item] // required for item, required in variant.parts.items())

    def happens(self) -> None:
        """Something happens, somewhere."""
        acts: tuple[tuple[Callable[[], None], int], ...] = (
            (self._buy, 6), (self._pay, 1), (self._cancel, 3), (self._ship, 1), (self._ship_in_medusa, 3),
            (self._medusa_sells, 4), (self._medusa_order_ends, 2), (self._restock, 2), (self.weather.worsens, 2),
        )  # fmt: skip
        (act,) = self.dice.choices([act for act, _ in acts], [weight for _, weight in acts])
        act()

    def calms_down(self) -> None:
        """The last that happens: all is paid, nothing fails, and there is enough of everything."""
        self.weather.clears()
        for order in self.orders.values():
            if not order.is_paid and not order.is_canceled:
                self._paid(order)
        for variant in self.variants.values():
            if (lacking := ENOUGH - self.left(variant)) > 0:
                self._more(variant, lacking * max(variant.parts.values()))

    def _buy(self) -> None:
        lines = [wanted for _ in range(self.dice.choice((1, 1, 1, 2))) if (wanted := self._wanted()) is not None]
        if not lines:
            return
        order: Json = {
            "lines": [{"listing_id": listing, "quantity": pieces, "sku": item.sku} for listing, item, pieces in lines],
            "is_paid": self.dice.random() > 0.1, "shipping": self.dice.choice((0, 4.5)),
            "tax": self.dice.choice((0, 3.2)), "discount": self.dice.choice((0, 0, 0.5)),
        }  # fmt: skip
        after = time.time()
        answer = self.call(self.etsy_url, "POST", "receipts", order)
        if answer is None:
            return
        numbers = zip(answer["transaction_ids"], lines, strict=True)
        bought = [Line(number, item, pieces) for number, (_, item, pieces) in numbers]
        self.orders[answer["receipt_id"]] = Order(answer["receipt_id"], bought, order["is_paid"])
        for line in bought:
            self._enter(line.variant, -line.quantity, after)
        self.counts["sales on Etsy"] += 1

    def _wanted(self) -> tuple[int, Variant, int] | None:
        found = self.rows(
            "SELECT p.listing_id, p.sku, p.quantity FROM inventory_product p JOIN listing USING (listing_id) "
            "WHERE state = 'active' AND p.is_enabled AND p.quantity > 0 AND p.sku <> ''"
        )
        if not found:
            return None
        row = self.dice.choice(found)
        return row["listing_id"], self.variants[row["sku"]], self.dice.randint(1, min(MOST_PIECES, row["quantity"]))

    def _pay(self) -> None:
        if (order := self._one_of(lambda order: not order.is_paid)) is not None:
            self._paid(order)

    def _paid(self, order: Order) -> None:
        self.call(self.etsy_url, "POST", f"receipts/{order.receipt_id}/pay", {})
        order.is_paid = True

    def _cancel(self) -> None:
        """Canceled before it is shipped; at times Etsy has the pieces for sale again."""
        order = self._one_of(lambda order: not order.is_shipped)
        if order is None:
            return
        after, restock = time.time(), self.dice.random() < 0.5
        self.call(self.etsy_url, "POST", f"receipts/{order.receipt_id}/cancel", {"restock": restock})
        order.is_canceled = True
        if restock:
            self.restocked.append((after, time.time()))
        for line in order.lines:
            self._enter(line.variant, line.quantity, after)
        self.counts["canceled"] += 1

    def _ship(self) -> None:
        order = self._one_of(lambda order: order.is_paid and not order.is_shipped)
        if order is not None:
            parcel = {"tracking_code": f"RR{order.receipt_id}", "carrier_name": "usps"}
            self.call(self.etsy_url, "POST", f"receipts/{order.receipt_id}/ship", parcel)
            order.is_shipped = True
            self.counts["shipped"] += 1

    def _ship_in_medusa(self) -> None:
        """Packed and shipped in Medusa, where the order on Etsy is an order there; Etsy is told of it by us."""
        found = {int(row["receipt"]): row["id"] for row in self.rows(SHIPPABLE)}
        order = self._one_of(lambda order: not order.is_shipped and order.is_paid and order.receipt_id in found)
        if order is None:
            return
        parcel = {"tracking_number": f"MM{order.receipt_id}"}
        if self.call(self.medusa_url, "POST", f"orders/{found[order.receipt_id]}/shipped", parcel) is not None:
            order.is_shipped = True
            self.counts["shipped in Medusa"] += 1

    def _medusa_sells(self) -> None:
        variant, pieces = self.dice.choice(list(self.variants.values())), self.dice.randint(1, MOST_PIECES)
        after = time.time()
        answer = self.call(self.medusa_url, "POST", "orders", {"variant_id": variant.id, "quantity": pieces})
        if answer is not None:
            self.medusas[answer["order_id"]] = variant, pieces
            self._enter(variant, -pieces, after)
            self.counts["sales in Medusa"] += 1

    def _medusa_order_ends(self) -> None:
        if not self.medusas:
            return
        order_id = self.dice.choice(list(self.medusas))
        (variant, pieces), how = self.medusas.pop(order_id), self.dice.choice(("canceled", "fulfilled"))
        after = time.time()
        self.call(self.medusa_url, "POST", f"orders/{order_id}/{how}", {})
        if how == "canceled":
            self._enter(variant, pieces, after)

    def _restock(self) -> None:
        variant = self.dice.choice(list(self.variants.values()))
        self._more(variant, self.dice.choice((-1, 2, 5, 8)) if self.left(variant) > MOST_PIECES else ENOUGH)

    def _more(self, variant: Variant, pieces: int) -> None:
        """So many more of each of its items, at one of its locations."""
        after, place = time.time(), self.dice.choice(variant.places)
        self.call(self.medusa_url, "PUT", f"levels/{variant.id}", {"more": pieces, "location_id": place})
        self.entries += [Entry(item, pieces, after, time.time()) for item in variant.parts]
        self.counts["counted anew"] += 1

    def _one_of(self, fits: Callable[[Order], bool]) -> Order | None:
        found = [order for order in self.orders.values() if not order.is_canceled and fits(order)]
        return self.dice.choice(found) if found else None

    def _enter(self, variant: Variant, pieces: int, after: float) -> None:
        now = time.time()
        self.entries += [Entry(item, pieces * required, after, now) for item, required in variant.parts.items()]

    def call(self, url: str, method: str, path: str, body: Json | None = None) -> Json | None:
        """A control route; None where it cannot be done: the last piece is gone, say."""
        try:
            found: Json = control(url, method, path, body)
        except urllib.error.HTTPError as error:
            if error.code != 400:
                raise
            return None
        return found

    def rows(self, query: str) -> list[sqlite3.Row]:
        """What the sandbox has."""
        with closing(sqlite3.connect(f"file:{self.state}?mode=ro", uri=True, timeout=30)) as connection:
            connection.row_factory = sqlite3.Row
            return connection.execute(query).fetchall()
