"""Confirms before the plan, links from the request on, connections without an account, signs of life, a lease a lane.

SQLite cannot change a primary key or a NOT NULL: two small tables are made anew, with their rows.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("etsy_sync_job", sa.Column("alive_at", MOMENT, nullable=True))
    op.add_column("etsy_sync_job", sa.Column("plan_attempts", WHOLE, nullable=False, server_default="0"))
    op.add_column("product_etsy_link", sa.Column("transaction_id", sa.String(), nullable=True))
    op.create_index("ix_product_etsy_link_transaction_id", "product_etsy_link", ["transaction_id"])
    op.add_column("sync_item", sa.Column("turn", WHOLE, nullable=False, server_default="0"))
    op.add_column("sync_item", sa.Column("note", sa.String(), nullable=True))
    _new_leases()
    _new_attempts_to_connect()


def _new_leases() -> None:
    known = _rows("publisher_lease")
    op.drop_table("publisher_lease")
    op.create_table(
        "publisher_lease",
        sa.Column("etsy_account_id", sa.String(), nullable=False),
        sa.Column("lane", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("transaction_id", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("starts", WHOLE, nullable=False),
        sa.ForeignKeyConstraint(
            ["etsy_account_id"], ["etsy_account.id"], name=op.f("fk_publisher_lease_etsy_account_id")
        ),
        sa.PrimaryKeyConstraint("etsy_account_id", "lane", name=op.f("pk_publisher_lease")),
    )
    _put_back("publisher_lease", [{**row, "lane": "full"} for row in known])


def _new_attempts_to_connect() -> None:
    known = _rows("oauth_session")
    op.drop_table("oauth_session")
    op.create_table(
        "oauth_session",
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=True),
        sa.Column("asked_by", sa.String(), nullable=True),
        sa.Column("verifier_encrypted", sa.String(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["etsy_account.id"], name=op.f("fk_oauth_session_account_id")),
        sa.PrimaryKeyConstraint("state", name=op.f("pk_oauth_session")),
    )
    _put_back("oauth_session", known)


def _rows(table: str) -> list[dict[str, object]]:
    found = op.get_bind().execute(sa.text(f"SELECT * FROM {table}"))  # noqa: S608 - our own tables
    return [dict(row) for row in found.mappings()]


def _put_back(table: str, rows: list[dict[str, object]]) -> None:
    for row in rows:
        columns, values = ", ".join(row), ", ".join(f":{name}" for name in row)
        op.get_bind().execute(sa.text(f"INSERT INTO {table} ({columns}) VALUES ({values})"), row)  # noqa: S608
