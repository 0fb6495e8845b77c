"""Where snapshots lie: what a folder, an object store and our own database have in common.

A snapshot is the table of an asset and a partition as one run wrote it, a Parquet file with a key of its own:
`<asset>/<partition>.<run id>.<random>.parquet`. Nothing is ever written over. What lies where:

| ETSY_PIPELINE_SNAPSHOTS | the bytes |
|---|---|
| not set | files below `snapshots` in the state folder |
| `file:/folder` | files below it |
| `s3://bucket/prefix` | objects |
| `db:` | pieces of 1 MB, in `snapshot_chunk` |

What a snapshot is (rows, sha256, what it was made from, when) stands in our database (`snapshot`), wherever the bytes
lie; Dagster's materialization names its key, and so does the sync whose plan was made from it.
"""

import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import quote

from etsy_pipeline.errors import NotFound, PipelineError

SUFFIX = ".parquet"


@dataclass(frozen=True, slots=True)
class Kept:
    """Something that lies in a place: a snapshot, or what a writer left that died. `at` is when it was last written."""

    key: str
    at: datetime


class Place(Protocol):
    """Keeps files by key. What fails in its own way is told by `trouble`; all else is raised as it is."""

    @property
    def name(self) -> str:
        """What it is called before people: no secret is in it."""

    def writing(self, key: str) -> AbstractContextManager[Any]:
        """A file to be written from its beginning to its end; there as a whole after the block, or not at all.

        Raises:
            PipelineError, OSError: it cannot be written.
        """

    def reading(self, key: str) -> AbstractContextManager[Any]:
        """A file to be read from anywhere.

        Raises:
            NotFound: `snapshot_gone`.
            PipelineError, OSError: it cannot be read.
        """

    def kept(self) -> Iterator[Kept]:
        """All that lies here, whoever wrote it."""

    def remove(self, key: str) -> None:
        """Take something away, if it is there."""

    def trouble(self, error: OSError) -> PipelineError:
        """What an error of it means, and what to do."""


def new_key(asset: str, partition: str, run_id: str) -> str:
    """A key that nothing had before: also where a step is done twice in a run."""
    return f"{asset}/{quote(partition, safe='')}.{run_id}.{secrets.token_hex(4)}{SUFFIX}"


def partition_of(key: str) -> str:
    """The partition of whatever this program may have written under a key, in this version or an earlier one."""
    return key.rpartition("/")[2].partition(".")[0]


def gone(key: str, place: str) -> NotFound:
    """What is told of a snapshot that is not where it should be."""
    return NotFound(
        f"The snapshot {key} is not in {place}: it was removed, or written by another machine that keeps its own.",
        code="snapshot_gone",
        hint="Materialize it again, or run plan_sync. Several machines need one place: set ETSY_PIPELINE_SNAPSHOTS to "
        "s3://bucket/prefix or db: on all of them.",
    )
