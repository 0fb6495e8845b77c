"""What changed in a shop between two scans, and what of it somebody hears of at once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from etsy_pipeline.linking.seen import SeenListing
from etsy_pipeline.planning.shop_changes import Change, alarms, changes

NOW = datetime(2026, 11, 25, tzinfo=UTC)
TERM = timedelta(days=120)


def a_listing(number: int = 1, state: str = "active", **values: Any) -> SeenListing:
    return SeenListing(number, state, f"Mug {number}", **({"ending_at": NOW + timedelta(days=3)} | values))


def between(before: list[SeenListing], after: list[SeenListing], **given: Any) -> list[tuple[str, int]]:
    gone = {seen.listing_id for seen in before} - {seen.listing_id for seen in after}
    found = changes(before, {seen.listing_id: seen for seen in after}, gone, **given)
    return [(change.kind, change.listing_id) for change in found]


def test_a_listing_that_is_as_it_was_is_no_news() -> None:
    assert between([a_listing()], [a_listing(views=9, num_favorers=2, price="3")]) == []


def test_new_gone_removed_and_other_states_are_told_the_worst_first() -> None:
    before = [a_listing(1), a_listing(2), a_listing(3)]
    after = [a_listing(2, "removed"), a_listing(3, "sold_out"), a_listing(4)]
    assert between(before, after) == [("removed", 2), ("gone", 1), ("state", 3), ("new", 4)]


@pytest.mark.parametrize(("renews", "words"), [(True, "renews automatically"), (False, "its seller or another tool")])
def test_a_renewal_that_we_did_not_make_is_told_with_its_fee_and_by_whom(renews: bool, words: str) -> None:  # noqa: FBT001
    was = a_listing(should_auto_renew=renews)
    now = replace(was, ending_at=NOW + TERM)
    (change,) = changes([was], {1: now}, ())
    assert (change.kind, change.fee_usd_cents) == ("renewed", 20)
    assert (change.before, change.after) == ("until 2026-11-28", "until 2027-03-25")
    assert words in change.told


def test_our_own_renewals_and_a_new_term_of_a_draft_are_no_news() -> None:
    renewed = a_listing(ending_at=NOW + TERM)
    assert between([a_listing()], [renewed], ours={1}) == []
    assert between([a_listing(state="draft")], [renewed]) == [("state", 1)]
    assert between([a_listing(ending_at=None)], [renewed]) == []


def test_a_sold_out_listing_that_somebody_renewed_is_both() -> None:
    assert between([a_listing(state="sold_out")], [a_listing(ending_at=NOW + TERM)]) == [("renewed", 1), ("state", 1)]


def told(*found: Change, active_before: int = 100, **given: Any) -> dict[str, str]:
    return {alarm.after: alarm.told for alarm in alarms(found, active_before, **given)}


def to_inactive(count: int) -> list[Change]:
    return [Change("state", number, "Mug", "active", "inactive") for number in range(1, count + 1)]


def test_what_cannot_wait_is_told_in_words() -> None:
    assert told() == {}
    assert told(Change("new", 1, "Mug", "", "active"), Change("state", 2, "Mug", "active", "sold_out")) == {}
    found = told(
        Change("removed", 1, "Mug", "active", "removed"),
        Change("gone", 2, "Cup", "active"),
        Change("renewed", 3, "Jar", fee_usd_cents=20),
        Change("renewed", 4, "Pot", fee_usd_cents=20),
    )
    assert list(found) == ["removed", "gone", "renewed"]
    assert found["removed"] == "Etsy has taken down 1 listing: 1 'Mug'."
    assert found["renewed"] == "Renewed, and not by us: 2 listings, $0.40 of fees: 3 'Jar', 4 'Pot'."


def test_a_long_list_is_named_in_part() -> None:
    found = told(*(Change("gone", number, "Cup", "active") for number in range(1, 9)))
    assert found["gone"].endswith("5 'Cup' and 3 more.")


@pytest.mark.parametrize(("count", "of", "is_told"), [(5, 100, False), (6, 100, True), (1, 3, False), (2, 3, True)])
def test_more_than_five_percent_inactive_overnight_is_an_alarm(count: int, of: int, is_told: bool) -> None:  # noqa: FBT001
    assert ("many_inactive" in told(*to_inactive(count), active_before=of)) == is_told


def test_what_we_deactivated_ourselves_is_no_alarm() -> None:
    assert told(*to_inactive(10), wanted_inactive={*range(1, 8)}) == {}
