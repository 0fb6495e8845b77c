"""Whether both shops and our books are as the ledger of truth says, after the storm of orders.

Written by nobody who takes part: triggers in the sandbox's file note what was offered on Etsy and what moved in Medusa.
What we ever offered more than before must have been left at some moment since the publishers of then began: a sale in
the middle of that can be seen by nobody, each one of before has to be known.
"""

import bisect
import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from market import Line, Market, Order, Variant

from etsy_pipeline.store import receipts, sales
from etsy_pipeline.store.engine import Store

KINDS = ("lost", "twice", "not given back", "differing", "oversold by us", "duplicate", "books", "not quiet")
SLACK = 0.01  # seconds: what SQLite's clock and ours may differ
TRIGGERS = """
CREATE TABLE chaos_offer (n INTEGER PRIMARY KEY, at REAL, listing INTEGER, was TEXT, state TEXT, old TEXT, new TEXT);
CREATE TRIGGER chaos_offered AFTER UPDATE OF state, inventory ON listing
  WHEN old.inventory IS NOT new.inventory OR old.state <> new.state BEGIN
  INSERT INTO chaos_offer (at, listing, was, state, old, new) VALUES ((julianday('now') - 2440587.5) * 86400.0,
    old.listing_id, old.state, new.state, old.inventory, new.inventory); END;
CREATE TABLE chaos_moved (n INTEGER PRIMARY KEY);
CREATE TRIGGER chaos_level AFTER UPDATE ON medusa_level BEGIN INSERT INTO chaos_moved VALUES (NULL); END;
CREATE TRIGGER chaos_reserved AFTER INSERT ON medusa_reservation BEGIN INSERT INTO chaos_moved VALUES (NULL); END;
CREATE TRIGGER chaos_ordered AFTER INSERT ON medusa_order BEGIN INSERT INTO chaos_moved VALUES (NULL); END;
CREATE TRIGGER chaos_order AFTER UPDATE ON medusa_order BEGIN INSERT INTO chaos_moved VALUES (NULL); END;
"""

Found = dict[str, list[str]]


def watch(state: Path) -> None:
    """Have everything noted from now on."""
    with closing(sqlite3.connect(state, timeout=30)) as connection:
        connection.executescript(TRIGGERS)


def judge(market: Market, account_id: str, mode: str, began: list[float], writes: int, store: Store) -> Found:
    """Everything that is wrong, by kind; all lists are empty when nothing is."""
    found: Found = {kind: [] for kind in KINDS}
    check = _bookings(market, account_id) if mode == "stock" else _orders(market, account_id)
    for order in market.orders.values():
        check(found, order)
    _parcels(found, market)
    _books(found, market, account_id, store)
    _stock(found, market)
    _offers(found, market, began)
    if writes:
        found["not quiet"].append(f"{writes} writes when nothing happened any more")
    return found


class _bookings:  # noqa: N801 - a check
    """Each line has its pieces reserved once, for each of its inventory items; a canceled one has none."""

    def __init__(self, market: Market, account_id: str) -> None:
        self._account_id = account_id
        self._held: dict[str, list[sqlite3.Row]] = {}
        for row in market.rows("SELECT * FROM medusa_reservation WHERE deleted_at IS NULL AND description <> ''"):
            self._held.setdefault(row["description"], []).append(row)

    def __call__(self, found: Found, order: Order) -> None:
        for line in order.lines:
            held: Counter[str] = Counter()
            for row in self._held.get(f"etsy:{self._account_id}:{line.transaction_id}", ()):
                held[row["inventory_item_id"]] += row["quantity"]
            _compare(found, order, line, held)


class _orders:  # noqa: N801 - a check
    """Each order is one order in Medusa that is paid and holds its pieces; of a canceled one nothing is held."""

    def __init__(self, market: Market, account_id: str) -> None:
        self._orders: dict[str, list[dict[str, Any]]] = {}
        for row in market.rows("SELECT data FROM medusa_order"):
            order = json.loads(row["data"])
            said = order.get("metadata") or {}
            if said.get("etsy_account") == account_id:
                self._orders.setdefault(said["etsy_receipt"], []).append(order)
        self._held: dict[str, Counter[str]] = {}
        for row in market.rows("SELECT * FROM medusa_reservation WHERE deleted_at IS NULL"):
            counted = self._held.setdefault(row["line_item_id"] or row["description"], Counter())
            counted[row["inventory_item_id"]] += row["quantity"]
        self._account_id = account_id

    def __call__(self, found: Found, order: Order) -> None:
        alive = [it for it in self._orders.get(str(order.receipt_id), ()) if it["status"] != "canceled"]
        if order.is_canceled:
            found["not given back"] += [f"{order.receipt_id}: {it['id']} is {it['status']}" for it in alive]
        elif len(alive) != 1 or alive[0]["is_draft_order"]:
            found["twice" if len(alive) > 1 else "lost"].append(f"{order.receipt_id}: {len(alive)} orders in Medusa")
        elif not all(it["status"] == "completed" for it in alive[0]["payment_collections"]):
            found["lost"].append(f"{order.receipt_id}: its order is not paid")
        elif order.is_shipped and any(it["detail"]["shipped_quantity"] != it["quantity"] for it in alive[0]["items"]):
            found["differing"].append(f"{order.receipt_id}: not all of {alive[0]['id']} is shipped")
        for line in order.lines:
            held = Counter(self._held.get(f"etsy:{self._account_id}:{line.transaction_id}", Counter()))
            for it in (it for whole in alive for it in whole["items"]):
                if it["metadata"].get("etsy_transaction") == str(line.transaction_id):
                    held += self._held.get(it["id"], Counter())
                    done = it["detail"]["fulfilled_quantity"]
                    held += Counter({item: done * required for item, required in line.variant.parts.items()})
            _compare(found, order, line, held)


