"""The assets up to the plan: product snapshot → validated listings → sync plan, partitioned by account.

Each body reads, calls another room, and tells. Decisions are not here: mapping and rules are in `listings/`, the plan
in `planning/`. What follows the plan is in `publish_assets.py`.

Dagster: https://docs.dagster.io/guides/build/assets
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import pandas as pd

from etsy_pipeline.catalogue.product import Product, content_hash
from etsy_pipeline.catalogue.selection import Selection
from etsy_pipeline.errors import Unavailable
from etsy_pipeline.etsy.client import EtsyClient
from etsy_pipeline.listings.codec import from_json
from etsy_pipeline.orchestration import metadata as shown
from etsy_pipeline.orchestration.frames import SNAPSHOT_SCHEMA, VALIDATED_SCHEMA, FrameStream, rows
from etsy_pipeline.orchestration.partitions import accounts_partitions
from etsy_pipeline.orchestration.resources import EtsyResource, MedusaResource, StoreResource
from etsy_pipeline.orchestration.runs import (
    helpful_failures,
    transaction_id_of,
    trigger_of,
)
from etsy_pipeline.orchestration.validation import Validation, shop_reader
from etsy_pipeline.planning.link import LiveListing
from etsy_pipeline.store import accounts
from etsy_pipeline.store.accounts import settings_of
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.tables import EtsyAccount
from etsy_pipeline.sync import approvals, queries
from etsy_pipeline.sync.build_plan import LiveOf, build_plan
from etsy_pipeline.sync.request import require_connected

OWNERS = ["team:shop-owners"]


@dg.asset(
    partitions_def=accounts_partitions,
    io_manager_key="parquet",
    group_name="plan",
    kinds={"medusa", "parquet"},
    owners=OWNERS,
)
def product_snapshot(context: dg.AssetExecutionContext, store: StoreResource, medusa: MedusaResource) -> FrameStream:
    """The catalogue as Medusa has it now, for one shop's selection: one row a product, prices and stock included."""
    return FrameStream(SNAPSHOT_SCHEMA, *_snapshot(context, store, medusa))


def _snapshot(context: dg.AssetExecutionContext, store: StoreResource, medusa: MedusaResource) -> tuple[Any, Any]:
    account_id, transaction_id = context.partition_key, transaction_id_of(context.run.tags)
    preview: list[tuple[object, ...]] = []
    problems: list[tuple[object, ...]] = []

    def frames() -> Iterator[pd.DataFrame]:
        with store.opened() as opened, helpful_failures(opened, transaction_id):
            selection, covers = selection_of(opened, account_id, transaction_id)
            with medusa.catalogue() as catalogue:
                for page in catalogue.pages(selection):
                    good = [_product_row(product, covers_selection=covers) for product in page.products]
                    bad = [_problem_row(item.product_id, item.code, item.message, covers) for item in page.malformed]
                    gone = [_problem_row(item, "product_unknown", _unknown(item), covers) for item in page.missing]
                    preview.extend((row["title"], row["status"], row["variants"], row["product_id"]) for row in good)
                    del preview[shown.PREVIEW_ROWS :]
                    problems.extend((row["product_id"], row["problem"]) for row in (*bad, *gone))
                    if page_rows := [*good, *bad, *gone]:
                        yield pd.DataFrame(page_rows)

    def describe() -> dict[str, Any]:
        return {
            "preview": shown.table(("product", "status", "variants", "product id"), preview),
            "unreadable_products": shown.table(("product id", "problem"), problems),
            "taken_at": datetime.now(UTC).isoformat(timespec="seconds"),
        }

    return frames(), describe


@dg.asset(
    partitions_def=accounts_partitions,
    io_manager_key="parquet",
    group_name="plan",
    kinds={"python", "parquet"},
    owners=OWNERS,
)
def validated_listings(
    context: dg.AssetExecutionContext,
    store: StoreResource,
    medusa: MedusaResource,
    etsy: EtsyResource,
    product_snapshot: FrameStream,
) -> FrameStream:
    """Each product mapped to the Etsy listing it should become, with every rule's verdict."""
    transaction_id = transaction_id_of(context.run.tags)
    with store.opened() as opened, helpful_failures(opened, transaction_id):
        account = _connected(opened, context.partition_key)
        settings, unit = settings_of(account), medusa.unit()
    validation = Validation(settings)

    def tell(trouble: str) -> None:
        validation.troubles.append(trouble)
        context.log.warning("not_checked %s", trouble)

    def frames() -> Iterator[pd.DataFrame]:
        with (
            store.opened() as opened,
            helpful_failures(opened, transaction_id),
            etsy.shop(opened, account.id) as client,
        ):
            yield from validation.frames(product_snapshot.frames, shop_reader(client, account, unit, tell))

    return FrameStream(VALIDATED_SCHEMA, frames(), validation.metadata)


