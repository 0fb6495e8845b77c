"""What a run knows of the sync that it serves: tags, who asked, and turning our errors into Dagster's."""

import functools
import socket
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from typing import ParamSpec, TypeVar

import dagster as dg

from etsy_pipeline import otel, telemetry
from etsy_pipeline.errors import PipelineError, StoreUnavailable, TakenOver
from etsy_pipeline.logs import about
from etsy_pipeline.monitoring import report, report_errors, report_unexpected, watch_logs
from etsy_pipeline.orchestration.code_age import require_not_older
from etsy_pipeline.orchestration.run_tags import PARTITION_TAG, SHOP_TAG
from etsy_pipeline.redaction import redacted
from etsy_pipeline.safe_text import visible, visible_lines
from etsy_pipeline.settings import Settings
from etsy_pipeline.store import accounts
from etsy_pipeline.store.engine import Store
from etsy_pipeline.sync import approvals
from etsy_pipeline.sync.build_plan import begin_plan
from etsy_pipeline.sync.plan_builder import taken_over
from etsy_pipeline.sync.plan_runs import PlanRun, fail_plan
from etsy_pipeline.sync.signs_of_life import kept_alive, kept_noted

Given = ParamSpec("Given")
Result = TypeVar("Result")

HOUR = 3600.0  # seconds
TRANSACTION_TAG = "etsy_pipeline/transaction_id"
PLAN = dg.AssetKey("sync_plan")
APPROVED_BY_TAG = "etsy_pipeline/approved_by"
TRIGGER_TAG = "etsy_pipeline/trigger"
ATTEMPT_TAG = "etsy_pipeline/attempt"
NO_RETRIES = {"dagster/max_retries": "0"}
"""Tags of runs that our sensors start again themselves, where that is right."""
NO_FAULT = {
    "database_deadlock",
    "database_locked",
    "database_unreachable",
    "database_newer_than_code",
    "plan_taken_over",
    "snapshots_unreachable",
    "worker_outdated",
}
"""These fail a run, and not its sync: what we keep things in is away, the worker's code is of before an upgrade, or the
sync is another run's by now."""


def transaction_id_of(tags: Mapping[str, str]) -> str | None:
    """The sync that the run was started for; None when a person started it in the UI."""
    return tags.get(TRANSACTION_TAG)


def trigger_of(tags: Mapping[str, str]) -> str:
    """Who asked for the run: schedule, backfill, or a person in the UI, unless a tag says otherwise."""
    if TRIGGER_TAG in tags:
        return tags[TRIGGER_TAG]
    if "dagster/schedule_name" in tags:
        return "schedule"
    return "backfill" if "dagster/backfill" in tags else "ui"


def plan_run(run: dg.DagsterRun) -> PlanRun:
    """A run of Dagster's as `sync/plan_runs.py` knows it."""
    attempt = run.tags.get(ATTEMPT_TAG, "0")
    return PlanRun(
        id=run.run_id,
        transaction_id=transaction_id_of(run.tags),
        account_id=run.tags.get(PARTITION_TAG),
        trigger=trigger_of(run.tags),
        attempt=int(attempt) if attempt.isdecimal() else 0,
    )


def is_automatic(tags: Mapping[str, str]) -> bool:
    """Whether no person started the run; Dagster's own second try of a person's run is none of theirs."""
    automatic = (
        "dagster/schedule_name",
        "dagster/sensor_name",
        "dagster/from_automation_condition",
        "dagster/retry_number",
    )
    return any(tag in tags for tag in automatic)


def name_of_shop(context: dg.AssetExecutionContext, store: Store) -> str:
    """What the run's shop is called; a run that came without the name (from the UI, a backfill) is given it as a tag.

    Raises:
        NotFound: `account_not_found`.
    """
    with store.reading() as session:
        name = visible(accounts.get(session, context.partition_key).label)
    if context.run.tags.get(SHOP_TAG) != name:
        context.instance.add_run_tags(context.run.run_id, {SHOP_TAG: name})
    return name


def pages() -> str:
    """The address of the pages for people; blank where it is not known."""
    return Settings.load().etsy_pipeline_pages_url or ""


def assets_of_run(context: dg.AssetExecutionContext) -> AbstractSet[dg.AssetKey]:
    """All assets that the run is to materialize; `context.selected_asset_keys` are those of one step."""
    return context.job_def.asset_layer.selected_asset_keys


@contextmanager
def helpful_failures(transaction_id: str | None = None) -> Iterator[None]:
    """Turn an expected error into a Dagster failure without a stack trace's noise.

    What nobody expected goes to Sentry, where that is switched on, and on to Dagster as it is.
    """
    try:
        settings = Settings.load()
        watch_logs(settings)
        report_errors(settings)
        otel.begin(settings)
        with _about(transaction_id):
            yield
    except PipelineError as error:
        raise failure(error) from None
    except Exception as error:
        if not isinstance(error, dg.Failure):
            report(error, transaction_id=transaction_id)
        raise
    finally:
        otel.flush()


