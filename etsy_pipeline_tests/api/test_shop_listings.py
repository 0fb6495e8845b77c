"""What is on Etsy, over HTTP: pages of what the last whole scan saw."""

from dataclasses import asdict

import httpx

from etsy_pipeline.planning.shop_changes import Change
from etsy_pipeline.store import clock, seen_listings
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.looked import a_seen_listing
from etsy_pipeline_tests.sync.planned import connected


def test_a_shops_listings_come_in_pages_and_by_state(api: httpx.Client, store: Store) -> None:
    account_id = connected(store).id
    path = f"/admin/etsy-accounts/{account_id}/listings"
    answer = api.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "shop_never_scanned")
    listings = [a_seen_listing(900_000 + number, skus=(f"MUG-{number}",)) for number in range(3)]
    changes = [
        asdict(Change("alarm", after="gone", told="No longer there.")),
        asdict(Change("gone", 7, "Cup", "active")),
    ]
    with store.writing() as session:
        now = clock.now(session)
        scan_id = seen_listings.begin(session, account_id, now)
        seen_listings.put(session, account_id, scan_id, [*listings, a_seen_listing(7, state="draft")], now)
        seen_listings.finish(session, scan_id, now=now, calls=12, counts={"active": 3, "draft": 1}, changes=changes)
        seen_listings.set_gone(session, account_id, [900_002], now)

    found = api.get(path, params={"limit": 2, "offset": 1}).json()
    assert [item["listing_id"] for item in found["listings"]] == ["900000", "900001"]
    assert found["listings"][0]["skus"] == ["MUG-0"]
    assert (found["count"], found["limit"], found["offset"]) == (3, 2, 1)
    assert (found["scan"]["calls"], found["scan"]["counts"]) == (12, {"active": 3, "draft": 1})
    assert [change["kind"] for change in found["scan"]["changes"]] == ["alarm", "gone"]
    assert (found["scan"]["changes"][1]["listing_id"], found["scan"]["change_count"]) == ("7", 2)
    assert [item["listing_id"] for item in api.get(path, params={"state": "draft"}).json()["listings"]] == ["7"]
    gone = api.get(path, params={"state": "gone"}).json()["listings"]
    assert [(item["listing_id"], item["gone_at"] is not None) for item in gone] == [("900002", True)]


def test_an_account_that_does_not_exist_has_no_listings(api: httpx.Client) -> None:
    answer = api.get("/admin/etsy-accounts/etsy_acc_nowhere/listings")
    assert (answer.status_code, answer.json()["code"]) == (404, "account_not_found")


def test_a_look_through_the_shop_is_asked_for_once_and_is_whole_when_it_has_ended(
    api: httpx.Client, store: Store
) -> None:
    account_id = connected(store).id
    path = f"/admin/etsy-accounts/{account_id}/scan"
    first, again = api.post(path), api.post(path)
    assert (first.status_code, first.json()) == (202, again.json()), "a double click is one"
    assert "asked for" in first.json()["problem"]
    with store.writing() as session:
        assert [scan.id for scan in seen_listings.asked_for(session)] == [first.json()["id"]]
        now = clock.now(session)
        scan_id = seen_listings.begin(session, account_id, now)
        assert not seen_listings.asked_for(session), "whichever scan begins then is the one that was asked for"
    assert api.post(path).json()["id"] == scan_id, "it is under way"
    with store.writing() as session:
        seen_listings.finish(session, scan_id, now=now, calls=1, counts={})
    assert api.post(path).json()["id"] != scan_id


def test_a_shop_that_is_not_connected_is_not_looked_through(api: httpx.Client) -> None:
    account_id = api.post("/admin/etsy-accounts").json()["id"]
    answer = api.post(f"/admin/etsy-accounts/{account_id}/scan")
    assert (answer.status_code, answer.json()["code"]) == (409, "account_not_connected")
