"""What Celery workers read: `PYTHONPATH=deploy/celery celery -A dagster_celery.app worker …`. docs/distributed.md."""

import os

from celery.signals import worker_init

from etsy_pipeline.starting import may_start

broker_url = os.environ["DAGSTER_CELERY_BROKER"]
result_backend = os.environ["DAGSTER_CELERY_BACKEND"]

# A worker takes a run when it has a place for it, and never one in advance: that one would be lost with the worker for
# an hour (visibility_timeout). A run is acknowledged when it is taken: a late acknowledgement would start each run that
# lasts longer than that hour a second time.
worker_prefetch_multiplier = 1
worker_disable_prefetch = True
task_acks_late = False

worker_max_tasks_per_child = 50
broker_connection_retry_on_startup = True
broker_connection_max_retries = None  # for ever: a worker that gave up would take its runs with it
worker_hijack_root_logger = False


@worker_init.connect  # type: ignore[untyped-decorator] # Celery has no types
def look_first(**_: object) -> None:
    """A worker that could do nothing (tables, key, settings) takes no run: it would fail, and its sync with it."""
    if not may_start("The worker"):
        raise SystemExit(1)
