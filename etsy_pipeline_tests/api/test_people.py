"""People with names: each has a token and a role, decides under no other name, and is out as soon as they are removed."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute
from pydantic import SecretStr

from etsy_pipeline.accounts import people
from etsy_pipeline.api.app import ROOMS
from etsy_pipeline.api.guard import OPEN, is_for_people
from etsy_pipeline.api.review.app import BEHIND_SIGN_IN
from etsy_pipeline.api.who import role_needed
from etsy_pipeline.errors import PipelineError
from etsy_pipeline.settings import Settings
from etsy_pipeline.store import jobs
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import Role
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync.request import request_sync
from etsy_pipeline_tests.api.planned import a_connected_account, draw_up, wait_for_a_person
from etsy_pipeline_tests.api.serving import client_of, code_of, serving
from etsy_pipeline_tests.api.visitor import Visitor
from etsy_pipeline_tests.conftest import ON_SQLITE

SYNC = "/admin/products/etsy-sync"
APPROVE = {
    "/admin/products/etsy-sync",
    "/admin/products/etsy-sync/{transaction_id}/confirm",
    "/admin/products/etsy-sync/{transaction_id}/reject",
    "/admin/products/etsy-sync/{transaction_id}/cancel",
    "/admin/products/etsy-sync/{transaction_id}/drop",
    "/admin/products/etsy-sync/{transaction_id}/first",
    "/admin/products/etsy-sync/{transaction_id}/resume",
    "/admin/products/etsy-sync/{transaction_id}/retry",
    "/admin/products/etsy-sync/{transaction_id}/rollback",
    "/admin/etsy-accounts/{account_id}/link-decisions",
    "/admin/etsy-accounts/{account_id}/frozen-lines",
    "/admin/etsy-accounts/{account_id}/receipts/{receipt_id}/close",
    "/admin/etsy-accounts/{account_id}/scan",
    "/review/accounts/{account_id}/orders",
    "/review/accounts/{account_id}/scan",
    "/review/{transaction_id}/approve",
    "/review/{transaction_id}/reject",
    "/review/{transaction_id}/cancel",
    "/review/{transaction_id}/resume",
    "/review/{transaction_id}/retry",
    "/review/{transaction_id}/rollback",
    "/review/sync",
    "/review/accounts/{account_id}/candidates/decide",
    "/review/accounts/{account_id}/candidates/certain",
    "/review/accounts/{account_id}/accept",
}
"""What takes the role approve, sent by POST: decisions, and requests for syncs. All other changes take administer."""


@pytest.fixture
def url(settings: Settings, store: Store) -> Iterator[str]:
    with serving(settings, store) as address:
        yield address


def token_of(store: Store, name: str, role: Role) -> str:
    return people.add(store, name, role)[1]


def somebody(url: str, store: Store, role: Role, name: str = "Ada") -> Visitor:
    """Who has signed in on the pages."""
    visitor = Visitor(url)
    visitor.sign_in(token_of(store, name, role))
    return visitor


def program(url: str, token: str) -> httpx.Client:
    return client_of(url, authorization=f"Bearer {token}")


def a_plan(store: Store) -> str:
    job = request_sync(store, a_connected_account(store), product_ids=("prod_0",), trigger="api")
    draw_up(store, job.transaction_id)
    return job.transaction_id


def state_of(store: Store, transaction_id: str) -> SyncState:
    with store.reading() as session:
        return jobs.get(session, transaction_id).state


def decided_by(store: Store, transaction_id: str) -> str:
    with store.reading() as session:
        found = jobs.approval(session, transaction_id)
    assert found is not None
    return found.decided_by


def routes() -> set[tuple[str, str]]:
    """All that is answered, by method and path."""
    found = [("/review", room.router) for room in BEHIND_SIGN_IN] + [("", room.router) for room in ROOMS]
    return {
        (method, f"{prefix}{route.path}")
        for prefix, router in found
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    } - set(OPEN)


def test_every_route_takes_the_role_that_it_should() -> None:
    wrong = {}
    found = routes()
    assert len(found) > 50
    for method, path in found:
        needed: Role = "look" if method == "GET" else "approve" if path in APPROVE else "administer"
        needed = "administer" if path == "/admin/oauth/{platform}" else needed
        if role_needed(method, re.sub(r"{\w+}", "wf_1", path)) != needed and (method, path) not in OPEN:
            wrong[method, path] = needed
    assert wrong == {}
    assert {path for method, path in found if method == "POST"} >= APPROVE, "no route is named that there is not"


@pytest.mark.parametrize(
    "path", ["/review/accounts/x/approve", "/review/people/approve", f"{SYNC}/a/b/confirm", "/nope"]
)
def test_what_is_no_decision_takes_an_administrator(path: str) -> None:
    assert role_needed("POST", path) == "administer"


@pytest.mark.parametrize(
    ("role", "statuses"), [("look", (200, 403, 403)), ("approve", (200, 202, 403)), ("administer", (200, 202, 200))]
)
def test_a_token_lets_its_owner_do_what_the_role_says(
    url: str, store: Store, role: Role, statuses: tuple[int, int, int]
) -> None:
    account_id = a_connected_account(store)
    with program(url, token_of(store, "Ada", role)) as api:
        answers = [
            api.get("/admin/etsy-sync-jobs"),
            api.post(SYNC, json={"etsy_account_id": account_id, "everything": True}),
            api.patch(f"/admin/etsy-accounts/{account_id}/settings", json={"truncate_title": True}),
        ]
    assert tuple(answer.status_code for answer in answers) == statuses
    for answer in answers:
        if answer.status_code == 403:
            assert code_of(answer, 403) == "role_too_low"


def test_a_decision_over_http_is_its_senders_and_nobody_elses(url: str, store: Store) -> None:
    transaction_id = a_plan(store)
    with program(url, token_of(store, "Ada", "approve")) as api:
        confirm = f"{SYNC}/{transaction_id}/confirm"
        assert code_of(api.post(confirm, json={"decided_by": "Bob"}), 403) == "name_not_yours"
        assert state_of(store, transaction_id) is SyncState.PLANNED
        assert api.post(confirm).status_code == 200
    assert decided_by(store, transaction_id) == "Ada"


@ON_SQLITE
def test_an_order_is_closed_under_ones_own_name(url: str, store: Store) -> None:
    route = f"/admin/etsy-accounts/{a_connected_account(store)}/receipts/7/close"
    with program(url, token_of(store, "Ada", "approve")) as api:
        assert code_of(api.post(route, json={"reason": "a gift", "by": "Bob"}), 403) == "name_not_yours"


@ON_SQLITE
def test_whoever_holds_the_installations_token_names_who_decides(url: str, store: Store) -> None:
    transaction_id = a_plan(store)
    with client_of(url) as api:
        assert api.post(f"{SYNC}/{transaction_id}/reject", json={"decided_by": "Bob"}).status_code == 200
    assert decided_by(store, transaction_id) == "Bob"


@ON_SQLITE
def test_links_are_decided_under_ones_own_name(url: str, store: Store) -> None:
    account_id = a_connected_account(store)
    body: dict[str, Any] = {"decision": "ignore", "listing_id": 1, "by": "Bob"}
    route = f"/admin/etsy-accounts/{account_id}/link-decisions"
    with program(url, token_of(store, "Ada", "approve")) as api:
        assert code_of(api.post(route, json=body), 403) == "name_not_yours"
        del body["by"]
        assert code_of(api.post(route, json=body), 404) == "listing_not_seen", "who it is, is known"


def test_on_the_pages_the_name_is_known_and_no_other_one_is_taken(url: str, store: Store) -> None:
    transaction_id = a_plan(store)
    ada = somebody(url, store, "approve")
    ada.open(f"/review/{transaction_id}/decide")
    assert "You decide as Ada" in ada.text
    assert "decided_by" not in ada.fields(f"/review/{transaction_id}/approve")
    refused = ada.send(f"/review/{transaction_id}/approve", decided_by="Bob")
    assert (refused.status_code, "name_not_yours" in ada.text) == (403, True)
    assert state_of(store, transaction_id) is SyncState.PLANNED
    ada.open(f"/review/{transaction_id}/decide")
    ada.send(f"/review/{transaction_id}/approve")
    assert "Approved by Ada" in ada.text
    assert decided_by(store, transaction_id) == "Ada"


@ON_SQLITE
def test_a_paused_sync_goes_on_in_the_name_of_who_let_it(url: str, store: Store) -> None:
    transaction_id = a_plan(store)
    wait_for_a_person(store, transaction_id)
    ada = somebody(url, store, "approve")
    ada.open(f"/review/{transaction_id}")
    ada.send(f"/review/{transaction_id}/resume")
    assert "Let go on by Ada" in ada.text


@ON_SQLITE
def test_whoever_may_look_sees_all_and_has_no_buttons_that_would_be_refused(url: str, store: Store) -> None:
    transaction_id = a_plan(store)
    bob = somebody(url, store, "look", "Bob")
    for path in (f"/review/{transaction_id}", "/review/", "/review/accounts", "/review/products"):
        page = bob.open(path)
        assert page.status_code == 200
        posts = set(re.findall(r'method="post" action="([^"]+)"', page.text)) - {"/review/sign-out"}
        assert posts == set(), path
        assert "Leave out" not in page.text
    assert "Bob , may look" in bob.text
    csrf = bob.fields("/review/sign-out")["csrf"]
    answer = bob.client.post(f"/review/{transaction_id}/approve", data={"csrf": csrf, "plan_digest": "ab"})
    assert (answer.status_code, "role_too_low" in answer.text) == (403, True)
    assert bob.open("/review/people").status_code == 403
    assert state_of(store, transaction_id) is SyncState.PLANNED


def test_who_is_removed_is_out_with_the_next_request(url: str, store: Store) -> None:
    ada = somebody(url, store, "approve")
    token = token_of(store, "Bob", "look")
    with program(url, token) as api:
        assert api.get("/admin/etsy-sync-jobs").status_code == 200
        people.remove(store, "Ada")
        people.remove(store, "Bob")
        assert code_of(api.get("/admin/etsy-sync-jobs"), 401) == "api_token_wrong"
    assert ada.open("/review/").url.path == "/review/sign-in"
    assert ada.sign_in(token).status_code == 403


@ON_SQLITE
def test_a_role_is_looked_up_with_each_request(url: str, store: Store) -> None:
    """What a cookie once said counts for nothing."""
    ada = somebody(url, store, "administer")
    assert ada.open("/review/people").status_code == 200
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE person SET role = 'look'")
    assert ada.open("/review/people").status_code == 403


def test_with_people_nobody_is_answered_without_a_token_on_this_machine_either(
    settings: Settings, store: Store
) -> None:
    with serving(settings.model_copy(update={"etsy_pipeline_api_token": None}), store) as url:
        visitor = Visitor(url)
        assert visitor.open("/review/").status_code == 200
        assert visitor.client.get("/admin/etsy-sync-jobs").status_code == 200
        token = token_of(store, "Ada", "approve")
        assert visitor.open("/review/").url.path == "/review/sign-in"
        assert code_of(visitor.client.get("/admin/etsy-sync-jobs"), 401) == "api_token_required"
        visitor.sign_in(token)
        assert visitor.open("/review/").status_code == 200
        with program(url, token) as api:
            assert api.get("/admin/etsy-sync-jobs").status_code == 200
            by_another_name = {"host": "shop.test", "x-forwarded-for": "203.0.113.9"}
            assert api.get("/admin/etsy-sync-jobs", headers=by_another_name).status_code == 200, "whoever has a token"


def test_somebody_is_left_who_administers(settings: Settings, store: Store) -> None:
    with serving(settings.model_copy(update={"etsy_pipeline_api_token": None}), store) as url:
        sits_here = Visitor(url)
        sits_here.open("/review/people")
        assert "administrator_needed" in sits_here.send("/review/people", person="Bob", role="approve").text
        assert not people.every(store), "who is let in first would have shut everybody else out"
        ada = somebody(url, store, "administer")
        people.add(store, "Bob", "look")
        ada.open("/review/people")
        for what in ({"role": "look"}, {}):
            sent = {"csrf": ada.fields("/review/people")["csrf"], "person": "Ada"} | what
            refused = ada.client.post(f"/review/people/{'role' if what else 'remove'}", data=sent)
            assert "administrator_needed" in refused.text
        with program(url, people.renew_token(store, "Ada")[1]) as api:
            for answer in (
                api.patch("/admin/people", json={"name": "Ada", "role": "look"}),
                api.post("/admin/people/remove", json={"name": "Ada"}),
            ):
                assert code_of(answer, 400) == "administrator_needed", "programs neither"
        assert {person.name: person.role for person in people.every(store)} == {"Ada": "administer", "Bob": "look"}


def test_people_are_added_and_removed_on_a_page_and_a_token_is_shown_once(url: str, store: Store) -> None:
    ada = somebody(url, store, "administer")
    ada.open("/review/people")
    page = ada.send("/review/people", person="Bob", role="look")
    token = str(re.findall(r"<pre>(person_[\w-]+)</pre>", page.text)[0])
    assert people.with_token(store, token) is not None
    assert token not in ada.open("/review/people").text
    assert "Bob" in ada.text
    assert ada.send("/review/people", person="bob", role="look").status_code == 409, "one name, one person"
    assert "person_name_taken" in ada.text
    csrf = ada.fields("/review/people")["csrf"]
    ada.client.post("/review/people/remove", data={"csrf": csrf, "person": "Bob"})
    assert [person.name for person in people.every(store)] == ["Ada"]
    assert people.with_token(store, token) is None


def test_the_database_holds_no_token(store: Store) -> None:
    token = token_of(store, "Ada", "approve")
    with store.engine.connect() as connection:
        row = connection.exec_driver_sql("SELECT * FROM person").one()
    assert token not in str(row)
    assert len(token) > 40


@ON_SQLITE
def test_it_is_noted_when_somebody_was_here_last(url: str, store: Store) -> None:
    with program(url, token_of(store, "Ada", "look")) as api:
        assert people.every(store)[0].last_seen_at is None
        api.get("/admin/etsy-sync-jobs")
        seen = people.every(store)[0].last_seen_at
        assert seen is not None
        api.get("/admin/etsy-sync-jobs")
        assert people.every(store)[0].last_seen_at == seen, "once a minute"


@ON_SQLITE
@pytest.mark.parametrize("name", ["", "  ", "a\nb\x00", "HTTP API", "The shop's approval policy", "x" * 201])
def test_a_name_that_says_nobody_is_refused(store: Store, name: str) -> None:
    with pytest.raises(PipelineError) as caught:
        people.add(store, name, "look")
    assert caught.value.code == "person_name_unusable"


def test_a_name_is_never_given_twice(store: Store) -> None:
    token_of(store, "Ada", "approve")
    people.remove(store, "Ada")
    with pytest.raises(PipelineError) as caught:
        people.add(store, "ADA", "look")
    assert caught.value.code == "person_name_taken"


@ON_SQLITE
def test_a_person_who_signs_in_has_no_say_as_the_installation(settings: Settings, store: Store) -> None:
    """A session of the installation's token ends with that token; a person's goes on, with the key of the new one."""
    with serving(settings, store) as url:
        visitor = Visitor(url)
        visitor.sign_in()
        (cookie,) = visitor.client.cookies.jar
    other = settings.model_copy(update={"etsy_pipeline_api_token": SecretStr("another-token-of-length")})
    with serving(other, store) as url:
        answer = httpx.get(f"{url}/review/", headers={"cookie": f"{cookie.name}={cookie.value}"})
    assert answer.status_code == 303
    assert not is_for_people("/reviewx")
