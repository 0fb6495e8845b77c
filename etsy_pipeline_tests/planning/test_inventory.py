"""Two inventories cell by cell: for plans, for both drift checks and for reading back it is the same comparison."""

from dataclasses import replace
from decimal import Decimal

import pytest

from etsy_pipeline.errors import Refused
from etsy_pipeline.listings.listing import Inventory, Offering, VariationProperty
from etsy_pipeline.planning.changes import Difference, FieldConflict
from etsy_pipeline.planning.drift_check import require_as_planned
from etsy_pipeline.planning.inventory import InventoryPlan, compared, plan_inventory
from etsy_pipeline.planning.link import LiveListing
from etsy_pipeline.planning.plan import plan_product
from etsy_pipeline.planning.plan_item import PlanItem
from etsy_pipeline.planning.read_back import not_applied
from etsy_pipeline.planning.source_drift import source_change
from etsy_pipeline_tests.builders import a_shop, a_validated_listing, two_sizes
from etsy_pipeline_tests.planning.published import AS_PUBLISHED, LINK, PUBLISHED, stocked

INSIDE, OUTSIDE = VariationProperty(513, "Inside"), VariationProperty(514, "Outside")
COLORS = ("Red", "Blue")


def two_colors(prices: dict[tuple[str, str], str], *axes: VariationProperty) -> Inventory:
    """A mug in two colors inside and out, with a price for each pair (inside, outside)."""
    position = [axis.name for axis in axes].index("Inside")
    offerings = (
        Offering(f"{inside}-{outside}", (inside, outside) if position == 0 else (outside, inside), Decimal(price), 3)
        for (inside, outside), price in prices.items()
    )
    return Inventory(tuple(offerings), axes)


PRICES = {(inside, outside): "10" for inside in COLORS for outside in COLORS}
MUG = two_colors(PRICES, INSIDE, OUTSIDE)


def in_other_order(inventory: Inventory) -> Inventory:
    """As Etsy may tell it: the axes the other way round, the cells too, everything in capitals."""
    cells = [
        replace(item, values=tuple(value.upper() for value in reversed(item.values)))
        for item in reversed(inventory.offerings)
    ]
    return replace(inventory, offerings=tuple(cells), properties=inventory.properties[::-1])


def planned(new: Inventory, old: Inventory = MUG, live: Inventory | None = None) -> InventoryPlan:
    return plan_inventory(new, old, live, a_shop())


def fields(plan: InventoryPlan) -> list[str]:
    return [change.field for change in plan.differences]


class TestCells:
    """Which cell is which."""

    def test_neither_the_order_of_axes_nor_case_matters(self) -> None:
        assert all(old and new and old.sku == new.sku for old, new in compared(MUG, in_other_order(MUG)).values())
        assert len(compared(MUG, in_other_order(MUG))) == len(MUG.offerings)
        assert fields(planned(MUG, live=in_other_order(MUG))) == []

    def test_values_that_two_axes_have_in_common_are_told_apart(self) -> None:
        """Red inside and blue outside is another mug than blue inside and red outside."""
        dearer = two_colors(PRICES | {("Red", "Blue"): "11"}, INSIDE, OUTSIDE)
        plan = planned(dearer)
        assert [(move.name, move.new) for move in plan.moves] == [("Red / Blue", Decimal(11))]
        assert fields(planned(dearer, live=in_other_order(MUG))) == ["price"]
        assert fields(planned(MUG, live=in_other_order(dearer), old=dearer)) == ["price"]

    def test_axes_that_changed_places_are_the_same_ones(self) -> None:
        swapped = two_colors(PRICES, VariationProperty(513, "Outside"), VariationProperty(514, "Inside"))
        plan = planned(swapped)
        assert (fields(plan), plan.vanishing, plan.moves) == (["variations"], (), ())

    @pytest.mark.parametrize("number", [0, 1])
    def test_a_custom_axis_that_is_called_otherwise_is_sent_and_loses_no_variation(self, number: int) -> None:
        axes = list(MUG.properties)
        axes[number] = replace(axes[number], name="Glaze")
        plan = planned(replace(MUG, properties=tuple(axes)))
        assert (fields(plan), plan.vanishing) == (["variations"], ())

    def test_etsys_own_axis_may_be_called_otherwise(self) -> None:
        color = replace(MUG, properties=(INSIDE, VariationProperty(200, "Primary color")))
        german = replace(color, properties=(INSIDE, VariationProperty(200, "Hauptfarbe")))
        assert fields(planned(color, old=color, live=german)) == []
        assert fields(planned(replace(color, properties=(INSIDE, VariationProperty(201, "Primary color"))), color)) == [
            "variations"
        ]


