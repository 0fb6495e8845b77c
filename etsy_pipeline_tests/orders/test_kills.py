"""An importer that is killed anywhere books nothing twice and loses nothing; nor does one whose answer is lost."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest

from etsy_pipeline.catalogue.admin_api import AdminApi
from etsy_pipeline.errors import TakenOver
from etsy_pipeline.etsy.receipts import EtsyReceipts
from etsy_pipeline.orders.turn import Turn
from etsy_pipeline.sales.guard import OpenSales
from etsy_pipeline.store import sales, stock_movements
from etsy_pipeline.store.engine import Session, Store
from etsy_pipeline_tests.conftest import ON_SQLITE
from etsy_pipeline_tests.orders.selling import Selling
from etsy_pipeline_tests.world import World

A_WHILE = timedelta(minutes=3)
MOST_STEPS = 200


class KilledError(BaseException):
    """The process is gone: nothing catches it."""


class Killer:
    """Kills at the n-th step: before or after a call to Etsy or Medusa, before or after a transaction."""

    def __init__(self) -> None:
        self.at = 0
        self._step = 0

    def aim(self, at: int) -> None:
        """Kill at this step from now on; 0: never."""
        self.at, self._step = at, 0

    def step(self) -> None:
        """Something is about to happen, or has happened."""
        self._step += 1
        if self._step == self.at:
            raise KilledError

    def around(self, act: Callable[..., Any]) -> Callable[..., Any]:
        """A call that can be killed before it, and after it."""

        def acting(*args: Any, **values: Any) -> Any:
            self.step()
            answer = act(*args, **values)
            self.step()
            return answer

        return acting

    def transaction(self, writing: Callable[[Store], Any]) -> Callable[[Store], Any]:
        """A transaction that can be killed before it, within it, and after it."""

        @contextmanager
        def begun(store: Store) -> Iterator[Session]:
            self.step()
            with writing(store) as session:
                yield session
                self.step()
            self.step()

        return begun


@pytest.fixture
def killer(monkeypatch: pytest.MonkeyPatch) -> Killer:
    made = Killer()
    for kind, name in ((AdminApi, "get"), (AdminApi, "send"), (EtsyReceipts, "receipts"), (EtsyReceipts, "receipt")):
        monkeypatch.setattr(kind, name, made.around(getattr(kind, name)))
    monkeypatch.setattr(Store, "writing", made.transaction(Store.writing))
    return made


def passes(shop: Selling) -> None:
    """A while passes: the place of a dead importer is free, and no answer is on its way any more."""
    now = shop.store.now() + A_WHILE
    shop.store.clock = lambda: now


def killed_everywhere(shop: Selling, killer: Killer, prepare: Callable[[], int], check: Callable[[int], None]) -> int:
    """Have a look killed at each of its steps in turn, and look at what the next one makes of it; how many there were."""
    for number in itertools.count(1):
        receipt_id = prepare()
        killer.aim(number)
        try:
            shop.look(at_once=False)
        except KilledError:
            killer.aim(0)
            passes(shop)
            assert shop.look(at_once=False).problems == [], number
            check(receipt_id)
        else:
            killer.aim(0)
            check(receipt_id)
            return number
        assert number < MOST_STEPS
    raise AssertionError("unreachable")


def reserved(shop: Selling, receipt_id: int) -> list[int]:
    """How many pieces are reserved for an order's only line, each reservation by itself."""
    mark = f"etsy:{shop.id}:{shop.line(receipt_id).transaction_id}"
    return sorted(item["quantity"] for item in shop.world.reservations() if item["description"] == mark)


def test_an_importer_that_is_killed_anywhere_books_each_sale_once(world: World, store: Store, killer: Killer) -> None:
    shop = Selling.of(world, store, case="kit", poll_minutes=1)
    ended: list[int] = []

    def buys() -> int:
        for receipt_id in ended:
            shop.world.cancel(receipt_id, restock=True)
            shop.told(receipt_id, "order.canceled")
        ended.clear()
        passes(shop)
        shop.look(at_once=False)
        assert shop.world.reservations() == []
        passes(shop)
        return shop.buys()

    def is_booked_once(receipt_id: int) -> None:
        assert reserved(shop, receipt_id) == [1, 2]
        assert (shop.line(receipt_id).state, shop.receipt(receipt_id).state) == ("booked", "done")
        assert [item.done_at is not None for item in shop.movements(receipt_id)] == [True, True]
        ended.append(receipt_id)

    assert killed_everywhere(shop, killer, buys, is_booked_once) > 30


