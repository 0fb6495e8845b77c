"""Faults strike whom, when and how they were told to, and the control routes say what they cannot do."""

import time
from typing import Any

import httpx
import pytest

from etsy_pipeline_tests.sandbox.conftest import GOOD, HTTP, SHOP, Etsy, control
from etsy_pipeline_tests.sandbox.listings import inventory_of, put_inventory, upload
from etsy_pipeline_tests.world import World


def add(world: World, **fault: Any) -> int:
    answer = control(world, "POST", "faults", fault)
    assert "fault_id" in answer, answer
    return int(answer["fault_id"])


def statuses(etsy: Etsy, count: int) -> list[int]:
    return [etsy("GET", "/openapi-ping").status_code for _ in range(count)]


def test_times_is_how_often(etsy: Etsy, world: World) -> None:
    add(world, operation="ping", kind="status", status=503, times=2)
    assert statuses(etsy, 4) == [503, 503, 200, 200]


def test_without_times_it_lasts_until_it_is_cleared(etsy: Etsy, world: World) -> None:
    fault_id = add(world, operation="ping", kind="html")
    assert statuses(etsy, 3) == [502, 502, 502]
    assert [fault["fault_id"] for fault in control(world, "GET", "faults")] == [fault_id]
    assert HTTP.delete(f"{world.sandbox.etsy_url}/sandbox/faults/{fault_id}").json() == []
    assert statuses(etsy, 1) == [200]


def test_every_is_each_so_manieth_call(etsy: Etsy, world: World) -> None:
    add(world, operation="ping", kind="status", every=3)
    assert statuses(etsy, 7) == [200, 200, 500, 200, 200, 500, 200]


def test_a_seed_makes_chance_repeatable(etsy: Etsy, world: World) -> None:
    def throw() -> list[int]:
        add(world, operation="ping", kind="status", probability=0.5, seed=7)
        found = statuses(etsy, 12)
        control(world, "DELETE", "faults")
        return found

    first = throw()
    assert first == throw()
    assert set(first) == {200, 500}


@pytest.mark.parametrize(
    ("who", "is_struck"),
    [
        ({"operation": "getListing"}, True),
        ({"operation": "*"}, True),
        ({}, True),
        ({"method": "GET", "path": "/v3/application/listings/*"}, True),
        ({"method": "PATCH", "path": "/v3/application/listings/*"}, False),
        ({"path": "/v3/application/shops/*"}, False),
        ({"operation": "updateListing"}, False),
    ],
)
def test_a_fault_strikes_an_operation_or_a_method_and_path(
    etsy: Etsy, world: World, who: dict[str, str], *, is_struck: bool
) -> None:
    listing_id = etsy.draft()
    add(world, kind="status", status=500, **who)
    assert etsy("GET", f"/listings/{listing_id}").status_code == (500 if is_struck else 200)


def test_a_status_brings_its_body_and_headers(etsy: Etsy, world: World) -> None:
    body = {"error": "Too many"}
    add(world, operation="ping", kind="status", status=429, body=body, headers={"retry-after": "7"})
    answer = etsy("GET", "/openapi-ping")
    assert (answer.status_code, answer.json(), answer.headers["retry-after"]) == (429, body, "7")


@pytest.mark.parametrize("kind", ["delay_before", "delay_after"])
def test_a_delay_waits_and_the_effect_is_there(etsy: Etsy, world: World, kind: str) -> None:
    add(world, operation="createDraftListing", kind=kind, seconds=0.3)
    started = time.monotonic()
    assert etsy.create().status_code == 201
    assert time.monotonic() - started >= 0.3


def test_a_client_that_gives_up_waiting_has_created_all_the_same(etsy: Etsy, world: World) -> None:
    """FACTS §0.1: a create whose answer was not seen may have happened."""
    add(world, operation="createDraftListing", kind="delay_after", seconds=3, times=1)
    before = len(world.listings())
    with pytest.raises(httpx.ReadTimeout):
        etsy("POST", f"/shops/{SHOP}/listings", data=GOOD, timeout=httpx.Timeout(30, read=1))
    assert len(world.listings()) == before + 1


