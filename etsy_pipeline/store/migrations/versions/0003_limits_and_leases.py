"""The shared limiter of calls to Etsy, the state of a shop's connection, and the publisher's lease."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.drop_table("api_budget")  # nothing has used it
    op.create_table(
        "api_budget",
        sa.Column("api_key_fingerprint", sa.String(), nullable=False),
        sa.Column("limit_per_second", WHOLE, nullable=True),
        sa.Column("limit_per_day", WHOLE, nullable=True),
        sa.Column("turns", sa.JSON(), nullable=False),
        sa.Column("calls", sa.JSON(), nullable=False),
        sa.Column("unknown_calls", WHOLE, nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("api_key_fingerprint", name=op.f("pk_api_budget")),
    )
    with op.batch_alter_table("etsy_account") as table:
        table.add_column(sa.Column("needs_consent_since", sa.DateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("token_problem", sa.String(), nullable=True))
