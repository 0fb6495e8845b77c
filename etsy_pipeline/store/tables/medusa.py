"""What Medusa was seen to have, and what it said has changed."""

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from etsy_pipeline.store.tables.base import Table


class VariantPartRow(Table):
    """An inventory item of which a variant's pieces are made: variants that share one are sold from the same shelf."""

    __tablename__ = "variant_part"
    __table_args__ = (Index("ix_variant_part_item", "inventory_item_id"),)

    product_id: Mapped[str] = mapped_column(primary_key=True)
    variant_id: Mapped[str] = mapped_column(primary_key=True)
    inventory_item_id: Mapped[str] = mapped_column(primary_key=True)


class MedusaStockRow(Table):
    """Medusa's stock of an item at a location, as it was last seen by the quick look at stock alone."""

    __tablename__ = "medusa_stock"

    inventory_item_id: Mapped[str] = mapped_column(primary_key=True)
    location_id: Mapped[str] = mapped_column(primary_key=True)
    stocked: Mapped[int]
    reserved: Mapped[int]
    seen_at: Mapped[datetime]


class MedusaChangeRow(Table):
    """Something that Medusa said has changed, by one of its events: a hint, until a plan has looked."""

    __tablename__ = "medusa_change"

    kind: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    changed_at: Mapped[datetime | None]
