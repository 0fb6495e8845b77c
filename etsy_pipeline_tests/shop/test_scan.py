"""A look through a shop over real HTTP: whole or nothing, each listing once, and what the books say afterwards."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest

from etsy_pipeline import wiring
from etsy_pipeline.accounts import configure, disconnect
from etsy_pipeline.errors import Conflict, PipelineError
from etsy_pipeline.etsy.client import EtsyClient
from etsy_pipeline.etsy.errors import EtsyUnavailable
from etsy_pipeline.linking.seen import SeenListing
from etsy_pipeline.listings.listing import Inventory
from etsy_pipeline.planning.link import Link
from etsy_pipeline.shop.scan import OVERTAKEN, ensure_fresh, scan
from etsy_pipeline.store import clock, link_changes, retention, seen_listings
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import ShopScan
from etsy_pipeline.store.seen_listings import StoredListing
from etsy_pipeline_tests.shop.owner import Owner
from etsy_pipeline_tests.world import World


def client_of(owner: Owner) -> EtsyClient:
    return wiring.shop_client(owner.world.settings, owner.store, owner.id)


def made(owner: Owner, count: int, **listing: Any) -> list[int]:
    """So many listings, each with a SKU of its own."""
    body = {"listing": {"title": "Mug {n}", "sku": "MUG-{n}", "pictures": [], **listing}, "count": count}
    found: list[int] = owner.world.etsy("POST", "listings", body)["listing_ids"]
    return found


def seen(owner: Owner, **which: Any) -> dict[int, SeenListing]:
    """What the books say is there."""
    with owner.store.reading() as session:
        return {item.listing_id: item for item in seen_listings.listings(session, owner.id, **which)}


def stored(owner: Owner, listing_id: int) -> StoredListing:
    with owner.store.reading() as session:
        found = seen_listings.get(session, owner.id, listing_id)
    assert found is not None
    return found


def last_scans(owner: Owner, most: int = 10) -> list[ShopScan]:
    with owner.store.reading() as session:
        return seen_listings.scans(session, owner.id, most=most)


def kinds(found: ShopScan) -> list[tuple[str, int]]:
    return [(change["kind"], change["listing_id"]) for change in found.changes if change["kind"] != "alarm"]


def alarms(found: ShopScan) -> list[str]:
    return [change["after"] for change in found.changes if change["kind"] == "alarm"]


def linked(owner: Owner, listing_id: int, product_id: str = "prod_1", **values: Any) -> None:
    """A product's listing, as the books have it since yesterday."""
    known: dict[str, Any] = {"sync_status": "synced", "listing_state": "active", "wanted_state": "active"}
    with owner.store.writing() as session:
        link = Link(product_id, owner.id, etsy_listing_id=listing_id, **(known | values))
        link_changes.put(session, link, clock.now(session) - timedelta(days=1))


# --- what is there --------------------------------------------------------------------------------------------------


def test_listings_in_every_state_are_kept_with_what_tells_whose_they_are(owner: Owner) -> None:
    states = ("active", "draft", "inactive", "sold_out", "expired", "removed")
    ids = {state: owner.lists(f"Mug &amp; {state}", sku=f"SKU-{state}", state=state) for state in states}
    found = owner.looks()
    assert found.finished_at is not None
    assert (dict(found.counts), found.changes) == (dict.fromkeys(states, 1), ())
    listings = seen(owner)
    assert {number: item.state for number, item in listings.items()} == {ids[state]: state for state in states}
    active = listings[ids["active"]]
    assert (active.skus, active.image_url.startswith("http"), active.currency_code) == (("SKU-active",), True, "USD")
    assert active.ending_at is not None
    assert set(seen(owner, states=["draft", "expired"])) == {ids["draft"], ids["expired"]}


def test_2500_listings_of_which_one_is_sold_while_they_are_read(owner: Owner) -> None:
    ids = made(owner, 2_500)
    owner.fault(
        operation="getListingsByShop", kind="meanwhile", times=1, every=8, does="sell",
        **{"with": {"listing_id": ids[-1], "pieces": 1}},
    )  # fmt: skip
    found = owner.looks()
    assert set(seen(owner)) == set(ids)
    assert dict(found.counts) == {"active": 2_499, "sold_out": 1}
    assert seen(owner, ids=[ids[-1]])[ids[-1]].state == "sold_out"
    assert len({item.skus for item in seen(owner).values()}) == 2_500


