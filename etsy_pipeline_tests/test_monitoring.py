"""Logs and error reports: nothing that looks like a secret leaves the process; Sentry only where it is asked for."""

import gzip
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from etsy_pipeline.errors import NotConfigured
from etsy_pipeline.monitoring import report_errors
from etsy_pipeline.redaction import HIDDEN, redacted, redacted_deeply
from etsy_pipeline.settings import Settings

TOKEN = "910000001.Ab3dEf6hIj9kLm2nOp5q"


@pytest.mark.parametrize(
    "text",
    [
        f"authorization: Bearer {TOKEN}",
        f"refused {TOKEN} twice",
        "GET /callback?code=abcdef123456&x=1",
        "postgresql://user:hunter2secret@host/etsy",
        "basic sk_0123456789abcdef",
        "whsec_0123456789abcdef",
    ],
)
def test_what_looks_like_a_secret_is_taken_out(text: str) -> None:
    clean = redacted(text)
    assert HIDDEN in clean
    for secret in (TOKEN, "abcdef123456", "hunter2secret", "0123456789abcdef"):
        assert secret not in clean


@pytest.mark.parametrize("text", ["29.99 USD", "listing 4300000001.", "version 1.13.27", "https://shop.test/a?b=c"])
def test_what_is_none_stays(text: str) -> None:
    assert redacted(text) == text


def test_whatever_stands_under_the_name_of_a_secret_is_hidden_whole() -> None:
    found = redacted_deeply({"headers": {"x-api-key": "a:b", "accept": "json"}, "list": [f"Bearer {TOKEN}"]})
    assert found == {"headers": {"x-api-key": HIDDEN, "accept": "json"}, "list": [f"Bearer {HIDDEN}"]}


def test_without_a_dsn_sentry_is_not_even_imported() -> None:
    code = """
import sys
from etsy_pipeline.monitoring import report_errors
from etsy_pipeline.settings import Settings
report_errors(Settings.load())
sys.exit("sentry_sdk" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_dsn_that_is_none_is_told_without_repeating_it() -> None:
    with pytest.raises(NotConfigured) as caught:
        report_errors(Settings.load(sentry_dsn="hunter2"))
    assert caught.value.code == "sentry_dsn_malformed"
    assert "hunter2" not in str(caught.value)


@contextmanager
def a_sentry() -> Iterator[tuple[str, list[bytes]]]:
    """A server that takes error reports: its DSN, and what it got."""
    taken: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            taken.append(gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(" ".join(self.headers).lower().encode())

        def log_message(self, *_words: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://publickey@127.0.0.1:{server.server_port}/1", taken
    finally:
        server.shutdown()
        server.server_close()


RUN = """
import os, sys
import dagster as dg, httpx
from etsy_pipeline.errors import Conflict
from etsy_pipeline.orchestration.runs import helpful_failures

@dg.asset
def surprising():
    with helpful_failures("wf_1"):
        secret = "{token}"
        raise ValueError(f"Bearer {{secret}} was refused, so was {{os.environ['ETSY_SHARED_SECRET']}}")

@dg.asset
def expected():
    with helpful_failures("wf_2"):
        raise Conflict("Not now.", code="not_now")

dg.materialize([surprising], raise_on_error=False)
dg.materialize([expected], raise_on_error=False)
print(httpx.get("{address}").text)
sys.stdout.flush()
os._exit(0)  # as Dagster ends the processes of its runs: nothing that waits is sent any more
"""


def test_an_unexpected_error_of_a_run_is_reported_once_with_release_and_sync_and_without_secrets(
    tmp_path: Path,
) -> None:
    with a_sentry() as (dsn, taken):
        environment = os.environ | {
            "SENTRY_DSN": dsn, "ETSY_SHARED_SECRET": "plainword", "ETSY_PIPELINE_HOME": str(tmp_path),
            "SENTRY_ENVIRONMENT": "staging",
        }  # fmt: skip
        code = RUN.format(token=TOKEN, address=dsn.replace("publickey@", ""))
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False, timeout=120
        )
    assert done.returncode == 0, done.stderr
    text = b"".join(taken).decode()
    assert TOKEN not in text
    assert "plainword" not in text
    events = [json.loads(line) for line in text.splitlines() if '"level"' in line]
    (event,) = events
    assert event["exception"]["values"][-1]["value"] == f"Bearer {HIDDEN} was refused, so was {HIDDEN}"
    assert event["tags"]["transaction_id"] == "wf_1"
    assert event["release"] == f"etsy_pipeline@{version('etsy_pipeline')}"
    assert event["environment"] == "staging"
    assert not {"sentry-trace", "baggage"} & set(done.stdout.split()), "Etsy and Medusa are told nothing of it"


COMMAND = """
import sys
from etsy_pipeline.cli import main
from etsy_pipeline.errors import Conflict

