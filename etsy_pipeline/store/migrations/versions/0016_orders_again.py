"""Orders: listings whose stock a person has yet to agree with, since orders are booked; parts that kits share."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    no = sa.false()
    op.add_column("product_etsy_link", sa.Column("stock_doubted", sa.Boolean(), nullable=False, server_default=no))
    op.create_table(
        "variant_part",
        sa.Column("product_id", sa.String(), nullable=False),
        sa.Column("variant_id", sa.String(), nullable=False),
        sa.Column("inventory_item_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("product_id", "variant_id", "inventory_item_id", name=op.f("pk_variant_part")),
    )
    op.create_index("ix_variant_part_item", "variant_part", ["inventory_item_id"])


def downgrade() -> None:
    op.drop_table("variant_part")
    op.drop_column("product_etsy_link", "stock_doubted")
