"""`etsy-pipeline sync`: asking for a sync, reading its plan, deciding on it, watching it."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Column
from rich.text import Text

from etsy_pipeline.cli import watch as watching
from etsy_pipeline.cli.account import account_id_of
from etsy_pipeline.cli.activity import print_activity
from etsy_pipeline.cli.output import (
    NAME_WIDTH,
    Json,
    as_json,
    as_table,
    cell,
    colored,
    console,
    lines,
    print_fields,
    print_plan,
    progress_console,
    tell,
)
from etsy_pipeline.cli.settings_and_store import settings_and_store
from etsy_pipeline.cli.who import THROUGH, By, doer, name_of
from etsy_pipeline.errors import BadRequest
from etsy_pipeline.settings import Settings
from etsy_pipeline.store import accounts
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import ERRORS_IN_LOG, EtsySyncJob
from etsy_pipeline.store.sync_states import BEING_PLANNED, PUBLISHED, SyncState
from etsy_pipeline.sync import activity, approvals, holds, queries, unsent, views
from etsy_pipeline.sync import resume as resuming
from etsy_pipeline.sync.early_confirm import EarlyConfirm
from etsy_pipeline.sync.request import request_sync
from etsy_pipeline.sync.retry import retry_failed
from etsy_pipeline.sync.rollback import request_rollback
from etsy_pipeline.sync.signs_of_life import lost_runs_of, troubles
from etsy_pipeline.sync.turns import waiting_words

app = typer.Typer(
    help="Syncs: start, plan, approve, reject, cancel, drop, first, resume, retry, status.", no_args_is_help=True
)

POLL_SECONDS = 1.0
MAX_ROWS = 100  # of a plan in a terminal; groups and totals are of all of it

TransactionId = Annotated[str, typer.Argument(help="The sync's transaction id, wf_….", metavar="TX")]
Note = Annotated[str, typer.Option(help="Why.")]
Unsent = Annotated[list[str], typer.Option(help="A product of the sync that was not sent yet; may be repeated.")]
Wait = Annotated[
    bool,
    typer.Option(
        help="Wait until the plan is there (`dagster dev` has to be running); where it is approved by then, until it "
        "is published: exit status 0 only if all of it is on Etsy."
    ),
]


@app.command()
def start(
    account: Annotated[str, typer.Option(help="The account's id, etsy_acc_…, or its name.", callback=account_id_of)],
    product_id: Annotated[list[str] | None, typer.Option(help="A Medusa product id; may be repeated.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All products of the shop's selection.")] = False,
    by: By = None,
    wait: Wait = False,
    approve_as: Annotated[
        str | None, typer.Option(help="With --wait, for scripts: approve a plan without brakes and conflicts by name.")
    ] = None,
    as_json_: Json = False,
) -> None:
    """Ask for a sync; prints its transaction id. A plan follows; nothing is published until you approve it."""
    if bool(product_id) == everything:
        raise BadRequest(
            "Say what to sync.", code="no_products", hint="Give --product-id (once or more), or --all, not both."
        )
    if approve_as and not wait:
        raise BadRequest("--approve-as needs --wait.", code="nothing_to_change", hint="Give both, or approve later.")
    with settings_and_store() as (settings, store):
        chosen = None if everything else tuple(product_id or ())
        job = request_sync(store, account, product_ids=chosen, trigger="cli", by=doer(by or approve_as))
        if approve_as:
            approvals.approve(
                store,
                job.transaction_id,
                decided_by=approve_as,
                through=THROUGH,
                amount_unit=settings.medusa()[2],
                note="sync start --approve-as",
            )
        job = _tell_started(store, job, wait=wait, as_json_=as_json_)
        if approve_as and job.state is SyncState.PLANNED:
            for confirm in queries.early_confirms(store, [job]).values():
                tell(confirm.told(job.state), err=True)
            raise typer.Exit(1)


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
        tuple(action or ()), product_id=product_id, brake=brake, with_conflicts=conflicts, noteworthy=not asked,
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

    Before there is a plan it is noted, and applied by itself to a plan without brakes, conflicts and high fees.
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
            decided_by=name_of(by),
            through=THROUGH,
            amount_unit=settings.medusa()[2],
            note=note,
            excluded_products=exclude or (),
            reviewed_digest=digest,
        )
        early = queries.early_confirms(store, [job]).get(transaction_id)
    if job.state in BEING_PLANNED and early is not None:
        console.print(cell(f"{transaction_id} has no plan yet. {early.told(job.state)}"))
        return
    console.print(f"Approved {job.transaction_id} (digest {(job.plan_digest or '')[:12]}).")


@app.command()
def reject(transaction_id: TransactionId, by: By = None, note: Note = "") -> None:
    """Reject a plan: nothing of it is published."""
    with settings_and_store() as (_, store):
        approvals.reject(store, transaction_id, decided_by=name_of(by), through=THROUGH, note=note)
    console.print(f"Rejected {transaction_id}.")


@app.command()
def cancel(transaction_id: TransactionId, by: By = None) -> None:
    """Call a sync off; what is published stays as it is."""
    with settings_and_store() as (_, store):
        approvals.cancel(store, transaction_id, by=doer(by))
    console.print(f"Cancelled {transaction_id}.")


@app.command()
def drop(transaction_id: TransactionId, product_id: Unsent, by: By = None, note: Note = "") -> None:
    """Take products out of an approved sync, as far as they were not sent yet: nothing is done for them."""
    with settings_and_store() as (_, store):
        told = unsent.drop(store, transaction_id, product_id, decided_by=name_of(by), through=THROUGH, note=note)
    console.print(f"Dropped from {transaction_id}: {len(told.changed)}.")
    _tell_too_late(told)


@app.command()
def first(transaction_id: TransactionId, product_id: Unsent, by: By = None) -> None:
    """Send products of an approved sync before all others, as far as they were not sent yet."""
    with settings_and_store() as (_, store):
        told = unsent.first(store, transaction_id, product_id, by=doer(by))
    console.print(f"First in {transaction_id}: {len(told.changed)}.")
    _tell_too_late(told)


@app.command()
def resume(transaction_id: TransactionId, by: By = None, note: Note = "") -> None:
    """Let a paused sync go on, after what it waits for was mended; what failed stays failed (`sync retry`)."""
    with settings_and_store() as (_, store):
        job = resuming.resume(store, transaction_id, decided_by=name_of(by), through=THROUGH, note=note)
    console.print(f"{transaction_id} goes on with the {job.deferred_count} products that were not sent.")


@app.command()
def retry(transaction_id: TransactionId, by: By = None, wait: Wait = False, as_json_: Json = False) -> None:
    """Ask for a new sync of what failed in another one; prints its transaction id. It needs an approval of its own."""
    with settings_and_store() as (_, store):
        job = retry_failed(store, transaction_id, trigger="cli", by=doer(by))
        _tell_started(store, job, wait=wait, as_json_=as_json_)


@app.command()
def rollback(transaction_id: TransactionId, by: By = None, wait: Wait = False, as_json_: Json = False) -> None:
    """Ask for a sync that takes another one back; prints its transaction id. It needs an approval of its own.

    Its plan restores what that sync changed on Etsy, and deactivates what it created; it says what cannot be restored.
    The next sync sends again what Medusa still has otherwise.
    """
    with settings_and_store() as (_, store):
        job = request_rollback(store, transaction_id, trigger="cli", by=doer(by))
        _tell_started(store, job, wait=wait, as_json_=as_json_)


@app.command("status")
def status_(
    transaction_id: Annotated[str | None, typer.Argument(metavar="[TX]", help="Without it: the latest syncs.")] = None,
    watch: Annotated[bool, typer.Option(help="Keep looking until it is over, or waits for a person.")] = False,
    errors: Annotated[
        bool, typer.Option("--errors", help="All products that failed, instead of the first 50.")
    ] = False,
    as_json_: Json = False,
) -> None:
    """Show how a sync stands, or list the latest ones. Exit status 1 if it failed, or products of it did.

    Watched: 0 only if all that was approved is on Etsy.
    """
    with settings_and_store() as (settings, store):
        if errors:
            _print_errors(store, transaction_id, as_json_=as_json_)
            return
        if transaction_id is None:
            found = queries.latest_jobs(store)
            _print_jobs(store, found, queries.early_confirms(store, found), as_json_=as_json_)
            return
        job = queries.job(store, transaction_id)
        if watch:
            job = watching.watch(store, job.transaction_id, progress_console if as_json_ else console)
        _show(settings, store, job, as_json_=as_json_)
    _exit_with(job)
    if watch and job.state not in (*PUBLISHED, SyncState.NOTHING_TO_DO):
        raise typer.Exit(1)


def _show(settings: Settings, store: Store, job: EtsySyncJob, *, as_json_: bool) -> None:
    early, progress = queries.early_confirms(store, [job]), queries.progress_of(store, job.transaction_id)
    stuck = [str(trouble) for trouble in troubles(store, settings.lost_after, transaction_id=job.transaction_id)]
    waits, held_by, done = waiting_words(store, job), _held_by(store, job), activity.of_sync(store, job.transaction_id)
    if as_json_:
        more = {"stuck": stuck, "held": held_by, "activity": list(map(activity.view, done))}
        as_json(views.job_view(job, early) | more)
    else:
        console.print(_line(job))
        if progress.sent:
            console.print(f"{progress.sent} more were sent, and not read back yet.")
        for confirm in early.values():
            console.print(cell(confirm.told(job.state)))
        print_activity(done, {}, of=job.transaction_id)
        if job.stock_from:
            console.print(cell(job.stock_from))
        if job.snapshot:
            console.print(cell(f"Made from the snapshot {job.snapshot}."), soft_wrap=True)
        if waits:
            console.print(cell(waits))
        for words in filter(None, (*held_by, *stuck, lost_runs_of(job))):
            console.print(cell(words), style="red")
        _print_error_log(store, job)


def _held_by(store: Store, job: EtsySyncJob) -> list[str]:
    """What holds the sync's account, with what to do."""
    with store.reading() as session:
        return [holds.words(hold) for hold in holds.of(session, job.etsy_account_id)]


