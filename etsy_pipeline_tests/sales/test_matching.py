"""Which variant was sold: by the listing's cells, by SKU, by options; where two say otherwise, nobody guesses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etsy_pipeline.linking.variant_map import VariantOnEtsy
from etsy_pipeline.listings.identity import VariantIdentity
from etsy_pipeline.sales.matching import Match, Sold, match
from etsy_pipeline.sales.receipt import Choice

S = VariantIdentity("v_s", "MUG-S", values=("S", "Red"))
L = VariantIdentity("v_l", "MUG-L", values=("L", "Red"))
MUGS = (S, L)


def sold(sku: str = "", *values: str, plain: tuple[str, ...] = ()) -> Sold:
    """A line with this SKU and these options, as Etsy formats them and as they are."""
    plains = plain or ("",) * len(values)
    return Sold(sku, tuple(Choice("Option", value, text) for value, text in zip(values, plains, strict=True)))


@pytest.mark.parametrize(
    ("line", "variant_id", "how"),
    [
        (sold("mug-l "), "v_l", "sku"),
        (sold("MUG-S", "S", "Red"), "v_s", "sku"),
        (sold("", "Red", "l"), "v_l", "values"),
        (sold("OLD-SKU", "L", "Red"), "v_l", "values"),
        (sold("", "14 UK women's", "Rouge", plain=("L", "Red")), "v_l", "values"),
        (sold("MUG-S", "14 UK women&#039;s", "Rouge"), "v_s", "sku"),
    ],
)
def test_a_variant_is_known_by_its_sku_and_its_options(line: Sold, variant_id: str, how: str) -> None:
    assert match(line, MUGS) == Match(variant_id, how)  # type: ignore[arg-type] # the table's words


@pytest.mark.parametrize("line", [sold("MUG-S", "L", "Red"), sold("MUG-L", "?", "?", plain=("S", "Red"))])
def test_where_sku_and_options_name_two_variants_a_person_decides(line: Sold) -> None:
    found = match(line, MUGS)
    assert found.variant_id is None
    assert "another's" in found.problem


@pytest.mark.parametrize("line", [sold(), sold("CUP"), sold("", "XL", "Red"), sold("", "S")])
def test_what_is_no_variant_is_not_guessed(line: Sold) -> None:
    found = match(line, MUGS)
    assert (found.variant_id, found.matched_by) == (None, "")
    assert found.problem


def test_the_listings_own_cells_go_before_the_products_skus() -> None:
    cells = (VariantOnEtsy("v_l", "HAND-1", ("Large", "Red")), VariantOnEtsy("v_s", "MUG-L", ("Small", "Red")))
    assert match(sold("HAND-1"), MUGS, cells).variant_id == "v_l"
    assert match(sold("MUG-L"), MUGS, cells).variant_id == "v_s"
    assert match(sold("", "Small", "Red"), MUGS, cells).variant_id == "v_s"


def test_a_parents_sku_that_several_cells_have_says_nothing() -> None:
    cells = (VariantOnEtsy("v_s", "MUG-L", ("S", "Red")), VariantOnEtsy("v_l", "MUG-L", ("L", "Red")))
    assert match(sold("MUG-L"), MUGS, cells).variant_id is None
    assert match(sold("MUG-L", "S", "Red"), MUGS, cells) == Match("v_s", "values")


def test_a_cell_of_a_variant_that_is_gone_is_nobodys() -> None:
    cells = (VariantOnEtsy("v_gone", "MUG-XL", ("XL", "Red")),)
    assert match(sold("MUG-XL"), MUGS, cells).variant_id is None


def test_of_a_product_without_options_the_only_variant_was_sold() -> None:
    alone = VariantIdentity("v_1", "NEW-SKU")
    assert match(sold("OLD-SKU"), (alone,)) == Match("v_1", "only variant")
    assert match(sold("", "Blue"), (alone,)).variant_id is None, "the listing has options of which nobody knows"
    assert match(sold(), ()).variant_id is None


WORDS = st.sampled_from(("", "S", "L", "Red", "a", "A", "MUG", "mug"))
VARIANTS = st.lists(
    st.builds(VariantIdentity, st.sampled_from("12345"), WORDS, values=st.tuples(WORDS, WORDS)), max_size=4
)


@given(WORDS, st.lists(st.tuples(WORDS, WORDS), max_size=3), VARIANTS.map(tuple))
def test_a_match_is_a_variant_of_the_product_and_else_says_why(
    sku: str, chosen: list[tuple[str, str]], variants: tuple[VariantIdentity, ...]
) -> None:
    line = Sold(sku, tuple(Choice("Option", shown, plain) for shown, plain in chosen))
    found = match(line, variants)
    if found.variant_id is None:
        assert found.problem
    else:
        assert found.variant_id in {variant.id for variant in variants}
        assert (bool(found.matched_by), found.problem) == (True, "")
    assert match(line, tuple(reversed(variants))).variant_id == found.variant_id, "their order says nothing"
