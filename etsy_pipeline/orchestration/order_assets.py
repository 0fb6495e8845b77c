"""Orders on Etsy as an asset, partitioned by account: read every few minutes, and at once when Etsy tells of one.

What is done with them is in `orders/rounds.py`; a run that dies is simply followed by the next one.

Dagster: https://docs.dagster.io/guides/build/assets
"""

from collections.abc import Mapping
from contextlib import closing
from datetime import datetime, timedelta
from statistics import median
from typing import Any

import dagster as dg

from etsy_pipeline.errors import NeedsPerson, NotConfigured
from etsy_pipeline.orchestration import metadata as shown
from etsy_pipeline.orchestration.partitions import accounts_partitions
from etsy_pipeline.orchestration.resources import EtsyResource, MedusaResource, StoreResource
from etsy_pipeline.orchestration.run_tags import ORDERS, slot
from etsy_pipeline.orchestration.runs import look_at_shop, name_of_shop
from etsy_pipeline.orders.rounds import Round, due, look
from etsy_pipeline.store import accounts, clock, receipt_feeds, receipts, sales
from etsy_pipeline.store.accounts import missing_scopes, settings_of
from etsy_pipeline.store.engine import Session, Store

LOOK_SECONDS = 3600  # a look that takes longer hangs
PLOTTED = timedelta(days=1)


@dg.asset(
    name=ORDERS,
    partitions_def=accounts_partitions,
    group_name="shop",
    kinds={"etsy", "medusa", "sqlalchemy"},
    owners=["team:shop-owners"],
)
def etsy_receipts(
    context: dg.AssetExecutionContext, store: StoreResource, etsy: EtsyResource, medusa: MedusaResource
) -> dg.MaterializeResult[None]:
    """Beside the steps: the shop's orders on Etsy, matched to variants, and booked in Medusa where it wants that.

    Read every few minutes where `orders.mode` is not off; `look_at_once` has what needs a person.
    """
    account_id = context.partition_key
    with store.opened() as opened, look_at_shop(context, opened):
        shop = name_of_shop(context, opened)
        with opened.reading() as session:
            sold_from = settings_of(accounts.get(session, account_id)).sold_from
        with (
            closing(etsy.receipts(opened, account_id)) as client,
            closing(medusa.reservations(sold_from)) as reservations,
        ):
            found = look(opened, client, reservations, account_id)
        for problem in found.problems:
            context.log.warning("orders_look account_id=%s: %s", account_id, problem)
            if isinstance(problem, NeedsPerson | NotConfigured):
                raise problem
        with opened.reading() as session:
            return dg.MaterializeResult(metadata={"shop": shop, **round_metadata(session, account_id, found)})


def round_metadata(session: Session, account_id: str, found: Round) -> Mapping[str, Any]:
    """A look at orders: numbers that Dagster plots, and what a person has to look at."""
    counts, waited = sales.counts(session, account_id), sales.lags(session, account_id, since=_a_day_ago(session))
    loud = sales.in_state(session, account_id, "needs_link", "oversold")
    rows: list[tuple[object, ...]] = [
        (line.receipt_id, line.title, line.quantity, line.state.replace("_", " "), line.problem) for line in loud
    ]
    told = {line.receipt_id for line in loud}
    orders = [it for it in receipts.in_state(session, account_id, "needs_person") if it.receipt_id not in told]
    rows += [(order.receipt_id, "the order", "", "needs a person", order.problem) for order in orders]
    return {
        "look_at_once": shown.table(("order", "what", "pieces", "state", "why"), rows, total=len(rows)),
        "problems": shown.table(("problem",), ((str(problem),) for problem in found.problems)),
        "new_orders": found.imported.new,
        "changed_orders": found.imported.changed,
        "booked_lines": len(found.booked.booked),
        "returned_lines": len(found.returned),
        "orders_in_medusa": len(found.converted.done),
        "orders_for_a_person": found.orders.get("needs_person", 0),
        "parcels_told": len(found.tracked.told),
        "parcels_by_hand": len(found.tracked.by_hand),
        "waiting_lines": counts.get("waiting", 0),
        "oversold_lines": counts.get("oversold", 0),
        "needs_link_lines": counts.get("needs_link", 0),
        "calls": found.calls,
        **(
            {"lag_seconds_median": round(median(waited), 1), "lag_seconds_most": round(max(waited), 1)}
            if waited
            else {}
        ),
    }


read_orders = dg.define_asset_job(
    "read_orders",
    selection=dg.AssetSelection.assets(etsy_receipts),
    tags={"dagster/max_runtime": str(LOOK_SECONDS)},
    description="Look at a shop's orders on Etsy, and book them in Medusa where the shop wants that.",
)


def orders_due(store: Store) -> tuple[list[dg.RunRequest], list[str]]:
    """A look at orders that are due, or that Etsy's webhooks named, for each shop whose `orders.mode` is not off.

    Beside them, what shops miss that have granted too little: it is told once.
    """
    with store.reading() as session:
        looks = due(session, clock.now(session))
        names = {account.id: account.label for account in accounts.every(session)} if looks else {}
        lacking = _newly_lacking(session)
    for account_id, told in lacking.items():
        with store.writing() as session:
            receipt_feeds.change(session, account_id, problem=told)
    requests = [
        dg.RunRequest(
            run_key=f"orders/{account_id}/{looks[account_id]}",
            job_name=read_orders.name,
            partition_key=account_id,
            tags=slot(account_id, "orders", names.get(account_id, "")),
        )
        for account_id in sorted(looks)
    ]
    return requests, list(lacking.values())


def _newly_lacking(session: Session) -> dict[str, str]:
    """What shops are to be told that they miss, unless they are told already."""
    found = {}
    for account, _ in accounts.usable(session):
        if "transactions_r" not in missing_scopes(account):
            continue
        told = f"scope_missing: connect {account.label} again; it has to grant {' '.join(missing_scopes(account))}."
        if receipt_feeds.get(session, account.id).problem != told:
            found[account.id] = told
    return found


def _a_day_ago(session: Session) -> datetime:
    return clock.now(session) - PLOTTED
