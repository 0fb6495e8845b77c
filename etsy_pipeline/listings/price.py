"""Prices: what Medusa asks (`medusa_price.py`) → what Etsy is told, in Decimal throughout."""

import functools
from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from typing import NamedTuple

from etsy_pipeline.catalogue.product import Variant
from etsy_pipeline.listings.currencies import TWO_DECIMALS, exponent, short
from etsy_pipeline.listings.medusa_price import medusa_price
from etsy_pipeline.listings.price_settings import Conversion
from etsy_pipeline.listings.price_tax import taxed
from etsy_pipeline.listings.rates import PER_DOLLAR
from etsy_pipeline.listings.rules import verdict
from etsy_pipeline.listings.shop import Shop
from etsy_pipeline.listings.shop_settings import PriceRule, ShopSettings
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
    smallest = _smallest(currency_code)
    lowest = KNOWN_LOWEST.get(currency_code, LOWEST * rate).quantize(smallest, ROUND_CEILING)
    highest = (HIGHEST * rate).quantize(smallest)
    if currency_code == DOLLARS:
        return Bounds(lowest, highest, lowest, highest)
    return Bounds(lowest, highest, lowest / FAR, highest * FAR)


@functools.cache
def _smallest(currency_code: str) -> Decimal:
    """The smallest amount of a currency."""
    return Decimal(1).scaleb(-exponent(currency_code))


def price(
    variant: Variant,
    name: str,
    rule: PriceRule,
    settings: ShopSettings,
    shop: Shop,
    with_tax: tuple[str, ...] | None = None,
) -> tuple[Decimal | None, list[Verdict]]:
    """What a variant costs on Etsy; None with the reason where it cannot be said.

    Args:
        variant: as Medusa has it.
        name: what it is called in messages.
        rule: the shop's for this product.
        settings: the shop's.
        shop: as Etsy has it.
        with_tax: currencies whose prices Medusa has with tax; None: not known.
    """
    asked, told = medusa_price(variant, name, rule.convert or settings.price.convert, settings.price_lists, shop)
    if asked is None:
        return None, told
    if absurd := _absurd(asked.amount, name, shop.currency_code):
        return None, [*told, absurd]
    amount, more = taxed(asked, name, with_tax, settings.price_tax, shop)
    if amount is None:
        return None, [*told, *more]
    there, converting = converted(amount, asked.currency_code, name, rule.convert or settings.price.convert, shop)
    final, judged = _by_rule(there, name, rule, shop.currency_code)
    return final, [*told, *more, *converting, *judged]


def converted(
    amount: Decimal, source: str, name: str, rate: Conversion | None, shop: Shop
) -> tuple[Decimal, list[Verdict]]:
    """An amount in the shop's currency, by the shop's own rate where it is in another one."""
    if rate is None or source == shop.currency_code:
        return amount, []
    there = amount * rate.rate
    shown = {"variant": name, "price": short(amount), "source": source, "currency": shop.currency_code}
    return there, [verdict("price_converted", **shown, rate=rate.rate, converted=short(there))]


def _absurd(amount: Decimal, name: str, currency_code: str) -> Verdict | None:
    if not amount.is_finite() or amount <= 0:
        return verdict("price_not_positive", variant=name, price=amount)
    if amount > ABSURD:  # arithmetic itself may fail there
        return _out_of_range(amount, name, currency_code)
    return None


def _out_of_range(amount: Decimal, name: str, currency_code: str) -> Verdict:
    limits = bounds(currency_code)
    within = {"lowest": limits.refused_below, "highest": limits.refused_above}
    return verdict("price_out_of_range", variant=name, price=amount, currency=currency_code, **within)


def _by_rule(amount: Decimal, name: str, rule: PriceRule, currency_code: str) -> tuple[Decimal | None, list[Verdict]]:
    """Marked up, rounded, and within the shop's limits and Etsy's."""
    marked_up = amount * (1 + rule.markup_percent / 100) + rule.markup_fixed
    final = rounded(marked_up, rule, currency_code)
    if final is None:
        shown = {"variant": name, "price": marked_up.normalize(), "currency": currency_code}
        return None, [verdict("price_too_precise", **shown)]
    final, found = _within(final, rule, name)
    limits = bounds(currency_code)
    if not limits.refused_below <= final <= limits.refused_above:
        return None, [_out_of_range(final, name, currency_code)]
    if limits.is_near(final):
        about = {"lowest": limits.lowest, "highest": limits.highest}
        found.append(verdict("price_near_bound", variant=name, price=final, currency=currency_code, **about))
    return final, found


def _within(price: Decimal, rule: PriceRule, name: str) -> tuple[Decimal, list[Verdict]]:
    if rule.floor is not None and price < rule.floor:
        return rule.floor, [verdict("price_raised_to_floor", variant=name, price=price, floor=rule.floor)]
    if rule.ceiling is not None and price > rule.ceiling:
        return rule.ceiling, [verdict("price_lowered_to_ceiling", variant=name, price=price, ceiling=rule.ceiling)]
    return price, []


def rounded(amount: Decimal, rule: PriceRule, currency_code: str) -> Decimal | None:
    """The amount as the shop rounds it; None if it has too many decimals and the shop does not round."""
    smallest = _smallest(currency_code)
    if rule.rounding == "whole":
        return amount.quantize(Decimal(1), ROUND_HALF_UP).quantize(smallest)
    if rule.rounding == "ninety_nine" and exponent(currency_code) == TWO_DECIMALS:
        return (amount + Decimal("0.01")).to_integral_value(ROUND_CEILING).quantize(smallest) - Decimal("0.01")
    nearest = amount.quantize(smallest, ROUND_HALF_UP)
    return None if rule.rounding == "none" and nearest != amount else nearest
