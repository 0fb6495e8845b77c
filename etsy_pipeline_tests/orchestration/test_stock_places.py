"""Only pieces that can be sold are offered, from Medusa to Etsy's listing; and the plan says which places counted."""

import json
from pathlib import Path
from typing import Any

import pytest

from etsy_pipeline.accounts import configure
from etsy_pipeline.api.plan import plan_page
from etsy_pipeline.sync import queries
from etsy_pipeline.sync.queries import PlanFilter
from etsy_pipeline_tests.orchestration.dagster_ui import Dagster, metadata_of

CASES = Path(__file__).parent.parent / "data" / "cases"
CASE = json.loads((CASES / "stock_of_locations_that_do_not_sell.json").read_text())
RETURNS = "sloc_returns_not_in_any_sales_channel"
PLACES = [
    {"id": "sloc_web", "name": "Web shop", "sales_channels": [{"id": "sc_web"}]},
    {"id": "sloc_b2b", "name": "B2B", "sales_channels": [{"id": "sc_b2b"}]},
    {"id": RETURNS, "name": "Returns", "sales_channels": []},
]


def sells(dagster: Dagster, **pieces: int) -> None:
    """Medusa has the case's mug and nothing else, with so many pieces at each location."""
    world, mug = dagster.world, json.loads(json.dumps(CASE["product"]))
    mug = dict.fromkeys(("material", "type", "collection")) | mug | {"sales_channels": [{"id": "sc_web"}]}
    levels = [
        {"location_id": place, "stocked_quantity": count, "reserved_quantity": 0} for place, count in pieces.items()
    ]
    if pieces:
        mug["variants"][0]["inventory_items"][0]["inventory"]["location_levels"] = levels
    world.medusa("PUT", "stock-locations", {"stock_locations": PLACES})
    world.medusa("POST", "products", mug)
    world.keep_only(mug["id"])


@pytest.fixture
def _web(dagster: Dagster) -> None:
    configure.configure(dagster.store, dagster.account.id, CASE["settings"])


@pytest.mark.usefixtures("_web")
def test_what_lies_in_a_returns_warehouse_only_is_sold_out(dagster: Dagster) -> None:
    """The case as it was found: 0 to sell and 40 that came back were offered as 40."""
    sells(dagster)
    assert dagster.run("plan_sync").success
    (item,) = queries.plan_items(dagster.store, dagster.newest().transaction_id)
    assert (item.plan.action, item.plan.reason) == ("skip", "out of stock")


@pytest.mark.usefixtures("_web")
def test_on_etsy_are_the_pieces_of_the_chosen_channels_locations(dagster: Dagster) -> None:
    sells(dagster, sloc_web=5, sloc_b2b=3, **{RETURNS: 40})
    assert dagster.run("plan_sync").success
    assert dagster.materialize("publication_approval").success
    assert dagster.run("publish_sync", **{"etsy_pipeline/transaction_id": dagster.newest().transaction_id}).success
    (listing,) = dagster.world.listings()
    (product,) = dagster.world.etsy("GET", f"listings/{listing['listing_id']}")["inventory"]["products"]
    assert [offering["quantity"] for offering in product["offerings"]] == [5]


@pytest.mark.usefixtures("_web")
def test_the_plan_says_which_locations_counted_wherever_it_is_read(dagster: Dagster) -> None:
    sells(dagster, sloc_web=5)
    planned = dagster.run("plan_sync")
    told = (
        "Stock is counted at Web shop (sloc_web) (linked to the chosen sales channels). "
        f"Not counted: B2B (sloc_b2b), Returns ({RETURNS})."
    )
    job = dagster.newest()
    for asset in ("product_snapshot", "sync_plan"):
        assert "Web shop" in metadata_of(planned, asset)["stock_from"]
    assert queries.plan_summary(job).stock_from == told
    assert plan_page(dagster.store, job.transaction_id, PlanFilter(), 10).stock_from == told


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({}, "each product's as far as they are linked to its sales channels"),
        ({"stock_locations": [RETURNS]}, "named in the setting stock_locations"),
    ],
)
def test_it_says_why_these_locations_counted(dagster: Dagster, settings: dict[str, Any], why: str) -> None:
    configure.configure(dagster.store, dagster.account.id, settings)
    sells(dagster, sloc_web=5, **{RETURNS: 40})
    assert dagster.run("plan_sync").success
    assert f"({why})" in queries.plan_summary(dagster.newest()).stock_from
