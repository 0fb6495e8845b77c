"""OAuth on the local Etsy: consent, codes, tokens, rotation (FACTS §2), and the clock that tests turn."""

import base64
import hashlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from etsy_pipeline.sandbox.consent import grant
from etsy_pipeline_tests.sandbox.conftest import HTTP, Etsy, control
from etsy_pipeline_tests.world import World

VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
REDIRECT_URI = "http://localhost:9000/admin/oauth/etsy/callback"
HOUR = 3600


class Seller:
    """The OAuth side of one shop owner and one app."""

    def __init__(self, world: World) -> None:
        self.environment = world.sandbox.environment()
        self.client_id = self.environment["ETSY_CLIENT_ID"]

    def address(self, **changes: str) -> str:
        query = {
            "response_type": "code", "client_id": self.client_id, "redirect_uri": REDIRECT_URI,
            "scope": "listings_r shops_r", "state": "s1", "code_challenge": CHALLENGE, "code_challenge_method": "S256",
        }  # fmt: skip
        return f"{self.environment['ETSY_OAUTH_URL']}?{urlencode(query | changes)}"

    def code(self, shop: int = 1) -> str:
        return parse_qs(urlsplit(grant(self.address(), shop)).query)["code"][0]

    def token(self, **form: str) -> httpx.Response:
        return HTTP.post(self.environment["ETSY_TOKEN_URL"], data={"client_id": self.client_id, **form})

    def exchange(self, code: str, /, **changes: str) -> httpx.Response:
        form = {"grant_type": "authorization_code", "redirect_uri": REDIRECT_URI, "code_verifier": VERIFIER}
        return self.token(**{**form, "code": code, **changes})

    def refresh(self, refresh_token: str) -> httpx.Response:
        return self.token(grant_type="refresh_token", refresh_token=refresh_token)


@pytest.fixture
def seller(world: World) -> Iterator[Seller]:
    control(world, "POST", "limits", {"per_second": 1000, "per_day": 1_000_000})
    yield Seller(world)
    control(world, "DELETE", "faults")
    control(world, "POST", "reset", {})


def me(world: World, access_token: str) -> httpx.Response:
    key = f"{world.sandbox.client_id}:{world.sandbox.shared_secret}"
    headers = {"x-api-key": key, "authorization": f"Bearer {access_token}"}
    return HTTP.get(f"{world.sandbox.etsy_url}/v3/application/users/me", headers=headers)


def test_consent_and_code_give_tokens_that_begin_with_the_user_id(seller: Seller, world: World) -> None:
    answer = seller.exchange(seller.code(shop=2))
    body = answer.json()
    assert answer.status_code == 200
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", HOUR, "listings_r shops_r")
    assert body["access_token"].startswith("910000002.")
    assert body["refresh_token"].startswith("910000002.")
    assert me(world, body["access_token"]).json() == {"user_id": 910_000_002, "shop_id": 51_000_002}


def test_the_page_names_shops_and_scopes_and_redirects_with_the_state(seller: Seller) -> None:
    page = HTTP.get(seller.address()).text
    assert all(word in page for word in ("DustySpoonStudio", "NordlichtKeramik", "listings_r", "Grant access", "Deny"))
    assert parse_qs(urlsplit(grant(seller.address(state="x y"))).query)["state"] == ["x y"]


def test_a_seller_who_denies_is_an_error_in_the_redirect(seller: Seller) -> None:
    query = parse_qs(urlsplit(grant(seller.address(), deny=True)).query)
    assert (query["error"], query["state"], "code" in query) == (["access_denied"], ["s1"], False)


@pytest.mark.parametrize(
    "changes",
    [
        {"redirect_uri": f"{REDIRECT_URI}/"},
        {"redirect_uri": REDIRECT_URI.upper()},
        {"client_id": "somebody"},
        {"scope": "listings_r billing_r"},
        {"scope": ""},
        {"state": ""},
        {"response_type": "token"},
        {"code_challenge_method": "plain"},
        {"code_challenge": "too-short"},
    ],
    ids=lambda changes: str(next(iter(changes.items()))),
)
def test_a_wrong_parameter_is_a_page_for_the_seller_and_no_redirect(seller: Seller, changes: dict[str, str]) -> None:
    answer = HTTP.get(seller.address(**changes))
    assert (answer.status_code, "location" in answer.headers) == (400, False)
    with pytest.raises(RuntimeError, match="The consent page says"):
        grant(seller.address(**changes))


def test_nobody_grants_access_for_a_shop_that_is_not_there(seller: Seller) -> None:
    answer = HTTP.post(seller.address(), data={"user_id": "1", "answer": "grant"})
    assert (answer.status_code, "location" in answer.headers) == (400, False)


def test_a_code_works_once(seller: Seller) -> None:
    code = seller.code()
    assert seller.exchange(code).status_code == 200
    answer = seller.exchange(code)
    assert answer.status_code == 400
    assert answer.json() == {"error": "invalid_grant", "error_description": "code has been used previously"}


