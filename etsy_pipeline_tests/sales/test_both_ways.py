"""Stock both ways, whatever comes when: never oversold by us, the same on both sides in the end, and then quiet."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from etsy_pipeline_tests.sales.both_ways import SIZES, World, a_world

MANY_ROUNDS = 6  # of reading, booking, planning and publishing, after which everything has come to rest
SIZE, FEW = st.sampled_from(SIZES), st.integers(1, 3)
MOSTLY = st.sampled_from((True, True, True, False))

Happening = Callable[[World], None]


def _sold(size: str, pieces: int, is_clear: bool) -> Happening:  # noqa: FBT001 - drawn by hypothesis
    return lambda world: world.buy(size, pieces, is_clear=is_clear)


def _booked(*, is_answered: bool) -> Happening:
    def happen(world: World) -> None:
        for sale in world.sales:
            world.book(sale, is_answered=is_answered)

    return happen


def _sold_and_booked(pieces: int) -> Happening:
    def happen(world: World) -> None:
        world.buy("S", pieces, is_clear=True)
        world.read_orders()
        _booked(is_answered=True)(world)

    return happen


def _one_booked(world: World) -> None:
    for sale in [item for item in world.sales if item.state == "waiting"][:1]:
        world.book(sale)


def _linked(world: World) -> None:
    for sale in world.sales:
        sale.state = "waiting" if sale.state == "needs_link" else sale.state


def _canceled(is_restocked: bool) -> Happening:  # noqa: FBT001
    def happen(world: World) -> None:
        for sale in [item for item in world.sales if not item.is_canceled][-1:]:
            world.cancel(sale, is_restocked=is_restocked)

    return happen


def _ordered(size: str, pieces: int) -> Happening:
    return lambda world: world.order(size, pieces)


def _restocked(size: str, pieces: int) -> Happening:
    return lambda world: world.restock(size, pieces)


def _counted(size: str, pieces: int) -> Happening:
    return lambda world: world.count(size, pieces)


SALE = st.builds(_sold, SIZE, FEW, MOSTLY)
HAPPENING: st.SearchStrategy[Happening] = st.one_of(
    SALE,
    SALE,
    st.just(World.read_orders),
    st.builds(_booked, is_answered=MOSTLY),
    st.just(_one_booked),
    st.builds(_ordered, SIZE, FEW),
    st.builds(_restocked, SIZE, st.integers(1, 5)),
    st.builds(_counted, SIZE, st.integers(0, 5)),
    st.builds(_canceled, st.booleans()),
    st.just(World.cancel_order),
    st.just(_linked),
)
MEANWHILE = st.lists(HAPPENING, max_size=2)
"""What happens between two steps of ours: mostly nothing, or a thing or two."""


class BothWays(RuleBasedStateMachine):
    """Buyers on both sides, the owner, our importer, planner and publisher, each at any moment."""

    world: World

    @initialize(small=st.integers(1, 8), large=st.integers(0, 8))
    def begin(self, small: int, large: int) -> None:
        self.world = a_world(small, large)

    @rule(happening=HAPPENING)
    def something_happens(self, happening: Happening) -> None:
        happening(self.world)

    @precondition(lambda self: self.world.publication is None)
    @rule(
        are_orders_read=MOSTLY,
        looks=st.permutations((World.read_medusa_for_plan, World.read_listing_for_plan)),
        meanwhile=st.lists(MEANWHILE, min_size=4, max_size=4),
    )
    def a_plan_is_made(
        self,
        are_orders_read: bool,  # noqa: FBT001
        looks: list[Happening],
        meanwhile: list[list[Happening]],
    ) -> None:
        steps = (*looks, lambda world: world.plan(are_orders_read=are_orders_read), World.begin)
        for step, happenings in zip(steps, meanwhile, strict=True):
            for happening in happenings:
                happening(self.world)
            step(self.world)

    @precondition(lambda self: self.world.publication is not None)
    @rule(
        are_orders_read=MOSTLY,
        is_medusa_there=MOSTLY,
        answer=st.sampled_from(("given", "given", "lost", "never sent")),
        meanwhile=st.lists(MEANWHILE, min_size=4, max_size=4),
    )
    def it_is_published(
        self,
        are_orders_read: bool,  # noqa: FBT001
        is_medusa_there: bool,  # noqa: FBT001
        answer: Any,
        meanwhile: list[list[Happening]],
    ) -> None:
        steps: tuple[Happening, ...] = (
            World.look_at_listing,
            lambda world: world.ask_orders(is_answered=are_orders_read),
            lambda world: world.look_at_medusa(is_answered=is_medusa_there),
            lambda world: world.send(answer),
        )
        for step, happenings in zip(steps, meanwhile, strict=True):
            for happening in happenings:
                happening(self.world)
            step(self.world)

    @rule()
    def everything_comes_to_rest(self) -> None:
        """Both sides agree, and what is done once more sends nothing. What nobody has, a person cancels on Etsy."""
        world = self.world
        for _ in range(MANY_ROUNDS):
            self._round()
            for sale in world.sales:
                sale.is_canceled = sale.is_canceled or sale.state == "oversold"
        before = world.calls
        self._round()
        assert world.calls == before, "quiet, and still something is sent"
        left = {size: max(0, world.available(size)) for size in SIZES}
        there = world.on_etsy if world.state == "active" else dict.fromkeys(SIZES, 0)
        assert there == left, f"Etsy has {there} ({world.state}), and {left} are left"

    @invariant()
    def nobody_was_offered_what_is_not_there(self) -> None:
        assert not self.world.guilty, self.world.guilty

    def _round(self) -> None:
        """All of ours in a row, with nothing in between."""
        world = self.world
        world.read_orders()
        _linked(world)
        _booked(is_answered=True)(world)
        if world.publication is None:
            world.read_medusa_for_plan()
            world.read_listing_for_plan()
            world.plan(are_orders_read=True)
            world.begin()
        if world.publication is not None:
            world.look_at_listing()
            world.ask_orders(is_answered=True)
            world.look_at_medusa()
            world.send("given")


BothWays.TestCase.settings = settings(
    max_examples=400,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestBothWays = pytest.mark.long(BothWays.TestCase)


def raised(world: World) -> None:
    """A plan that raises is begun: five more pieces came into Medusa."""
    world.restock("S", 5)
    planned(world)


def planned(world: World) -> None:
    world.read_medusa_for_plan()
    world.read_listing_for_plan()
    world.plan(are_orders_read=True)
    world.begin()
    assert world.publication is not None


def published(
    world: World, *, are_orders_read: bool = True, is_medusa_there: bool = True, **meanwhile: Happening
) -> None:
    """The last looks, and what happens right before each of them; then it is sent, where it is."""
    steps: dict[str, Happening] = {
        "at_first": World.look_at_listing,
        "before_orders": lambda world: world.ask_orders(is_answered=are_orders_read),
        "before_medusa": lambda world: world.look_at_medusa(is_answered=is_medusa_there),
        "before_sending": lambda world: world.send("given"),
    }
    assert meanwhile.keys() <= steps.keys()
    for name, step in steps.items():
        if name in meanwhile:
            meanwhile[name](world)
        step(world)
    assert not world.guilty


class TestOneByOne:
    """What the machine above finds by chance only, each case by itself, every time."""

    def test_a_sale_between_the_looks(self) -> None:
        """What it was of, nobody knows; what Medusa sold is taken off, but not down from what was seen at first."""
        world = a_world(10, 5)
        world.order("S", 2)
        planned(world)
        published(world, before_orders=lambda it: it.buy("S", 3, is_clear=False))
        assert (world.on_etsy["S"], world.calls) == (7, 0)

    def test_medusa_is_away(self) -> None:
        """What was sold since the plan is booked: nothing is open, and the stock that knows of it cannot be read."""
        world = a_world(10, 5)
        raised(world)
        _sold_and_booked(3)(world)
        published(world, is_medusa_there=False)
        assert world.on_etsy["S"] == 7

    def test_orders_and_medusa_are_away(self) -> None:
        world = a_world(10, 5)
        raised(world)
        published(world, are_orders_read=False, is_medusa_there=False)
        assert world.on_etsy["S"] == 10

    def test_medusa_is_away_and_another_process_booked_between_the_looks(self) -> None:
        """No sale is open any more, and the listing was seen before it: it is looked at once more."""
        world = a_world(10, 5)
        world.order("L", 1)
        planned(world)
        published(world, is_medusa_there=False, before_orders=_sold_and_booked(1))
        assert world.on_etsy["S"] == 9

    def test_medusa_is_away_and_somebody_buys_as_the_other_variation_is_sent(self) -> None:
        """Nobody can know of it: Etsy has no way to change a quantity only if it is still so."""
        world = a_world(10, 5)
        world.order("L", 1)
        planned(world)
        published(world, is_medusa_there=False, before_sending=lambda it: it.buy("S", 1, is_clear=True))
        assert world.on_etsy == {"S": 10, "L": 4}

    def test_booked_after_medusa_was_read(self) -> None:
        """Medusa had fifteen when it was read, and has thirteen now; nothing is unbooked any more."""
        world = a_world(10, 5)
        raised(world)
        published(
            world, before_orders=lambda it: it.buy("S", 2, is_clear=True), before_sending=_booked(is_answered=True)
        )
        assert world.on_etsy["S"] == 8

    def test_booked_while_the_plan_reads(self) -> None:
        world = a_world(10, 5)
        world.buy("S", 2, is_clear=True)
        world.restock("S", 5)
        world.read_orders()
        world.read_medusa_for_plan()
        _booked(is_answered=True)(world)
        world.read_listing_for_plan()
        world.plan(are_orders_read=True)
        assert world.item is None, "the stock that was read lacks what is booked by now"

    def test_not_booked(self) -> None:
        """Of the one variation a sale waits, and Medusa has more of both: neither is raised, fewer are sent."""
        world = a_world(10, 5)
        world.buy("S", 2, is_clear=True)
        world.read_orders()
        world.restock("S", 5)
        world.order("L", 1)
        planned(world)
        published(world)
        assert world.on_etsy == {"S": 8, "L": 4}

    def test_fewer_than_what_is_not_booked(self) -> None:
        """Three sold on Etsy wait, and Medusa sold four: three are left, not six."""
        world = a_world(10, 5)
        world.buy("S", 3, is_clear=True)
        world.read_orders()
        world.order("S", 4)
        planned(world)
        published(world)
        assert world.on_etsy["S"] == 3

    def test_everything_is_booked(self) -> None:
        world = a_world(10, 5)
        raised(world)
        published(world)
        assert world.on_etsy == {"S": 15, "L": 5}
