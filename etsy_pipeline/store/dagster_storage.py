"""Dagster's own database, looked at from outside: does it answer, and are its tables those of the Dagster that is here?

Dagster: https://docs.dagster.io/deployment/oss/oss-instance-configuration (storage), `dagster instance migrate`
"""

import re
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import URL, create_engine, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from etsy_pipeline.errors import NotConfigured, Unavailable

PATIENCE_SECONDS = 3
_SAYS = re.compile(r"^(revision|down_revision)\s*(?::[^=]*)?=\s*[\"'](\w+)[\"']", re.MULTILINE)


def require(url: str) -> None:
    """Refuse a database of Dagster's that cannot be used.

    Raises:
        NotConfigured: `dagster_not_migrated`.
        Unavailable: `dagster_storage_unreachable`, also where it refuses user or password.
    """
    try:
        found = _version(make_url(url))
    except (ArgumentError, ValueError):  # their words would tell a part of a password
        raise _unreachable("its address is none") from None
    except SQLAlchemyError as error:
        raise _unreachable(str(getattr(error, "orig", None) or error)) from None
    known, newest = _versions()
    if newest and found != newest:
        what = "has no tables yet" if found is None else f"is at version {found}"
        older = found is None or found in known
        raise NotConfigured(
            f"Dagster's PostgreSQL {what}; the Dagster that is here expects {newest}.",
            code="dagster_not_migrated",
            hint="Run `dagster instance migrate` once, before anything else starts."
            if older
            else "Another machine has a newer Dagster: all have the same one (constraints.txt).",
        )


def _version(url: URL) -> str | None:
    """The version of its tables; None where there are none."""
    ours = url.set(drivername="postgresql+psycopg")  # Dagster's own driver need not be on this machine
    engine = create_engine(ours, poolclass=NullPool, connect_args={"connect_timeout": PATIENCE_SECONDS})
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        version = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return None if version is None else str(version)


def _versions() -> tuple[frozenset[str], str | None]:
    """All versions that this machine's Dagster knows, and the newest; by its files, for importing it takes long."""
    spec = find_spec("dagster")
    folders = spec.submodule_search_locations if spec else None
    files = Path(next(iter(folders or ()), "")).glob("_core/storage/alembic/versions/*.py")
    said = [dict(_SAYS.findall(file.read_text())) for file in files]
    known = frozenset(each["revision"] for each in said if "revision" in each)
    newest = known - {each.get("down_revision") for each in said}
    return known, next(iter(newest)) if len(newest) == 1 else None


def _unreachable(why: str) -> Unavailable:
    return Unavailable(
        f"Dagster's PostgreSQL cannot be used: {why.strip().splitlines()[0].rstrip('.')}.",
        code="dagster_storage_unreachable",
        hint="Start the server, or correct DAGSTER_POSTGRES_URL (or what dagster.yaml has in its place).",
    )
