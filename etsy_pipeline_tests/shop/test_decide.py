"""Detaching, ignoring, creating anyway, moving, taking back: each one act that writes nothing to Etsy."""

from collections.abc import Mapping, Sequence

import pytest

from etsy_pipeline.accounts import configure
from etsy_pipeline.etsy.client import EtsyClient
from etsy_pipeline.planning.link import LiveListing
from etsy_pipeline.shop import candidates
from etsy_pipeline.shop.decide import decide
from etsy_pipeline.shop.link_requests import LinkRequest, Said
from etsy_pipeline.wiring import link_readers
from etsy_pipeline_tests.shop.owner import ADA, Owner
from etsy_pipeline_tests.sync.planned import code_of


def adopted(owner: Owner, product_id: str = "prod_1", sku: str = "BOWL-1") -> int:
    """A product that is linked to a listing that was there before."""
    listing = owner.lists(sku=sku)
    owner.sells(product_id, sku)
    owner.looks_and_plans()
    owner.decides("attach", product_id, listing)
    return listing


def test_detaching_leaves_the_listing_alone_and_the_log_says_what_the_link_was(owner: Owner) -> None:
    listing = adopted(owner)
    before, there = owner.writes(), owner.on_etsy(listing)
    owner.decides("detach", "prod_1", note="the wrong bowl")
    assert (owner.writes(), owner.on_etsy(listing)) == (before, there)
    assert owner.link("prod_1").etsy_listing_id is None
    entry = owner.log()[-1]
    assert (entry.decision, entry.listing_id, entry.note) == ("detached", listing, "the wrong bowl")
    assert entry.evidence[0]["was_linked"]["origin"] == "adopted"


def test_a_product_that_was_detached_is_undecided_again_and_not_created(owner: Owner) -> None:
    listing = adopted(owner)
    owner.decides("detach", "prod_1")
    assert owner.planned(owner.plan())["prod_1"].action == "invalid"
    assert owner.candidates() == {("prod_1", listing): "likely"}, "none that is linked in bulk"
    owner.decides("attach", "prod_1", listing)
    assert owner.link("prod_1").etsy_listing_id == listing
    assert [entry.decision for entry in owner.log()] == ["attached", "detached", "attached"]


def test_a_listing_that_is_ignored_is_no_candidate_until_that_is_taken_back(owner: Owner) -> None:
    listing = owner.lists(sku="BOWL-1")
    owner.sells("prod_1", "BOWL-1")
    owner.looks_and_plans()
    owner.decides("ignore", listing_id=listing)
    assert owner.candidates() == {}
    assert owner.planned(owner.plan())["prod_1"].action == "create"
    assert code_of(lambda: owner.decides("attach", "prod_1", listing)) == "listing_ignored"
    owner.decides("unignore", listing_id=listing)
    owner.plan()
    assert owner.candidates() == {("prod_1", listing): "certain"}


def test_a_detached_product_is_created_only_once_a_person_says_so(owner: Owner) -> None:
    """Also where nothing but the link spoke for the pair."""
    listing = owner.lists("Nothing alike")
    owner.sells("prod_1", "BOWL-1")
    owner.looks_and_plans()
    owner.decides("attach", "prod_1", listing)
    owner.decides("detach", "prod_1")
    owner.plan()
    assert owner.candidates() == {("prod_1", listing): "ambiguous"}
    owner.decides("create_anyway", "prod_1", listing)
    assert owner.planned(owner.plan())["prod_1"].action == "create"


def test_a_plan_that_creates_gives_way_where_a_listing_is_no_longer_ignored(owner: Owner) -> None:
    listing = owner.lists(sku="BOWL-1")
    owner.sells("prod_1", "BOWL-1")
    owner.looks_and_plans()
    owner.decides("ignore", listing_id=listing)
    job = owner.plan()
    owner.decides("unignore", listing_id=listing)
    assert code_of(lambda: owner.approve(job)) == "plan_superseded"


