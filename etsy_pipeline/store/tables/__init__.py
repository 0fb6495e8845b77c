"""The database: typed tables of docs/database.md, and nothing that acts on them. Known in `store/` only.

All of them are imported here, so that whoever knows one of them (or `Table`) has them all: foreign keys and migrations
need that. Tokens are encrypted before they get here (`store/encryption.py`).
"""

from etsy_pipeline.store.tables import accounts, listings, medusa, orders, people, snapshots, syncs, traffic

__all__ = ["accounts", "listings", "medusa", "orders", "people", "snapshots", "syncs", "traffic"]
