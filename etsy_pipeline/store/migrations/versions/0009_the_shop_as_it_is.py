"""The shop as it is: what scans saw of its listings, candidates for links, decisions on them, what holds an account.

An adopted link knows which fields it leaves to the seller; an item knows what was there before, so that it can be taken
back; `books_epoch` counts what was published, so that a database from before that is noticed.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("etsy_account", sa.Column("books_epoch", WHOLE, nullable=False, server_default="0"))
    op.add_column("etsy_sync_job", sa.Column("rollback_of", sa.String(), nullable=True))
    op.add_column("sync_item", sa.Column("before", sa.String(), nullable=True))
    op.add_column("product_etsy_link", sa.Column("origin", sa.String(), nullable=False, server_default="created"))
    op.add_column("product_etsy_link", sa.Column("keeps", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("product_etsy_link", sa.Column("variant_map", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("product_etsy_link", sa.Column("handle", sa.String(), nullable=False, server_default=""))
    op.add_column("product_etsy_link", sa.Column("ending_at", MOMENT, nullable=True))
    op.add_column("product_etsy_link", sa.Column("should_auto_renew", sa.Boolean(), nullable=True))
    op.create_index("ix_product_etsy_link_etsy_listing_id", "product_etsy_link", ["etsy_listing_id"])
    _scans()
    _deciding()
    op.create_table(
        "account_hold",
        sa.Column("etsy_account_id", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["etsy_account_id"], ["etsy_account.id"], name=op.f("fk_account_hold_etsy_account_id")),
        sa.PrimaryKeyConstraint("etsy_account_id", "code", name=op.f("pk_account_hold")),
    )


def _scans() -> None:
    op.create_table(
        "shop_scan",
        sa.Column("id", WHOLE, primary_key=True, autoincrement=True),
        sa.Column("etsy_account_id", sa.String(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.Column("calls", WHOLE, nullable=False, server_default="0"),
        sa.Column("counts", sa.JSON(), nullable=False, server_default="{}"),
        sa.Column("changes", sa.JSON(), nullable=False, server_default="[]"),
        sa.Column("problem", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["etsy_account_id"], ["etsy_account.id"], name=op.f("fk_shop_scan_etsy_account_id")),
    )
    op.create_index("ix_shop_scan_account_finished", "shop_scan", ["etsy_account_id", "finished_at"])
    op.create_table(
        "etsy_listing_seen",
        sa.Column("etsy_account_id", sa.String(), nullable=False),
        sa.Column("listing_id", WHOLE, nullable=False),
        sa.Column("scan_id", WHOLE, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("seen", sa.String(), nullable=False),
        sa.Column("first_seen_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("gone_at", MOMENT, nullable=True),
        sa.Column("ignored_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["etsy_account_id"], ["etsy_account.id"], name=op.f("fk_etsy_listing_seen_etsy_account_id")
        ),
        sa.PrimaryKeyConstraint("etsy_account_id", "listing_id", name=op.f("pk_etsy_listing_seen")),
    )
    op.create_index("ix_etsy_listing_seen_account_state", "etsy_listing_seen", ["etsy_account_id", "state"])


def _deciding() -> None:
    op.create_table(
        "link_candidate",
        sa.Column("etsy_account_id", sa.String(), nullable=False),
        sa.Column("product_id", sa.String(), nullable=False),
        sa.Column("listing_id", WHOLE, nullable=False),
        sa.Column("product_title", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("moved_from", sa.String(), nullable=True),
        sa.Column("product", sa.JSON(), nullable=False),
        sa.Column("found_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["etsy_account_id"], ["etsy_account.id"], name=op.f("fk_link_candidate_etsy_account_id")
        ),
        sa.PrimaryKeyConstraint("etsy_account_id", "product_id", "listing_id", name=op.f("pk_link_candidate")),
    )
    op.create_table(
        "link_decision",
        sa.Column("id", WHOLE, primary_key=True, autoincrement=True),
        sa.Column("etsy_account_id", sa.String(), nullable=False),
        sa.Column("product_id", sa.String(), nullable=True),
        sa.Column("listing_id", WHOLE, nullable=True),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("decided_through", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False, server_default=""),
        sa.Column("evidence", sa.JSON(), nullable=False, server_default="[]"),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["etsy_account_id"], ["etsy_account.id"], name=op.f("fk_link_decision_etsy_account_id")
        ),
    )
    op.create_index("ix_link_decision_account_product", "link_decision", ["etsy_account_id", "product_id"])
