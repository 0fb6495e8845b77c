"""The database opens, upgrades itself where it may, and says what is wrong where it cannot. On both kinds."""

import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import make_url, select, text

from etsy_pipeline.errors import NotConfigured, StoreUnavailable, Unavailable
from etsy_pipeline.store import engine
from etsy_pipeline.store.encryption import TokenCipher, key_in_state_folder, new_key
from etsy_pipeline.store.engine import Session, Store, open_store
from etsy_pipeline.store.migrate import code_version
from etsy_pipeline.store.tables.accounts import EtsyAccountRow
from etsy_pipeline.store.tables.base import Table
from etsy_pipeline_tests.conftest import CIPHER
from etsy_pipeline_tests.store.operators_sql import FAILED_LINKS_OF_THE_OPERATOR, JOBS_OF_THE_OPERATOR

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ACCOUNTS = select(EtsyAccountRow).order_by(EtsyAccountRow.id)
RENAME = text("UPDATE etsy_account SET name = :name")
WRITE = text("UPDATE etsy_account SET name = name WHERE id = :name")


@pytest.mark.parametrize("query", [JOBS_OF_THE_OPERATOR, FAILED_LINKS_OF_THE_OPERATOR])
def test_the_operators_own_sql_runs_verbatim(store: Store, query: str) -> None:
    with store.engine.connect() as connection:
        assert connection.execute(text(query)).all() == []


def test_migrations_make_exactly_the_tables_of_the_models(store: Store) -> None:
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Table.metadata) == []


def test_a_second_upgrade_changes_nothing(store: Store) -> None:
    assert store.upgrade() == store.upgrade() == code_version()


def test_a_database_that_is_newer_than_the_code_is_left_alone(store: Store) -> None:
    url = store.engine.url.render_as_string(hide_password=False)
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    try:
        with pytest.raises(NotConfigured, match="newer version") as caught:
            open_store(url, CIPHER, upgrade=True)
        assert caught.value.code == "database_newer_than_code"
    finally:
        with store.engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :own"), {"own": code_version()})


def test_an_empty_database_of_ones_own_is_not_changed_unasked(tmp_path: Path) -> None:
    with pytest.raises(NotConfigured, match="db upgrade") as caught:
        open_store(f"sqlite:///{tmp_path / 'new.db'}", CIPHER, upgrade=False)
    assert caught.value.code == "database_not_migrated"


def test_two_processes_may_open_a_new_database_at_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    errors: list[Exception] = []

    def open_it() -> None:
        try:
            open_store(url, CIPHER, upgrade=True).close()
        except Exception as error:  # noqa: BLE001 - a thread's error is the test's result
            errors.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_a_new_database_that_another_process_is_making_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite itself does not wait here."""
    path = tmp_path / "new.db"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr(engine, "sleep", lambda _: other.execute("COMMIT"))
    open_store(f"sqlite:///{path}", CIPHER, upgrade=True).close()
    assert not other.in_transaction
    other.close()


def test_a_locked_database_is_called_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "SQLITE_BUSY_SECONDS", 0.1)  # half a minute is too long for a test
    path = tmp_path / "locked.db"
    opened = open_store(f"sqlite:///{path}", CIPHER, upgrade=True)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="locked") as caught, opened.writing():
        pass
    assert caught.value.code == "database_locked"
    holder.close()


def test_an_unreachable_server_is_called_unreachable_without_its_password() -> None:
    with pytest.raises(Unavailable) as caught:
        open_store("postgresql://someone:hunter2@127.0.0.1:9/none", CIPHER, upgrade=False)
    assert caught.value.code == "database_unreachable"
    assert "hunter2" not in str(caught.value)


def test_a_server_whose_machine_is_gone_counts_as_away_after_a_while_that_the_url_may_change(postgres_url: str) -> None:
    url = make_url(postgres_url).update_query_dict({"keepalives_idle": "7"}).render_as_string(hide_password=False)
    with closing(open_store(url, CIPHER, upgrade=True)) as store, store.engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        told = driver.info.get_parameters()
    assert (told["tcp_user_timeout"], told["keepalives_idle"]) == ("30000", "7")


def carry_out(store: Store, *statements: str) -> None:
    """In one transaction."""
    with store.writing() as session:
        for statement in statements:
            session.execute(text(statement))


def test_a_right_that_the_databases_user_lacks_is_told_as_such(postgres_url: str) -> None:
    """Tables that another user owns, say: to upgrade them would not help."""
    with closing(open_store(postgres_url, CIPHER, upgrade=True)) as store:
        carry_out(store, "DROP ROLE IF EXISTS without_rights", "CREATE ROLE without_rights")
        with pytest.raises(NotConfigured, match="permission denied") as caught:
            carry_out(store, "SET LOCAL ROLE without_rights", "SELECT * FROM etsy_account")
        carry_out(store, "DROP ROLE without_rights")
    assert caught.value.code == "database_right_missing"


def test_a_server_that_takes_no_changes_counts_as_away(postgres_url: str) -> None:
    """A standby, say: a publisher waits for the primary."""
    opened = closing(open_store(postgres_url, CIPHER, upgrade=True))
    with opened as store, pytest.raises(StoreUnavailable, match="read-only") as caught:
        carry_out(store, "SET TRANSACTION READ ONLY", "DELETE FROM etsy_account")
    assert caught.value.code == "database_read_only"


@pytest.mark.parametrize("url", ["mysql://localhost/x", "not a url", "", "postgresql://u:pw@host:abc/d"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(NotConfigured) as caught:
        open_store(url, CIPHER, upgrade=False)
    assert caught.value.code == "database_url_malformed"


def test_a_failed_block_writes_nothing(store: Store) -> None:
    def write_and_fail() -> None:
        with store.writing() as session:
            session.add(EtsyAccountRow(id="etsy_acc_1", name="A", created_at=NOW, updated_at=NOW))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_fail()
    with store.reading() as session:
        assert session.get(EtsyAccountRow, "etsy_acc_1") is None


def test_what_the_orm_writes_and_plain_statements_is_there_together_or_not_at_all(store: Store) -> None:
    def write(name: str, *, fails: bool) -> None:
        with store.writing() as session:
            session.add(EtsyAccountRow(id="by_orm", name=name, created_at=NOW, updated_at=NOW))
            session.flush()
            changed = session.connection().execute(RENAME, {"name": name + "!"})
            assert changed.rowcount == 1, "the one sees what the other wrote"
            session.add(EtsyAccountRow(id="late", name=name, created_at=NOW, updated_at=NOW))
            if fails:
                raise RuntimeError

    with pytest.raises(RuntimeError):
        write("A", fails=True)
    write("B", fails=False)
    with store.reading() as session:
        assert [(row.id, row.name) for row in session.scalars(ACCOUNTS)] == [("by_orm", "B!"), ("late", "B")]


def test_what_fails_within_a_savepoint_takes_nothing_else_along(store: Store) -> None:
    """Plain statements, too: those that are given to the session's connection are within the savepoint."""

    def write(session: Session, name: str, *, fails: bool) -> None:
        with session.begin_nested():
            session.connection().execute(RENAME, {"name": name})
            if fails:
                raise RuntimeError

    with store.writing() as session:
        session.add(EtsyAccountRow(id="one", name="A", created_at=NOW, updated_at=NOW))
        session.flush()
        session.connection().execute(RENAME, {"name": "B"})
        with pytest.raises(RuntimeError):
            write(session, "C", fails=True)
    with store.reading() as session:
        assert session.scalars(ACCOUNTS).one().name == "B"
    with store.writing() as session:
        write(session, "D", fails=False)
    with store.reading() as session:
        assert session.scalars(ACCOUNTS).one().name == "D"


