"""What probes ask: does it live, and is all there that work takes? On both kinds of database."""

import shutil
import threading
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from etsy_pipeline import wiring
from etsy_pipeline.api.ready import BROKEN, OK, TIMED_OUT, Check
from etsy_pipeline.errors import NotConfigured, StoreUnavailable
from etsy_pipeline.settings import Settings
from etsy_pipeline.store import accounts, signs_of_life
from etsy_pipeline.store.encryption import TokenCipher, new_key
from etsy_pipeline.store.engine import Store
from etsy_pipeline.sync.code_version import this_code
from etsy_pipeline_tests.api.serving import serving
from etsy_pipeline_tests.conftest import ON_SQLITE
from etsy_pipeline_tests.everything_up import free_port
from etsy_pipeline_tests.sync.planned import connected

LONG_AGO = "2026-01-01 00:00:00"


def ready(url: str) -> tuple[int, dict[str, str]]:
    """Status, and what is not ok; nobody shows who they are."""
    answer = httpx.get(f"{url}/ready", timeout=30)
    told = answer.json()
    assert told["status"] == ("ready" if answer.status_code == 200 else "not_ready")
    assert set(told["checks"]) == {"database", "tables", "key", "sensors", "dagster", "snapshots", "disk"}
    return answer.status_code, {name: word for name, word in told["checks"].items() if word != OK}


def at_work(store: Store) -> None:
    with store.writing() as session:
        signs_of_life.note(session, signs_of_life.SENSORS)


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    return settings.model_copy(update={"etsy_pipeline_home": tmp_path / "home"})


def test_it_is_ready_once_dagsters_sensors_are_at_work(settings: Settings, store: Store) -> None:
    with serving(settings, store) as url:
        assert ready(url) == (503, {"sensors": "silent"})
    at_work(store)
    with serving(settings, store) as url:
        assert ready(url) == (200, {})


def test_tables_of_another_version_are_named(settings: Settings, sqlite_store: Store) -> None:
    at_work(sqlite_store)
    for version, word in (("0001", "behind"), ("9999", "newer")):
        with sqlite_store.engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :version"), {"version": version})
        with serving(settings, sqlite_store) as url:
            assert ready(url) == (503, {"tables": word})


@ON_SQLITE
def test_a_key_that_reads_no_tokens_is_named(settings: Settings, store: Store) -> None:
    at_work(store)
    account, theirs = connected(store), TokenCipher(new_key())
    with store.writing() as session:
        accounts.change(session, account.id, refresh_token_encrypted=theirs.encrypt("secret"))
    with serving(settings, store) as url:
        assert ready(url) == (503, {"key": "secret_key_wrong"})


@ON_SQLITE
def test_dagsters_storage_and_celerys_broker_are_asked(
    settings: Settings, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_work(store)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    nobody = f"127.0.0.1:{free_port()}"
    storage = f"storage: {{postgres: {{postgres_url: 'postgresql+psycopg2://u:secret@{nobody}/dagster'}}}}"
    redis = f"{{broker: 'redis://:secret@{nobody}/0', backend: 'redis://:secret@{nobody}/1'}}"
    launcher = f"run_launcher: {{class: CeleryRuns, config: {redis}}}"
    for text_of_file, code in ((storage, "dagster_storage_unreachable"), (launcher, "broker_unreachable")):
        (tmp_path / "dagster.yaml").write_text(text_of_file)
        with serving(settings, store) as url:
            assert ready(url) == (503, {"dagster": code})
            assert "secret" not in httpx.get(f"{url}/ready").text


@ON_SQLITE
def test_a_code_server_of_another_version_and_a_second_daemon_are_named(settings: Settings, store: Store) -> None:
    for name, word in (("code/0.0.1 mapper 1", "other_code"), (signs_of_life.TWO_DAEMONS, "two_daemons")):
        with store.writing() as session:
            signs_of_life.note_code(session, this_code())
            signs_of_life.note(session, signs_of_life.SENSORS)
            signs_of_life.note(session, name)
        with serving(settings, store) as url:
            assert ready(url) == (503, {"sensors": word})
        with store.engine.begin() as connection:  # the old one is ended, and time goes by
            connection.execute(text("UPDATE sign_of_life SET seen_at = :long_ago"), {"long_ago": LONG_AGO})


def test_a_full_disk_and_a_place_without_rights_are_named(
    settings: Settings, sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nowhere(_settings: Settings, _store: Store) -> str:
        raise NotConfigured("/srv/secret cannot be written.", code="snapshots_unwritable", hint="Mend it.")

    at_work(sqlite_store)
    full = shutil.disk_usage("/")._replace(free=10)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: full)
    monkeypatch.setattr(wiring, "check_snapshots", nowhere)
    with serving(settings, sqlite_store) as url:
        assert ready(url) == (503, {"snapshots": "snapshots_unwritable", "disk": "disk_full"})
        assert "secret" not in httpx.get(f"{url}/ready").text


def test_a_database_that_is_away_is_named_and_it_still_lives(
    settings: Settings, sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise StoreUnavailable("Away.", code="database_unreachable", hint="Start it.")

    monkeypatch.setattr(sqlite_store, "now", away)
    monkeypatch.setattr(sqlite_store, "state", away)
    monkeypatch.setattr(sqlite_store, "reading", away)
    with serving(settings, sqlite_store) as url:
        status, wrong = ready(url)
        assert status == 503
        assert wrong["database"] == wrong["tables"] == wrong["key"] == wrong["sensors"] == "database_unreachable"
        assert httpx.get(f"{url}/health").json() == {"status": "ok"}


def test_what_does_not_answer_is_waited_for_once() -> None:
    goes_on, asked = threading.Event(), []

    def hangs() -> str:
        asked.append(1)
        goes_on.wait()
        return OK

    check = Check(hangs, timeout_seconds=0.05)
    for _ in range(5):
        check.begin()
        assert check.told() == TIMED_OUT
    assert len(asked) == 1
    goes_on.set()
    assert check._done.wait(5)
    check.begin()
    assert check.told() == OK


def test_what_was_told_is_good_for_a_while() -> None:
    asked, now = [], 0.0

    def ask() -> str:
        asked.append(1)
        return OK

    check = Check(ask, kept_seconds=5, clock=lambda: now)
    for at, times in ((0.0, 1), (4.9, 1), (5.0, 2)):
        now = at
        check.begin()
        assert check.told() == OK
        assert len(asked) == times


def test_an_error_that_nobody_expected_is_a_word_too() -> None:
    check = Check(lambda: str(1 / 0))
    check.begin()
    assert check.told() == BROKEN
