"""What is on the local Etsy, against what the last plan wanted and what our books say. All read from the tables."""

import html
import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from catalogue import Pictures, season

from etsy_pipeline.listings.listing import Listing
from etsy_pipeline.planning.link import Link
from etsy_pipeline.store import links
from etsy_pipeline.store.engine import Store

KINDS = ("duplicate", "lost", "differing", "books")


def judge(account_id: str, sandbox: Path, products: int, number: int, sold: int, store: Store) -> dict[str, list[str]]:
    """Everything that is wrong, by kind; all lists are empty when nothing is."""
    found: dict[str, list[str]] = {kind: [] for kind in KINDS}
    with sqlite3.connect(f"file:{sandbox}?mode=ro", uri=True) as etsy:
        etsy.row_factory = sqlite3.Row
        rows = {row["listing_id"]: row for row in etsy.execute("SELECT * FROM listing")}
        found["duplicate"] = [f"{name}: {count} listings" for name, count in _names(rows).items() if count > 1]
        with store.reading() as session:
            books = {link.product_id: link for link in links.search(session, account_id=account_id)}
            for item in season(products, number, sold):
                link = books.get(item.product_id)
                row = rows.get(link.etsy_listing_id or 0) if link else None
                if link is None or row is None:
                    found["lost"].append(item.product_id)
                    continue
                _check(found, item.product_id, link, row, item.listing)
                if item.listing:
                    known = links.images_of(session, account_id, [item.product_id]).get(item.product_id, {})
                    ours = [image for _, image in sorted(known.items())]
                    there = _images(etsy, row["listing_id"])
                    wanted = [Pictures().fetch(image.url).source_sha256 for image in item.listing.images]
                    if [sha for _, sha in there] != wanted:
                        seen, meant = [sha[:6] for _, sha in there], [sha[:6] for sha in wanted]
                        found["differing"].append(f"{item.product_id}: pictures {seen}, not {meant}")
                    if [image.etsy_image_id for image in ours] != [image_id for image_id, _ in there]:
                        found["books"].append(f"{item.product_id}: pictures")
        if len(rows) != len(books):
            found["books"].append(f"{len(rows)} listings, {len(books)} links")
    return found


def _names(rows: dict[int, sqlite3.Row]) -> Counter[str]:
    return Counter(row["title"].partition(" of the storm")[0] for row in rows.values())


def _check(found: dict[str, list[str]], product_id: str, link: Link, row: sqlite3.Row, wanted: Listing | None) -> None:
    if link.sync_status != "synced" or link.create_reference or link.listing_state != row["state"]:
        found["books"].append(f"{product_id}: {link.sync_status}, {link.listing_state}, Etsy has {row['state']}")
    if wanted is None:
        if row["state"] != "inactive":
            found["differing"].append(f"{product_id}: still {row['state']}")
        return
    found["differing"] += [f"{product_id}: {name}" for name in _different(json.loads(row["data"]), row, wanted)]


def _different(data: dict[str, Any], row: sqlite3.Row, wanted: Listing) -> Iterator[str]:
    if html.unescape(row["title"]) != wanted.title:
        yield "title"
    if html.unescape(data["description"]) != wanted.description:
        yield "description"
    if sorted(data["tags"]) != sorted(wanted.tags):
        yield "tags"
    if row["state"] != "active":
        yield f"state {row['state']}"
    there = [
        (item["sku"], tuple(value["values"][0] for value in item["property_values"]),
         float(item["offerings"][0]["price"]), item["offerings"][0]["quantity"])
        for item in json.loads(row["inventory"])["products"]
    ]  # fmt: skip
    if there != [(item.sku, item.values, float(item.price), item.quantity) for item in wanted.inventory.offerings]:
        yield "inventory"


def _images(etsy: sqlite3.Connection, listing_id: int) -> list[tuple[int, str]]:
    query = "SELECT listing_image_id, sha256 FROM listing_image WHERE listing_id = ? ORDER BY rank"
    return [(row[0], row[1]) for row in etsy.execute(query, (listing_id,))]
