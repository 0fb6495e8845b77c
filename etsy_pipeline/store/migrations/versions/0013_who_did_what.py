"""Who did what, and when."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "activity",
        sa.Column("id", WHOLE, primary_key=True, autoincrement=True),
        sa.Column("done_by", sa.String(), nullable=False),
        sa.Column("done_through", sa.String(), nullable=False),
        sa.Column("deed", sa.String(), nullable=False),
        sa.Column("etsy_account_id", sa.String(), nullable=True),
        sa.Column("transaction_id", sa.String(), nullable=True),
        sa.Column("about", sa.String(), nullable=False, server_default=""),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_activity_created_at", "activity", ["created_at"])
    op.create_index("ix_activity_transaction_id", "activity", ["transaction_id"])


def downgrade() -> None:
    op.drop_table("activity")
