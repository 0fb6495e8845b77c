"""Logs and error reports: nothing that looks like a secret leaves the process; Sentry only where it is asked for."""

import gzip
import json
import logging
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from etsy_pipeline.errors import NotConfigured
from etsy_pipeline.monitoring import report_errors
from etsy_pipeline.redaction import HIDDEN, RedactingFilter, redacted, redacted_deeply
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


def test_log_records_are_cleaned_before_they_are_written(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("etsy_pipeline.some_test")
    logger.addFilter(RedactingFilter())
    logger.warning("token=%s", TOKEN)
    assert TOKEN not in caplog.text
    assert HIDDEN in caplog.text


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


def test_an_error_is_reported_with_release_and_transaction_and_without_secrets() -> None:
    taken: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            taken.append(gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_words: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    code = f"""
import sentry_sdk
from etsy_pipeline.monitoring import report_errors
from etsy_pipeline.settings import Settings
report_errors(Settings.load(sentry_dsn="http://key@127.0.0.1:{server.server_port}/1"), transaction_id="wf_1")
try:
    secret = "{TOKEN}"
    raise ValueError(f"Bearer {{secret}} was refused")
except ValueError as error:
    sentry_sdk.capture_exception(error)
sentry_sdk.flush(5)
"""
    try:
        subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    finally:
        server.shutdown()
        server.server_close()
    text = b"".join(taken).decode()
    assert TOKEN not in text
    events = [json.loads(line) for line in text.splitlines() if line.startswith('{"') and '"exception"' in line]
    assert events[0]["tags"]["transaction_id"] == "wf_1"
    assert events[0]["release"].startswith("etsy_pipeline@")