@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": "w" * 43},
        {"code_verifier": "short"},
        {"code": "unknown"},
        {"redirect_uri": "http://localhost:9000/elsewhere"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_code_is_worth_nothing_without_what_belongs_to_it(seller: Seller, changes: dict[str, str]) -> None:
    answer = seller.exchange(seller.code(), **changes)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_a_code_waits_ten_minutes_at_most(seller: Seller, world: World) -> None:
    code = seller.code()
    control(world, "POST", "clock", {"advance_seconds": 601})
    assert seller.exchange(code).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "refresh_token", "client_id": "somebody"}, 401, "invalid_client"),
    ],
)
def test_other_requests_for_tokens_are_refused(seller: Seller, form: dict[str, str], status: int, code: str) -> None:
    answer = seller.token(**form)
    assert (answer.status_code, answer.json()["error"]) == (status, code)


def test_tokens_are_asked_for_in_a_form_and_never_in_json(seller: Seller) -> None:
    body = {"grant_type": "authorization_code", "client_id": seller.client_id, "redirect_uri": REDIRECT_URI}
    answer = HTTP.post(seller.environment["ETSY_TOKEN_URL"], json={**body, "code": seller.code()})
    assert answer.status_code == 401


def test_an_access_token_lives_an_hour(seller: Seller, world: World) -> None:
    tokens = seller.exchange(seller.code()).json()
    control(world, "POST", "clock", {"advance_seconds": HOUR - 60})
    assert me(world, tokens["access_token"]).status_code == 200
    control(world, "POST", "clock", {"advance_seconds": 61})
    answer = me(world, tokens["access_token"])
    assert answer.status_code == 401
    assert answer.json() == {"error": "invalid_token", "error_description": "access token is expired"}
    assert seller.refresh(tokens["refresh_token"]).status_code == 200


def test_a_refresh_ends_the_old_refresh_token_at_once(seller: Seller, world: World) -> None:
    """FACTS §2 is uncertain here: the strict case."""
    old = seller.exchange(seller.code()).json()
    new = seller.refresh(old["refresh_token"]).json()
    assert me(world, new["access_token"]).status_code == 200
    assert new["refresh_token"] != old["refresh_token"]
    answer = seller.refresh(old["refresh_token"])
    assert answer.status_code == 400
    assert answer.json() == {"error": "invalid_grant", "error_description": "refresh_token is revoked"}
    assert seller.refresh(new["refresh_token"]).status_code == 200


def test_a_refresh_token_lives_ninety_days(seller: Seller, world: World) -> None:
    tokens = seller.exchange(seller.code()).json()
    control(world, "POST", "clock", {"advance_seconds": 90 * 24 * HOUR + 1})
    assert seller.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_a_changed_password_ends_the_grant(seller: Seller, world: World) -> None:
    """FACTS §2: any password change invalidates all tokens."""
    tokens = seller.exchange(seller.code()).json()
    for kind in ("access", "refresh"):
        control(world, "POST", "tokens", {"kind": kind})
    assert me(world, tokens["access_token"]).status_code == 401
    assert seller.refresh(tokens["refresh_token"]).json()["error_description"] == "refresh_token is revoked"


def test_a_bad_token_fails_even_where_none_is_needed(etsy: Etsy) -> None:
    answer = etsy("GET", "/openapi-ping", headers={"authorization": "Bearer 1.nonsense"})
    assert answer.status_code == 401


def test_a_tokens_scopes_can_be_asked_for(etsy: Etsy) -> None:
    answer = etsy("POST", "/scopes", data={"token": etsy.token})
    assert answer.json() == {"scopes": ["listings_r", "listings_w", "listings_d", "shops_r", "shops_w"]}


def test_token_calls_count_and_are_logged_without_secrets(seller: Seller, world: World) -> None:
    """FACTS §12: whether they count is unknown: the strict case."""
    control(world, "POST", "limits", {"per_day": 0})
    answer = seller.refresh("910000001.something")
    assert answer.status_code == 429
    assert answer.headers["x-etsy-request-uuid"]
    row = world.sandbox.state.row("SELECT * FROM request_log WHERE operation = 'token'")
    assert row is not None
    assert "something" not in str(dict(row))


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ({"kind": "status", "status": 500}, 500),
        ({"kind": "html"}, 502),
        ({"kind": "drop_before"}, httpx.RemoteProtocolError),
        ({"kind": "drop_after"}, httpx.RemoteProtocolError),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else "",
)
def test_the_token_endpoint_has_bad_days_too(
    seller: Seller, world: World, fault: dict[str, Any], outcome: int | type[Exception]
) -> None:
    """FACTS §2: it sometimes answers 500, and a refresh whose answer was lost can cost the grant."""
    tokens = seller.exchange(seller.code()).json()
    control(world, "POST", "faults", {"operation": "token", "times": 1, **fault})
    if isinstance(outcome, int):
        assert seller.refresh(tokens["refresh_token"]).status_code == outcome
    else:
        with pytest.raises((outcome, httpx.ReadError)):
            seller.refresh(tokens["refresh_token"])
    lost = fault["kind"] == "drop_after"
    assert seller.refresh(tokens["refresh_token"]).status_code == (400 if lost else 200)


def test_consent_can_be_automatic_for_tests(seller: Seller, world: World) -> None:
    control(world, "POST", "auto-consent", {"user_id": 910_000_002})
    answer = HTTP.get(seller.address())
    assert answer.status_code == 302
    code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
    assert seller.exchange(code).json()["access_token"].startswith("910000002.")
