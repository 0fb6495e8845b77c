"""Snapshots lie in a folder, in an object store or in the database: whole or not at all, and no longer than needed."""

import os
import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from etsy_pipeline.accounts import configure
from etsy_pipeline.errors import NotConfigured, NotFound, PipelineError
from etsy_pipeline.snapshots import database, keeping
from etsy_pipeline.snapshots.folder import Folder
from etsy_pipeline.snapshots.place import Place
from etsy_pipeline.snapshots.places import place_of
from etsy_pipeline.store import snapshots
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import Snapshot
from etsy_pipeline.sync import lifecycle
from etsy_pipeline.sync.lifecycle import Event
from etsy_pipeline_tests.conftest import ON_SQLITE
from etsy_pipeline_tests.snapshots.conftest import EVERY_PLACE
from etsy_pipeline_tests.snapshots.object_server import refusing
from etsy_pipeline_tests.sync.planned import connected, planned

in_every_place = pytest.mark.parametrize(("store", "where"), EVERY_PLACE, indirect=["store"])
Keys = Callable[[], list[str]]
MONTH = timedelta(days=30)


def written(
    store: Store, place: Place, data: bytes = b"PAR1", *, asset: str = "product_snapshot", partition: str = "acc",
    run_id: str = "run-1", made_from: Snapshot | None = None,
) -> Snapshot:  # fmt: skip
    whose = {"asset": asset, "partition": partition, "run_id": run_id}
    with keeping.writing(store, place, **whose, made_from=made_from) as draft:
        draft.file.write(data)
        draft.rows = 3
    assert draft.snapshot is not None
    return draft.snapshot


def of(store: Store, key: str) -> Snapshot | None:
    with store.reading() as session:
        return snapshots.find(session, key)


def in_days(days: float) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