def test_12500_active_listings_are_scanned_though_etsy_lists_12000_of_them(world: World, sqlite_store: Store) -> None:
    """FACTS §10. More of this, with less to read: `test_large_shop.py`."""
    world.etsy("POST", "reset", {})
    owner = Owner(world, sqlite_store, world.connected(sqlite_store))
    made(owner, 6_250)
    owner.looks()
    made(owner, 6_250)
    found = owner.looks()
    assert (dict(found.counts), len(found.changes)) == ({"active": 12_500}, 6_250)
    assert found.calls == 120 + 5 + 6 + 1 + 5 + 63, "pages, empty states, looks back, the other end, by id, inventories"


def test_a_listing_that_is_deleted_between_list_and_inventories_is_left_out_and_the_others_kept(owner: Owner) -> None:
    ids = made(owner, 150)
    owner.fault(
        operation="getListingsInventoryByListingIds", kind="meanwhile", times=1, does="delete",
        **{"with": {"listing_id": ids[0]}},
    )  # fmt: skip
    found = owner.looks()
    assert set(seen(owner)) == set(ids[1:])
    assert found.finished_at is not None
    assert all(item.skus for item in seen(owner).values())


def test_listings_without_an_inventory_record_and_of_a_state_that_nobody_knows_are_kept(owner: Owner) -> None:
    plain = owner.lists("No record", inventory=None)
    strange = owner.lists("Edited", state="inactive", shown_state="edit")
    found = owner.looks()
    assert seen(owner)[plain].inventory is None
    assert seen(owner)[strange].state == "edit"
    assert dict(found.counts) == {"active": 1, "edit": 1}


def test_a_known_listing_in_a_state_that_cannot_be_asked_for_is_not_gone(owner: Owner) -> None:
    listing_id = owner.lists("Mug", sku="MUG-1")
    owner.looks()
    owner.world.sandbox.state.run("UPDATE listing SET state = 'edit' WHERE listing_id = ?", listing_id)
    found = owner.looks()
    assert (seen(owner)[listing_id].state, kinds(found)) == ("edit", [("state", listing_id)])


# --- calls ----------------------------------------------------------------------------------------------------------


def test_a_night_in_which_nothing_changed_reads_no_inventory_again(owner: Owner) -> None:
    ids = made(owner, 300)
    first = owner.looks()
    assert first.calls == 3 + 5 + 5 + 3, "three pages, five empty states, five looks back, three batches of inventories"
    assert owner.looks().calls == 13
    assert all(item.skus for item in seen(owner).values()), "they are known from the first time"
    owner.world.etsy("PATCH", f"listings/{ids[7]}", {"sku": "NEW", "last_modified_timestamp": 2_000_000_000})
    assert owner.looks().calls == 14
    assert seen(owner)[ids[7]].skus == ("NEW",)


def test_what_buyers_do_with_a_listing_is_kept_and_reads_no_inventory_again(owner: Owner) -> None:
    listing_id = owner.lists("Mug")
    calls = owner.looks().calls
    modified = owner.on_etsy(listing_id)["last_modified_timestamp"]
    change = {"views": 70, "num_favorers": 3, "last_modified_timestamp": modified}
    owner.world.etsy("PATCH", f"listings/{listing_id}", change)
    assert owner.looks().calls < calls
    assert (seen(owner)[listing_id].views, seen(owner)[listing_id].num_favorers) == (70, 3)


# --- whole or nothing -----------------------------------------------------------------------------------------------


class Failing(EtsyClient):
    """Etsy, until one of its calls fails for good."""

    def __init__(self, client: EtsyClient, fails_at: int) -> None:
        super().__init__(client._transport)
        call, self.count = client._transport.call, 0

        def counted(*given: Any, **more: Any) -> Any:
            self.count += 1
            if self.count == fails_at:
                raise EtsyUnavailable("Down.", code="etsy_unavailable", hint="", may_have_happened=False)
            return call(*given, **more)

        client._transport.call = counted  # type: ignore[method-assign] # what every request goes through


