"""An order on Etsy becomes one order in Medusa: its amounts, its stock, its end; what cannot waits for a person."""

from datetime import timedelta
from typing import Any

import pytest

from etsy_pipeline.errors import BadRequest
from etsy_pipeline.orders.buyers import forget_buyers
from etsy_pipeline.orders.importer import buyer_of
from etsy_pipeline.orders.medusa_order import GOES_ELSEWHERE
from etsy_pipeline.orders.shipping import TOO_LATE
from etsy_pipeline.sales.guard import OpenSales
from etsy_pipeline.store import accounts, receipts, sales, stock_movements
from etsy_pipeline.store.encryption import TokenCipher, new_key
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.conftest import ON_SQLITE
from etsy_pipeline_tests.orders.kills import later
from etsy_pipeline_tests.orders.selling import ORDERS, Selling
from etsy_pipeline_tests.world import World

OLD_KEY = new_key()


@pytest.fixture
def shop(world: World, store: Store) -> Selling:
    """A shop in mode `orders`."""
    return Selling.of(world, store, mode="orders", **ORDERS)


def only(shop: Selling) -> dict[str, Any]:
    """The one order that is in Medusa."""
    (found,) = shop.world.medusa_orders()
    return found


def test_an_order_becomes_one_that_is_paid_and_reserves_its_stock(shop: Selling) -> None:
    before = shop.world.medusa_stock(shop.variant)
    receipt_id = shop.buys(2, shipping=4.5, tax=3.2)
    found = shop.look()
    assert ([str(problem) for problem in found.problems], found.converted.done) == ([], [receipt_id])
    order, kept = only(shop), shop.receipt(receipt_id)
    assert (order["is_draft_order"], order["status"], order["payment_status"]) == (False, "pending", "captured")
    assert (order["email"], order["no_notification"]) == (f"etsy-{receipt_id}@etsy.invalid", True)
    totals = kept.totals
    assert order["summary"]["paid_total"] == pytest.approx(float(totals["grand"]) - float(totals["tax"]))
    assert (kept.state, kept.medusa_order_id, kept.step, kept.problem) == ("done", order["id"], "", None)
    assert shop.line(receipt_id).state == "booked"
    assert shop.world.medusa_stock(shop.variant)["available"] == before["available"] - 2
    shop.look()
    assert only(shop)["id"] == order["id"]
    assert shop.unbooked() == OpenSales()


@ON_SQLITE
def test_a_discount_is_spread_so_that_the_total_agrees_to_the_cent(shop: Selling) -> None:
    receipt_id = shop.buys(3, shipping=4.99, discount=1)
    shop.look()
    order, totals = only(shop), shop.receipt(receipt_id).totals
    assert shop.receipt(receipt_id).problem is None
    assert order["total"] == pytest.approx(float(totals["grand"]))
    assert sum(item["quantity"] for item in order["items"]) == 3
    assert {item["variant_id"] for item in order["items"]} == {shop.variant}
    assert order["metadata"]["etsy_discount"] == totals["discount"]


@ON_SQLITE
def test_the_buyers_words_go_with_the_order_and_no_mail_to_the_buyer(shop: Selling) -> None:
    shop.world.selling(addresses=True)
    receipt_id = shop.buys(
        personalization="Ada &amp; Bob", gift={"message": "Happy birthday", "sender": "Bob", "wrap": 2.5}
    )
    shop.look()
    order = only(shop)
    assert order["metadata"]["etsy_gift_message"] == "Happy birthday"
    assert order["metadata"]["etsy_gift_sender"] == "Bob"
    assert "Ada" in str(order["items"][0]["metadata"]["etsy_personalization"])
    assert order["shipping_address"]["country_code"] == "us"
    assert order["email"].endswith("@etsy.invalid")
    assert shop.receipt(receipt_id).state == "done"


def moves_to(shop: Selling, receipt_id: int, country: str) -> None:
    """The address is corrected on Etsy; nothing says that this moves a time stamp."""
    sql = "UPDATE receipt SET data = json_set(data, '$.country', ?) WHERE receipt_id = ?"
    shop.world.sandbox.state.run(sql, country, receipt_id)