def test_an_importer_that_is_killed_anywhere_gives_back_once(world: World, store: Store, killer: Killer) -> None:
    shop = Selling.of(world, store, case="kit", poll_minutes=1)
    before = shop.world.medusa_stock(shop.variant)

    def cancels() -> int:
        passes(shop)
        receipt_id = shop.buys()
        shop.look(at_once=False)
        assert shop.line(receipt_id).state == "booked"
        shop.world.cancel(receipt_id, restock=True)
        shop.told(receipt_id, "order.canceled")
        return receipt_id

    def is_given_back_once(receipt_id: int) -> None:
        assert reserved(shop, receipt_id) == []
        assert (shop.line(receipt_id).state, shop.receipt(receipt_id).state) == ("returned", "canceled")
        assert shop.world.medusa_stock(shop.variant) == before

    assert killed_everywhere(shop, killer, cancels, is_given_back_once) > 30


@ON_SQLITE
def test_a_lost_answer_is_looked_for_and_not_asked_for_again(shop: Selling, monkeypatch: pytest.MonkeyPatch) -> None:
    receipt_id = shop.buys()
    request = httpx.Client.request

    def lost(client: httpx.Client, method: str, url: str, **values: Any) -> httpx.Response:
        answer = request(client, method, url, **values)
        if method == "POST" and url.endswith("/admin/reservations"):
            raise httpx.ReadTimeout("lost", request=answer.request)
        return answer

    with monkeypatch.context() as patched:
        patched.setattr(httpx.Client, "request", lost)
        shop.look()
    assert (shop.line(receipt_id).state, len(shop.world.reservations())) == ("waiting", 1)
    assert shop.unbooked() == OpenSales({shop.variant: 1})
    shop.look()
    assert (shop.line(receipt_id).state, len(shop.world.reservations())) == ("booked", 1)


@ON_SQLITE
def test_an_answer_that_may_still_come_is_waited_for(shop: Selling, monkeypatch: pytest.MonkeyPatch) -> None:
    """Medusa may carry out what it was asked for long after nobody waits for it any more."""
    receipt_id = shop.buys()
    request, sent = httpx.Client.request, []

    def never_arrives(client: httpx.Client, method: str, url: str, **values: Any) -> httpx.Response:
        if method == "POST" and url.endswith("/admin/reservations"):
            sent.append(values["json"])
            raise httpx.ReadTimeout("lost")
        return request(client, method, url, **values)

    with monkeypatch.context() as patched:
        patched.setattr(httpx.Client, "request", never_arrives)
        shop.look()
        shop.look()
    assert len(sent) == 1
    passes(shop)
    shop.look()
    assert (shop.line(receipt_id).state, len(shop.world.reservations())) == ("booked", 1)


@ON_SQLITE
def test_reserved_twice_by_accident_is_given_back_once(shop: Selling) -> None:
    receipt_id = shop.buys()
    shop.look()
    (held,) = shop.world.reservations()
    with shop.reservations_client() as medusa:
        medusa.reserve(held["inventory_item_id"], held["location_id"], 1, description=held["description"])
    forget_booking(shop, receipt_id)
    shop.look()
    assert (shop.line(receipt_id).state, reserved(shop, receipt_id)) == ("booked", [1])


@ON_SQLITE
def test_books_that_are_older_than_medusa_find_what_was_reserved(shop: Selling) -> None:
    receipt_id = shop.buys()
    shop.look()
    before = shop.world.reservations()
    forget_booking(shop, receipt_id)
    shop.look()
    assert (shop.line(receipt_id).state, shop.world.reservations()) == ("booked", before)
    assert [item.reservation_id for item in shop.movements(receipt_id)] == [before[0]["id"]]


@ON_SQLITE
def test_two_importers_do_not_book_side_by_side(shop: Selling) -> None:
    shop.buys()
    with Turn(shop.store, shop.id).taken():
        with pytest.raises(TakenOver) as caught:
            shop.look()
        assert caught.value.code == "orders_active"
        assert shop.world.reservations() == []
    assert len(shop.look().booked.booked) == 1


def forget_booking(shop: Selling, receipt_id: int) -> None:
    """As if the database had been put back to before the line was booked."""
    movements, number = shop.movements(receipt_id), shop.line(receipt_id).transaction_id
    with shop.store.writing() as session:
        for movement in movements:
            stock_movements.drop(session, movement)
        sales.change(session, shop.id, number, state="waiting", booked_at=None)
