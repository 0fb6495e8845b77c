"""The daily sync: plans every shop that wants it; a person still approves.

Dagster: https://docs.dagster.io/guides/automate/schedules
"""

import dagster as dg

from etsy_pipeline.orchestration.jobs import plan_sync
from etsy_pipeline.orchestration.long_runs import large_shops
from etsy_pipeline.orchestration.partitions import ACCOUNTS
from etsy_pipeline.orchestration.resources import StoreResource
from etsy_pipeline.orchestration.run_tags import slot
from etsy_pipeline.orchestration.runs import reporting
from etsy_pipeline.store import accounts
from etsy_pipeline.store.records import EtsyAccount


def daily_sync_at(time_zone: str) -> dg.ScheduleDefinition:
    """The schedule, at 02:00 of a time zone such as Europe/Berlin."""

    @dg.schedule(
        name="daily_sync",
        job=plan_sync,
        cron_schedule="0 2 * * *",
        execution_timezone=time_zone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Plans a sync of every active account that has `schedule_enabled` in its settings.",
    )
    @reporting
    def daily_sync(context: dg.ScheduleEvaluationContext, store: StoreResource) -> list[dg.RunRequest] | dg.SkipReason:
        with store.opened() as opened, opened.reading() as session:
            wanted = {item.id: item.label for item in accounts.active(session) if _is_wanted(item)}
            large = large_shops(session, wanted)
        ready = sorted(wanted.keys() & set(context.instance.get_dynamic_partitions(ACCOUNTS)))
        if not ready:
            return dg.SkipReason("No active account has `schedule_enabled`.")
        day = context.scheduled_execution_time.date().isoformat()
        return [
            dg.RunRequest(
                run_key=f"{account_id}/{day}",
                partition_key=account_id,
                tags=slot(account_id, "plan", wanted[account_id], is_long=account_id in large),
            )
            for account_id in ready
        ]

    return daily_sync


def _is_wanted(account: EtsyAccount) -> bool:
    """Read as it is: where another of the shop's settings does not fit this version, its own run says so."""
    return account.api_config.get("schedule_enabled") is True
