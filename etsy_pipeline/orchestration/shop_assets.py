"""The shop as it is: an asset of all its listings on Etsy, whoever made them, partitioned by account.

Looking through a shop is in `shop/scan.py`. A plan run does so by itself where something is to be created and the last
look is too old, and tells of it here, too.

Dagster: https://docs.dagster.io/guides/build/assets
"""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from etsy_pipeline.linking.seen import STATES
from etsy_pipeline.orchestration import metadata as shown
from etsy_pipeline.orchestration.long_runs import large_shops
from etsy_pipeline.orchestration.partitions import ACCOUNTS, accounts_partitions
from etsy_pipeline.orchestration.resources import EtsyResource, StoreResource
from etsy_pipeline.orchestration.run_tags import SCANNED, slot
from etsy_pipeline.orchestration.runs import look_at_shop, name_of_shop, reporting
from etsy_pipeline.providers.protocols import ShopClient
from etsy_pipeline.shop.scan import ensure_fresh, scan
from etsy_pipeline.store import accounts, seen_listings
from etsy_pipeline.store.engine import Session, Store
from etsy_pipeline.store.records import ShopScan

SCAN_SECONDS = 3600  # a scan that takes longer hangs


@dg.asset(
    name=SCANNED,
    partitions_def=accounts_partitions,
    group_name="shop",
    kinds={"etsy", "sqlalchemy"},
    owners=["team:shop-owners"],
)
def etsy_listings(
    context: dg.AssetExecutionContext, store: StoreResource, etsy: EtsyResource
) -> dg.MaterializeResult[None]:
    """Beside the steps: all listings of the shop as Etsy has them now, whoever made them; nothing is made twice.

    The schedule `nightly_scan` looks each night; `look_at_once` has what cannot wait, `changes` the rest.
    """
    account_id = context.partition_key
    with (
        store.opened() as opened,
        look_at_shop(context, opened),
        etsy.shop(opened, account_id) as client,
    ):
        shop = name_of_shop(context, opened)
        found = scan(opened, client, account_id)
        context.log.info("shop_scanned account_id=%s calls=%s", account_id, found.calls)
        return dg.MaterializeResult(metadata=scan_metadata(found, shop))


def look_through(context: dg.AssetExecutionContext, store: Store, client: ShopClient) -> None:
    """Look through the shop of a plan run where the last look is too old; where that fails, the log says why."""
    found = ensure_fresh(
        store, client, context.partition_key, lambda why: context.log.warning("shop_not_scanned: %s", why)
    )
    if found is not None:
        shown_beside = scan_metadata(found, name_of_shop(context, store))
        told = dg.AssetMaterialization(SCANNED, partition=context.partition_key, metadata=shown_beside)
        context.log_event(told)


def scan_metadata(found: ShopScan, shop: str) -> Mapping[str, Any]:
    """A scan on `etsy_listings`: listings by state as numbers, so that Dagster plots them, and what changed."""
    alarms = [(change["after"], change["told"]) for change in found.changes if change["kind"] == "alarm"]
    others = [change for change in found.changes if change["kind"] != "alarm"]
    columns = ("kind", "listing_id", "title", "before", "after", "told")
    command = f"etsy-pipeline shop listings {found.etsy_account_id} --changes"
    seconds = (found.finished_at - found.started_at).total_seconds() if found.finished_at else 0.0
    return {
        "shop": shop,
        "look_at_once": shown.table(("what", "told"), alarms),
        "changes": shown.table(
            ("what", "listing", "title", "before", "now", "more"),
            ([change[name] for name in columns] for change in others),
            total=len(others),
            command=command,
        ),
        **{f"{state}_count": found.counts.get(state, 0) for state in STATES},
        "other_count": sum(count for state, count in found.counts.items() if state not in STATES),
        "listing_count": sum(found.counts.values()),
        "change_count": len(others),
        "calls": found.calls,
        "seconds": round(seconds, 1),
    }


scan_shop = dg.define_asset_job(
    "scan_shop",
    selection=dg.AssetSelection.assets(etsy_listings),
    tags={"dagster/max_runtime": str(SCAN_SECONDS)},
    description="Look through all of a shop's listings. Nothing is written to Etsy.",
)


def asked_scans(session: Session) -> list[dg.RunRequest]:
    """A scan_shop for each look through a shop that the review pages or the HTTP API asked for."""
    asked = seen_listings.asked_for(session)
    large = large_shops(session, [scan.etsy_account_id for scan in asked])
    return [
        dg.RunRequest(
            run_key=f"scan/{scan.etsy_account_id}/{scan.id}",
            job_name=scan_shop.name,
            partition_key=scan.etsy_account_id,
            tags=slot(
                scan.etsy_account_id, "scan", accounts.get(session, scan.etsy_account_id).label,
                is_long=scan.etsy_account_id in large,
            ),
        )
        for scan in asked
    ]  # fmt: skip


def nightly_scan_at(time_zone: str) -> dg.ScheduleDefinition:
    """The schedule, at 00:30 of a time zone such as Europe/Berlin: before the nightly plans, which need it."""

    @dg.schedule(
        name="nightly_scan",
        job=scan_shop,
        cron_schedule="30 0 * * *",
        execution_timezone=time_zone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Looks through every active account's shop, a few at a time, unless `scan_nightly` is off.",
    )
    @reporting
    def nightly_scan(
        context: dg.ScheduleEvaluationContext, store: StoreResource
    ) -> list[dg.RunRequest] | dg.SkipReason:
        with store.opened() as opened, opened.reading() as session:
            wanted = {account.id: account.label for account, wants in accounts.usable(session) if wants.scan_nightly}
            large = large_shops(session, wanted)
        ready = sorted(wanted.keys() & set(context.instance.get_dynamic_partitions(ACCOUNTS)))
        if not ready:
            return dg.SkipReason("No active account has `scan_nightly`.")
        day = context.scheduled_execution_time.date().isoformat()
        return [
            dg.RunRequest(
                run_key=f"scan/{account_id}/{day}",
                partition_key=account_id,
                tags=slot(account_id, "scan", wanted[account_id], is_long=account_id in large),
            )
            for account_id in ready
        ]

    return nightly_scan
