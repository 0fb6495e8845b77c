"""Which currency a shop's own amounts are of: its rate, floor, ceiling and fixed markup. Pure.

They are numbers without a currency, and hold for the one that the shop sold in when they were set. Once a new currency
of the shop is accepted, they wait until somebody says that they are right for it (`price.currency`).
"""

from typing import Any

from etsy_pipeline.listings.rules import verdict
from etsy_pipeline.listings.shop_settings import PriceRule, ShopSettings
from etsy_pipeline.listings.verdict import Verdict

AMOUNTS = ("markup_fixed", "floor", "ceiling")
RATE = ("convert",)


def in_another_currency(
    rule: PriceRule, settings: ShopSettings, currency_code: str, names: tuple[str, ...] = AMOUNTS
) -> Verdict | None:
    """The error where a rule's amounts of these names are of another currency than the shop's; None where none is.

    Args:
        rule: the shop's for a product.
        settings: the shop's.
        currency_code: the shop's now.
        names: of settings in the rule.
    """
    kept = rule.currency
    if kept in {None, currency_code}:
        return None
    used = tuple(_named(name, rule, settings) for name in names if getattr(rule, name))
    return (
        verdict("price_setting_in_other_currency", settings=used, kept=kept, currency=currency_code) if used else None
    )


def noted(settings: ShopSettings, currency_code: str) -> ShopSettings:
    """The settings with their amounts noted as those of a currency, where none is noted yet; the same where it is."""
    changes: dict[str, Any] = {}
    if (own := _noted(settings.price, currency_code)) is not settings.price:
        changes["price"] = own
    groups = {
        name: group.model_copy(update={"price": price})
        for name, group in settings.by_category.items()
        if group.price is not None and (price := _noted(group.price, currency_code)) is not group.price
    }
    if groups:
        changes["by_category"] = settings.by_category | groups
    return settings.model_copy(update=changes) if changes else settings


def _noted(rule: PriceRule, currency_code: str) -> PriceRule:
    has_amounts = any(getattr(rule, name) for name in (*AMOUNTS, *RATE))
    is_open = has_amounts and rule.currency is None
    return rule.model_copy(update={"currency": currency_code}) if is_open else rule


def _named(name: str, rule: PriceRule, settings: ShopSettings) -> str:
    return f"price.{name}" if rule is settings.price else f"by_category: price.{name}"
