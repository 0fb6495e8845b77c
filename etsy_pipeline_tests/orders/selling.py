"""A shop whose orders on Etsy are booked in Medusa: its listings, its buyers, and looks at what they bought."""

import json
import secrets
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import Any

from etsy_pipeline import wiring
from etsy_pipeline.accounts import configure, connect
from etsy_pipeline.catalogue.reservations import Reservations
from etsy_pipeline.etsy.oauth import code_from_redirect
from etsy_pipeline.etsy.receipts import EtsyReceipts
from etsy_pipeline.orders import by_hand
from etsy_pipeline.orders.rounds import Round, look
from etsy_pipeline.sales.guard import OpenSales
from etsy_pipeline.sandbox.consent import grant
from etsy_pipeline.store import open_sales, receipts, sales, stock_movements
from etsy_pipeline.store.accounts import settings_of
from etsy_pipeline.store.activity import Doer
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.receipts import KeptReceipt
from etsy_pipeline.store.sales import KeptSale
from etsy_pipeline.store.stock_movements import StockMovement
from etsy_pipeline.sync.sold import DeliveryOutcome, OrderEvent, note_event
from etsy_pipeline_tests.publishing.shop import Shop, variant_id
from etsy_pipeline_tests.world import World

LONG_AFTER = datetime(2100, 1, 1, tzinfo=UTC)

LONG_AGO = "2020-01-01T00:00:00Z"
ORDERS: dict[str, Any] = {
    "region_id": "reg_sandbox_etsy",
    "sales_channel_id": "sc_01M83WW4980JFKG0FS3QAZPGM0",
    "shipping_option_id": "so_sandbox_standard",
}
"""What mode `orders` needs of the sample Medusa."""


def connect_again(world: World, store: Store, account_id: str, shop: int = 1) -> None:
    """The seller consents to what the account asks for now."""
    oauth = wiring.oauth_of(world.settings)
    code, state = code_from_redirect(grant(connect.start(store, oauth, account_id).location, shop))
    connect.finish(store, oauth, wiring.client_for(world.settings, store), code=code, state=state)


