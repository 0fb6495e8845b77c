"""The sandbox's state: one SQLite file that survives restarts and can be read with any SQLite tool. And its clock.

Listings and the like are kept as JSON in a `data` column beside the columns that are searched.
"""

import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

TABLES = """
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS shop (shop_id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL UNIQUE, data TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS oauth_code (code TEXT PRIMARY KEY, user_id INTEGER NOT NULL, redirect_uri TEXT NOT NULL,
  challenge TEXT NOT NULL, scope TEXT NOT NULL, expires_at REAL NOT NULL, used INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS token (token TEXT PRIMARY KEY, kind TEXT NOT NULL, user_id INTEGER NOT NULL,
  scope TEXT NOT NULL, expires_at REAL NOT NULL, revoked INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS listing (listing_id INTEGER PRIMARY KEY AUTOINCREMENT, shop_id INTEGER NOT NULL,
  state TEXT NOT NULL, title TEXT NOT NULL, visible_from REAL NOT NULL DEFAULT 0, data TEXT NOT NULL,
  inventory TEXT);
CREATE INDEX IF NOT EXISTS listing_term ON listing (state, json_extract(data, '$.ending'));
CREATE INDEX IF NOT EXISTS listing_order ON listing (shop_id, state, json_extract(data, '$.created'), listing_id);
CREATE TABLE IF NOT EXISTS listing_image (listing_image_id INTEGER PRIMARY KEY AUTOINCREMENT, shop_id INTEGER NOT NULL,
  listing_id INTEGER, rank INTEGER NOT NULL, alt_text TEXT NOT NULL DEFAULT '', format TEXT NOT NULL,
  width INTEGER NOT NULL, height INTEGER NOT NULL, sha256 TEXT NOT NULL, created_at REAL NOT NULL, content BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS listing_image_of ON listing_image (listing_id);
CREATE TABLE IF NOT EXISTS sequence (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS fee (fee_id INTEGER PRIMARY KEY AUTOINCREMENT, listing_id INTEGER NOT NULL,
  reason TEXT NOT NULL, usd_cents INTEGER NOT NULL, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS calls (bucket INTEGER PRIMARY KEY, count INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS fault (fault_id INTEGER PRIMARY KEY AUTOINCREMENT, operation TEXT NOT NULL,
  kind TEXT NOT NULL, remaining INTEGER, data TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS request_log (request_uuid TEXT PRIMARY KEY, at REAL NOT NULL, operation TEXT NOT NULL,
  method TEXT NOT NULL, path TEXT NOT NULL, status INTEGER NOT NULL, seconds REAL NOT NULL);
CREATE TABLE IF NOT EXISTS receipt (receipt_id INTEGER PRIMARY KEY, shop_id INTEGER NOT NULL, created INTEGER NOT NULL,
  updated INTEGER NOT NULL, data TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS receipt_updated ON receipt (shop_id, updated);
CREATE INDEX IF NOT EXISTS receipt_created ON receipt (shop_id, created);
CREATE TABLE IF NOT EXISTS webhook_event (event_id INTEGER PRIMARY KEY AUTOINCREMENT, receipt_id INTEGER NOT NULL,
  shop_id INTEGER NOT NULL, event_type TEXT NOT NULL, deliveries INTEGER NOT NULL DEFAULT 0, taken INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS medusa_product (id TEXT PRIMARY KEY, created_at TEXT NOT NULL, data TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS medusa_item (id TEXT NOT NULL, product_id TEXT NOT NULL, variant_id TEXT NOT NULL,
  required_quantity REAL NOT NULL, sku TEXT, title TEXT, created_at TEXT NOT NULL, PRIMARY KEY (id, variant_id));
CREATE INDEX IF NOT EXISTS medusa_item_of ON medusa_item (variant_id);
CREATE TABLE IF NOT EXISTS medusa_level (inventory_item_id TEXT NOT NULL, location_id TEXT NOT NULL, id TEXT NOT NULL,
  stocked_quantity NUMERIC NOT NULL, reserved_quantity NUMERIC NOT NULL, created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL, PRIMARY KEY (inventory_item_id, location_id));
CREATE TABLE IF NOT EXISTS medusa_reservation (id TEXT PRIMARY KEY, inventory_item_id TEXT NOT NULL,
  location_id TEXT NOT NULL, line_item_id TEXT, quantity NUMERIC NOT NULL, description TEXT, metadata TEXT,
  created_at TEXT NOT NULL, updated_at TEXT NOT NULL, deleted_at TEXT);
CREATE INDEX IF NOT EXISTS medusa_reservation_described ON medusa_reservation (description);
CREATE INDEX IF NOT EXISTS medusa_reservation_line ON medusa_reservation (line_item_id);
CREATE TABLE IF NOT EXISTS medusa_order (id TEXT PRIMARY KEY, is_draft INTEGER NOT NULL, data TEXT NOT NULL);
CREATE VIEW IF NOT EXISTS inventory_product AS SELECT listing_id, json_extract(item.value, '$.product_id') AS product_id,
  json_extract(item.value, '$.sku') AS sku, json_extract(item.value, '$.property_values') AS property_values,
  json_extract(item.value, '$.offerings[0].price') AS price,
  json_extract(item.value, '$.offerings[0].quantity') AS quantity,
  json_extract(item.value, '$.offerings[0].is_enabled') AS is_enabled
  FROM listing, json_each(listing.inventory, '$.products') AS item;
"""
SELLERS_TABLES = (
    "oauth_code", "token", "listing", "listing_image", "fee", "calls", "fault", "request_log", "shop", "receipt",
    "webhook_event",
)  # fmt: skip
MEDUSAS_TABLES = ("medusa_product", "medusa_item", "medusa_level", "medusa_reservation", "medusa_order")


