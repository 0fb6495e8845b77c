"""Who is answered, from where, with how much; and what no answer shows. docs/security.md has these as a table."""

import logging
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from etsy_pipeline.api.guard import is_loopback
from etsy_pipeline.api.middleware import LARGEST_BODY
from etsy_pipeline.errors import NotConfigured
from etsy_pipeline.settings import Settings
from etsy_pipeline.store import jobs
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.api.serving import TOKEN, client_of, code_of, serving

LIST = "/admin/etsy-accounts"


@pytest.fixture
def guarded(settings: Settings, sqlite_store: Store) -> Iterator[httpx.Client]:
    """The API with a token; the client sends it."""
    with serving(settings, sqlite_store) as url, client_of(url) as client:
        yield client


@pytest.fixture
def unguarded(settings: Settings, sqlite_store: Store) -> Iterator[httpx.Client]:
    """The API without a token, and a program on its machine; admin.test's pages may call it."""
    changes = {"etsy_pipeline_api_token": None, "etsy_pipeline_api_cors_origins": "http://admin.test"}
    with serving(settings.model_copy(update=changes), sqlite_store) as url, httpx.Client(base_url=url) as client:
        yield client


@pytest.mark.parametrize("authorization", ["", "Bearer", "Basic YTpi", TOKEN, f"Token {TOKEN}"])
def test_without_a_bearer_token_nothing_is_answered(guarded: httpx.Client, authorization: str) -> None:
    answer = guarded.get(LIST, headers={"authorization": authorization})
    assert code_of(answer, 401) == "api_token_required"
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("token", ["x", TOKEN[:-1], TOKEN + "x", TOKEN.upper()])
def test_a_wrong_token_is_refused(guarded: httpx.Client, token: str) -> None:
    assert code_of(guarded.get(LIST, headers={"authorization": f"Bearer {token}"}), 401) == "api_token_wrong"


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/nope", LIST, "/admin/oauth/etsy?account_id=x"])
def test_every_other_route_needs_the_token(guarded: httpx.Client, path: str) -> None:
    assert code_of(guarded.get(path, headers={"authorization": ""}), 401) == "api_token_required"


@pytest.mark.parametrize(
    "path", ["//admin/oauth/etsy/callback", "/admin/oauth/etsy/callback/", "/admin/oauth/ebay/callback", "/health/"]
)
def test_what_only_looks_like_an_open_route_needs_the_token(guarded: httpx.Client, path: str) -> None:
    url = str(guarded.base_url).rstrip("/") + path
    assert code_of(httpx.get(url), 401) == "api_token_required"


def test_health_says_nothing_and_needs_nothing(guarded: httpx.Client) -> None:
    assert guarded.get("/health", headers={"authorization": ""}).json() == {"status": "ok"}


def test_the_bare_address_leads_to_the_pages(guarded: httpx.Client) -> None:
    answer = guarded.get("/", headers={"authorization": ""}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (307, "/review/")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "localhost:1234"])
def test_without_a_token_programs_on_the_machine_are_answered(unguarded: httpx.Client, host: str) -> None:
    assert unguarded.get(LIST, headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.test",
        "localhost.evil.test",
        "127.0.0.1.evil.test",
        "",
        "[",
        "10.0.0.1",
        "localhost@evil.test",
        "evil.test:9000",
    ],
)
def test_without_a_token_another_host_name_is_refused(unguarded: httpx.Client, host: str) -> None:
    """DNS rebinding: a page of evil.test whose name now leads to 127.0.0.1."""
    assert code_of(unguarded.get(LIST, headers={"host": host}), 403) == "host_not_local"


@pytest.mark.parametrize("header", ["x-forwarded-for", "x-forwarded-host", "x-real-ip", "forwarded", "via"])
def test_without_a_token_no_proxy_is_answered(unguarded: httpx.Client, header: str) -> None:
    assert code_of(unguarded.get(LIST, headers={header: "127.0.0.1"}), 403) == "proxy_not_trusted"


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.test"},
        {"origin": "null"},
        {"origin": "http://["},
        {"origin": "http://localhost:1"},
        {"sec-fetch-site": "cross-site"},
    ],
)
def test_without_a_token_a_foreign_page_changes_nothing(unguarded: httpx.Client, headers: dict[str, str]) -> None:
    """A form or fetch of another site needs no preflight, and would reach a server on loopback."""
    answer = unguarded.post(LIST, json={"shop_name": "Mine"}, headers=headers)
    assert code_of(answer, 403) == "origin_not_allowed"
    assert unguarded.get(LIST).json()["count"] == 0


def test_without_a_token_its_own_and_allowed_pages_are_answered(unguarded: httpx.Client) -> None:
    own = {"origin": str(unguarded.base_url).rstrip("/"), "sec-fetch-site": "same-origin"}
    assert unguarded.get(LIST, headers=own).status_code == 200
    assert unguarded.get(LIST, headers={"origin": "http://admin.test"}).status_code == 200


