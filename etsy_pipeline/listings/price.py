"""Prices: Medusa's amount in the shop's currency → what Etsy is told, in Decimal throughout."""

import functools
from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from typing import NamedTuple

from etsy_pipeline.catalogue.product import Variant
from etsy_pipeline.listings.rates import PER_DOLLAR
from etsy_pipeline.listings.rules import verdict
from etsy_pipeline.listings.shop import AmountUnit
from etsy_pipeline.listings.shop_settings import PriceRule
from etsy_pipeline.listings.verdict import Verdict

# FACTS §5: the bounds were found in no document of Etsy's; these are the commonly quoted ones, in US dollars. In other
# currencies they are about that much: near them is a warning, and only what is ten times off is surely a slip.
LOWEST, HIGHEST = Decimal("0.20"), Decimal(50_000)
DOLLARS = "USD"
KNOWN_LOWEST: Mapping[str, Decimal] = {"VND": Decimal(4420)}  # as Etsy's answers named it
NEAR = Decimal("1.25")  # rates are rough
FAR = 10
HIGHEST_ELSEWHERE = Decimal(2_000_000_000)  # of a currency whose rate is not in the table

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


class Bounds(NamedTuple):
    """About what Etsy takes in a currency, and what is refused here without asking."""

    lowest: Decimal
    highest: Decimal
    refused_below: Decimal
    refused_above: Decimal

    def is_near(self, price: Decimal) -> bool:
        """Whether Etsy may refuse a price that is not refused here."""
        is_known = (self.lowest, self.highest) == (self.refused_below, self.refused_above)
        return not is_known and not self.lowest * NEAR <= price <= self.highest / NEAR


@functools.cache
def bounds(currency_code: str) -> Bounds:
    """The bounds of prices in a currency, with its decimals."""
    rate = PER_DOLLAR.get(currency_code)
    if rate is None:
        return Bounds(LOWEST, HIGHEST_ELSEWHERE, LOWEST, HIGHEST_ELSEWHERE)
    smallest = Decimal(1).scaleb(-exponent(currency_code))
    lowest = KNOWN_LOWEST.get(currency_code, LOWEST * rate).quantize(smallest, ROUND_CEILING)
    highest = HIGHEST * rate
    if currency_code == DOLLARS:
        return Bounds(lowest, highest, lowest, highest)
    return Bounds(lowest, highest, lowest / FAR, highest * FAR)


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
    limits = bounds(currency_code)
    shown = {"variant": name, "currency": currency_code}
    within = shown | {"lowest": limits.refused_below, "highest": limits.refused_above}
    if major > ABSURD:  # arithmetic itself may fail there
        return None, [verdict("price_out_of_range", price=major, **within)]
    marked_up = major * (1 + rule.markup_percent / 100) + rule.markup_fixed
    final = rounded(marked_up, rule, currency_code)
    if final is None:
        return None, [verdict("price_too_precise", variant=name, price=marked_up.normalize(), currency=currency_code)]
    final, found = _within(final, rule, name)
    if not limits.refused_below <= final <= limits.refused_above:
        return None, [verdict("price_out_of_range", price=final, **within)]
    if limits.is_near(final):
        about = {"lowest": limits.lowest, "highest": limits.highest}
        found.append(verdict("price_near_bound", price=final, **shown, **about))
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
