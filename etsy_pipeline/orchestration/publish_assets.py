"""The assets after the plan: a person's approval ⇢ published listings, partitioned by account.

Each body reads, calls another room, and tells. Approving is in `sync/`, publishing in `publishing/`.

Dagster: https://docs.dagster.io/guides/build/assets
"""

from collections.abc import Iterator
from contextlib import closing
from functools import partial

import dagster as dg

from etsy_pipeline.catalogue.medusa import MedusaCatalogue
from etsy_pipeline.errors import Conflict, PipelineError, StoreUnavailable
from etsy_pipeline.listings.shop import AmountUnit
from etsy_pipeline.logs import about
from etsy_pipeline.orchestration import metadata as shown
from etsy_pipeline.orchestration import summaries
from etsy_pipeline.orchestration.code_age import require_not_older
from etsy_pipeline.orchestration.partitions import accounts_partitions
from etsy_pipeline.orchestration.plan_assets import OWNERS, selection_of, sync_plan
from etsy_pipeline.orchestration.progress import ProgressLog
from etsy_pipeline.orchestration.resources import EtsyResource, MedusaResource, StoreResource
from etsy_pipeline.orchestration.runs import (
    APPROVED_BY_TAG,
    assets_of_run,
    helpful_failures,
    is_automatic,
    name_of_shop,
    pages,
    part_of_publication,
    transaction_id_of,
)
from etsy_pipeline.orders.asking import asking
from etsy_pipeline.providers.protocols import ShopClient
from etsy_pipeline.publishing.publisher import approved_job, publish
from etsy_pipeline.publishing.source import Source, source_of
from etsy_pipeline.safe_text import visible_lines
from etsy_pipeline.shop.told_in_medusa import tell_medusa
from etsy_pipeline.store import accounts, jobs
from etsy_pipeline.store.accounts import settings_of
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import approvals, queries
from etsy_pipeline.sync.kept_references import KeptReferences, forget_references
from etsy_pipeline.sync.product_listings import ProductListings, shop_reader


class ApprovalConfig(dg.Config):
    """Optional: approving works without any of it."""

    approved_by: str = ""
    note: str = ""
    transaction_id: str = ""
    plan_digest: str = ""
    excluded_products: list[str] = []  # noqa: RUF012 - pydantic copies defaults


@dg.asset(
    partitions_def=accounts_partitions, deps=[sync_plan], group_name="publish", kinds={"sqlalchemy"}, owners=OWNERS
)
def publication_approval(
    context: dg.AssetExecutionContext, config: ApprovalConfig, store: StoreResource, medusa: MedusaResource
) -> dg.MaterializeResult[None]:
    """Step 4 of 5: a person's approval of the present plan. Materialize it by itself, after looking at `sync_plan`.

    An approval on the review page, in the terminal or over HTTP shows here when its publication begins.
    """
    with store.opened() as opened, helpful_failures():
        _require_person(context)
        transaction_id = config.transaction_id or _plan_to_approve(opened, context.partition_key)
        run = context.instance.get_run_record_by_id(context.run.run_id)
        job = approvals.approve(
            opened,
            transaction_id,
            decided_by=_approver(config, context),
            through="ui",
            amount_unit=medusa.unit(),
            note=config.note,
            excluded_products=config.excluded_products,
            reviewed_digest=config.plan_digest or None,
            planned_before=run.create_timestamp if run else None,
        )
        summary, shop = queries.plan_summary(job), name_of_shop(context, opened)
    return dg.MaterializeResult(
        metadata={
            "shop": shop,
            "approved_by": _approver(config, context),
            "approved_at": str(job.confirmed_at),
            "transaction_id": job.transaction_id,
            "plan_digest": (summary.digest or "")[: shown.DIGEST_SHOWN],
            "plan": summary.headline,
            "what_happens_next": "The sensor approved_syncs starts publish_sync within seconds.",
        }
    )


@dg.asset(
    partitions_def=accounts_partitions,
    deps=[publication_approval],
    group_name="publish",
    kinds={"etsy"},
    owners=OWNERS,
)
def published_listings(
    context: dg.AssetExecutionContext, store: StoreResource, medusa: MedusaResource, etsy: EtsyResource
) -> Iterator[dg.MaterializeResult[None]]:
    """Step 5 of 5: the listings on Etsy as the approved plan wants them, and what happened to every product.

    The sensor `approved_syncs` starts it after the approval. Read `summary` first; the numbers are plotted over time.
    """
    account_id = context.partition_key
    transaction_id = transaction_id_of(context.run.tags)
    with helpful_failures(transaction_id):
        require_not_older(context.run.tags)
    with store.opened() as opened, part_of_publication(opened, transaction_id):
        _require_no_plan_in_this_run(context)
        approved = approved_job(opened, account_id, transaction_id)
        if approved.state is SyncState.CONFIRMED:  # not one that goes on
            _show_approval(context, opened, approved)
        with (
            about(transaction_id=approved.transaction_id),
            etsy.shop(opened, account_id) as client,
            medusa.pictures() as pictures,
            medusa.catalogue() as catalogue,
        ):
            job = publish(
                opened,
                client,
                pictures,
                approved.transaction_id,
                amount_unit=medusa.unit(),
                run_id=context.run.run_id,
                on_progress=ProgressLog(context.log.info),
                at_once=etsy.products_at_once,
                source=_source(opened, approved, client, catalogue, medusa.unit()),
                ask_orders=asking(opened, lambda: etsy.receipts(opened, account_id), account_id),
            )
            calls = client.calls_made
        if job.failed_count:
            forget_references(opened, account_id)
        _tell_medusa(context, opened, medusa)
        links = queries.find_links(opened, account_id=account_id)
        shop = name_of_shop(context, opened)
        summary = summaries.on_publication(opened, job, shop=shop, pages=pages(), calls=calls)
        yield dg.MaterializeResult(metadata=summary | shown.publication_metadata(job, links, calls=calls))
    if job.state is SyncState.FAILED:
        message = job.message or f"None of {job.failed_count} products could be published."
        all_of_them = f"`etsy-pipeline sync status {job.transaction_id} --errors`"
        raise dg.Failure(f"{visible_lines(message)} All errors: {all_of_them}.", allow_retries=False)