class Selling(Shop):
    """A connected shop with a published product, whose orders are read."""

    @classmethod
    def of(
        cls,
        world: World,
        store: Store,
        mode: str = "stock",
        case: str = "clean",
        pieces: int | None = None,
        **orders: Any,
    ) -> "Selling":
        """A shop that sells one product, of which there are so many, and does this with orders."""
        shop = cls(world, store, world.connected(store))
        product_id = world.product_ids(case)[0]
        world.keep_only(product_id)
        if pieces is not None:
            world.restock(variant_id(shop, product_id), pieces)
        shop.sync()
        shop.set(mode=mode, since=LONG_AGO, **orders)
        connect_again(world, store, shop.id)
        shop.product_id = product_id
        return shop

    product_id = ""

    @property
    def listing_id(self) -> int:
        """Of its product."""
        return self.link(self.product_id).etsy_listing_id or 0

    @property
    def variant(self) -> str:
        """The first variant of its product."""
        return variant_id(self, self.product_id)

    def set(self, **orders: Any) -> None:
        """Change its settings about orders."""
        configure.configure(self.store, self.id, {f"orders.{name}": value for name, value in orders.items()})

    def buys(self, quantity: int = 1, **order: Any) -> int:
        """A purchase of its product on Etsy."""
        return self.world.buy(self.listing_id, quantity, **order)

    def look(self, *, at_once: bool = True) -> Round:
        """Look at its orders, and book them."""
        with (
            closing(wiring.receipt_client(self.world.settings, self.store, self.id, self.time)) as client,
            closing(self.reservations()) as medusa,
        ):
            return look(self.store, client, medusa, self.id, at_once=at_once)

    def receipt(self, receipt_id: int) -> KeptReceipt:
        """An order as it is kept."""
        with self.store.reading() as session:
            found = receipts.get(session, self.id, receipt_id)
        assert found is not None
        return found

    def is_kept(self, receipt_id: int) -> bool:
        """Whether an order is known at all."""
        with self.store.reading() as session:
            return receipts.get(session, self.id, receipt_id) is not None

    def lines(self, receipt_id: int) -> list[KeptSale]:
        """The lines of an order as they are kept."""
        with self.store.reading() as session:
            return sales.of_receipt(session, self.id, receipt_id)

    def line(self, receipt_id: int) -> KeptSale:
        """The only line of an order."""
        (found,) = self.lines(receipt_id)
        return found

    def movements(self, receipt_id: int) -> list[StockMovement]:
        """What was reserved and given back for the only line of an order."""
        with self.store.reading() as session:
            return stock_movements.of_sale(session, self.id, self.line(receipt_id).transaction_id)

    def unbooked(self, listing_id: int | None = None) -> OpenSales:
        """What Etsy sold of its listing and Medusa does not know of, as the loop guard asks for it."""
        listings = {listing_id or self.listing_id: self.product_id}
        with self.store.reading() as session:
            found = open_sales.of_listings(session, self.id, listings, LONG_AFTER)
        return next(iter(found.values()), OpenSales())

    def variants(self) -> list[dict[str, Any]]:
        """The variants of its product as Medusa has them."""
        row = self.world.sandbox.state.row("SELECT data FROM medusa_product WHERE id = ?", self.product_id)
        assert row is not None
        found: list[dict[str, Any]] = json.loads(row["data"])["variants"]
        return found

    def chooses(self, receipt_id: int) -> None:
        """A person says that an order's only line is of the first variant of its product."""
        with closing(self.reservations()) as medusa:
            number = self.line(receipt_id).transaction_id
            by_hand.choose_variant(
                self.store, medusa, self.id, number, product_id=self.product_id, variant_id=self.variant
            )

    def books_nothing(self, receipt_id: int) -> None:
        """A person says that nothing is to be booked for an order's only line."""
        by_hand.book_nothing(self.store, self.id, self.line(receipt_id).transaction_id)

    def decides(self, receipt_id: int, *, gives_back: bool) -> None:
        """A person says what the end of an order means."""
        with closing(self.reservations()) as medusa:
            by_hand.decide_end(self.store, medusa, self.id, receipt_id, gives_back=gives_back)

    def closes(self, receipt_id: int, reason: str, by: Doer | None = None) -> None:
        """A person closes an order that can never be made."""
        with closing(self.reservations()) as medusa:
            by_hand.close_order(self.store, medusa, self.id, receipt_id, reason=reason, by=by)

    def reservations(self) -> Reservations:
        """Medusa, as sales are booked in it."""
        return wiring.reservations_of(self.world.settings, settings_of(self.account).sold_from)

    @contextmanager
    def reservations_client(self) -> Iterator[Reservations]:
        """The same, closed at the end."""
        with closing(self.reservations()) as medusa:
            yield medusa

    @contextmanager
    def reading(self) -> Iterator[EtsyReceipts]:
        """Its orders on Etsy."""
        with closing(wiring.receipt_client(self.world.settings, self.store, self.id, self.time)) as client:
            yield client

    def told(self, receipt_id: int, name: str = "order.paid") -> DeliveryOutcome:
        """Etsy's webhook tells of an order, as it was verified."""
        address = f"https://etsy.test/v3/application/shops/{self.account.shop_id}/receipts/{receipt_id}"
        return note_event(self.store, OrderEvent(secrets.token_hex(8), name, self.account.shop_id, address))


def forget(store: Store, account_id: str, bought: Sequence[int]) -> None:
    """As if the database had been put back to before these orders were dealt with."""
    with store.writing() as session:
        for receipt_id in bought:
            values = {"state": "open", "medusa_draft_id": None, "medusa_order_id": None, "step": ""}
            receipts.change(session, account_id, receipt_id, **values)
            for line in sales.of_receipt(session, account_id, receipt_id):
                sales.change(session, account_id, line.transaction_id, state="waiting", booked_at=None)
