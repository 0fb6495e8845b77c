"""What was begun last for an order in Medusa or at Etsy, as `etsy_receipt.step` keeps it: an intent with its moment.

An intent is written before the call and cleared after its answer. Where one is left, the answer was lost: what it was
to do is looked for, and not begun again while it may still be on its way.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from etsy_pipeline.orders.book import SETTLES
from etsy_pipeline.orders.cancel import DECIDED
from etsy_pipeline.store import receipts
from etsy_pipeline.store.engine import Session
from etsy_pipeline.store.receipts import KeptReceipt


@dataclass(frozen=True, slots=True)
class Step:
    """`name` was begun at a moment; empty: nothing is under way. `is_decided`: a person said what its end means."""

    name: str = ""
    begun_at: datetime | None = None
    is_decided: bool = False

    @classmethod
    def parse(cls, text: str) -> "Step":
        """As it is kept."""
        is_decided = text.startswith(DECIDED)
        rest = text.removeprefix(DECIDED).strip()
        name, at, moment = rest.rpartition("@")
        return cls(name, datetime.fromisoformat(moment), is_decided) if at else cls(rest, None, is_decided)

    def __str__(self) -> str:
        begun = f"{self.name}@{self.begun_at.isoformat()}" if self.begun_at else self.name
        return " ".join(part for part in (DECIDED if self.is_decided else "", begun) if part)

    def begun(self, name: str, now: datetime) -> "Step":
        """The same with an intent."""
        return replace(self, name=name, begun_at=now)

    @property
    def over(self) -> "Step":
        """The same with nothing under way."""
        return Step(is_decided=self.is_decided)

    def may_still_come(self, now: datetime, settles: timedelta = SETTLES) -> bool:
        """Whether the answer to the intent may still be on its way."""
        return self.begun_at is not None and now - self.begun_at < settles


def keep_step(session: Session, receipt: KeptReceipt, step: Step, **values: Any) -> Step:
    """Write a step down, and other columns with it; what a person decided meanwhile stays. The step as it is now."""
    its = receipt.etsy_account_id, receipt.receipt_id
    now = receipts.get(session, *its, lock=True)
    if now is not None and Step.parse(now.step).is_decided:
        step = replace(step, is_decided=True)
    receipts.change(session, *its, step=str(step), **values)
    return step