def _tell_too_late(told: unsent.Unsent) -> None:
    if told.too_late:
        console.print(cell(f"Not among what is still to send: {', '.join(told.too_late)}."))


def _print_errors(store: Store, transaction_id: str | None, *, as_json_: bool) -> None:
    if transaction_id is None:
        raise BadRequest("Errors of which sync?", code="transaction_missing", hint="Give its transaction id, wf_….")
    job, found, count = queries.errors_page(store, transaction_id)
    if as_json_:
        as_json(
            {"transaction_id": transaction_id, "job": job.message or None, "count": count}
            | {"errors": [views.error_view(error) for error in found]}
        )
    else:
        rows = [(_named(error.product_id, error.product_title), error.message) for error in found]
        as_table(("product", "error"), [*_of_sync(job), *rows], empty="No errors.")
    _exit_with(job)


def _print_error_log(store: Store, job: EtsySyncJob) -> None:
    told = views.error_log(job)
    _, found, _ = queries.errors_page(store, job.transaction_id, most=ERRORS_IN_LOG)
    titles = {error.product_id: error.product_title for error in found}
    log, more = told["error_log"], told["error_count"] - len(told["error_log"])
    if log or not more:
        rows = [(_named(name, titles.get(name, "")), words) for name, words in log.items() if name != "job"]
        as_table(("product", "error"), [*_of_sync(job), *rows], empty="No errors.")
    if more:
        console.print(f"… and {more} more: etsy-pipeline sync status {job.transaction_id} --errors")


