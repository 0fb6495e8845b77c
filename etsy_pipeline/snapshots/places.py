"""From the setting ETSY_PIPELINE_SNAPSHOTS to the place that it names."""

import re
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from etsy_pipeline.errors import NotConfigured
from etsy_pipeline.snapshots.database import Database
from etsy_pipeline.snapshots.folder import Folder
from etsy_pipeline.snapshots.object_store import ObjectStore
from etsy_pipeline.snapshots.place import Place
from etsy_pipeline.store.engine import Store

KNOWN_IN_QUERY = frozenset({"endpoint", "region"})
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def place_of(setting: str | None, default: Path, store: Store) -> Place:
    """Where snapshots lie.

    Args:
        setting: as it is set; None: a folder.
        default: that folder.
        store: the database, for those that lie there.

    Raises:
        NotConfigured: `snapshots_malformed`.
    """
    if setting is None:
        return Folder(default)
    if setting == "db:":
        return Database(store)
    with suppress(ValueError):  # an address that is none
        parts = urlsplit(setting)
        query = dict(parse_qsl(parts.query))
        if parts.scheme == "file" and parts.path.startswith("/") and not parts.netloc:  # of no process's own folder
            return Folder(Path(parts.path))
        if parts.scheme == "s3" and _BUCKET.fullmatch(parts.netloc) and query.keys() <= KNOWN_IN_QUERY:
            return ObjectStore(parts.netloc, parts.path, query)
    raise NotConfigured(
        "ETSY_PIPELINE_SNAPSHOTS names no place.",
        code="snapshots_malformed",
        hint="Examples: file:/var/lib/etsy/snapshots, s3://bucket/prefix, s3://bucket/prefix?endpoint=https://minio:9000&"
        "region=us-east-1, db:. Keys are no part of it: they are AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
    )