class TestWhatIsNotForSale:
    """Cells that are disabled."""

    def sold_out(self, price: str) -> Inventory:
        small, large = two_sizes().offerings
        return replace(
            two_sizes(), offerings=(small, replace(large, price=Decimal(price), quantity=0, is_enabled=False))
        )

    def test_its_price_is_no_difference(self) -> None:
        """Etsy tells none of what is disabled (FACTS §7)."""
        plan = planned(self.sold_out("15"), self.sold_out("12"))
        assert (fields(plan), plan.moves) == ([], ())
        plan = planned(self.sold_out("12"), self.sold_out("12"), self.sold_out("0"))
        assert (fields(plan), plan.conflicts) == ([], ())

    def test_what_is_sold_out_now_may_have_another_price_and_that_is_seen(self) -> None:
        plan = planned(self.sold_out("1200"), two_sizes())
        assert fields(plan) == ["price", "quantity"]
        assert [move.new for move in plan.moves] == [Decimal(1200)]

    def test_a_price_that_comes_back_with_new_stock_is_compared_with_the_one_that_was_published(self) -> None:
        """Or one that is a hundred times as high would be for sale without a brake."""
        small, large = two_sizes().offerings
        gone = replace(two_sizes(), offerings=(small, replace(large, quantity=0, is_enabled=False)))
        back = replace(two_sizes(), offerings=(small, replace(large, price=large.price * 100)))
        (move,) = planned(back, gone, gone).moves
        assert (move.old, move.new) == (large.price, large.price * 100)


def item(inventory: Inventory) -> PlanItem:
    desired = replace(PUBLISHED, inventory=inventory)
    return plan_product(a_validated_listing(listing=desired), None, None, a_shop())


class TestTheSameComparisonElsewhere:
    """Reading back and the look at Medusa go by the same cells."""

    def test_what_was_read_back_in_another_order_was_applied(self) -> None:
        live = replace(AS_PUBLISHED, inventory=in_other_order(MUG))
        assert not_applied(item(MUG), None, (), live) == []
        dearer = two_colors(PRICES | {("Red", "Blue"): "11"}, INSIDE, OUTSIDE)
        assert not_applied(item(dearer), None, (), live) == ["price"]

    @pytest.mark.parametrize(
        ("wanted", "before", "now", "differing"),
        [
            (5, None, 5, []),
            (5, None, 4, []),
            (5, None, 6, ["quantity"]),
            (5, 3, 3, ["quantity"]),
            (5, 3, 4, []),
            (5, 5, 5, []),
            (0, 3, 0, []),
            (0, 3, 3, ["quantity"]),
        ],
    )
    def test_pieces_that_were_sold_meanwhile_are_no_doubt(
        self, wanted: int, before: int | None, now: int, differing: list[str]
    ) -> None:
        live = LiveListing(42, "active", {}, stocked(now))
        earlier = None if before is None else stocked(before)
        assert not_applied(item(stocked(wanted)), earlier, (), live) == differing

    def test_a_price_is_read_back_only_where_etsy_tells_one(self) -> None:
        sold_out = replace(AS_PUBLISHED, inventory=stocked(0, "0"))
        assert not_applied(item(stocked(0, "15")), stocked(0), (), sold_out) == []
        assert not_applied(item(stocked(5, "15")), stocked(7), (), replace(sold_out, inventory=stocked(4, "16"))) == [
            "price"
        ]

    def test_a_cell_that_is_missing_is_told(self) -> None:
        live = replace(AS_PUBLISHED, inventory=replace(MUG, offerings=MUG.offerings[1:]))
        assert not_applied(item(MUG), None, (), live) == ["variations"]

    def test_medusas_options_in_another_order_are_no_change(self) -> None:
        now = a_validated_listing(listing=replace(PUBLISHED, inventory=in_other_order(MUG)))
        assert source_change(item(MUG), None, now, None, a_shop()) is None

    @pytest.mark.parametrize(
        ("now", "told"),
        [
            (two_colors(PRICES | {("Red", "Blue"): "11"}, INSIDE, OUTSIDE), "the price of Red / Blue was 10 and is 11"),
            (replace(MUG, offerings=MUG.offerings[1:]), "its variations are other ones"),
            (
                replace(MUG, offerings=(replace(MUG.offerings[0], sku="X"), *MUG.offerings[1:])),
                "the SKU of Red / Red was Red-Red and is X",
            ),
            (
                replace(MUG, offerings=(replace(MUG.offerings[0], quantity=1), *MUG.offerings[1:])),
                "3 pieces of Red / Red were planned, and there are 1",
            ),
        ],
        ids=["price", "variations", "SKU", "pieces"],
    )
    def test_what_changed_in_medusa_is_told(self, now: Inventory, told: str) -> None:
        validated = a_validated_listing(listing=replace(PUBLISHED, inventory=now))
        change = source_change(item(MUG), None, validated, None, a_shop())
        assert change is not None
        assert change.told == told
        assert (change.with_less is not None) == ("pieces" in told), "fewer pieces alone need nobody"

    def test_more_pieces_are_the_next_plans(self) -> None:
        more = replace(
            PUBLISHED, inventory=replace(MUG, offerings=tuple(replace(o, quantity=9) for o in MUG.offerings))
        )
        assert source_change(item(MUG), None, a_validated_listing(listing=more), None, a_shop()) is None

    def test_an_edit_on_etsy_in_another_order_is_seen(self) -> None:
        link = replace(LINK, published=replace(PUBLISHED, inventory=MUG))
        dearer = two_colors(PRICES | {("Red", "Blue"): "11"}, INSIDE, OUTSIDE)
        desired = a_validated_listing(listing=replace(PUBLISHED, inventory=dearer))
        change = plan_product(desired, link, replace(AS_PUBLISHED, inventory=in_other_order(MUG)), a_shop())
        assert [difference.field for difference in change.differences] == ["price"]
        edited = two_colors(PRICES | {("Blue", "Red"): "19"}, INSIDE, OUTSIDE)
        with pytest.raises(Refused, match="price is 19, was 10"):
            require_as_planned(change, link, replace(AS_PUBLISHED, inventory=in_other_order(edited)), a_shop())


