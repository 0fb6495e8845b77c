"""From Etsy's webhook to the next publication: what was sold is never offered again, whatever Medusa still says."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from etsy_pipeline import wiring
from etsy_pipeline.accounts import configure
from etsy_pipeline.planning.link import LiveListing
from etsy_pipeline.store import webhooks
from etsy_pipeline.store.engine import Store
from etsy_pipeline.sync import queries
from etsy_pipeline_tests.api.events import deliver
from etsy_pipeline_tests.api.serving import WEBHOOK_SECRET, client_of, serving
from etsy_pipeline_tests.publishing.shop import Shop, variant_id
from etsy_pipeline_tests.world import SHOP_ID, a_world

STOCK, SOLD = 10, 3


pytestmark = pytest.mark.usefixtures("no_waiting")


@pytest.fixture
def shop(store: Store, tmp_path: Path) -> Iterator["Selling"]:
    """A shop with one product on Etsy, ten pieces of it."""
    with a_world(tmp_path) as world:
        selling = Selling(world, store, world.connected(store))
        selling.put_on_etsy()
        yield selling


class Selling(Shop):
    """A shop that sells pieces on Etsy."""

    def put_on_etsy(self) -> None:
        self.product_id = self.world.product_ids("clean")[0]
        self.world.keep_only(self.product_id)
        self.in_medusa(stock=STOCK)
        assert self.sync().synced_count == 1

    def in_medusa(self, **variant: Any) -> None:
        change = {"variants": {variant_id(self, self.product_id): variant}}
        self.world.medusa("PATCH", f"products/{self.product_id}", change)

    def sell(self, *, receipt: int = 3131) -> None:
        """A buyer takes pieces, and Etsy tells of it over HTTP."""
        listing_id = self.link(self.product_id).etsy_listing_id
        self.world.etsy("PATCH", f"listings/{listing_id}", {"quantity": self.pieces() - SOLD})
        settings = self.world.settings_with(etsy_webhook_secret=WEBHOOK_SECRET)
        event = {"event_type": "order.paid", "resource_url": f"https://x.test/receipts/{receipt}", "shop_id": SHOP_ID}
        with serving(settings, self.store) as url, client_of(url) as api:
            assert deliver(api, event, webhook_id=f"msg_{receipt}").json() == {"status": "stored"}

    def live(self, listing_ids: Sequence[int]) -> Mapping[int, LiveListing]:
        return wiring.shop_client(self.world.settings, self.store, self.id).live_listings(listing_ids)

    def pieces(self) -> int:
        """How many Etsy offers."""
        (listing,) = self.live([self.link(self.product_id).etsy_listing_id or 0]).values()
        assert listing.inventory is not None
        return sum(offering.for_sale for offering in listing.inventory.offerings)

    def marks(self) -> list[int]:
        with self.store.reading() as session:
            return [mark.receipt_id for mark in webhooks.sold_marks(session, SHOP_ID)]


def test_a_plan_after_a_sale_reads_what_is_left_and_offers_no_more(shop: Selling) -> None:
    """Medusa still has the old stock, and a new price takes all quantities along."""
    shop.sell()
    shop.in_medusa(price={"usd": 77})
    assert shop.sync().synced_count == 1
    assert shop.pieces() == STOCK - SOLD
    assert shop.marks() == [], "it was looked at"
    shop.in_medusa(price={"usd": 78})
    shop.sync()
    assert shop.pieces() == STOCK - SOLD, "nor does a later one, without a mark"


def test_it_is_read_also_where_the_shop_does_not_want_live_listings_read(shop: Selling) -> None:
    configure.configure(shop.store, shop.id, {"check_live": False})
    reads: list[int] = []

    def live(listing_ids: Sequence[int]) -> Mapping[int, LiveListing]:
        reads.extend(listing_ids)
        return shop.live(listing_ids)

    shop.plan(live_of=live)
    assert reads == []
    shop.sell()
    shop.in_medusa(price={"usd": 77})
    job = shop.plan(live_of=live)
    assert (len(reads), shop.marks()) == (1, [])
    shop.approve(job)
    shop.publish(job)
    assert shop.pieces() == STOCK - SOLD
    shop.plan(live_of=live)
    assert len(reads) == 1, "once is enough"


def test_while_it_cannot_be_read_its_stock_is_held_back(shop: Selling) -> None:
    shop.sell()
    shop.in_medusa(price={"usd": 77}, stock=50)
    job = shop.plan(live_of=lambda _: {})
    (item,) = queries.plan_items(shop.store, job.transaction_id)
    assert (item.plan.action, [brake.code for brake in item.plan.brakes]) == ("skip", ["stock_unread"])
    assert "held back" in item.plan.reason
    shop.approve(job)
    shop.publish(job)
    assert (shop.pieces(), shop.marks()) == (STOCK - SOLD, [3131]), "nothing was sent, and the mark stays"
    assert shop.sync().synced_count == 1, "as soon as it can be read"
    assert (shop.pieces(), shop.marks()) == (50, []), "Medusa's stock has risen: that is new"


def test_a_plan_of_some_products_leaves_the_mark_for_one_of_all(shop: Selling) -> None:
    """Etsy's event does not say what was sold."""
    shop.sell()
    shop.plan(covers_selection=False)
    assert shop.marks() == [3131]
    shop.plan()
    assert shop.marks() == []


def test_an_order_that_comes_in_while_the_plan_is_drawn_up_is_left_for_the_next_one(shop: Selling) -> None:
    shop.sell(receipt=1)

    def live(listing_ids: Sequence[int]) -> Mapping[int, LiveListing]:
        found = shop.live(listing_ids)
        shop.sell(receipt=2)
        return found

    shop.plan(live_of=live)
    assert shop.marks() == [2]
    shop.in_medusa(price={"usd": 77})
    shop.sync()
    assert (shop.pieces(), shop.marks()) == (STOCK - 2 * SOLD, [])


def test_an_order_of_another_shop_is_no_business_of_this_one(shop: Selling) -> None:
    other = shop.world.connected(shop.store, shop=2)
    shop.sell()
    shop.in_medusa(price={"usd": 77})
    with shop.store.reading() as session:
        assert webhooks.sold_marks(session, 51_000_002) == []
    shop.plan(account_id=other.id, validated=[])
    assert shop.marks() == [3131]
