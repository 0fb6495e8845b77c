"""Two inventories cell by cell: for plans, for both drift checks and for reading back it is the same comparison."""

from dataclasses import replace
from decimal import Decimal

import pytest

from etsy_pipeline.errors import Refused
from etsy_pipeline.listings.listing import Inventory, Offering, VariationProperty
from etsy_pipeline.planning.drift_check import require_as_planned
from etsy_pipeline.planning.inventory import InventoryPlan, compared, plan_inventory
from etsy_pipeline.planning.link import LiveListing
from etsy_pipeline.planning.plan import PlanItem, plan_product
from etsy_pipeline.planning.read_back import not_applied
from etsy_pipeline.planning.source_drift import require_source_as_planned
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
        require_source_as_planned(item(MUG), None, now, None, a_shop())

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
        with pytest.raises(Refused) as caught:
            require_source_as_planned(item(MUG), None, validated, None, a_shop())
        assert f": {told}. Nothing of it was sent." in caught.value.message

    def test_more_pieces_are_the_next_plans(self) -> None:
        more = replace(
            PUBLISHED, inventory=replace(MUG, offerings=tuple(replace(o, quantity=9) for o in MUG.offerings))
        )
        require_source_as_planned(item(MUG), None, a_validated_listing(listing=more), None, a_shop())

    def test_an_edit_on_etsy_in_another_order_is_seen(self) -> None:
        link = replace(LINK, published=replace(PUBLISHED, inventory=MUG))
        dearer = two_colors(PRICES | {("Red", "Blue"): "11"}, INSIDE, OUTSIDE)
        desired = a_validated_listing(listing=replace(PUBLISHED, inventory=dearer))
        change = plan_product(desired, link, replace(AS_PUBLISHED, inventory=in_other_order(MUG)), a_shop())
        assert [difference.field for difference in change.differences] == ["price"]
        edited = two_colors(PRICES | {("Blue", "Red"): "19"}, INSIDE, OUTSIDE)
        with pytest.raises(Refused, match="price is 19, was 10"):
            require_as_planned(change, link, replace(AS_PUBLISHED, inventory=in_other_order(edited)), a_shop())
