"""The assets up to the plan: product snapshot → validated listings → sync plan, partitioned by account.

Each body reads, calls another room, and tells. Decisions are not here: mapping and rules are in `listings/`, the plan
in `planning/`. What follows the plan is in `publish_assets.py`.

A run that goes as far as the plan has its sync in the books before it reads anything (`runs.part_of_plan`).

Dagster: https://docs.dagster.io/guides/build/assets
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import dagster as dg
import pandas as pd

from etsy_pipeline.catalogue.product import Product, content_hash
from etsy_pipeline.catalogue.selection import Selection
from etsy_pipeline.catalogue.stock_places import SoldFrom
from etsy_pipeline.errors import BadRequest, Conflict, StoreUnavailable, Unavailable
from etsy_pipeline.listings.codec import from_json, identified_from_json
from etsy_pipeline.listings.shop import AmountUnit
from etsy_pipeline.orchestration import metadata as shown
from etsy_pipeline.orchestration import summaries
from etsy_pipeline.orchestration.frames import SNAPSHOT_SCHEMA, VALIDATED_SCHEMA, FrameStream, rows
from etsy_pipeline.orchestration.partitions import accounts_partitions
from etsy_pipeline.orchestration.resources import EtsyResource, MedusaResource, StoreResource
from etsy_pipeline.orchestration.runs import name_of_shop, pages, part_of_plan, trigger_of
from etsy_pipeline.orchestration.shop_assets import look_through
from etsy_pipeline.orchestration.validation import Validation
from etsy_pipeline.orders.asking import asking, book_before_stock_is_read
from etsy_pipeline.planning.link import LiveListing
from etsy_pipeline.providers.protocols import Purpose, ShopClient
from etsy_pipeline.safe_text import visible
from etsy_pipeline.shop.identity import require_for_plan
from etsy_pipeline.store import accounts
from etsy_pipeline.store.accounts import settings_of
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsyAccount, EtsySyncJob
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import approvals, holds, queries
from etsy_pipeline.sync.build_plan import build_plan
from etsy_pipeline.sync.kept_references import KeptReferences
from etsy_pipeline.sync.plan_builder import LiveOf
from etsy_pipeline.sync.product_listings import ProductListings, shop_reader
from etsy_pipeline.sync.request import require_connected

OWNERS = ["team:shop-owners"]
NOT_EMPTY = "catalogue_not_empty"
EMPTY = "Medusa has no product for this shop's selection; check `selection` in its settings."


@dg.asset(
    partitions_def=accounts_partitions,
    io_manager_key="parquet",
    group_name="plan",
    kinds={"medusa", "parquet"},
    owners=OWNERS,
    check_specs=[
        dg.AssetCheckSpec(
            NOT_EMPTY,
            asset="product_snapshot",
            blocking=True,
            description="An empty catalogue is more likely a wrong selection or key than an empty shop: no plan is "
            "made of it.",
        )
    ],
)
def product_snapshot(
    context: dg.AssetExecutionContext, store: StoreResource, medusa: MedusaResource, etsy: EtsyResource
) -> Iterator[dg.Output[FrameStream] | dg.AssetCheckResult]:
    """Step 1 of 5: the catalogue as Medusa has it now, for one shop's selection, with prices and stock.

    The job `plan_sync` takes steps 1 to 3: each night where `schedule_enabled` is on, and whenever somebody asks.
    """
    snapshot = _Snapshot()
    yield dg.Output(FrameStream(SNAPSHOT_SCHEMA, snapshot.frames(context, store, medusa, etsy), snapshot.metadata))
    is_empty = snapshot.rows == 0
    yield dg.AssetCheckResult(check_name=NOT_EMPTY, passed=not is_empty, description=EMPTY if is_empty else None)
    if is_empty:
        with store.opened() as opened, part_of_plan(context, opened):
            _require_products(is_empty=is_empty)


class _Snapshot:
    """A snapshot that is being taken, and what a person should read about it."""

    def __init__(self) -> None:
        self.rows = 0
        self.shop = self.stock_from = ""
        self._preview: list[tuple[object, ...]] = []
        self._problems: list[tuple[object, ...]] = []

    def frames(
        self, context: dg.AssetExecutionContext, store: StoreResource, medusa: MedusaResource, etsy: EtsyResource
    ) -> Iterator[pd.DataFrame]:
        """The products, a frame for each page of Medusa's."""
        with store.opened() as opened, part_of_plan(context, opened) as transaction_id:
            self.shop = name_of_shop(context, opened)
            selection, covers = selection_of(opened, context.partition_key, transaction_id)
            whose = sold_from(opened, context.partition_key)
            if told := book_before_stock_is_read(
                opened,
                lambda: etsy.receipts(opened, context.partition_key),
                lambda: medusa.reservations(whose),
                context.partition_key,
            ):
                context.log.warning("orders_not_booked: pieces that are not certain are not raised: %s", told)
            with medusa.catalogue() as catalogue:
                read_at = opened.now()
                for page in catalogue.pages(selection, whose, opened.now()):
                    self.stock_from = page.stock_from or self.stock_from
                    good = [_product_row(product, covers_selection=covers) for product in page.products]
                    bad = [_problem_row(item.product_id, item.code, item.message, covers) for item in page.malformed]
                    bad += [_problem_row(item, "product_unknown", _unknown(item), covers) for item in page.missing]
                    self._count(good, bad)
                    if page_rows := [*good, *bad]:
                        beside = {"stock_from": self.stock_from, "stock_read_at": read_at.isoformat()}
                        yield pd.DataFrame(page_rows).assign(**beside)

    def metadata(self) -> Mapping[str, Any]:
        """The first products, and those that could not be read."""
        return {
            "shop": self.shop,
            "preview": shown.table(("product", "status", "variants", "product id"), self._preview),
            "unreadable_products": shown.table(("product id", "problem"), self._problems),
            "taken_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "stock_from": visible(self.stock_from) or "–",
        }

    def _count(self, good: Sequence[Mapping[str, Any]], bad: Sequence[Mapping[str, Any]]) -> None:
        self.rows += len(good) + len(bad)
        self._preview += [(row["title"], row["status"], row["variants"], row["product_id"]) for row in good]
        del self._preview[shown.PREVIEW_ROWS :]
        self._problems += [(row["product_id"], row["problem"]) for row in bad]


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
    """Step 2 of 5: each product mapped to the Etsy listing it should become, with every rule's verdict.

    `invalid_products` has what keeps a product off Etsy, and what to do.
    """
    validation = Validation()

    def tell(trouble: str) -> None:
        validation.troubles.append(trouble)
        context.log.warning("not_checked %s", trouble)

    def frames() -> Iterator[pd.DataFrame]:
        with store.opened() as opened, part_of_plan(context, opened) as transaction_id:
            account = _connected(opened, context.partition_key)
            validation.shop = name_of_shop(context, opened)
            with etsy.shop(opened, account.id) as client:
                purpose = _purpose_of(opened, transaction_id)
                asked, may_be_kept = _for_purpose(client, purpose), purpose == "stock"
                require_for_plan(opened, asked, account.id, tell, may_be_kept=may_be_kept)
                references = KeptReferences(opened, asked, may_be_kept=may_be_kept)
                reader = partial(shop_reader, references, account, medusa.unit(), tell)
                listings = ProductListings(settings_of(account), reader, references)
                yield from validation.frames(product_snapshot.frames, listings)

    return FrameStream(VALIDATED_SCHEMA, frames(), validation.metadata, made_from=product_snapshot.snapshot)