@in_every_place
def test_what_was_written_is_read_again_from_anywhere(store: Store, place: Place) -> None:
    data = secrets.token_bytes(5 * database.PIECE // 2)
    snapshot = written(store, place, data)
    assert (snapshot.size_bytes, snapshot.rows, snapshot.run_id) == (len(data), 3, "run-1")
    assert of(store, snapshot.key) == snapshot
    with keeping.reading(place, snapshot, proved=True) as file:
        for start in (0, database.PIECE - 2, len(data) - 5, 7):
            file.seek(start)
            assert file.read(10) == data[start : start + 10]
        file.seek(3)
        assert file.read(len(data)) == data[3:], "all that was asked for, over pieces"


@in_every_place
def test_each_one_has_a_key_of_its_own_and_says_what_it_was_made_from(store: Store, place: Place, keys: Keys) -> None:
    first, again = written(store, place), written(store, place, b"another")
    made = written(store, place, asset="validated_listings", made_from=first)
    assert first.key != again.key
    assert "/acc.run-1." in first.key
    assert keys() == sorted([first.key, again.key, made.key])
    assert (first.made_from, made.made_from, made.taken_at) == (None, first.key, first.taken_at)
    assert made.made_at >= first.made_at


@in_every_place
def test_of_one_that_was_not_finished_nothing_is_left(store: Store, place: Place, keys: Keys) -> None:
    def half() -> None:
        with keeping.writing(
            store, place, asset="product_snapshot", partition="acc", run_id="run-1", made_from=None
        ) as draft:
            draft.file.write(secrets.token_bytes(12_000_000))
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        half()
    assert keys() == []
    assert keeping.of_run(store, "run-1", "product_snapshot", "acc") is None


@in_every_place
def test_one_that_is_gone_or_was_changed_is_told(store: Store, place: Place) -> None:
    snapshot = written(store, place, b"as it was")
    with place.writing(snapshot.key + "x") as file:
        file.write(b"as it is!")
    changed = Snapshot(**{name: getattr(snapshot, name) for name in Snapshot.__slots__} | {"key": snapshot.key + "x"})
    with (
        pytest.raises(NotConfigured, match="not what was written") as told,
        keeping.reading(place, changed, proved=True),
    ):
        pass
    assert told.value.code == "snapshot_damaged"
    place.remove(snapshot.key)
    place.remove(snapshot.key)
    with pytest.raises(NotFound) as gone, keeping.reading(place, snapshot):
        pass
    assert (gone.value.code, place.name.split("/")[0] in str(gone.value)) == ("snapshot_gone", True)


@in_every_place
def test_old_ones_go_but_for_what_a_waiting_plan_names(store: Store, place: Place, keys: Keys) -> None:
    account = connected(store)
    source = written(store, place, partition=account.id)
    named = written(store, place, asset="validated_listings", made_from=source, partition=account.id)
    job = planned(store, account, snapshot=named.key)
    replaced, newest = written(store, place, partition=account.id), written(store, place, partition=account.id)
    made = written(store, place, asset="validated_listings", made_from=newest, partition=account.id)
    assert keeping.clean(store, place, keep=MONTH, now=in_days(0.9)) == 0
    assert keeping.clean(store, place, keep=MONTH, now=in_days(2)) == 1
    assert keys() == sorted([source.key, named.key, newest.key, made.key])
    assert of(store, replaced.key) is None
    with store.writing() as session:
        lifecycle.try_move(session, job.transaction_id, Event.CANCEL, who="person")
    assert keeping.clean(store, place, keep=None, now=in_days(400)) == 2
    assert keys() == sorted([newest.key, made.key]), "the newest stay where they are kept for ever"
    assert keeping.clean(store, place, keep=MONTH, now=in_days(31)) == 2
    assert keys() == []


@in_every_place
def test_what_a_dead_writer_left_goes_after_a_day_and_what_is_not_ours_stays(
    store: Store, place: Place, keys: Keys
) -> None:
    account = configure.add(store, "Shop")
    left = [f"product_snapshot/{account.id}.run.abc.parquet", f"product_snapshot/{account.id}.parquet", "check/1"]
    foreign = "product_snapshot/etsy_acc_of_another.parquet"
    for key in (*left, foreign):
        with place.writing(key) as file:
            file.write(b"half a table")
    assert keeping.clean(store, place, keep=MONTH, now=in_days(0.9)) == 0
    assert keeping.clean(store, place, keep=MONTH, now=in_days(1.1)) == len(left)
    assert keys() == [foreign]


@in_every_place
def test_whether_it_can_be_used_is_tried(place: Place, keys: Keys) -> None:
    keeping.check(place)
    assert keys() == []


@in_every_place
def test_memory_does_not_grow_with_the_table(store: Store, place: Place) -> None:
    """60 frames of half a megabyte. An object store takes parts of 10 MB, which are held from the beginning."""
    schema, seen, frames = pa.schema([("text", pa.string())]), [], 60

    def rows() -> Iterator[pd.DataFrame]:
        for _ in range(frames):
            yield pd.DataFrame({"text": [secrets.token_hex(500) for _ in range(500)]})

    whose = {"asset": "product_snapshot", "partition": "acc", "run_id": "run-1"}
    with (
        keeping.writing(store, place, **whose, made_from=None) as draft,
        pq.ParquetWriter(draft.file, schema, compression="zstd") as writer,
    ):
        for frame in rows():
            writer.write_table(pa.Table.from_pandas(frame, schema=schema, preserve_index=False))
            seen.append(pa.total_allocated_bytes())
    assert draft.snapshot is not None
    assert draft.snapshot.size_bytes > 7_000_000
    count = 0
    with keeping.reading(place, draft.snapshot) as file, pq.ParquetFile(file) as opened:
        for batch in opened.iter_batches(batch_size=500):
            count += len(batch)
            seen.append(pa.total_allocated_bytes())
    assert count == frames * 500
    writing, reading = seen[:frames], seen[frames:]
    for half in (writing, reading):
        assert max(half[frames // 2 :]) - max(half[: frames // 2]) < 1_000_000
    assert max(reading) < 20_000_000


@ON_SQLITE
def test_what_the_setting_names(store: Store, tmp_path: Path) -> None:
    named = {None: f"file:{tmp_path}", "file:/var/lib/x": "file:/var/lib/x", "db:": "db:", "s3://b/p": "s3://b/p"}
    named |= {"s3://b": "s3://b", "s3://b//p/?endpoint=http://minio:9000&region=x": "s3://b/p"}
    assert {setting: place_of(setting, tmp_path, store).name for setting in named} == named
    wrong = ("/var/lib/x", "file:", "file://host/x", "s3:", "s3:///p", "s3://AKIA:secret@b/p", "gs://b/p", "db:x")
    for setting in (
        *wrong,
        "s3://my bucket/p",
        "s3://b:9000/p",
        "s3://b/p?access_key=x",
        "s3://[b/p",
        "file:of/this/process",
        "file:~/x",
    ):
        with pytest.raises(NotConfigured) as told:
            place_of(setting, tmp_path, store)
        assert told.value.code == "snapshots_malformed"
        assert "secret" not in str(told.value), "keys may stand in it, though they should not"


def troubled(place: Place, store: Store) -> list[str]:
    """The codes that are told when it is tried, and when something is written."""
    found = []
    tries: list[Callable[[], Any]] = [lambda: keeping.check(place), lambda: written(store, place)]
    for attempt in tries:
        with pytest.raises(PipelineError) as told:
            attempt()
        assert "very-secret" not in str(told.value)
        found.append(told.value.code)
    return found


@ON_SQLITE
def test_a_folder_that_cannot_be_written_is_told(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    assert troubled(Folder(tmp_path / "file" / "folder"), store) == ["snapshots_not_kept"] * 2
    read_only = Folder(tmp_path / "read-only")

    def refused(*_: object, **__: object) -> int:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "open", refused)
    assert troubled(read_only, store) == ["snapshots_not_kept"] * 2


@ON_SQLITE
def test_a_disk_that_gets_full_while_a_table_is_written_is_told_and_nothing_of_it_is_left(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """/dev/full takes nothing, as a disk that is full: also not what is still in a buffer when the file is closed."""
    place, schema = Folder(tmp_path / "tables"), pa.schema([("text", pa.string())])
    opened = Path.open
    monkeypatch.setattr(Path, "open", lambda path, mode="r": opened(Path("/dev/full") if mode == "wb" else path, mode))

    def write(frames: int) -> None:
        with (
            keeping.writing(store, place, asset="a", partition="p", run_id="r", made_from=None) as draft,
            pq.ParquetWriter(draft.file, schema) as writer,
        ):
            for _ in range(frames):
                writer.write_table(pa.table({"text": [secrets.token_hex(500) for _ in range(500)]}))

    for frames in (0, 3):  # noticed at the end, or in the middle
        with pytest.raises(NotConfigured, match="No space left") as told:
            write(frames)
        assert told.value.code == "snapshots_not_kept"
    assert [path for path in (tmp_path / "tables").rglob("*") if path.is_file()] == []
    assert keeping.of_run(store, "r", "a", "p") is None


@ON_SQLITE
def test_an_error_of_the_writer_itself_is_no_trouble_of_the_place(store: Store, tmp_path: Path) -> None:
    place = Folder(tmp_path)

    def writer() -> None:
        with keeping.writing(store, place, asset="a", partition="p", run_id="r", made_from=None):
            raise BrokenPipeError("a process of the writer's died")

    with pytest.raises(BrokenPipeError):
        writer()


@ON_SQLITE
def test_no_bucket_no_permission_and_no_answer_are_told_before_anything_is_read(
    store: Store, aws: str, tmp_path: Path
) -> None:
    assert troubled(place_of("s3://no-such-bucket/x", tmp_path, store), store) == ["snapshots_bucket_missing"] * 2
    nobody = place_of("s3://tables/x?endpoint=http://127.0.0.1:9", tmp_path, store)
    assert troubled(nobody, store) == ["snapshots_unreachable"] * 2
    refusing(aws, everything=True)
    try:
        assert troubled(place_of("s3://tables/x", tmp_path, store), store) == ["snapshots_refused"] * 2
    finally:
        refusing(aws, everything=False)
