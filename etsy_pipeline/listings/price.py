"""Prices: Medusa's amount in the shop's currency → what Etsy is told, in Decimal throughout."""

from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

from etsy_pipeline.catalogue.product import Variant
from etsy_pipeline.listings.rules import verdict
from etsy_pipeline.listings.shop import AmountUnit
from etsy_pipeline.listings.shop_settings import PriceRule
from etsy_pipeline.listings.verdict import Verdict

# FACTS §5: the bounds were found in no document of Etsy's; these are the commonly quoted ones, in US dollars. They hold
# here for currencies of about that worth; 50,000 yen is a kimono, so others get a bound that stops slips only.
LOWEST, HIGHEST = Decimal("0.20"), Decimal(50_000)
LIKE_DOLLARS = frozenset(("AUD", "BRL", "CAD", "CHF", "EUR", "GBP", "NZD", "SGD", "USD"))
HIGHEST_ELSEWHERE = Decimal(2_000_000_000)  # about 50,000 dollars in the smallest currency, the Vietnamese dong

ABSURD = Decimal(10) ** 15
TWO_DECIMALS = 2
# ISO 4217, currencies with other than two decimals
EXPONENTS: Mapping[str, int] = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV"), 0),
    **dict.fromkeys(("XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}


def exponent(currency_code: str) -> int:
    """How many decimals a currency has."""
    return EXPONENTS.get(currency_code, TWO_DECIMALS)


def price(
    variant: Variant, name: str, rule: PriceRule, *, currency_code: str, amount_unit: AmountUnit
) -> tuple[Decimal | None, list[Verdict]]:
    """What a variant costs on Etsy; None with the reason where it cannot be said."""
    amount = variant.prices.get(currency_code)
    if amount is None:
        present = ", ".join(sorted(variant.prices)) or "no price at all"
        return None, [verdict("price_currency_missing", variant=name, currency=currency_code, present=present)]
    major = amount.scaleb(-exponent(currency_code)) if amount_unit == "minor" else amount
    if not major.is_finite() or major <= 0:
        return None, [verdict("price_not_positive", variant=name, price=major)]
    bounds = {"lowest": LOWEST, "highest": HIGHEST if currency_code in LIKE_DOLLARS else HIGHEST_ELSEWHERE}
    if major > ABSURD:  # arithmetic itself may fail there
        return None, [verdict("price_out_of_range", variant=name, price=major, currency=currency_code, **bounds)]
    marked_up = major * (1 + rule.markup_percent / 100) + rule.markup_fixed
    final = rounded(marked_up, rule, currency_code)
    if final is None:
        return None, [verdict("price_too_precise", variant=name, price=marked_up.normalize(), currency=currency_code)]
    final, found = _within(final, rule, name)
    if not bounds["lowest"] <= final <= bounds["highest"]:
        return None, [verdict("price_out_of_range", variant=name, price=final, currency=currency_code, **bounds)]
    return final, found


def _within(price: Decimal, rule: PriceRule, name: str) -> tuple[Decimal, list[Verdict]]:
    if rule.floor is not None and price < rule.floor:
        return rule.floor, [verdict("price_raised_to_floor", variant=name, price=price, floor=rule.floor)]
    if rule.ceiling is not None and price > rule.ceiling:
        return rule.ceiling, [verdict("price_lowered_to_ceiling", variant=name, price=price, ceiling=rule.ceiling)]
    return price, []


def rounded(amount: Decimal, rule: PriceRule, currency_code: str) -> Decimal | None:
    """The amount as the shop rounds it; None if it has too many decimals and the shop does not round."""
    smallest = Decimal(1).scaleb(-exponent(currency_code))
    if rule.rounding == "whole":
        return amount.quantize(Decimal(1), ROUND_HALF_UP).quantize(smallest)
    if rule.rounding == "ninety_nine" and exponent(currency_code) == TWO_DECIMALS:
        return (amount + Decimal("0.01")).to_integral_value(ROUND_CEILING).quantize(smallest) - Decimal("0.01")
    nearest = amount.quantize(smallest, ROUND_HALF_UP)
    return None if rule.rounding == "none" and nearest != amount else nearest