@dg.asset(partitions_def=accounts_partitions, group_name="plan", kinds={"sqlalchemy"}, owners=OWNERS)
def sync_plan(
    context: dg.AssetExecutionContext,
    store: StoreResource,
    medusa: MedusaResource,
    etsy: EtsyResource,
    validated_listings: FrameStream,
) -> dg.MaterializeResult[None]:
    """Step 3 of 5: what a sync would do on Etsy, product by product. Nothing is sent until a person approves it.

    Read `summary` first, then `plan`: what is dangerous stands at its top.
    """
    with store.opened() as opened, part_of_plan(context, opened) as transaction_id:
        account = _connected(opened, context.partition_key)
        first = next(rows(validated_listings), None)
        _require_products(is_empty=first is None)
        purpose = _purpose_of(opened, transaction_id)
        with etsy.shop(opened, account.id) as client, medusa.pictures() as pictures:
            job = build_plan(
                opened,
                account_id=account.id,
                transaction_id=transaction_id,
                trigger=trigger_of(context.run.tags),
                validated=map(from_json, validated_listings.column("validated")),
                identified=lambda: map(identified_from_json, validated_listings.column("identified")),
                covers_selection=first is not None and bool(first["covers_selection"]),
                stock_from=str((first or {}).get("stock_from") or ""),
                stock_read_at=_moment((first or {}).get("stock_read_at")),
                ask_orders=asking(opened, lambda: etsy.receipts(opened, account.id), account.id),
                amount_unit=medusa.unit(),
                run_id=context.run.run_id,
                snapshot=validated_listings.snapshot.key if validated_listings.snapshot else None,
                quota=etsy.quota(opened, purpose),
                live_of=_live_of(_for_purpose(client, purpose), context.log),
                look_through=lambda: look_through(context, opened, client),
                sha256_if_changed=pictures.sha256_if_changed,
            )
        context.log.info("plan_drawn_up transaction_id=%s digest=%s", job.transaction_id, job.plan_digest)
        if job.state is SyncState.PLANNED and job.for_a_person == ():
            job = _approved_by_policy(opened, job, medusa.unit(), context.log)
        plan_rows = queries.plan_rows(opened, job.transaction_id, queries.NOTEWORTHY)
        with opened.reading() as session:
            held = shown.held_metadata(holds.of(session, account.id))
        summary = summaries.on_plan(opened, job, shop=name_of_shop(context, opened), pages=pages())
        told = shown.references_from((first or {}).get("references_from"))
        plan = shown.plan_metadata(job, plan_rows) | {"references_from": told}
        return dg.MaterializeResult(metadata=summary | plan | held)


