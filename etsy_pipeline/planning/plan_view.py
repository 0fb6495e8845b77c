"""A plan as people read it: totals, a headline, groups and rows. Terminal, Dagster and HTTP show the same words."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields

from etsy_pipeline.planning import looks
from etsy_pipeline.planning.changes import Difference
from etsy_pipeline.planning.costs import days_needed
from etsy_pipeline.planning.plan_item import ACTIONS, PlanItem
from etsy_pipeline.planning.quota import Quota
from etsy_pipeline.planning.sections import words_of

SYMBOLS = {"create": "+", "update": "~", "deactivate": "-", "skip": "·", "invalid": "!"}
MAX_DIFFERENCES_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Totals:
    """How many products per action, how many of them need care, and what carrying the plan out costs.

    `api_calls` change something, about `looks` more only ask (`looks.py`; 0 in plans of earlier versions).

    Beside a sync that is under way, `held` products are left to it (of `held_oversold` of them Etsy sells pieces that
    Medusa no longer has), and of `left_for_later` ones something waits. Fees
    of the calendar month before the plan are `month_usd_cents`; listings that Etsy renews by itself, or no longer does,
    change a year's fees by `auto_renewal_usd_cents`.
    """

    create: int = 0
    update: int = 0
    deactivate: int = 0
    skip: int = 0
    invalid: int = 0
    braked: int = 0
    conflicting: int = 0
    api_calls: int = 0
    fees_usd_cents: int = 0
    held: int = 0
    left_for_later: int = 0
    month_usd_cents: int = 0
    auto_renewal_usd_cents: int = 0
    looks: int = 0
    held_oversold: int = 0

    def __add__(self, other: "Totals") -> "Totals":
        """Both plans together."""
        theirs = other.as_dict()
        return Totals(**{name: value + theirs[name] for name, value in self.as_dict().items()})

    def __sub__(self, other: "Totals") -> "Totals":
        """This plan without another one's products."""
        theirs = other.as_dict()
        return Totals(**{name: value - theirs[name] for name, value in self.as_dict().items()})

    @classmethod
    def of(cls, stored: Mapping[str, object]) -> "Totals":
        """The totals among what is stored of a plan."""
        return cls(**{item.name: int(str(stored[item.name])) for item in fields(cls) if item.name in stored})

    @property
    def products(self) -> int:
        """All products of the plan."""
        return self.create + self.update + self.deactivate + self.skip + self.invalid

    @property
    def changes(self) -> int:
        """Products for which something is sent."""
        return self.create + self.update + self.deactivate

    @property
    def calls(self) -> int:
        """All calls to Etsy that carrying it out takes, about."""
        return self.api_calls + self.looks

    def as_dict(self) -> dict[str, int]:
        """For storing and for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One product of the plan in a table. `care` is what should make a reader look twice; `words` say the action."""

    symbol: str
    action: str
    product_id: str
    product: str
    detail: str
    care: str
    calls: int
    fee: str
    words: str


def totals(items: Iterable[PlanItem]) -> Totals:
    """Count a plan."""
    counter: Counter[str] = Counter()
    for item in items:
        counter[item.action] += 1
        counter["braked"] += bool(item.brakes)
        counter["conflicting"] += bool(item.conflicts)
        counter["api_calls"] += item.cost.calls
        counter["looks"] += looks.of_item(item)
        counter["fees_usd_cents"] += item.cost.fee_usd_cents
        counter["auto_renewal_usd_cents"] += item.auto_renewal_usd_cents
    return Totals(**counter)


def new_section_of(item: PlanItem) -> str:
    """The title of the shop section that has to be made for an item; blank where none has."""
    return item.desired.new_section if item.desired is not None and item.action in {"create", "update"} else ""


def told_of_sections(titles: Iterable[str]) -> str:
    """Which sections carrying out the plan makes in the shop; blank where it makes none."""
    named = [f"section {title!r} will be made" for title in titles]
    return f"In the shop: {', '.join(named)}." if named else ""


def groups_of(item: PlanItem) -> set[tuple[str, str]]:
    """The groups that an item is counted in: (action, why); an invalid product in each of its rules'."""
    errors = {("invalid", verdict.code) for verdict in item.verdicts if verdict.severity == "error"}
    if item.action == "invalid" and errors:
        return errors
    if item.life and item.action != "create":
        return {(item.action, item.life)}
    if item.action == "update" and item.differences:
        return {(item.action, ", ".join(change.field for change in item.differences)), *errors}
    return {(item.action, item.reason if item.etsy_listing_id is None or item.action != "create" else "listing gone")}


