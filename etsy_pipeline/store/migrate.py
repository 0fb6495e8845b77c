"""Alembic, driven from code: where the database stands, and bringing it up to date."""

from pathlib import Path
from typing import Literal

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

UPGRADE_LOCK = 7421_2026  # PostgreSQL advisory lock: any constant that nobody else in this database uses


def state(connection: Connection) -> Literal["current", "behind", "newer"]:
    """Whether the tables fit this code. "newer": the database's version is unknown to this code."""
    at = MigrationContext.configure(connection).get_current_revision()
    if at == code_version():
        return "current"
    known = {script.revision for script in _scripts().walk_revisions()}
    return "behind" if at is None or at in known else "newer"


def code_version() -> str:
    """The version of the tables that this code expects."""
    return _scripts().get_current_head() or ""


def upgrade(connection: Connection) -> str:
    """Apply what is missing within the connection's transaction; one process at a time."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": UPGRADE_LOCK})
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    return code_version()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())
