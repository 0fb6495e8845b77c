"""What a run knows of the sync that it serves: tags, who asked, and turning our errors into Dagster's."""

import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import ParamSpec, TypeVar

import dagster as dg

from etsy_pipeline.errors import PipelineError, TakenOver
from etsy_pipeline.logs import about
from etsy_pipeline.monitoring import report, report_errors, report_unexpected, watch_logs
from etsy_pipeline.settings import Settings
from etsy_pipeline.store.engine import Store
from etsy_pipeline.sync import approvals

Given = ParamSpec("Given")
Result = TypeVar("Result")

HOUR = 3600.0  # seconds
TRANSACTION_TAG = "etsy_pipeline/transaction_id"
APPROVED_BY_TAG = "etsy_pipeline/approved_by"
TRIGGER_TAG = "etsy_pipeline/trigger"


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


def is_automatic(tags: Mapping[str, str]) -> bool:
    """Whether no person started the run."""
    return any(
        tag in tags for tag in ("dagster/schedule_name", "dagster/sensor_name", "dagster/from_automation_condition")
    )


@contextmanager
def helpful_failures(store: Store | None = None, transaction_id: str | None = None) -> Iterator[None]:
    """Turn an expected error into a Dagster failure without a stack trace's noise, and note it on the sync job.

    What nobody expected goes to Sentry, where that is switched on, and on to Dagster as it is.
    """
    try:
        settings = Settings.load()
        watch_logs(settings)
        report_errors(settings)
        with about(transaction_id=transaction_id) if transaction_id else nullcontext():
            yield
    except PipelineError as error:
        is_ours = not isinstance(error, TakenOver)
        if store is not None and transaction_id is not None and is_ours:
            approvals.fail(store, transaction_id, str(error))
        raise failure(error) from None
    except Exception as error:
        if not isinstance(error, dg.Failure):
            report(error, transaction_id=transaction_id)
        raise


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
        str(error),
        metadata={"code": error.code, "what_to_do": error.hint or "–"},
        allow_retries=False,
    )
