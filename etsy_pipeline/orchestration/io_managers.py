"""Keeps the tables between assets as Parquet files: one a partition, replaced whole or not at all.

Dagster: https://docs.dagster.io/guides/build/io-managers
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from etsy_pipeline import state_folder
from etsy_pipeline.orchestration.frames import FrameStream
from etsy_pipeline.settings import Settings

ROWS_AT_ONCE = 500


class ParquetIOManager(dg.ConfigurableIOManager):
    """Writes streams of frames (or single frames) as Parquet, and reads them back as either.

    Args:
        folder: where the files lie; default: `snapshots` in the state folder.
    """

    folder: str | None = None

    def handle_output(self, context: dg.OutputContext, obj: FrameStream | pd.DataFrame) -> None:
        """Write to a new file, then put it in place of the old one: a failure half way loses nothing."""
        stream = obj if isinstance(obj, FrameStream) else _single(obj)
        path = self._path(context)
        state_folder.private_folder(path.parent)
        partial = path.with_suffix(f".{context.run_id[:8]}.partial")
        count = 0
        try:
            state_folder.private_file(partial)
            with pq.ParquetWriter(partial, stream.schema, compression="zstd") as writer:
                for frame in stream.frames:
                    writer.write_table(pa.Table.from_pandas(frame, schema=stream.schema, preserve_index=False))
                    count += len(frame)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
        context.add_output_metadata(
            {"dagster/row_count": count, "path": dg.MetadataValue.path(path), **stream.metadata()}
        )

    def load_input(self, context: dg.InputContext) -> FrameStream | pd.DataFrame:
        """Read the table, as a stream where the asset asks for one."""
        path = self._path(context)
        if not path.exists():
            name = context.asset_key.to_user_string()
            raise dg.Failure(
                f"{name} has not been materialized for {context.partition_key} yet. Materialize it first, or run the "
                "job plan_sync, which does all of it. [not_materialized]",
                allow_retries=False,
            )
        if context.dagster_type.typing_type is pd.DataFrame:
            return pd.read_parquet(path)
        return FrameStream(pq.read_schema(path), _frames(path), column=partial(_column, path))

    def _path(self, context: dg.InputContext | dg.OutputContext) -> Path:
        folder = Path(self.folder) if self.folder else state_folder.snapshots(Settings.load().etsy_pipeline_home)
        return folder.absolute() / context.asset_key.path[-1] / f"{context.partition_key}.parquet"


def _single(frame: pd.DataFrame) -> FrameStream:
    return FrameStream(pa.Schema.from_pandas(frame, preserve_index=False), iter((frame,)))


def _column(path: Path, name: str) -> Iterator[Any]:
    with pq.ParquetFile(path) as file:
        if name not in file.schema_arrow.names:
            raise dg.Failure(
                f"{path.parent.name} was made by an earlier version. Materialize it again. [not_materialized]",
                allow_retries=False,
            )
        for batch in file.iter_batches(batch_size=ROWS_AT_ONCE, columns=[name]):
            yield from batch.column(0).to_pylist()


def _frames(path: Path) -> Iterator[pd.DataFrame]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=ROWS_AT_ONCE):
            yield batch.to_pandas()
