"""What is said of a dagster.yaml for several machines before anything runs; and that the recipes are what they should be."""

import re
import socket
import socketserver
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
import yaml

from etsy_pipeline import checkup, dagster_yaml, starting
from etsy_pipeline.dagster_yaml import check, require_extras
from etsy_pipeline.errors import NotConfigured, PipelineError
from etsy_pipeline.store import dagster_storage, signs_of_life
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.conftest import ON_SQLITE
from etsy_pipeline_tests.everything_up import free_port

PROJECT = Path(__file__).parents[1]
DEPLOY = PROJECT / "deploy"
GOOD, BAD = "postgresql+psycopg2://u:p@h/dagster", "postgresql://u:p@h/dagster"
RPC = "run_launcher: {module: dagster_celery.launcher, class: CeleryRunLauncher, config: {backend: 'rpc://'}}"


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The databases that would be asked whether they answer."""
    urls = list[str]()
    monkeypatch.setattr(dagster_storage, "require", urls.append)
    return urls


def said(folder: Path, text: str) -> str:
    """What is told of a file, or the code of what is wrong with it."""
    (folder / "dagster.yaml").write_text(text)
    try:
        return check(folder / "dagster.yaml")
    except PipelineError as error:
        return error.code


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"storage: {{postgres: {{postgres_url: '{GOOD}'}}}}", "storage in PostgreSQL, runs by the code server"),
        (f"storage: {{postgres: {{postgres_url: '{BAD}'}}}}", "dagster_storage_driver"),
        ("storage: {postgres: {postgres_url: {env: DAGSTER_POSTGRES_URL}}}", "dagster_storage_driver"),
        ("storage: {postgres: {postgres_db: {hostname: h, username: u, db_name: d}}}", "dagster_storage_driver"),
        ("storage: {postgres: {postgres_db: {scheme: postgresql+psycopg2}}}", "storage in PostgreSQL"),
        (RPC, "celery_backend_unusable"),
        (RPC.replace("backend: 'rpc://'", ""), "celery_backend_unusable"),
        ("storage: [", "dagster_yaml_unreadable"),
    ],
)
def test_what_would_show_late_is_told_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, told: str
) -> None:
    monkeypatch.setenv("DAGSTER_POSTGRES_URL", BAD)
    assert told in said(tmp_path, text)


@pytest.mark.parametrize(
    ("given", "url"),
    [
        (f"postgres_url: '{GOOD}'", GOOD),
        (
            (
                "postgres_db: {hostname: h, username: u+x, password: {env: PASSWORD}, db_name: d, port: 5433, "
                "scheme: postgresql+psycopg2, params: {sslmode: require}}"
            ),
            "postgresql+psycopg2://u%2Bx:p%40ss@h:5433/d?sslmode=require",
        ),
    ],
)
def test_the_database_that_the_file_names_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: list[str], given: str, url: str
) -> None:
    monkeypatch.setenv("PASSWORD", "p@ss")
    said(tmp_path, f"storage: {{postgres: {{{given}}}}}")
    assert asked == [url]


@pytest.mark.parametrize("value", [None, " "])
@pytest.mark.parametrize("name", ["DAGSTER_POSTGRES_URL", "DAGSTER_CELERY_BROKER", "DAGSTER_CELERY_BACKEND"])
def test_an_address_that_is_not_in_the_environment_is_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str | None
) -> None:
    for other in ("DAGSTER_CELERY_BROKER", "DAGSTER_CELERY_BACKEND"):
        monkeypatch.setenv(other, "memory://")
    monkeypatch.setenv("DAGSTER_POSTGRES_URL", GOOD)
    recipe = (DEPLOY / "dagster" / "celery.yaml").read_text()
    assert said(tmp_path, recipe) == "storage in PostgreSQL, runs by CeleryRuns"
    if value is None:
        monkeypatch.delenv(name)
    else:
        monkeypatch.setenv(name, value)
    assert said(tmp_path, recipe) == "setting_missing"


@pytest.mark.parametrize("url", ["redis://:pa/ss@redis:6379/0", "redis://:p#ss@redis:6379/0", "redis://:p[ss@redis/0"])
def test_a_broker_whose_password_is_not_escaped_is_told_without_it(tmp_path: Path, url: str) -> None:
    (tmp_path / "dagster.yaml").write_text(RPC.replace("rpc://", url))
    with pytest.raises(PipelineError) as told:
        check(tmp_path / "dagster.yaml")
    assert told.value.code == "broker_malformed"
    assert "'p" not in str(told.value), "as Python's own words have it"


@pytest.mark.parametrize(
    "url", ["sekret", "redis", "sekret://h/0", "redis:///0", "redis://h/sekret", "amqp://", "redis:h"]
)
@pytest.mark.parametrize("name", ["DAGSTER_CELERY_BROKER", "DAGSTER_CELERY_BACKEND"])
def test_an_address_that_is_none_is_told_by_its_name_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, url: str
) -> None:
    monkeypatch.setenv("DAGSTER_POSTGRES_URL", GOOD)
    for other in ("DAGSTER_CELERY_BROKER", "DAGSTER_CELERY_BACKEND"):
        monkeypatch.setenv(other, url if other == name else "memory://")
    (tmp_path / "dagster.yaml").write_text((DEPLOY / "dagster" / "celery.yaml").read_text())
    with pytest.raises(NotConfigured, match=f"^{name} .*broker_malformed") as told:
        check(tmp_path / "dagster.yaml")
    assert "sekret" not in str(told.value)


class _Redis(socketserver.StreamRequestHandler):
    """What Redis 7 answers with the password `s%kret` and 16 databases."""

    refuses_writes = ""
    keys: ClassVar[set[str]] = set()

    def handle(self) -> None:
        is_in = False
        while line := self.rfile.readline():
            both = [(self.rfile.readline(), self.rfile.readline()) for _ in range(int(line[1:]))]
            words = [word.strip().decode() for _length, word in both]
            if words[0] == "AUTH":
                is_in = words[-1] == "s%kret"
                answer = "+OK" if is_in else "-WRONGPASS invalid username-password pair or user is disabled."
            elif not is_in:
                answer = "-NOAUTH Authentication required."
            elif words[0] == "SELECT":
                answer = "+OK" if int(words[1]) < 16 else "-ERR DB index is out of range"
            elif words[0] == "SET":
                answer = self.refuses_writes or self._set(words)
            else:
                answer = "+PONG"
            self.wfile.write(f"{answer}\r\n".encode())

    def _set(self, words: list[str]) -> str:
        if "XX" in words and words[1] not in self.keys:
            return "$-1"
        self.keys.add(words[1])
        return "+OK"


@pytest.fixture(scope="module")
def redis() -> Iterator[str]:
    """Its host and port."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Redis) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.parametrize(
    ("login", "database", "told"),
    [
        (":s%25kret@", "/15", None),
        ("me:s%25kret@", "", None),
        (":s%25kret@", "/99", "has no database 99"),
        (":wrongsekret@", "/0", "refuses user or password"),
        ("", "/0", "NOAUTH"),
    ],
)
def test_redis_is_asked_as_celery_will_use_it(redis: str, login: str, database: str, told: str | None) -> None:
    url = f"redis://{login}{redis}{database}"
    if told is None:
        dagster_yaml.require_broker(url, "BROKER")
        return
    with pytest.raises(PipelineError, match=f"{told}.*BROKER.*broker_unreachable") as refused:
        dagster_yaml.require_broker(url, "BROKER")
    assert "kret" not in str(refused.value)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("-OOM command not allowed when used memory > 'maxmemory'.", "OOM command not allowed when"),
        ("-READONLY You can't write against a read only replica.", "READONLY You can't write against a read only"),
        ("?", "no answer of a Redis"),
        ("-NOPERM this user has no permissions to access one of the keys used as arguments", None),
        ("", None),
    ],
)
def test_a_redis_that_answers_and_takes_no_write_is_told_by_its_own_words(
    redis: str, monkeypatch: pytest.MonkeyPatch, answer: str, told: str | None
) -> None:
    monkeypatch.setattr(_Redis, "refuses_writes", answer)
    url = f"redis://:s%25kret@{redis}/0"
    if told is None:
        dagster_yaml.require_broker(url, "BROKER")
        assert not _Redis.keys, "nothing is left behind"
        return
    with pytest.raises(PipelineError, match=rf"takes no write \({told}.*BROKER.*broker_not_writable") as refused:
        dagster_yaml.require_broker(url, "BROKER")
    assert "kret" not in str(refused.value)


