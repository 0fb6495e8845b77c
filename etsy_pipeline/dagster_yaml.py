"""What dagster.yaml says of several machines, looked at without Dagster: what is wrong there shows late, and oddly."""

import os
import re
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import yaml

from etsy_pipeline.errors import NotConfigured, Unavailable
from etsy_pipeline.store import dagster_storage

PORTS = {"redis": 6379, "rediss": 6379, "amqp": 5672, "pyamqp": 5672, "amqps": 5671}
POSTGRES_PORT = 5432
PATIENCE_SECONDS = 3.0
CELERY = {"CeleryRuns", "CeleryRunLauncher"}  # ours, and Dagster's own
DRIVER = (
    "In dagster.yaml: `scheme: postgresql+psycopg2` below `postgres_db`, or `postgres_url: postgresql+psycopg2://…`."
)
"""What to do where psycopg 3 is taken for Dagster's storage."""


def path() -> Path:
    """The file that Dagster reads: in DAGSTER_HOME, or in this folder."""
    return Path(os.environ.get("DAGSTER_HOME") or ".") / "dagster.yaml"


def check(file: Path) -> str:
    """Look at storage and launcher, and ask both whether they answer; what they are, in words.

    Raises:
        NotConfigured: `dagster_yaml_unreadable`, `setting_missing`, `dagster_storage_driver`, `dagster_not_migrated`,
            `celery_backend_unusable`.
        Unavailable: `dagster_storage_unreachable`, `broker_unreachable`.
    """
    try:
        found = yaml.safe_load(file.read_text()) or {}
    except (OSError, yaml.YAMLError) as error:
        raise NotConfigured(
            f"{file} cannot be read: {str(error).splitlines()[0]}.",
            code="dagster_yaml_unreadable",
            hint="deploy/dagster has one for each way to run this.",
        ) from None
    storage, launcher = _block(found, "storage"), _block(found, "run_launcher")
    url = _postgres_url(_block(storage, "postgres")) if "postgres" in storage else None
    if launcher.get("class") in CELERY:
        _check_celery(_block(launcher, "config"))
    if url is None:
        return f"storage on this machine's disk ({file}): for one machine"
    dagster_storage.require(url)
    return f"storage in PostgreSQL, runs by {launcher.get('class', 'the code server')}"


def _postgres_url(given: Mapping[str, Any]) -> str:
    """As Dagster makes it. Without a driver SQLAlchemy 2.1 takes psycopg 3, with which each of its events fails."""
    url = _value(given.get("postgres_url")) or _url_of(_block(given, "postgres_db"))
    scheme = url.partition(":")[0]
    if scheme != "postgresql+psycopg2":
        raise NotConfigured(
            f"Dagster's storage has the scheme {scheme!r}: psycopg 3 is taken, and every run fails.",
            code="dagster_storage_driver",
            hint=DRIVER,
        )
    return url


def _url_of(given: Mapping[str, Any]) -> str:
    scheme, host, port = _value(given.get("scheme")), _value(given.get("hostname")), _value(given.get("port"))
    user, password = quote(_value(given.get("username"))), quote(_value(given.get("password")))
    params = urlencode(_block(given, "params"), quote_via=quote)
    who, where = f"{user}:{password}" if password else user, f"{host}:{port or POSTGRES_PORT}"
    return f"{scheme or 'postgresql'}://{who}@{where}/{_value(given.get('db_name'))}?{params}"


def _check_celery(given: Mapping[str, Any]) -> None:
    backend = _value(given.get("backend")) or "rpc://"
    if backend.startswith("rpc:"):
        raise NotConfigured(
            "Celery's results go to rpc://, which tells nobody but the process that asked how a run stands.",
            code="celery_backend_unusable",
            hint="Name a Redis in `backend`, as in deploy/dagster/celery.yaml (DAGSTER_CELERY_BACKEND).",
        )
    for url in (_value(given.get("broker")), backend):
        require_broker(url)


def require_broker(url: str) -> None:
    """Refuse a Redis, or another broker that listens somewhere, where nothing answers.

    Raises:
        Unavailable: `broker_unreachable`.
    """
    try:
        parts = urlsplit(url)
        if parts.scheme not in PORTS:
            return
        where = parts.hostname or "localhost", parts.port or PORTS[parts.scheme]
    except ValueError:  # its words would tell a part of a password
        raise Unavailable(
            "The address of Celery's broker or of its results is none.",
            code="broker_unreachable",
            hint="Correct DAGSTER_CELERY_BROKER and DAGSTER_CELERY_BACKEND: redis://:password@host:6379/0, with %23 "
            "and the like for the odd signs of a password.",
        ) from None
    try:
        socket.create_connection(where, timeout=PATIENCE_SECONDS).close()
    except OSError as error:
        raise Unavailable(
            f"Celery's broker does not answer at {where[0]}:{where[1]}: {error}.",
            code="broker_unreachable",
            hint="Start Redis, or correct DAGSTER_CELERY_BROKER and DAGSTER_CELERY_BACKEND.",
        ) from None


def _block(given: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = given.get(name)
    return found if isinstance(found, Mapping) else {}


def _value(given: object) -> str:
    """A value as it stands there, or from the environment (`env: NAME`), without which Dagster does not start."""
    if isinstance(given, Mapping):
        name = str(given.get("env"))
        if not (value := os.environ.get(name, "").strip()):
            raise NotConfigured(
                f"dagster.yaml takes {name} from the environment, and it is not set here.",
                code="setting_missing",
                hint=f"Set {name}, as on the other machines (docs/distributed.md).",
            )
        return value
    return re.sub(r"\s", "", str(given)) if given is not None else ""
