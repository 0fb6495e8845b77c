"""Who may sign in by name, and what was done."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from etsy_pipeline.store.tables.base import Table, one_of


class PersonRow(Table):
    """Somebody who may sign in with a token of their own, which is kept as a hash only. A name is never given twice."""

    __tablename__ = "person"
    __table_args__ = (CheckConstraint(one_of("role", ("look", "approve", "administer")), name="role"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    token_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]


class ActivityRow(Table):
    """Something that somebody did, where no other log says it (`approval`, `link_decision`); append-only.

    Its account may be gone since. `about` is what it was done to, in words or as another sync's id.
    """

    __tablename__ = "activity"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    done_by: Mapped[str]
    done_through: Mapped[str]
    deed: Mapped[str]
    etsy_account_id: Mapped[str | None]
    transaction_id: Mapped[str | None] = mapped_column(index=True)
    about: Mapped[str] = mapped_column(default="", server_default="")
    created_at: Mapped[datetime] = mapped_column(index=True)
