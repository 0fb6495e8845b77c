"""What a shop owner lets be approved without a person: small changes of price and stock. Pure.

Never a fee, a brake, a conflict, a new or a deactivated listing (DESIGN §7.8, §7.10).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from etsy_pipeline.listings.plan_settings import ApprovalPolicy
from etsy_pipeline.planning.brakes import Brake
from etsy_pipeline.planning.plan import STOCK_FIELDS, PlanItem

REASONS_TOLD = 5


@dataclass(slots=True)
class PolicyReview:
    """Looks at a plan's items one by one, and then says whether the policy approves all of it."""

    policy: ApprovalPolicy
    changes: int = 0
    reasons: list[str] = field(default_factory=list)

    def look_at(self, item: PlanItem) -> None:
        """Take one item into account."""
        if item.action in {"skip", "invalid"} and not item.brakes:
            return
        self.changes += 1
        if (reason := _objection(item, self.policy)) is not None:
            self.reasons.append(f"{item.product_id}: {reason}")

    def objections(self, plan_brakes: Iterable[Brake] = ()) -> list[str]:
        """Why a person has to decide; empty when the policy approves the plan."""
        if not self.policy.auto_approve:
            return ["approval.auto_approve is off"]
        found = [brake.message for brake in plan_brakes]
        if self.changes > self.policy.most_products:
            found.append(f"{self.changes} products change; approval.most_products is {self.policy.most_products}")
        if self.changes == 0:
            found.append("nothing changes")
        return [*found, *self.reasons[:REASONS_TOLD]]


def _objection(item: PlanItem, policy: ApprovalPolicy) -> str | None:
    others = sorted({change.field for change in item.differences} - STOCK_FIELDS)
    largest = max((abs(move.new / move.old - 1) * 100 for move in item.price_moves if move.old > 0), default=Decimal(0))
    reasons = {
        f"it is a {item.action}, not an update": item.action != "update",
        "it costs a fee": item.cost.fee_usd_cents > 0,
        "it has a brake": bool(item.brakes),
        "somebody changed it on Etsy": any(conflict.outcome != "sold" for conflict in item.conflicts),
        f"{', '.join(others)} would change": bool(others),
        f"a price moves by {largest:.0f} %": largest > policy.price_change_percent,
    }
    return next((reason for reason, applies in reasons.items() if applies), None)
