"""Of listings on sale whose product is gone, likeness is enough for a question, unless the shop has more that is so."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etsy_pipeline.linking.candidates import Candidate
from etsy_pipeline.linking.evidence import Former
from etsy_pipeline.linking.text import handle_stem, loose_sku_key
from etsy_pipeline.listings.identity import IdentifiedProduct
from etsy_pipeline_tests.linking.a_shop import a_known_product, codes, matched, told
from etsy_pipeline_tests.looked import a_seen_listing

Pairs = dict[tuple[str, int], Candidate]


def asked(
    new: list[IdentifiedProduct], gone: dict[int, Any], others: dict[int, Any] | None = None, **more: Any
) -> Pairs:
    """The candidates where some linked products are gone and others are there; all are on sale, by title or `Former`."""
    all_of_them = gone | (others or {})
    called = {
        number: it if isinstance(it, Former) else Former(it, "", is_on_sale=True) for number, it in all_of_them.items()
    }
    there = [a_known_product(f"old_{number}", f"OLD-{number}") for number in others or {}]
    listings = [a_seen_listing(number, skus=(f"OLD-{number}",), title=it.title) for number, it in called.items()]
    linked = {number: f"old_{number}" for number in called}
    return matched([*there, *new], listings, linked=linked, called=called, **more)


def a_new_product(title: str, sku: str = "NEW-1", product_id: str = "new_1", **changes: Any) -> IdentifiedProduct:
    return a_known_product(product_id, sku, title=title, **changes)


BLUE = a_new_product("Stoneware bowl, blue")


def test_a_title_that_is_like_that_of_a_product_that_is_gone_is_asked_about_though_the_skus_differ() -> None:
    found = asked([BLUE], {1: "Stoneware bowl"})["new_1", 1]
    assert (found.kind, found.moved_from, codes(found)) == ("ambiguous", "old_1", ["title_tokens", "skus_differ"])
    assert told(found)["title_tokens"] == ("weak", "Stoneware bowl, blue", "Stoneware bowl")
    assert asked([a_new_product("Stoneware bowl, blue", "")], {1: "Stoneware bowl"})["new_1", 1].kind == "likely"


def test_a_product_that_is_there_is_another_one_however_alike() -> None:
    assert not asked([BLUE], {}, {1: "Stoneware bowl"})


def test_in_a_plan_of_named_products_nobody_knows_what_is_gone() -> None:
    assert not asked([BLUE], {1: "Stoneware bowl"}, is_whole=False)


def test_a_listing_that_is_not_on_sale_any_more_takes_more_than_likeness() -> None:
    assert not asked([BLUE], {1: Former("Stoneware bowl")})


def test_one_word_in_common_is_not_enough() -> None:
    assert not asked([BLUE], {1: "Bowl"})


def test_where_more_than_three_products_are_as_like_it_the_title_says_nothing() -> None:
    spoons = {number: f"Wooden spoon number {number}" for number in range(2, 12)}
    assert not asked([a_new_product("Wooden spoon number 12")], {1: "Wooden spoon number 1"}, spoons)
    few = dict(list(spoons.items())[:2])
    assert list(asked([a_new_product("Wooden spoon number 12")], {1: "Wooden spoon number 1"}, few)) == [("new_1", 1)]


def test_those_that_are_less_like_it_change_nothing() -> None:
    found = asked([a_new_product("Wooden spoon number 1, oiled")], {1: "Wooden spoon number 1"},
                  {number: f"Wooden spoon number {number}" for number in range(2, 12)})  # fmt: skip
    assert list(found) == [("new_1", 1)]


def test_a_listing_is_asked_about_for_three_new_products_at_most_the_most_alike() -> None:
    new = [
        a_new_product(f"Stoneware bowl {'big ' * (number > 2)}colour{number}", f"N-{number}", f"new_{number}")
        for number in range(9)
    ]
    assert list(asked(new, {1: "Stoneware bowl"})) == [("new_0", 1), ("new_1", 1), ("new_2", 1)]


def test_what_fits_better_leaves_no_question_of_likeness() -> None:
    """So that a catalogue that was imported anew as it was can be decided on together."""
    again = a_known_product("new_1", "OLD-1", title="Stoneware bowl")
    found = asked([again, a_new_product("Stoneware bowl, blue", "OLD-2", "new_2"), a_new_product("Stoneware bowl, red", "N", "new_3")],
                  {1: "Stoneware bowl", 2: "Stoneware bowl, blue"})  # fmt: skip
    assert {pair: one.kind for pair, one in found.items()} == {("new_1", 1): "certain", ("new_2", 2): "certain"}


def test_a_pair_that_a_person_decided_on_is_not_asked_about_again() -> None:
    assert not asked([BLUE], {1: "Stoneware bowl"}, decided={("new_1", 1)})


@pytest.mark.parametrize("sku", ["OLD_1", "old 1", "OLD1", "0OLD-1", "\u200bOLD-1"])
def test_a_sku_that_is_only_written_otherwise_is_a_medium_sign(sku: str) -> None:
    found = asked([a_new_product("Quite another", sku)], {1: "Stoneware bowl"})["new_1", 1]
    assert (found.kind, told(found)["sku_like"]) == ("likely", ("medium", sku, "OLD-1"))


def test_skus_of_separators_and_zeros_only_are_not_all_the_same() -> None:
    assert {*map(loose_sku_key, ("-", "000", "", " _ "))} == {""}
    assert loose_sku_key("00120") == "120"


@pytest.mark.parametrize(
    ("old", "new", "is_like"),
    [
        ("bowl", "Bowl-1", True), ("bowl-1", "bowl", True), ("bowl-1", "bowl-2", True), ("bowl", "bowl-blue", False),
        ("print-1920", "print-1935", False), ("", "", False), ("", "-1", False),
    ],
)  # fmt: skip
def test_a_handle_with_a_number_behind_it_is_a_weak_sign(old: str, new: str, *, is_like: bool) -> None:
    found = asked([a_new_product("Quite another", handle=new)], {1: Former("Stoneware bowl", old, is_on_sale=True)})
    assert [codes(one) for one in found.values()] == ([["handle_like", "skus_differ"]] if is_like else [])
    assert handle_stem("bowl-2") == "bowl"


def test_where_handles_are_numbered_the_number_says_nothing() -> None:
    prints = {number: Former(f"Lino cut {number}", f"print-{number}", is_on_sale=True) for number in range(1, 6)}
    assert not asked([a_new_product("Quite another", handle="print-9")], {1: prints.pop(1)}, prints)


TITLES = st.lists(st.sampled_from(["blue", "red", "mug", "cup", "bowl", "large"]), min_size=1, max_size=4).map(" ".join)
SKUS = st.sampled_from(["A-1", "A1", "a_2", "02", "2", ""])
SHOPS = st.lists(st.tuples(TITLES, SKUS, st.booleans(), st.booleans()), max_size=6)


def seen_in(
    shop: list[tuple[str, str, bool, bool]], new: list[tuple[str, str]]
) -> tuple[Pairs, list[IdentifiedProduct]]:
    products = [a_known_product(f"new_{number}", sku, title=title) for number, (title, sku) in enumerate(new)]
    there = [
        a_known_product(f"old_{number}", sku, title=title)
        for number, (title, sku, is_gone, _) in enumerate(shop)
        if not is_gone
    ]
    listings = [a_seen_listing(number, skus=(sku,), title=title) for number, (title, sku, *_) in enumerate(shop)]
    called = {number: Former(title, f"h-{number}", is_on_sale) for number, (title, _, _, is_on_sale) in enumerate(shop)}
    linked = {number: f"old_{number}" for number in called}
    return matched([*there, *products], listings, linked=linked, called=called), products


@settings(max_examples=200)
@given(shop=SHOPS, new=st.lists(st.tuples(TITLES, SKUS), max_size=5))
def test_likeness_makes_nothing_certain_and_changes_nothing_of_what_fits(
    shop: list[tuple[str, str, bool, bool]], new: list[tuple[str, str]]
) -> None:
    found, _ = seen_in(shop, new)
    off_sale, _ = seen_in([(title, sku, is_gone, False) for title, sku, is_gone, _ in shop], new)
    assert {pair: found[pair] for pair in off_sale} == off_sale
    more = found.keys() - off_sale.keys()
    for product_id, listing_id in more:
        assert found[product_id, listing_id].kind != "certain"
        assert product_id not in {pair[0] for pair in off_sale}
        assert listing_id not in {pair[1] for pair in off_sale}
        assert shop[listing_id][2:] == (True, True), "gone, and on sale"
        of_listing = [pair for pair in more if pair[1] == listing_id]
        assert len(of_listing) <= 3


@settings(max_examples=200)
@given(shop=SHOPS, new=st.lists(st.tuples(TITLES, SKUS), max_size=5), order=st.randoms(use_true_random=False))
def test_no_order_changes_anything(
    shop: list[tuple[str, str, bool, bool]], new: list[tuple[str, str]], order: Any
) -> None:
    _, products = seen_in(shop, new)
    numbers = list(range(len(shop)))
    called = {number: Former(shop[number][0], f"h-{number}", is_on_sale=True) for number in numbers}

    def found() -> dict[tuple[str, int], tuple[str, list[str]]]:
        listings = [a_seen_listing(number, skus=(shop[number][1],), title=shop[number][0]) for number in numbers]
        names = {number: called[number] for number in numbers}
        linked = {number: f"old_{number}" for number in numbers}
        pairs = matched(products, listings, linked=linked, called=names)
        return {pair: (one.kind, codes(one)) for pair, one in pairs.items()}

    before = found()
    order.shuffle(products)
    order.shuffle(numbers)
    assert found() == before
