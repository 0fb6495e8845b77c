"""Webhooks that were received, and requests that are asked for once."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "api_request",
        sa.Column("idempotency_key", sa.String(), nullable=False),
        sa.Column("body_hash", sa.String(), nullable=False),
        sa.Column("transaction_id", sa.String(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("idempotency_key", name=op.f("pk_api_request")),
    )
    op.create_index(op.f("ix_api_request_created_at"), "api_request", ["created_at"])
    op.create_table(
        "webhook_delivery",
        sa.Column("webhook_id", sa.String(), nullable=False),
        sa.Column("event_type", sa.String(), nullable=False),
        sa.Column("shop_id", WHOLE, nullable=True),
        sa.Column("resource_url", sa.String(), nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("webhook_id", name=op.f("pk_webhook_delivery")),
    )
    op.create_index(op.f("ix_webhook_delivery_received_at"), "webhook_delivery", ["received_at"])
    op.create_table(
        "webhook_count",
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("deliveries", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("day", "outcome", name=op.f("pk_webhook_count")),
    )
    op.create_table(
        "sold_mark",
        sa.Column("shop_id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("receipt_id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("event_type", sa.String(), nullable=False),
        sa.Column("marked_at", MOMENT, nullable=False),
        sa.Column("looked_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("shop_id", "receipt_id", name=op.f("pk_sold_mark")),
    )
