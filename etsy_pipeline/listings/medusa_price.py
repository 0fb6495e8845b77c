"""What a variant costs in Medusa: which price counts, in which currency, with or without tax. Pure.

Everything that makes it another amount than Medusa's plain one is told, with the setting that decides.
"""

from decimal import Decimal
from typing import NamedTuple

from etsy_pipeline.catalogue.price_lists import ListPrice
from etsy_pipeline.catalogue.product import Variant
from etsy_pipeline.listings.currencies import exponent
from etsy_pipeline.listings.price_settings import Conversion, PriceListRule
from etsy_pipeline.listings.rules import verdict
from etsy_pipeline.listings.shop import Shop
from etsy_pipeline.listings.verdict import Verdict


class MedusaPrice(NamedTuple):
    """An amount in major units. `of_list` is the price list that says so, None for the plain price."""

    amount: Decimal
    currency_code: str
    of_list: ListPrice | None = None


def medusa_price(
    variant: Variant, name: str, conversion: Conversion | None, lists: PriceListRule, shop: Shop
) -> tuple[MedusaPrice | None, list[Verdict]]:
    """Which of Medusa's prices counts, before any conversion; None with the reason where there is none.

    Args:
        variant: as Medusa has it.
        name: what it is called in messages.
        conversion: from which other currency, where the shop wants that.
        lists: which price lists count.
        shop: tells the currency, and the unit of amounts.
    """
    variant = _in_major_units(variant, shop)
    own = shop.currency_code
    others = conversion is not None and conversion.from_currency != own
    source = conversion.from_currency if conversion and others and conversion.always else own
    found = counted(variant, source, lists)
    if found is None and conversion and others:
        found = counted(variant, conversion.from_currency, lists)
    if found is None:
        return None, [verdict("price_currency_missing", variant=name, currency=own, present=_present(variant))]
    return found, _told_of_lists(variant, name, found)


def _present(variant: Variant) -> str:
    """In which currencies there are prices, and for whom."""
    listed = {item.currency_code for item in variant.list_prices}
    narrow = ", ".join(variant.narrow_prices)
    told = [
        ", ".join(sorted({*variant.prices, *listed})),
        f"{narrow} for a region, a customer group or a quantity only" if narrow else "",
    ]
    return "; ".join(filter(None, told)) or "no price at all"


def counted(variant: Variant, currency_code: str, rule: PriceListRule) -> MedusaPrice | None:
    """The price that counts in a currency.

    As Medusa's Store API has it (docs/medusa-facts.md §13): of all lists the lowest amount decides. If it is of an
    override, that is the price, be it above the plain one; if it is of a sale, the lower of it and the plain one is.
    """
    plain = variant.prices.get(currency_code)
    if not variant.list_prices:
        return None if plain is None else MedusaPrice(plain, currency_code)
    lists = [item for item in variant.list_prices if item.currency_code == currency_code and getattr(rule, item.type)]
    lowest = min(lists, key=lambda item: item.amount, default=None)
    if lowest is not None and (lowest.type == "override" or plain is None or lowest.amount <= plain):
        return MedusaPrice(lowest.amount, currency_code, lowest)
    return None if plain is None else MedusaPrice(plain, currency_code)


def _in_major_units(variant: Variant, shop: Shop) -> Variant:
    if shop.amount_unit == "major":
        return variant
    prices = {code: amount.scaleb(-exponent(code)) for code, amount in variant.prices.items()}
    lists = tuple(
        item.model_copy(update={"amount": item.amount.scaleb(-exponent(item.currency_code))})
        for item in variant.list_prices
    )
    return variant.model_copy(update={"prices": prices, "list_prices": lists})


EVERY_LIST = PriceListRule(override=True, sale=True)


def _told_of_lists(variant: Variant, name: str, found: MedusaPrice) -> list[Verdict]:
    """From which list the price is, and which one would say otherwise if it counted."""
    if not variant.list_prices:
        return []
    currency = found.currency_code
    told, shown = [], {"variant": name, "currency": currency}
    if found.of_list is not None:
        plain = variant.prices.get(currency, "none")
        told.append(verdict("price_of_list", **shown, **_named(found.of_list), plain=plain))
    would = counted(variant, currency, EVERY_LIST)
    if would is not None and would.of_list is not None and would.amount != found.amount:
        told.append(verdict("price_list_left_out", **shown, **_named(would.of_list), price=found.amount))
    return told


def _named(item: ListPrice) -> dict[str, object]:
    return {"list": item.price_list, "type": item.type, "listed": item.amount}
