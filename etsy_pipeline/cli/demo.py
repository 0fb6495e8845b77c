"""`etsy-pipeline demo`: the whole way from a sample Medusa catalogue to listings on a local Etsy."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Annotated

import typer

from etsy_pipeline import wiring
from etsy_pipeline.accounts import configure, connect
from etsy_pipeline.cli.output import colored, console, print_links, print_plan
from etsy_pipeline.cli.sandbox import free_ports, the_only_sandbox, write_settings
from etsy_pipeline.cli.settings_and_store import settings_and_store
from etsy_pipeline.errors import PipelineError, Unavailable
from etsy_pipeline.etsy.oauth import code_from_redirect
from etsy_pipeline.settings import Settings
from etsy_pipeline.store import accounts
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsyAccount, EtsySyncJob
from etsy_pipeline.sync import approvals, queries
from etsy_pipeline.sync.queries import PlanFilter
from etsy_pipeline.sync.request import request_sync

# A commercial app's pace instead of a new app's 5 calls a second, or the demo would mostly wait.
PER_SECOND, PER_DAY = 50, 100_000
APPROVER = "demo"
SHOP_NAME = "Demo shop"
SHOWN = 5  # products, of the plan and of the outcome: it all fits on a screen


def demo(
    approve: Annotated[bool, typer.Option(help="Approve the plan and publish it.")] = True,
    everything: Annotated[bool, typer.Option("--all", help="Show all of the plan and of what became of it.")] = False,
) -> None:
    """Try everything out, without a shop: starts a local Etsy and a sample Medusa, and publishes the catalogue.

    The sample holds products that cannot be published, to show what happens then: they are no failure of the demo.
    """
    for name in [name for name in os.environ if name.startswith(("ETSY_", "MEDUSA_"))]:
        if name != "ETSY_PIPELINE_HOME":
            del os.environ[name]  # the demo never touches a real shop
    with _sandbox(Settings.load()), settings_and_store(begins=True) as (settings, store):
        account = _connected_account(settings, store)
        job = _planned(store, account)
        transaction_id = job.transaction_id
        most = None if everything else SHOWN
        _show_plan(store, job, most)
        if not approve and not job.is_over:
            _farewell()
            return
        if job.is_over:
            _end(_show_outcome(store, account.id, transaction_id, most))
            return
        _step("Approve the plan")
        approvals.approve(
            store, transaction_id, decided_by=APPROVER, through="cli", amount_unit=settings.medusa()[2], note="the demo"
        )
        _step("Publish it")
        _run("publish_sync", account.id, transaction_id)
        _end(_show_outcome(store, account.id, transaction_id, most))


@contextmanager
def _sandbox(settings: Settings) -> Iterator[None]:
    from etsy_pipeline.sandbox.server import Sandbox, SandboxError, SandboxOptions

    _step("Start a local Etsy and a sample Medusa")
    home, (etsy_port, medusa_port) = settings.etsy_pipeline_home, free_ports()
    options = SandboxOptions(
        state_path=home / "sandbox.db",
        etsy_port=etsy_port,
        medusa_port=medusa_port,
        requests_per_second=PER_SECOND,
        requests_per_day=PER_DAY,
    )
    try:
        with the_only_sandbox(settings), Sandbox(options) as running:
            write_settings(home, running.environment())
            console.print(f"Etsy {running.etsy_url}, Medusa {running.medusa_url}")
            yield
    except SandboxError as error:
        raise Unavailable(
            str(error), code="sandbox_cannot_start", hint="Close what uses the port, then try again."
        ) from None


def _connected_account(settings: Settings, store: Store) -> EtsyAccount:
    from etsy_pipeline.sandbox.consent import grant

    _step("Connect an Etsy shop (OAuth with PKCE)")
    with store.reading() as session:
        account = next((item for item in accounts.active(session) if item.name == SHOP_NAME), None)
    if account is None:
        added = configure.add(store, SHOP_NAME)
        oauth = wiring.oauth_of(settings)
        redirected = grant(connect.start(store, oauth, added.id).location, 1)
        code, state = code_from_redirect(redirected)
        account = connect.finish(store, oauth, wiring.client_for(settings, store), code=code, state=state)
        _choose_profiles(settings, store, account)
    console.print(f"{account.id}: {account.shop_name}, {account.currency_code}")
    return account


def _choose_profiles(settings: Settings, store: Store, account: EtsyAccount) -> None:
    client, shop_id = wiring.shop_client(settings, store, account.id), account.shop_id or 0
    offered = client.choices(shop_id)
    choices = {kind: offered[kind][0].id for kind in ("shipping_profile", "return_policy", "processing_profile")}
    configure.configure(store, account.id, choices)


def _planned(store: Store, account: EtsyAccount) -> EtsySyncJob:
    _step("Snapshot the catalogue, validate every product, draw up a plan")
    job = request_sync(store, account.id, product_ids=None, trigger="demo")
    if not _run("plan_sync", account.id, job.transaction_id):
        told = queries.job(store, job.transaction_id).message or "No plan could be drawn up."
        raise PipelineError(told, code="run_failed", hint="The job's log says more.")
    return queries.job(store, job.transaction_id)


def _show_plan(store: Store, job: EtsySyncJob, most: int | None) -> None:
    _step(f"The plan of {job.transaction_id}")
    if most is None:
        print_plan(queries.plan_rows(store, job.transaction_id, queries.NOTEWORTHY), queries.plan_summary(job))
        return
    summary = queries.plan_summary(job)
    rows = [
        row
        for action in ("create", "update", "deactivate", "invalid")
        for row in queries.plan_rows(store, job.transaction_id, PlanFilter((action,), most=most))
    ]
    print_plan(rows[: most - 1] + rows[-1:], replace(summary, groups=()))
    console.print(f"All of it: [bold]etsy-pipeline sync plan {job.transaction_id}[/]")


def _show_outcome(store: Store, account_id: str, transaction_id: str, most: int | None) -> EtsySyncJob:
    _step("What happened to every product")
    found = queries.find_links(store, account_id=account_id)
    shown = found
    if most is not None:
        failed = [link for link in found if link.sync_status == "failed"]
        shown = [link for link in found if link.sync_status == "synced"][: most - 1] + failed[:1]
    print_links(shown)
    if len(shown) < len(found):
        console.print(f"… and {len(found) - len(shown)} more: [bold]etsy-pipeline links[/]")
    job = queries.job(store, transaction_id)
    console.print(
        f"\n[bold]{transaction_id} {colored(job.state.words)}: {job.synced_count} synced, {job.failed_count} failed, "
        f"{job.skipped_count} skipped, {job.deferred_count} not sent yet, of {job.total_products} products.[/]"
    )
    return job


def _run(job_name: str, account_id: str, transaction_id: str) -> bool:
    """Run a Dagster job in a process of its own, its log in the state folder; whether it succeeded."""
    log = Settings.load().etsy_pipeline_home / f"demo-{job_name}.log"
    command = [sys.executable, "-m", "etsy_pipeline.run_job", job_name, account_id]
    started = time.monotonic()
    with log.open("w") as file:
        process = subprocess.run(
            [*command, "--transaction-id", transaction_id, "--trigger", "demo"], check=False, stdout=file, stderr=file
        )
    console.print(f"Dagster job {job_name}: {time.monotonic() - started:.0f} s, log in {log}")
    return process.returncode == 0


def _end(job: EtsySyncJob) -> None:
    """Say goodbye; exit status 1 where the sync could not go on. Broken products are part of the sample."""
    _farewell()
    if job.failed_count:
        console.print(
            f"{job.failed_count} products are not on Etsy: the sample holds broken ones on purpose. "
            f"[bold]etsy-pipeline sync status {job.transaction_id}[/] says what is wrong."
        )
    if job.message or not job.is_over:
        raise typer.Exit(1)


def _farewell() -> None:
    console.print(
        "\nTo see all this in Dagster's UI, and go on from here, run [bold]scripts/dev[/] and open http://127.0.0.1:3000"
    )


def _step(text: str) -> None:
    console.rule(f"[bold]{text}", align="left", style="bright_black")
