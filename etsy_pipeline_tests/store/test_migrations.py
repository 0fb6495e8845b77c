"""A database that the version before has filled is brought up to date without loss. On SQLite and PostgreSQL.

`filled_0006.sql` was written by that version: a plan with every kind of item, and syncs in all of its statuses.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect, make_url, text

from etsy_pipeline.planning.changes import FieldConflict
from etsy_pipeline.store import accounts, items, jobs, leases, links, migrate, webhooks
from etsy_pipeline.store.engine import Store, open_store
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.store.tables.base import Table
from etsy_pipeline.sync import approvals, queries, views
from etsy_pipeline_tests.conftest import CIPHER
from etsy_pipeline_tests.store.operators_sql import FAILED_LINKS_OF_THE_OPERATOR, JOBS_OF_THE_OPERATOR

FILLED = Path(__file__).with_name("filled_0006.sql").read_text(encoding="utf-8")
AT = datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC)
STATES = {
    "requested": SyncState.REQUESTED,
    "planning": SyncState.PLANNING,
    "planning_again": SyncState.PLANNING,
    "planned": SyncState.PLANNED,
    "planned_without_changes": SyncState.PLANNED,
    "planned_first_version": SyncState.PLANNED,
    "confirmed": SyncState.CONFIRMED,
    "processing_older": SyncState.CANCELLED,  # two were under way for its account
    "processing": SyncState.PROCESSING,
    "paused": SyncState.PAUSED,
    "completed": SyncState.COMPLETED,
    "completed_with_errors": SyncState.COMPLETED_WITH_ERRORS,
    "failed": SyncState.FAILED,
    "failed_before_its_plan": SyncState.FAILED,
    "rejected": SyncState.REJECTED,
    "superseded": SyncState.SUPERSEDED,
    "cancelled": SyncState.CANCELLED,
    "cancelled_while_it_ran": SyncState.CANCELLED,
    "expired": SyncState.EXPIRED,
    "of_another_version": SyncState.UNKNOWN,
}
NEW_COLUMNS = {"state", "lane", "status", "snapshot_ref"}  # what came, is computed now, or went

Rows = dict[str, list[Mapping[str, Any]]]


def as_before(connection: Connection) -> None:
    """All tables as the version before knew them, with its rows."""
    config = migrate._config()
    config.attributes["connection"] = connection
    command.upgrade(config, "0006")
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL TIME ZONE 'UTC'")
    for statement in FILLED.split(";\n"):
        if statement.strip():
            connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


def test_the_versions_are_those_of_alembics_chain() -> None:
    scripts = ScriptDirectory.from_config(migrate._config())
    assert migrate._versions() == tuple(script.revision for script in scripts.walk_revisions())[::-1]
    assert migrate.code_version() == scripts.get_current_head()


def rows_of(store: Store) -> Rows:
    """All that is in the tables, as the database gives it."""
    found: Rows = {}
    with store.engine.connect() as connection:
        there = set(inspect(connection).get_table_names())
        for table in (table for table in Table.metadata.sorted_tables if table.name in there):
            result = connection.execute(text(f"SELECT * FROM {table.name}"))  # noqa: S608 - our own names
            found[table.name] = sorted((dict(row) for row in result.mappings()), key=repr)
    return found


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of one's own, without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'old.db'}"
        return
    server = make_url(request.getfixturevalue("postgres_url")).set(drivername="postgresql+psycopg")
    name = f"old_{tmp_path.name}".lower()[:60]
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    yield server.set(drivername="postgresql", database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    admin.dispose()


@pytest.fixture
def before(url: str) -> Rows:
    """What is in the database that the version before has filled."""
    from etsy_pipeline.store.engine import _engine

    old = Store(_engine(url), CIPHER)
    with old._writer.begin() as connection:
        as_before(connection)
    found = rows_of(old)
    old.close()
    return found


@pytest.fixture
def store(url: str, before: Rows) -> Iterator[Store]:
    """The same database, brought up to date."""
    del before
    opened = open_store(url, CIPHER, upgrade=True)
    yield opened
    opened.close()


def job_of(store: Store, name: str) -> EtsySyncJob:
    return queries.job(store, f"wf_{name}")


def test_every_table_of_the_version_before_is_filled(before: Rows) -> None:
    assert [name for name, rows in before.items() if not rows] == []


def known_columns(after: list[Mapping[str, Any]], before: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The rows without the columns that are new."""
    return [{name: value for name, value in row.items() if name in before[0]} for row in after]


def test_every_row_is_still_there_as_it_was(before: Rows, store: Store) -> None:
    after = rows_of(store)
    old, new = before.pop("etsy_sync_job"), after.pop("etsy_sync_job")
    assert {table: known_columns(after[table], rows) for table, rows in before.items()} == before
    assert {row["transaction_id"] for row in new} == {row["transaction_id"] for row in old}
    known = {row["transaction_id"]: row for row in new}
    changed = {
        (row["transaction_id"], column)
        for row in old
        for column, value in row.items()
        if column not in NEW_COLUMNS and known[row["transaction_id"]][column] != value
    }
    assert changed == {
        ("wf_processing_older", "completed_at"),
        ("wf_processing_older", "error_log"),
        ("wf_of_another_version", "error_log"),
    }


def test_each_sync_is_in_the_state_that_it_was_in(store: Store) -> None:
    assert {name: job_of(store, name).state for name in STATES} == STATES
    assert len(queries.latest_jobs(store, most=100)) == len(STATES), "none is forgotten here"


