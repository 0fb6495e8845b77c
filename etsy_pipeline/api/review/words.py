"""The words of the pages: each thing is called the same in badges, filters and sentences (docs/glossary.md)."""

from collections.abc import Mapping, Sequence

from etsy_pipeline.planning.approval_policy import AUTO_APPROVE_OFF
from etsy_pipeline.planning.plan_view import Totals, dollars

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
    "title_forbidden_characters": "Characters in the title that Etsy refuses",
    "title_repeated_symbol": "A symbol that Etsy takes once in a title",
    "tag_forbidden_characters": "Characters in a tag that Etsy refuses",
    "material_forbidden_characters": "Characters in a material that Etsy refuses",
    "style_forbidden_characters": "Characters in a style that Etsy refuses",
    "groups_not_told": "Medusa does not tell categories, types or collections",
    "no_variants": "No variant",
    "price_lists_not_shown": "Medusa does not show its price lists",
    "price_without_tax": "Prices without tax",
    "price_tax_rate_missing": "No tax rate for the shop's country",
    "price_tax_unknown": "Medusa does not say whether prices have tax",
    "price_setting_in_other_currency": "A price setting meant for another currency",
    "price_out_of_range": "A price that Etsy does not take",
    "price_too_precise": "A price with too many decimals",
    "third_variation_custom": "A third variation of its own kind",
    "variation_name_missing": "An option without a name",
    "variation_values_too_many": "An option with too many values",
    "variation_value_forbidden": "Parentheses in a variation",
    "variation_value_repeated": "Values that differ in capitals only",
    "variation_value_missing": "A variant without a value",
    "variation_repeated": "The same combination twice",
    "variants_alike": "Variants that nothing tells apart",
    "too_many_offerings": "Too many combinations",
    "who_made_invalid": "Who made it is not understood",
    "when_made_invalid": "When it was made is not understood",
    "shipping_profile_missing": "No shipping profile",
    "shipping_profile_unknown": "The shop has no such shipping profile",
    "processing_profile_missing": "No processing profile",
    "processing_profile_unknown": "The shop has no such processing profile",
    "return_policy_required": "No return policy",
    "return_policy_unknown": "The shop has no such return policy",
    "shop_section_unknown": "The shop has no such section",
    "shop_section_new_not_permitted": "A section cannot be made: permission is missing",
    "shop_section_too_long": "The name of a new section is too long",
    "shop_sections_full": "The shop has as many sections as Etsy takes",
    "attributes_unreadable": "Etsy did not tell the category's attributes",
    "production_partner_unknown": "The shop has no such production partner",
    "production_partners_missing": "No production partner",
    "gift_card": "Gift cards",
    "file_unusable": "A file without a name or address",
    "file_name_repeated": "Several files of the same name",
    "download_with_variations": "A download with several variants",
    "personalization_invalid": "A question to the buyer that cannot be asked",
    "too_many_questions": "Too many questions to the buyer",
    "eu_guarantee_too_long": "EU guarantee: a text is too long",
    "eu_guarantee_years": "EU guarantee: the years are not understood",
    "eu_guarantee_incomplete": "EU guarantee: something is missing",
    "product_malformed": "Medusa's answer is not understood",
    "listing_may_exist": "May be on Etsy already",
    "shop_not_scanned": "The shop was not looked through",
}


_ASKED_FOR: Mapping[str, str] = {
    "ui": "in the browser",
    "cli": "in a terminal",
    "api": "by a program",
    "schedule": "by the schedule",
    "backfill": "by a backfill",
    "demo": "by the demo",
    "stock": "because stock changed",
    "replan": "because products changed while the plan waited",
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
    idle = f"{total.invalid:,} cannot be published" if total.invalid else ""
    if not total.changes:
        same = "1 stays as it is" if total.skip == 1 else f"{total.skip:,} stay as they are" if total.skip else ""
        told = ", ".join(filter(None, (same, idle)))
        return f"Nothing would be sent to Etsy{': ' if told else ''}{told}."
    told = f"{', '.join(filter(None, (*parts, idle)))}. Etsy's fees: {dollars(total.fees_usd_cents)}."
    return f"{told} {_beside(total)}".strip()


def asked_for(trigger: str) -> str:
    """Where a sync was asked for."""
    return _ASKED_FOR.get(trigger, f"through {trigger}")


def not_by_itself(reasons: Sequence[str]) -> str:
    """Why a person approves a plan; blank where none has to."""
    if AUTO_APPROVE_OFF in reasons:
        return "Nothing is approved by itself in this shop: every plan waits for a person."
    return f"It is not approved by itself: {'; '.join(reasons)}." if reasons else ""


def counted(count: int, what: str) -> str:
    """A number of things."""
    return f"{count:,} {what}" + ("" if count == 1 else "s")


def _beside(total: Totals) -> str:
    told = [
        f"{total.held:,} are left to a sync that is under way" if total.held else "",
        f"{total.held_oversold:,} of these sell on Etsy what Medusa no longer has" if total.held_oversold else "",
        f"changes of {total.left_for_later:,} wait until it is over" if total.left_for_later else "",
    ]
    return f"{'; '.join(filter(None, told)).capitalize()}." if any(told) else ""
