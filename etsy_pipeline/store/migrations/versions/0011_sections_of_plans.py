"""Sections of plans: in which part of a plan a product is shown, and its picture and SKUs, to find it by.

What is there already is sorted by what is done with it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

INDEX = "ix_sync_item_job_section"


def upgrade() -> None:
    for name in ("section", "image_url", "skus"):
        op.add_column("sync_item", sa.Column(name, sa.String(), nullable=False, server_default=""))
    op.execute(
        "UPDATE sync_item SET section ="
        " CASE WHEN action <> 'skip' THEN action WHEN care = 6 THEN 'left' ELSE 'same' END"
    )
    op.create_index(INDEX, "sync_item", ["sync_job_id", "section", "care", "position"])


def downgrade() -> None:
    op.drop_index(INDEX, "sync_item")
    for name in ("skus", "image_url", "section"):
        op.drop_column("sync_item", name)