@ON_SQLITE
def test_an_address_that_is_corrected_while_an_order_waits_is_taken_over(shop: Selling) -> None:
    shop.world.selling(addresses=True)
    shop.set(region_id=None)
    receipt_id = shop.buys()
    shop.look()
    moves_to(shop, receipt_id, "CA")
    shop.look()
    shop.set(**ORDERS)
    shop.look()
    assert only(shop)["shipping_address"]["country_code"] == "ca"
    assert (shop.receipt(receipt_id).state, shop.receipt(receipt_id).problem) == ("done", None)


@ON_SQLITE
def test_a_draft_with_an_address_that_is_corrected_since_is_made_anew(shop: Selling) -> None:
    shop.world.selling(addresses=True)
    receipt_id = shop.buys()
    shop.world.medusa_fault("POST", "/admin/draft-orders/*/convert-to-order", "drop_before")
    shop.look()
    moves_to(shop, receipt_id, "CA")
    for _ in range(2):
        later(shop)
        shop.look()
    shop.store.clock = None
    assert only(shop)["shipping_address"]["country_code"] == "ca"
    assert shop.receipt(receipt_id).state == "done"


@ON_SQLITE
def test_an_address_that_is_corrected_after_the_order_was_made_waits_for_a_person_and_is_not_written(
    shop: Selling,
) -> None:
    shop.world.selling(addresses=True)
    receipt_id = shop.buys()
    shop.look()
    moves_to(shop, receipt_id, "CA")
    for _ in range(2):
        shop.look()
    kept = shop.receipt(receipt_id)
    assert (kept.state, kept.problem) == ("needs_person", GOES_ELSEWHERE)
    assert only(shop)["shipping_address"]["country_code"] == "us"
    shop.world.shipped(receipt_id)
    shop.look()
    assert (shop.receipt(receipt_id).state, shop.receipt(receipt_id).problem) == ("done", None)


@ON_SQLITE
def test_an_address_that_is_told_only_after_the_order_was_made_waits_for_a_person(shop: Selling) -> None:
    receipt_id = shop.buys()
    shop.look()
    shop.world.selling(addresses=True)
    for _ in range(2):
        shop.look()
    kept = shop.receipt(receipt_id)
    assert (kept.state, kept.problem, only(shop)["shipping_address"]) == ("needs_person", GOES_ELSEWHERE, None)
    shop.world.cancel(receipt_id)
    shop.look()
    assert (shop.receipt(receipt_id).state, shop.world.reservations()) == ("canceled", [])


@ON_SQLITE
def test_an_address_that_etsy_no_longer_tells_is_not_forgotten(shop: Selling) -> None:
    shop.world.selling(addresses=True)
    shop.set(region_id=None)
    receipt_id = shop.buys()
    shop.look()
    shop.world.selling(addresses=False)
    shop.world.refund(receipt_id, 1)
    shop.look()
    assert buyer_of(shop.store, shop.receipt(receipt_id))["address"]["country_iso"] == "US"


@ON_SQLITE
def test_without_an_address_there_is_an_order_all_the_same(shop: Selling) -> None:
    shop.buys()
    shop.look()
    assert only(shop)["shipping_address"] is None


@ON_SQLITE
def test_a_line_of_nobody_knows_what_makes_no_order_until_a_person_says(shop: Selling) -> None:
    receipt_id = shop.buys(bad="listing")
    shop.look()
    kept = shop.receipt(receipt_id)
    assert (shop.world.medusa_orders(), kept.state, shop.line(receipt_id).state) == ([], "needs_person", "needs_link")
    shop.chooses(receipt_id)
    shop.look()
    assert (len(shop.world.medusa_orders()), shop.receipt(receipt_id).state) == (1, "done")


