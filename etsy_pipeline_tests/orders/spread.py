"""A shop whose product lies at two stock locations."""

from collections.abc import Iterator
from typing import Any

from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.orders.selling import ORDERS, Selling
from etsy_pipeline_tests.world import World


class Spread(Selling):
    """A shop whose product is at two locations."""

    @property
    def places(self) -> list[str]:
        """The locations that have its product, in their order."""
        return sorted(level["location_id"] for level in self.levels())

    def levels(self, variant: str | None = None) -> list[dict[str, Any]]:
        """What is where of a variant's first inventory item."""
        rows = self.world.sandbox.state.rows(
            "SELECT * FROM medusa_level WHERE inventory_item_id = "
            "(SELECT min(id) FROM medusa_item WHERE variant_id = ?) ORDER BY location_id",
            variant or self.variant,
        )
        return [dict(row) for row in rows]

    def puts(self, *stocked: int, variant: str | None = None) -> None:
        """So many pieces at each location."""
        for place, count in zip(self.places, stocked, strict=True):
            body = {"stocked": count, "location_id": place}
            assert "error" not in self.world.medusa("PUT", f"levels/{variant or self.variant}", body)

    def available(self, variant: str | None = None) -> list[int]:
        """What is left at each location."""
        return [level["stocked_quantity"] - level["reserved_quantity"] for level in self.levels(variant)]

    def stocked(self) -> list[int]:
        """What lies at each location."""
        return [level["stocked_quantity"] for level in self.levels()]

    def changes_variants(self, **values: Any) -> None:
        """The owner changes all variants of its product in Medusa."""
        rows = [variant | values for variant in self.variants()]
        self.world.medusa("PATCH", f"products/{self.product_id}", {"set": {"variants": rows}})

    def order(self) -> dict[str, Any]:
        """The one order of ours in Medusa."""
        (found,) = (order for order in self.world.medusa_orders() if (order["metadata"] or {}).get("etsy_receipt"))
        return found


def at_two_locations(world: World, store: Store) -> Iterator[Spread]:
    """Such a shop in mode `orders`, as a fixture."""
    made = Spread.of(world, store, mode="orders", case="two_locations", pieces=40, **ORDERS)
    assert isinstance(made, Spread)
    yield made
    store.clock = None
