"""`--help` of every command, as it is read in a terminal of 80 columns."""

from collections.abc import Iterator, Mapping

import pytest
import typer
from typer.core import TyperCommand, TyperGroup
from typer.testing import CliRunner

from etsy_pipeline.cli.main import app

WIDTH = 80


def every(command: TyperCommand | TyperGroup, *words: str) -> Iterator[tuple[str, ...]]:
    """The words of each command, groups included."""
    yield words
    inner: Mapping[str, TyperCommand | TyperGroup] = getattr(command, "commands", {})
    for name, each in inner.items():
        yield from every(each, *words, name)


COMMANDS = list(every(typer.main.get_command(app)))  # type: ignore[arg-type] # our app is a group of Typer's


def test_there_are_commands() -> None:
    assert {("sync", "start"), ("up",), ("people", "token"), ()} <= set(COMMANDS)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_help_fits_and_shows_no_type_of_what_is_on_or_off(words: tuple[str, ...]) -> None:
    told = CliRunner().invoke(app, [*words, "--help"], terminal_width=WIDTH, env={"COLUMNS": str(WIDTH)})
    assert told.exit_code == 0
    assert "--help" in told.output
    assert "bool" not in told.output
    assert max(map(len, told.output.splitlines())) <= WIDTH
