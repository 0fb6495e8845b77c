"""Stock both ways, whatever comes when: never oversold by us, the same on both sides in the end, and then quiet."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from etsy_pipeline_tests.sales.both_ways import SIZES, World, a_world

SIZE = st.sampled_from(SIZES)
FEW = st.integers(1, 3)
MANY_ROUNDS = 6  # of reading, booking, planning and publishing, after which everything has come to rest


class BothWays(RuleBasedStateMachine):
    """Buyers on both sides, the owner, our importer, planner and publisher, each at any moment."""

    world: World

    @initialize(small=st.integers(1, 6), large=st.integers(0, 6))
    def begin(self, small: int, large: int) -> None:
        self.world = a_world(small, large)

    @rule(size=SIZE, pieces=FEW, is_clear=st.sampled_from((True, True, True, False)))
    def etsy_sells(self, size: str, pieces: int, is_clear: bool) -> None:  # noqa: FBT001 - hypothesis gives names
        self.world.buy(size, pieces, is_clear=is_clear)

    @rule(size=SIZE, pieces=FEW)
    def medusa_sells(self, size: str, pieces: int) -> None:
        if self.world.available(size) >= pieces:
            self.world.orders.append((size, pieces))

    @precondition(lambda self: self.world.orders)
    @rule(data=st.data())
    def an_order_of_medusa_is_canceled(self, data: st.DataObject) -> None:
        self.world.orders.remove(data.draw(st.sampled_from(self.world.orders)))

    @rule(size=SIZE, pieces=st.integers(1, 5))
    def the_owner_restocks(self, size: str, pieces: int) -> None:
        self.world.stocked[size] += pieces

    @rule(size=SIZE, pieces=st.integers(0, 5))
    def the_owner_counts(self, size: str, pieces: int) -> None:
        self.world.stocked[size] = pieces

    @precondition(lambda self: any(not sale.is_canceled for sale in self.world.sales))
    @rule(data=st.data(), is_restocked=st.booleans())
    def etsy_cancels(self, data: st.DataObject, is_restocked: bool) -> None:  # noqa: FBT001
        sale = data.draw(st.sampled_from([item for item in self.world.sales if not item.is_canceled]))
        sale.is_canceled = True
        if is_restocked and self.world.state == "active":
            self.world.on_etsy[sale.size] += sale.pieces

    @rule()
    def orders_are_read(self) -> None:
        self.world.read_orders()

    @precondition(lambda self: self.world.sales)
    @rule(data=st.data(), is_answered=st.sampled_from((True, True, False)))
    def a_sale_is_booked(self, data: st.DataObject, is_answered: bool) -> None:  # noqa: FBT001
        self.world.book(data.draw(st.sampled_from(self.world.sales)), is_answered=is_answered)

    @rule()
    def a_person_links_a_line(self) -> None:
        for sale in self.world.sales:
            sale.state = "waiting" if sale.state == "needs_link" else sale.state

    @rule()
    def medusa_is_read_for_a_plan(self) -> None:
        self.world.snapshot = self.world.look()

    @rule()
    def the_listing_is_read_for_a_plan(self) -> None:
        self.world.seen_for_plan = self.world.live()

    @rule(are_orders_read=st.sampled_from((True, True, False)))
    def a_plan_is_made(self, are_orders_read: bool) -> None:  # noqa: FBT001
        self.world.plan(are_orders_read=are_orders_read)

    @rule()
    def a_plan_at_once(self) -> None:
        self._plan()

    @rule()
    def it_is_published(self) -> None:
        self.world.begin()

    @precondition(lambda self: self.world.publication is not None)
    @rule()
    def the_listing_is_looked_at(self) -> None:
        self.world.look_at_listing()

    @precondition(lambda self: self.world.publication is not None)
    @rule(is_answered=st.sampled_from((True, True, False)))
    def orders_are_asked_for(self, is_answered: bool) -> None:  # noqa: FBT001
        self.world.ask_orders(is_answered=is_answered)

    @precondition(lambda self: self.world.publication is not None)
    @rule()
    def medusa_is_looked_at(self) -> None:
        self.world.look_at_medusa()

    @precondition(lambda self: self.world.publication is not None)
    @rule(answer=st.sampled_from(("given", "given", "lost", "never sent")))
    def it_is_sent(self, answer: str) -> None:
        self.world.send(answer)  # type: ignore[arg-type] # one of its words

    @precondition(lambda self: self.world.item is not None or self.world.publication is not None)
    @rule()
    def it_is_carried_out_at_once(self) -> None:
        self._publish()

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
        world = self.world
        world.read_orders()
        self.a_person_links_a_line()
        for sale in world.sales:
            world.book(sale)
        self._plan()
        self._publish()

    def _plan(self) -> None:
        self.world.snapshot = self.world.look()
        self.world.seen_for_plan = self.world.live()
        self.world.plan(are_orders_read=True)

    def _publish(self) -> None:
        self.world.begin()
        self.world.look_at_listing()
        self.world.ask_orders(is_answered=True)
        self.world.look_at_medusa()
        self.world.send("given")


BothWays.TestCase.settings = settings(
    max_examples=250,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestBothWays = BothWays.TestCase
