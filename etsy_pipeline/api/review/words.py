"""The words of the pages: each thing is called the same in badges, filters and sentences (docs/glossary.md)."""

from collections.abc import Mapping

from etsy_pipeline.planning.plan_view import Totals, dollars

ACTIONS: Mapping[str, str] = {
    "create": "New",
    "update": "Change",
    "deactivate": "Take down",
    "invalid": "Cannot be published",
    "skip": "Nothing to do",
}
"""What is done with a product, on its card."""

LINK_STATUSES: Mapping[str, str] = {
    "synced": "synced",
    "pending": "pending",
    "failed": "failed",
    "out_of_sync": "out of sync",
}
"""How a product stands."""

OUTCOMES: Mapping[str, str] = {"failed": "Failed", "synced": "Done", "waiting": "Not sent yet", "skipped": "Skipped"}
"""What became of a product."""

_REASONS: Mapping[str, str] = {
    "invalid": "Medusa does not have them",
    "removed_by_etsy": "Taken down by Etsy",
    "taxonomy_missing": "No Etsy category",
    "taxonomy_malformed": "The Etsy category is no number",
    "taxonomy_unknown": "Etsy has no such category",
    "price_currency_missing": "No price in the shop's currency",
    "price_not_positive": "The price is not above zero",
    "tag_too_long": "A tag is too long",
    "title_missing": "No title",
    "no_variants": "No variant",
    "gift_card": "Gift cards",
}


def reason(code: str) -> str:
    """Why products cannot be published, as a heading."""
    return _REASONS.get(code, code.replace("_", " ").capitalize())


def told_of(total: Totals) -> str:
    """A plan in a sentence."""
    parts = [
        f"{total.create:,} new" if total.create else "",
        counted(total.update, "change") if total.update else "",
        f"{total.deactivate:,} taken down" if total.deactivate else "",
    ]
    idle = f"{total.invalid:,} not ready" if total.invalid else ""
    if not total.changes:
        same = f"{total.skip:,} stay as they are" if total.skip != 1 else "1 stays as it is"
        return f"Nothing would be sent to Etsy: {', '.join(filter(None, (same, idle)))}."
    told = f"{', '.join(filter(None, (*parts, idle)))}. Etsy's fees: {dollars(total.fees_usd_cents)}."
    return f"{told} {_beside(total)}".strip()


def counted(count: int, what: str) -> str:
    """A number of things."""
    return f"{count:,} {what}" + ("" if count == 1 else "s")


def _beside(total: Totals) -> str:
    told = [
        f"{total.held:,} are left to a sync that is under way" if total.held else "",
        f"changes of {total.left_for_later:,} wait until it is over" if total.left_for_later else "",
    ]
    return f"{'; '.join(filter(None, told)).capitalize()}." if any(told) else ""