def test_the_outside_hears_the_same_words(before: Rows, store: Store) -> None:
    old = {row["transaction_id"]: row["status"] for row in before["etsy_sync_job"]}
    new = {row["transaction_id"]: row["status"] for row in rows_of(store)["etsy_sync_job"]}
    assert {name: word for name, word in new.items() if word != old[name]} == {
        "wf_processing_older": "cancelled",
        "wf_of_another_version": "unknown",
    }
    assert {name: queries.job(store, name).status for name in new} == new


def test_what_could_not_stay_as_it_was_is_told(store: Store) -> None:
    told = job_of(store, "processing_older").message
    assert told.startswith("It was started twice. Another sync of this account was approved and not finished")
    unknown = job_of(store, "of_another_version")
    assert unknown.message.startswith("It adopts. The status of this sync was 'adopting'")
    assert unknown.error_log["prod_a"] == "No."


@pytest.mark.parametrize("query", [JOBS_OF_THE_OPERATOR, FAILED_LINKS_OF_THE_OPERATOR])
def test_the_operators_own_sql_answers(store: Store, query: str) -> None:
    with store.engine.connect() as connection:
        found = connection.execute(text(query)).mappings().all()
    assert len(found) == (10 if "etsy_sync_job" in query else 1)
    assert [row.get("sync_error", "") for row in found][-1] in {"", "Etsy said: 100 % wrong; don't."}


def test_its_plans_are_read(store: Store) -> None:
    plan = {item.product_id: item.plan for item in queries.plan_items(store, "wf_planned")}
    assert {name: item.action for name, item in plan.items()} == {
        "prod_new": "create", "prod_update": "update", "prod_skip": "skip", "prod_invalid": "invalid",
        "prod_sizes": "update", "prod_warned": "create", "prod_failed": "skip", "prod_removed": "deactivate",
    }  # fmt: skip
    update = plan["prod_update"]
    assert update.conflicts == (
        FieldConflict("title", "Stoneware Mug", "Seller's title", "Stoneware Mug", "overwritten"),
        FieldConflict("quantity", "10", "7", "7", "sold"),
    )
    assert [brake.code for brake in update.brakes] == ["price_hundredfold"]
    assert [change.part for change in update.differences] == ["listing", "listing", "inventory"]
    assert [verdict.code for verdict in plan["prod_warned"].verdicts] == ["no_images"]
    assert plan["prod_new"].desired is not None
    assert plan["prod_new"].desired.title == "Großer Becher „Ömer“"
    rows = {row.product_id: row for row in queries.plan_rows(store, "wf_planned")}
    assert "CONFLICT title was changed on Etsy" in rows["prod_update"].care


def test_sums_of_the_first_version_are_read(store: Store) -> None:
    first = job_of(store, "planned_first_version")
    assert (first.totals.create, first.totals.braked, first.for_a_person, first.groups) == (1, 0, None, ())
    planned = job_of(store, "planned_without_changes")
    assert (planned.totals.skip, planned.quota, planned.for_a_person) == (2, None, ())
    full = job_of(store, "paused")
    assert full.quota is not None
    assert (full.quota.left_today, full.groups) == (9000, (("update", "title", 2),))


def test_all_of_it_is_read_by_the_functions_of_the_store(store: Store) -> None:
    with store.reading() as session:
        for job in jobs.latest(session, most=100):
            assert list(items.matching(session, job.id, dangerous_first=True)) is not None
            assert views.job_view(job, {})["id"] == job.id
            assert queries.plan_summary(job).transaction_id == job.transaction_id
            assert (jobs.approval(session, job.transaction_id) is not None) == bool(
                job.confirmed_at or job.state is SyncState.REJECTED
            )
        selection = jobs.get(session, "wf_requested").requested_selection
        assert selection is not None
        assert selection.product_ids == ("prod_1", "prod_2")
        assert [account.label for account in accounts.every(session)].count("Mugs & More") == 1
        found = {(link.product_id, link.etsy_account_id): link for link in links.search(session)}
        assert found["prod_failed", "etsy_acc_mugs"].has_failed
        assert found["prod_failed", "etsy_acc_mugs"].create_reference == "ref:etsy_pipeline/abc"
        published = found["prod_update", "etsy_acc_mugs"].published
        assert published is not None
        assert published.title == "Stoneware Mug"
        pictures = links.images_of(session, "etsy_acc_mugs", ["prod_update"])["prod_update"]
        assert {rank: image.etsy_image_id for rank, image in pictures.items()} == {1: 5100000001, 2: 5100000002}
        assert leases.held(session, AT) == {("etsy_acc_pots", "full")}
        assert [mark.receipt_id for mark in webhooks.sold_marks(session, 5000000001)] == [3000000001]
        assert webhooks.counts(session) == {"stored": 4}
        under_way = jobs.under_way(session, "etsy_acc_pots")
    assert under_way is not None
    assert under_way.transaction_id == "wf_processing", "the newest of the two"
    assert under_way.created_at.tzinfo is UTC


def test_an_interrupted_publication_goes_on_where_it_was(store: Store) -> None:
    with store.reading() as session:
        job = jobs.get(session, "wf_processing")
        (item,) = items.of_products(session, job.id, ["prod_a"])
    assert (item.step, item.attempts, item.outcome, job.started_at) == ("written", 1, "waiting", AT)


def test_a_plan_that_waited_is_approved(store: Store) -> None:
    """Its digest is still that of its items and of the shop's settings."""
    job = approvals.approve(store, "wf_planned", decided_by="Ada", through="cli", amount_unit="major")
    assert job.state is SyncState.CONFIRMED
