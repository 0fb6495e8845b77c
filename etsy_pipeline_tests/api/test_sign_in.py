"""Who gets to the review page: signed in with the API's token, by forms of its own, or on this machine without one."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from etsy_pipeline.api.context import AppContext
from etsy_pipeline.api.review.app import BEHIND_SIGN_IN
from etsy_pipeline.api.review.exclusions import pack, unpack
from etsy_pipeline.api.review.login_throttle import MAX_A_MINUTE, LoginThrottle
from etsy_pipeline.api.review.page import is_picture
from etsy_pipeline.errors import BadRequest, Conflict
from etsy_pipeline.settings import Settings
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.api.planned import a_connected_account
from etsy_pipeline_tests.api.serving import TOKEN, code_of, serving
from etsy_pipeline_tests.api.visitor import Visitor

ACCOUNTS = "/review/accounts"


@pytest.fixture
def visitor(settings: Settings, sqlite_store: Store) -> Iterator[Visitor]:
    """Somebody who has not signed in."""
    with serving(settings, sqlite_store) as url:
        yield Visitor(url)


@pytest.fixture
def local(settings: Settings, sqlite_store: Store) -> Iterator[Visitor]:
    """Somebody at the machine of an API without a token."""
    with serving(settings.model_copy(update={"etsy_pipeline_api_token": None}), sqlite_store) as url:
        yield Visitor(url)


def routes() -> list[tuple[str, str]]:
    """Every route that shows or changes anything."""
    return [
        (method, f"/review{route.path}".format(transaction_id="wf_1", account_id="etsy_acc_1", position=0))
        for room in BEHIND_SIGN_IN
        for route in room.router.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    ]


def test_nothing_is_shown_or_changed_before_signing_in(visitor: Visitor) -> None:
    assert len(routes()) >= 14
    for method, path in routes():
        answer = visitor.client.request(method, path, follow_redirects=False)
        assert answer.status_code == 303, (method, path)
        assert answer.headers["location"].startswith("/review/sign-in"), (method, path)
        assert not answer.content, (method, path)


def test_the_token_is_typed_once(visitor: Visitor) -> None:
    visitor.sign_in(path="/review/accounts?x=1")
    assert (visitor.page.status_code, visitor.page.url.path) == (200, ACCOUNTS), "where they wanted to go"
    assert visitor.open("/review/").status_code == 200
    assert TOKEN not in visitor.page.text + str(visitor.client.cookies)
    visitor.send("/review/sign-out")
    assert visitor.open("/review/").url.path == "/review/sign-in"


@pytest.mark.parametrize("token", ["", "x", TOKEN[:-1], TOKEN + "x", "é\udc00"[:1]])
def test_a_wrong_token_is_no_way_in(visitor: Visitor, token: str) -> None:
    answer = visitor.sign_in(token)
    assert (answer.status_code, "sign_in_wrong" in answer.text) == (403, True)
    assert visitor.open("/review/").url.path == "/review/sign-in"


def test_guessing_comes_to_an_end(visitor: Visitor) -> None:
    for _ in range(MAX_A_MINUTE):
        visitor.sign_in("wrong")
    answer = visitor.sign_in(TOKEN)
    assert (answer.status_code, "sign_in_too_often" in answer.text) == (429, True)


def test_guesses_are_forgotten_after_a_minute_and_counted_by_address() -> None:
    now = [0.0]
    throttle = LoginThrottle(lambda: now[0])
    for _ in range(MAX_A_MINUTE):
        throttle.note_wrong("a")
    throttle.require_few("b")
    with pytest.raises(Conflict):
        throttle.require_few("a")
    now[0] = 61.0
    throttle.require_few("a")


@pytest.mark.parametrize(
    "where", ["https://evil.test/", "//evil.test", "/\\evil.test", "/review/\\evil", "/admin/x", "/review/\n"]
)
def test_signing_in_leads_to_no_other_site(visitor: Visitor, where: str) -> None:
    visitor.open("/review/")
    visitor.client.follow_redirects = False
    answer = visitor.send("/review/sign-in", token=TOKEN, where=where)
    assert (answer.status_code, answer.headers["location"]) == (303, "/review/")


@pytest.mark.parametrize(("headers", "is_secure"), [({}, False), ({"x-forwarded-proto": "https"}, True)])
def test_the_cookie_is_kept_from_scripts_and_other_sites(
    visitor: Visitor,
    headers: dict[str, str],
    is_secure: bool,  # noqa: FBT001 - a table's column
) -> None:
    cookie = visitor.client.get("/review/sign-in", headers=headers).headers["set-cookie"].lower()
    parts = {part.strip() for part in cookie.split(";")}
    assert {"httponly", "samesite=lax", "path=/", "max-age=28800"} <= parts
    assert ("secure" in parts) is is_secure


def test_the_session_is_no_way_into_the_json_routes(visitor: Visitor) -> None:
    visitor.sign_in()
    cookies = "; ".join(f"{name}={value}" for name, value in visitor.client.cookies.items())
    for path in ("/admin/etsy-accounts", "/docs", "/reviewx", "//review/", "/Review/"):
        answer = httpx.get(str(visitor.client.base_url).rstrip("/") + path, headers={"cookie": cookies})
        assert code_of(answer, 401) == "api_token_required"


def test_a_session_of_another_token_or_one_that_was_made_up_is_none(
    visitor: Visitor, settings: Settings, sqlite_store: Store
) -> None:
    visitor.sign_in()
    (cookie,) = visitor.client.cookies.jar
    other = settings.model_copy(update={"etsy_pipeline_api_token": type(settings.etsy_pipeline_api_token)("x" * 20)})  # type: ignore[misc]
    with serving(other, sqlite_store) as url:
        for value in (cookie.value, (cookie.value or "")[:-2] + "xx", "eyJzaWduZWRfaW4iOiB0cnVlfQ=="):
            answer = httpx.get(f"{url}/review/", headers={"cookie": f"{cookie.name}={value}"})
            assert answer.status_code == 303


@pytest.mark.parametrize("csrf", ["", "x", "é"])
def test_a_form_without_the_sessions_token_changes_nothing(visitor: Visitor, csrf: str) -> None:
    visitor.sign_in(path=ACCOUNTS)
    answer = visitor.send(ACCOUNTS, name="Mine", csrf=csrf)
    assert (answer.status_code, "form_expired" in answer.text) == (403, True)
    assert "Mine" not in visitor.open(ACCOUNTS).text


def test_every_form_has_that_token(visitor: Visitor, sqlite_store: Store) -> None:
    a_connected_account(sqlite_store)
    visitor.sign_in()
    posts = [path for method, path in routes() if method == "POST"]
    assert len(posts) >= 7
    for path in posts:
        assert visitor.client.post(path, data={"plan_digest": "ab"}).status_code == 403, path


def test_the_token_of_forms_is_another_one_after_signing_in(visitor: Visitor) -> None:
    """Else whoever had the browser before could know it."""
    visitor.open("/review/sign-in")
    before = visitor.fields("/review/sign-in")["csrf"]
    visitor.sign_in()
    assert visitor.fields("/review/sign-out")["csrf"] != before


def test_without_a_token_nobody_signs_in_but_forms_are_checked(local: Visitor) -> None:
    assert local.open("/review/sign-in").url.path == "/review/"
    assert "Sign out" not in local.text
    local.open(ACCOUNTS)
    assert local.client.post(ACCOUNTS, data={"name": "Mine"}).status_code == 403
    assert "Mine" in local.send(ACCOUNTS, name="Mine").text


FOLLOWED = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/review/", FOLLOWED, 200),
        ("GET", "/review/", FOLLOWED | {"sec-fetch-dest": "iframe"}, 403),
        ("GET", "/review/", FOLLOWED | {"sec-fetch-mode": "no-cors"}, 403),
        ("GET", "/admin/etsy-accounts", FOLLOWED, 403),
        ("POST", ACCOUNTS, FOLLOWED, 403),
        ("GET", "/review/", {"host": "evil.test"}, 403),
        ("GET", "/review/", {"x-forwarded-for": "127.0.0.1"}, 403),
    ],
)  # fmt: skip
def test_without_a_token_links_of_other_sites_may_be_followed_and_no_more(
    local: Visitor, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    assert local.client.request(method, path, headers=headers).status_code == status


def test_a_page_may_load_its_style_and_pictures_and_nothing_else(visitor: Visitor, settings: Settings) -> None:
    page = visitor.sign_in()
    policy = dict(part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";"))
    etsy = settings.etsy_oauth_url.removesuffix("/oauth/connect")
    assert policy == {
        "default-src": "'none'",
        "style-src": "'self'",
        "script-src": "'self'",  # pages.js
        "img-src": f"https: {settings.medusa_url} {etsy}",  # a sandbox is not behind https
        "form-action": f"'self' {etsy}",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }
    assert page.headers["cache-control"] == "no-store"
    assert (page.headers["x-content-type-options"], page.headers["referrer-policy"]) == ("nosniff", "no-referrer")
    assert page.text.count("<script") == page.text.count('<script src="/review/pages.js?') == 1
    assert "style=" not in page.text


@pytest.mark.parametrize(
    ("url", "is_shown"),
    [("https://cdn.test/a.jpg", True), ("http://medusa.test:9000/a.jpg", True), ("http://medusa.test/a.jpg", False),
     ("http://medusa.test:9000.evil.test/a.jpg", False), ("javascript:alert(1)", False), ("data:image/png;base64,AA", False), ("", False)],
)  # fmt: skip
def test_pictures_come_by_https_or_from_medusa(sqlite_store: Store, url: str, is_shown: bool) -> None:  # noqa: FBT001 - a table's column
    settings = Settings.load(medusa_url="http://medusa.test:9000/")
    assert is_picture(AppContext(settings, sqlite_store), url) is is_shown


@pytest.mark.parametrize("positions", [(), (0,), (7, 8), (3, 9_999), range(10_000), range(0, 10_000, 2)])
def test_what_is_left_out_fits_into_an_address(positions: Any) -> None:
    assert unpack(pack(positions)) == frozenset(positions)
    assert len(pack(positions)) < 2000


@pytest.mark.parametrize("text", ["x", "*", "eJw", pack([5])[:-3], pack([5]) + "AAAA" * 9])
def test_text_that_is_no_selection_is_refused(text: str) -> None:
    with pytest.raises(BadRequest):
        unpack(text)


def test_a_small_text_cannot_become_a_large_selection() -> None:
    import base64
    import zlib

    bomb = base64.urlsafe_b64encode(zlib.compress(b"\xff" * 10_000_000, 9)).decode()
    with pytest.raises(BadRequest):
        unpack(bomb)