def test_moments_come_back_in_utc(store: Store) -> None:
    local = NOW.astimezone(timezone(timedelta(hours=5)))
    with store.writing() as session:
        session.add(EtsyAccountRow(id="etsy_acc_1", name="A", shop_id=2**40, created_at=local, updated_at=NOW))
    with store.reading() as session:
        found = session.get_one(EtsyAccountRow, "etsy_acc_1")
        assert (found.created_at, found.created_at.tzinfo, found.shop_id) == (NOW, UTC, 2**40)


def test_a_moment_without_a_zone_is_refused(sqlite_store: Store) -> None:
    with pytest.raises(Exception, match="no time zone"), sqlite_store.writing() as session:
        session.add(EtsyAccountRow(id="a", name="A", created_at=NOW.replace(tzinfo=None), updated_at=NOW))


def test_tokens_survive_a_rotation_of_keys() -> None:
    old, new = new_key(), new_key()
    stored = TokenCipher(old).encrypt("12345.secret")
    assert "secret" not in stored
    assert TokenCipher(f"{new},{old}").decrypt(stored) == "12345.secret"


def test_a_wrong_key_says_so() -> None:
    stored = TokenCipher(new_key()).encrypt("12345.secret")
    with pytest.raises(NotConfigured, match="cannot be decrypted"):
        TokenCipher(new_key()).decrypt(stored)


def test_a_malformed_key_says_so_without_showing_it() -> None:
    with pytest.raises(NotConfigured) as caught:
        TokenCipher("hunter2")
    assert caught.value.code == "secret_key_malformed"
    assert "hunter2" not in str(caught.value)


def test_the_key_in_the_state_folder_is_made_once_and_private(tmp_path: Path) -> None:
    assert key_in_state_folder(tmp_path) == key_in_state_folder(tmp_path)
    assert (tmp_path / "secret.key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_of_two_writers_that_wait_for_each_other_one_is_ended_and_told_so(store: Store) -> None:
    with store.writing() as session:
        for name in ("a", "b"):
            session.add(EtsyAccountRow(id=name, name=name, created_at=NOW, updated_at=NOW))
    both_hold, told = threading.Barrier(2), list[str]()

    def write(first: str, second: str) -> None:
        try:
            with store.writing() as session:
                session.execute(text("SET LOCAL deadlock_timeout = '10ms'"))
                session.execute(WRITE, {"name": first})
                both_hold.wait(timeout=60)
                session.execute(WRITE, {"name": second})
        except Unavailable as error:
            told.append(error.code)

    threads = [threading.Thread(target=write, args=names) for names in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == ["database_deadlock"]
