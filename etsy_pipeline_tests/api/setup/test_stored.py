"""The file of stored settings: read after the environment and in place of the sandbox's; nothing else gets into it."""

from pathlib import Path

import pytest

from etsy_pipeline.api.setup.stored import address_of, hinted
from etsy_pipeline.cli.sandbox import write_settings
from etsy_pipeline.errors import BadRequest
from etsy_pipeline.settings import Settings, store_settings, stored

KEY = "sk_0123456789abcdef"


@pytest.fixture
def home() -> Path:
    return Settings.load().etsy_pipeline_home


def test_what_is_stored_is_read_by_every_process(home: Path) -> None:
    store_settings(home, {"MEDUSA_URL": "https://shop.example.com", "MEDUSA_API_KEY": KEY})
    store_settings(home, {"MEDUSA_AMOUNT_UNIT": "major"})
    assert Settings.load().medusa() == ("https://shop.example.com", KEY, "major")
    store_settings(home, {"MEDUSA_AMOUNT_UNIT": None})
    assert Settings.load().medusa_amount_unit is None


def test_the_environment_wins(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store_settings(home, {"MEDUSA_URL": "https://stored.example.com"})
    monkeypatch.setenv("MEDUSA_URL", "https://environment.example.com")
    assert Settings.load().medusa_url == "https://environment.example.com"


def test_with_stored_settings_nothing_of_the_sandbox_is_used(home: Path) -> None:
    write_settings(home, {"ETSY_CLIENT_ID": "of_the_sandbox", "ETSY_API_URL": "http://127.0.0.1:8731"})
    assert Settings.load().uses_sandbox
    store_settings(home, {"MEDUSA_URL": "https://shop.example.com"})
    found = Settings.load()
    assert (found.uses_sandbox, found.etsy_client_id, found.etsy_api_url) == (False, None, "https://openapi.etsy.com")


def test_what_somebody_wrote_into_the_file_stays(home: Path) -> None:
    store_settings(home, {"MEDUSA_URL": "https://shop.example.com"})
    with (home / "settings.env").open("a") as file:
        file.write("ETSY_PIPELINE_TIMEZONE=Europe/Berlin\n")
    store_settings(home, {"MEDUSA_API_KEY": KEY})
    assert stored(home)["ETSY_PIPELINE_TIMEZONE"] == "Europe/Berlin"
    assert Settings.load().etsy_pipeline_timezone == "Europe/Berlin"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MEDUSA_URL", "https://x\nETSY_PIPELINE_API_TOKEN=known"), ("MEDUSA_API_KEY", "a b"), ("MEDUSA_API_KEY", ""),
        ("MEDUSA_API_KEY", "${HOME}"), ("MEDUSA_API_KEY", "'quoted'"), ("MEDUSA_API_KEY", "x" * 1001),
        ("MEDUSA_API_KEY", "é"), ("ETSY_PIPELINE_API_TOKEN", "x" * 20), ("ETSY_PIPELINE_HOME", "/elsewhere"),
        ("USES_SANDBOX", "true"), ("ETSY_API_URL", "https://evil.test"),
    ],
)  # fmt: skip
def test_nothing_else_gets_into_it(home: Path, name: str, value: str) -> None:
    with pytest.raises(BadRequest) as refused:
        store_settings(home, {name: value})
    assert refused.value.code == "setting_unusable"
    assert not value or value not in str(refused.value)
    assert stored(home) == {}


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("https://shop.example.com", "https://shop.example.com"), ("shop.example.com/", "https://shop.example.com"),
        ("localhost:9000", "http://localhost:9000"), (" https://x.test/app/login ", "https://x.test"),
        ("https://x.test/admin", "https://x.test"), ("https://x.test/medusa/app", "https://x.test/medusa"),
        ("https://x.test/apple", "https://x.test/apple"), ("", ""), ("http://[x", "http://[x"),
    ],
)  # fmt: skip
def test_an_address_is_taken_as_it_was_meant(typed: str, meant: str) -> None:
    assert address_of(typed) == meant


@pytest.mark.parametrize(("secret", "shown"), [(KEY, "…cdef"), ("short", "…"), ("", ""), (None, "")])
def test_of_a_secret_only_its_end_is_shown(secret: str | None, shown: str) -> None:
    assert hinted(secret) == shown