@main.app.command("surprising")
def surprising():
    raise ValueError("Bearer {token} was refused")

@main.app.command("expected")
def expected():
    raise Conflict("Not now.", code="not_now")

for word in ("expected", "surprising"):
    sys.argv = ["etsy-pipeline", word]
    try:
        main.run()
    except SystemExit as error:
        print(word, error.code)
"""

REQUEST = """
import httpx
from etsy_pipeline import wiring
from etsy_pipeline.errors import Conflict
from etsy_pipeline.settings import Settings
from etsy_pipeline_tests.api import serving
from etsy_pipeline.api import syncs

def surprising(*_, **__):
    raise ValueError("Bearer {token} was refused")

def expected(*_, **__):
    raise Conflict("Not now.", code="not_now")

settings = Settings.load()
with serving.serving(settings, wiring.store_of(settings)) as url:
    address = url + "/admin/products/etsy-sync/wf_1/cancel?code={code}"
    for syncs.approvals.cancel in (expected, surprising):
        print(httpx.post(address, headers={{"cookie": "session={code}"}}, content=b"{code}").status_code)
"""

SENSOR = """
import dagster as dg
from etsy_pipeline.errors import Conflict
from etsy_pipeline.orchestration import sensors
from etsy_pipeline.orchestration.resources import StoreResource

def surprising(*_):
    raise ValueError("Bearer {token} was refused")

def expected(*_):
    raise Conflict("Not now.", code="not_now")

with dg.instance_for_test() as instance:
    for sensors.end_expired in (expected, surprising) * 3:  # it looks each second
        try:
            sensors.approved_syncs(dg.build_sensor_context(instance=instance, resources={{"store": StoreResource()}}))
        except (ValueError, Conflict) as error:
            print(type(error).__name__)
"""
CODE = "a1b2c3d4e5f6a7b8c9d0e1f2"


@pytest.mark.parametrize(
    ("where", "tag", "told"),
    [
        (COMMAND, "command", ["expected 1"]),
        (REQUEST, "path", ["409", "500"]),
        (SENSOR, "sensor", ["Conflict", "ValueError"] * 3),
    ],
    ids=["command", "request", "sensor"],
)
def test_an_unexpected_error_of_a_command_a_request_or_a_sensor_is_reported_once_and_an_expected_one_is_not(
    tmp_path: Path, where: str, tag: str, told: list[str]
) -> None:
    with a_sentry() as (dsn, taken):
        environment = os.environ | {"SENTRY_DSN": dsn, "ETSY_PIPELINE_HOME": str(tmp_path)}
        code = where.format(token=TOKEN, code=CODE)
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False, timeout=120
        )
    text = b"".join(taken).decode()
    assert done.stdout.splitlines() == told, done.stderr
    (event,) = [json.loads(line) for line in text.splitlines() if '"level"' in line]
    assert event["exception"]["values"][-1]["value"] == f"Bearer {HIDDEN} was refused"
    assert tag in event["tags"]
    assert TOKEN not in text
    assert CODE not in text, "no query, no cookie, no body"


def test_a_sentry_that_cannot_be_used_is_not_in_the_way_of_the_error(tmp_path: Path) -> None:
    environment = os.environ | {"SENTRY_DSN": "hunter2", "ETSY_PIPELINE_HOME": str(tmp_path)}
    code = COMMAND.format(token=TOKEN)
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert "ValueError" in done.stderr
    assert "hunter2" not in done.stderr
