"""A plan is made of what its own run read, or of the newest that Dagster knows of: on whatever machine, never of less."""

from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest
from sqlalchemy import text

from etsy_pipeline import state_folder
from etsy_pipeline.cli.main import app
from etsy_pipeline.shop import identity
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import queries
from etsy_pipeline_tests.orchestration.dagster_ui import Dagster, metadata_of, why

SNAPSHOT, VALIDATED, PLAN = "product_snapshot", "validated_listings", "sync_plan"


@pytest.fixture(autouse=True)
def _one_product(dagster: Dagster) -> None:
    dagster.world.keep_only(*dagster.world.product_ids("clean")[:1])


@pytest.fixture
def homes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """State folders of two machines that share our database and Dagster's storage."""
    home = tmp_path / "state"
    monkeypatch.setenv("ETSY_PIPELINE_DATABASE_URL", f"sqlite:///{home / 'etsy_pipeline.db'}")
    monkeypatch.setenv("ETSY_PIPELINE_SECRET_KEY", (home / "secret.key").read_text())
    return tmp_path / "host a", tmp_path / "host b"


def on(host: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state_folder.prepare(host)
    monkeypatch.setenv("ETSY_PIPELINE_HOME", str(host))


def a_second_product(dagster: Dagster) -> None:
    """It is for sale in Medusa from now on."""
    state = dagster.world.sandbox.state
    row = state.row("SELECT * FROM medusa_product LIMIT 1")
    assert row is not None
    data = row["data"].replace(row["id"], f"{row['id']}2").replace('"variant_', '"variant_2')
    values = {**{name: row[name] for name in row.keys()}, "id": f"{row['id']}2", "data": data}  # noqa: SIM118 - a Row
    marks = ", ".join("?" * len(values))
    state.run(f"INSERT INTO medusa_product ({', '.join(values)}) VALUES ({marks})", *values.values())  # noqa: S608


def test_another_machine_plans_from_no_file_of_its_own_that_is_older(
    dagster: Dagster, homes: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Measured: it did, and said nothing."""
    here, there = homes
    on(there, monkeypatch)
    assert dagster.run("plan_sync").success
    on(here, monkeypatch)
    a_second_product(dagster)
    assert dagster.materialize(SNAPSHOT, VALIDATED).success
    on(there, monkeypatch)
    told = why(dagster.materialize(PLAN))
    assert "[snapshot_gone]" in told
    assert "s3://bucket/prefix or db:" in told
    assert len(queries.latest_jobs(dagster.store)) == 1, "nothing was planned"


def test_in_a_place_that_they_share_it_plans_from_the_newest(
    dagster: Dagster, homes: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ETSY_PIPELINE_SNAPSHOTS", "db:")
    here, there = homes
    on(there, monkeypatch)
    assert dagster.run("plan_sync").success
    on(here, monkeypatch)
    a_second_product(dagster)
    made = dagster.materialize(SNAPSHOT, VALIDATED)
    assert made.success
    on(there, monkeypatch)
    assert dagster.materialize(PLAN).success
    job = dagster.newest()
    assert (job.total_products, job.snapshot) == (2, metadata_of(made, VALIDATED)["snapshot"])
    assert sorted(path.name for host in homes for path in host.iterdir()) == []


def test_a_table_that_was_made_from_an_older_snapshot_is_outdated(dagster: Dagster) -> None:
    assert dagster.run("plan_sync").success
    newer = metadata_of(dagster.materialize(SNAPSHOT), SNAPSHOT)["snapshot"]
    told = why(dagster.materialize(PLAN))
    assert "[snapshot_outdated]" in told
    assert f"there is a newer product_snapshot: {newer}. Materialize validated_listings as well" in told
    assert dagster.materialize(VALIDATED, PLAN).success


def test_what_an_earlier_run_read_is_used_for_some_hours(dagster: Dagster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ETSY_PIPELINE_SNAPSHOT_HOURS", "3")
    assert dagster.materialize(SNAPSHOT, VALIDATED).success
    _read_earlier(dagster, timedelta(hours=2.9))
    assert dagster.materialize(PLAN).success
    _read_earlier(dagster, timedelta(hours=0.2))
    told = why(dagster.materialize(PLAN))
    assert "[snapshot_outdated]" in told
    assert "had 3.1 hours ago" in told
    assert "at most 3 are allowed (ETSY_PIPELINE_SNAPSHOT_HOURS). Run plan_sync" in told
    assert dagster.run("plan_sync").success, "which reads Medusa anew"


def _read_earlier(dagster: Dagster, by: timedelta) -> None:
    """As if Medusa had been read so much earlier."""
    with dagster.store.writing() as session:
        seconds = f"-{by.total_seconds()} seconds"
        later = text("UPDATE snapshot SET taken_at = strftime('%Y-%m-%d %H:%M:%f', taken_at, :by)")
        session.execute(later, {"by": seconds})


def test_a_plan_names_the_snapshot_that_it_was_made_from(
    dagster: Dagster, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    result = dagster.run("plan_sync")
    snapshot, validated, plan = (metadata_of(result, name) for name in (SNAPSHOT, VALIDATED, PLAN))
    job = dagster.newest()
    assert job.snapshot == validated["snapshot"] == plan["snapshot"]
    assert (snapshot["made_from"], validated["made_from"]) == ("Medusa", snapshot["snapshot"])
    assert result.run_id in str(job.snapshot)
    assert (validated["dagster/row_count"], len(validated["sha256"])) == (1, 64)
    assert validated["lies_in"].startswith("file:")
    monkeypatch.setenv("COLUMNS", "300")
    app(["sync", "status", job.transaction_id], standalone_mode=False)
    assert f"Made from the snapshot {job.snapshot}." in capsys.readouterr().out


def test_a_run_reads_what_it_made_itself_though_another_one_is_newer(
    dagster: Dagster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another machine snapshots while it validates."""
    others: list[dg.ExecuteInProcessResult] = []
    usual = identity.require_for_plan

    def meanwhile(*given: object, **more: object) -> None:
        if not others:
            others.append(dagster.materialize(SNAPSHOT))
            others.append(dagster.materialize(VALIDATED))
        usual(*given, **more)  # type: ignore[arg-type] # handed on

    monkeypatch.setattr("etsy_pipeline.orchestration.plan_assets.require_for_plan", meanwhile)
    result = dagster.run("plan_sync")
    assert result.success
    assert all(other.success for other in others)
    assert dagster.newest().snapshot == metadata_of(result, VALIDATED)["snapshot"]
    assert dagster.newest().state is SyncState.PLANNED


def test_a_file_that_was_changed_since_is_refused(dagster: Dagster, tmp_path: Path) -> None:
    assert dagster.materialize(SNAPSHOT, VALIDATED).success
    (file,) = (tmp_path / "state/snapshots/validated_listings").iterdir()
    data = bytearray(file.read_bytes())
    data[100] ^= 1
    file.write_bytes(data)
    assert "[snapshot_damaged]" in why(dagster.materialize(PLAN))


def test_what_an_earlier_version_made_is_to_be_made_again(dagster: Dagster) -> None:
    """Its materializations name no snapshot, and its files are one an account, whoever wrote them last."""
    event = dg.AssetMaterialization(VALIDATED, partition=dagster.account.id, metadata={"path": "/x/acc.parquet"})
    dagster.instance.report_runless_asset_event(event)
    told = why(dagster.materialize(PLAN))
    assert "or only by an earlier version of this program. Materialize it, or run the job plan_sync" in told
    assert "[not_materialized]" in told
