"""Connecting a shop over HTTP, with the local Etsy's consent page: what works, and each way in which it can fail."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from pydantic import SecretStr

from etsy_pipeline.api.asker import COOKIE
from etsy_pipeline.sandbox.consent import grant
from etsy_pipeline.settings import Settings
from etsy_pipeline.store import accounts
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.tables.accounts import OauthSessionRow
from etsy_pipeline_tests.api.serving import TOKEN, client_of, code_of, serving
from etsy_pipeline_tests.api.visitor import Visitor
from etsy_pipeline_tests.conftest import ON_SQLITE
from etsy_pipeline_tests.world import SHOP_ID, World

pytestmark = ON_SQLITE  # accounts/test_accounts.py connects on both kinds of database

CALLBACK = "/admin/oauth/etsy/callback"
BROWSER = {"accept": "text/html,application/xhtml+xml", "authorization": ""}


def added(api: httpx.Client, name: str = "Mine") -> str:
    account_id: str = api.post("/admin/etsy-accounts", json={"shop_name": name}).json()["id"]
    return account_id


def begun(api: httpx.Client, account_id: str | None = None, **headers: str) -> str:
    """Where to send the seller; without an account this is the guide's way."""
    params = {} if account_id is None else {"account_id": account_id}
    location: str = api.get("/admin/oauth/etsy", params=params, headers=headers).json()["location"]
    return location


def came_back(location: str, **how: Any) -> dict[str, str]:
    """What Etsy adds to the redirect URI after the seller's consent."""
    query = parse_qs(urlsplit(grant(location, **how)).query)
    return {name: values[0] for name, values in query.items()}


def connected(api: httpx.Client, account_id: str, **how: Any) -> httpx.Response:
    return api.get(CALLBACK, params=came_back(begun(api, account_id), **how))


def test_a_shop_is_connected_by_the_redirect(api: httpx.Client) -> None:
    account_id = added(api)
    answer = api.get("/admin/oauth/etsy", params={"account_id": account_id})
    assert set(answer.json()) == {"location", "state"}
    assert answer.json()["state"] in answer.json()["location"]
    done = api.get(CALLBACK, params=came_back(answer.json()["location"])).json()
    assert set(done) == {"success", "account", "shop_info"}
    assert (done["success"], done["account"]["id"], done["account"]["is_active"]) == (True, account_id, True)
    assert done["shop_info"]["shop_name"] == "DustySpoonStudio"
    assert done["shop_info"]["currency"] == "USD"


def test_a_shop_is_connected_by_a_page_that_caught_the_redirect(api: httpx.Client) -> None:
    account_id = added(api)
    query = came_back(begun(api, account_id))
    done = api.post(CALLBACK, json={"id": account_id} | query)
    assert (done.status_code, done.json()["shop_info"]["shop_id"]) == (200, "51000001")
    assert done.json()["account"]["shop_id"] == SHOP_ID