@ON_SQLITE
def test_what_waits_for_a_person_is_reserved_meanwhile_and_then_its_order_takes_over(shop: Selling) -> None:
    before = shop.world.medusa_stock(shop.variant)["available"]
    shop.set(region_id="reg_sandbox_us")
    receipt_id = shop.buys(2)
    for _ in range(2):
        shop.look()
    assert (shop.world.medusa_orders(), shop.receipt(receipt_id).state) == ([], "needs_person")
    assert shop.line(receipt_id).state == "booked"
    assert [item["quantity"] for item in shop.world.reservations()] == [2]
    shop.set(**ORDERS)
    shop.look()
    assert (shop.receipt(receipt_id).state, shop.line(receipt_id).state) == ("done", "booked")
    (reservation,) = shop.world.reservations()
    assert reservation["line_item_id"]
    assert shop.world.medusa_stock(shop.variant)["available"] == before - 2
    assert shop.movements(receipt_id) == []


@ON_SQLITE
def test_what_is_reserved_meanwhile_comes_back_with_a_cancellation(shop: Selling) -> None:
    before = shop.world.medusa_stock(shop.variant)
    shop.set(region_id=None)
    receipt_id = shop.buys(2)
    shop.look()
    shop.world.cancel(receipt_id)
    shop.look()
    assert (shop.receipt(receipt_id).state, shop.line(receipt_id).state) == ("canceled", "returned")
    assert shop.world.medusa_stock(shop.variant) == before


@ON_SQLITE
def test_what_nothing_is_to_be_booked_for_is_a_line_of_words(shop: Selling) -> None:
    receipt_id = shop.buys(bad="listing")
    shop.look()
    shop.books_nothing(receipt_id)
    shop.look()
    (item,) = only(shop)["items"]
    assert (item["variant_id"], shop.world.reservations()) == (None, [])
    assert shop.receipt(receipt_id).state == "done"


@ON_SQLITE
def test_what_is_oversold_makes_no_order_until_it_is_there(shop: Selling) -> None:
    shop.world.restock(shop.variant, 1)
    receipt_id = shop.buys(2)
    shop.look()
    assert (shop.world.medusa_orders(), shop.receipt(receipt_id).state) == ([], "needs_person")
    assert shop.line(receipt_id).state == "oversold"
    shop.world.restock(shop.variant, 2)
    shop.look()
    assert (len(shop.world.medusa_orders()), shop.line(receipt_id).state) == (1, "booked")


@ON_SQLITE
def test_two_lines_of_the_same_thing_are_counted_together(shop: Selling) -> None:
    shop.world.restock(shop.variant, 2)
    receipt_id = shop.buys(1, lines=[{"listing_id": shop.listing_id, "quantity": 2, "sku": None}])
    shop.look()
    assert "oversold" in {line.state for line in shop.lines(receipt_id)}
    assert shop.world.medusa_orders() == []


@ON_SQLITE
def test_of_two_orders_for_the_last_pieces_one_is_made(shop: Selling) -> None:
    shop.world.restock(shop.variant, 2)
    first, second = shop.buys(2), shop.buys(1)
    shop.look()
    assert [shop.receipt(receipt_id).state for receipt_id in (first, second)] == ["done", "needs_person"]
    assert shop.world.medusa_stock(shop.variant)["available"] == 0


@ON_SQLITE
@pytest.mark.parametrize("bad", ["currency", "money", "quantity"])
def test_what_does_not_agree_is_refused(shop: Selling, bad: str) -> None:
    receipt_id = shop.buys(bad=bad)
    shop.look()
    kept = shop.receipt(receipt_id)
    assert (shop.world.medusa_orders(), kept.state) == ([], "needs_person")
    assert kept.problem


@ON_SQLITE
@pytest.mark.parametrize(
    ("setting", "value", "told"),
    [
        ("region_id", None, "set orders.region_id"),
        ("region_id", "reg_none", "no region reg_none"),
        ("region_id", "reg_sandbox_us", "switch automatic taxes off"),
        ("region_id", "reg_sandbox_etsy_eur", "is in EUR, the shop is in USD"),
        ("shipping_option_id", None, "set orders.shipping_option_id"),
        ("sales_channel_id", "sc_none", "was not found"),
    ],
)
def test_settings_that_cannot_be_are_told_and_orders_wait(
    shop: Selling, setting: str, value: str | None, told: str
) -> None:
    shop.set(**{setting: value})
    receipt_id = shop.buys()
    shop.look()
    kept = shop.receipt(receipt_id)
    assert (shop.world.medusa_orders(), kept.state) == ([], "needs_person")
    assert told in (kept.problem or "")
    shop.set(**ORDERS)
    shop.look()
    assert shop.receipt(receipt_id).state == "done"