def test_a_silent_200_shows_an_update_that_did_not_happen(etsy: Etsy, world: World) -> None:
    """FACTS §6: accepted, and not applied."""
    listing_id = etsy.draft()
    add(world, operation="updateListing", kind="silent_200", times=1)
    answer = etsy.patch(listing_id, title="New")
    assert (answer.status_code, answer.json()["title"]) == (200, "Stoneware Mug")
    assert etsy("GET", f"/listings/{listing_id}").json()["title"] == "Stoneware Mug"
    assert etsy.patch(listing_id, title="New").json()["title"] == "New"


def test_a_silent_create_makes_no_listing_and_no_other_one_gets_its_id(etsy: Etsy, world: World) -> None:
    add(world, operation="createDraftListing", kind="silent_200", times=1)
    silent = etsy.draft()
    assert etsy("GET", f"/listings/{silent}").status_code == 404
    assert etsy.draft() != silent


def test_a_silent_200_on_the_inventory_leaves_it(etsy: Etsy, world: World) -> None:
    listing_id = etsy.draft()
    add(world, operation="updateListingInventory", kind="silent_200", times=1)
    answer = put_inventory(etsy, listing_id, inventory_of("S", "L"))
    assert (answer.status_code, len(answer.json()["products"])) == (200, 1)


def test_a_silent_upload_leaves_no_picture(etsy: Etsy, world: World) -> None:
    listing_id = etsy.draft()
    add(world, operation="uploadListingImage", kind="silent_200", times=1)
    silent = upload(etsy, listing_id)
    assert silent.status_code == 201
    assert etsy("GET", f"/listings/{listing_id}/images").json()["count"] == 0
    assert upload(etsy, listing_id).json()["listing_image_id"] != silent.json()["listing_image_id"], (
        "no id is given twice"
    )


def test_a_refused_call_does_not_use_a_fault_up(etsy: Etsy, world: World) -> None:
    add(world, operation="ping", kind="status", status=503, times=1)
    assert etsy("GET", "/openapi-ping", headers={"x-api-key": "wrong:key"}).status_code == 403
    assert statuses(etsy, 2) == [503, 200]


def test_the_oldest_fault_strikes_first(etsy: Etsy, world: World) -> None:
    for status in (500, 503):
        add(world, operation="ping", kind="status", status=status, times=1)
    assert statuses(etsy, 3) == [500, 503, 200]


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "unknown"},
        {},
        {"kind": "delay_after"},
        {"kind": "late_visibility", "seconds": "soon"},
        {"kind": "html", "times": 0},
        {"kind": "html", "every": 0},
        ["html"],
    ],
    ids=str,
)
def test_a_fault_that_could_not_work_is_refused_when_it_is_added(world: World, fault: Any) -> None:
    answer = HTTP.post(f"{world.sandbox.etsy_url}/sandbox/faults", json=fault)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_calls_that_were_dropped_are_in_the_log_too(etsy: Etsy, world: World) -> None:
    add(world, operation="ping", kind="drop_after", times=1)
    before = world.calls().get("ping", 0)
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        etsy("GET", "/openapi-ping")
    assert world.calls()["ping"] == before + 1


def test_a_reset_empties_etsy_and_keeps_the_credentials(etsy: Etsy, world: World) -> None:
    etsy.draft()
    add(world, kind="html")
    control(world, "POST", "clock", {"advance_seconds": 1000})
    key = world.sandbox.environment()["ETSY_CLIENT_ID"]
    assert control(world, "POST", "reset", {})["listings"] == []
    assert abs(control(world, "GET", "clock")["now"] - time.time()) < 5
    assert Etsy(world.sandbox)("GET", f"/shops/{SHOP}").status_code == 200
    assert world.sandbox.environment()["ETSY_CLIENT_ID"] == key


def test_what_the_seller_edits_must_be_there(world: World) -> None:
    answer = HTTP.patch(f"{world.sandbox.etsy_url}/sandbox/listings/1", json={"title": "x"})
    assert answer.status_code == 404
