"""`etsy-pipeline sync`: asking for a sync, reading its plan, deciding on it, watching it."""

import getpass
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Column

from etsy_pipeline.cli import watch as watching
from etsy_pipeline.cli.output import (
    Json,
    as_json,
    as_table,
    colored,
    console,
    print_fields,
    print_plan,
    progress_console,
)
from etsy_pipeline.cli.settings_and_store import settings_and_store
from etsy_pipeline.errors import BadRequest
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.store.sync_states import BEING_PLANNED, PUBLISHED, SyncState
from etsy_pipeline.sync import approvals, queries, views
from etsy_pipeline.sync.request import request_sync
from etsy_pipeline.sync.retry import retry_failed

app = typer.Typer(help="Syncs: start, plan, approve, reject, cancel, retry, status.", no_args_is_help=True)

POLL_SECONDS = 1.0
MAX_ROWS = 100  # of a plan in a terminal; groups and totals are of all of it

TransactionId = Annotated[str, typer.Argument(help="The sync's transaction id, wf_….", metavar="TX")]
By = Annotated[str | None, typer.Option(help="Who decides; default: the signed-in user.")]
Note = Annotated[str, typer.Option(help="Why.")]
Wait = Annotated[bool, typer.Option(help="Wait until the plan is there (`dagster dev` has to be running).")]


@app.command()
def start(
    account: Annotated[str, typer.Option(help="The account's id, etsy_acc_….")],
    product_id: Annotated[list[str] | None, typer.Option(help="A Medusa product id; may be repeated.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All products of the shop's selection.")] = False,
    wait: Wait = False,
    as_json_: Json = False,
) -> None:
    """Ask for a sync; prints its transaction id. A plan follows; nothing is published until you approve it."""
    if bool(product_id) == everything:
        raise BadRequest(
            "Say what to sync.", code="no_products", hint="Give --product-id (once or more), or --all, not both."
        )
    with settings_and_store() as (_, store):
        job = request_sync(store, account, product_ids=None if everything else tuple(product_id or ()), trigger="cli")
        _tell_started(store, job, wait=wait, as_json_=as_json_)


@app.command()
def plan(
    transaction_id: TransactionId,
    action: Annotated[list[str] | None, typer.Option(help="Only create, update, deactivate, skip or invalid.")] = None,
    brake: Annotated[str | None, typer.Option(help="Only products with this brake; `any` for all of them.")] = None,
    conflicts: Annotated[bool, typer.Option("--conflicts", help="Only what somebody changed on Etsy.")] = False,
    product_id: Annotated[str | None, typer.Option(help="Only this product, with every field.")] = None,
    most: Annotated[int, typer.Option(help="At most so many products; with --json all of them.", min=1)] = MAX_ROWS,
    as_json_: Json = False,
) -> None:
    """Show what a sync would do, the dangerous first."""
    asked = bool(action or brake or conflicts or product_id)
    wanted = queries.PlanFilter(
        tuple(action or ()), product_id, brake, with_conflicts=conflicts, noteworthy=not asked,
        most=None if as_json_ else most + 1,
    )  # fmt: skip
    with settings_and_store() as (_, store):
        job = queries.job(store, transaction_id)
        summary = queries.plan_summary(job)
        items = list(queries.plan_items(store, transaction_id, wanted))
    if as_json_:
        as_json(asdict(summary) | {"state": job.state, "items": [views.plan_item_view(item) for item in items]})
        return
    print_plan(map(queries.plan_row, items[:most]), summary, more=f"--most {10 * most}" if len(items) > most else "")
    if product_id:
        print_fields(items)
    if job.state is SyncState.PLANNED:
        console.print(f"\nTo publish it: [bold]etsy-pipeline sync approve {transaction_id}[/]")


@app.command()
def approve(
    transaction_id: TransactionId,
    by: By = None,
    note: Note = "",
    exclude: Annotated[list[str] | None, typer.Option(help="A product id to leave out; may be repeated.")] = None,
    digest: Annotated[str | None, typer.Option(help="Refuse if the plan's digest is not this one.")] = None,
) -> None:
    """Approve a plan; it is published by the sensor approved_syncs (`dagster dev` has to be running).

    Where there is nothing to do, it says so, and approves nothing: exit status 0, or 1 if products are invalid.
    """
    with settings_and_store() as (settings, store):
        job = queries.job(store, transaction_id)
        if job.state is SyncState.NOTHING_TO_DO:
            console.print(_line(job))
            _exit_with(job)
            return
        job = approvals.approve(
            store,
            transaction_id,
            decided_by=by or getpass.getuser(),
            through="cli",
            amount_unit=settings.medusa()[2],
            note=note,
            excluded_products=exclude or (),
            reviewed_digest=digest,
        )
    console.print(f"Approved {job.transaction_id} (digest {(job.plan_digest or '')[:12]}).")


