"""A shop with more listings of a state than Etsy lists: it is scanned and published to all the same, over real HTTP."""

import pytest

from etsy_pipeline import wiring
from etsy_pipeline.errors import PipelineError
from etsy_pipeline.etsy import shop_pages
from etsy_pipeline.linking.seen import STATES
from etsy_pipeline.sandbox.etsy import requests
from etsy_pipeline.store import seen_listings
from etsy_pipeline.store.records import ShopScan
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline_tests.sandbox import by_hand
from etsy_pipeline_tests.shop.owner import Owner

CEILING = 200


@pytest.fixture(autouse=True)
def _low_ceiling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shop_pages, "CEILING", CEILING)
    monkeypatch.setattr(requests, "CEILING", CEILING)


def made(owner: Owner, count: int, state: str = "active") -> list[int]:
    """So many listings, which Etsy lists before those that were there."""
    title, sku = f"Old {state} {{n}}", f"OLD-{state}-{{n}}"
    return by_hand.many_listed(owner.world, count, title=title, sku=sku, pictures=[], state=state)


def known(owner: Owner, *counts: int, state: str = "active") -> list[int]:
    """The same, and each lot is looked at as soon as it is there."""
    ids = list[int]()
    for count in counts:
        ids += made(owner, count, state)
        owner.looks()
    return ids


def loses_create(owner: Owner) -> int:
    """The answer to a product's create is lost, and it is not searched for yet; the listing."""
    owner.sells("prod_1", "BOWL-1")
    owner.fault(operation="createDraftListing", kind="drop_after", times=1)
    owner.fault(operation="getListingsByShop", kind="status", status=404, every=len(STATES) + 1)  # the search for it
    owner.sync()
    owner.world.etsy("DELETE", "faults")
    assert owner.link("prod_1").etsy_listing_id is None
    [lost] = [item["listing_id"] for item in owner.world.listings()]
    return int(lost)


def seen(owner: Owner) -> dict[int, str]:
    with owner.store.reading() as session:
        return {item.listing_id: item.state for item in seen_listings.listings(session, owner.id)}


def kinds(found: ShopScan) -> list[tuple[str, int]]:
    return [(change["kind"], change["listing_id"]) for change in found.changes if change["kind"] != "alarm"]


# --- scans ----------------------------------------------------------------------------------------------------------


def test_etsy_itself_shows_no_more(owner: Owner) -> None:
    """Else nothing of this would be tested."""
    made(owner, CEILING + 1)
    client = wiring.shop_client(owner.world.settings, owner.store, owner.id)
    call = client._transport.call
    path = f"/shops/{owner.account.shop_id}/listings"
    assert len(call("GET", path, what="x", params={"limit": "100", "offset": "100"})["results"]) == 100
    with pytest.raises(PipelineError, match="200th"):
        call("GET", path, what="x", params={"limit": "1", "offset": "200"})


def test_a_shop_that_grew_beyond_what_etsy_lists_is_scanned_all_the_same(owner: Owner) -> None:
    ids = known(owner, 150, 150)
    found = owner.looks()
    assert dict(found.counts) == {"active": 300}
    assert seen(owner) == dict.fromkeys(ids, "active")
    assert found.changes == ()
    pages, looks, other_end, by_id = 2 + 5, 6, 1, 1
    assert found.calls == pages + looks + other_end + by_id, "a call for a hundred listings, as ever"


def test_what_changed_beyond_what_etsy_lists_is_told(owner: Owner) -> None:
    gone, sold, renamed, *_ = known(owner, 150, 150)
    by_hand.deleted(owner.world, gone)
    by_hand.sold(owner.world, sold, pieces=int(owner.on_etsy(sold)["quantity"]))
    by_hand.edited(owner.world, renamed, title="Renamed")
    found = owner.looks()
    assert set(kinds(found)) == {("gone", gone), ("state", sold)}
    assert dict(found.counts) == {"active": 298, "sold_out": 1}
    with owner.store.reading() as session:
        assert next(seen_listings.listings(session, owner.id, ids=[renamed])).title == "Renamed"


def test_how_many_listings_nobody_knows_is_said_and_the_rest_is_not_taken_for_all(owner: Owner) -> None:
    ids = known(owner, 100)
    made(owner, CEILING + 30)
    with pytest.raises(PipelineError) as caught:
        owner.looks()
    assert caught.value.code == "shop_too_large"
    assert "330 active listings" in caught.value.message
    assert "30 are in no books" in caught.value.message
    assert seen(owner) == dict.fromkeys(ids, "active"), "the last whole scan stands"


# --- publishing -----------------------------------------------------------------------------------------------------


def test_a_product_is_created_in_a_shop_that_has_more_than_etsy_lists(owner: Owner) -> None:
    known(owner, 150, 150)
    owner.sells("prod_1", "BOWL-1")
    job = owner.plan()
    calls = owner.calls_of(job)
    assert owner.link("prod_1").listing_state == "active"
    assert calls["getListingsByShop"] == 2 + 5 + 1 + 1, "two pages, five empty states, the other end, and a last look"
    assert calls["getListingsByListingIds"] == 2, "those that no page showed, and reading back"


def test_nothing_is_created_where_some_listings_are_in_no_books(owner: Owner) -> None:
    made(owner, CEILING + 1)
    owner.sells("prod_1", "BOWL-1")
    job = owner.sync()
    assert (job.state, job.failed_count) == (SyncState.FAILED, 1)
    assert "shop_too_large" in job.error_log["prod_1"]
    assert "createDraftListing" not in owner.world.calls()


def test_a_listing_beyond_what_etsy_lists_that_is_like_a_product_by_now_is_found(owner: Owner) -> None:
    old, *_ = known(owner, 150, 150)
    owner.sells("prod_1", "BOWL-1")
    job = owner.plan()
    by_hand.edited(owner.world, old, title=owner.planned(job)["prod_1"].product_title)
    done = owner.publish(owner.approve(job))
    assert f"Listing {old} has its title" in done.error_log["prod_1"]
    assert len(owner.world.listings()) == 300


@pytest.mark.parametrize("state", ["draft", "active"])
def test_a_lost_create_that_etsy_no_longer_lists_is_found_and_not_made_again(owner: Owner, state: str) -> None:
    """A person may have published it; and others were made since."""
    lost = loses_create(owner)
    by_hand.edited(owner.world, lost, state=state)
    known(owner, 150, 150, state=state)
    done = owner.sync()
    assert (done.synced_count, owner.link("prod_1").etsy_listing_id) == (1, lost)
    assert owner.world.calls()["createDraftListing"] == 1


def test_a_draft_of_ours_beside_a_published_copy_is_a_persons_business(owner: Owner) -> None:
    loses_create(owner)
    owner.world.sandbox.state.run(
        "INSERT INTO listing SELECT listing_id + 1, shop_id, 'active', title, visible_from, data, inventory FROM listing"
    )
    done = owner.sync()
    assert "several_drafts" in done.error_log["prod_1"]
    assert len(owner.world.listings()) == 2