def sized(*cells: tuple[str, str, int], sku: str = "SKU") -> Inventory:
    """Sizes: (size, price, pieces)."""
    offerings = (
        Offering(f"{sku}-{size}", (size,), Decimal(price), pieces, is_enabled=pieces > 0)
        for size, price, pieces in cells
    )
    return Inventory(tuple(offerings), (VariationProperty(513, "Size"),))


S_AND_L = sized(("S", "10", 5), ("L", "12", 5))


class TestWhatIsTold:
    """Each side of a difference and of a conflict, as people read it."""

    def test_a_first_inventory(self) -> None:
        assert plan_inventory(MUG, None, None, a_shop()).differences == (
            Difference("variations", "inventory", "–", "10, 12 pieces, 4 variations by Inside × Outside"),
        )
        assert plan_inventory(S_AND_L, None, None, a_shop()).differences[0].new == (
            "10–12, 10 pieces, 2 variations by Size"
        )
        assert plan_inventory(sized(("S", "10", 0)), None, None, a_shop()).differences[0].new == (
            "no price, 0 pieces, 0 variations by Size"
        )

    def test_a_variation_that_is_new(self) -> None:
        new = sized(("S", "10", 5), ("L", "12", 5), ("XL", "14", 1))
        sold = sized(("S", "10", 5), ("L", "12", 4))
        there, more = "10–12, 10 pieces, 2 variations by Size", "10–14, 10 pieces, 3 variations by Size"
        left = "10–12, 9 pieces, 2 variations by Size"
        assert planned(new, S_AND_L).differences == (
            Difference("variations", "inventory", there, more.replace("10 pieces", "11 pieces"), there, ""),
        )
        assert planned(new, S_AND_L, sold).differences == (
            Difference("variations", "inventory", left, more, there, left),
        )

    @pytest.mark.parametrize(
        ("new", "live", "told"),
        [
            (sized(("S", "11", 5), ("L", "12", 5)), None, Difference("price", "inventory", "10", "11", "10", "")),
            (
                sized(("S", "11", 5), ("L", "13", 5)),
                sized(("S", "9", 5), ("L", "12", 5)),
                Difference("price", "inventory", "S: 9, L: 12", "S: 11, L: 13", "S: 10, L: 12", "S: 9, L: 12"),
            ),
            (sized(("S", "10", 7), ("L", "12", 5)), None, Difference("quantity", "inventory", "5", "7", "5", "")),
            (
                sized(("S", "10", 5), ("L", "12", 5), sku="X"),
                S_AND_L,
                Difference("sku", "inventory", "S: SKU-S, L: SKU-L", "S: X-S, L: X-L", *["S: SKU-S, L: SKU-L"] * 2),
            ),
        ],
        ids=["price", "price, edited on Etsy", "pieces", "SKU"],
    )
    def test_a_value_that_differs(self, new: Inventory, live: Inventory | None, told: Difference) -> None:
        assert planned(new, S_AND_L, live).differences == (told,)

    @pytest.mark.parametrize("sizes", ["ABC", "ABCD", "ABCDE"])
    def test_of_many_cells_three_are_named(self, sizes: str) -> None:
        before = sized(*((size, "10", 5) for size in sizes))
        after = sized(*((size, str(20 + number), 5) for number, size in enumerate(sizes)))
        rest = {3: "", 4: " and 1 more", 5: " and 2 more"}[len(sizes)]
        (difference,) = planned(after, before).differences
        assert (difference.old, difference.new) == ("10", f"A: 20, B: 21, C: 22{rest}")

    LIVE = Inventory((Offering("THEIRS", ("S",), Decimal(9), 8), S_AND_L.offerings[1]), S_AND_L.properties)
    NEW = sized(("S", "11", 4), ("L", "12", 5), sku="OURS")

    def test_what_somebody_changed_on_etsy_is_overwritten_and_told(self) -> None:
        plan = planned(self.NEW, S_AND_L, self.LIVE)
        assert plan.target == self.NEW
        assert plan.conflicts == (
            FieldConflict("price", "10", "9", "11", "overwritten"),
            FieldConflict("quantity", "5", "8", "4", "overwritten"),
            FieldConflict("sku", "SKU-S", "THEIRS", "OURS-S", "overwritten"),
        )

    def test_or_kept_and_told(self) -> None:
        plan = plan_inventory(self.NEW, S_AND_L, self.LIVE, a_shop(on_conflict="keep"))
        small = plan.target.offerings[0]
        assert (small.price, small.quantity, small.is_enabled, small.sku) == (Decimal(9), 8, True, "THEIRS")
        assert plan.conflicts == (
            FieldConflict("price", "10", "9", "11", "kept"),
            FieldConflict("quantity", "5", "8", "4", "kept"),
            FieldConflict("sku", "SKU-S", "THEIRS", "OURS-S", "kept"),
        )

    @pytest.mark.parametrize("live", [None, LIVE])
    def test_what_is_the_sellers_stays_as_it_is(self, live: Inventory | None) -> None:
        owners = dict.fromkeys(("price", "quantity", "sku"), "create_only")
        plan = plan_inventory(self.NEW, S_AND_L, live, a_shop(ownership=owners))
        assert [replace(item, stock=None) for item in plan.target.offerings] == list((live or S_AND_L).offerings)
        assert (plan.conflicts, plan.differences) == ((), ())

    @pytest.mark.parametrize("theirs", [0, 1, 2])
    def test_pieces_that_are_the_sellers(self, theirs: int) -> None:
        live = sized(("S", "10", theirs), ("L", "12", 5))
        plan = plan_inventory(self.NEW, S_AND_L, live, a_shop(ownership={"quantity": "create_only"}))
        assert (plan.target.offerings[0].quantity, plan.target.offerings[0].is_enabled) == (theirs, theirs > 0)

    @pytest.mark.parametrize(("left", "stock"), [(5, None), (1, 5), (0, 5)])
    def test_pieces_that_were_sold_are_remembered(self, left: int, stock: int | None) -> None:
        plan = planned(S_AND_L, S_AND_L, sized(("S", "10", left), ("L", "12", 5)))
        small = plan.target.offerings[0]
        assert (small.quantity, small.is_enabled, small.stock) == (left, left > 0, stock)
        sold = FieldConflict("quantity", "5", str(left), str(left), "sold")
        assert plan.conflicts == (() if left == 5 else (sold,))

    def test_a_combination_that_no_variant_has_is_nothing_to_compare(self) -> None:
        nobodys = replace(S_AND_L.offerings[1], is_enabled=False, has_variant=False, quantity=0)
        without = replace(S_AND_L, offerings=(S_AND_L.offerings[0], nobodys))
        again = replace(without, offerings=(without.offerings[0], replace(nobodys, sku="ANOTHER", price=Decimal(99))))
        assert planned(again, without, S_AND_L).vanishing == ("L",)
        assert fields(planned(again, without)) == []
        assert fields(planned(S_AND_L, without)) == ["variations"], "a variant has it now: it is new"

    def test_what_we_never_published_has_no_published_side(self) -> None:
        new, only_s = sized(("S", "10", 5), ("L", "13", 5)), sized(("S", "10", 5))
        price = planned(new, only_s, S_AND_L).differences[1]
        assert price == Difference("price", "inventory", "12", "13", "–", "12")

    def test_what_etsy_has_disabled_is_not_for_sale_however_many_pieces_it_says(self) -> None:
        disabled = replace(S_AND_L.offerings[0], is_enabled=False)
        live = replace(S_AND_L, offerings=(disabled, S_AND_L.offerings[1]))
        restocked = sized(("S", "10", 6), ("L", "12", 5))
        (difference,) = planned(restocked, S_AND_L, live).differences
        assert (difference.field, difference.old, difference.new) == ("quantity", "0", "6")

    def test_a_grid_that_is_the_sellers_keeps_its_own_names(self) -> None:
        ours = sized(("l", "13", 5), ("s", "11", 5))
        plan = plan_inventory(ours, S_AND_L, None, a_shop(ownership={"variations": "create_only"}))
        assert [(item.values, item.price) for item in plan.target.offerings] == [
            (("S",), Decimal(11)),
            (("L",), Decimal(13)),
        ]


