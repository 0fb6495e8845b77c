"""Connecting a shop over HTTP, with the local Etsy's consent page: what works, and each way in which it can fail."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from etsy_pipeline.sandbox.consent import grant
from etsy_pipeline.settings import Settings
from etsy_pipeline.store import accounts
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.api.serving import client_of, code_of, serving
from etsy_pipeline_tests.conftest import ON_SQLITE
from etsy_pipeline_tests.world import World

pytestmark = ON_SQLITE  # accounts/test_accounts.py connects on both kinds of database

CALLBACK = "/admin/oauth/etsy/callback"
BROWSER = {"accept": "text/html,application/xhtml+xml", "authorization": ""}


def added(api: httpx.Client) -> str:
    account_id: str = api.post("/admin/etsy-accounts", json={"shop_name": "Mine"}).json()["id"]
    return account_id


def begun(api: httpx.Client, account_id: str) -> str:
    location: str = api.get("/admin/oauth/etsy", params={"account_id": account_id}).json()["location"]
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
    assert (done.status_code, done.json()["shop_info"]["shop_id"]) == (200, 51_000_001)


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
    first, second = added(api), added(api)
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
    assert shown["shop_id"] == 51_000_001


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
    first, second = added(api), added(api)
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
    assert account.shop_id == 51_000_001
    job = api.get("/admin/etsy-sync-jobs", params=started.json() | {"summary": ""}).json()
    assert job["status"] == "cancelled", "what was asked for before is not published after the next connection"
    assert connected(api, account_id).json()["account"]["id"] == account_id