def _tell_medusa(context: dg.AssetExecutionContext, store: Store, medusa: MedusaResource) -> None:
    """Where the shop wants it, Medusa's products name their listings; no publication fails by it."""
    with store.reading() as session:
        if not settings_of(accounts.get(session, context.partition_key)).tell_medusa:
            return
    try:
        with closing(medusa.product_notes()) as notes:
            told = tell_medusa(store, notes, context.partition_key)
    except StoreUnavailable:
        raise
    except PipelineError as error:
        context.log.warning("medusa_not_told: %s", error)
    else:
        context.log.info("medusa_told written=%s same=%s failed=%s", told.written, told.same, told.failed)


def _show_approval(context: dg.AssetExecutionContext, store: Store, job: EtsySyncJob) -> None:
    """An approval from elsewhere than Dagster's UI materializes `publication_approval`, too: who, when, how."""
    approval = queries.review_of(store, job.transaction_id).decision
    if approval is None or approval.decided_through == "ui":
        return
    told = shown.approval_metadata(name_of_shop(context, store), approval)
    key, partition = dg.AssetKey("publication_approval"), job.etsy_account_id
    context.log_event(dg.AssetMaterialization(key, partition=partition, metadata=told))


def _source(store: Store, job: EtsySyncJob, client: ShopClient, catalogue: MedusaCatalogue, unit: AmountUnit) -> Source:
    """Products as they are when they are published."""
    with store.reading() as session:
        account = accounts.get(session, job.etsy_account_id)
    selection, _ = selection_of(store, account.id, job.transaction_id)
    reserved = client.for_stock()  # for stock goes on when the rest waits, and has to be looked at, too
    references = KeptReferences(store, reserved, may_be_kept=job.lane == "stock")
    reader = partial(shop_reader, references, account, unit, on_trouble=None)
    return source_of(catalogue, selection, ProductListings(settings_of(account), reader, references), store.now)


def _plan_to_approve(store: Store, account_id: str) -> str:
    with store.reading() as session:
        accounts.get(session, account_id)
        waiting = jobs.awaiting_approval(session, account_id)
        newest = next(iter(jobs.latest(session, account_id=account_id, most=1)), None)
    if waiting is not None:
        return waiting.transaction_id
    if newest is None or not newest.has_plan:
        raise Conflict(
            "There is no plan to approve for this account yet.",
            code="plan_not_ready",
            hint="Materialize sync_plan (or run the job plan_sync), look at the plan, then approve it.",
        )
    raise Conflict(
        f"No plan of this account waits for approval: the newest, {newest.transaction_id}, is {newest.state.words}.",
        code="already_decided",
        hint="Materialize sync_plan for a new plan.",
    )


def _require_person(context: dg.AssetExecutionContext) -> None:
    if len(assets_of_run(context)) > 1:
        raise Conflict(
            "An approval made in the same run as its plan approves what nobody has seen.",
            code="plan_unseen",
            hint="Look at the plan on sync_plan, then materialize publication_approval by itself.",
        )
    if is_automatic(context.run.tags):
        raise Conflict(
            "Only a person can approve: this run was started by a schedule or a sensor.",
            code="approval_needs_person",
            hint="Materialize publication_approval in the UI, or run `etsy-pipeline sync approve`.",
        )


def _require_no_plan_in_this_run(context: dg.AssetExecutionContext) -> None:
    if len(assets_of_run(context)) > 1:
        raise Conflict(
            "Publishing in the same run as planning or approving would publish what nobody has seen.",
            code="plan_unseen",
            hint="Approve the plan; the sensor approved_syncs then publishes it.",
        )


def _approver(config: ApprovalConfig, context: dg.AssetExecutionContext) -> str:
    tags = context.run.tags
    nobody_named = f"Dagster UI, run {context.run.run_id[:8]}"
    return config.approved_by or tags.get(APPROVED_BY_TAG) or tags.get("user") or nobody_named
