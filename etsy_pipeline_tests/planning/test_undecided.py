"""What waits for a person: a product that may be on Etsy already is not created, a listing that may have moved stays."""

from dataclasses import replace

import pytest

from etsy_pipeline.linking.candidates import Candidate
from etsy_pipeline.linking.evidence import Evidence
from etsy_pipeline.listings.verdict import ValidatedListing
from etsy_pipeline.planning.link import Link
from etsy_pipeline.planning.plan import plan_product
from etsy_pipeline.planning.undecided import Doubt, held_for_decision, may_have_moved, unless_scanned
from etsy_pipeline_tests.builders import a_product, a_shop, validated
from etsy_pipeline_tests.looked import a_seen_listing

SAME_SKU = Evidence("sku_set_equal", "decisive", "MUG-1", "MUG-1")
CANDIDATE = Candidate("prod_1", "Mug", 900_001, "certain", (SAME_SKU,))
DOUBT = Doubt(CANDIDATE, a_seen_listing(900_001, title="Handmade cup"))
LINKED = Link("prod_1", "acc", "Mug", etsy_listing_id=42, listing_state="active")


def test_a_product_that_may_be_there_already_is_invalid_with_all_that_is_known_of_the_listing() -> None:
    held = held_for_decision(validated(), None, [DOUBT])
    (told,) = held.errors
    assert (told.code, held.listing) == ("listing_may_exist", None)
    assert told.message == (
        "It may be on Etsy already: listing 900001 “Handmade cup” (active, SKU MUG-1) "
        "https://www.etsy.com/listing/900001 picture https://i.etsystatic.com/900001.jpg (certain: the same SKUs)."
    )
    assert "etsy-pipeline links candidates ACCOUNT" in told.hint
    item = plan_product(held, None, None, a_shop())
    assert (item.action, item.cost.fee_usd_cents) == ("invalid", 0)


def test_its_other_faults_are_told_beside() -> None:
    broken = validated(a_product(title=""))
    held = held_for_decision(broken, None, [DOUBT])
    assert [item.code for item in held.errors] == ["title_missing", "listing_may_exist"]


def test_a_few_candidates_are_told_one_by_one() -> None:
    doubts = [Doubt(replace(CANDIDATE, listing_id=number), a_seen_listing(number)) for number in range(1, 6)]
    assert len(held_for_decision(validated(), None, doubts).errors) == 3


def test_a_long_title_or_one_with_a_line_break_spoils_no_message() -> None:
    (told,) = held_for_decision(validated(), None, [Doubt(CANDIDATE, a_seen_listing(1, title="x\n\x00" * 400))]).errors
    assert told.message.isprintable()
    assert len(told.message) < 500


def test_a_moved_listing_tells_whose_it_was() -> None:
    moved = Doubt(replace(CANDIDATE, moved_from="prod_A"), DOUBT.listing)
    (told,) = held_for_decision(validated(), None, [moved]).errors
    assert "linked to prod_A, which this plan did not find" in told.message


@pytest.mark.parametrize(
    ("product", "link"),
    [
        (validated(), LINKED),
        (ValidatedListing("prod_1", "Mug", None, (), "out of stock"), None),
    ],
)
def test_what_would_not_be_created_is_planned_as_ever(product: ValidatedListing, link: Link | None) -> None:
    assert held_for_decision(product, link, [DOUBT]) is product
    assert unless_scanned(product, link, "never") is product


def test_nothing_is_created_where_nobody_has_looked() -> None:
    held = unless_scanned(validated(), Link("prod_1"), "its listings were never looked through")
    (told,) = held.errors
    assert told.code == "shop_not_scanned"
    assert told.message.endswith("not known: its listings were never looked through.")
    assert plan_product(held, None, None, a_shop()).action == "invalid"


def test_a_listing_that_may_have_moved_is_left_as_it_is() -> None:
    item = may_have_moved(LINKED, ["prod_B", "prod_C"])
    assert (item.action, item.etsy_listing_id) == ("skip", 42)
    assert item.reason == "may have moved to prod_B, prod_C; decide with `etsy-pipeline links candidates acc`"
