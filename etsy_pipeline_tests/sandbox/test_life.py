"""The life of a listing on the local Etsy: sold out, expired, renewed, removed, and what each costs (LIFECYCLE)."""

from typing import Any

import pytest

from etsy_pipeline_tests.etsy_spec import response_problems
from etsy_pipeline_tests.sandbox import by_hand
from etsy_pipeline_tests.sandbox.conftest import PROFILE, SHOP, Etsy
from etsy_pipeline_tests.sandbox.listings import inventory_of, put_inventory, upload
from etsy_pipeline_tests.world import World

DAY = 86400
TERM = 120 * DAY
SIZES = {"Size": ["S", "L"]}


def made(world: World, **said: Any) -> int:
    return by_hand.listed(world, said)[0]


def get(etsy: Etsy, listing_id: int) -> dict[str, Any]:
    answer = etsy("GET", f"/listings/{listing_id}").json()
    assert response_problems("getListing", 200, answer) == []
    found: dict[str, Any] = answer
    return found


def now(world: World) -> float:
    found: float = world.etsy("GET", "clock")["now"]
    return found


def test_a_term_is_over_by_time_alone(etsy: Etsy, world: World) -> None:
    """LIFECYCLE §1: expired, and its state changed at that time."""
    listing_id = made(world, ending_timestamp=int(now(world)) + DAY)
    assert get(etsy, listing_id)["state"] == "active"
    world.etsy("POST", "clock", {"advance_seconds": 2 * DAY})
    found = by_hand.shown(world, listing_id)
    assert (found["state"], found["state_timestamp"]) == ("expired", found["ending_timestamp"])
    assert found["fees"] == []
    world.etsy("POST", "clock", {"advance_seconds": -2 * DAY})


def test_one_that_renews_by_itself_pays_and_starts_a_new_term(etsy: Etsy, world: World) -> None:
    """LIFECYCLE §2: created moves, original_creation stays."""
    listing_id = made(world, should_auto_renew=True)
    before = get(etsy, listing_id)
    by_hand.term_ended(world, listing_id)
    after = get(etsy, listing_id)
    assert (after["state"], by_hand.fees(world, listing_id)) == ("active", ["auto_renewal"])
    assert after["created_timestamp"] >= before["created_timestamp"]
    assert after["ending_timestamp"] == after["created_timestamp"] + TERM
    assert after["original_creation_timestamp"] == before["original_creation_timestamp"]


def test_with_an_unpaid_bill_nothing_renews_or_starts(etsy: Etsy, world: World) -> None:
    """LIFECYCLE §1, §3."""
    listing_id = made(world, should_auto_renew=True)
    by_hand.shop_changed(world, has_unpaid_bill=True)
    by_hand.term_ended(world, listing_id)
    assert get(etsy, listing_id)["state"] == "expired"
    assert etsy.patch(listing_id, state="active").status_code == 400
    assert etsy.patch(listing_id, title="Still editable").status_code == 200
    by_hand.shop_changed(world, has_unpaid_bill=False)
    assert etsy.patch(listing_id, state="active").status_code == 200


def test_an_expired_listing_is_renewed_for_a_fee_and_a_new_term(etsy: Etsy, world: World) -> None:
    """LIFECYCLE §1."""
    start = int(now(world))
    listing_id = made(world, created_timestamp=start - 200 * DAY, state="expired", quantity=3)
    answer = etsy.patch(listing_id, state="active")
    assert response_problems("updateListing", 200, answer.json()) == []
    found = answer.json()
    assert (found["state"], found["quantity"], by_hand.fees(world, listing_id)) == ("active", 3, ["renewal"])
    assert found["created_timestamp"] >= start
    assert found["ending_timestamp"] == found["created_timestamp"] + TERM
    assert found["original_creation_timestamp"] == start - 200 * DAY


@pytest.mark.parametrize(("ends_in", "fees"), [(DAY, []), (-DAY, ["renewal"])], ids=["in its term", "after it"])
def test_an_inactive_one_is_free_in_its_term_only(etsy: Etsy, world: World, ends_in: int, fees: list[str]) -> None:
    """LIFECYCLE §1."""
    ending = int(now(world)) + ends_in
    listing_id = made(world, state="inactive", ending_timestamp=ending)
    assert get(etsy, listing_id)["state"] == "inactive", "whatever its term"
    found = etsy.patch(listing_id, state="active").json()
    assert (found["state"], by_hand.fees(world, listing_id)) == ("active", fees)
    assert (found["ending_timestamp"] == ending) == (not fees)


def test_the_last_piece_sold_makes_it_sold_out(etsy: Etsy, world: World) -> None:
    """LIFECYCLE §1, §2."""
    listing_id = made(world, variations=SIZES, sku=["S", "L"], products=[
        {"values": {"Size": "S"}, "sku": "S", "quantity": 1}, {"values": {"Size": "L"}, "sku": "L", "quantity": 2},
    ])  # fmt: skip
    assert by_hand.sold(world, listing_id, sku="L") == {"state": "active", "quantity": 2}
    assert by_hand.sold(world, listing_id, 2) == {"state": "sold_out", "quantity": 0}
    assert get(etsy, listing_id)["state"] == "sold_out"
    assert "cannot be sold" in world.etsy("POST", f"listings/{listing_id}/sell", {})["error"]


def test_no_more_is_sold_than_there_is(world: World) -> None:
    listing_id = made(world, quantity=2, sku="MUG")
    assert "only 2 such pieces" in world.etsy("POST", f"listings/{listing_id}/sell", {"pieces": 3})["error"]
    assert "only 0 such pieces" in world.etsy("POST", f"listings/{listing_id}/sell", {"sku": "CUP"})["error"]
    assert by_hand.shown(world, listing_id)["quantity"] == 2