def _of_sync(job: EtsySyncJob) -> list[tuple[object, object]]:
    return [("the sync", job.message)] if job.message else []


def _named(product_id: str, title: str) -> Text:
    """A product, so that a person knows which one it is, and a program finds it."""
    return lines(title, product_id)


def _exit_with(job: EtsySyncJob) -> None:
    """End with exit status 1 where a sync failed, or products of it did: not all of it is on Etsy."""
    if job.failed_count or job.state in {SyncState.FAILED, SyncState.COMPLETED_WITH_ERRORS}:
        raise typer.Exit(1)


def _print_jobs(
    store: Store, found: Sequence[EtsySyncJob], early: Mapping[str, EarlyConfirm], *, as_json_: bool
) -> None:
    if as_json_:
        as_json([views.job_view(job, early) for job in found])
        return
    with store.reading() as session:
        shops = {account.id: account.label for account in accounts.every(session)}
    rows = [
        (
            job.transaction_id,
            shops.get(job.etsy_account_id, job.etsy_account_id),
            job.state.words,
            f"{job.synced_count} of {job.total_products}"
            + (f", {job.failed_count} failed" if job.failed_count else ""),
            f"{job.created_at.astimezone():%m-%d %H:%M}",
        )
        for job in found
    ]
    widest = min(max((len(str(row[1])) for row in rows), default=0), NAME_WIDTH)
    shop = Column("shop", overflow="fold", min_width=widest)
    status, synced = Column("status", max_width=11), Column("synced", max_width=11)
    headings = (Column("transaction", no_wrap=True), shop, status, synced, Column("asked (local)", no_wrap=True))
    as_table(headings, rows, empty="No sync yet: `etsy-pipeline sync start --account ACCOUNT --all`.")


def _line(job: EtsySyncJob) -> str:
    if job.state is SyncState.NOTHING_TO_DO:
        return f"{job.transaction_id}: {queries.plan_summary(job).headline}"
    counts = f"{job.synced_count} synced, {job.failed_count} failed, {job.skipped_count} skipped"
    later = f", {job.deferred_count} to do" if job.deferred_count else ""
    later += f"; {watching.goes_on(job)}" if job.state is SyncState.PAUSED else ""
    return f"{job.transaction_id}: {colored(job.state.words)}; {job.total_products} products: {counts}{later}"


def _tell_started(store: Store, job: EtsySyncJob, *, wait: bool, as_json_: bool) -> EtsySyncJob:
    if wait:
        job = _wait_for_plan(store, job.transaction_id)
    if as_json_:
        as_json(views.job_view(job, queries.early_confirms(store, [job])))
    else:
        typer.echo(job.transaction_id)
    if wait and job.state is not SyncState.PLANNED:
        progress_console.print(_line(job), soft_wrap=True)
        if job.message:
            tell(job.message, err=True)
        _exit_with(job)
        if job.state not in (*PUBLISHED, SyncState.NOTHING_TO_DO):
            raise typer.Exit(1)
    return job


def _wait_for_plan(store: Store, transaction_id: str) -> EtsySyncJob:
    """Wait for what comes next: a plan that awaits a decision, an end, a pause. A plan may be approved by itself."""
    job = queries.job(store, transaction_id)
    while job.state in (*BEING_PLANNED, SyncState.CONFIRMED, SyncState.PROCESSING):
        time.sleep(POLL_SECONDS)
        job = queries.job(store, transaction_id)
    return job
