"""Dagster's own PostgreSQL is asked whether it answers, and whether its tables are those of the Dagster that is here."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, create_engine, text

from etsy_pipeline.errors import NotConfigured, PipelineError, Unavailable
from etsy_pipeline.store import dagster_storage
from etsy_pipeline_tests.everything_up import free_port

OLDER = "f495c27d5019"


@pytest.fixture
def dagsters(postgres_url: str) -> Iterator[tuple[str, Connection]]:
    """A place of Dagster's own on the server, by Dagster's driver; and a connection to it."""
    url = f"{postgres_url}&options=-csearch_path%3Ddagsters".replace("postgresql:", "postgresql+psycopg2:")
    engine = create_engine(url.replace("+psycopg2", "+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("CREATE SCHEMA dagsters"))
        yield url, connection
        connection.execute(text("DROP SCHEMA dagsters CASCADE"))
    engine.dispose()


def told(url: str) -> PipelineError:
    with pytest.raises(PipelineError) as found:
        dagster_storage.require(url)
    return found.value


def test_tables_that_are_not_there_older_or_newer_are_told_and_the_right_ones_are_not(
    dagsters: tuple[str, Connection],
) -> None:
    url, connection = dagsters
    missing = told(url)
    assert (missing.code, "no tables" in missing.message) == ("dagster_not_migrated", True)
    connection.execute(text("CREATE TABLE alembic_version (version_num varchar)"))
    connection.execute(text("INSERT INTO alembic_version VALUES ('')"))
    known, newest = dagster_storage._versions()
    assert OLDER in known
    for version, what_to_do in ((OLDER, "dagster instance migrate"), ("of_tomorrow", "newer Dagster")):
        connection.execute(text("UPDATE alembic_version SET version_num = :version"), {"version": version})
        error = told(url)
        assert isinstance(error, NotConfigured)
        assert what_to_do in error.hint
    connection.execute(text("UPDATE alembic_version SET version_num = :version"), {"version": newest})
    dagster_storage.require(url)


def test_one_that_is_away_refuses_us_or_is_none_is_told_without_its_password(postgres_url: str) -> None:
    unknown = postgres_url.replace("postgres:@", "nobody:sekret@")
    assert unknown != postgres_url
    for url in (f"postgresql+psycopg2://u:sekret@127.0.0.1:{free_port()}/x", unknown, "x://u:sek ret@:no port/x"):
        error = told(url)
        assert isinstance(error, Unavailable)
        assert error.code == "dagster_storage_unreachable"
        assert "sek" not in str(error)
