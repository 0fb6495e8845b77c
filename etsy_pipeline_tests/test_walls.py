"""Walls between the rooms: import-linter's hold for rooms that are yet to be built, and nothing goes past the store."""

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from etsy_pipeline.store.tables.base import Table

PROJECT = Path(__file__).parent.parent
PACKAGE = PROJECT / "etsy_pipeline"
ROWS = {mapper.class_.__name__ for mapper in Table.registry.mappers}

A_NEW_ROOM = """
import alembic, dagster, fastapi, httpx, sqlalchemy, standardwebhooks
from etsy_pipeline import api, cli, etsy, sandbox
from etsy_pipeline.store import tables
"""
WALLS_OF_A_NEW_ROOM = (
    "Imports go one way",
    "Only the command line starts the sandbox",
    "Only the command line starts the HTTP API",
    "Nobody imports the command line",
    "FastAPI and webhooks only in api",
    "Dagster only in orchestration and where its processes are started",
    "SQL only in store",
    "The tables are known in store only",
    "Etsy is known where things are wired, and where a seller comes back from it",
    "HTTP only where another server is asked",
)


def modules_outside_the_store() -> dict[str, ast.Module]:
    files = (path.relative_to(PACKAGE) for path in sorted(PACKAGE.rglob("*.py")))
    outside = (path for path in files if path.parts[0] not in {"store", "sandbox"})  # it has a database of its own
    return {str(path): ast.parse((PACKAGE / path).read_text()) for path in outside}


OUTSIDE = modules_outside_the_store()


def sessions_in(module: ast.Module) -> set[str]:
    """Names that a session of the store has: what is opened, what is annotated as one, and `session` always."""
    found = {"session"}
    for node in ast.walk(module):
        if isinstance(node, ast.arg) and node.annotation and ast.unparse(node.annotation).split(".")[-1] == "Session":
            found.add(node.arg)
        if isinstance(node, ast.withitem) and isinstance(node.optional_vars, ast.Name):
            is_opened = ast.unparse(node.context_expr).endswith((".reading()", ".writing()"))
            found |= {node.optional_vars.id} if is_opened else set()
    return found


def uses_of_a_session(module: ast.Module) -> Iterator[str]:
    sessions = sessions_in(module)
    for node in ast.walk(module):
        if not isinstance(node, ast.Attribute):
            continue
        is_on_session = isinstance(node.value, ast.Name) and node.value.id in sessions
        is_on_engine = isinstance(node.value, ast.Attribute) and node.value.attr == "engine" and node.attr != "url"
        if is_on_session or is_on_engine:
            yield f"line {node.lineno}: {ast.unparse(node)}"


def rows_named_in(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        names = {getattr(node, "id", ""), getattr(node, "attr", "")}
        if isinstance(node, ast.ImportFrom | ast.Import):
            names |= {alias.name for alias in node.names}
        yield from (f"line {getattr(node, 'lineno', 0)}: {name}" for name in names & ROWS)


@pytest.mark.parametrize("path", OUTSIDE)
def test_outside_the_store_a_session_is_only_handed_on(path: str) -> None:
    assert list(uses_of_a_session(OUTSIDE[path])) == []


@pytest.mark.parametrize("path", OUTSIDE)
def test_outside_the_store_no_row_of_the_database_is_named(path: str) -> None:
    assert list(rows_named_in(OUTSIDE[path])) == []


@pytest.mark.parametrize(
    "text",
    [
        "def f(session): session.add(1)",
        "def f(opened: Session): opened.execute(1)",
        "with store.writing() as it: it.flush()",
        "with self.store.reading() as it: rows = it.scalars",
        "store.engine.connect()",
    ],
)
def test_whatever_a_session_is_called_its_use_is_found(text: str) -> None:
    assert list(uses_of_a_session(ast.parse(text)))


@pytest.mark.parametrize(
    "text",
    ["from x import EtsyAccountRow", "from x import EtsyAccountRow as Y", "tables.SyncItemRow", "x: SyncItemRow = 1"],
)
def test_wherever_a_row_is_named_it_is_found(text: str) -> None:
    assert list(rows_named_in(ast.parse(text)))


def test_a_new_room_meets_every_wall(tmp_path: Path) -> None:
    """In a copy with one more room, each wall that names who may fails on a room that may not."""
    shutil.copytree(PACKAGE, tmp_path / "etsy_pipeline", ignore=shutil.ignore_patterns("__pycache__", "data"))
    shutil.copy(PROJECT / "pyproject.toml", tmp_path)
    room = tmp_path / "etsy_pipeline" / "attic"
    room.mkdir()
    (room / "__init__.py").touch()
    (room / "box.py").write_text(A_NEW_ROOM)
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports; lint_imports(no_cache=True)"]
    env = os.environ | {"COLUMNS": "200"}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    broken = {line.removesuffix(" BROKEN") for line in done.stdout.splitlines() if line.endswith(" BROKEN")}
    assert set(WALLS_OF_A_NEW_ROOM) <= broken, done.stdout
    assert "etsy_pipeline.attic" in done.stdout


def test_what_tests_share_is_in_modules_of_its_own() -> None:
    tests = sorted(Path(__file__).parent.rglob("*.py"))
    imported = {
        f"{path.name}: {node.module}"
        for path in tests
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and ".test_" in f".{node.module}"
    }
    assert imported == set()


def test_no_function_is_longer_than_sixty_lines() -> None:
    """But for migrations, which list columns."""
    modules = [path for path in PACKAGE.rglob("*.py") if "migrations" not in path.parts]
    long = [
        f"{path.relative_to(PACKAGE)}: {node.name}"
        for path in modules
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (node.end_lineno or 0) - node.lineno >= 60
    ]
    assert long == []
