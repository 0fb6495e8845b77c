"""What dagster.yaml says of several machines, looked at without Dagster: what is wrong there shows late, and oddly."""

import os
import re
import socket
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple
from urllib.parse import SplitResult, quote, unquote, urlencode, urlsplit

import yaml

from etsy_pipeline.errors import NotConfigured, Unavailable
from etsy_pipeline.store import dagster_storage

PORTS = {"redis": 6379, "rediss": 6379, "amqp": 5672, "pyamqp": 5672, "amqps": 5671}
NOT_ASKED = re.compile(
    r"memory|sqs|sentinel|redis\+socket|mongodb|filesystem|file|kafka|confluentkafka|zookeeper|qpid|consul|etcd|gcpubsub|"
    r"azure\w+|(sqla|sqlalchemy|db|cache)(\+.*)?|elasticsearch|cassandra|couchbase|couchdb|arangodb|dynamodb|s3|gs"
)
"""What else Celery takes: https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/."""
EXTRAS = {"dagster_postgres": "postgres", "dagster_celery": "celery", "dagster_k8s": "k8s", "dagster_aws": "s3"}
OURS = {"etsy_pipeline.orchestration.celery_runs": "dagster_celery"}
"""Modules of ours that need one of these."""
POSTGRES_PORT = 5432
PATIENCE_SECONDS = 3.0
PROBE = "celery-task-meta-etsy_pipeline"
"""A key as Celery has them, so that rights for Celery's keys go for it, too. There is none, and none is made."""
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
            `celery_backend_unusable`, `broker_malformed`.
        Unavailable: `dagster_storage_unreachable`, `broker_unreachable`, `broker_not_writable`.
    """
    found = _read(file)
    storage, launcher = _block(found, "storage"), _block(found, "run_launcher")
    url = _postgres_url(_block(storage, "postgres")) if "postgres" in storage else None
    if launcher.get("class") in CELERY:
        _check_celery(_block(launcher, "config"))
    if url is None:
        return f"storage on this machine's disk ({file}): for one machine"
    dagster_storage.require(url)
    return f"storage in PostgreSQL, runs by {launcher.get('class', 'the code server')}"


def require_extras(file: Path) -> None:
    """Refuse a file that names modules which are not installed here; Dagster would say so in many lines.

    Raises:
        NotConfigured: `dagster_yaml_unreadable`, `dagster_extra_missing`.
    """
    found = _read(file)
    named = set(_modules(found)) | ({"dagster_postgres"} if "postgres" in _block(found, "storage") else set())
    needed = {OURS.get(module, module.partition(".")[0]) for module in named}
    if missing := sorted(module for module in needed & set(EXTRAS) if not is_installed(module)):
        raise NotConfigured(
            f"{file} needs {' and '.join(missing)}: not installed here.",
            code="dagster_extra_missing",
            hint=f"pip install 'etsy_pipeline[{','.join(EXTRAS[module] for module in missing)}]'",
        )


def is_installed(module: str) -> bool:
    """Whether it could be imported; it is not."""
    return find_spec(module) is not None


def _modules(given: object) -> Iterator[str]:
    for name, value in given.items() if isinstance(given, Mapping) else ():
        if name == "module" and isinstance(value, str):
            yield value
        yield from _modules(value)


def _read(file: Path) -> Mapping[str, Any]:
    try:
        found = yaml.safe_load(file.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise NotConfigured(
            f"{file} cannot be read: {str(error).splitlines()[0]}.",
            code="dagster_yaml_unreadable",
            hint="deploy/dagster has one for each way to run this.",
        ) from None
    return found if isinstance(found, Mapping) else {}


def _postgres_url(given: Mapping[str, Any]) -> str:
    """As Dagster makes it. Without a driver SQLAlchemy 2.1 takes psycopg 3, with which each of its events fails."""
    url = _value(given.get("postgres_url")) or _url_of(_block(given, "postgres_db"))
    scheme = url.partition(":")[0]
    if scheme != "postgresql+psycopg2":
        is_one = re.fullmatch(r"postgres(ql)?(\+[a-z0-9]+)?", scheme) and "://" in url  # else it may be a password
        raise NotConfigured(
            f"Dagster's storage has the scheme {scheme!r}: psycopg 3 is taken, and every run fails."
            if is_one
            else "The address of Dagster's storage is none of PostgreSQL's.",
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
    for name, url in (("broker", _value(given.get("broker"))), ("backend", backend)):
        if url:  # else Dagster's own
            require_broker(url, _called(given, name))


def _called(given: Mapping[str, Any], name: str) -> str:
    variable = _block(given, name).get("env")
    return str(variable) if variable else f"`{name}` in dagster.yaml"


def require_broker(url: str, name: str) -> None:
    """Refuse an address that is none, and a broker that listens somewhere and does not answer as Celery needs it.

    Where Celery's library (kombu) is not installed, no more is asked of RabbitMQ, or of a Redis by TLS, than to listen.

    Args:
        url: of Celery's broker or results; several with `;` between them are asked until one answers.
        name: of the variable or field that has it, for whoever has to mend it; the password is never told.

    Raises:
        NotConfigured: `broker_malformed`.
        Unavailable: `broker_unreachable`, also where it refuses the password, or has no such database or virtual host;
            `broker_not_writable` where a Redis answers and takes no write: it is full, or a replica.
    """
    away = list[_Refused]()
    for each in url.split(";"):
        parts = _parsed(each, name)
        if parts.scheme not in PORTS:
            return
        port = parts.port or PORTS[parts.scheme]
        where = f"{parts.hostname}:{port}"
        try:
            with socket.create_connection((parts.hostname, port), PATIENCE_SECONDS) as wire:
                refused = _ask_redis(wire, parts) if parts.scheme == "redis" else None
            if parts.scheme != "redis":
                refused = _ask_by_kombu(each, parts.scheme)
        except (OSError, UnicodeError) as error:
            refused = _away(f"does not answer: {error}")
        if refused is None:
            return
        away.append(refused._replace(words=f"{where} {refused.words}"))
    words, code, hint = away[0]
    raise Unavailable(f"Celery's broker cannot be used: {words} ({name}).", code=code, hint=hint.format(name))


class _Refused(NamedTuple):
    """Why a broker is of no use; the words tell no password."""

    words: str
    code: str
    hint: str
    """With a place for the name of the variable or field."""


def _away(words: str) -> _Refused:
    return _Refused(words, code="broker_unreachable", hint="Start it, or correct {}.")


def _not_written(said: str) -> _Refused:
    """`SET … XX` changes only a key that is there: a full Redis and a replica refuse it all the same."""
    hint = "Give it memory, or name the primary, not a replica, in {}."
    return _Refused(f"takes no write ({said.rstrip('.')})", code="broker_not_writable", hint=hint)


def _parsed(url: str, name: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        is_right = NOT_ASKED.fullmatch(parts.scheme) is not None
        if parts.scheme in PORTS and parts.hostname and parts.port != 0:
            is_right = parts.scheme not in {"redis", "rediss"} or re.fullmatch(r"/*\d*", parts.path) is not None
        if is_right:
            return parts
    except ValueError:  # its words would tell a part of a password
        pass
    raise NotConfigured(
        f"{name} is not the address of a broker or of results.",
        code="broker_malformed",
        hint="As in redis://:password@host:6379/0, with %23 and the like for the odd signs of a password.",
    )


def _ask_redis(wire: socket.socket, parts: SplitResult) -> _Refused | None:
    """Log in, choose the database, ask for a sign of life and for a write, as Celery will; what is refused.

    Redis: https://redis.io/docs/latest/develop/reference/protocol-spec/
    """
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    database = parts.path.strip("/") or "0"
    asked = [(["AUTH", *filter(None, [user]), password], "refuses user or password")] if user or password else []
    asked += [(["SELECT", database], f"has no database {database} for us"), (["PING"], "does not take a PING")]
    with wire.makefile("rb") as answers:
        for words, refused in asked:
            answer = _answer(wire, answers, words)
            if not answer.startswith(b"+"):
                code = re.match(rb"-([A-Z]+) ", answer)
                return _away(f"{refused} ({code[1].decode() if code else 'no answer of a Redis'})")
        answer = _answer(wire, answers, ["SET", PROBE, "1", "XX", "PX", "1"])
    if re.match(rb"[$+]|-NOPERM ", answer):
        return None  # NOPERM: of this key alone, for all that we know
    said = re.match(rb"-([ -~]+)", answer)
    return _not_written(said[1].decode() if said else "no answer of a Redis")


def _answer(wire: socket.socket, answers: BinaryIO, words: list[str]) -> bytes:
    """The first line of what Redis answers to a command."""
    sent = [f"${len(word.encode())}\r\n{word}\r\n" for word in words]
    wire.sendall(f"*{len(words)}\r\n{''.join(sent)}".encode())
    return answers.readline(512)


def _ask_by_kombu(url: str, scheme: str) -> _Refused | None:
    """Connect as Celery will, where its library is there; what stands against it, without words that tell the URL."""
    try:
        from kombu import Connection
    except ImportError:
        return None
    of_redis = {"socket_connect_timeout": PATIENCE_SECONDS, "socket_timeout": PATIENCE_SECONDS}
    options = of_redis if scheme == "rediss" else {}
    try:
        with Connection(url, connect_timeout=PATIENCE_SECONDS, transport_options=options) as asked:
            asked.ensure_connection(max_retries=0)
            return _write_by_kombu(asked) if scheme == "rediss" else None
    except Exception as error:  # noqa: BLE001 - whatever the library of that broker raises
        return _away(f"cannot be used by Celery ({type(error.__cause__ or error).__name__})")


def _write_by_kombu(asked: Any) -> _Refused | None:
    """Ask a Redis for a write by the connection of Celery's library; what is refused."""
    from redis.exceptions import NoPermissionError, ResponseError

    try:
        asked.channel().client.set(PROBE, 1, px=1, xx=True)
    except NoPermissionError:
        return None
    except ResponseError as error:  # its words are the server's
        return _not_written(str(error))
    return None


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
