"""The owner of a shop with a history: lists by hand, looks through the shop, plans, and decides what belongs together."""

import copy
import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

from etsy_pipeline import wiring
from etsy_pipeline.planning.plan_item import PlanItem
from etsy_pipeline.shop.decide import decide, decide_one
from etsy_pipeline.shop.link_requests import Act, Decided, LinkRequest, Said
from etsy_pipeline.shop.scan import scan
from etsy_pipeline.store import link_candidates, link_decisions
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsyAccount, EtsySyncJob, LinkDecision, ShopScan
from etsy_pipeline_tests.publishing.shop import Shop
from etsy_pipeline_tests.sandbox.by_hand import listed
from etsy_pipeline_tests.world import World

ADA = Said("Ada", "cli")


class Owner(Shop):
    """A connected shop whose Medusa has nothing yet, and its owner's acts."""

    def __init__(self, world: World, store: Store, account: EtsyAccount) -> None:
        super().__init__(world, store, account)
        self._sample = _any_product()

    def sells(self, product_id: str, sku: str = "", sizes: tuple[str, ...] = (), **changes: Any) -> str:
        """Medusa has a product from now on: one piece of each SKU; in sizes, where it has some, SKUs end in these."""
        made = copy.deepcopy(self._sample)
        price, stock = changes.pop("price", 20), changes.pop("stock", 5)
        made |= {"id": product_id, "handle": product_id, "title": f"Bowl {product_id}", "external_id": product_id}
        made["variants"] = [_variant(made, size, sku, price, stock) for size in sizes or ("",)]
        if sizes:
            made["options"] = [{"id": "opt_1", "title": "Size", "values": [{"value": size} for size in sizes]}]
        made["metadata"] = made["metadata"] | changes.pop("metadata", {})
        self.world.medusa("POST", "products", made | changes)
        return product_id

    def lists(self, title: str = "Old bowl", **listing: Any) -> int:
        """A listing made by hand."""
        return listed(self.world, {"title": title, "description": "Sold since 2019.", "tags": ["old"]} | listing)[0]

    def has_three_candidates(self) -> None:
        """Two certain ones, and a product that two listings may be, after a look and a plan."""
        for number in (1, 2, 3, 3):
            self.lists(f"Old bowl {number}", sku=f"BOWL-{number}")
        for number in (1, 2, 3):
            self.sells(f"prod_{number}", f"BOWL-{number}")
        self.looks_and_plans()

    def looks(self) -> ShopScan:
        """A whole look through the shop."""
        return scan(self.store, wiring.shop_client(self.world.settings, self.store, self.id), self.id)

    def looks_and_plans(self) -> EtsySyncJob:
        """A look through the shop, and a plan of everything."""
        self.looks()
        return self.plan()

    def planned(self, job: EtsySyncJob) -> dict[str, PlanItem]:
        """The items of a plan by product."""
        return {item.product_id: item.plan for item in self.items(job)}

    def decides(self, act: Act, product_id: str = "", listing_id: int | None = None, **more: Any) -> None:
        """Ada decides one thing."""
        readers = wiring.link_readers(self.world.settings, self.store, self.id)
        decide_one(self.store, self.id, LinkRequest(act, product_id, listing_id, **more), ADA, readers)

    def decides_all(self, *requests: LinkRequest, partial: bool = False) -> Decided:
        """Ada decides several things at once."""
        readers = wiring.link_readers(self.world.settings, self.store, self.id)
        return decide(self.store, self.id, requests, ADA, readers, partial=partial)

    def candidates(self) -> dict[tuple[str, int], str]:
        """What waits for a decision: (product, listing) → class."""
        with self.store.reading() as session:
            found = link_candidates.of_account(session, self.id)
        return {(item.product_id, item.listing_id): item.kind for item in found}

    def log(self) -> list[LinkDecision]:
        """What was decided, the first first."""
        with self.store.reading() as session:
            return link_decisions.log(session, self.id)[0][::-1]

    def writes(self) -> int:
        """How many writing calls Etsy has had."""
        sql = "SELECT COUNT(*) AS n FROM request_log WHERE method <> 'GET'"
        row = self.world.sandbox.state.row(sql)
        assert row is not None
        return int(row["n"])

    def on_etsy(self, listing_id: int) -> dict[str, Any]:
        """A listing as Etsy has it."""
        found: dict[str, Any] = self.world.etsy("GET", f"listings/{listing_id}")
        return found


@cache
def _any_product() -> dict[str, Any]:
    """A recorded product with one variant, with which nothing is wrong."""
    path = Path(__file__).parents[1] / "data" / "medusa-products.json.gz"
    for product in json.loads(gzip.decompress(path.read_bytes()))["products"]:
        if product["metadata"]["seed_case"] == "clean" and len(product["variants"]) == 1:
            return dict(product)
    raise AssertionError("there is none")


def _variant(product: dict[str, Any], size: str, sku: str, price: float, stock: int) -> dict[str, Any]:
    variant: dict[str, Any] = copy.deepcopy(product["variants"][0])
    ending = f"-{size}" if size else ""
    variant |= {"id": f"variant_of_{product['id']}{ending}", "sku": f"{sku}{ending}" if sku else None}
    variant["prices"] = [{"amount": price, "currency_code": "usd", "min_quantity": None, "rules": {}}]
    variant["inventory_items"][0]["inventory"]["location_levels"][0]["stocked_quantity"] = stock
    if size:
        variant |= {"title": size, "options": [{"value": size, "option": {"title": "Size"}}]}
    return variant
