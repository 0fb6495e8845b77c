"""Tables that pass between assets: streams of pandas frames with one schema, so that memory stays flat."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import pandas as pd
import pyarrow as pa

from etsy_pipeline.store.records import Snapshot

SNAPSHOT_SCHEMA = pa.schema(
    [
        ("product_id", pa.string()),
        ("title", pa.string()),
        ("status", pa.string()),
        ("variants", pa.int64()),
        ("content_hash", pa.string()),
        ("problem_code", pa.string()),
        ("problem", pa.string()),
        ("product", pa.string()),
        ("covers_selection", pa.bool_()),
        ("stock_from", pa.string()),
        ("stock_read_at", pa.string()),
    ]
)

VALIDATED_SCHEMA = pa.schema(
    [
        ("product_id", pa.string()),
        ("title", pa.string()),
        ("verdict", pa.string()),
        ("codes", pa.string()),
        ("messages", pa.string()),
        ("price", pa.string()),
        ("quantity", pa.int64()),
        ("validated", pa.string()),
        ("identified", pa.string()),
        ("covers_selection", pa.bool_()),
        ("stock_from", pa.string()),
        ("stock_read_at", pa.string()),
        ("references_from", pa.string()),
    ]
)


def _not_read_back(name: str) -> Iterator[Any]:
    raise LookupError(f"{name}: the table is being made and can be read once it is there")


@dataclass(frozen=True, slots=True)
class FrameStream:
    """A table as a stream of frames.

    `metadata` is asked for once all frames were consumed: what a person should read about the table. `column` gives one
    column of a table that was read back, from its beginning and as often as it is asked; `snapshot` is what it was read
    from. `made_from` is what a table that is to be written is made from (None: from Medusa).
    """

    schema: pa.Schema
    frames: Iterator[pd.DataFrame]
    metadata: Callable[[], Mapping[str, Any]] = dict
    column: Callable[[str], Iterator[Any]] = _not_read_back
    snapshot: Snapshot | None = None
    made_from: Snapshot | None = None


def rows(stream: FrameStream) -> Iterator[dict[str, Any]]:
    """The rows of a stream, one at a time."""
    for frame in stream.frames:
        yield from records(frame)


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of one frame."""
    return cast(list[dict[str, Any]], frame.to_dict(orient="records"))