def _compare(found: Found, order: Order, line: Line, held: Mapping[str, float]) -> None:
    for item, required in line.variant.parts.items():
        wanted, there = (0 if order.is_canceled else required * line.quantity), held.get(item, 0)
        if there != wanted:
            kind = "not given back" if order.is_canceled else "twice" if there > wanted else "lost"
            found[kind].append(f"{order.receipt_id}, line {line.transaction_id}: {there} of {item} held, not {wanted}")


def _parcels(found: Found, market: Market) -> None:
    """Etsy was told of each parcel once, wherever it was sent: each time it writes to the buyer."""
    mails = {row["receipt_id"]: json.loads(row["data"])["mails"] for row in market.rows("SELECT * FROM receipt")}
    for order in market.orders.values():
        if mails[order.receipt_id] != order.is_shipped:
            kind = "twice" if mails[order.receipt_id] > order.is_shipped else "lost"
            found[kind].append(f"{order.receipt_id}: {mails[order.receipt_id]} mails of its parcel")


def _books(found: Found, market: Market, account_id: str, store: Store) -> None:
    """Our books say the same: each order is over, each of its lines booked, or given back."""
    with store.reading() as session:
        for order in market.orders.values():
            kept = receipts.get(session, account_id, order.receipt_id)
            wanted = "canceled" if order.is_canceled else "done"
            if kept is None or kept.state != wanted:
                state = kept and f"{kept.state} ({kept.problem})"
                found["books"].append(f"{order.receipt_id}: {state}, not {wanted}")
            states = {line.state for line in sales.of_receipt(session, account_id, order.receipt_id)}
            if not states or not states <= ({"returned", "nothing_to_book"} if order.is_canceled else {"booked"}):
                found["books"].append(f"{order.receipt_id}: lines {sorted(states)}")


def _stock(found: Found, market: Market) -> None:
    """What either shop has for sale is what is left by the ledger; each product has one listing."""
    items: Counter[str] = Counter()
    for entry in market.entries:
        items[entry.item_id] += entry.pieces
    for row in market.rows(
        "SELECT inventory_item_id AS id, sum(stocked_quantity - reserved_quantity) AS left FROM medusa_level GROUP BY 1"
    ):
        if row["id"] in items and row["left"] != items[row["id"]]:
            found["differing"].append(f"Medusa has {row['left']} of {row['id']}, {items[row['id']]} are left")
    offered: Counter[str] = Counter()
    of_sku: dict[str, set[int]] = {}
    for row in market.rows("SELECT p.*, state FROM inventory_product p JOIN listing USING (listing_id)"):
        offered[row["sku"]] += row["quantity"] if row["state"] == "active" and row["is_enabled"] else 0
        of_sku.setdefault(row["sku"], set()).add(row["listing_id"])
    for sku, variant in market.variants.items():
        if offered[sku] != market.left(variant):
            found["differing"].append(f"Etsy offers {offered[sku]} of {sku}, {market.left(variant)} are left")
    found["duplicate"] += [f"{sku}: {len(ids)} listings" for sku, ids in of_sku.items() if len(ids) != 1]


def _offers(found: Found, market: Market, began: list[float]) -> None:
    """Nothing was offered that was not left, as far as anybody could know.

    A sold-out listing that is renewed gets one piece from Etsy, who knows of which variation (FACTS §6): then one of
    the listing has to be left, and what we put there next counts as ours from none on.
    """
    renewed: set[int] = set()
    for row in market.rows("SELECT * FROM chaos_offer ORDER BY n"):
        if any(after - SLACK <= row["at"] <= before + SLACK for after, before in market.restocked):
            continue  # Etsy itself put the pieces of a canceled order back
        old = dict(_offered(row["old"])) if row["was"] == "active" and row["listing"] not in renewed else {}
        new = dict(_offered(row["new"])) if row["state"] == "active" else {}
        renewed.discard(row["listing"])
        is_renewal = row["was"] == "sold_out" and sum(new.values()) == 1
        renewed |= {row["listing"]} if is_renewal else set()
        since = began[max(0, bisect.bisect_right(began, row["at"] + SLACK) - 1)]
        for sku, pieces in new.items():
            if pieces <= old.get(sku, 0):
                continue
            which = new if is_renewal else (sku,)
            most = max(_most_left(market, market.variants[it], since, row["at"]) for it in which)
            if pieces > max(0, most):
                told = f"{sku}: {old.get(sku, 0)} ({row['was']}) → {pieces} at {row['at']:.2f}, and {most} were left"
                found["oversold by us"].append(told)


def _offered(inventory: str | None) -> Iterator[tuple[str, int]]:
    """By SKU; what has none is a draft of which Etsy did not take the inventory, and is put right when it is read."""
    for item in json.loads(inventory or '{"products": []}')["products"]:
        offering = item["offerings"][0]
        if item["sku"]:
            yield item["sku"], offering["quantity"] if offering["is_enabled"] else 0


def _most_left(market: Market, variant: Variant, since: float, until: float) -> float:
    """The most of a variant that was left at one moment of a time, in favour of who offers it."""
    return min(_most_of(market, item, since, until) // required for item, required in variant.parts.items())


def _most_of(market: Market, item_id: str, since: float, until: float) -> float:
    left, later = 0, []
    for entry in market.entries:
        if entry.item_id != item_id:
            continue
        at = (entry.after if entry.pieces > 0 else entry.before) + (-SLACK if entry.pieces > 0 else SLACK)
        if at <= since:
            left += entry.pieces
        elif at <= until:
            later.append((at, entry.pieces))
    most = left
    for _, pieces in sorted(later):
        left += pieces
        most = max(most, left)
    return most
