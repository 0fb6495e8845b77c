"""Which offering of a listing is which variant: by hand, by SKU, by option values; never one offering for two."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from etsy_pipeline.linking.variant_map import VariantOnEtsy, map_variants
from etsy_pipeline.listings.identity import ProductIdentity, VariantIdentity
from etsy_pipeline.listings.listing import Inventory, Offering


def product(*variants: tuple[str, tuple[str, ...]]) -> ProductIdentity:
    return ProductIdentity(variants=tuple(
        VariantIdentity(f"variant_{number}", sku, values=values) for number, (sku, values) in enumerate(variants, start=1)
    ))  # fmt: skip


def listing(*offerings: tuple[str, tuple[str, ...]]) -> Inventory:
    return Inventory(tuple(Offering(sku, values, Decimal(9), 1) for sku, values in offerings))


def test_variants_are_known_by_their_skus_first() -> None:
    found = map_variants(product(("A", ("S",)), ("B", ("L",))), listing(("b", ("Small",)), ("a", ("Large",))))
    assert found == ((VariantOnEtsy("variant_1", "a", ("Large",)), VariantOnEtsy("variant_2", "b", ("Small",))), ())


def test_without_skus_they_are_known_by_their_values_in_any_order_and_case() -> None:
    mapped, unmapped = map_variants(
        product(("A", ("S", "Red")), ("B", ("L", "Red"))), listing(("", ("red", "l")), ("", ("red", "s")))
    )
    assert [(item.variant_id, item.values) for item in mapped] == [
        ("variant_1", ("red", "s")),
        ("variant_2", ("red", "l")),
    ]
    assert not unmapped


def test_a_parents_sku_is_one_pool_and_no_match_for_any_variant() -> None:
    of_parent = listing(("MUG", ("Small",)), ("MUG", ("Large",)))
    assert map_variants(product(("MUG", ("S",)), ("MUG-L", ("L",))), of_parent) == ((), ("variant_1", "variant_2"))


def test_a_parents_sku_leaves_the_values_to_tell_variants_apart() -> None:
    mapped, _ = map_variants(product(("MUG", ("S",)), ("MUG-L", ("L",))), listing(("MUG", ("S",)), ("MUG", ("L",))))
    assert [item.values for item in mapped] == [("S",), ("L",)]


def test_one_variant_and_one_offering_belong_together() -> None:
    assert map_variants(product(("", ())), listing(("X", ())))[0] == (VariantOnEtsy("variant_1", "X", ()),)


def test_what_a_person_says_goes_before_skus() -> None:
    there = listing(("A", ("S",)), ("B", ("L",)))
    mapped, unmapped = map_variants(product(("A", ("1",)), ("C", ("2",))), there, {"variant_2": ("s",)})
    assert (mapped, unmapped) == ((VariantOnEtsy("variant_2", "A", ("S",)),), ("variant_1",))


def test_an_offering_that_a_person_names_and_that_is_not_there_maps_nothing() -> None:
    assert map_variants(product(("A", ())), listing(("A", ())), {"variant_1": ("XXL",)}) == ((), ("variant_1",))


def test_values_that_two_variants_share_are_nobodys() -> None:
    assert map_variants(product(("", ("S",)), ("", ("s",))), listing(("", ("S",)), ("", ("L",))))[0] == ()


CELLS = st.lists(
    st.tuples(st.sampled_from(["A", "B", "a", ""]), st.tuples(st.sampled_from(["S", "L", "s", "M"]))), max_size=4
)


@given(ours=CELLS, theirs=CELLS, by_hand=st.dictionaries(
    st.sampled_from(["variant_1", "variant_2"]), st.tuples(st.sampled_from(["S", "L"]))
))  # fmt: skip
def test_no_offering_is_two_variants_and_no_variant_is_lost(
    ours: list[tuple[str, tuple[str, ...]]],
    theirs: list[tuple[str, tuple[str, ...]]],
    by_hand: dict[str, tuple[str, ...]],
) -> None:
    there = listing(*{values: (sku, values) for sku, values in theirs}.values())
    mapped, unmapped = map_variants(product(*ours), there, by_hand)
    assert len({item.values for item in mapped}) == len(mapped)
    assert sorted([*(item.variant_id for item in mapped), *unmapped]) == [f"variant_{n + 1}" for n in range(len(ours))]
    assert {(item.sku, item.values) for item in mapped} <= {(item.sku, item.values) for item in there.offerings}
