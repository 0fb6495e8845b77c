"""When an order that no list has was looked for last; when stock changed, by Medusa's clock, that a sync answers."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

NEW = (
    ("etsy_receipt", "looked_for_at"),
    ("medusa_change", "changed_at"),
    ("etsy_sync_job", "stock_changed_at"),
)


def upgrade() -> None:
    for table, column in NEW:
        op.add_column(table, sa.Column(column, sa.DateTime(timezone=True)))


def downgrade() -> None:
    for table, column in NEW:
        op.drop_column(table, column)
