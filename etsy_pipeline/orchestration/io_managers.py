"""Keeps the tables between assets as Parquet: each materialization is a snapshot of its own, whole or not there.

Where they lie is a setting (`snapshots/place.py`); which one is read is decided in `lineage.py`.

Dagster: https://docs.dagster.io/guides/build/io-managers
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import dagster as dg
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from etsy_pipeline import wiring
from etsy_pipeline.errors import PipelineError
from etsy_pipeline.orchestration import lineage
from etsy_pipeline.orchestration.frames import FrameStream
from etsy_pipeline.orchestration.resources import StoreResource
from etsy_pipeline.orchestration.runs import failure
from etsy_pipeline.settings import Settings
from etsy_pipeline.snapshots import keeping
from etsy_pipeline.snapshots.place import Place
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import Snapshot

ROWS_AT_ONCE = 500


class ParquetIOManager(dg.ConfigurableIOManager):
    """Writes streams of frames (or single frames) as Parquet, and reads them back as either.

    Args:
        store: the database, which knows what each snapshot is.
    """

    store: dg.ResourceDependency[StoreResource]

    def handle_output(self, context: dg.OutputContext, obj: FrameStream | pd.DataFrame) -> None:
        """Write to a place of its own: a failure half way loses nothing, and nobody reads half a table."""
        stream = obj if isinstance(obj, FrameStream) else _single(obj)
        with self._opened() as (store, place):
            whose = {"asset": context.asset_key.path[-1], "partition": context.partition_key}
            made_from = stream.made_from
            with (
                keeping.writing(store, place, **whose, run_id=context.run_id, made_from=made_from) as draft,
                pq.ParquetWriter(draft.file, stream.schema, compression="zstd") as writer,
            ):
                for frame in stream.frames:
                    writer.write_table(pa.Table.from_pandas(frame, schema=stream.schema, preserve_index=False))
                    draft.rows += len(frame)
        context.add_output_metadata({**_told(draft.snapshot), **stream.metadata()})

    def load_input(self, context: dg.InputContext) -> FrameStream | pd.DataFrame:
        """Read the table, as a stream where the asset asks for one.

        Raises:
            dg.Failure: there is none, or none that may be used (`lineage.py`).
        """
        with self._opened() as (store, place):
            most = Settings.load().snapshot_age
            snapshot, is_own = lineage.input_of(context, store, place, most)
            with _parquet(place, snapshot, proved=not is_own) as file:
                schema = file.schema_arrow
                if context.dagster_type.typing_type is pd.DataFrame:
                    whole: pd.DataFrame = file.read().to_pandas()
                    return whole
        context.log.info("snapshot_read key=%s rows=%s place=%s", snapshot.key, snapshot.rows, snapshot.place)
        frames, column = self._frames(snapshot), lambda name: self._column(snapshot, name)
        return FrameStream(schema, frames, column=column, snapshot=snapshot)

    def _frames(self, snapshot: Snapshot) -> Iterator[pd.DataFrame]:
        with self._opened() as (_, place), _parquet(place, snapshot) as file:
            for batch in file.iter_batches(batch_size=ROWS_AT_ONCE):
                yield batch.to_pandas()

    def _column(self, snapshot: Snapshot, name: str) -> Iterator[Any]:
        with self._opened() as (_, place), _parquet(place, snapshot) as file:
            if name not in file.schema_arrow.names:
                raise lineage.not_materialized(snapshot.asset, snapshot.partition)
            for batch in file.iter_batches(batch_size=ROWS_AT_ONCE, columns=[name]):
                yield from batch.column(0).to_pylist()

    @contextmanager
    def _opened(self) -> Iterator[tuple[Store, Place]]:
        """The database and the place, closed at the end; our errors as Dagster shows them."""
        try:
            with self.store.opened() as store:
                yield store, wiring.snapshots_of(Settings.load(), store)
        except PipelineError as error:
            raise failure(error) from None


def _single(frame: pd.DataFrame) -> FrameStream:
    return FrameStream(pa.Schema.from_pandas(frame, preserve_index=False), iter((frame,)))


@contextmanager
def _parquet(place: Place, snapshot: Snapshot, *, proved: bool = False) -> Iterator[pq.ParquetFile]:
    with keeping.reading(place, snapshot, proved=proved) as file, closing(pq.ParquetFile(file)) as opened:
        yield opened


def _told(snapshot: Snapshot | None) -> dict[str, Any]:
    """What a materialization says of what was written: the next step, on whatever machine, finds it by this."""
    if snapshot is None:
        raise AssertionError("it was written")
    return {
        "dagster/row_count": snapshot.rows,
        lineage.KEY: snapshot.key,
        "lies_in": snapshot.place,
        "size_bytes": snapshot.size_bytes,
        "sha256": snapshot.sha256,
        "made_from": snapshot.made_from or "Medusa",
    }
