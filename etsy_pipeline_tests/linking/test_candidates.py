"""Which products may be on Etsy already: what speaks for a pair, and the class that follows from it by rules."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etsy_pipeline.linking.candidates import MOST_OF_A_PRODUCT, Candidate, moved_to
from etsy_pipeline.linking.seen import SeenListing
from etsy_pipeline.linking.shop_index import ShopIndex
from etsy_pipeline.linking.text import eans, is_ean, title_keys
from etsy_pipeline.listings.identity import IdentifiedProduct, VariantIdentity
from etsy_pipeline_tests.linking.a_shop import a_known_product, codes, matched, told
from etsy_pipeline_tests.looked import a_seen_listing, inventory_of

MUG, CUP = a_known_product("prod_1", "MUG-1"), a_seen_listing(1)


def only(product: IdentifiedProduct, listing: SeenListing, **changes: Any) -> Candidate:
    """The candidate that one product and one listing make."""
    return matched([product], [listing], **changes)[product.product_id, listing.listing_id]


def test_a_sku_that_nothing_else_has_is_certain_and_told_from_both_sides() -> None:
    found = only(a_known_product("prod_1", "MUG-1", title="Stoneware mug"), CUP)
    assert found.kind == "certain"
    assert told(found)["sku_set_equal"] == ("decisive", "MUG-1", "MUG-1")
    assert (found.product_title, found.moved_from) == ("Stoneware mug", None)


def test_nothing_in_common_is_no_candidate() -> None:
    assert not matched([a_known_product("prod_1", "MUG-2")], [CUP])


def test_case_and_space_of_a_sku_say_nothing() -> None:
    assert only(a_known_product("prod_1", " mug-1"), CUP).kind == "certain"


def test_a_sku_on_two_listings_is_ambiguous_for_both() -> None:
    found = matched([MUG], [CUP, a_seen_listing(2)])
    assert [one.kind for one in found.values()] == ["ambiguous", "ambiguous"]
    assert told(found["prod_1", 1])["sku_elsewhere"] == ("against", "–", "2")
    assert told(found["prod_1", 1])["sku_set_equal"][0] == "strong"


def test_a_sku_of_two_products_is_ambiguous_for_both() -> None:
    found = matched([MUG, a_known_product("prod_2", "MUG-1")], [CUP])
    assert [one.kind for one in found.values()] == ["ambiguous", "ambiguous"]
    assert told(found["prod_2", 1])["sku_elsewhere"] == ("against", "prod_1", "–")


def test_a_product_that_is_not_for_sale_has_its_skus_all_the_same() -> None:
    sold_out = a_known_product("prod_2", "MUG-1", is_absent=True)
    found = matched([MUG, sold_out], [CUP])
    assert {pair: one.kind for pair, one in found.items()} == {("prod_1", 1): "ambiguous"}


def test_a_listing_of_some_of_a_products_sizes_is_still_its_own() -> None:
    assert only(a_known_product("prod_1", "MUG-S", "MUG-L"), a_seen_listing(1, skus=("MUG-S",))).kind == "certain"


def test_sizes_split_over_two_listings_are_for_a_person() -> None:
    product = a_known_product("prod_1", "MUG-S", "MUG-L")
    found = matched([product], [a_seen_listing(1, skus=("MUG-S",)), a_seen_listing(2, skus=("MUG-L",))])
    assert {one.kind for one in found.values()} == {"ambiguous"}


def test_skus_that_overlap_say_which_are_missing_and_which_are_more() -> None:
    found = only(a_known_product("prod_1", "A", "B"), a_seen_listing(1, skus=("B", "C")))
    assert found.kind == "likely"
    assert told(found)["sku_set_overlap"] == ("strong", "A, B (not on Etsy: A)", "B, C (not of it: C)")


def test_a_listing_of_two_products_colours_is_ambiguous() -> None:
    listing = a_seen_listing(1, skus=("RED", "BLUE"))
    found = matched([a_known_product("prod_1", "RED"), a_known_product("prod_2", "BLUE")], [listing])
    assert {one.kind for one in found.values()} == {"ambiguous"}


def test_a_parents_sku_on_all_offerings_is_a_medium_sign() -> None:
    listing = a_seen_listing(1, skus=(), inventory=inventory_of("MUG", "MUG", "MUG"))
    found = only(a_known_product("prod_1", "MUG-S", "MUG-M", "MUG-L"), listing)
    assert (found.kind, told(found)["sku_single_shared"][0]) == ("likely", "medium")


@pytest.mark.parametrize("skus", [("MUGS-1", "MUGS-2"), ("MUG-S", "CUP-L"), ("MU-1", "MU-2")])
def test_what_only_looks_like_a_parents_sku_is_none(skus: tuple[str, ...]) -> None:
    listing = a_seen_listing(1, skus=(), inventory=inventory_of(skus[0][:2] if skus[0] == "MU-1" else "MUG", "MUG"))
    assert not matched([a_known_product("prod_1", *skus)], [listing])


def test_empty_skus_match_nothing() -> None:
    assert not matched([a_known_product("prod_1", "", "")], [a_seen_listing(1, skus=("", ""))])


def test_a_listing_without_a_record_of_its_inventory_is_known_by_its_title() -> None:
    found = only(a_known_product("prod_1", "MUG-1", title="Stoneware mug"),
                 a_seen_listing(1, title="STONEWARE MUG!", inventory=None))  # fmt: skip
    assert (found.kind, codes(found)) == ("likely", ["title_equal"])


def test_the_listing_that_metadata_name_is_certain() -> None:
    found = only(a_known_product("prod_1", "", listing_ids=(1,)), a_seen_listing(1, skus=()))
    assert (found.kind, codes(found)) == ("certain", ["metadata_listing_id"])


def test_metadata_against_skus_are_for_a_person() -> None:
    found = only(a_known_product("prod_1", "MUG-9", listing_ids=(1,)), CUP)
    assert (found.kind, codes(found)) == ("likely", ["metadata_listing_id", "skus_differ"])


def test_two_products_whose_metadata_name_one_listing_are_ambiguous() -> None:
    products = [a_known_product(name, "", title=name, listing_ids=(1,)) for name in ("prod_1", "prod_2")]
    assert {one.kind for one in matched(products, [a_seen_listing(1, skus=())]).values()} == {"ambiguous"}


def test_a_barcode_that_is_a_sku_on_etsy_is_a_medium_sign() -> None:
    variants = (VariantIdentity("variant_1", "", "036000291452"),)  # a UPC is an EAN with a zero before it
    found = only(a_known_product("prod_1", variants=variants), a_seen_listing(1, skus=("0036000291452",)))
    assert (found.kind, told(found)["barcode_in_sku"]) == ("likely", ("medium", "036000291452", "0036000291452"))


def test_digits_with_a_wrong_check_digit_are_no_barcode() -> None:
    assert list(eans("EAN 4006381333931")) == ["4006381333931"]
    assert not list(eans("4006381333932")), "the check digit is wrong"
    assert not list(eans("14006381333931")), "fourteen digits"
    assert not is_ean("0000000000000")


def test_a_text_that_names_the_products_page_is_a_strong_sign() -> None:
    listing = a_seen_listing(1, skus=(), mentions=("https://mugs.test/products/blue-mug/?a=1",))
    found = only(a_known_product("prod_1", "", handle="Blue-Mug"), listing)
    assert (found.kind, told(found)["url_in_text"][0]) == ("likely", "strong")


def test_a_page_that_many_texts_name_says_nothing() -> None:
    listings = [a_seen_listing(number, skus=(), mentions=("https://mugs.test/blue-mug",)) for number in range(1, 5)]
    assert not matched([a_known_product("prod_1", "", handle="blue-mug")], listings)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("Tom & Jerry's mug", "TOM &amp; JERRY&#39;S MUG"),
        ("Blue mug – large", "blue   mug, large"),
        ("x" * 150, "x" * 140),
        ("word " * 40, ("word " * 28).strip()),
    ],
)
def test_titles_are_the_same_without_case_entities_punctuation_and_what_etsy_cuts(ours: str, theirs: str) -> None:
    found = only(a_known_product("prod_1", "", title=ours), a_seen_listing(1, skus=(), title=theirs))
    assert "title_equal" in codes(found)


def test_titles_of_signs_only_are_not_all_the_same() -> None:
    assert title_keys("★★★") == ()
    assert not matched([a_known_product("prod_1", "", title="!!!")], [a_seen_listing(1, skus=(), title="★")])


FIVE = "blue stoneware coffee mug large"


def test_a_title_of_which_four_of_five_words_are_the_same_is_a_candidate() -> None:
    found = only(
        a_known_product("prod_1", "", title=FIVE), a_seen_listing(1, skus=(), title="Mug, blue stoneware coffee")
    )
    assert (found.kind, told(found)["title_tokens"][0]) == ("likely", "medium")


def test_a_title_that_is_only_like_it_needs_a_price_or_variations_beside_it() -> None:
    listing = a_seen_listing(1, skus=(), title="red stoneware mug large", price="45.00")
    assert not matched([a_known_product("prod_1", "", title=FIVE)], [listing])
    near = a_known_product("prod_1", "", title=FIVE, price="44", currency_code="USD")
    assert set(codes(only(near, listing))) == {"title_tokens", "price_near"}
    other_money = a_known_product("prod_1", "", title=FIVE, price="44", currency_code="EUR")
    assert not matched([other_money], [listing]), "the same number in another currency is another price"


def test_titles_alike_say_nothing_where_the_skus_differ() -> None:
    other = a_known_product("prod_1", "MUG-9", title="Handmade cup blue round")
    assert not matched([other], [a_seen_listing(1, title="Handmade cup blue")])


def test_a_title_that_is_the_same_is_asked_about_though_the_skus_differ() -> None:
    found = only(a_known_product("prod_1", "MUG-9", title="Handmade cup"), CUP)
    assert (found.kind, codes(found)) == ("ambiguous", ["title_equal", "skus_differ"])


def test_price_stock_and_category_alone_make_no_candidate() -> None:
    product = a_known_product("prod_1", "", title="Bowl", price="45", currency_code="USD", quantity=3, taxonomy_id=891)
    assert not matched([product], [a_seen_listing(1, skus=(), taxonomy_id=891)])


def test_variations_are_equal_whatever_their_axes_are_called_and_in_which_order() -> None:
    listing = a_seen_listing(
        1, skus=(), title="Stoneware mug", inventory=inventory_of("", "", values=("SIZE 1", "Size 0"))
    )
    found = only(a_known_product("prod_1", "", ""), listing)
    assert set(codes(found)) == {"title_equal", "options_equal"}


def test_what_is_linked_to_a_product_that_is_there_is_no_candidate() -> None:
    products = [MUG, a_known_product("prod_2", "MUG-2")]
    assert not matched(products, [CUP], linked={1: "prod_2"})
    assert not matched([MUG], [CUP], linked={1: "prod_1"}), "nor is a product that has its listing matched with others"


def test_a_listing_of_a_product_that_is_gone_may_have_moved() -> None:
    found = matched([a_known_product("prod_B", "MUG-1")], [CUP], linked={1: "prod_A"})
    assert (found["prod_B", 1].kind, found["prod_B", 1].moved_from) == ("certain", "prod_A")
    assert moved_to({"prod_B": list(found.values())}) == {"prod_A": ("prod_B",)}


def test_among_named_products_nothing_is_certain_for_others_may_have_the_sku() -> None:
    assert only(MUG, CUP, is_whole=False).kind == "likely"


def test_among_named_products_anothers_listing_is_no_candidate_by_its_title_where_skus_differ() -> None:
    twin = a_known_product("prod_2", "MUG-2", title="Handmade cup")
    assert not matched([twin], [CUP], linked={1: "prod_1"}, is_whole=False)
    assert matched([MUG], [CUP], linked={1: "prod_A"}, is_whole=False)["prod_1", 1].moved_from == "prod_A"


def test_a_pair_that_a_person_has_decided_on_is_not_asked_about_again() -> None:
    assert not matched([MUG], [CUP], decided={("prod_1", 1)})


def test_a_pair_that_was_detached_is_asked_about_is_never_certain_and_competes_with_none() -> None:
    other = a_known_product("prod_2", "MUG-2", title="Something else")
    found = matched([MUG, other], [CUP], detached={("prod_1", 1), ("prod_2", 1)})
    assert {pair: one.kind for pair, one in found.items()} == {("prod_1", 1): "likely", ("prod_2", 1): "ambiguous"}
    assert told(found["prod_1", 1])["detached"] == ("against", "prod_1", "1")
    assert matched([MUG, other], [CUP], detached={("prod_2", 1)})["prod_1", 1].kind == "certain"


def test_a_listing_that_etsy_took_down_is_asked_about_and_never_certain() -> None:
    found = only(MUG, a_seen_listing(1, state="removed"))
    assert (found.kind, told(found)["removed_by_etsy"]) == ("likely", ("against", "–", "removed"))


def test_a_listing_made_for_one_buyer_is_no_candidate() -> None:
    assert not matched([MUG], [a_seen_listing(1, is_private=True)])


def test_what_another_sync_deals_with_is_not_matched() -> None:
    assert not matched([MUG], [CUP], left_out={"prod_1"})


def test_a_product_with_very_many_candidates_is_told_the_first_ones() -> None:
    found = matched(
        [a_known_product("prod_1", "", title="Mug")], [a_seen_listing(n, skus=(), title="Mug") for n in range(1, 40)]
    )
    assert len(found) == MOST_OF_A_PRODUCT
    assert {one.kind for one in found.values()} == {"ambiguous"}


SKUS = st.sampled_from(["A", "B", "C", "a", "", "A-1", "A-2"])
TITLES = st.sampled_from(["Blue mug", "blue mug!", "Blue mug large round", "Red bowl", ""])
PRODUCTS = st.lists(
    st.builds(
        lambda skus, title, ids, absent: (skus, title, ids, absent),
        st.lists(SKUS, min_size=1, max_size=3), TITLES, st.lists(st.integers(1, 4), max_size=1), st.booleans(),
    ),
    max_size=5,
).map(lambda found: [
    a_known_product(f"prod_{number}", *skus, title=title, listing_ids=tuple(ids), is_absent=absent)
    for number, (skus, title, ids, absent) in enumerate(found)
])  # fmt: skip
LISTINGS = st.lists(st.tuples(st.lists(SKUS, max_size=3), TITLES), max_size=4).map(lambda found: [
    a_seen_listing(number, skus=tuple(skus), title=title) for number, (skus, title) in enumerate(found, start=1)
])  # fmt: skip


@settings(max_examples=300)
@given(products=PRODUCTS, listings=LISTINGS, is_whole=st.booleans())
def test_nothing_that_competes_is_certain(
    products: list[IdentifiedProduct], listings: list[SeenListing], *, is_whole: bool
) -> None:
    found = matched(products, listings, is_whole=is_whole)
    for (product_id, listing_id), one in found.items():
        others = [pair for pair in found if pair != (product_id, listing_id) and {*pair} & {product_id, listing_id}]
        strengths = {item.strength for item in one.evidence}
        if one.kind == "certain":
            assert is_whole
            assert not others
            assert "decisive" in strengths
            assert "against" not in strengths
        if one.kind == "likely":
            best = {"decisive": 4, "strong": 3, "medium": 2, "weak": 1, "against": 0}
            mine = max(best[item.strength] for item in one.evidence)
            assert all(max(best[item.strength] for item in found[pair].evidence) < mine for pair in others)


@settings(max_examples=200)
@given(products=PRODUCTS, listings=LISTINGS, order=st.randoms(use_true_random=False))
def test_the_order_of_products_and_listings_changes_nothing(
    products: list[IdentifiedProduct], listings: list[SeenListing], order: Any
) -> None:
    before = {pair: (one.kind, codes(one)) for pair, one in matched(products, listings).items()}
    order.shuffle(products)
    order.shuffle(listings)
    assert {pair: (one.kind, codes(one)) for pair, one in matched(products, listings).items()} == before


@settings(max_examples=200)
@given(products=PRODUCTS, listings=LISTINGS)
def test_no_product_that_shares_a_sku_with_a_listing_goes_unasked(
    products: list[IdentifiedProduct], listings: list[SeenListing]
) -> None:
    """Exhaustively, without an index: what has a SKU in common is a candidate, unless it is not to be on sale."""
    found = matched(products, listings)
    for product in products:
        ours = {item.casefold() for item in product.identity.skus}
        for listing in listings:
            if ours & {item.casefold() for item in listing.skus} and not product.is_absent:
                assert (product.product_id, listing.listing_id) in found


WORDS = st.lists(
    st.sampled_from(["blue", "red", "mug", "cup", "bowl", "large", "small", "round", "gift", "tea"]), max_size=7
).map(" ".join)


@settings(max_examples=300)
@given(ours=WORDS, theirs=st.lists(WORDS, max_size=6))
def test_no_title_that_is_like_anothers_goes_unseen(ours: str, theirs: list[str]) -> None:
    """Exhaustively, without an index: half of the words that two titles have, and two at least."""
    index = ShopIndex([a_seen_listing(number, skus=(), title=title) for number, title in enumerate(theirs)])
    wanted = set(ours.split())
    alike = {
        number
        for number, title in enumerate(theirs)
        if len(both := wanted & set(title.split())) >= 2 and 2 * len(both) >= len(wanted | set(title.split()))
    }
    assert alike <= set(index.possible(a_known_product("prod_1", "", title=ours)))
