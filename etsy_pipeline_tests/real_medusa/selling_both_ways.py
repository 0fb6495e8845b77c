"""A shop on the local Etsy whose orders go to a real Medusa, and whose stock follows that Medusa."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from etsy_pipeline import wiring
from etsy_pipeline.accounts import configure
from etsy_pipeline.catalogue.inventory_levels import InventoryLevels
from etsy_pipeline.orders import dirty, stock_poll
from etsy_pipeline.orders.asking import asking
from etsy_pipeline.orders.rounds import Round, look
from etsy_pipeline.store import jobs, medusa_changes, receipts, sales
from etsy_pipeline.store.accounts import settings_of
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.receipts import KeptReceipt
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline_tests.orders.selling import LONG_AGO, connect_again
from etsy_pipeline_tests.real_medusa.goods import STALL, STUDIO, Good, Json
from etsy_pipeline_tests.real_medusa.seeding import Seed, named
from etsy_pipeline_tests.real_medusa.selling import RealShop, RealWorld
from etsy_pipeline_tests.world import a_world

TYPE = "sold on Etsy"
ORDER = "+payment_status,+email,+no_notification,*shipping_address,*items,*fulfillments,*fulfillments.labels"


class Etsys(NamedTuple):
    """What orders from Etsy get in Medusa: settings of mode `orders`, and the shipping profile of their products."""

    settings: Json
    profile: str


def etsys(seed: Seed) -> Etsys:
    """A region without taxes, a channel, and a way of shipping."""
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
    return Etsys(ids, profile)


class Sold(RealShop):
    """A shop of which some products are on Etsy, by their names in `goods`."""

    world: RealWorld
    seed: Seed
    goods: dict[str, Json]

    def set(self, mode: str, **orders: Any) -> None:
        """What becomes of its orders; the seller consents to it."""
        values = {"mode": mode, "since": LONG_AGO, **orders}
        configure.configure(self.store, self.id, {f"orders.{name}": value for name, value in values.items()})
        connect_again(self.world, self.store, self.id)

    def listing(self, name: str) -> int:
        """The listing of a product."""
        return self.link(self.goods[name]["id"]).etsy_listing_id or 0

    def line(self, name: str, quantity: int = 1, **more: Any) -> Json:
        """Another line of a purchase."""
        return {"listing_id": self.listing(name), "quantity": quantity, **more}

    def buys(self, name: str, quantity: int, **order: Any) -> int:
        """A purchase on Etsy; the receipt's id."""
        return self.world.buy(self.listing(name), quantity, **order)

    def look(self, times: int = 1) -> Round:
        """Look at its orders, and do in Medusa what they take; the last time."""
        settings = self.world.settings
        with (
            closing(wiring.receipt_client(settings, self.store, self.id)) as client,
            closing(wiring.reservations_of(settings, settings_of(self.account).sold_from)) as medusa,
        ):
            rounds = [look(self.store, client, medusa, self.id, at_once=True) for _ in range(times)]
        assert [str(problem) for found in rounds for problem in found.problems] == []
        return rounds[-1]

    def receipt(self, receipt_id: int) -> KeptReceipt:
        """An order as it is kept."""
        with self.store.reading() as session:
            found = receipts.get(session, self.id, receipt_id)
        assert found is not None
        return found

    def states(self, receipt_id: int) -> list[str]:
        """How its lines stand."""
        with self.store.reading() as session:
            return [line.state for line in sales.of_receipt(session, self.id, receipt_id)]

    def order(self, receipt_id: int) -> Json:
        """The order that it became in Medusa."""
        found: Json = self.seed.server.get(f"orders/{self.receipt(receipt_id).medusa_order_id}", fields=ORDER)["order"]
        return found

    def sells_in_medusa(self, name: str, quantity: int, etsys: Etsys) -> str:
        """A sale in Medusa's own shop, in the way that reserves; the order's id."""
        line = {"variant_id": self.goods[name]["variants"][0]["id"], "quantity": quantity, "unit_price": 1}
        body = {name: etsys.settings[name] for name in ("region_id", "sales_channel_id")}
        draft = self.seed.server.post("draft-orders", {**body, "email": "buyer@example.invalid", "items": [line]})
        return str(self.seed.server.post(f"draft-orders/{draft['draft_order']['id']}/convert-to-order")["order"]["id"])

    def stock(self, name: str) -> list[tuple[int, int]]:
        """Stocked and reserved, of each inventory item of a product's first variant."""
        fields = "location_levels.stocked_quantity,location_levels.reserved_quantity"
        found = []
        for item_id in self.parts(name):
            item = self.seed.server.get(f"inventory-items/{item_id}", fields=fields)["inventory_item"]
            (level,) = item["location_levels"]
            found.append((level["stocked_quantity"], level["reserved_quantity"]))
        return found

    def places(self, name: str) -> dict[str, tuple[int, int]]:
        """Stocked and reserved at each location, of the first inventory item of a product's first variant."""
        fields = ",".join(
            f"location_levels.{name}" for name in ("location_id", "stocked_quantity", "reserved_quantity")
        )
        item = self.seed.server.get(f"inventory-items/{self.parts(name)[0]}", fields=fields)["inventory_item"]
        names = {self.seed.id_of("stock-locations", name): name for name in (STUDIO, STALL)}
        return {
            names[level["location_id"]]: (level["stocked_quantity"], level["reserved_quantity"])
            for level in item["location_levels"]
        }

    def parts(self, name: str) -> list[str]:
        """The inventory items of a product's first variant."""
        return [item["inventory_item_id"] for item in self.goods[name]["variants"][0]["inventory_items"]]

    def for_sale(self, name: str) -> int:
        """What a buyer finds on Etsy of a product's first variation."""
        shown = self.world.etsy("GET", f"listings/{self.listing(name)}")["inventory"]["products"]
        return int(shown[0]["offerings"][0]["quantity"])

    @contextmanager
    def levels(self) -> Iterator[InventoryLevels]:
        """Medusa's stock."""
        with closing(wiring.inventory_levels_of(self.world.settings)) as found:
            yield found

    def begins_to_follow(self) -> None:
        """From now on its stock on Etsy follows Medusa."""
        configure.configure(self.store, self.id, {"stock_poll_minutes": 1})
        with self.levels() as levels:
            stock_poll.look_at_stock(self.store, levels)
        with self.store.writing() as session:
            medusa_changes.drop(session, medusa_changes.of_kinds(session, dirty.KINDS))

    def follows(self, *, looks: bool = True) -> list[EtsySyncJob]:
        """What changed in Medusa becomes syncs; these are published. With `looks` its stock is looked at before."""
        with self.levels() as levels:
            if looks:
                stock_poll.look_at_stock(self.store, levels)
            asked = dirty.fold(
                self.store, levels, quiet_seconds=0, look_at_stock=lambda: stock_poll.look_at_stock(self.store, levels)
            )
        found = []
        for transaction_id in asked.transaction_ids:
            with self.store.reading() as session:
                selection = jobs.get(session, transaction_id).requested_selection
            assert selection is not None
            found.append(self._publishes(transaction_id, selection.product_ids))
        return found

    def plans(self, product_ids: Sequence[str], transaction_id: str | None = None) -> EtsySyncJob:
        """A plan of the stock of products, as the real thing makes it: what was sold is asked for."""
        read_at = self.store.now()
        chosen = [item for item in self.products() if item.product_id in product_ids]
        return self.plan(
            transaction_id=transaction_id, trigger="stock", validated=chosen, covers_selection=False,
            stock_read_at=read_at, ask_orders=self._ask(),
        )  # fmt: skip

    def _publishes(self, transaction_id: str, product_ids: Sequence[str]) -> EtsySyncJob:
        job = self.plans(product_ids, transaction_id)
        self.approve(job)
        return self.publish(job, ask_orders=self._ask())

    def _ask(self) -> Callable[[], object]:
        return asking(self.store, lambda: wiring.receipt_client(self.world.settings, self.store, self.id), self.id)


@contextmanager
def selling(seed: Seed, store: Store, folder: Path, profile: str, *goods: Good) -> Iterator[Sold]:
    """A shop with these products on Etsy. They, and what is reserved of them, are gone afterwards.

    Medusa keeps the orders of earlier tests, and they are found by their numbers on Etsy: each test has its own.
    """
    with a_world(folder) as made:
        for name in ("receipt", "transaction"):
            made.sandbox.state.number(name, 10**10 + secrets.randbelow(10**12))
        world, type_id = RealWorld(made.sandbox, seed.picture_server), seed.id_of("product-types", TYPE)
        shop = Sold(world, store, world.connected(store), type_id)
        shop.seed, shop.goods = seed, seed.make(goods, type_id=type_id, shipping_profile_id=profile)
        try:
            assert shop.sync().synced_count == len(goods)
            yield shop
        finally:
            for product in shop.goods.values():
                seed.remove(product["id"])