def _moment(told: object) -> datetime | None:
    return datetime.fromisoformat(told) if isinstance(told, str) and told else None


def _purpose_of(store: Store, transaction_id: str | None) -> Purpose:
    """Which part of the day's calls a plan lives on: beside a sync that waits for calls, the one reserved for stock."""
    lane = queries.job(store, transaction_id).lane if transaction_id else "full"
    return "publishing" if lane == "full" else "stock"


def _for_purpose(client: ShopClient, purpose: Purpose) -> ShopClient:
    return client.for_stock() if purpose == "stock" else client


def _approved_by_policy(store: Store, job: EtsySyncJob, unit: AmountUnit, log: dg.DagsterLogManager) -> EtsySyncJob:
    """The sync, approved by the shop's policy; it waits where another one of its lane is not finished yet.

    Where this run is slow, whoever approves what waits was quicker (`policy_turn.py`).
    """
    try:
        return approvals.approve_by_policy(store, job.transaction_id, amount_unit=unit)
    except Conflict as error:
        if error.code not in {"publication_in_progress", "account_held", "already_decided"}:
            raise
        log.warning("approval_waits transaction_id=%s: %s", job.transaction_id, error.message)
        return queries.job(store, job.transaction_id)


def _live_of(client: ShopClient, log: dg.DagsterLogManager) -> LiveOf:
    """Reads live listings; where Etsy is down, the plan is drawn up from what was published, and says so."""

    def live_of(listing_ids: Sequence[int]) -> Mapping[int, LiveListing]:
        try:
            return client.live_listings(listing_ids)
        except StoreUnavailable:
            raise
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
            return requested, False
    return settings_of(account).selection, True


def sold_from(store: Store, account_id: str) -> SoldFrom:
    """Whose stock counts for a shop: the same for a plan of named products as for one of everything."""
    return settings_of(_connected(store, account_id)).sold_from


def _require_products(*, is_empty: bool) -> None:
    """No plan is made of an empty catalogue: it would take everything off Etsy.

    Raises:
        BadRequest: `catalogue_empty`.
    """
    if is_empty:
        raise BadRequest(EMPTY, code="catalogue_empty")


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
