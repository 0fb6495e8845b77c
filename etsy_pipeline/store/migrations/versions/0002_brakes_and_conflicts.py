"""Brakes and conflicts of plans, and settings that name a shop's profiles by id or by name."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

RENAMED = {
    "shipping_profile_id": "shipping_profile",
    "return_policy_id": "return_policy",
    "readiness_state_id": "processing_profile",
    "shop_section_id": "shop_section",
    "production_partner_ids": "production_partners",
}


def upgrade() -> None:
    with op.batch_alter_table("sync_item") as table:
        table.add_column(sa.Column("brakes", sa.JSON(), nullable=False, server_default="[]"))
        table.add_column(sa.Column("conflicts", sa.JSON(), nullable=False, server_default="[]"))
        table.add_column(
            sa.Column("care", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, server_default="9")
        )
    op.create_index("ix_sync_item_job_care", "sync_item", ["sync_job_id", "care", "position"])
    with op.batch_alter_table("etsy_sync_job") as table:
        table.add_column(sa.Column("brakes", sa.JSON(), nullable=False, server_default="[]"))
    with op.batch_alter_table("product_etsy_link") as table:
        table.add_column(sa.Column("wanted_state", sa.String(), nullable=True))
    _rename_settings(RENAMED)


def _rename_settings(names: dict[str, str]) -> None:
    accounts = sa.table("etsy_account", sa.column("id", sa.String), sa.column("api_config", sa.JSON))
    connection = op.get_bind()
    for account_id, config in connection.execute(sa.select(accounts.c.id, accounts.c.api_config)).all():
        values = json.loads(config) if isinstance(config, str) else config or {}
        renamed = {names.get(name, name): value for name, value in values.items()}
        connection.execute(accounts.update().where(accounts.c.id == account_id).values(api_config=renamed))