@ON_SQLITE
def test_what_is_not_paid_yet_waits(shop: Selling) -> None:
    receipt_id = shop.buys(is_paid=False)
    shop.look()
    assert (shop.world.medusa_orders(), shop.receipt(receipt_id).state) == ([], "open")
    shop.world.paid(receipt_id)
    shop.look()
    assert shop.receipt(receipt_id).state == "done"


@ON_SQLITE
def test_what_is_called_off_before_it_is_an_order_becomes_none(shop: Selling) -> None:
    receipt_id = shop.buys(is_paid=False)
    shop.look()
    shop.world.cancel(receipt_id)
    shop.look()
    assert (shop.world.medusa_orders(), shop.receipt(receipt_id).state) == ([], "canceled")
    assert (shop.line(receipt_id).state, shop.unbooked()) == ("nothing_to_book", OpenSales())


def test_a_cancellation_before_shipping_cancels_the_order_and_gives_the_stock_back_once(shop: Selling) -> None:
    before = shop.world.medusa_stock(shop.variant)
    receipt_id = shop.buys(2)
    shop.look()
    shop.world.cancel(receipt_id)
    for _ in range(2):
        shop.look()
    assert (only(shop)["status"], shop.world.medusa_stock(shop.variant)) == ("canceled", before)
    assert (shop.receipt(receipt_id).state, shop.line(receipt_id).state) == ("canceled", "returned")


@ON_SQLITE
def test_a_cancellation_of_what_medusa_has_packed_is_a_persons(shop: Selling) -> None:
    receipt_id = shop.buys()
    shop.look()
    shop.world.medusa_ships(only(shop)["id"], "RR1")
    shop.world.cancel(receipt_id)
    shop.look()
    assert only(shop)["status"] == "pending"
    assert "packed or shipped already" in (shop.receipt(receipt_id).problem or "")


@ON_SQLITE
def test_a_refund_in_full_is_a_persons_unless_the_shop_says_otherwise(shop: Selling) -> None:
    receipt_id = shop.buys()
    shop.look()
    shop.world.refund(receipt_id)
    shop.look()
    assert (only(shop)["status"], shop.receipt(receipt_id).state) == ("pending", "needs_person")
    shop.decides(receipt_id, gives_back=False)
    shop.look()
    assert (only(shop)["status"], shop.receipt(receipt_id).state) == ("pending", "done")


@ON_SQLITE
def test_what_is_to_come_back_of_an_order_in_medusa_comes_back_there(shop: Selling) -> None:
    receipt_id = shop.buys()
    shop.look()
    shop.world.refund(receipt_id)
    shop.look()
    with pytest.raises(BadRequest) as refused:
        shop.decides(receipt_id, gives_back=True)
    assert refused.value.code == "order_in_medusa"
    assert (only(shop)["status"], shop.line(receipt_id).state) == ("pending", "booked")


@ON_SQLITE
def test_an_order_that_was_canceled_in_medusa_alone_is_told(shop: Selling) -> None:
    receipt_id = shop.buys()
    shop.look()
    shop.world.medusa_sale_ends(only(shop)["id"], "canceled")
    shop.world.shipped(receipt_id)
    shop.look()
    kept = shop.receipt(receipt_id)
    assert (kept.state, "canceled in Medusa" in (kept.problem or "")) == ("needs_person", True)
    assert len(shop.world.medusa_orders()) == 1


