"""Shops that share an API key share its calls: whose they were, and who waits for a turn."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("api_budget", sa.Column("shares", sa.JSON(), nullable=False, server_default="{}"))


def downgrade() -> None:
    op.drop_column("api_budget", "shares")