@app.command()
def reject(transaction_id: TransactionId, by: By = None, note: Note = "") -> None:
    """Reject a plan: nothing of it is published."""
    with settings_and_store() as (_, store):
        approvals.reject(store, transaction_id, decided_by=by or getpass.getuser(), through="cli", note=note)
    console.print(f"Rejected {transaction_id}.")


@app.command()
def cancel(transaction_id: TransactionId) -> None:
    """Call a sync off; what is published stays as it is."""
    with settings_and_store() as (_, store):
        approvals.cancel(store, transaction_id)
    console.print(f"Cancelled {transaction_id}.")


@app.command()
def retry(transaction_id: TransactionId, wait: Wait = False, as_json_: Json = False) -> None:
    """Ask for a new sync of what failed in another one; prints its transaction id. It needs an approval of its own."""
    with settings_and_store() as (_, store):
        _tell_started(store, retry_failed(store, transaction_id, trigger="cli"), wait=wait, as_json_=as_json_)


@app.command("status")
def status_(
    transaction_id: Annotated[str | None, typer.Argument(metavar="[TX]", help="Without it: the latest syncs.")] = None,
    watch: Annotated[bool, typer.Option(help="Keep looking until it is over.")] = False,
    as_json_: Json = False,
) -> None:
    """Show how a sync stands, or list the latest ones. Exit status 1 if it failed; watched: unless it completed.

    A sync with nothing to do ends with 1 if products are invalid.
    """
    with settings_and_store() as (_, store):
        if transaction_id is None:
            _print_jobs(queries.latest_jobs(store), as_json_=as_json_)
            return
        job = queries.job(store, transaction_id)
        if watch:
            job = watching.watch(store, job.transaction_id, progress_console if as_json_ else console)
    if as_json_:
        as_json(views.job_view(job))
    else:
        console.print(_line(job))
        as_table(("product", "error"), job.error_log.items(), empty="No errors.")
    _exit_with(job)
    if watch and job.state not in (*PUBLISHED, SyncState.NOTHING_TO_DO):
        raise typer.Exit(1)


def _exit_with(job: EtsySyncJob) -> None:
    """End with exit status 1 where a sync failed, or had nothing to do but invalid products."""
    if job.state is SyncState.FAILED or (job.state is SyncState.NOTHING_TO_DO and job.failed_count):
        raise typer.Exit(1)


def _print_jobs(found: Sequence[EtsySyncJob], *, as_json_: bool) -> None:
    if as_json_:
        as_json([views.job_view(job) for job in found])
        return
    rows = [
        (
            job.transaction_id,
            job.state.words,
            job.total_products,
            job.synced_count,
            job.failed_count,
            f"{job.created_at:%Y-%m-%d %H:%M}",
        )
        for job in found
    ]
    headings = (Column("transaction", no_wrap=True), "status", "products", "synced", "failed", "asked for")
    as_table(headings, rows, empty="No sync yet: `etsy-pipeline sync start --account ACCOUNT --all`.")


def _line(job: EtsySyncJob) -> str:
    if job.state is SyncState.NOTHING_TO_DO:
        return f"{job.transaction_id}: {queries.plan_summary(job).headline}"
    counts = f"{job.synced_count} synced, {job.failed_count} failed, {job.skipped_count} skipped"
    later = f", {job.deferred_count} to do" if job.deferred_count else ""
    later += (
        f"; goes on at {job.resume_at:%Y-%m-%d %H:%M} UTC" if job.state is SyncState.PAUSED and job.resume_at else ""
    )
    return f"{job.transaction_id}: {colored(job.state.words)}; {job.total_products} products: {counts}{later}"


def _tell_started(store: Store, job: EtsySyncJob, *, wait: bool, as_json_: bool) -> None:
    if wait:
        job = _wait_for_plan(store, job.transaction_id)
    if as_json_:
        as_json(views.job_view(job))
    else:
        typer.echo(job.transaction_id)
    if wait and job.state in {SyncState.FAILED, SyncState.NOTHING_TO_DO}:
        typer.echo(job.message if job.state is SyncState.FAILED else _line(job), err=True)
        _exit_with(job)


def _wait_for_plan(store: Store, transaction_id: str) -> EtsySyncJob:
    job = queries.job(store, transaction_id)
    while job.state in BEING_PLANNED:
        time.sleep(POLL_SECONDS)
        job = queries.job(store, transaction_id)
    return job