def test_a_scan_that_fails_at_any_of_its_calls_is_none_and_changes_nothing(owner: Owner) -> None:
    ids = made(owner, 120)
    whole = owner.looks()
    before = seen(owner)
    owner.world.etsy("DELETE", f"listings/{ids[0]}")
    owner.world.etsy("PATCH", f"listings/{ids[1]}", {"state": "inactive", "last_modified_timestamp": 2_000_000_000})
    made(owner, 1)
    counting = Failing(client_of(owner), fails_at=0)
    calls = 0
    for fails_at in range(1, 30):
        failing = Failing(client_of(owner), fails_at)
        try:
            scan(owner.store, failing, owner.id)
        except PipelineError:
            newest = last_scans(owner)[0]
            assert (newest.finished_at, newest.counts) == (None, {})
            assert "Down." in (newest.problem or "")
            assert seen(owner) == before
            with owner.store.reading() as session:
                assert seen_listings.last_whole(session, owner.id) == whole
        else:
            calls = fails_at - 1
            break
    assert counting.count == 0
    assert calls >= 14, "it failed at each of its calls once"
    assert kinds(last_scans(owner)[0])[0] == ("gone", ids[0])


def test_a_scan_that_its_process_leaves_is_no_whole_one(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(EtsyClient, "shop_listings", interrupted)
    with pytest.raises(KeyboardInterrupt):
        owner.looks()
    (newest,) = last_scans(owner)
    assert (newest.finished_at, newest.problem) == (None, "It ended unexpectedly (KeyboardInterrupt).")


class Beside(EtsyClient):
    """Etsy, while something happens beside the scan: just before it would read inventories."""

    def __init__(self, client: EtsyClient, happens: Callable[[], object]) -> None:
        super().__init__(client._transport)
        self._happens = happens

    def inventories(self, listing_ids: Sequence[int]) -> dict[int, Inventory | None]:
        self._happens()
        return super().inventories(listing_ids)


def test_of_two_scans_at_once_the_one_that_began_last_holds(owner: Owner) -> None:
    old = owner.lists("Old")

    def meanwhile() -> None:
        owner.world.etsy("DELETE", f"listings/{old}")
        owner.lists("New")
        owner.looks()

    found = scan(owner.store, Beside(client_of(owner), meanwhile), owner.id)
    later, earlier = last_scans(owner)
    assert found == later, "the earlier one gives the later one back"
    assert (earlier.finished_at, earlier.problem) == (None, OVERTAKEN)
    assert [item.title for item in seen(owner).values()] == ["New"]


def test_a_shop_that_is_not_connected_is_not_scanned(owner: Owner) -> None:
    client = client_of(owner)
    disconnect.disconnect(owner.store, owner.id)
    with pytest.raises(Conflict) as caught:
        scan(owner.store, client, owner.id)
    assert caught.value.code == "account_not_connected"
    assert last_scans(owner) == []


# --- what changed ---------------------------------------------------------------------------------------------------


def test_what_is_gone_stays_known_and_is_told_once(owner: Owner) -> None:
    listing_id, other = owner.lists("Mug", sku="MUG-1"), owner.lists("Cup")
    owner.looks()
    owner.world.etsy("DELETE", f"listings/{listing_id}")
    found = owner.looks()
    assert (kinds(found), alarms(found)) == ([("gone", listing_id)], ["gone"])
    assert set(seen(owner)) == {other}
    gone_at = stored(owner, listing_id).gone_at
    assert gone_at is not None
    assert owner.looks().changes == ()
    assert stored(owner, listing_id).gone_at == gone_at
    with owner.store.reading() as session:
        assert [item.seen.listing_id for item in seen_listings.page(session, owner.id, state="gone")[0]] == [listing_id]


def test_what_a_person_said_of_a_listing_outlives_scans(owner: Owner) -> None:
    listing_id = owner.lists("Mug")
    owner.looks()
    first = stored(owner, listing_id).first_seen_at
    with owner.store.writing() as session:
        seen_listings.set_ignored(session, owner.id, listing_id, clock.now(session))
    owner.looks()
    assert stored(owner, listing_id).ignored_at is not None
    assert stored(owner, listing_id).first_seen_at == first


def test_what_etsy_took_down_what_somebody_renewed_and_what_is_new_is_told(owner: Owner) -> None:
    taken, renewed, plain = owner.lists("Taken"), owner.lists("Renewed", should_auto_renew=False), owner.lists("Plain")
    owner.world.etsy(
        "PATCH", f"listings/{renewed}", {"created_timestamp": 1_700_000_000, "ending_timestamp": 4_000_000_000}
    )
    owner.looks()
    owner.world.etsy("PATCH", f"listings/{taken}", {"state": "removed"})
    owner.world.etsy("PATCH", f"listings/{renewed}", {"ending_timestamp": 4_000_000_000 + 120 * 86400})
    new = owner.lists("New")
    found = owner.looks()
    assert kinds(found) == [("removed", taken), ("renewed", renewed), ("new", new)]
    assert alarms(found) == ["removed", "renewed"]
    assert sum(change["fee_usd_cents"] for change in found.changes) == 20
    assert plain not in {change["listing_id"] for change in found.changes}


def test_many_that_became_inactive_overnight_are_an_alarm_unless_we_did_it(owner: Owner) -> None:
    ids = made(owner, 20)
    owner.looks()
    for listing_id in ids[:3]:
        owner.world.etsy("PATCH", f"listings/{listing_id}", {"state": "inactive"})
    assert alarms(owner.looks()) == ["many_inactive"]
    for number, listing_id in enumerate(ids[3:6]):
        linked(owner, listing_id, f"prod_{number}", wanted_state="inactive")
        owner.world.etsy("PATCH", f"listings/{listing_id}", {"state": "inactive"})
    assert alarms(owner.looks()) == []


# --- links ----------------------------------------------------------------------------------------------------------


def test_links_say_how_the_scan_saw_their_listings(owner: Owner) -> None:
    listing_id, gone = owner.lists("Mug", should_auto_renew=True, state="sold_out"), owner.lists("Cup")
    linked(owner, listing_id)
    linked(owner, gone, "prod_2")
    owner.world.etsy("DELETE", f"listings/{gone}")
    owner.looks()
    link = owner.link("prod_1")
    assert (link.listing_state, link.wanted_state, link.should_auto_renew) == ("sold_out", "active", True)
    assert link.ending_at == seen(owner)[listing_id].ending_at
    assert owner.link("prod_2").listing_state == "gone", "though no scan had ever seen it"


def test_what_etsy_took_down_stays_so_where_it_is_deleted_then(owner: Owner) -> None:
    listing_id = owner.lists("Mug")
    linked(owner, listing_id, listing_state="removed")
    owner.world.etsy("DELETE", f"listings/{listing_id}")
    owner.looks()
    assert owner.link("prod_1").listing_state == "removed"


@pytest.mark.parametrize("held", [{"sync_status": "pending"}, {"when": timedelta(hours=1)}])
def test_a_link_that_a_sync_holds_or_touched_meanwhile_is_left_alone(owner: Owner, held: Mapping[str, Any]) -> None:
    linked(owner, owner.lists("Mug", state="sold_out"), **{k: v for k, v in held.items() if k != "when"})
    if "when" in held:
        with owner.store.writing() as session:
            link_changes.put(session, owner.link("prod_1"), clock.now(session) + held["when"])
    owner.looks()
    assert owner.link("prod_1").listing_state == "active"


# --- fresh enough ---------------------------------------------------------------------------------------------------


def test_a_scan_that_is_recent_enough_is_not_made_again(owner: Owner) -> None:
    client = client_of(owner)
    assert ensure_fresh(owner.store, client, owner.id) is not None, "there was none"
    calls = client.calls_made
    assert ensure_fresh(owner.store, client, owner.id) is None
    assert client.calls_made == calls
    configure.configure(owner.store, owner.id, {"scan_max_age_hours": "0.000001"})
    assert ensure_fresh(owner.store, client, owner.id) is not None


def test_where_etsy_does_not_answer_the_last_scan_stands_and_somebody_is_told(owner: Owner) -> None:
    told = list[str]()
    client = Failing(client_of(owner), fails_at=3)
    assert ensure_fresh(owner.store, client, owner.id, told.append) is None
    assert told == ["Down. [etsy_unavailable]"]
    with owner.store.reading() as session:
        assert seen_listings.last_whole(session, owner.id) is None


def test_old_scans_go_but_for_the_last_whole_one(owner: Owner) -> None:
    first, second = owner.looks(), owner.looks()
    with pytest.raises(PipelineError):
        scan(owner.store, Failing(client_of(owner), fails_at=1), owner.id)
    with owner.store.writing() as session:
        assert retention.drop_notes(session, clock.now(session) + timedelta(days=1)) >= 2
    assert [found.id for found in last_scans(owner)] == [second.id] != [first.id]