def test_variations_that_share_their_pieces_are_sold_together(world: World) -> None:
    """LINKING §3: one stock pool."""
    listing_id = made(world, variations=SIZES, sku="MUG", quantity=1)
    assert by_hand.sold(world, listing_id)["state"] == "sold_out"


def test_several_pieces_in_one_sale_cost_a_fee_for_each_more(world: World) -> None:
    """LIFECYCLE §4, uncertain."""
    listing_id = made(world, quantity=5)
    by_hand.sold(world, listing_id, 3)
    assert by_hand.fees(world, listing_id) == ["multi_quantity"] * 2


def test_a_sold_out_one_takes_pieces_stays_sold_out_and_is_renewed_with_one(etsy: Etsy, world: World) -> None:
    """LIFECYCLE §5: the order of calls that it tells of."""
    listing_id = made(world, quantity=1)
    by_hand.sold(world, listing_id)
    assert put_inventory(etsy, listing_id, inventory_of("S", "L")).status_code == 200
    assert get(etsy, listing_id)["state"] == "sold_out"
    renewed = etsy.patch(listing_id, state="active").json()
    assert (renewed["state"], renewed["quantity"], by_hand.fees(world, listing_id)) == ("active", 2, ["renewal"])
    shared = [item["offerings"][0]["quantity"] for item in by_hand.shown(world, listing_id)["inventory"]["products"]]
    assert shared == [1, 1], "one piece, which both share"
    assert (
        put_inventory(etsy, listing_id, inventory_of("S", "L")).json()["products"][0]["offerings"][0]["quantity"] == 2
    )


def test_of_variations_with_their_own_pieces_one_piece_is_left_by_a_renewal(etsy: Etsy, world: World) -> None:
    """FACTS §6: "updates the quantity to 1"."""
    products = [{"values": {"Size": size}, "quantity": 0} for size in ("S", "L")]
    listing_id = made(world, state="sold_out", products=products)
    body = inventory_of("S", "L", quantity_on_property=[513])
    body["products"][0]["offerings"][0]["quantity"] = 5
    assert put_inventory(etsy, listing_id, body).status_code == 200
    assert etsy.patch(listing_id, state="active").json()["quantity"] == 1


@pytest.mark.parametrize("state", ["active", "sold_out", "draft"])
def test_an_inventory_of_nothing_at_all_is_refused(etsy: Etsy, world: World, state: str) -> None:
    """LIFECYCLE §1."""
    listing_id = made(world, state=state)
    offering = {"price": 5.0, "quantity": 0, "is_enabled": True, "readiness_state_id": PROFILE}
    body = {"products": [{"sku": "", "property_values": [], "offerings": [offering]}]}
    answer = put_inventory(etsy, listing_id, body)
    assert (answer.status_code, "quantity above 0" in answer.json()["error"]) == (400, True)
    offering |= {"quantity": 3, "is_enabled": False}
    assert put_inventory(etsy, listing_id, body).status_code == 400


def test_the_first_renewal_may_answer_500_and_do_nothing(etsy: Etsy, world: World) -> None:
    """LIFECYCLE §5, issue 247."""
    listing_id = made(world, state="sold_out", renewals_that_fail=1)
    answer = etsy.patch(listing_id, state="active", title="Not this one")
    assert (answer.status_code, answer.json()) == (500, {"error": "Server Error"})
    found = by_hand.shown(world, listing_id)
    assert (found["state"], found["title"], found["fees"]) == ("sold_out", "Made by hand", [])
    assert etsy.patch(listing_id, state="active").json()["state"] == "active"


def test_renewals_that_fail_leave_other_changes_alone(etsy: Etsy, world: World) -> None:
    listing_id = made(world, state="inactive", renewals_that_fail=1)
    assert etsy.patch(listing_id, state="active").status_code == 200, "in its term it renews nothing"


def test_somebody_renews_by_hand(etsy: Etsy, world: World) -> None:
    """LIFECYCLE §2: a fee that nobody here planned."""
    listing_id = made(world, created_timestamp=1_780_000_000, ending_timestamp=int(now(world)) + DAY)
    ending = by_hand.renewed(world, listing_id)
    found = get(etsy, listing_id)
    assert (found["ending_timestamp"], found["original_creation_timestamp"]) == (ending, 1_780_000_000)
    assert ending - found["created_timestamp"] == TERM
    assert by_hand.fees(world, listing_id) == ["renewal"]


def test_what_etsy_removed_takes_no_write(etsy: Etsy, world: World) -> None:
    """LIFECYCLE §1, uncertain: the strict case."""
    listing_id = made(world)
    by_hand.edited(world, listing_id, state="removed")
    assert get(etsy, listing_id)["state"] == "removed"
    answers = [
        etsy.patch(listing_id, title="New"), put_inventory(etsy, listing_id, inventory_of("S")),
        upload(etsy, listing_id), etsy.patch(listing_id, state="active"),
    ]  # fmt: skip
    assert [answer.status_code for answer in answers] == [400] * 4
    assert etsy("DELETE", f"/listings/{listing_id}").status_code == 409
    assert listing_id in [
        item["listing_id"]
        for item in etsy("GET", f"/shops/{SHOP}/listings", params={"state": "removed", "limit": "100"}).json()[
            "results"
        ]
    ]


def test_views_are_counted_while_active_only(etsy: Etsy, world: World) -> None:
    """The spec's words."""
    listing_id = made(world, views=12)
    assert get(etsy, listing_id)["views"] == 12
    by_hand.edited(world, listing_id, state="inactive")
    assert get(etsy, listing_id)["views"] == 0
