"""Sales on Etsy in a real Medusa: reserved there, or made orders of, paid, shipped and called off, once each."""

import secrets
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from etsy_pipeline import wiring
from etsy_pipeline.accounts import configure
from etsy_pipeline.orders.rounds import Round, look
from etsy_pipeline.store import receipts, sales
from etsy_pipeline.store.accounts import settings_of
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.receipts import KeptReceipt
from etsy_pipeline_tests.orders.selling import LONG_AGO, connect_again
from etsy_pipeline_tests.real_medusa.goods import STUDIO, Json, a_good
from etsy_pipeline_tests.real_medusa.seeding import Seed, named
from etsy_pipeline_tests.real_medusa.selling import RealShop, RealWorld
from etsy_pipeline_tests.real_medusa.server import ON_DEMAND
from etsy_pipeline_tests.world import a_world

pytestmark = ON_DEMAND
TYPE, GOOD, PIECES = "sold on Etsy", "sold", 5


@pytest.fixture(scope="module")
def etsys(seed: Seed) -> Json:
    """What an order from Etsy gets: a region without taxes, a channel, and a way of shipping for its products."""
    server, place, mark = seed.server, seed.id_of("stock-locations", STUDIO), secrets.token_hex(4)
    profile = server.post("shipping-profiles", {"name": named(mark), "type": "default"})["shipping_profile"]["id"]
    region = {"name": named(f"Etsy {mark}"), "currency_code": "usd", "automatic_taxes": False}
    region_id = server.post("regions", region)["region"]["id"]
    server.post(f"stock-locations/{place}/fulfillment-providers", {"add": ["manual_manual"]})
    made = server.post(
        f"stock-locations/{place}/fulfillment-sets",
        {"name": named(mark), "type": "shipping"},
        fields="*fulfillment_sets",
    )
    set_id = made["stock_location"]["fulfillment_sets"][-1]["id"]
    zone = {"name": named(mark), "geo_zones": [{"type": "country", "country_code": "us"}]}
    made = server.post(f"fulfillment-sets/{set_id}/service-zones", zone, fields="*service_zones")
    option = {
        "name": named(mark), "service_zone_id": made["fulfillment_set"]["service_zones"][-1]["id"],
        "shipping_profile_id": profile, "provider_id": "manual_manual", "price_type": "flat",
        "type": {"label": "Etsy", "description": "Etsy", "code": "etsy"},
        "prices": [{"currency_code": "usd", "amount": 0}],
    }  # fmt: skip
    option_id = server.post("shipping-options", option)["shipping_option"]["id"]
    channel_id = seed.id_of("sales-channels", "shop")
    ids = {"region_id": region_id, "sales_channel_id": channel_id, "shipping_option_id": option_id}
    return {"profile": profile, "settings": ids}


class Sold(RealShop):
    """A shop of which one product is on Etsy."""

    product: Json

    def set(self, **orders: Any) -> None:
        configure.configure(self.store, self.id, {f"orders.{name}": value for name, value in orders.items()})
        connect_again(self.world, self.store, self.id)

    def buys(self, quantity: int, **order: Any) -> int:
        return self.world.buy(self.link(self.product["id"]).etsy_listing_id or 0, quantity, **order)

    def look(self) -> Round:
        settings = self.world.settings
        sold_from = settings_of(self.account).sold_from
        with (
            closing(wiring.receipt_client(settings, self.store, self.id)) as client,
            closing(wiring.reservations_of(settings, sold_from)) as medusa,
        ):
            found = look(self.store, client, medusa, self.id, at_once=True)
        assert [str(problem) for problem in found.problems] == []
        return found

    def receipt(self, receipt_id: int) -> KeptReceipt:
        with self.store.reading() as session:
            found = receipts.get(session, self.id, receipt_id)
        assert found is not None
        return found

    def states(self, receipt_id: int) -> list[str]:
        with self.store.reading() as session:
            return [line.state for line in sales.of_receipt(session, self.id, receipt_id)]


@pytest.fixture
def shop(seed: Seed, etsys: Json, sqlite_store: Store, tmp_path: Path) -> Iterator[Sold]:
    with a_world(tmp_path) as made:
        world = RealWorld(made.sandbox, seed.picture_server)
        account = world.connected(sqlite_store)
        sold = Sold(world, sqlite_store, account, seed.id_of("product-types", TYPE))
        more = {"type_id": seed.id_of("product-types", TYPE), "shipping_profile_id": etsys["profile"]}
        (sold.product,) = seed.make([a_good(GOOD)], **more).values()
        assert sold.sync().synced_count == 1
        yield sold
        for row in seed.server.every("reservations", "id,description,inventory_item_id"):
            if row["inventory_item_id"] == item_of(sold):
                seed.server.delete(f"reservations/{row['id']}")
        seed.server.delete(f"products/{sold.product['id']}")


