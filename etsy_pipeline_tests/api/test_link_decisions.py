"""Candidates and decisions over HTTP, and on the review page."""

from collections.abc import Iterator

import httpx
import pytest

from etsy_pipeline.settings import Settings
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.api.serving import client_of, code_of, serving
from etsy_pipeline_tests.api.visitor import Visitor
from etsy_pipeline_tests.shop.owner import Owner
from etsy_pipeline_tests.world import World


@pytest.fixture
def owner(world: World, store: Store) -> Owner:
    """The owner of a shop with three candidates: two certain ones, and a product that two listings may be."""
    world.etsy("POST", "reset", {})
    world.keep_only()
    made = Owner(world, store, world.connected(store))
    made.has_three_candidates()
    return made


@pytest.fixture
def url(settings: Settings, store: Store) -> Iterator[str]:
    with serving(settings, store) as address:
        yield address


@pytest.fixture
def api(url: str) -> Iterator[httpx.Client]:
    with client_of(url) as client:
        yield client


@pytest.fixture
def visitor(url: str) -> Visitor:
    made = Visitor(url)
    made.sign_in()
    return made


def listing_of(owner: Owner, product_id: str) -> int:
    return next(listing for product, listing in owner.candidates() if product == product_id)


def test_candidates_are_listed_with_both_sides_and_what_speaks_for_them(owner: Owner, api: httpx.Client) -> None:
    route = f"/admin/etsy-accounts/{owner.id}/link-candidates"
    found = api.get(route).json()
    assert (found["count"], found["counts"]) == (4, {"certain": 2, "likely": 0, "ambiguous": 2})
    first = found["link_candidates"][0]
    assert (first["product_id"], first["product_skus"], first["listing_skus"]) == ("prod_1", ["BOWL-1"], ["BOWL-1"])
    assert (first["listing_title"], first["listing_state"], first["kind"]) == ("Old bowl 1", "active", "certain")
    assert first["evidence"][0]["code"] == "sku_set_equal"
    part = api.get(route, params={"kind": "ambiguous", "limit": 1, "offset": 1}).json()
    assert (part["count"], [item["product_id"] for item in part["link_candidates"]]) == (2, ["prod_3"])
    assert code_of(api.get("/admin/etsy-accounts/nope/link-candidates"), 404) == "account_not_found"
    assert code_of(api.get(route, params={"kind": "sure"}), 422) == "request_malformed"


def test_a_decision_is_taken_and_logged(owner: Owner, api: httpx.Client) -> None:
    route, listing = f"/admin/etsy-accounts/{owner.id}/link-decisions", listing_of(owner, "prod_1")
    body = {"decision": "attach", "product_id": "prod_1", "listing_id": listing, "by": "Ada", "own": ["quantity"]}
    assert api.post(route, json=body).json() == {"success": True}
    assert "quantity" not in owner.link("prod_1").keeps
    assert code_of(api.post(route, json=body), 409) == "product_linked"
    (entry,) = api.get(route).json()["link_decisions"]
    assert (entry["decision"], entry["decided_by"], entry["decided_through"]) == ("attached", "Ada", "api")
    assert api.get(route, params={"product_id": "prod_2"}).json()["count"] == 0


def test_a_decision_that_cannot_be_is_refused_in_the_one_shape_of_errors(owner: Owner, api: httpx.Client) -> None:
    route, listing = f"/admin/etsy-accounts/{owner.id}/link-decisions", listing_of(owner, "prod_1")
    wrong: list[tuple[dict[str, object], int, str]] = [
        ({"decision": "attach", "product_id": "prod_1", "listing_id": listing}, 400, "decider_missing"),
        ({"decision": "marry", "by": "Ada"}, 422, "request_malformed"),
        ({"decision": "attach", "product_id": "prod_1", "by": "Ada"}, 400, "id_missing"),
        ({"decision": "attach", "product_id": "prod_1", "listing_id": 4711, "by": "Ada"}, 404, "listing_not_seen"),
        ({"decision": "detach", "product_id": "prod_1", "by": "Ada"}, 404, "product_not_linked"),
        ({"decision": "attach", "product_id": "prod_1", "listing_id": listing, "by": "Ada", "own": ["x"]}, 400, "field_unknown"),
        ({"decision": "ignore", "listing_id": 2**63, "by": "Ada"}, 422, "request_malformed"),
    ]  # fmt: skip
    for body, status, code in wrong:
        assert code_of(api.post(route, json=body), status) == code, body
    assert api.get(route).json()["count"] == 0


