"""A sync has one state, checked by the database; `status`, the mission's word for it, is computed from it.

SQLite can add a column with a CHECK and a computed one, and drop a plain one, without making the table anew.
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# As they were when this was written: a migration does not change with the code.
STATES = (
    "requested", "planning", "planned", "nothing_to_do", "confirmed", "processing", "paused", "completed",
    "completed_with_errors", "failed", "rejected", "superseded", "cancelled", "expired", "unknown",
)  # fmt: skip
UNDER_WAY = "state IN ('confirmed', 'processing', 'paused')"
STATUS = (
    "CASE WHEN state IN ('requested', 'planning', 'planned') THEN 'pending' "
    "WHEN state IN ('nothing_to_do', 'completed', 'completed_with_errors') THEN 'completed' "
    "WHEN state IN ('cancelled', 'expired') THEN 'cancelled' ELSE state END"
)
BEFORE = (  # (condition on the row as it was, its state)
    ("status = 'pending' AND plan_digest IS NULL AND plan_run_id IS NULL", "requested"),
    ("status = 'pending' AND plan_digest IS NULL", "planning"),
    ("status = 'pending'", "planned"),
    ("status = 'completed' AND failed_count > 0", "completed_with_errors"),
    (
        "status = 'cancelled' AND started_at IS NULL AND CAST(error_log AS TEXT) LIKE '%approval_expired%'",
        "expired",
    ),
)


def upgrade() -> None:
    words = ", ".join(f"'{state}'" for state in STATES)
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    add = "ALTER TABLE etsy_sync_job ADD COLUMN"
    op.execute(
        f"{add} state VARCHAR NOT NULL DEFAULT 'requested' CONSTRAINT ck_etsy_sync_job_state CHECK (state IN ({words}))"
    )
    op.execute(
        f"{add} lane VARCHAR NOT NULL DEFAULT 'full' CONSTRAINT ck_etsy_sync_job_lane CHECK (lane IN ('full', 'stock'))"
    )
    cases = " ".join(f"WHEN {condition} THEN '{state}'" for condition, state in BEFORE)
    op.execute(
        f"UPDATE etsy_sync_job SET state = CASE {cases} WHEN status IN ({words}) THEN status ELSE 'unknown' END"  # noqa: S608
    )
    _keep_unknown_words()
    _end_all_but_the_newest_under_way()
    op.drop_index("ix_etsy_sync_job_account_status", "etsy_sync_job")
    op.execute("ALTER TABLE etsy_sync_job DROP COLUMN status")
    op.execute("ALTER TABLE etsy_sync_job DROP COLUMN snapshot_ref")  # nobody ever read it
    op.execute(f"{add} status VARCHAR GENERATED ALWAYS AS ({STATUS}) {'VIRTUAL' if is_sqlite else 'STORED'} NOT NULL")
    op.create_index("ix_etsy_sync_job_account_state", "etsy_sync_job", ["etsy_account_id", "state"])
    op.create_index(
        "uq_etsy_sync_job_under_way",
        "etsy_sync_job",
        ["etsy_account_id", "lane"],
        unique=True,
        sqlite_where=sa.text(UNDER_WAY),
        postgresql_where=sa.text(UNDER_WAY),
    )


JOBS = sa.table(
    "etsy_sync_job",
    sa.column("id", sa.String),
    sa.column("etsy_account_id", sa.String),
    sa.column("created_at", sa.DateTime(timezone=True)),
    sa.column("completed_at", sa.DateTime(timezone=True)),
    sa.column("state", sa.String),
    sa.column("status", sa.String),
    sa.column("error_log", sa.JSON),
)


def _keep_unknown_words() -> None:
    """A status that no version ever wrote is kept in the sync's messages."""
    connection = op.get_bind()
    rows = connection.execute(sa.select(JOBS.c.id, JOBS.c.status, JOBS.c.error_log).where(JOBS.c.state == "unknown"))
    for job_id, status, errors in rows.all():
        _tell(job_id, errors, f"The status of this sync was {status!r}, which no version of etsy_pipeline writes.")


def _end_all_but_the_newest_under_way() -> None:
    """Two publications of one account were never meant to be; where a race made two, the newest one stays."""
    connection = op.get_bind()
    columns = JOBS.c.id, JOBS.c.etsy_account_id, JOBS.c.error_log
    query = sa.select(*columns).where(sa.text(UNDER_WAY)).order_by(JOBS.c.created_at.desc(), JOBS.c.id.desc())
    seen = set()
    for job_id, account_id, errors in connection.execute(query).all():
        if account_id in seen:
            ended = {"state": "cancelled", "completed_at": sa.func.now()}
            connection.execute(JOBS.update().where(JOBS.c.id == job_id).values(ended))
            _tell(job_id, errors, "Another sync of this account was approved and not finished, either; this one ended.")
        seen.add(account_id)


def _tell(job_id: str, errors: object, message: str) -> None:
    """Add to what is told of a sync as a whole."""
    known = json.loads(errors) if isinstance(errors, str) else errors
    known = known if isinstance(known, dict) else {}
    told = {"job": f"{known.get('job', '')} {message}".strip()}
    op.get_bind().execute(JOBS.update().where(JOBS.c.id == job_id).values(error_log=known | told))