@dg.asset(partitions_def=accounts_partitions, group_name="plan", kinds={"sqlalchemy"}, owners=OWNERS)
def sync_plan(
    context: dg.AssetExecutionContext,
    store: StoreResource,
    medusa: MedusaResource,
    etsy: EtsyResource,
    validated_listings: FrameStream,
) -> dg.MaterializeResult[None]:
    """What a sync would do on Etsy, product by product. Nothing is sent until a person approves it."""
    tags = context.run.tags
    transaction_id = transaction_id_of(tags)
    table = rows(validated_listings)
    first = next(table, None)
    with store.opened() as opened, helpful_failures(opened, transaction_id):
        account = _connected(opened, context.partition_key)
        with etsy.shop(opened, account.id) as client, medusa.pictures() as pictures:
            job = build_plan(
                opened,
                account_id=account.id,
                transaction_id=transaction_id,
                trigger=trigger_of(tags),
                validated=(from_json(row["validated"]) for row in itertools.chain([first] if first else [], table)),
                covers_selection=first is not None and bool(first["covers_selection"]),
                amount_unit=medusa.unit(),
                snapshot_ref=f"{context.run.run_id}/product_snapshot",
                run_id=context.run.run_id,
                quota=etsy.quota(opened),
                live_of=_live_of(client, context.log),
                sha256_if_changed=pictures.sha256_if_changed,
            )
        context.log.info("plan_drawn_up transaction_id=%s digest=%s", job.transaction_id, job.plan_digest)
        if not job.totals["for_a_person"]:
            job = approvals.approve_by_policy(opened, job.transaction_id, amount_unit=medusa.unit())
        plan_rows = queries.plan_rows(opened, job.transaction_id, queries.NOTEWORTHY)
        return dg.MaterializeResult(metadata=shown.plan_metadata(queries.plan_summary(job), plan_rows))


def _live_of(client: EtsyClient, log: dg.DagsterLogManager) -> LiveOf:
    """Reads live listings; where Etsy is down, the plan is drawn up from what was published, and says so."""

    def live_of(listing_ids: Sequence[int]) -> Mapping[int, LiveListing]:
        try:
            return client.live_listings(listing_ids)
        except Unavailable as error:
            log.warning("live_listings_not_read count=%s: %s", len(listing_ids), error)
            return {}

    return live_of


def selection_of(store: Store, account_id: str, transaction_id: str | None) -> tuple[Selection, bool]:
    """What to snapshot, and whether that is all that the shop sells."""
    account = _connected(store, account_id)
    if transaction_id is not None:
        requested = queries.job(store, transaction_id).requested_selection
        if requested is not None:
            return Selection.model_validate(requested), False
    return settings_of(account).selection, True


def _connected(store: Store, account_id: str) -> EtsyAccount:
    with store.reading() as session:
        account = accounts.get(session, account_id)
    require_connected(account)
    return account


def _product_row(product: Product, *, covers_selection: bool) -> dict[str, Any]:
    return {
        "product_id": product.id,
        "title": product.title,
        "status": product.status,
        "variants": len(product.variants),
        "content_hash": content_hash(product),
        "problem_code": "",
        "problem": "",
        "product": product.model_dump_json(),
        "covers_selection": covers_selection,
    }


def _problem_row(product_id: str, code: str, message: str, covers_selection: bool) -> dict[str, Any]:  # noqa: FBT001
    empty = {"title": "", "status": "", "variants": 0, "content_hash": "", "product": ""}
    problem = {"problem_code": code, "problem": message}
    return {"product_id": product_id, **empty, **problem, "covers_selection": covers_selection}


def _unknown(product_id: str) -> str:
    return f"Medusa has no product {product_id}."