class MissingError(LookupError):
    """What a control call is about is not there."""


class State:
    """The opened file. `working` gives one transaction at a time, whichever thread asks."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.executescript(TABLES)
        self._lock = threading.RLock()
        self._clock_offset = float(self.setting("clock_offset", "0"))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def working(self, *, keep: bool = True) -> Iterator["State"]:
        """One transaction; with `keep=False` nothing of it stays, but for the ids that it used up."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            if keep:
                self._connection.execute("COMMIT")
            else:
                self._roll_back()

    def _roll_back(self) -> None:
        """Forget the transaction, but for the ids that it used up: Etsy gives none twice."""
        numbers = self.rows("SELECT name, value FROM sequence")
        rows = self.rows("SELECT seq, name FROM sqlite_sequence")
        self._connection.execute("ROLLBACK")
        for number in numbers:
            self.run("INSERT OR REPLACE INTO sequence (name, value) VALUES (?, ?)", *number)
        for row in rows:
            if not self.rows("UPDATE sqlite_sequence SET seq = ? WHERE name = ? RETURNING seq", *row):
                self.run("INSERT INTO sqlite_sequence (seq, name) VALUES (?, ?)", *row)

    def now(self) -> float:
        """Seconds since the epoch, by the sandbox's clock."""
        return time.time() + self._clock_offset

    def moment(self) -> str:
        """Now, as Medusa writes it."""
        return datetime.fromtimestamp(self.now(), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def advance(self, seconds: float) -> None:
        """Put the clock forward."""
        self._clock_offset += seconds
        self.set_setting("clock_offset", str(self._clock_offset))

    def forget(self, *tables: str) -> None:
        """Empty some tables. Sequences go on, so that no id comes twice."""
        with self.working():
            for table in tables:
                self.run(f"DELETE FROM {table}")  # noqa: S608 - our own names

    def set_back_clock(self) -> None:
        """Undo every `advance`."""
        self.advance(-self._clock_offset)

    def rows(self, sql: str, *values: object) -> list[sqlite3.Row]:
        """All rows of a query."""
        with self._lock:
            return self._connection.execute(sql, values).fetchall()

    def row(self, sql: str, *values: object) -> sqlite3.Row | None:
        """The first row of a query."""
        with self._lock:
            found: sqlite3.Row | None = self._connection.execute(sql, values).fetchone()
            return found

    def run(self, sql: str, *values: object) -> int:
        """Run a statement; the id of a row that it inserted."""
        with self._lock:
            return int(self._connection.execute(sql, values).lastrowid or 0)

    def number(self, name: str, start: int) -> int:
        """The next number of a sequence."""
        row = self.row("SELECT value FROM sequence WHERE name = ?", name)
        value = int(row["value"]) + 1 if row else start
        self.run("INSERT OR REPLACE INTO sequence (name, value) VALUES (?, ?)", name, value)
        return value

    def setting(self, name: str, default: str) -> str:
        """A stored setting."""
        row = self.row("SELECT value FROM setting WHERE name = ?", name)
        return str(row["value"]) if row else default

    def set_setting(self, name: str, value: str) -> None:
        """Store a setting."""
        self.run("INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)", name, value)


def load(row: sqlite3.Row, column: str = "data") -> Any:
    """The JSON of a row."""
    return json.loads(row[column])


def dump(value: object) -> str:
    """JSON for a row."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