def with_placeholder(inventory: Inventory, value: str = "Standardtitel") -> Inventory:
    """The same with a drop-down before it that has one choice."""
    cells = [replace(item, values=(value, *item.values)) for item in inventory.offerings]
    return Inventory(tuple(cells), (VariationProperty(513, "Titel"), VariationProperty(514, "Size")))


class TestAnotherShape:
    """Axes that come and go without another choice for buyers."""

    @pytest.mark.parametrize("is_read", [True, False])
    def test_an_axis_with_one_value_that_goes_takes_no_variation_with_it(self, *, is_read: bool) -> None:
        """Nor do its pieces that were sold come back, nor goes a price unseen."""
        old = with_placeholder(S_AND_L)
        live = with_placeholder(sized(("S", "10", 2), ("L", "12", 5))) if is_read else None
        plan = planned(sized(("S", "10", 5), ("L", "1200", 5)), old, live)
        assert (fields(plan), plan.vanishing) == (["variations", "price"], ())
        assert plan.target.properties == S_AND_L.properties
        assert [item.quantity for item in plan.target.offerings] == [2 if is_read else 5, 5]
        assert [(move.name, move.old, move.new) for move in plan.moves] == [("L", Decimal(12), Decimal(1200))]
        assert "2 variations by Titel × Size" in plan.differences[0].old

    def test_an_axis_that_does_vary_does_not_go_unseen(self) -> None:
        cells = [replace(item, values=(str(place), *item.values)) for place, item in enumerate(S_AND_L.offerings)]
        two = Inventory(tuple(cells), (VariationProperty(513, "Titel"), VariationProperty(514, "Size")))
        assert planned(S_AND_L, two).vanishing == ("0 / S", "1 / L")

    def test_a_listing_whose_product_gets_a_second_variant_is_the_first_of_its_variations(self) -> None:
        one = Inventory((Offering("SKU-S", (), Decimal(10), 5),))
        sold = Inventory((Offering("SKU-S", (), Decimal(10), 3),))
        plan = planned(S_AND_L, one, sold)
        assert (fields(plan), plan.vanishing, plan.moves) == (["variations"], (), ())
        assert [item.quantity for item in plan.target.offerings] == [3, 5], "what was sold stays sold"

    def test_without_skus_it_is_the_one_that_costs_about_the_same(self) -> None:
        one = Inventory((Offering("", (), Decimal(13), 5),))
        plan = planned(replace(S_AND_L, offerings=tuple(replace(item, sku="") for item in S_AND_L.offerings)), one)
        assert (plan.vanishing, [(move.name, move.old) for move in plan.moves]) == ((), [("L", Decimal(13))])

    def test_one_that_is_none_of_them_by_its_sku_vanishes_and_is_named_by_it(self) -> None:
        assert planned(S_AND_L, stocked(5)).vanishing == ("the one with the SKU MUG-1",)

    def test_variations_that_are_the_sellers_keep_their_shape(self) -> None:
        old = with_placeholder(S_AND_L)
        plan = plan_inventory(S_AND_L, old, None, a_shop(ownership={"variations": "create_only"}))
        assert plan.target.properties == old.properties