@ON_SQLITE
def test_what_was_shipped_on_etsy_is_shipped_in_medusa_with_its_code(shop: Selling) -> None:
    receipt_id = shop.buys(2)
    shop.look()
    shop.world.shipped(receipt_id, tracking_code="RR1", carrier_name="usps")
    for _ in range(2):
        shop.look()
    order = only(shop)
    assert [label["tracking_number"] for parcel in order["fulfillments"] for label in parcel["labels"]] == ["RR1"]
    assert order["fulfillment_status"] == "shipped"
    assert shop.world.medusa_stock(shop.variant)["reserved"] == 0
    assert shop.receipt(receipt_id).problem is None
    shop.world.shipped(receipt_id, tracking_code="RR2", carrier_name="usps")
    shop.look()
    assert (shop.receipt(receipt_id).state, shop.receipt(receipt_id).problem) == ("done", TOO_LATE.format("RR2"))


@ON_SQLITE
def test_the_buyers_data_are_not_readable_in_the_database_and_go_after_a_while(shop: Selling) -> None:
    shop.world.selling(addresses=True)
    receipt_id = shop.buys(message="For my aunt Ottilie")
    shop.look()
    kept = shop.receipt(receipt_id)
    assert kept.details_encrypted
    assert "Ottilie" not in kept.details_encrypted
    assert "Ottilie" in str(buyer_of(shop.store, kept))
    now = shop.store.now()
    assert forget_buyers(shop.store, now + timedelta(days=29)) == 0
    with shop.store.writing() as session:  # of a newer version, say: data of buyers go all the same
        accounts.change(session, shop.account.id, api_config={"no_such_setting": 1})
    assert forget_buyers(shop.store, now + timedelta(days=31)) == 1
    assert buyer_of(shop.store, shop.receipt(receipt_id)) == {}


def forgotten(shop: Selling, receipt_id: int) -> None:
    """The database was put back to a moment when the order was just read."""
    with shop.store.writing() as session:
        blank = {"state": "open", "step": "", "medusa_draft_id": None, "medusa_order_id": None, "settled_at": None}
        receipts.change(session, shop.id, receipt_id, **blank)
        for line in sales.of_receipt(session, shop.id, receipt_id):
            sales.change(session, shop.id, line.transaction_id, state="waiting", booked_at=None)
            for movement in stock_movements.of_sale(session, shop.id, line.transaction_id):
                stock_movements.drop(session, movement)


@ON_SQLITE
def test_books_that_know_less_than_medusa_find_the_order_there(shop: Selling) -> None:
    shop.world.restock(shop.variant, 2)
    receipt_id = shop.buys(2)
    shop.look()
    order_id = only(shop)["id"]
    forgotten(shop, receipt_id)
    shop.look()
    assert (only(shop)["id"], shop.receipt(receipt_id).medusa_order_id) == (order_id, order_id)
    assert (shop.line(receipt_id).state, shop.world.medusa_stock(shop.variant)["available"]) == ("booked", 0)


@ON_SQLITE
def test_books_that_know_less_than_medusa_find_what_was_reserved_meanwhile(shop: Selling) -> None:
    shop.set(region_id=None)
    receipt_id = shop.buys(2)
    shop.look()
    forgotten(shop, receipt_id)
    shop.set(**ORDERS)
    for _ in range(2):
        shop.look()
    (reservation,) = shop.world.reservations()
    assert reservation["line_item_id"]
    assert shop.receipt(receipt_id).state == "done"


@ON_SQLITE
def test_buyers_data_are_readable_with_a_new_key_alone(shop: Selling) -> None:
    receipt_id = shop.buys(message="For my aunt Ottilie")
    shop.look()
    newer = new_key()
    both, alone = TokenCipher(f"{newer},{OLD_KEY}"), TokenCipher(newer)
    with shop.store.writing() as session:
        kept = receipts.get(session, shop.id, receipt_id)
        assert kept is not None
        plain = shop.store.cipher.decrypt(kept.details_encrypted or "")
        receipts.change(session, shop.id, receipt_id, details_encrypted=TokenCipher(OLD_KEY).encrypt(plain))
        for account in accounts.every(session):
            accounts.change(session, account.id, refresh_token_encrypted=None)
        accounts.rotate_secrets(session, both)
    assert "Ottilie" in alone.decrypt(shop.receipt(receipt_id).details_encrypted or "")
