"""Sales on Etsy: receipts, their lines, what was booked of them in Medusa; Medusa's stock as last seen, its events."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "receipt_feed",
        sa.Column("etsy_account_id", sa.String(), primary_key=True),
        sa.Column("cursor", MOMENT, nullable=True),
        sa.Column("polled_at", MOMENT, nullable=True),
        sa.Column("swept_at", MOMENT, nullable=True),
        sa.Column("problem", sa.String(), nullable=True),
        sa.Column("tells_addresses", sa.Boolean(), nullable=True),
        sa.Column("takes_tracking", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(["etsy_account_id"], ["etsy_account.id"], name=op.f("fk_receipt_feed_etsy_account_id")),
    )
    _receipts()
    op.create_table(
        "stock_movement",
        sa.Column("etsy_account_id", sa.String(), nullable=False),
        sa.Column("transaction_id", WHOLE, nullable=False),
        sa.Column("inventory_item_id", sa.String(), nullable=False),
        sa.Column("location_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("quantity", WHOLE, nullable=False),
        sa.Column("intent_at", MOMENT, nullable=False),
        sa.Column("reservation_id", sa.String(), nullable=True),
        sa.Column("done_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["etsy_account_id"], ["etsy_account.id"], name=op.f("fk_stock_movement_etsy_account_id")
        ),
        sa.PrimaryKeyConstraint(
            "etsy_account_id", "transaction_id", "inventory_item_id", "location_id", "kind",
            name=op.f("pk_stock_movement"),
        ),
        sa.CheckConstraint("kind IN ('sale', 'return')", name=op.f("ck_stock_movement_kind")),
    )  # fmt: skip
    op.create_table(
        "medusa_stock",
        sa.Column("inventory_item_id", sa.String(), nullable=False),
        sa.Column("location_id", sa.String(), nullable=False),
        sa.Column("stocked", WHOLE, nullable=False),
        sa.Column("reserved", WHOLE, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("inventory_item_id", "location_id", name=op.f("pk_medusa_stock")),
    )
    op.create_table(
        "medusa_change",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("first_seen_at", MOMENT, nullable=False),
        sa.Column("last_seen_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("kind", "id", name=op.f("pk_medusa_change")),
    )


def _receipts() -> None:
    op.create_table(
        "etsy_receipt",
        sa.Column("etsy_account_id", sa.String(), nullable=False),
        sa.Column("receipt_id", WHOLE, nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("is_paid", sa.Boolean(), nullable=False),
        sa.Column("is_shipped", sa.Boolean(), nullable=False),
        sa.Column("is_canceled", sa.Boolean(), nullable=False),
        sa.Column("sold_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("totals", sa.JSON(), nullable=False, server_default="{}"),
        sa.Column("details_encrypted", sa.String(), nullable=True),
        sa.Column("step", sa.String(), nullable=False, server_default=""),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("problem", sa.String(), nullable=True),
        sa.Column("medusa_draft_id", sa.String(), nullable=True),
        sa.Column("medusa_order_id", sa.String(), nullable=True),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("settled_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["etsy_account_id"], ["etsy_account.id"], name=op.f("fk_etsy_receipt_etsy_account_id")),
        sa.PrimaryKeyConstraint("etsy_account_id", "receipt_id", name=op.f("pk_etsy_receipt")),
    )
    op.create_index("ix_etsy_receipt_account_state", "etsy_receipt", ["etsy_account_id", "state"])
    op.create_table(
        "etsy_sale",
        sa.Column("etsy_account_id", sa.String(), nullable=False),
        sa.Column("transaction_id", WHOLE, nullable=False),
        sa.Column("receipt_id", WHOLE, nullable=False),
        sa.Column("listing_id", WHOLE, nullable=True),
        sa.Column("sku", sa.String(), nullable=False, server_default=""),
        sa.Column("title", sa.String(), nullable=False, server_default=""),
        sa.Column("options", sa.JSON(), nullable=False, server_default="[]"),
        sa.Column("quantity", WHOLE, nullable=False),
        sa.Column("price", sa.String(), nullable=False, server_default=""),
        sa.Column("product_id", sa.String(), nullable=True),
        sa.Column("variant_id", sa.String(), nullable=True),
        sa.Column("matched_by", sa.String(), nullable=False, server_default=""),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("problem", sa.String(), nullable=True),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("booked_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["etsy_account_id"], ["etsy_account.id"], name=op.f("fk_etsy_sale_etsy_account_id")),
        sa.PrimaryKeyConstraint("etsy_account_id", "transaction_id", name=op.f("pk_etsy_sale")),
    )
    op.create_index("ix_etsy_sale_account_state", "etsy_sale", ["etsy_account_id", "state"])
    op.create_index("ix_etsy_sale_receipt", "etsy_sale", ["etsy_account_id", "receipt_id"])


def downgrade() -> None:
    for table in ("medusa_change", "medusa_stock", "stock_movement", "etsy_sale", "etsy_receipt", "receipt_feed"):
        op.drop_table(table)
