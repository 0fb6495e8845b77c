"""The embedded database's key is lost: no new one takes its place by itself, and a person is told the way out."""

import shutil
from contextlib import closing
from pathlib import Path

import pytest

from etsy_pipeline import starting, wiring
from etsy_pipeline.errors import NotConfigured
from etsy_pipeline.settings import Settings
from etsy_pipeline.store import accounts
from etsy_pipeline.store.encryption import new_key
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.cli.terminal import Terminal
from etsy_pipeline_tests.embedded import begin
from etsy_pipeline_tests.everything_up import PROJECT
from etsy_pipeline_tests.sync.planned import connected
from etsy_pipeline_tests.world import a_world


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("ETSY_PIPELINE_HOME", str(tmp_path / "state"))
    return begin(Settings.load())


def with_tokens(store: Store) -> None:
    with closing(store):
        account = connected(store)
        with store.writing() as session:
            accounts.change(session, account.id, refresh_token_encrypted=store.cipher.encrypt("secret"))


def test_nothing_starts_and_no_key_is_made(
    settings: Settings, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with_tokens(wiring.store_of(settings))
    key = settings.etsy_pipeline_home / "secret.key"
    key.rename(tmp_path / "backup.key")
    assert not starting.may_start("The code server")
    assert f"there is no {key}" in capfd.readouterr().err
    shutil.copy(PROJECT / "dagster.yaml", tmp_path / "dagster.yaml")
    terminal = Terminal(tmp_path, {})
    for words in (("up",), ("api",), ("accounts", "add", "Another"), ("doctor",)):
        assert "secret_key_missing" in terminal(*words, status=1), words
    assert not key.exists()
    (tmp_path / "backup.key").rename(key)
    assert starting.may_start("The code server")


def test_a_key_in_the_environment_is_as_good(settings: Settings) -> None:
    with_tokens(wiring.store_of(Settings.load(etsy_pipeline_secret_key=new_key())))
    with pytest.raises(NotConfigured, match="set ETSY_PIPELINE_SECRET_KEY if the key was there"):
        wiring.store_of(settings)


def test_where_nothing_was_encrypted_nothing_is_lost(settings: Settings) -> None:
    wiring.store_of(settings).close()
    (settings.etsy_pipeline_home / "secret.key").unlink()
    wiring.store_of(settings).close()
    assert (settings.etsy_pipeline_home / "secret.key").exists()


def test_with_a_new_key_the_shop_is_connected_again(tmp_path: Path) -> None:
    with a_world(tmp_path) as world:
        terminal = Terminal(tmp_path / "folder", world.sandbox.environment())
        terminal.folder.mkdir()
        account_id = terminal.begun().json("accounts", "add", "My shop")["id"]
        terminal("accounts", "connect", account_id, "--sandbox-shop", "1")
        (terminal.folder / "state" / "secret.key").write_text(terminal("db", "new-key"))
        assert "secret_key_wrong" in terminal("doctor", status=1)
        terminal("accounts", "connect", account_id, "--sandbox-shop", "1")
        assert "DustySpoonStudio" in terminal("doctor")
