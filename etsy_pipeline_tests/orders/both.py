"""A shop whose stock goes both ways, as the real thing plans and publishes it; and what may be away meanwhile."""

from collections.abc import Sequence
from typing import Any

from etsy_pipeline import wiring
from etsy_pipeline.errors import Unavailable
from etsy_pipeline.orders.asking import asking, book_before_stock_is_read
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline_tests.orders.selling import Selling

PIECES = 10


class Both(Selling):
    """A shop that plans and publishes as the real thing does: orders are read before the stock, and after listings."""

    def ask(self) -> None:
        """Read what changed of its orders, and find no variant yet."""
        asking(self.store, lambda: wiring.receipt_client(self.world.settings, self.store, self.id), self.id)()

    def book(self) -> str:
        """Read and book its orders."""
        settings = self.world.settings
        return book_before_stock_is_read(
            self.store, lambda: wiring.receipt_client(settings, self.store, self.id), self.reservations, self.id
        )

    def plan_now(self, **changes: Any) -> EtsySyncJob:
        """The plan of everything."""
        read_at = self.store.now()
        products = list(self.products())
        values: dict[str, Any] = {"validated": products, "stock_read_at": read_at, "ask_orders": self.ask}
        return self.plan(**(values | changes))

    def carry_out(self, job: EtsySyncJob, **changes: Any) -> EtsySyncJob:
        """Approve a plan, and publish it."""
        self.approve(job)
        values: dict[str, Any] = {"ask_orders": self.ask}
        return self.publish(job, **(values | changes))

    def goes_both_ways(self) -> EtsySyncJob:
        """All of it once."""
        self.book()
        return self.carry_out(self.plan_now())

    def for_sale(self) -> int:
        """Pieces of its product on Etsy."""
        client = wiring.shop_client(self.world.settings, self.store, self.id)
        found = client.live_listings([self.listing_id])[self.listing_id].inventory
        assert found is not None
        return sum(item.for_sale for item in found.offerings)

    def reason(self, job: EtsySyncJob) -> str:
        """Why the plan does what it does to its product."""
        (item,) = self.items(job)
        return item.plan.reason


def cannot_be_read() -> None:
    """Orders that cannot be read."""
    raise Unavailable("Etsy is away.", code="etsy_unavailable", hint="Later.")


def medusa_is_away(_: Sequence[str]) -> Any:
    """A Medusa that cannot be asked."""
    raise Unavailable("Medusa is away.", code="medusa_unavailable", hint="Later.")
