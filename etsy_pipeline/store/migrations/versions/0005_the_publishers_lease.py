"""Who publishes for an account, and how often Etsy failed on one product."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "publisher_lease",
        sa.Column("etsy_account_id", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("transaction_id", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("starts", WHOLE, nullable=False),
        sa.ForeignKeyConstraint(
            ["etsy_account_id"], ["etsy_account.id"], name=op.f("fk_publisher_lease_etsy_account_id")
        ),
        sa.PrimaryKeyConstraint("etsy_account_id", name=op.f("pk_publisher_lease")),
    )
    with op.batch_alter_table("sync_item") as table:
        table.add_column(sa.Column("failures", WHOLE, nullable=False, server_default="0"))
