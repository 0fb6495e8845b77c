"""Prices: what Medusa asks (`medusa_price.py`) → what Etsy is told, in Decimal throughout."""

import functools
from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import NamedTuple

from etsy_pipeline.catalogue.product import Variant
from etsy_pipeline.listings.currencies import TWO_DECIMALS, exponent, fitting, sent_exponent, short, smallest
from etsy_pipeline.listings.medusa_price import medusa_price
from etsy_pipeline.listings.price_currency import RATE, in_another_currency
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

ABSURD = Decimal(10) ** 15


class Bounds(NamedTuple):
    """About what Etsy takes in a currency, and what is refused here without asking."""

    lowest: Decimal
    highest: Decimal
    refused_below: Decimal
    refused_above: Decimal
    is_known: bool = True

    def is_near(self, price: Decimal) -> bool:
        """Whether Etsy may refuse a price that is not refused here."""
        is_sure = (self.lowest, self.highest) == (self.refused_below, self.refused_above)
        return not is_sure and not self.lowest * NEAR <= price <= self.highest / NEAR


@functools.cache
def bounds(currency_code: str) -> Bounds:
    """The bounds of prices in a currency, with its decimals; where its rate is not known, any amount that can be."""
    rate, least = PER_DOLLAR.get(currency_code), smallest(currency_code)
    if rate is None:
        return Bounds(least, ABSURD, least, ABSURD, is_known=False)
    lowest = KNOWN_LOWEST.get(currency_code, LOWEST * rate).quantize(least, ROUND_CEILING)
    highest = (HIGHEST * rate).quantize(least)
    if currency_code == DOLLARS:
        return Bounds(lowest, highest, lowest, highest)
    return Bounds(lowest, highest, (lowest / FAR).quantize(least, ROUND_CEILING), highest * FAR)


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
    if waits := in_another_currency(rule, settings, shop.currency_code):
        return None, [waits]
    converting_rule = rule if rule.convert else settings.price
    asked, told = medusa_price(variant, name, converting_rule.convert, settings.price_lists, shop)
    if asked is None:
        return None, told
    if asked.currency_code != shop.currency_code and (
        waits := in_another_currency(converting_rule, settings, shop.currency_code, RATE)
    ):
        return None, [*told, waits]
    if absurd := _absurd(asked.amount, name, shop.currency_code):
        return None, [*told, absurd]
    amount, more = taxed(asked, name, with_tax, settings.price_tax, shop)
    if amount is None:
        return None, [*told, *more]
    there, converting = converted(amount, asked.currency_code, name, converting_rule.convert, shop)
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
        return None, [verdict("price_too_precise", **shown, decimals=sent_exponent(currency_code))]
    third = _third_decimal(marked_up, final, name, rule, currency_code)
    final, found = _within(final, rule, name, currency_code)
    found = [*third, *found]
    limits = bounds(currency_code)
    if not limits.refused_below <= final <= limits.refused_above:
        return None, [_out_of_range(final, name, currency_code)]
    if limits.is_near(final):
        about = {"lowest": limits.lowest, "highest": limits.highest}
        found.append(verdict("price_near_bound", variant=name, price=final, currency=currency_code, **about))
    if not limits.is_known:
        found.append(verdict("price_bounds_unknown", variant=name, price=final, currency=currency_code))
    return final, found


def _third_decimal(exact: Decimal, sent: Decimal, name: str, rule: PriceRule, currency_code: str) -> list[Verdict]:
    """What is told where a currency has a third decimal that Etsy is not sent."""
    decimals = exponent(currency_code)
    if rule.rounding != "nearest" or decimals <= TWO_DECIMALS:
        return []
    price = exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    shown = {"variant": name, "price": price, "sent": sent, "currency": currency_code}
    return [verdict("price_third_decimal", **shown)] if price != sent else []


def _within(price: Decimal, rule: PriceRule, name: str, currency_code: str) -> tuple[Decimal, list[Verdict]]:
    if rule.floor is not None and price < rule.floor:
        floor = fitting(rule.floor, currency_code, ROUND_CEILING)
        return floor, [verdict("price_raised_to_floor", variant=name, price=price, floor=floor)]
    if rule.ceiling is not None and price > rule.ceiling:
        ceiling = fitting(rule.ceiling, currency_code, ROUND_FLOOR)
        return ceiling, [verdict("price_lowered_to_ceiling", variant=name, price=price, ceiling=ceiling)]
    return price, []


def rounded(amount: Decimal, rule: PriceRule, currency_code: str) -> Decimal | None:
    """The amount as the shop rounds it; None if it has too many decimals and the shop does not round."""
    least = smallest(currency_code)
    if rule.rounding == "whole":
        return amount.quantize(Decimal(1), ROUND_HALF_UP).quantize(least)
    if rule.rounding == "ninety_nine" and sent_exponent(currency_code) == TWO_DECIMALS:
        return (amount + Decimal("0.01")).to_integral_value(ROUND_CEILING).quantize(least) - Decimal("0.01")
    nearest = amount.quantize(least, ROUND_HALF_UP)
    return None if rule.rounding == "none" and nearest != amount else nearest
