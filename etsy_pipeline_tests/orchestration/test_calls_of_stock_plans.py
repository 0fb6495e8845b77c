"""How often Etsy is asked because a piece was sold in Medusa: exactly, from the plan to the listing."""

from collections.abc import Mapping
from typing import Any

import dagster as dg
import pytest

from etsy_pipeline.accounts import configure
from etsy_pipeline.orchestration.runs import TRANSACTION_TAG
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import approvals
from etsy_pipeline.sync.request import request_sync
from etsy_pipeline_tests.orchestration.dagster_ui import Dagster, metadata_of
from etsy_pipeline_tests.orders.selling import LONG_AGO, connect_again
from etsy_pipeline_tests.publishing.shop import Shop, variant_id

LIVE = {"getListingsByListingIds": 1, "getListingsInventoryByListingIds": 1}
WHOSE_SHOP = {"getMe": 1, "getShop": 1}
REFERENCES = {
    "getSellerTaxonomyNodes": 1,
    "getPropertiesByTaxonomyId": 1,
    "getShopShippingProfiles": 1,
    "getShopReturnPolicies": 1,
    "getShopReadinessStateDefinitions": 1,
    "getShopSections": 1,
    "getShopProductionPartners": 1,
}
STOCK_PLAN = LIVE | {"getShopReceipts": 2}
"""Orders are read before Medusa's stock, and again after the listings."""
STOCK_PUBLICATION = (
    WHOSE_SHOP
    | {"getShopReceipts": 1, "updateListingInventory": 1}
    | {name: 2 * calls for name, calls in LIVE.items()}  # a look before, and reading back
)


class Counting:
    """A shop that books orders, and what its runs ask of Etsy."""

    def __init__(self, dagster: Dagster) -> None:
        self.dagster = dagster
        self.shop = Shop(dagster.world, dagster.store, dagster.account)
        self.product_id = dagster.world.product_ids("clean")[0]
        dagster.world.keep_only(self.product_id)

    def calls(self, job: str, **tags: str) -> tuple[Mapping[str, int], dg.ExecuteInProcessResult]:
        """What a run asks."""
        results: list[dg.ExecuteInProcessResult] = []
        made = self.dagster.world.calls_while(lambda: results.append(self.dagster.run(job, **tags)))
        return made, results[0]

    def planned(self, pieces: int) -> tuple[Mapping[str, int], dict[str, Any]]:
        """What the plan asks that follows when Medusa has so many pieces, and what it tells."""
        self.dagster.world.restock(variant_id(self.shop, self.product_id), pieces)
        job = request_sync(self.dagster.store, self.shop.id, product_ids=(self.product_id,), trigger="stock")
        calls, result = self.calls("plan_sync", **{TRANSACTION_TAG: job.transaction_id})
        assert result.success
        return calls, metadata_of(result, "sync_plan")

    def published(self) -> Mapping[str, int]:
        """What publishing the newest plan asks."""
        job = self.dagster.newest()
        approvals.approve(self.dagster.store, job.transaction_id, decided_by="Ada", through="cli", amount_unit="major")
        return self.calls("publish_sync", **{TRANSACTION_TAG: job.transaction_id})[0]


@pytest.fixture
def counting(dagster: Dagster) -> Counting:
    """A shop with a published product, as a plan of everything left it."""
    made = Counting(dagster)
    assert made.calls("plan_sync")[0].items() >= (REFERENCES | WHOSE_SHOP).items()
    assert made.published().items() >= REFERENCES.items(), "whatever the plan has just kept"
    configure.configure(dagster.store, made.shop.id, {"orders.mode": "stock", "orders.since": LONG_AGO})
    connect_again(dagster.world, dagster.store, made.shop.id)
    made.planned(4)  # reads orders for the first time, and waits for a person
    if not dagster.newest().is_over:
        made.published()
    return made


def test_a_sale_in_medusa_takes_four_calls_to_plan_and_eight_to_publish(counting: Counting) -> None:
    calls, told = counting.planned(3)
    assert calls == STOCK_PLAN
    assert (sum(calls.values()), told["references_from"][:20]) == (4, "kept, the oldest of ")
    calls = counting.published()
    assert calls == STOCK_PUBLICATION
    assert (sum(calls.values()), counting.dagster.newest().state) == (8, SyncState.COMPLETED)
    calls, result = counting.calls("plan_sync")
    assert calls == STOCK_PLAN | REFERENCES | WHOSE_SHOP, "a plan of everything asks anew"
    assert metadata_of(result, "sync_plan")["references_from"] == "asked for this plan"


def test_what_etsy_refused_is_no_reason_to_believe_what_was_kept(counting: Counting) -> None:
    counting.planned(3)
    counting.shop.fault(operation="updateListingInventory", kind="status", status=400, body={"error": "no"})
    counting.published()
    assert counting.dagster.newest().failed_count == 1
    calls, told = counting.planned(2)
    assert calls == STOCK_PLAN | REFERENCES | WHOSE_SHOP
    assert told["references_from"] == "asked for this plan"
