"""Whole listings: their videos and files, links of variations to pictures, attributes that Etsy refuses.

Signs of life of what has to run all the time: Dagster's sensors. And people who sign in by name.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("etsy_account", sa.Column("refused_attributes", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("product_etsy_link", sa.Column("variation_links", sa.JSON(), nullable=True))
    op.create_table(
        "listing_media",
        sa.Column("product_id", sa.String(), nullable=False),
        sa.Column("etsy_account_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("rank", WHOLE, nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("etsy_media_id", WHOLE, nullable=False),
        sa.Column("name", sa.String(), nullable=False, server_default=""),
        sa.Column("size_bytes", WHOLE, nullable=False, server_default="0"),
        sa.ForeignKeyConstraint(
            ["etsy_account_id"], ["etsy_account.id"], name=op.f("fk_listing_media_etsy_account_id")
        ),
        sa.PrimaryKeyConstraint("product_id", "etsy_account_id", "kind", "rank", name=op.f("pk_listing_media")),
        sa.CheckConstraint("kind IN ('video', 'file')", name=op.f("ck_listing_media_kind")),
    )
    op.create_table(
        "sign_of_life",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("seen_at", MOMENT, nullable=False),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("name", sa.String(), nullable=False, unique=True),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False, unique=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("last_seen_at", MOMENT, nullable=True),
        sa.Column("removed_at", MOMENT, nullable=True),
        sa.CheckConstraint("role IN ('look', 'approve', 'administer')", name=op.f("ck_person_role")),
    )


def downgrade() -> None:
    op.drop_table("person")
    op.drop_table("sign_of_life")
    op.drop_table("listing_media")
    op.drop_column("product_etsy_link", "variation_links")
    op.drop_column("etsy_account", "refused_attributes")
