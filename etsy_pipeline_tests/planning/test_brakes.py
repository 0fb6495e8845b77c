"""Brakes: what a person has to look at; and the policies that approve what needs nobody."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from etsy_pipeline.listings.listing import Inventory, Offering
from etsy_pipeline.listings.plan_settings import BrakeLimits
from etsy_pipeline.listings.verdict import ValidatedListing
from etsy_pipeline.planning import brakes
from etsy_pipeline.planning.approval_policy import PolicyReview
from etsy_pipeline.planning.brakes import BRAKES, Brake, of_plan
from etsy_pipeline.planning.costs import days_needed
from etsy_pipeline.planning.inventory import PriceMove
from etsy_pipeline.planning.link import Link, LiveListing
from etsy_pipeline.planning.plan import plan_product, removed
from etsy_pipeline.planning.plan_item import PlanItem
from etsy_pipeline.planning.quota import Quota
from etsy_pipeline_tests.builders import a_listing, a_shop, two_sizes
from etsy_pipeline_tests.planning import published

PUBLISHED = a_listing()
LINK = replace(published.LINK, published=PUBLISHED)


def at(price: str, pieces: int = 10) -> Inventory:
    return Inventory((Offering("MUG-1", (), Decimal(price), pieces),))


def update(inventory: Inventory, link: Link = LINK, **changes: Any) -> PlanItem:
    desired = replace(PUBLISHED, inventory=inventory, **changes)
    return plan_product(ValidatedListing("prod_1", "Mug", desired), link, None, a_shop())


@pytest.mark.parametrize(
    ("price", "codes"),
    [
        ("29.99", []),
        ("38.98", []),
        ("39.00", ["price_moved"]),
        ("20.90", ["price_moved"]),
        ("0.30", ["price_hundredfold"]),
        ("2999", ["price_hundredfold"]),
        ("0.5998", ["price_hundredfold"]),
        ("0.60", ["price_moved"]),
        ("1499.50", ["price_hundredfold"]),
        ("1499.49", ["price_moved"]),
    ],
)
def test_a_price_that_moves_far_brakes(price: str, codes: list[str]) -> None:
    assert [brake.code for brake in update(at(price)).brakes] == codes


def told(*moves: tuple[str, str, str]) -> list[tuple[str, str]]:
    """The brakes on moves of prices: (name, old, new)."""
    found = brakes.of_prices([PriceMove(name, Decimal(old), Decimal(new)) for name, old, new in moves], BrakeLimits())
    return [(brake.code, brake.message) for brake in found]


def test_a_brake_on_a_price_tells_what_it_was_and_will_be() -> None:
    assert told(("", "10", "13.01")) == [("price_moved", "A price moves by +30 % (10 → 13.01); the limit is 30 %.")]
    assert told(("L", "10", "1")) == [("price_moved", "A price moves by -90 % (L: 10 → 1); the limit is 30 %.")]
    assert told(("L", "1", "50")) == [
        ("price_hundredfold", "A price changes about a hundredfold (L: 1 → 50); is MEDUSA_AMOUNT_UNIT right?")
    ]
    assert told(("", "10", "13")) == [], "the limit itself is allowed"


def test_what_has_no_price_yet_or_any_more_has_not_moved() -> None:
    assert told(("S", "0", "10"), ("M", "10", "0"), ("L", "0", "0")) == []
    assert told() == []
    assert [code for code, _ in told(("S", "0", "10"), ("L", "0.50", "0.90"))] == ["price_moved"]


def test_of_prices_that_move_alike_the_first_is_told() -> None:
    assert "(S: 10 → 20)" in told(("S", "10", "20"), ("L", "12", "24"))[0][1]


def test_the_worst_of_several_prices_is_told_with_its_variation() -> None:
    link = replace(LINK, published=replace(PUBLISHED, inventory=two_sizes(("10", "12"))))
    [brake] = update(two_sizes(("11", "24")), link).brakes
    assert (brake.code, "L: 12 → 24" in brake.message) == ("price_moved", True)


def test_variations_never_vanish_unseen() -> None:
    link = replace(LINK, published=replace(PUBLISHED, inventory=two_sizes()))
    smaller = replace(two_sizes(), offerings=two_sizes().offerings[:1])
    item = update(smaller, link)
    assert [brake.code for brake in item.brakes] == ["variations_vanish"]
    assert item.brakes[0].message == "Variations would vanish from Etsy: L."
    assert item.care == 0


def test_a_variation_that_is_sold_out_does_not_vanish() -> None:
    link = replace(LINK, published=replace(PUBLISHED, inventory=two_sizes()))
    small, large = two_sizes().offerings
    item = update(replace(two_sizes(), offerings=(small, replace(large, quantity=0, is_enabled=False))), link)
    assert (item.brakes, [change.field for change in item.differences]) == ((), ["quantity"])


@pytest.mark.parametrize(
    ("names", "words"),
    [("AB", "A, B"), ("ABCDE", "A, B, C, D, E"), ("ABCDEF", "A, B, C, D, E and 1 more")],
)
def test_of_many_variations_some_are_named(names: str, words: str) -> None:
    assert [brake.message for brake in brakes.of_variations(names)] == [f"Variations would vanish from Etsy: {words}."]


def test_brakes_on_single_listings_say_why() -> None:
    gone, one, two = brakes.of_missing_listing(42), brakes.of_unread_stock(42, 1), brakes.of_unread_stock(42, 2)
    assert gone.message == "Listing 42 is no longer on Etsy; a new one would be created, for a fee."
    assert one.message == (
        "1 order was paid or canceled on Etsy since the last plan, and listing 42 could not be read: "
        "its stock is held back."
    )
    assert two.message.startswith("2 orders were paid")


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        (
            {"on_sale": 4, "missing": 3},
            "The products of 3 of 4 listings on sale are missing from the catalogue; the limit is 20 %.",
        ),
        (
            {"on_sale": 2, "missing": 2},
            "The products of 2 of 2 listings on sale are missing from the catalogue; the limit is 50 %.",
        ),
        ({"on_sale": 9, "deactivations": 3}, "3 of 9 listings on sale would be deactivated; the limit is 10 %."),
        ({"fees_usd_cents": 2020}, "Etsy's fees would be $20.20; the budget is $20.00."),
    ],
)
def test_a_brake_on_the_whole_plan_says_why(facts: dict[str, int], message: str) -> None:
    known = {"missing": 0, "deactivations": 0, "on_sale": 100, "fees_usd_cents": 0}
    assert [brake.message for brake in of_plan(**(known | facts), limits=BrakeLimits())] == [message]


@pytest.mark.parametrize(
    ("facts", "codes"),
    [
        ({}, []),
        ({"missing": 20}, []),
        ({"missing": 21}, ["catalogue_shrunk"]),
        ({"on_sale": 4, "missing": 2}, []),
        ({"on_sale": 5, "missing": 2}, []),
        ({"on_sale": 3, "missing": 2}, ["catalogue_shrunk"]),
        ({"on_sale": 2, "missing": 2}, ["catalogue_shrunk"]),
        ({"on_sale": 1, "missing": 1}, ["catalogue_shrunk"]),
        ({"on_sale": 3, "missing": 1}, []),
        ({"on_sale": 2, "missing": 1}, []),
        ({"on_sale": 0, "missing": 0}, []),
        ({"on_sale": 1, "deactivations": 1}, []),
        ({"deactivations": 10}, []),
        ({"deactivations": 11}, ["many_deactivations"]),
        ({"fees_usd_cents": 2000}, []),
        ({"fees_usd_cents": 2020}, ["fees_over_budget"]),
    ],
)
def test_a_plan_that_is_odd_as_a_whole_brakes(facts: dict[str, int], codes: list[str]) -> None:
    known = {"missing": 0, "deactivations": 0, "on_sale": 100, "fees_usd_cents": 0}
    assert [brake.code for brake in of_plan(**(known | facts), limits=BrakeLimits())] == codes


@pytest.mark.parametrize("on_sale", [1, 2, 3, 100])
def test_a_shop_that_wants_no_brake_on_what_is_missing_has_none_however_small_it_is(on_sale: int) -> None:
    limits = BrakeLimits(shrunk_percent=Decimal(100))
    assert of_plan(on_sale=on_sale, missing=on_sale, deactivations=0, fees_usd_cents=0, limits=limits) == ()


def test_every_brake_has_its_row_in_the_table() -> None:
    assert set(BRAKES) == {
        "price_hundredfold", "price_moved", "variations_vanish", "listing_gone", "stock_unread",
        "catalogue_shrunk", "many_deactivations", "fees_over_budget", "fees_over_month", "first_plan_of_adopted_link",
        "first_prices_in_currency", "first_raise",
    }  # fmt: skip


def objections(*items: PlanItem, brakes: tuple[Brake, ...] = (), **policy: Any) -> str:
    review = PolicyReview(a_shop(approval={"auto_approve": True} | policy))
    for item in items:
        review.look_at(item)
    return "; ".join(review.objections(brakes))


def test_small_changes_of_price_and_stock_need_nobody_where_the_shop_says_so() -> None:
    assert objections(update(at("31.50", 7))) == ""
    assert objections(update(at("31.50", 7)), auto_approve=False) == "the shop approves no plan by itself"


SKIPPED = update(at("29.99"))
CREATED = plan_product(ValidatedListing("prod_1", "Mug", PUBLISHED), None, None, a_shop())
RENEWED = update(at("29.99", 11), replace(LINK, listing_state="sold_out"))
SOLD = plan_product(
    ValidatedListing("prod_1", "Mug", replace(PUBLISHED, inventory=at("29.99", 5))),
    LINK, LiveListing(42, "active", {}, at("29.99", 8)), a_shop(),
)  # fmt: skip
EDITED = plan_product(
    ValidatedListing("prod_1", "Mug", replace(PUBLISHED, inventory=at("29.99", 5))),
    LINK, LiveListing(42, "active", {}, at("27.00", 10)), a_shop(),
)  # fmt: skip


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (CREATED, "it is a create, not an update"),
        (plan_product(removed(LINK), LINK, None, a_shop()), "it is a deactivate"),
        (RENEWED, "it costs a fee"),
        (update(at("60")), "it has a brake"),
        (update(at("33.50")), "a price moves by 12 %"),
        (update(at("31.00"), title="New"), "title would change"),
        (EDITED, "somebody changed it on Etsy"),
    ],
)
def test_anything_else_needs_a_person(item: PlanItem, reason: str) -> None:
    assert objections(item, SKIPPED).startswith(f"prod_1: {reason}")


def test_sold_pieces_are_no_reason_to_ask() -> None:
    assert SOLD.conflicts[0].outcome == "sold"
    assert objections(SOLD) == ""


def test_a_brake_on_the_whole_plan_and_too_many_products_need_a_person() -> None:
    small = update(at("31.50"))
    assert objections(small, brakes=(Brake("fees_over_budget", "Too dear."),)) == "Too dear."
    assert objections(small, small, most_products=1) == "2 products change; without a person 1 may at most"
    assert objections(SKIPPED) == "nothing changes"


@pytest.mark.parametrize(
    ("calls", "left", "days"), [(0, 0, 0), (10, 10, 1), (11, 10, 2), (10, 0, 2), (110, 10, 2), (111, 10, 3)]
)
def test_how_many_days_a_plan_needs(calls: int, left: int, days: int) -> None:
    assert days_needed(calls, Quota(per_day=100, left_today=left)) == days