def headline(total: Totals, plan_brakes: int = 0) -> str:
    """The plan in a sentence, as Terraform closes its plans."""
    care = _beside(total) + _care(total, plan_brakes)
    if not total.changes:
        idle = (
            f"{total.skip} unchanged or not for sale"
            if not total.held + total.left_for_later
            else f"{total.skip} left as they are"
        )
        return f"Nothing to do on Etsy: {idle}, {total.invalid} cannot be published.{care}"
    parts = [f"{total.create} new", _counted(total.update, "change"), f"{total.deactivate} taken down"]
    kept = f"{total.skip} with nothing to do, {total.invalid} cannot be published"
    asked = f" and about {total.looks:,} to look" if total.looks else ""
    cost = f"{_counted(total.api_calls, 'call')} to Etsy{asked}, {dollars(total.fees_usd_cents)} in fees"
    return f"Plan: {', '.join(parts)} ({kept}); {cost}{_fees_beside(total)}.{care}"


def told_of_quota(calls: int, quota: Quota | None) -> str:
    """Whether the plan's calls fit into what Etsy allows today, and else how many days they take."""
    if quota is None or calls == 0:
        return ""
    left = f"{quota.left_today:,} of {quota.per_day:,} calls are left today"
    days = days_needed(calls, quota)
    return f"It fits: {left}." if days == 1 else f"It needs {days} days: {left}; it pauses and goes on by itself."


def _fees_beside(total: Totals) -> str:
    """What stands beside the plan's own fees: those of the month so far, and what Etsy will renew by itself."""
    before, yearly = total.month_usd_cents, total.auto_renewal_usd_cents
    told = f" (after {dollars(before)} this month)" if before and total.fees_usd_cents else ""
    more = "more" if yearly > 0 else "less"
    return told + (f"; {dollars(abs(yearly))} a year {more} for automatic renewal" if yearly else "")


def _beside(total: Totals) -> str:
    told = [
        f"{total.held} are held by a sync that is under way" if total.held else "",
        f"{total.held_oversold} of these sell on Etsy what Medusa no longer has" if total.held_oversold else "",
        f"changes of {total.left_for_later} wait until it is over" if total.left_for_later else "",
    ]
    return f" Left out: {'; '.join(filter(None, told))}." if any(told) else ""


def _care(total: Totals, plan_brakes: int) -> str:
    brakes = total.braked + plan_brakes
    told = [
        _counted(brakes, "brake") if brakes else "",
        _counted(total.conflicting, "conflict") if total.conflicting else "",
    ]
    return f" Look twice: {' and '.join(filter(None, told))}." if any(told) else ""


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" + ("" if count == 1 else "s")


def dollars(cents: int) -> str:
    """US cents as an amount."""
    return f"${cents / 100:.2f}"


def row(item: PlanItem) -> PlanRow:
    """One line of the plan."""
    detail = _changes(item.differences) if item.action == "update" and item.differences else item.reason
    detail = f"{item.life}: {detail}" if item.life else detail
    told = [verdict for verdict in item.verdicts if verdict.severity == "warning" and verdict.code != item.life]
    warnings = [verdict.message for verdict in told]
    if warnings and item.action != "invalid":
        detail += f" ({len(warnings)} warning{'s' if len(warnings) > 1 else ''}: {'; '.join(warnings)})"
    care = [*(f"BRAKE {brake.code}: {brake.message}" for brake in item.brakes)]
    care += [f"CONFLICT {conflict.message}" for conflict in item.conflicts]
    return PlanRow(
        symbol=SYMBOLS[item.action],
        action=item.action,
        product_id=item.product_id,
        product=item.product_title or "(no title)",
        detail=detail,
        care="; ".join(care),
        calls=item.cost.calls,
        fee=dollars(item.cost.fee_usd_cents) if item.cost.fee_usd_cents else "",
        words=words_of(item.action, item.care, item.verdicts),
    )


def _changes(differences: Sequence[Difference]) -> str:
    texts = [f"{change.field}: {change.old} → {change.new}" for change in differences]
    more = len(texts) - MAX_DIFFERENCES_SHOWN
    return "; ".join(texts[:MAX_DIFFERENCES_SHOWN]) + (f"; and {more} more" if more > 0 else "")


def groups_in_order(groups: Iterable[Sequence[object]]) -> list[tuple[str, str, int]]:
    """Groups as they are shown: by action, the largest first."""
    found = [(str(action), str(why), int(str(count))) for action, why, count in groups]
    return sorted(found, key=lambda group: (ACTIONS.index(group[0]), -group[2], group[1]))