def test_a_person_decides_on_the_page_one_by_one(owner: Owner, visitor: Visitor) -> None:
    page = f"/review/accounts/{owner.id}/candidates"
    visitor.open(page)
    for told in ("Bowl prod_1", "Old bowl 1", "the same SKUs", "Look at the 2 certain ones together", "listing"):
        assert told in visitor.text
    one, form = listing_of(owner, "prod_1"), f"{page}/decide"
    visitor.send(form, choice=f"attach {one} prod_1", decided_by="Ada", own_stock="yes")
    assert "Linked: listing" in visitor.text
    assert owner.link("prod_1").etsy_listing_id == one
    assert {"price", "quantity"}.isdisjoint(owner.link("prod_1").keeps)
    visitor.send(form, choice=f"create_anyway {listing_of(owner, 'prod_3')} prod_3")
    visitor.send(form, choice=f"ignore {listing_of(owner, 'prod_3')} prod_3")
    assert "None of Medusa" in visitor.text
    assert [entry.decision for entry in owner.log()] == ["attached", "create_anyway", "ignored"]
    assert {entry.decided_by for entry in owner.log()} == {"Ada"}, "the form remembers the name"
    assert {entry.decided_through for entry in owner.log()} == {"review page"}


def test_without_a_name_or_with_a_form_of_another_page_nothing_is_decided(owner: Owner, visitor: Visitor) -> None:
    page, one = f"/review/accounts/{owner.id}/candidates", listing_of(owner, "prod_1")
    visitor.open(page)
    form = f"{page}/decide"
    answer = visitor.send(form, choice=f"attach {one} prod_1")
    assert (answer.status_code, "decider_missing" in visitor.text) == (400, True)
    assert visitor.send(form, choice="marry 1 prod_1", decided_by="Ada").status_code == 400
    visitor.open(page)
    assert visitor.send(form, choice="", decided_by="Ada").status_code == 200
    assert visitor.client.post(form, data={"choice": f"attach {one} prod_1", "decided_by": "Ada"}).status_code == 403
    assert owner.log() == []


def test_the_certain_ones_are_linked_together_after_a_look(owner: Owner, visitor: Visitor) -> None:
    page = f"/review/accounts/{owner.id}/candidates/certain"
    visitor.open(page)
    assert "I have looked at them: link 2" in visitor.text
    stale = visitor.fields(page)
    owner.decides("attach", "prod_1", listing_of(owner, "prod_1"))
    visitor.page = visitor.client.post(page, data=stale | {"decided_by": "Ada"})
    assert (visitor.page.status_code, "candidates_changed" in visitor.text) == (409, True)
    visitor.send(page, decided_by="Ada")
    assert "1 linked" in visitor.text
    assert [entry.product_id for entry in owner.log()] == ["prod_1", "prod_2"]


def test_a_plan_leads_to_what_has_to_be_decided(owner: Owner, visitor: Visitor) -> None:
    owner.sells("prod_4")
    job = owner.plan()
    visitor.open(f"/review/{job.transaction_id}", show="waits")
    address = f"/review/accounts/{owner.id}/candidates?product_id=prod_1"
    assert address in visitor.page.text
    visitor.open(address)
    assert "Bowl prod_1" in visitor.text
    assert "Bowl prod_2" not in visitor.text
    visitor.open("/review/accounts")
    assert f"/review/accounts/{owner.id}/candidates" in visitor.page.text
