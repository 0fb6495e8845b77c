"""What Celery workers read: `PYTHONPATH=deploy/celery celery -A dagster_celery.app worker …`. docs/distributed.md."""

import os

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
worker_hijack_root_logger = False
