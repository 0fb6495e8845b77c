"""The process's settings: what a person typed wrong is told with its variable, and never ends in a traceback."""

from pathlib import Path

import pytest

from etsy_pipeline.errors import NotConfigured
from etsy_pipeline.settings import Settings

NUMBERS = [
    name
    for name, field in Settings.model_fields.items()
    if field.annotation in {int, float, bool} or field.annotation == int | None
]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a state folder in which there is nothing."""
    monkeypatch.setenv("ETSY_PIPELINE_HOME", str(tmp_path))


def problem(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> str:
    monkeypatch.setenv(name, value)
    with pytest.raises(NotConfigured, match="settings_unreadable") as told:
        Settings.load()
    return told.value.message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ETSY_PIPELINE_KEEP_PLANS_DAYS", "36501"),
        ("ETSY_PIPELINE_KEEP_RUNS_DAYS", "999999999999"),
        ("ETSY_PIPELINE_KEEP_TICKS_DAYS", "36501"),
        ("ETSY_PIPELINE_SNAPSHOT_HOURS", "8761"),
        ("ETSY_PIPELINE_RUNS_AT_ONCE", "1001"),
        ("ETSY_PIPELINE_RUNS_AT_ONCE", "-1"),
        ("ETSY_PIPELINE_QUIET_SECONDS", "soon"),
        ("ETSY_PIPELINE_LOG_FORMAT", "xml"),
    ],
)
def test_a_value_that_is_none_is_told_with_its_variable(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    said = problem(monkeypatch, name, value)
    assert f"{name}: " in said
    assert f"(given: {value})" in said


@pytest.mark.parametrize("zone", ["Mars/Phobos", "Europe", "../UTC", "+02:00"])
def test_a_time_zone_that_there_is_not_is_told_with_an_example(monkeypatch: pytest.MonkeyPatch, zone: str) -> None:
    said = problem(monkeypatch, "ETSY_PIPELINE_TIMEZONE", zone)
    assert f"ETSY_PIPELINE_TIMEZONE: is no time zone; write one as in Europe/Berlin (given: {zone})" in said


def test_a_secret_is_never_told(monkeypatch: pytest.MonkeyPatch) -> None:
    said = problem(monkeypatch, "ETSY_PIPELINE_API_TOKEN", "sekret")
    assert "ETSY_PIPELINE_API_TOKEN: has fewer than 16" in said
    assert "sekret" not in said
    assert "given" not in said


def test_what_is_told_is_short_and_can_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    said = problem(monkeypatch, "ETSY_PIPELINE_QUIET_SECONDS", "\x1b[31m" + "9" * 5000)
    assert r"(given: \x1b[31m999" in said
    assert len(said) < 300


@pytest.mark.parametrize("name", [*NUMBERS, "etsy_pipeline_timezone", "etsy_pipeline_log_level", "etsy_scope"])
@pytest.mark.parametrize("blank", ["", "  "])
def test_a_variable_that_is_set_to_nothing_has_its_default(
    monkeypatch: pytest.MonkeyPatch, name: str, blank: str
) -> None:
    monkeypatch.setenv(name.upper(), blank)
    assert getattr(Settings.load(), name) == Settings.model_fields[name].default
