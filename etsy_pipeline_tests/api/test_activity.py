"""Who did what is noted with what was done, and told in one place: requests, decisions, changes of shops and people."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from fastapi.routing import APIRoute

from etsy_pipeline.accounts import configure, disconnect, people
from etsy_pipeline.api.app import ROOMS
from etsy_pipeline.api.review.app import BEHIND_SIGN_IN
from etsy_pipeline.api.review.session import _by_browser
from etsy_pipeline.api.setup.app import ROOMS as SETUP
from etsy_pipeline.api.who import _by_program, who
from etsy_pipeline.errors import PipelineError
from etsy_pipeline.settings import Settings
from etsy_pipeline.store import clock, link_decisions
from etsy_pipeline.store.activity import Doer
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import LinkDecision, Role
from etsy_pipeline.sync import activity, approvals, retention
from etsy_pipeline.sync.request import request_sync
from etsy_pipeline_tests.api.planned import a_connected_account, draw_up, publish
from etsy_pipeline_tests.api.serving import client_of, code_of, serving
from etsy_pipeline_tests.api.visitor import Visitor

SYNC = "/admin/products/etsy-sync"
ADA = Doer("Ada", "cli")
NAMED_IN_THE_FORM = {
    "/review/{transaction_id}/approve", "/review/{transaction_id}/reject", "/review/accounts/{account_id}/accept",
    "/review/accounts/{account_id}/candidates/decide", "/review/accounts/{account_id}/candidates/certain",
}  # fmt: skip
"""Forms in which a name stands: it is noted with the decision itself."""

NOTES_NOBODY = {
    "/admin/oauth/{platform}/callback", "/admin/oauth/{platform}/callback/finish",  # the seller, on Etsy's page
    "/webhooks/etsy", "/webhooks/medusa",  # no person
    "/setup/shop/paste",
    "/setup/shops/{account_id}/forecast/again", "/setup/shops/{account_id}/settings/preview",  # they only look
}  # fmt: skip
"""What changes no shop, no plan, no person and no setting."""


@pytest.fixture
def url(settings: Settings, store: Store) -> Iterator[str]:
    with serving(settings, store) as address:
        yield address


def told(store: Store, transaction_id: str | None = None) -> list[tuple[str, str, str]]:
    """Who did what, to what; the first first."""
    found, _ = activity.newest(store, transaction_id=transaction_id)
    return [(done.done_by, done.deed, done.about) for done in found][::-1]


def test_every_route_that_changes_something_knows_who_sends_it() -> None:
    found = [("", room.router) for room in ROOMS]
    found += [("/review", room.router) for room in BEHIND_SIGN_IN] + [("/setup", room.router) for room in SETUP]
    nameless = {
        f"{prefix}{route.path}"
        for prefix, router in found
        for route in router.routes
        if isinstance(route, APIRoute) and route.methods != {"GET"}
        if not {one.call for one in route.dependant.dependencies} & {who, _by_program, _by_browser}
    }
    assert nameless == NAMED_IN_THE_FORM | NOTES_NOBODY


def test_requests_and_decisions_over_http_are_noted_with_the_person_whose_token_was_sent(
    url: str, store: Store
) -> None:
    account_id, (_, token) = a_connected_account(store), people.add(store, "Ada", "administer")
    with client_of(url, authorization=f"Bearer {token}") as api:
        body = {"etsy_account_id": account_id, "everything": True}
        first = api.post(SYNC, json=body).json()["transaction_id"]
        draw_up(store, first)
        publish(store, first, failed=("prod_0",))
        again = api.post(f"{SYNC}/{first}/retry").json()["transaction_id"]
        assert api.post(f"{SYNC}/{again}/cancel").status_code == 200
        assert code_of(api.post(f"{SYNC}/{again}/cancel"), 409) == "already_decided", "and that is noted once only"
        api.patch(f"/admin/etsy-accounts/{account_id}/settings", json={"price.markup_percent": "5"})
        answer = api.get("/admin/activity").json()
    assert [(item["done_by"], item["done_through"], item["deed"]) for item in answer["activity"]] == [
        ("Ada", "api", "settings_changed"), ("Ada", "api", "cancelled"), ("Ada", "api", "asked_again"),
        ("Ada", "api", "asked"),
    ]  # fmt: skip
    assert answer["activity"][0]["words"] == "changed settings: price.markup_percent"
    assert told(store, first) == [("Ada", "asked", ""), ("Ada", "asked_again", first)], "who asked because of it, too"


def test_a_sync_that_is_asked_for_twice_with_one_key_is_noted_once(url: str, store: Store) -> None:
    body = {"etsy_account_id": a_connected_account(store), "everything": True}
    with client_of(url, **{"idempotency-key": "once"}) as api:
        assert api.post(SYNC, json=body).json() == api.post(SYNC, json=body).json()
    assert told(store) == [("HTTP API", "asked", "")]


def test_a_look_through_a_shop_that_is_asked_for_twice_is_noted_once(url: str, store: Store) -> None:
    account_id = a_connected_account(store)
    with client_of(url) as api:
        for _ in range(2):
            assert api.post(f"/admin/etsy-accounts/{account_id}/scan").status_code == 202
    assert told(store) == [("HTTP API", "scan_asked", "")]


def test_a_schedule_is_nobody(store: Store) -> None:
    request_sync(store, a_connected_account(store), product_ids=None, trigger="schedule")
    assert told(store) == []


def test_what_was_decided_on_plans_and_links_is_told_from_its_own_log(store: Store) -> None:
    job = request_sync(store, a_connected_account(store), product_ids=("prod_0",), trigger="cli", by=ADA)
    draw_up(store, job.transaction_id)
    approvals.approve(store, job.transaction_id, decided_by="Bob", through="ui", amount_unit="major", note="looks good")
    pairs = [
        LinkDecision(
            etsy_account_id=job.etsy_account_id,
            product_id=f"prod_{number}",
            listing_id=number,
            decision="attached",
            decided_by="Eve",
            decided_through="review page",
        )
        for number in (1, 2, 3)
    ]
    with store.writing() as session:
        link_decisions.add(session, *pairs)
    found, count = activity.newest(store)
    assert [(done.done_by, activity.words(done)) for done in found] == [
        ("Eve", "linked a product to a listing (3 times)"), ("Bob", "approved the plan (looks good)"),
        ("Ada", "asked for a sync"),
    ]  # fmt: skip
    assert count == 3
    assert told(store, job.transaction_id) == [("Ada", "asked", ""), ("Bob", "approved", "")]
    assert activity.newest(store, account_id="etsy_acc_other") == ([], 0)


def test_an_account_that_was_removed_is_still_told_of(store: Store) -> None:
    account = configure.add(store, "Practice", by=ADA)
    configure.rename(store, account.id, "Try-out", by=ADA)
    configure.remove(store, account.id, by=ADA)
    assert told(store) == [
        ("Ada", "account_added", "Practice"), ("Ada", "account_renamed", "Practice → Try-out"),
        ("Ada", "account_removed", "Try-out"),
    ]  # fmt: skip


def test_what_is_refused_is_not_noted(store: Store) -> None:
    account_id = a_connected_account(store)
    with pytest.raises(PipelineError):
        configure.configure(store, account_id, {"nonsense": 1}, by=ADA)
    with pytest.raises(PipelineError):
        configure.remove(store, account_id, by=ADA)
    assert told(store) == []


def test_whoever_disconnects_a_shop_is_noted_with_the_syncs_that_ended_by_it(store: Store) -> None:
    job = request_sync(store, a_connected_account(store), product_ids=None, trigger="schedule")
    disconnect.disconnect(store, job.etsy_account_id, by=ADA)
    assert told(store) == [("Ada", "disconnected", job.transaction_id)]


def test_the_pages_tell_who_did_what(url: str, store: Store) -> None:
    job = request_sync(store, a_connected_account(store), product_ids=None, trigger="cli", by=Doer("<b>Ada</b>", "cli"))
    visitor = Visitor(url)
    visitor.sign_in(people.add(store, "Bob", "approve")[1])
    visitor.open(f"/review/{job.transaction_id}")
    visitor.send(f"/review/{job.transaction_id}/cancel")
    assert "Bob called the sync off" in visitor.text
    page = visitor.open("/review/activity")
    assert "&lt;b&gt;Ada&lt;/b&gt;" in page.text
    assert "Bob called the sync off" in visitor.text
    assert "through review page" in visitor.text
    assert f"/review/{job.transaction_id}" in page.text


@pytest.mark.parametrize("role", ["look", "approve"])
def test_people_are_managed_over_http_by_administrators_only(url: str, store: Store, role: Role) -> None:
    _, token = people.add(store, "Bob", role)
    with client_of(url, authorization=f"Bearer {token}") as bob:
        assert code_of(bob.get("/admin/people"), 403) == "role_too_low"
        assert code_of(bob.post("/admin/people", json={"name": "Eve"}), 403) == "role_too_low"
        assert code_of(bob.patch("/admin/people", json={"name": "Bob", "role": "administer"}), 403) == "role_too_low"
        assert code_of(bob.post("/admin/people/token", json={"name": "Bob"}), 403) == "role_too_low"
        assert code_of(bob.post("/admin/people/remove", json={"name": "Bob"}), 403) == "role_too_low"


def test_a_person_is_let_in_gets_another_role_and_token_and_is_shut_out_over_http(url: str, store: Store) -> None:
    with client_of(url) as api:
        made = api.post("/admin/people", json={"name": "Eve", "role": "look"}).json()
        assert (made["name"], made["role"], made["token"][:7]) == ("Eve", "look", "person_")
        (listed,) = api.get("/admin/people").json()["people"]
        assert set(listed) == {"name", "role", "created_at", "last_seen_at"}, "the token is shown once"
        assert code_of(api.post("/admin/people", json={"name": "eve"}), 409) == "person_name_taken"
        changed = api.patch("/admin/people", json={"name": "Eve", "role": "approve"}).json()
        assert changed["role"] == "approve"
        renewed = api.post("/admin/people/token", json={"name": "Eve"}).json()["token"]
        assert people.with_token(store, made["token"]) is None
        found = people.with_token(store, renewed)
        assert found is not None
        assert found.role == "approve"
        assert api.post("/admin/people/remove", json={"name": "Eve"}).status_code == 200
        assert code_of(api.post("/admin/people/remove", json={"name": "Eve"}), 404) == "person_not_found"
    assert told(store) == [
        ("HTTP API", "person_added", "Eve (look)"), ("HTTP API", "role_changed", "Eve: look → approve"),
        ("HTTP API", "token_renewed", "Eve"), ("HTTP API", "person_removed", "Eve"),
    ]  # fmt: skip


def test_whoever_signed_in_with_a_token_that_was_renewed_signs_in_again(url: str, store: Store) -> None:
    visitor = Visitor(url)
    visitor.sign_in(people.add(store, "Bob", "look")[1])
    assert visitor.open("/review/").url.path == "/review/"
    _, token = people.renew_token(store, "Bob")
    assert visitor.open("/review/").url.path == "/review/sign-in"
    visitor.sign_in(token)
    assert visitor.open("/review/").url.path == "/review/"


def test_people_get_another_role_and_token_on_their_page(url: str, store: Store) -> None:
    ada = Visitor(url)
    ada.sign_in(people.add(store, "Ada", "administer")[1])
    people.add(store, "Bob", "look")
    ada.open("/review/people")
    ada.send("/review/people/role", person="Bob", role="approve")
    assert [(person.name, person.role) for person in people.every(store)] == [("Ada", "administer"), ("Bob", "approve")]
    assert "token, shown this once" in ada.send("/review/people/token", person="Bob").text
    assert told(store)[-2:] == [("Ada", "role_changed", "Bob: look → approve"), ("Ada", "token_renewed", "Bob")]


def test_deeds_are_forgotten_with_old_plans_and_decisions_are_not(store: Store) -> None:
    job = request_sync(store, a_connected_account(store), product_ids=("prod_0",), trigger="cli", by=ADA)
    draw_up(store, job.transaction_id)
    approvals.reject(store, job.transaction_id, decided_by="Bob", through="cli")
    with store.reading() as session:
        later = clock.now(session) + timedelta(days=91)
    retention.clean(store, keep=timedelta(days=90), now=later)
    assert told(store) == [("Bob", "rejected", "")]
