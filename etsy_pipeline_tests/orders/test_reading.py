"""Orders are read whole and once, whatever they hold; pages that fail, hints and clocks lose none of them."""

import functools
import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from etsy_pipeline import wiring
from etsy_pipeline.accounts import configure
from etsy_pipeline.accounts.readiness import readiness
from etsy_pipeline.etsy.errors import EtsyUnavailable
from etsy_pipeline.etsy.receipts import EtsyReceipts
from etsy_pipeline.orders.importer import buyer_of
from etsy_pipeline.orders.rounds import UNSORTED, due
from etsy_pipeline.providers.protocols import ReceiptPage
from etsy_pipeline.sales.receipt import Receipt
from etsy_pipeline.store import receipt_feeds, receipts
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.conftest import ON_SQLITE
from etsy_pipeline_tests.orders.selling import Selling, connect_again
from etsy_pipeline_tests.world import World


def feed(shop: Selling) -> receipt_feeds.ReceiptFeed:
    with shop.store.reading() as session:
        return receipt_feeds.get(session, shop.id)


def known(shop: Selling) -> int:
    with shop.store.reading() as session:
        return receipts.page(session, shop.id)[1]


@ON_SQLITE
def test_orders_of_before_are_left_alone(shop: Selling) -> None:
    shop.buys()
    shop.set(mode="off")
    shop.set(mode="stock")
    shop.look()
    assert (known(shop), shop.world.reservations()) == (0, [])
    later = shop.buys(created_timestamp=int(shop.store.now().timestamp()) + 2)
    shop.look()
    assert shop.line(later).state == "booked"


def test_the_moment_is_set_when_orders_are_switched_on_and_stays(sqlite_store: Store) -> None:
    account = configure.add(sqlite_store, "Shop")
    assert configure.configure(sqlite_store, account.id, {"title_template": "{title}"}).orders.since is None
    since = configure.configure(sqlite_store, account.id, {"orders.mode": "observe"}).orders.since
    assert since is not None
    assert configure.configure(sqlite_store, account.id, {"orders.mode": "stock"}).orders.since == since
    named = configure.configure(sqlite_store, account.id, {"orders.since": "2026-01-01T00:00:00Z"}).orders.since
    assert named == datetime(2026, 1, 1, tzinfo=UTC)
    configure.configure(sqlite_store, account.id, {"orders.mode": "off"})
    again = configure.configure(sqlite_store, account.id, {"orders.mode": "stock"}).orders.since
    assert again is not None
    assert again > since


@ON_SQLITE
def test_many_orders_of_one_second_are_all_read(shop: Selling) -> None:
    shop.set(mode="observe")
    at = int(shop.store.now().timestamp())
    sell_many(shop, 230, at)
    shop.look()
    assert known(shop) == 230
    assert feed(shop).cursor == datetime.fromtimestamp(at, UTC)


