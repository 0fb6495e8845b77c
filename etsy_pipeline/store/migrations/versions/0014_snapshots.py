"""Snapshots: the reference of each, chunks of those that lie in the database; a plan names the one it was made from."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "snapshot",
        sa.Column("key", sa.String(), primary_key=True),
        sa.Column("asset", sa.String(), nullable=False),
        sa.Column("partition", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("rows", WHOLE, nullable=False),
        sa.Column("size_bytes", WHOLE, nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("made_from", sa.String(), nullable=True),
        sa.Column("taken_at", MOMENT, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
    )
    op.create_index("ix_snapshot_partition", "snapshot", ["partition", "asset", "made_at"])
    op.create_table(
        "snapshot_chunk",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("number", WHOLE, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("written_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("key", "number", name=op.f("pk_snapshot_chunk")),
    )
    op.add_column("etsy_sync_job", sa.Column("snapshot", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("etsy_sync_job", "snapshot")
    op.drop_table("snapshot_chunk")
    op.drop_table("snapshot")