def test_of_two_people_who_link_one_listing_at_once_the_second_is_told_whose_it_is(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing = owner.lists(sku="BOWL-1")
    for product_id in ("prod_1", "prod_2"):
        owner.sells(product_id, "BOWL-1")
    owner.looks_and_plans()
    live_of = EtsyClient.live_listings

    def meanwhile(client: EtsyClient, listing_ids: Sequence[int]) -> Mapping[int, LiveListing]:
        monkeypatch.setattr(EtsyClient, "live_listings", live_of)
        owner.decides("attach", "prod_1", listing)
        return live_of(client, listing_ids)

    monkeypatch.setattr(EtsyClient, "live_listings", meanwhile)
    assert code_of(lambda: owner.decides("attach", "prod_2", listing)) == "listing_linked"
    assert owner.link("prod_1").etsy_listing_id == listing


def test_no_listing_is_taken_from_a_product_that_a_plan_of_others_did_not_look_for(owner: Owner) -> None:
    listing = adopted(owner)
    owner.sells("prod_2", "BOWL-1")
    named = [item for item in owner.products() if item.product_id == "prod_2"]
    owner.plan(validated=named, covers_selection=False)
    assert owner.candidates() == {("prod_2", listing): "likely"}
    assert code_of(lambda: owner.decides("attach", "prod_2", listing)) == "listing_linked"
    owner.world.medusa("DELETE", "products/prod_1")
    owner.decides("attach", "prod_2", listing)
    assert owner.link("prod_2").etsy_listing_id == listing


@pytest.mark.parametrize("why", ["draft", "other channel"])
def test_a_listing_is_taken_from_a_product_that_the_shop_does_not_sell_any_more(owner: Owner, why: str) -> None:
    owner.sells("prod_old", "BOWL-1", sales_channels=[{"id": "sc_shop"}])
    configure.configure(owner.store, owner.id, {"selection": {"sales_channel_ids": ["sc_shop"]}})
    owner.looks()
    owner.sync()
    listing = owner.link("prod_old").etsy_listing_id or 0
    now = {"status": "draft"} if why == "draft" else {"sales_channels": [{"id": "sc_other"}]}
    owner.world.medusa("PATCH", "products/prod_old", {"set": now})
    owner.sells("prod_new", "bowl-1", sales_channels=[{"id": "sc_shop"}])
    owner.looks()
    still = [item for item in owner.products() if why == "draft" or item.product_id != "prod_old"]
    planned = owner.planned(owner.plan(validated=still))
    assert {name: item.action for name, item in planned.items()} == {"prod_old": "skip", "prod_new": "invalid"}
    owner.decides("attach", "prod_new", listing)
    assert (owner.link("prod_new").etsy_listing_id, owner.log()[-1].decision) == (listing, "moved")
    planned = owner.planned(owner.plan(validated=still))
    assert planned["prod_new"].etsy_listing_id == listing
    assert {item.action for item in planned.values()} <= {"skip", "update"}, "nothing is created, nothing taken down"


def test_a_linked_listing_cannot_be_ignored(owner: Owner) -> None:
    listing = adopted(owner)
    assert code_of(lambda: owner.decides("ignore", listing_id=listing)) == "listing_linked"


def test_a_product_that_is_none_of_its_candidates_is_created_by_the_next_plan(owner: Owner) -> None:
    listing = owner.lists(sku="BOWL-1")
    owner.sells("prod_1", "BOWL-1")
    owner.looks_and_plans()
    owner.decides("create_anyway", "prod_1")
    assert owner.planned(owner.plan())["prod_1"].action == "create"
    assert [(entry.decision, entry.listing_id) for entry in owner.log()] == [("create_anyway", listing)]
    assert code_of(lambda: owner.decides("create_anyway", "prod_1")) == "candidate_not_found"


def test_one_of_two_candidates_is_turned_down_and_the_other_one_still_waits(owner: Owner) -> None:
    one, other = owner.lists(sku="BOWL-1"), owner.lists(sku="BOWL-1")
    owner.sells("prod_1", "BOWL-1")
    owner.looks_and_plans()
    owner.decides("create_anyway", "prod_1", one)
    assert owner.planned(owner.plan())["prod_1"].action == "invalid"
    assert list(owner.candidates()) == [("prod_1", other)]


def test_a_product_with_a_new_id_takes_its_listing_over(owner: Owner) -> None:
    owner.sells("prod_old", "BOWL-1")
    owner.looks()
    owner.sync()
    listing = owner.link("prod_old").etsy_listing_id or 0
    owner.world.medusa("DELETE", "products/prod_old")
    owner.sells("prod_new", "BOWL-1")
    planned = owner.planned(owner.looks_and_plans())
    assert {name: item.action for name, item in planned.items()} == {"prod_old": "skip", "prod_new": "invalid"}
    writes = owner.writes()
    owner.decides("attach", "prod_new", listing)
    assert owner.writes() == writes
    link = owner.link("prod_new")
    assert (link.etsy_listing_id, link.origin, link.product_title) == (listing, "created", "Bowl prod_new")
    planned = owner.planned(owner.plan())
    assert "prod_old" not in planned
    assert planned["prod_new"].action in {"update", "skip"}
    assert planned["prod_new"].etsy_listing_id == listing
    assert [entry.decision for entry in owner.log()] == ["moved"]


def test_a_moved_listing_keeps_its_pictures_so_that_none_is_sent_again(owner: Owner) -> None:
    owner.sells("prod_old", "BOWL-1")
    owner.looks()
    owner.sync()
    owner.world.medusa("DELETE", "products/prod_old")
    owner.sells("prod_new", "BOWL-1", title="Bowl prod_old")
    owner.decides("move", "prod_old", to_product_id="prod_new")
    assert owner.planned(owner.plan())["prod_new"].action == "skip"


def test_what_cannot_be_moved_is_refused(owner: Owner) -> None:
    adopted(owner)
    adopted(owner, "prod_2", "BOWL-2")
    assert code_of(lambda: owner.decides("move", "prod_nope", to_product_id="prod_1")) == "product_not_linked"
    assert code_of(lambda: owner.decides("move", "prod_1", to_product_id="prod_2")) == "product_linked"
    assert code_of(lambda: owner.decides("move", "prod_1", to_product_id="prod_nope")) == "product_not_found"
    assert code_of(lambda: owner.decides("move", "prod_1")) == "id_missing"


def test_a_listing_that_its_seller_took_off_sale_is_left_alone_until_a_person_takes_it_back(owner: Owner) -> None:
    owner.sells("prod_1", "BOWL-1")
    owner.looks()
    owner.sync()
    owner.world.etsy("PATCH", f"listings/{owner.link('prod_1').etsy_listing_id}", {"state": "inactive"})
    assert owner.planned(owner.looks_and_plans())["prod_1"].action == "skip"
    owner.decides("take_back", "prod_1")
    (change,) = owner.planned(owner.plan())["prod_1"].differences
    assert (change.field, change.new) == ("state", "active")


def test_where_one_of_several_cannot_be_carried_out_nothing_is_done(owner: Owner) -> None:
    listing = owner.lists(sku="BOWL-1")
    owner.sells("prod_1", "BOWL-1")
    owner.looks_and_plans()
    good, bad = LinkRequest("attach", "prod_1", listing, row=2), LinkRequest("attach", "prod_nope", 4711, row=3)
    decided = owner.decides_all(good, bad)
    assert decided.done == ()
    assert [(item.request.row, item.error.code) for item in decided.refused] == [(3, "listing_not_seen")]
    assert owner.log() == []
    decided = owner.decides_all(good, bad, partial=True)
    assert decided.done == (good,)
    assert owner.link("prod_1").etsy_listing_id == listing


def test_one_listing_for_two_products_is_refused_for_both(owner: Owner) -> None:
    one, other = owner.lists(sku="BOWL-1"), owner.lists(sku="BOWL-1")
    owner.sells("prod_1", "BOWL-1")
    owner.sells("prod_2", "BOWL-1")
    owner.looks_and_plans()
    twice = owner.decides_all(LinkRequest("attach", "prod_1", one), LinkRequest("attach", "prod_2", one), partial=True)
    assert [item.error.code for item in twice.refused] == ["taken_twice", "taken_twice"]
    both = owner.decides_all(LinkRequest("attach", "prod_1", one), LinkRequest("attach", "prod_1", other), partial=True)
    assert [item.error.code for item in both.refused] == ["taken_twice", "taken_twice"]
    against = owner.decides_all(LinkRequest("attach", "prod_1", one), LinkRequest("ignore", "", one))
    assert [item.error.code for item in against.refused] == ["decided_both_ways"]
    assert owner.log() == []


def test_nobody_decides_without_a_name(owner: Owner) -> None:
    readers = link_readers(owner.world.settings, owner.store, owner.id)
    assert code_of(lambda: decide(owner.store, owner.id, [], Said("  ", "cli"), readers)) == "decider_missing"


def test_a_listing_of_another_shop_is_told_as_such(owner: Owner) -> None:
    neighbour = Owner(owner.world, owner.store, owner.world.connected(owner.store, shop=2))
    theirs = int(
        owner.world.etsy("POST", "listings", {"listings": [{"title": "Theirs"}], "shop_id": 51_000_002})["listing_ids"][
            0
        ]
    )
    neighbour.looks()
    owner.sells("prod_1")
    owner.looks()
    assert code_of(lambda: owner.decides("attach", "prod_1", theirs)) == "listing_of_another_shop"


@pytest.mark.parametrize("count", [2, 3])
def test_all_certain_ones_are_attached_together_by_who_counted_them(owner: Owner, count: int) -> None:
    for number in range(2):
        owner.lists(sku=f"BOWL-{number}")
        owner.sells(f"prod_{number}", f"BOWL-{number}")
    owner.looks_and_plans()
    seen = candidates.certain_ones(owner.store, owner.id, own=("quantity",))
    assert (seen.count, seen.moves, len(seen.sample)) == (2, 0, 2)
    readers = link_readers(owner.world.settings, owner.store, owner.id)
    if count != seen.count:
        assert code_of(lambda: candidates.attach_certain(owner.store, owner.id, seen, ADA, readers, count=count)) == (
            "candidates_changed"
        )
        return
    decided = candidates.attach_certain(owner.store, owner.id, seen, ADA, readers, count=count, mark=seen.mark)
    assert (len(decided.done), decided.refused) == (2, ())
    assert "quantity" not in owner.link("prod_0").keeps
    assert "price" in owner.link("prod_0").keeps
