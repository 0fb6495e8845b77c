"""What Etsy told of a shop and of its categories, with the moment: not every small plan asks anew."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "shop_reference",
        sa.Column("shop_id", WHOLE, nullable=False, autoincrement=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("told", sa.String(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "what", name=op.f("pk_shop_reference")),
    )


def downgrade() -> None:
    op.drop_table("shop_reference")