def item_of(shop: Sold) -> str:
    """The inventory item of its only variant."""
    return str(shop.product["variants"][0]["inventory_items"][0]["inventory_item_id"])


def stock(seed: Seed, shop: Sold) -> tuple[int, int]:
    """Stocked and reserved."""
    fields = "location_levels.stocked_quantity,location_levels.reserved_quantity"
    (level,) = seed.server.get(f"inventory-items/{item_of(shop)}", fields=fields)["inventory_item"]["location_levels"]
    return level["stocked_quantity"], level["reserved_quantity"]


def test_a_sale_is_reserved_and_given_back_once(seed: Seed, shop: Sold) -> None:
    shop.set(mode="stock", since=LONG_AGO)
    receipt_id = shop.buys(2)
    for _ in range(2):
        shop.look()
    assert (shop.states(receipt_id), stock(seed, shop)) == (["booked"], (PIECES, 2))
    shop.world.cancel(receipt_id)
    for _ in range(2):
        shop.look()
    assert (shop.states(receipt_id), stock(seed, shop)) == (["returned"], (PIECES, 0))


def test_more_than_there_is_is_oversold(seed: Seed, shop: Sold) -> None:
    shop.set(mode="stock", since=LONG_AGO)
    first, second = shop.buys(3), shop.buys(2)
    seed.server.post(
        f"inventory-items/{item_of(shop)}/location-levels/{seed.id_of('stock-locations', STUDIO)}",
        {"stocked_quantity": 4},
    )
    shop.look()
    assert (shop.states(first), shop.states(second), stock(seed, shop)) == (["booked"], ["oversold"], (4, 3))


def test_an_order_is_made_paid_and_shipped_with_amounts_that_agree(seed: Seed, shop: Sold, etsys: Json) -> None:
    shop.set(mode="orders", since=LONG_AGO, **etsys["settings"])
    receipt_id = shop.buys(3, shipping=4.99, tax=3.2, discount=1, personalization="Ada")
    for _ in range(2):
        shop.look()
    kept = shop.receipt(receipt_id)
    assert (kept.state, kept.problem, shop.states(receipt_id)) == ("done", None, ["booked"])
    assert stock(seed, shop) == (PIECES, 3)
    order = seed.server.get(f"orders/{kept.medusa_order_id}", fields="+payment_status,+email")["order"]
    assert order["total"] == pytest.approx(float(kept.totals["grand"]) - 3.2)
    assert (order["payment_status"], order["email"]) == ("captured", f"etsy-{receipt_id}@etsy.invalid")
    shop.world.shipped(receipt_id, tracking_code="RR1", carrier_name="usps")
    for _ in range(2):
        shop.look()
    assert (shop.receipt(receipt_id).problem, stock(seed, shop)) == (None, (PIECES - 3, 0))
    shown = seed.server.get(f"orders/{kept.medusa_order_id}", fields="*fulfillments,*fulfillments.labels")["order"]
    assert [item["tracking_number"] for parcel in shown["fulfillments"] for item in parcel["labels"]] == ["RR1"]


def test_a_cancellation_cancels_the_order(seed: Seed, shop: Sold, etsys: Json) -> None:
    shop.set(mode="orders", since=LONG_AGO, **etsys["settings"])
    receipt_id = shop.buys(2)
    shop.look()
    assert stock(seed, shop) == (PIECES, 2)
    shop.world.cancel(receipt_id)
    for _ in range(2):
        shop.look()
    kept = shop.receipt(receipt_id)
    assert (kept.state, shop.states(receipt_id), stock(seed, shop)) == ("canceled", ["returned"], (PIECES, 0))
    assert seed.server.get(f"orders/{kept.medusa_order_id}")["order"]["status"] == "canceled"


def test_a_parcel_of_medusas_is_told_to_etsy_once(seed: Seed, shop: Sold, etsys: Json) -> None:
    shop.set(mode="orders", since=LONG_AGO, send_tracking=True, **etsys["settings"])
    receipt_id = shop.buys(1)
    shop.look()
    path = f"orders/{shop.receipt(receipt_id).medusa_order_id}"
    items = [{"id": item["id"], "quantity": 1} for item in seed.server.get(path)["order"]["items"]]
    order = seed.server.post(f"{path}/fulfillments", {"items": items}, fields="*fulfillments")["order"]
    label = {"tracking_number": "RR1", "tracking_url": "https://tools.usps.com/go?q=RR1", "label_url": ""}
    shipment = {"items": items, "labels": [label]}
    seed.server.post(f"{path}/fulfillments/{order['fulfillments'][0]['id']}/shipments", shipment)
    for _ in range(3):
        shop.look()
    seen = shop.world.receipt(receipt_id)
    assert [(item["tracking_code"], item["carrier_name"]) for item in seen["shipments"]] == [("RR1", "usps")]
    assert seen["mails"] == 1