@pytest.mark.parametrize(
    ("host", "is_local"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("192.0.2.7", False),  # noqa: S104 - a value
     ("", False), ("127.0.0.1.evil.test", False), ("::ffff:192.0.2.7", False)],
)  # fmt: skip
def test_what_counts_as_this_machine(host: str, is_local: bool) -> None:  # noqa: FBT001 - a table's column
    assert is_loopback(host) is is_local


def test_without_a_token_a_remote_client_is_refused(settings: Settings, sqlite_store: Store) -> None:
    """Bound to all addresses by mistake: the client's address decides, whatever Host it sends."""
    address = own_address()
    if address is None:
        pytest.skip("this machine has no address but loopback")
    without = settings.model_copy(update={"etsy_pipeline_api_token": None})
    with serving(without, sqlite_store, host="0.0.0.0") as url:  # noqa: S104 - the mistake  # noqa: S104 - that is the mistake
        port = urlsplit(url).port
        answer = httpx.get(f"http://{address}:{port}{LIST}", headers={"host": "localhost"})
    assert code_of(answer, 403) == "client_not_local"


def own_address() -> str | None:
    """An address of this machine on a network; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        address: str = probe.getsockname()[0]
    return None if is_loopback(address) else address


def test_other_sites_are_not_invited_unless_a_setting_says_so(guarded: httpx.Client, unguarded: httpx.Client) -> None:
    asks = {"origin": "http://admin.test", "access-control-request-method": "POST"}
    assert "access-control-allow-origin" not in guarded.options(LIST, headers=asks).headers
    allowed = unguarded.options(LIST, headers=asks)
    assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (200, "http://admin.test")
    other = unguarded.options(LIST, headers=asks | {"origin": "http://evil.test"})
    assert "access-control-allow-origin" not in other.headers


def test_a_large_body_is_refused_before_it_is_read(guarded: httpx.Client) -> None:
    address = urlsplit(str(guarded.base_url))
    with socket.create_connection((str(address.hostname), address.port or 0), timeout=60) as line:
        line.sendall(
            f"POST {LIST} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {LARGEST_BODY + 1}\r\n\r\n".encode()
        )
        assert b"413" in line.recv(100)


def test_a_large_body_without_a_length_is_refused_on_the_way(guarded: httpx.Client) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(LARGEST_BODY // 65_536 + 2):
            yield b" " * 65_536

    answer = guarded.post(LIST, content=endless(), headers={"content-type": "application/json"})
    assert code_of(answer, 413) == "request_too_large"


def test_a_large_webhook_is_refused_too(guarded: httpx.Client) -> None:
    assert code_of(guarded.post("/webhooks/etsy", content=b" " * (LARGEST_BODY + 1)), 413) == "request_too_large"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nope", 404, "route_not_found"),
        ("GET", LIST + "/", 404, "route_not_found"),
        ("DELETE", LIST, 405, "method_not_allowed"),
        ("GET", LIST + "/%00", 422, "request_malformed"),
        ("GET", "/admin/oauth/etsy?account_id=%00", 422, "request_malformed"),
    ],
)
def test_what_is_not_there_has_the_shape_of_errors_as_well(
    guarded: httpx.Client, method: str, path: str, status: int, code: str
) -> None:
    answer = guarded.request(method, path)
    assert code_of(answer, status) == code


def test_a_fault_of_ours_shows_nothing_of_itself(
    settings: Settings, sqlite_store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """No real fault is known, so one is put in."""
    secret = "hunter2"

    def broken(*_args: Any, **_more: Any) -> None:
        raise ValueError(f"the secret is {secret}")

    monkeypatch.setattr(jobs, "page", broken)
    with caplog.at_level(logging.INFO), serving(settings, sqlite_store) as url, client_of(url) as client:
        answer = client.get("/admin/etsy-sync-jobs")
    assert code_of(answer, 500) == "unexpected_error"
    assert secret not in answer.text + caplog.text
    assert "ValueError" in caplog.text, "the log says what and where"


def test_every_answer_has_safe_headers(guarded: httpx.Client) -> None:
    for path in (LIST, "/docs", "/nope", "/health"):
        headers = guarded.get(path).headers
        assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store")
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "server" not in headers


def test_the_page_of_routes_shows_every_route_without_scripts(guarded: httpx.Client) -> None:
    page = guarded.get("/docs").text
    for path in guarded.get("/openapi.json").json()["paths"]:
        assert path in page
    assert "<script" not in page
    assert "excluded_products" in page


def test_a_token_that_could_be_guessed_is_refused() -> None:
    with pytest.raises(NotConfigured) as caught:
        Settings.load(etsy_pipeline_api_token="hunter2")
    assert "ETSY_PIPELINE_API_TOKEN" in str(caught.value)
    assert "hunter2" not in str(caught.value)