@pytest.mark.parametrize("scheme", ["amqp", "amqps", "rediss"])
def test_another_broker_is_asked_by_celerys_library_where_that_is_installed(
    monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    monkeypatch.setattr(dagster_yaml, "PATIENCE_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as says_nothing:
        url = f"{scheme}://me:sekret@127.0.0.1:{says_nothing.getsockname()[1]}/0"
        with monkeypatch.context() as without:
            without.setitem(sys.modules, "kombu", None)
            dagster_yaml.require_broker(url, "BROKER")
        pytest.importorskip("kombu", reason="needs the extra celery")
        with pytest.raises(PipelineError, match=r"cannot be used by Celery \(.*BROKER.*broker_unreachable") as refused:
            dagster_yaml.require_broker(url, "BROKER")
    assert "sekret" not in str(refused.value)


def test_one_of_several_brokers_is_enough(redis: str) -> None:
    nobody = f"redis://127.0.0.1:{free_port()}/0"
    dagster_yaml.require_broker(f"{nobody};redis://:s%25kret@{redis}/0", "BROKER")


@pytest.mark.parametrize(
    ("name", "module", "extra"),
    [
        ("one-machine-postgres", "dagster_postgres", "postgres"),
        ("celery", "dagster_celery", "celery"),
        ("k8s", "dagster_k8s", "k8s"),
    ],
)
def test_a_library_that_is_not_installed_is_named_with_what_to_install(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    name: str,
    module: str,
    extra: str,
) -> None:
    (tmp_path / "dagster.yaml").write_text((DEPLOY / "dagster" / f"{name}.yaml").read_text())
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setattr(dagster_yaml, "is_installed", lambda asked: asked != module)
    told = f"{module}: not installed here. pip install 'etsy_pipeline[{extra}]'"
    finding = checkup._instance()
    assert (finding.is_good, told in finding.detail) == (False, True), finding.detail
    monkeypatch.setattr(starting, "_database", lambda _settings: None)
    assert not starting.may_start("The code server")
    assert "[dagster_extra_missing]" in capfd.readouterr().err
    monkeypatch.setattr(dagster_yaml, "is_installed", lambda _asked: True)
    require_extras(tmp_path / "dagster.yaml")


def test_an_address_of_dagsters_database_that_is_none_is_not_repeated(tmp_path: Path) -> None:
    for given in ("sekret", "sekret://x"):
        (tmp_path / "dagster.yaml").write_text(f"storage: {{postgres: {{postgres_url: '{given}'}}}}")
        with pytest.raises(NotConfigured, match="dagster_storage_driver") as told:
            check(tmp_path / "dagster.yaml")
        assert "sekret" not in str(told.value)


def test_a_broker_that_does_not_answer_is_named(tmp_path: Path) -> None:
    nobody = f"redis://127.0.0.1:{free_port()}/0"
    assert said(tmp_path, RPC.replace("rpc://", nobody)) == "broker_unreachable"


def test_the_file_of_this_folder_is_for_one_machine() -> None:
    assert "for one machine" in check(PROJECT / "dagster.yaml")


@pytest.mark.parametrize("name", ["one-machine-postgres", "celery", "k8s"])
def test_each_recipe_has_our_queue_and_both_nets(name: str) -> None:
    found, ours = (
        yaml.safe_load(path.read_text()) for path in (DEPLOY / "dagster" / f"{name}.yaml", PROJECT / "dagster.yaml")
    )
    assert found["run_coordinator"] == ours["run_coordinator"]
    assert found["run_monitoring"].items() >= {"enabled": True, "max_runtime_seconds": 86400}.items()
    assert found["run_retries"] == ours["run_retries"]
    assert found["storage"] == {"postgres": {"postgres_url": {"env": "DAGSTER_POSTGRES_URL"}}}


def test_the_compose_file_has_one_daemon_and_nothing_that_can_be_written() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    assert set(services) == {"postgres", "redis", "migrated", "code", "webserver", "daemon", "worker", "api"}
    assert "deploy" not in services["daemon"]
    for name, service in services.items():
        ports = service.get("ports", [])
        assert all(port.startswith("127.0.0.1:") for port in ports), name
        if name not in {"postgres", "redis"}:
            assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"]), name


def test_there_are_places_for_as_many_runs_as_the_queue_lets_through() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    words = services["worker"]["command"]
    places = int(words[words.index("--concurrency") + 1]) * services["worker"]["deploy"]["replicas"]
    env = re.search(r"^ETSY_PIPELINE_RUNS_AT_ONCE=(\d+)$", (DEPLOY / "env.example").read_text(), re.MULTILINE)
    assert env
    assert places >= 5 * int(env[1]) + 2


def two_daemons(store: Store, *ids: str) -> bool:
    """Whether two are seen, where these were at work one after the other."""
    for daemon_id in ids:
        with store.writing() as session:
            signs_of_life.note_daemon(session, daemon_id)
    with store.reading() as session:
        return signs_of_life.seconds_since(session, signs_of_life.TWO_DAEMONS) is not None


@pytest.mark.parametrize(
    ("ids", "is_two"), [(("a", "a", "b", "b", "c"), False), (("a", "b", "a"), True), (("a", "b", "b", "a"), True)]
)
@ON_SQLITE
def test_a_daemon_that_comes_back_after_another_one_was_not_replaced(
    store: Store, ids: tuple[str, ...], *, is_two: bool
) -> None:
    assert two_daemons(store, *ids) is is_two
