"""Listings: whose they are, what we put on them, what a shop was seen to have, what may belong together."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, false
from sqlalchemy.orm import Mapped, mapped_column

from etsy_pipeline.store.tables.base import Table, one_of


class ProductEtsyLinkRow(Table):
    """Which listing a product became in a shop, and how it stands. A failure never erases `etsy_listing_id`.

    `origin` is created or adopted; `keeps` are the fields that an adopted listing leaves to its seller; `variant_map`
    says which of its offerings is which variant. `variation_links` are the listing's links of variations to pictures as
    they were last seen ([property id, value, Etsy's picture id, its address where we put it]; null: not looked at).
    `handle` is the product's in Medusa, as a plan last saw it: a product that was imported anew has it, too.
    `stock_doubted`: it sold on Etsy before orders were booked, perhaps; until a person agrees, nothing is raised.
    """

    __tablename__ = "product_etsy_link"

    product_id: Mapped[str] = mapped_column(primary_key=True)
    etsy_account_id: Mapped[str] = mapped_column(ForeignKey("etsy_account.id"), primary_key=True)
    product_title: Mapped[str] = mapped_column(default="")
    sync_status: Mapped[str] = mapped_column(index=True)
    etsy_listing_id: Mapped[int | None] = mapped_column(index=True)
    etsy_url: Mapped[str | None]
    listing_state: Mapped[str | None]
    wanted_state: Mapped[str | None]
    last_synced_at: Mapped[datetime | None]
    sync_error: Mapped[str | None]
    published: Mapped[str | None]
    create_reference: Mapped[str | None]
    origin: Mapped[str] = mapped_column(default="created", server_default="created")
    keeps: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    variant_map: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    handle: Mapped[str] = mapped_column(default="", server_default="")
    ending_at: Mapped[datetime | None]
    should_auto_renew: Mapped[bool | None]
    variation_links: Mapped[list[Any] | None]
    stock_doubted: Mapped[bool] = mapped_column(default=False, server_default=false())
    transaction_id: Mapped[str | None] = mapped_column(index=True)
    updated_at: Mapped[datetime]


class ListingImageRow(Table):
    """A picture that we put on a listing: where it came from, its content, and Etsy's id for it."""

    __tablename__ = "listing_image"

    product_id: Mapped[str] = mapped_column(primary_key=True)
    etsy_account_id: Mapped[str] = mapped_column(ForeignKey("etsy_account.id"), primary_key=True)
    rank: Mapped[int] = mapped_column(primary_key=True)
    source_url: Mapped[str]
    content_hash: Mapped[str]
    etsy_image_id: Mapped[int]
    alt_text: Mapped[str] = mapped_column(default="")


class ListingMediaRow(Table):
    """A video or a file that we put on a listing. `source` is its address, of a file a fingerprint of it: it is secret.

    Etsy tells no content of a video, and keeps none of our names for it: what it is is known here only.
    """

    __tablename__ = "listing_media"
    __table_args__ = (CheckConstraint(one_of("kind", ("video", "file")), name="kind"),)

    product_id: Mapped[str] = mapped_column(primary_key=True)
    etsy_account_id: Mapped[str] = mapped_column(ForeignKey("etsy_account.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    rank: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str]
    content_hash: Mapped[str]
    etsy_media_id: Mapped[int]
    name: Mapped[str] = mapped_column(default="", server_default="")
    size_bytes: Mapped[int] = mapped_column(default=0, server_default="0")


class ShopScanRow(Table):
    """A look through all of a shop's listings. One without `finished_at` did not come to its end and proves nothing.

    `counts` are listings by state; `changes` what is different since the scan before, the first ones.
    """

    __tablename__ = "shop_scan"
    __table_args__ = (Index("ix_shop_scan_account_finished", "etsy_account_id", "finished_at"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    etsy_account_id: Mapped[str] = mapped_column(ForeignKey("etsy_account.id"))
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    calls: Mapped[int] = mapped_column(default=0, server_default="0")
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    changes: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    problem: Mapped[str | None]


class EtsyListingSeenRow(Table):
    """A listing as the last whole scan saw it. `seen` is a SeenListing as JSON text (`linking/seen.py`).

    `gone_at`: a later whole scan did not find it. `ignored_at`: a person said that it is none of Medusa's products.
    """

    __tablename__ = "etsy_listing_seen"
    __table_args__ = (Index("ix_etsy_listing_seen_account_state", "etsy_account_id", "state"),)

    etsy_account_id: Mapped[str] = mapped_column(ForeignKey("etsy_account.id"), primary_key=True)
    listing_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    scan_id: Mapped[int]
    state: Mapped[str]
    title: Mapped[str]
    seen: Mapped[str]
    first_seen_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    gone_at: Mapped[datetime | None]
    ignored_at: Mapped[datetime | None]


class LinkCandidateRow(Table):
    """A product and a listing that may be the same thing, as the last plan found it; a person decides.

    `kind` is certain, likely or ambiguous; `evidence` a list of Evidence (`linking/evidence.py`); `moved_from` the
    product that the listing is linked to, and that Medusa no longer has. `product` is the product's identity.
    """

    __tablename__ = "link_candidate"

    etsy_account_id: Mapped[str] = mapped_column(ForeignKey("etsy_account.id"), primary_key=True)
    product_id: Mapped[str] = mapped_column(primary_key=True)
    listing_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    product_title: Mapped[str]
    kind: Mapped[str]
    evidence: Mapped[list[Any]]
    moved_from: Mapped[str | None]
    product: Mapped[dict[str, Any]]
    found_at: Mapped[datetime]


class LinkDecisionRow(Table):
    """What somebody decided on a product and a listing; append-only.

    `decision` is attached, detached, ignored, unignored, create_anyway or moved; accepted or recovered where it is on
    the account as a whole: what held it, in `note`.
    """

    __tablename__ = "link_decision"
    __table_args__ = (Index("ix_link_decision_account_product", "etsy_account_id", "product_id"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    etsy_account_id: Mapped[str] = mapped_column(ForeignKey("etsy_account.id"))
    product_id: Mapped[str | None]
    listing_id: Mapped[int | None]
    decision: Mapped[str]
    decided_by: Mapped[str]
    decided_through: Mapped[str]
    note: Mapped[str] = mapped_column(default="", server_default="")
    evidence: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    created_at: Mapped[datetime]
