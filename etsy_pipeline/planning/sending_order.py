"""In which order a plan is sent, and what of it is due on which day. Pure.

First what must not be sold any more, then prices and stock, then other updates, then what is new.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, NamedTuple

from etsy_pipeline.listings.plan_settings import CreateFirst
from etsy_pipeline.planning.plan_item import PlanItem
from etsy_pipeline.planning.quota import Quota
from etsy_pipeline.planning.sending import is_stock_only

Kind = Literal["deactivate", "stock", "update", "create"]
KINDS: tuple[Kind, ...] = ("deactivate", "stock", "update", "create")

BROUGHT_FORWARD = -1
CREATE_TURN = KINDS.index("create")
MAX_RANK = 1_000_000_000  # turns are whole numbers of 32 bits


def turn_of(item: PlanItem, position: int, create_first: CreateFirst) -> int:
    """When an item is sent: lower first, and those of one turn in the plan's order.

    Args:
        item: of a plan.
        position: its place in the plan, which is Medusa's order: the oldest product first.
        create_first: which of the new products the shop wants on Etsy first.
    """
    if item.action != "create":
        kind: Kind = "stock" if is_stock_only(item) else "update" if item.action == "update" else "deactivate"
        return KINDS.index(kind)
    ranks = {"plan_order": MAX_RANK, "newest": position, "dearest": _price_rank(item)}
    return CREATE_TURN + MAX_RANK - min(ranks[create_first], MAX_RANK)


def _price_rank(item: PlanItem) -> int:
    offerings = item.desired.inventory.offerings if item.desired else ()
    return int(max((100 * offering.price for offering in offerings), default=0))


class Sending(NamedTuple):
    """What is to be sent of one product: when its turn is, and how many calls that takes."""

    turn: int
    position: int
    calls: int


@dataclass(frozen=True, slots=True)
class Day:
    """How many products of a plan are due on a day, by what is done for them, and with how many calls."""

    date: date
    deactivate: int = 0
    stock: int = 0
    update: int = 0
    create: int = 0
    calls: int = 0

    @property
    def words(self) -> str:
        """It on a line."""
        told = {
            "taken down": self.deactivate, "of price and stock": self.stock,
            "other changes": self.update, "new": self.create,
        }  # fmt: skip
        parts = ", ".join(f"{count} {what}" for what, count in told.items() if count)
        return f"{self.date:%a %d %b}: {parts or 'nothing'} ({self.calls:,} calls)"


def days_of(sent: Iterable[Sending], quota: Quota | None, today: date, looks: int = 0) -> tuple[Day, ...]:
    """What is due on which day, if it is approved today and nothing else uses calls; empty where that is not known.

    So many `looks` are spread over all products. The days agree with `costs.days_needed`.
    """
    if quota is None:
        return ()
    counts: dict[int, Counter[str]] = {}
    sending = sorted(sent)
    changing = sum(item.calls for item in sending)
    changed = made = 0
    for item in sending:
        before, changed = made, changed + item.calls
        made = changed + -(-looks * changed // max(1, changing))
        beyond = made - quota.left_today
        day = 0 if beyond <= 0 else -(-beyond // max(1, quota.per_day))
        kind = KINDS[max(0, min(item.turn, CREATE_TURN))]
        counts.setdefault(day, Counter()).update({kind: 1, "calls": made - before})
    return tuple(Day(today + timedelta(days=day), **counts[day]) for day in sorted(counts))