@contextmanager
def part_of_plan(context: dg.AssetExecutionContext, store: Store) -> Iterator[str | None]:
    """Do a part of drawing up a plan, with signs of life: whatever goes wrong fails the run's sync, with the message.

    Gives the sync's transaction id. A run that ends before the plan has no sync of its own: what it was started for, if
    anything, is all that it knows. One that was given up for lost meanwhile ends, and leaves the sync to another one.
    """
    run, transaction_id = context.run, transaction_id_of(context.run.tags)
    with helpful_failures(transaction_id), ExitStack() as stack:
        require_not_older(run.tags)
        try:
            if PLAN in assets_of_run(context):
                _require_not_given_up(context)
                transaction_id = begin_plan(
                    store,
                    account_id=context.partition_key,
                    transaction_id=transaction_id,
                    trigger=trigger_of(run.tags),
                    run_id=run.run_id,
                ).transaction_id
                lost_after = Settings.load().lost_after
                stack.enter_context(kept_alive(store, transaction_id, run.run_id, lost_after))
            with _about(transaction_id), _observed("plan", context, transaction_id):
                yield transaction_id
        except Exception as error:
            if not _is_no_fault(error):
                told = str(error) if isinstance(error, PipelineError) else getattr(error, "description", None)
                message = redacted(told or died(run.run_id))
                fail_plan(store, run_id=run.run_id, transaction_id=transaction_id, message=message)
            raise


def _is_no_fault(error: Exception) -> bool:
    """Whether it leaves the sync to another run. Errors in reading a snapshot come as Dagster shows them."""
    if isinstance(error, dg.Failure):
        return code_of(error.metadata) in NO_FAULT
    return isinstance(error, TakenOver | StoreUnavailable)


def code_of(metadata: Mapping[str, object]) -> object:
    """The code of our error, where a failure is one of ours."""
    return getattr(metadata.get("code"), "value", None)


@contextmanager
def look_at_shop(context: dg.AssetExecutionContext, store: Store) -> Iterator[None]:
    """Look through a shop, or at its orders, with signs of life; Dagster itself starts one that is lost again."""
    with helpful_failures():
        require_not_older(context.run.tags)
        with kept_noted(store, context.run.run_id, Settings.load().lost_after), _observed("look", context, None):
            yield


@contextmanager
def part_of_publication(store: Store, transaction_id: str | None) -> Iterator[None]:
    """Do a part of a publication: an expected error fails the sync, unless another publisher is at work on it.

    A publication that ends without a word, or because the database is away, is not over: `approved_syncs` starts
    another run.
    """
    with helpful_failures(transaction_id):
        try:
            yield
        except PipelineError as error:
            if transaction_id is not None and not isinstance(error, TakenOver | StoreUnavailable):
                approvals.fail(store, transaction_id, str(error))
            raise


def died(run_id: str) -> str:
    """What is told of a run that ended without a word."""
    return f"The Dagster run {run_id} failed. [run_failed]"


def reporting(evaluated: Callable[Given, Result]) -> Callable[Given, Result]:
    """A sensor or schedule whose unexpected errors go to Sentry, too: each kind once an hour, as it looks so often."""

    @functools.wraps(evaluated)
    def reported(*args: Given.args, **kwargs: Given.kwargs) -> Result:
        try:
            return evaluated(*args, **kwargs)
        except Exception as error:
            if not isinstance(error, dg.Failure):
                report_unexpected(error, at_most_every=HOUR, sensor=evaluated.__name__)
            raise

    return reported


def failure(error: PipelineError) -> dg.Failure:
    """Our error as Dagster shows it; it is not retried, since all retries have been made."""
    return dg.Failure(
        visible_lines(str(error)),
        metadata={"code": error.code, "what_to_do": error.hint or "–", "machine": socket.gethostname()},
        allow_retries=False,
    )


def _require_not_given_up(context: dg.AssetExecutionContext) -> None:
    """Refuse to go on in a run that Dagster has been told is dead.

    Raises:
        TakenOver: `plan_taken_over`.
    """
    run = context.instance.get_run_by_id(context.run.run_id)
    if run is not None and run.is_finished:
        raise taken_over(transaction_id_of(run.tags) or "its sync")


@contextmanager
def _observed(what: str, context: dg.AssetExecutionContext, transaction_id: str | None) -> Iterator[None]:
    name, about = f"{what} {context.asset_key.to_user_string()}", {"account": context.partition_key}
    if transaction_id is not None:
        about["transaction_id"] = transaction_id
    with telemetry.of_run(context.run.run_id), telemetry.span(name, **about):
        yield


def _about(transaction_id: str | None) -> AbstractContextManager[None]:
    return about(transaction_id=transaction_id) if transaction_id else nullcontext()
