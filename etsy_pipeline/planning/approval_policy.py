"""What a shop owner lets be approved without a person: small changes of price and stock. Pure.

Never a brake, a conflict, a new or a deactivated listing (DESIGN §7.8, §7.10). Nor a fee, but for renewals that the
shop wants done by themselves, up to its budget of the month.
"""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.planning.brakes import Brake
from etsy_pipeline.planning.life import RENEWALS
from etsy_pipeline.planning.plan_item import STOCK_FIELDS, PlanItem

REASONS_TOLD = 5
AUTO_APPROVE_OFF = "the shop approves no plan by itself"


@dataclass(slots=True)
class PolicyReview:
    """Looks at a plan's items one by one, and then says whether the policy approves all of it.

    `month_usd_cents` are the fees of this calendar month before the plan, `fees_usd_cents` those of the items so far.
    `others` are products of which something else is done than taking pieces off sale.
    """

    settings: ShopSettings
    month_usd_cents: int = 0
    changes: int = 0
    fees_usd_cents: int = 0
    reasons: dict[str, str] = field(default_factory=dict)
    others: set[str] = field(default_factory=set)

    def look_at(self, item: PlanItem) -> None:
        """Take one item into account."""
        if item.action in {"skip", "invalid"} and not item.brakes:
            return
        self.changes += 1
        self.fees_usd_cents += item.cost.fee_usd_cents
        if not _is_lowering(item):
            self.others.add(item.product_id)
        if (reason := _objection(item, self.settings)) is not None:
            self.reasons[item.product_id] = reason

    def leave_out(self, item: PlanItem) -> None:
        """An item that was taken into account is none of the plan's changes any more."""
        self.changes -= 1
        self.fees_usd_cents -= item.cost.fee_usd_cents
        self.reasons.pop(item.product_id, None)
        self.others.discard(item.product_id)

    def objections(self, plan_brakes: Iterable[Brake] = ()) -> list[str]:
        """Why a person has to decide; empty when the policy approves the plan."""
        policy = self.settings.approval
        if policy.lower_stock and self.changes and not self.others:
            return [brake.message for brake in plan_brakes]
        if not policy.auto_approve:
            return [AUTO_APPROVE_OFF]
        found = [brake.message for brake in plan_brakes]
        if self.changes > policy.most_products:
            found.append(f"{self.changes} products change; without a person {policy.most_products} may at most")
        found += self._over_budget()
        if self.changes == 0:
            found.append("nothing changes")
        told = itertools.islice(self.reasons.items(), REASONS_TOLD)
        return [*found, *(f"{product_id}: {reason}" for product_id, reason in told)]

    def _over_budget(self) -> list[str]:
        budget, in_all = self.settings.brakes.fees_per_month_usd, self.month_usd_cents + self.fees_usd_cents
        if not self.fees_usd_cents or budget is None or in_all <= 100 * budget:
            return []
        return [f"renewals would take the month's fees to ${in_all / 100:.2f}; the month's budget is ${budget:.2f}"]


def _is_lowering(item: PlanItem) -> bool:
    is_edited = any(conflict.outcome != "sold" for conflict in item.conflicts)
    return item.lowers_only and not item.brakes and not is_edited and not item.cost.fee_usd_cents


def _objection(item: PlanItem, settings: ShopSettings) -> str | None:
    policy, is_renewed = settings.approval, _renews_by_itself(item, settings)
    sent = STOCK_FIELDS | {"state"} if is_renewed else STOCK_FIELDS
    others = sorted({change.field for change in item.differences} - sent)
    largest = max((abs(move.new / move.old - 1) * 100 for move in item.price_moves if move.old > 0), default=Decimal(0))
    reasons = {
        f"it is a {item.action}, not an update": item.action != "update",
        "it costs a fee": item.cost.fee_usd_cents > 0 and not is_renewed,
        "it has a brake": bool(item.brakes),
        "somebody changed it on Etsy": any(conflict.outcome != "sold" for conflict in item.conflicts),
        f"{', '.join(others)} would change": bool(others),
        f"a price moves by {largest:.0f} %": largest > policy.price_change_percent,
    }
    return next((reason for reason, applies in reasons.items() if applies), None)


def _renews_by_itself(item: PlanItem, settings: ShopSettings) -> bool:
    """Whether it is a renewal that needs no person, as long as the month's budget lasts; without a budget, none is."""
    wanted = {"renew_sold_out": settings.renew_sold_out, "renew_expired": settings.renew_expired}
    has_budget = settings.brakes.fees_per_month_usd is not None
    return item.life in RENEWALS and wanted[item.life] == "auto" and has_budget
