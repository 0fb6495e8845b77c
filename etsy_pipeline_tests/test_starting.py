"""What a code server and a worker look at before they take work: a person's errors end them, what is away does not."""

import importlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from etsy_pipeline import dagster_yaml
from etsy_pipeline.cli.api import api
from etsy_pipeline.errors import NotConfigured
from etsy_pipeline.orchestration import code_server
from etsy_pipeline.starting import may_start, require_fit, require_key
from etsy_pipeline.store import accounts
from etsy_pipeline.store.encryption import TokenCipher, new_key
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.conftest import ON_SQLITE
from etsy_pipeline_tests.everything_up import free_port
from etsy_pipeline_tests.sync.planned import connected

AWAY = f"postgresql://etsy:sekret@127.0.0.1:{free_port()}/etsy"


@pytest.fixture
def environment(sqlite_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Of a machine on which nothing is missing."""
    set_up = {
        "ETSY_PIPELINE_DATABASE_URL": str(sqlite_store.engine.url),
        "ETSY_PIPELINE_SECRET_KEY": new_key(),
        "ETSY_PIPELINE_SNAPSHOTS": "db:",
        "ETSY_CLIENT_ID": "keystring",
        "ETSY_SHARED_SECRET": "secret",
        "MEDUSA_URL": "http://127.0.0.1:9",
        "MEDUSA_API_KEY": "sk_1",
        "MEDUSA_AMOUNT_UNIT": "major",
        "DAGSTER_HOME": str(tmp_path),
    }
    for name, value in set_up.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.mark.usefixtures("environment")
def test_where_nothing_is_missing_nothing_is_said(capfd: pytest.CaptureFixture[str]) -> None:
    assert may_start("The worker")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("ETSY_PIPELINE_SECRET_KEY", "", "setting_missing"),
        ("ETSY_PIPELINE_SECRET_KEY", "sekret", "secret_key_malformed"),
        ("ETSY_PIPELINE_DATABASE_URL", "mysql://u:sekret@h/x", "database_url_malformed"),
        ("ETSY_PIPELINE_RUNS_AT_ONCE", "0", "settings_unreadable"),
        ("ETSY_PIPELINE_RUNS_AT_ONCE", "-1", "settings_unreadable"),
        ("ETSY_PIPELINE_RUNS_AT_ONCE", "many", "settings_unreadable"),
        ("ETSY_PIPELINE_SNAPSHOTS", "s3:/bucket", "snapshots_malformed"),
        ("ETSY_PIPELINE_SNAPSHOTS", "db", "snapshots_malformed"),
    ],
)
def test_what_only_a_person_can_mend_ends_it_with_its_code_and_no_secret(
    environment: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], name: str, value: str, code: str
) -> None:
    environment.setenv(name, value)
    assert not may_start("The worker")
    said = capfd.readouterr().err
    assert "The worker on " in said
    assert f"[{code}]" in said
    assert "sekret" not in said


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(("version", "code"), [("0001", "database_not_migrated"), ("9999", "database_newer_than_code")])
def test_a_code_server_does_not_begin_on_tables_of_another_version(
    sqlite_store: Store, capfd: pytest.CaptureFixture[str], version: str, code: str
) -> None:
    with sqlite_store.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :version"), {"version": version})
    assert code_server.serve(["--port", "0"]) == 1
    assert f"[{code}]" in capfd.readouterr().err


def test_a_database_that_is_away_and_a_shop_that_is_not_set_up_yet_are_told_and_waited_for(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setenv("ETSY_PIPELINE_DATABASE_URL", AWAY)
    environment.setenv("MEDUSA_API_KEY", "")
    told = require_fit()
    assert [line.rpartition("[")[2] for line in told] == ["database_unreachable]", "setting_missing]"]
    assert "MEDUSA_API_KEY" in told[1]
    assert "sekret" not in " ".join(told)


def test_a_full_disk_is_told_before_the_database_that_lies_on_it(
    environment: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    full = shutil.disk_usage("/")._replace(free=0)
    environment.setattr(shutil, "disk_usage", lambda _path: full)
    assert may_start("The code server"), "its database is elsewhere"
    environment.delenv("ETSY_PIPELINE_DATABASE_URL")
    environment.setenv("ETSY_PIPELINE_HOME", str(tmp_path / "home"))
    assert code_server.serve(["--port", "0"]) == 1
    assert "[disk_full]" in capfd.readouterr().err
    with pytest.raises(NotConfigured, match="disk_full"):
        api()
    assert not (tmp_path / "home").exists()


def test_dagsters_own_database_that_is_away_is_told(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.setattr(dagster_yaml, "is_installed", lambda _module: True)
    url = AWAY.replace("postgresql:", "postgresql+psycopg2:")
    (tmp_path / "dagster.yaml").write_text(f"storage: {{postgres: {{postgres_url: '{url}'}}}}")
    told = require_fit()
    assert len(told) == 1
    assert "[dagster_storage_unreachable]" in told[0]
    assert "sekret" not in told[0]


@ON_SQLITE
def test_a_key_that_fits_no_shop_is_refused_and_one_that_fits_some_is_not(store: Store) -> None:
    other = Store(store.engine, TokenCipher(new_key()))
    require_key(other)
    for name in ("mine", "theirs"):
        cipher = store.cipher if name == "mine" else other.cipher
        account = connected(store)
        with store.writing() as session:
            accounts.change(session, account.id, shop_id=None, refresh_token_encrypted=cipher.encrypt(name))
        if name == "mine":
            with pytest.raises(NotConfigured, match="secret_key_wrong"):
                require_key(other)
    require_key(other)
    require_key(store)


@pytest.fixture
def celerys(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What Celery reads, and what it needs for that."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "deploy" / "celery"))
    monkeypatch.setenv("DAGSTER_CELERY_BROKER", "memory://")
    monkeypatch.setenv("DAGSTER_CELERY_BACKEND", "cache+memory://")
    yield
    sys.modules.pop("dagster_celery_config", None)


@pytest.mark.usefixtures("celerys")
def test_a_worker_that_could_do_nothing_ends_before_it_takes_a_run(environment: pytest.MonkeyPatch) -> None:
    signals = pytest.importorskip("celery.signals", reason="needs the extra celery")
    importlib.import_module("dagster_celery_config")
    signals.worker_init.send(sender=None)
    environment.setenv("ETSY_PIPELINE_SECRET_KEY", "")
    with pytest.raises(SystemExit):
        signals.worker_init.send(sender=None)