def test_no_answer_and_no_log_holds_a_token(api: httpx.Client, store: Store, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    account_id = added(api)
    query = came_back(begun(api, account_id))
    said = api.get(CALLBACK, params=query).text + api.get(f"/admin/etsy-accounts/{account_id}").text
    said += api.get("/admin/etsy-accounts").text + api.get(f"/admin/etsy-accounts/{account_id}/readiness").text
    with store.reading() as session:
        account = accounts.get(session, account_id)
    for stored in (account.access_token_encrypted, account.refresh_token_encrypted):
        assert stored is not None
        secret = store.cipher.decrypt(stored)
        assert secret not in said
        assert stored not in said
        assert secret not in caplog.text
    ours = "\n".join(item.getMessage() for item in caplog.records if item.name.startswith("etsy_pipeline"))
    assert CALLBACK in ours
    assert query["code"] not in ours


def test_a_browser_gets_a_page_and_needs_no_token(api: httpx.Client) -> None:
    query = came_back(begun(api, added(api)))
    page = api.get(CALLBACK, params=query, headers=BROWSER)
    assert page.headers["content-type"].startswith("text/html")
    assert "DustySpoonStudio is connected" in page.text
    assert "trademark" in page.text
    assert page.headers["referrer-policy"] == "no-referrer"
    again = api.get(CALLBACK, params=query, headers=BROWSER)
    assert (again.status_code, "oauth_state_unknown" in again.text) == (400, True)


def test_a_page_shows_what_came_in_as_text(api: httpx.Client) -> None:
    page = api.get(CALLBACK, params={"error": "<script>alert(1)</script>", "state": "x"}, headers=BROWSER)
    assert "<script>" not in page.text
    assert "&lt;script&gt;" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_connecting_again_updates_the_account(api: httpx.Client) -> None:
    account_id = added(api)
    first, second = connected(api, account_id), connected(api, account_id)
    assert first.json()["account"]["id"] == second.json()["account"]["id"]
    assert api.get("/admin/etsy-accounts").json()["count"] == 1


def test_a_shop_that_another_account_holds_is_refused(api: httpx.Client) -> None:
    first, second = added(api), added(api, "Another")
    connected(api, first)
    answer = connected(api, second)
    assert code_of(answer, 409) == "shop_connected_elsewhere"
    assert first in answer.json()["message"]


def test_an_account_keeps_its_shop(api: httpx.Client) -> None:
    """Its links are listings of that shop."""
    account_id = added(api)
    connected(api, account_id, shop=1)
    assert code_of(connected(api, account_id, shop=2), 409) == "account_holds_another_shop"
    shown = api.get(f"/admin/etsy-accounts/{account_id}").json()
    assert shown["shop_id"] == SHOP_ID


def test_a_seller_who_says_no_ends_the_attempt(api: httpx.Client) -> None:
    query = came_back(begun(api, added(api)), deny=True)
    answer = api.get(CALLBACK, params=query)
    assert code_of(answer, 400) == "oauth_denied"
    assert "access_denied" in answer.json()["message"]
    assert code_of(api.get(CALLBACK, params={"state": query["state"], "code": "x"}), 400) == "oauth_state_unknown"


def test_a_code_works_once_and_a_state_too(api: httpx.Client) -> None:
    account_id = added(api)
    query = came_back(begun(api, account_id))
    assert api.get(CALLBACK, params=query).status_code == 200
    assert code_of(api.get(CALLBACK, params=query), 400) == "oauth_state_unknown"
    state = api.get("/admin/oauth/etsy", params={"account_id": account_id}).json()["state"]
    reused = api.get(CALLBACK, params={"code": query["code"], "state": state})
    assert code_of(reused, 400) == "oauth_invalid_grant"
    assert "used previously" in reused.json()["message"]


def test_a_code_expires(api: httpx.Client, world: World) -> None:
    query = came_back(begun(api, added(api)))
    world.etsy("POST", "clock", {"advance_seconds": 601})
    answer = api.get(CALLBACK, params=query)
    assert code_of(answer, 400) == "oauth_invalid_grant"
    assert "connect" in answer.json()["hint"].lower()


@pytest.mark.parametrize("state", ["made-up", "", "x" * 3000])
def test_a_state_that_was_never_given_out_is_refused(api: httpx.Client, state: str) -> None:
    answer = api.get(CALLBACK, params={"code": "x", "state": state})
    assert code_of(answer, 400) in {"oauth_state_unknown", "oauth_redirect_malformed"}


def test_the_state_of_another_account_is_refused(api: httpx.Client) -> None:
    first, second = added(api), added(api, "Another")
    query = came_back(begun(api, first))
    assert code_of(api.post(CALLBACK, json={"id": second} | query), 400) == "oauth_state_unknown"
    assert api.post(CALLBACK, json={"id": first} | query).status_code == 200


def test_a_redirect_uri_that_changed_meanwhile_says_what_to_register(
    api: httpx.Client, settings: Settings, store: Store
) -> None:
    query = came_back(begun(api, added(api)))
    other = settings.model_copy(update={"etsy_redirect_uri": "http://localhost:9000/admin/oauth/etsy/callback/"})
    with serving(other, store) as url, client_of(url) as client:
        answer = client.get(CALLBACK, params=query)
    assert code_of(answer, 400) == "oauth_invalid_grant"
    assert "ETSY_REDIRECT_URI" in answer.json()["hint"]


def test_a_permission_that_was_not_granted_is_named(api: httpx.Client) -> None:
    location = begun(api, added(api)).replace("listings_w+", "").replace("listings_w%20", "")
    answer = api.get(CALLBACK, params=came_back(location))
    assert code_of(answer, 403) == "etsy_scope_missing"
    assert "listings_w" in answer.json()["message"]


def test_a_wrong_shared_secret_is_called_that(api: httpx.Client, settings: Settings, store: Store) -> None:
    query = came_back(begun(api, added(api)))
    wrong = Settings.load(**(settings.model_dump() | {"etsy_shared_secret": "wrong-secret"}))
    with serving(wrong, store) as url, client_of(url) as client:
        answer = client.get(CALLBACK, params=query)
    assert code_of(answer, 502) == "etsy_key_invalid"
    assert "wrong-secret" not in answer.text


@pytest.mark.parametrize("path", ["/admin/oauth/ebay?account_id=x", "/admin/oauth/ebay/callback?code=1&state=2"])
def test_an_unknown_platform_is_refused(api: httpx.Client, path: str) -> None:
    answer = api.get(path)
    assert code_of(answer, 400) == "platform_unknown"
    assert "etsy" in answer.json()["hint"]


def test_an_attempt_survives_a_restart(api: httpx.Client, settings: Settings, store: Store) -> None:
    query = came_back(begun(api, added(api)))
    with serving(settings, store) as url, client_of(url) as another_process:
        assert another_process.get(CALLBACK, params=query).status_code == 200


def test_disconnecting_wipes_the_tokens_and_keeps_the_shop(api: httpx.Client, store: Store) -> None:
    account_id = added(api)
    connected(api, account_id)
    started = api.post("/admin/products/etsy-sync", json={"product_ids": ["prod_1"], "etsy_account_id": account_id})
    assert api.post(f"/admin/etsy-accounts/{account_id}/disconnect").json() == {"success": True}
    with store.reading() as session:
        account = accounts.get(session, account_id)
    assert (account.access_token_encrypted, account.refresh_token_encrypted, account.is_active) == (None, None, False)
    assert account.shop_id == SHOP_ID
    job = api.get("/admin/etsy-sync-jobs", params=started.json() | {"summary": ""}).json()
    assert job["status"] == "cancelled", "what was asked for before is not published after the next connection"
    assert connected(api, account_id).json()["account"]["id"] == account_id


# An attempt without an account, as in the guide: it belongs to whoever began it.

IN_A_BROWSER = {"sec-fetch-site": "same-origin"}
FORM = f"{CALLBACK}/finish"


@pytest.fixture
def person(api: httpx.Client) -> Iterator[Visitor]:
    """A browser that has no token: that of the seller, for whom a program asked."""
    visitor = Visitor(str(api.base_url))
    visitor.client.headers["accept"] = BROWSER["accept"]
    with visitor.client:
        yield visitor


@pytest.fixture
def without_token(settings: Settings, store: Store) -> Iterator[httpx.Client]:
    """The same API without a token, from this machine."""
    with (
        serving(settings.model_copy(update={"etsy_pipeline_api_token": None}), store) as url,
        httpx.Client(base_url=url, timeout=60) as client,
    ):
        yield client


def names(api: httpx.Client) -> list[tuple[str, str | None]]:
    found = api.get("/admin/etsy-accounts").json()["etsy_accounts"]
    return [(item["name"], item["shop_name"]) for item in found]


def test_an_attempt_without_an_account_is_finished_by_who_names_one(api: httpx.Client) -> None:
    answer = api.get("/admin/oauth/etsy")
    assert (set(answer.json()), "set-cookie" in answer.headers) == ({"location", "state"}, False)
    account_id, query = added(api), came_back(answer.json()["location"])
    done = api.post(CALLBACK, json={"id": account_id} | query)
    assert (done.status_code, done.json()["account"]["id"]) == (200, account_id)
    assert done.json()["shop_info"]["shop_id"] == "51000001"
    again = api.post(CALLBACK, json={"id": account_id} | query)
    assert code_of(again, 400) == "oauth_state_unknown"


def test_a_redirect_that_a_program_follows_is_left_open_for_its_post(api: httpx.Client) -> None:
    query = came_back(begun(api))
    answer = api.get(CALLBACK, params=query)
    assert code_of(answer, 400) == "oauth_account_needed"
    assert "POST {id, code, state}" in answer.json()["hint"]
    assert code_of(api.post(CALLBACK, json={"id": "etsy_acc_nope"} | query), 404) == "account_not_found"
    assert api.post(CALLBACK, json={"id": added(api)} | query).status_code == 200


def test_an_attempt_without_an_account_lasts_ten_minutes(api: httpx.Client, store: Store) -> None:
    account_id, query = added(api), came_back(begun(api))
    with store.writing() as session:
        session.query(OauthSessionRow).one().expires_at = datetime.now(UTC) - timedelta(seconds=1)
    assert code_of(api.post(CALLBACK, json={"id": account_id} | query), 400) == "oauth_state_unknown"
    assert code_of(api.get(CALLBACK, params=query), 400) == "oauth_state_unknown"
    page = api.get(CALLBACK, params=query, headers=BROWSER)
    assert (page.status_code, "oauth_state_unknown" in page.text) == (400, True)
    assert "oauth_state_unknown" in api.post(FORM, data=query).text


def test_another_sessions_state_is_refused(
    api: httpx.Client, without_token: httpx.Client, settings: Settings, store: Store
) -> None:
    """Begun with the token, with none, with an earlier one: each is finished by the same session, and no other."""
    other = settings.model_copy(update={"etsy_pipeline_api_token": SecretStr("another-token-of-the-api")})
    account_id = added(api)
    with (
        serving(other, store) as url,
        client_of(url, authorization="Bearer another-token-of-the-api") as rotated,
    ):
        for one in (api, without_token, rotated):
            body = {"id": account_id} | came_back(begun(one))
            for another in {api, without_token, rotated} - {one}:
                assert code_of(another.post(CALLBACK, json=body), 400) == "oauth_state_unknown"
            assert one.post(CALLBACK, json=body).status_code == 200


def test_a_browser_that_keeps_cookies_finishes_what_it_began(api: httpx.Client) -> None:
    """Who has the same token and another browser has another session."""
    account_id = added(api)
    query = came_back(begun(api, **IN_A_BROWSER))
    nonce = api.cookies[COOKIE]
    api.cookies.clear()
    body = {"id": account_id} | query
    assert code_of(api.post(CALLBACK, json=body), 400) == "oauth_state_unknown"
    begun(api, **IN_A_BROWSER)
    assert api.cookies[COOKIE] != nonce
    assert code_of(api.post(CALLBACK, json=body), 400) == "oauth_state_unknown"
    api.cookies.clear()
    api.cookies.set(COOKIE, nonce, path="/admin/oauth")
    assert api.post(CALLBACK, json=body).status_code == 200


def test_the_cookie_of_a_browser_is_out_of_reach(api: httpx.Client, store: Store) -> None:
    answer = api.get("/admin/oauth/etsy", headers=IN_A_BROWSER)
    (sent,) = answer.headers.get_list("set-cookie")
    assert {"HttpOnly", "Path=/admin/oauth", "SameSite=lax", "Max-Age=600"} <= set(sent.split("; "))
    assert "Secure" not in sent
    nonce = api.cookies[COOKIE]
    again = api.get("/admin/oauth/etsy", headers=IN_A_BROWSER | {"x-forwarded-proto": "https"})
    assert "Secure" in again.headers["set-cookie"]
    assert nonce in again.headers["set-cookie"], "attempts in two tabs are one session's"
    with store.reading() as session:
        marks = [row.asked_by for row in session.query(OauthSessionRow)]
    assert len(set(marks)) == 1
    assert nonce not in str(marks)
    assert TOKEN not in str(marks)


@pytest.mark.parametrize("site", [{}, {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}])
def test_a_page_of_another_origin_needs_no_cookie(api: httpx.Client, site: dict[str, str]) -> None:
    """A browser would not keep it: the guide's admin pages may be served from elsewhere."""
    location = begun(api, **site)
    assert dict(api.cookies) == {}
    api.cookies.set(COOKIE, "left-over-from-something-else", path="/admin/oauth")
    assert api.post(CALLBACK, json={"id": added(api)} | came_back(location)).status_code == 200


def test_the_sellers_browser_finishes_with_one_button(api: httpx.Client, person: Visitor) -> None:
    """No account was named: one is made of the shop. The page alone uses nothing up."""
    query = came_back(begun(api))
    person.open(CALLBACK, **query)
    person.open(CALLBACK, **query)
    assert "Etsy granted access" in person.text
    assert set(person.fields(FORM)) == {"code", "state"}
    assert names(api) == []
    assert "DustySpoonStudio is connected" in person.send(FORM).text
    assert names(api) == [("DustySpoonStudio", "DustySpoonStudio")]
    person.open(CALLBACK, **query)
    assert (person.page.status_code, "oauth_state_unknown" in person.text) == (400, True)


def test_the_page_leaves_the_state_for_the_guides_post(api: httpx.Client, person: Visitor) -> None:
    account_id, query = added(api), came_back(begun(api))
    person.open(CALLBACK, **query)
    assert api.post(CALLBACK, json={"id": account_id} | query).json()["account"]["id"] == account_id
    assert "oauth_state_unknown" in person.send(FORM).text
    assert len(names(api)) == 1


def test_a_shop_that_has_an_account_is_connected_to_it_again(api: httpx.Client, person: Visitor) -> None:
    account_id = added(api)
    connected(api, account_id)
    person.open(CALLBACK, **came_back(begun(api)))
    assert account_id in person.send(FORM).text
    assert names(api) == [("Mine", "DustySpoonStudio")]


def test_a_seller_is_not_shown_whose_accounts_there_are(api: httpx.Client, person: Visitor) -> None:
    """A program asked on their behalf: they may finish, and know nothing of the others."""
    account_id, query = added(api), came_back(begun(api))
    person.open(CALLBACK, **query)
    assert account_id not in person.page.text
    answer = person.client.post(FORM, data=query | {"account_id": account_id})
    assert (answer.status_code, "oauth_state_unknown" in answer.text) == (400, True)
    assert names(api) == [("Mine", None)]


def test_who_began_in_this_browser_chooses_among_the_accounts_without_a_shop(
    api: httpx.Client, person: Visitor
) -> None:
    taken, free = added(api), added(api, "Another")
    connected(api, taken)
    query = came_back(begun(api, **IN_A_BROWSER), shop=2)
    person.client.cookies = api.cookies
    person.open(CALLBACK, **query)
    assert (free in person.page.text, taken in person.page.text) == (True, False)
    assert "is connected" in person.send(FORM, account_id=free).text
    shown = api.get(f"/admin/etsy-accounts/{free}").json()
    assert (shown["is_active"], shown["shop_id"]) == (True, 51_000_002)


def test_on_a_machine_that_needs_no_token_the_accounts_are_shown(without_token: httpx.Client) -> None:
    account_id = added(without_token)
    page = without_token.get(CALLBACK, params=came_back(begun(without_token)), headers=BROWSER)
    assert account_id in page.text


def test_another_browser_cannot_finish_on_the_page(api: httpx.Client, person: Visitor) -> None:
    query = came_back(begun(api, **IN_A_BROWSER))
    person.open(CALLBACK, **query)
    assert (person.page.status_code, "oauth_state_unknown" in person.text) == (400, True)
    refused = person.client.post(FORM, data=query)
    assert (refused.status_code, names(api)) == (400, [])


def test_the_form_takes_no_attempt_of_an_account(api: httpx.Client, person: Visitor) -> None:
    query = came_back(begun(api, added(api)))
    assert "oauth_state_unknown" in person.client.post(FORM, data=query).text
    assert code_of(api.get(CALLBACK, params=query | {"state": "x"}), 400) == "oauth_state_unknown"
    assert connected(api, added(api, "Another")).status_code == 200


def test_a_seller_who_says_no_ends_an_attempt_without_an_account_too(api: httpx.Client, person: Visitor) -> None:
    query = came_back(begun(api), deny=True)
    page = person.open(CALLBACK, **query).text
    assert "oauth_denied" in page
    assert "/setup/shop" in page, "there is a way on"
    body = {"id": added(api), "code": "x", "state": query["state"]}
    assert code_of(api.post(CALLBACK, json=body), 400) == "oauth_state_unknown"
