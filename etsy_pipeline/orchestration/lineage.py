"""Which snapshot a step reads: what its own run made, else the newest that Dagster has in its books; never another one.

Runs on several machines share Dagster's storage and our database, but perhaps no disk: what lies on one proves nothing.

Dagster: https://docs.dagster.io/guides/build/assets/asset-metadata (materialization metadata)
"""

from datetime import datetime, timedelta

import dagster as dg

from etsy_pipeline.errors import Conflict, PipelineError
from etsy_pipeline.snapshots import keeping
from etsy_pipeline.snapshots.place import Place
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import Snapshot

KEY = "snapshot"
"""Of a materialization's metadata: the key of what was written."""


def input_of(context: dg.InputContext, store: Store, place: Place, most: timedelta) -> tuple[Snapshot, bool]:
    """The snapshot that a step reads, and whether its own run made it.

    Args:
        context: of the input.
        store: the database.
        place: where snapshots lie.
        most: how long ago Medusa may have been read for it, unless this very run did that.

    Raises:
        Conflict: `not_materialized`, `snapshot_outdated`.
        NotFound: `snapshot_gone`.
    """
    asset, partition = context.asset_key.path[-1], context.partition_key
    own = keeping.of_run(store, context.step_context.run_id, asset, partition)
    if own is not None:
        return own, True
    newest = newest_key(context.instance, context.asset_key, partition)
    if newest is None:
        raise not_materialized(asset, partition)
    snapshot = keeping.by_key(store, newest, place)
    _require_newest_source(context.instance, snapshot)
    _require_young(snapshot, store.now(), most)
    return snapshot, False


def newest_key(instance: dg.DagsterInstance, asset: dg.AssetKey, partition: str) -> str | None:
    """The key in the newest materialization of a partition; None where there is none, or one of an earlier version."""
    wanted = dg.AssetRecordsFilter(asset_key=asset, asset_partitions=[partition])
    found = instance.fetch_materializations(wanted, limit=1).records
    event = found[0].asset_materialization if found else None
    told = event.metadata.get(KEY) if event else None
    return str(told.value) if told is not None else None


def not_materialized(asset: str, partition: str) -> PipelineError:
    """What is told where Dagster knows of no snapshot that this version has written."""
    return Conflict(
        f"{asset} has not been materialized for {partition} yet, or only by an earlier version of this program.",
        code="not_materialized",
        hint="Materialize it, or run the job plan_sync, which does all of it.",
    )


def _require_newest_source(instance: dg.DagsterInstance, snapshot: Snapshot) -> None:
    """A table that was made from another one is outdated as soon as that one is made anew."""
    if snapshot.made_from is None:
        return
    source = snapshot.made_from.partition("/")[0]
    newest = newest_key(instance, dg.AssetKey(source), snapshot.partition)
    if newest not in {None, snapshot.made_from}:
        raise Conflict(
            f"{_named(snapshot)} was made from {snapshot.made_from}, and there is a newer {source}: {newest}.",
            code="snapshot_outdated",
            hint=f"Materialize {snapshot.asset} as well, or run plan_sync.",
        )


def _require_young(snapshot: Snapshot, now: datetime, most: timedelta) -> None:
    age = now - snapshot.taken_at
    if age > most:
        raise Conflict(
            f"{_named(snapshot)} tells what Medusa had {_hours(age)} hours ago, at {snapshot.taken_at:%Y-%m-%d %H:%M} "
            f"UTC; at most {_hours(most)} are allowed (ETSY_PIPELINE_SNAPSHOT_HOURS).",
            code="snapshot_outdated",
            hint="Run plan_sync: it reads Medusa anew.",
        )


def _named(snapshot: Snapshot) -> str:
    return f"{snapshot.asset} of {snapshot.partition} (run {snapshot.run_id[:8]})"


def _hours(time: timedelta) -> str:
    return f"{time.total_seconds() / 3600:.3g}"
