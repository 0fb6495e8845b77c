"""Where the database stands, and bringing it up to date, with Alembic driven from code."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sqlalchemy import Connection, inspect, text

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"

UPGRADE_LOCK = 7421_2026  # PostgreSQL advisory lock: any constant that nobody else in this database uses


def state(connection: Connection) -> Literal["current", "behind", "newer"]:
    """Whether the tables fit this code. "newer": the database's version is unknown to this code."""
    is_there = inspect(connection).has_table("alembic_version")
    at = connection.scalar(text("SELECT version_num FROM alembic_version")) if is_there else None
    if at == code_version():
        return "current"
    return "behind" if at is None or at in _versions() else "newer"


def code_version() -> str:
    """The version of the tables that this code expects."""
    return _versions()[-1]


def upgrade(connection: Connection) -> str:
    """Apply what is missing within the connection's transaction; one process at a time."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": UPGRADE_LOCK})
    from alembic import command

    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    return code_version()


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


@cache
def _versions() -> tuple[str, ...]:
    """All that this code knows, in their order: a file's name begins with its version. Alembic takes long to load."""
    return tuple(sorted(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*_*.py")))
