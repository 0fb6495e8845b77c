"""A plan as people read it: totals, a headline and rows. Terminal, Dagster and HTTP show the same words from here."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from etsy_pipeline.planning.plan import ACTIONS, PlanItem

SYMBOLS = {"create": "+", "update": "~", "deactivate": "-", "skip": "·", "invalid": "!"}
CHANGES_AND_PROBLEMS = ("create", "update", "deactivate", "invalid")  # what is skipped is counted, not listed
MOST_DIFFERENCES_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Totals:
    """How many products per action, and what carrying the plan out costs."""

    create: int = 0
    update: int = 0
    deactivate: int = 0
    skip: int = 0
    invalid: int = 0
    api_calls: int = 0
    fees_usd_cents: int = 0

    def __add__(self, other: "Totals") -> "Totals":
        """Both plans together."""
        theirs = other.as_dict()
        return Totals(**{name: value + theirs[name] for name, value in self.as_dict().items()})

    @property
    def products(self) -> int:
        """All products of the plan."""
        return self.create + self.update + self.deactivate + self.skip + self.invalid

    @property
    def changes(self) -> int:
        """Products for which something is sent."""
        return self.create + self.update + self.deactivate

    def as_dict(self) -> dict[str, int]:
        """For storing and for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Row:
    """One product of the plan in a table."""

    symbol: str
    action: str
    product_id: str
    product: str
    detail: str
    calls: int
    fee: str


def totals(items: Iterable[PlanItem]) -> Totals:
    """Count a plan."""
    counter: Counter[str] = Counter()
    for item in items:
        counter[item.action] += 1
        counter["api_calls"] += item.cost.calls
        counter["fees_usd_cents"] += item.cost.fee_usd_cents
    return Totals(**counter)


def headline(total: Totals) -> str:
    """The plan in a sentence, as Terraform closes its plans."""
    if not total.changes:
        return f"Nothing to do on Etsy: {total.skip} unchanged or not for sale, {total.invalid} invalid."
    parts = [f"{getattr(total, action)} to {action}" for action in ACTIONS[:3]]
    kept = f"{total.skip} skipped, {total.invalid} invalid"
    return f"Plan: {', '.join(parts)} ({kept}); {total.api_calls} API calls, {dollars(total.fees_usd_cents)} in fees."


def dollars(cents: int) -> str:
    """US cents as an amount."""
    return f"${cents / 100:.2f}"


def row(
    *,
    action: str,
    product_id: str,
    product_title: str,
    reason: str,
    differences: Iterable[Mapping[str, object]],
    verdicts: Iterable[Mapping[str, object]],
    calls: int,
    fee_usd_cents: int,
) -> Row:
    """One line of the plan from the values that are stored."""
    detail = _changes(differences) if action == "update" else reason
    warnings = [str(verdict["message"]) for verdict in verdicts if verdict["severity"] == "warning"]
    if warnings and action != "invalid":
        detail += f" ({len(warnings)} warning{'s' if len(warnings) > 1 else ''}: {'; '.join(warnings)})"
    fee = dollars(fee_usd_cents) if fee_usd_cents else ""
    return Row(SYMBOLS[action], action, product_id, product_title or "(no title)", detail, calls, fee)


def _changes(differences: Iterable[Mapping[str, object]]) -> str:
    texts = [f"{change['field']}: {change['old']} → {change['new']}" for change in differences]
    more = len(texts) - MOST_DIFFERENCES_SHOWN
    return "; ".join(texts[:MOST_DIFFERENCES_SHOWN]) + (f"; and {more} more" if more > 0 else "")
