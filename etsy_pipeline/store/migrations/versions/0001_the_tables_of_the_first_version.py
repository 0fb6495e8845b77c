"""The tables of the first version."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_budget",
        sa.Column("api_key_fingerprint", sa.String(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("calls", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("limit_per_second", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("limit_per_day", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.PrimaryKeyConstraint("api_key_fingerprint", "hour", name=op.f("pk_api_budget")),
    )
    op.create_table(
        "etsy_account",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("shop_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("shop_name", sa.String(), nullable=True),
        sa.Column("shop_url", sa.String(), nullable=True),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("currency_code", sa.String(), nullable=True),
        sa.Column("access_token_encrypted", sa.String(), nullable=True),
        sa.Column("refresh_token_encrypted", sa.String(), nullable=True),
        sa.Column("token_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refresh_token_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("scopes", sa.String(), nullable=True),
        sa.Column("api_config", sa.JSON(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_etsy_account")),
        sa.UniqueConstraint("shop_id", name=op.f("uq_etsy_account_shop_id")),
    )
    op.create_table(
        "etsy_sync_job",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("transaction_id", sa.String(), nullable=False),
        sa.Column("etsy_account_id", sa.String(), nullable=False),
        sa.Column("trigger", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("requested_selection", sa.JSON(), nullable=True),
        sa.Column("total_products", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("synced_count", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("failed_count", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("skipped_count", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("deferred_count", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("error_log", sa.JSON(), nullable=False),
        sa.Column("totals", sa.JSON(), nullable=False),
        sa.Column("plan_digest", sa.String(), nullable=True),
        sa.Column("shop_fingerprint", sa.String(), nullable=True),
        sa.Column("snapshot_ref", sa.String(), nullable=True),
        sa.Column("plan_run_id", sa.String(), nullable=True),
        sa.Column("publish_run_id", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resume_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["etsy_account_id"], ["etsy_account.id"], name=op.f("fk_etsy_sync_job_etsy_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_etsy_sync_job")),
        sa.UniqueConstraint("transaction_id", name=op.f("uq_etsy_sync_job_transaction_id")),
    )
    with op.batch_alter_table("etsy_sync_job", schema=None) as batch_op:
        batch_op.create_index("ix_etsy_sync_job_account_status", ["etsy_account_id", "status"], unique=False)
        batch_op.create_index(batch_op.f("ix_etsy_sync_job_created_at"), ["created_at"], unique=False)

    op.create_table(
        "listing_image",
        sa.Column("product_id", sa.String(), nullable=False),
        sa.Column("etsy_account_id", sa.String(), nullable=False),
        sa.Column("rank", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source_url", sa.String(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("etsy_image_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("alt_text", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["etsy_account_id"], ["etsy_account.id"], name=op.f("fk_listing_image_etsy_account_id")
        ),
        sa.PrimaryKeyConstraint("product_id", "etsy_account_id", "rank", name=op.f("pk_listing_image")),
    )
    op.create_table(
        "oauth_session",
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("verifier_encrypted", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["etsy_account.id"], name=op.f("fk_oauth_session_account_id")),
        sa.PrimaryKeyConstraint("state", name=op.f("pk_oauth_session")),
    )
    op.create_table(
        "product_etsy_link",
        sa.Column("product_id", sa.String(), nullable=False),
        sa.Column("etsy_account_id", sa.String(), nullable=False),
        sa.Column("product_title", sa.String(), nullable=False),
        sa.Column("sync_status", sa.String(), nullable=False),
        sa.Column("etsy_listing_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("etsy_url", sa.String(), nullable=True),
        sa.Column("listing_state", sa.String(), nullable=True),
        sa.Column("last_synced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sync_error", sa.String(), nullable=True),
        sa.Column("published", sa.String(), nullable=True),
        sa.Column("create_reference", sa.String(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["etsy_account_id"], ["etsy_account.id"], name=op.f("fk_product_etsy_link_etsy_account_id")
        ),
        sa.PrimaryKeyConstraint("product_id", "etsy_account_id", name=op.f("pk_product_etsy_link")),
    )
    with op.batch_alter_table("product_etsy_link", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_product_etsy_link_sync_status"), ["sync_status"], unique=False)

    op.create_table(
        "approval",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("transaction_id", sa.String(), nullable=False),
        sa.Column("plan_digest", sa.String(), nullable=False),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("decided_through", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("excluded_products", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["transaction_id"], ["etsy_sync_job.transaction_id"], name=op.f("fk_approval_transaction_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval")),
    )
    with op.batch_alter_table("approval", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_approval_transaction_id"), ["transaction_id"], unique=False)

    op.create_table(
        "sync_item",
        sa.Column("sync_job_id", sa.String(), nullable=False),
        sa.Column("product_id", sa.String(), nullable=False),
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("product_title", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("desired", sa.String(), nullable=True),
        sa.Column("differences", sa.JSON(), nullable=False),
        sa.Column("verdicts", sa.JSON(), nullable=False),
        sa.Column("etsy_listing_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("estimated_calls", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("fee_usd_cents", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("attempts", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("error_code", sa.String(), nullable=True),
        sa.Column("error_message", sa.String(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["sync_job_id"], ["etsy_sync_job.id"], name=op.f("fk_sync_item_sync_job_id")),
        sa.PrimaryKeyConstraint("sync_job_id", "product_id", name=op.f("pk_sync_item")),
    )
    with op.batch_alter_table("sync_item", schema=None) as batch_op:
        batch_op.create_index("ix_sync_item_job_outcome", ["sync_job_id", "outcome"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("sync_item", schema=None) as batch_op:
        batch_op.drop_index("ix_sync_item_job_outcome")

    op.drop_table("sync_item")
    with op.batch_alter_table("approval", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_approval_transaction_id"))

    op.drop_table("approval")
    with op.batch_alter_table("product_etsy_link", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_product_etsy_link_sync_status"))

    op.drop_table("product_etsy_link")
    op.drop_table("oauth_session")
    op.drop_table("listing_image")
    with op.batch_alter_table("etsy_sync_job", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_etsy_sync_job_created_at"))
        batch_op.drop_index("ix_etsy_sync_job_account_status")

    op.drop_table("etsy_sync_job")
    op.drop_table("etsy_account")
    op.drop_table("api_budget")
