"""Writing a snapshot with its reference, finding it again, and taking old ones away: the same wherever they lie.

The reference is written after the bytes: what has none is not there for anybody, and goes after a day.
"""

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from etsy_pipeline.errors import NotConfigured, NotFound
from etsy_pipeline.snapshots.place import Kept, Place, gone, new_key, partition_of
from etsy_pipeline.store import accounts, snapshots
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import Snapshot

LEFT_BEHIND = timedelta(days=1)  # what is being written is not a day old, nor what a run still reads
PROBE = "check"
AT_ONCE = 1 << 20  # bytes


class Counted:
    """A file that is written from beginning to end: how many bytes it has, and their fingerprint."""

    closed = False

    def __init__(self, file: Any, place: Place) -> None:
        self._file, self._place = file, place
        self.size, self.sha256 = 0, hashlib.sha256()

    def write(self, data: Any) -> None:
        """The next bytes.

        Raises:
            PipelineError: what the place says.
        """
        with _told_by(self._place):
            self._file.write(data)
        self.size += len(data)
        self.sha256.update(data)

    def flush(self) -> None:
        """Nothing: it is there at its end."""


@dataclass(slots=True)
class Draft:
    """A snapshot that is being written; whoever writes says how many `rows` it has. At the end `snapshot` is there."""

    file: Counted
    rows: int = 0
    snapshot: Snapshot | None = None


@contextmanager
def writing(
    store: Store, place: Place, *, asset: str, partition: str, run_id: str, made_from: Snapshot | None
) -> Iterator[Draft]:
    """Write a snapshot: after the block it is there with its reference; if the block raises, there is none of it.

    Args:
        store: for the reference.
        place: for the bytes.
        asset: whose table.
        partition: of the asset.
        run_id: Dagster's.
        made_from: the snapshot that was read for it; None: Medusa was.

    Raises:
        PipelineError: what the place says.
    """
    key, began = new_key(asset, partition, run_id), store.now()
    with ExitStack() as stack:
        with _told_by(place):
            draft = Draft(Counted(stack.enter_context(place.writing(key)), place))
        yield draft
        with _told_by(place):
            stack.close()
    made = draft.snapshot = Snapshot(
        key=key,
        asset=asset,
        partition=partition,
        run_id=run_id,
        place=place.name,
        rows=draft.rows,
        size_bytes=draft.file.size,
        sha256=draft.file.sha256.hexdigest(),
        made_from=made_from.key if made_from else None,
        taken_at=made_from.taken_at if made_from else began,
        made_at=store.now(),
    )
    with store.writing() as session:
        snapshots.add(session, made)


@contextmanager
def reading(place: Place, snapshot: Snapshot, *, proved: bool = False) -> Iterator[Any]:
    """The file of a snapshot, to be read from anywhere. `proved`: its bytes are compared with its reference first.

    Raises:
        NotFound: `snapshot_gone`.
        NotConfigured: `snapshot_damaged`.
        PipelineError: what the place says.
    """
    with _told_by(place), place.reading(snapshot.key) as file:
        file.seek(0, os.SEEK_END)
        is_whole = file.tell() == snapshot.size_bytes
        if not is_whole or (proved and _sha256(file) != snapshot.sha256):
            raise NotConfigured(
                f"The snapshot {snapshot.key} in {place.name} is not what was written.",
                code="snapshot_damaged",
                hint="Materialize it again, or run plan_sync; and find out what changes files there.",
            )
        file.seek(0)
        yield file


def of_run(store: Store, run_id: str, asset: str, partition: str) -> Snapshot | None:
    """What a run itself made of an asset, if it did."""
    with store.reading() as session:
        return snapshots.of_run(session, run_id, asset, partition)


def by_key(store: Store, key: str, place: Place) -> Snapshot:
    """A snapshot that somebody named.

    Raises:
        NotFound: `snapshot_gone`.
    """
    with store.reading() as session:
        found = snapshots.find(session, key)
    if found is None:
        raise gone(key, place.name)
    return found


def check(place: Place) -> None:
    """Write something, read it, and take it away.

    Raises:
        PipelineError: what the place says.
    """
    key, word = f"{PROBE}/{secrets.token_hex(8)}", secrets.token_bytes(16)
    with _told_by(place):
        with place.writing(key) as file:
            file.write(word)
        with place.reading(key) as file:
            is_same = file.read(len(word)) == word
        place.remove(key)
    if not is_same:
        raise NotFound(
            f"{place.name} gives back something else than was written.",
            code="snapshot_damaged",
            hint="Use another place (ETSY_PIPELINE_SNAPSHOTS).",
        )


def clean(store: Store, place: Place, *, keep: timedelta | None, now: datetime) -> int:
    """Remove old snapshots, and what writers that died left; how many.

    One that a newer one has replaced goes after a day, and the newest of an account after `keep` (None: never), but for
    what a plan that is not over names. Files whose account nobody knows are not ours.

    Raises:
        PipelineError: what the place says.
    """
    replaced_before = now - LEFT_BEHIND
    with store.reading() as session:
        old = snapshots.not_needed(session, replaced_before=replaced_before, before=now - keep if keep else None)
        ours = {account.id for account in accounts.every(session)}
    for key in old:
        with store.writing() as session:
            snapshots.drop(session, key)
        with _told_by(place):
            place.remove(key)
    with _told_by(place):
        left = [kept.key for kept in place.kept() if kept.at < replaced_before and _is_ours(kept, ours)]
    with store.reading() as session:
        left = [key for key in left if snapshots.find(session, key) is None]
    for key in left:
        with _told_by(place):
            place.remove(key)
    return len(old) + len(left)


def _is_ours(kept: Kept, accounts_: set[str]) -> bool:
    return kept.key.startswith(f"{PROBE}/") or partition_of(kept.key) in accounts_


def _sha256(file: Any) -> str:
    file.seek(0)
    digest = hashlib.sha256()
    while block := file.read(AT_ONCE):
        digest.update(block)
    return digest.hexdigest()


@contextmanager
def _told_by(place: Place) -> Iterator[None]:
    """A place's own errors in words."""
    try:
        yield
    except OSError as error:
        raise place.trouble(error) from error