@ON_SQLITE
def test_a_page_that_fails_is_read_again(world: World, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Selling.of(world, store, mode="observe", pieces=20)
    now = int(shop.store.now().timestamp())
    for number in range(5):
        sell_many(shop, 50, now - 100_000 + number * 10_000)
    asked = itertools.count(1)

    def answer(self: EtsyReceipts, *args: Any, **values: Any) -> ReceiptPage:
        if next(asked) > 2:
            raise EtsyUnavailable("No answer.", code="etsy_unreachable", hint="Wait.", may_have_happened=False)
        return original(self, *args, **values)

    original = EtsyReceipts.receipts
    with monkeypatch.context() as patched:
        patched.setattr(EtsyReceipts, "receipts", answer)
        assert shop.look().problems
    assert known(shop) == 150
    assert (feed(shop).cursor or datetime.max.replace(tzinfo=UTC)).timestamp() <= now - 90_000
    assert feed(shop).problem
    assert shop.look().problems == []
    assert (known(shop), feed(shop).problem) == (250, None)


@ON_SQLITE
def test_an_etsy_that_gives_the_newest_first_hides_no_order_and_is_told_once(
    world: World, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    shop = Selling.of(world, store, mode="observe", pieces=20)
    world.selling(sort_order_heeded=False)
    now = int(shop.store.now().timestamp())
    for number in range(5):
        sell_many(shop, 50, now - 100_000 + number * 10_000)
    for _ in range(2):
        shop.look()
    assert (known(shop), (feed(shop).cursor or datetime.max.replace(tzinfo=UTC)).timestamp()) == (250, now - 60_000)
    assert feed(shop).problem == UNSORTED
    assert caplog.text.count("orders_unsorted") == 1


@ON_SQLITE
def test_a_quiet_shop_takes_few_calls_a_day(shop: Selling) -> None:
    shop.buys()
    shop.look()
    begin = shop.store.now()
    before, moved = sum(shop.world.calls().values()), timedelta()
    while moved < timedelta(days=1):
        moved += timedelta(minutes=2)
        shop.store.clock = lambda moved=moved: begin + moved
        with shop.store.reading() as session:
            is_due = shop.id in due(session, shop.store.now())
        if is_due:
            shop.look(at_once=False)
    assert 200 < sum(shop.world.calls().values()) - before <= 300


@ON_SQLITE
def test_after_an_order_changed_it_is_looked_at_more_often_for_a_while(shop: Selling) -> None:
    shop.look()
    begin = shop.store.now()
    assert looks_at(shop, begin, 24) == [6, 12, 18, 24]
    shop.buys(created_timestamp=int((begin + timedelta(minutes=25)).timestamp()))
    looked = looks_at(shop, begin + timedelta(minutes=24), 36)
    assert looked == [6, 8, 10, 12, 14, 16, 18, 20, 26, 32], "minutes after the first of these looks"


def looks_at(shop: Selling, begin: datetime, minutes: int) -> list[int]:
    """After how many minutes orders are looked at."""
    found = []
    for moved in range(1, minutes + 1):
        shop.store.clock = lambda moved=moved: begin + timedelta(minutes=moved)
        with shop.store.reading() as session:
            is_due = shop.id in due(session, shop.store.now())
        if is_due:
            shop.look(at_once=False)
            found.append(moved)
    return found


@ON_SQLITE
def test_bad_orders_are_kept_and_shown_and_never_booked_wrongly(world: World, store: Store) -> None:
    shop = Selling.of(world, store, pieces=20)
    bad = {kind: shop.buys(bad=kind) for kind in ("currency", "listing", "money", "quantity")}
    assert shop.look().problems == []
    lines = {kind: shop.line(receipt_id) for kind, receipt_id in bad.items()}
    assert {kind: line.state for kind, line in lines.items()} == {
        "currency": "booked", "listing": "needs_link", "money": "booked", "quantity": "needs_link"
    }  # fmt: skip
    told = {kind: shop.receipt(receipt_id).problem or "" for kind, receipt_id in bad.items()}
    assert "XQZ" in told["currency"]
    assert "no longer tells which listing" in told["listing"]
    assert "do not add up" in told["money"]
    assert "how many pieces" in told["quantity"]
    states = {kind: shop.receipt(receipt_id).state for kind, receipt_id in bad.items()}
    assert states == {"currency": "done", "listing": "needs_person", "money": "done", "quantity": "needs_person"}


@ON_SQLITE
@pytest.mark.parametrize("status", ["On Hold", "completed", "PAID", "<b>Paid</b>"])
def test_states_of_any_case_and_unknown_ones_are_kept(shop: Selling, status: str) -> None:
    receipt_id = shop.buys(status=status)
    shop.look()
    assert shop.line(receipt_id).state == "booked"
    assert shop.receipt(receipt_id).status == status


@ON_SQLITE
def test_nothing_of_the_buyer_is_kept_unless_orders_are_made(shop: Selling, caplog: pytest.LogCaptureFixture) -> None:
    shop.world.selling(addresses=True)
    receipt_id = shop.buys(message="For Grace", gift={"message": "Hush", "sender": "Zed"}, personalization="Grace & Co")
    shop.look()
    with shop.store.engine.connect() as connection:
        kept = "\n".join(
            str(row)
            for table in ("etsy_receipt", "etsy_sale", "receipt_feed")
            for row in connection.exec_driver_sql(f"SELECT * FROM {table}")  # noqa: S608 - our own names
        )
    for secret in ("Ada Example", "Sample Street", "97477", "Grace", "Hush", "Zed"):
        assert secret not in kept
        assert secret not in caplog.text
    assert shop.receipt(receipt_id).details_encrypted is None
    assert feed(shop).tells_addresses is True


@ON_SQLITE
def test_in_mode_orders_the_buyers_data_are_kept_encrypted(shop: Selling) -> None:
    shop.set(mode="orders")
    shop.world.selling(addresses=True)
    receipt_id = shop.buys(message="For Grace")
    shop.look()
    kept = shop.receipt(receipt_id)
    assert kept.details_encrypted is not None
    assert "Grace" not in kept.details_encrypted
    assert buyer_of(shop.store, kept)["message"] == "For Grace"
    assert shop.line(receipt_id).state == "booked", "reserved, until an order of its own can be made"


@ON_SQLITE
def test_without_the_permission_a_shop_is_told(world: World, store: Store) -> None:
    account = world.connected(store)
    shop = Selling(world, store, account)
    shop.set(mode="stock", since="2020-01-01T00:00:00Z")
    found = shop.look()
    assert [problem.code for problem in found.problems] == ["scope_missing"]
    assert "scope_missing" in (feed(shop).problem or "")
    client_of = functools.partial(wiring.shop_client, world.settings, store)
    found_of_all = readiness(store, account.id, client_of=client_of, wanted_scopes=world.settings.etsy_scope)
    (told,) = (item for item in found_of_all if item.what == "orders")
    assert (told.standing, "transactions_r" in told.detail) == ("warning", True)
    with store.reading() as session:
        assert due(session, store.now()) == {}
    connect_again(world, store, account.id)
    assert shop.look().problems == []


@ON_SQLITE
def test_while_orders_are_off_no_more_is_asked_for(world: World, store: Store) -> None:
    account = world.connected(store)
    connect_again(world, store, account.id)
    assert set((Selling(world, store, account).account.scopes or "").split()) == set(world.settings.etsy_scope.split())


@pytest.mark.usefixtures("no_waiting")
def test_an_event_has_its_order_read_and_one_that_cannot_be_read_waits(shop: Selling) -> None:
    shop.look()
    receipt_id = shop.buys()
    assert shop.told(receipt_id) == "stored"
    with shop.store.reading() as session:
        assert set(due(session, shop.store.now())) == {shop.id}
    shop.fault(operation="getShopReceipt", kind="status", status=500, times=4)
    assert shop.look(at_once=False).problems
    assert shop.receipt(receipt_id).is_hinted
    assert shop.look(at_once=False).problems == []
    assert shop.line(receipt_id).state == "booked"
    assert not shop.receipt(receipt_id).is_hinted


@ON_SQLITE
def test_a_later_event_is_not_lost_in_an_earlier_read(shop: Selling) -> None:
    receipt_id = shop.buys()
    shop.look()
    shop.told(receipt_id, "order.canceled")
    hint = shop.receipt(receipt_id).content_hash
    shop.told(receipt_id, "order.canceled")
    assert shop.receipt(receipt_id).content_hash != hint
    shop.world.cancel(receipt_id)
    told = read(shop, receipt_id)
    with shop.store.writing() as session:
        receipts.put(session, shop.id, told, mode="stock", now=told.sold_at, hint=hint)
    assert shop.receipt(receipt_id).is_hinted
    shop.look(at_once=False)
    assert shop.line(receipt_id).state == "returned"


@ON_SQLITE
def test_events_of_unknown_and_old_orders_leave_nothing(shop: Selling) -> None:
    old = shop.buys(created_timestamp=1_500_000_000)
    shop.told(old)
    shop.told(99_999)
    shop.look(at_once=False)
    assert known(shop) == 0


@ON_SQLITE
def test_events_that_come_twice_and_backwards_change_nothing(shop: Selling) -> None:
    receipt_id = shop.buys()
    shop.world.cancel(receipt_id)
    for name in ("order.canceled", "order.paid", "order.paid", "ORDER_SHIPPED"):
        shop.told(receipt_id, name)
    shop.look(at_once=False)
    assert shop.line(receipt_id).state == "nothing_to_book"
    assert shop.world.reservations() == []


@ON_SQLITE
def test_a_time_stamp_of_the_future_hides_nothing(shop: Selling) -> None:
    shop.buys(created_timestamp=int(shop.store.now().timestamp()) + 10_000_000)
    shop.look()
    later = shop.buys()
    shop.look()
    assert shop.line(later).state == "booked"


def read(shop: Selling, receipt_id: int) -> Receipt:
    with shop.reading() as client:
        return client.receipt(shop.account.shop_id or 0, receipt_id)


def sell_many(shop: Selling, count: int, at: int) -> None:
    """So many orders of one moment; the listing has pieces enough."""
    body = {"lines": [{"listing_id": shop.listing_id}], "created_timestamp": at, "count": 1}
    first = shop.world.etsy("POST", "receipts", body)["receipt_id"]
    row = shop.world.sandbox.state.row("SELECT * FROM receipt WHERE receipt_id = ?", first)
    assert row is not None
    for number in range(1, count):
        data = json.loads(row["data"])
        data["receipt_id"] += number * 1_000_000 + at % 1_000_000
        for line in data["lines"]:
            line["transaction_id"] += number * 1_000_000 + at % 1_000_000
        values = data["receipt_id"], row["shop_id"], at, at, json.dumps(data)
        shop.world.sandbox.state.run("INSERT INTO receipt VALUES (?,?,?,?,?)", *values)


@ON_SQLITE
def test_orders_are_written_by_their_ids_so_that_no_two_readers_wait_for_each_other(
    shop: Selling, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = datetime.now(UTC) + timedelta(seconds=5)
    last = shop.buys(created_timestamp=int(newer.timestamp()))
    bought = [shop.buys() for _ in range(2)]
    locked, get = list[int](), receipts.get

    def noted(session: Any, account_id: str, receipt_id: int, *, lock: bool = False) -> Any:
        locked.extend([receipt_id] if lock else [])
        return get(session, account_id, receipt_id, lock=lock)

    monkeypatch.setattr(receipts, "get", noted)
    shop.look()
    assert list(dict.fromkeys(locked)) == sorted([last, *bought])
