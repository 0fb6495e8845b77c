"""Tax in prices: what Medusa says of its own, what the shop wants on Etsy. A net price is never sent unasked. Pure."""

from decimal import Decimal

from etsy_pipeline.catalogue.price_lists import LISTS, PREFERENCES
from etsy_pipeline.catalogue.product import Product
from etsy_pipeline.listings.currencies import short
from etsy_pipeline.listings.medusa_price import MedusaPrice
from etsy_pipeline.listings.price_settings import PriceTax
from etsy_pipeline.listings.product_header import ProductHeader
from etsy_pipeline.listings.rules import verdict
from etsy_pipeline.listings.shop import EU, Shop
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.listings.verdict import Verdict

# Where the price that a customer is shown has to include tax. Elsewhere (US, CA) it is added when they pay.
SHOWN_WITH_TAX = EU | frozenset("AU CH GB IL IN IS JP LI MX NO NZ SG TR ZA".split())  # noqa: SIM905 - a table


def needs_country(product: Product | ProductHeader, settings: ShopSettings, currency_code: str) -> bool:
    """Whether mapping a product takes knowing where the shop is.

    Args:
        product: as Medusa has it.
        settings: the shop's.
        currency_code: the shop's.
    """
    wanted = settings.price_tax.etsy_price
    rules = [settings.price, *(rule.price for rule in settings.by_category.values() if rule.price)]
    used = {currency_code, *(rule.convert.from_currency for rule in rules if rule.convert)}
    if product.prices_with_tax is None:
        return PREFERENCES in product.prices_not_told and wanted is None
    return wanted == "without_tax" or (wanted != "as_medusa" and not used <= set(product.prices_with_tax))


def tax_verdict(product: Product, settings: ShopSettings, shop: Shop) -> list[Verdict]:
    """What is to be said of a product's prices as a whole: that Medusa does not say what is in them."""
    found = []
    counts = settings.price_lists.override or settings.price_lists.sale
    if LISTS in product.prices_not_told and counts:
        found.append(verdict("price_lists_not_shown"))
    wanted = settings.price_tax.etsy_price
    if product.prices_with_tax is None and wanted in {"with_tax", "without_tax"}:
        found.append(verdict("price_tax_unknown", wanted=wanted))
    if PREFERENCES in product.prices_not_told and wanted is None and shop.country in SHOWN_WITH_TAX:
        found.append(verdict("price_tax_not_shown", country=shop.country))
    return found


def taxed(
    price: MedusaPrice, name: str, with_tax: tuple[str, ...] | None, rule: PriceTax, shop: Shop
) -> tuple[Decimal | None, list[Verdict]]:
    """A price as the shop wants it on Etsy, in its own currency still; None with the reason where it is not known.

    Args:
        price: Medusa's.
        name: of the variant, in messages.
        with_tax: currencies whose prices Medusa has with tax; None: not known, which `tax_verdict` judges.
        rule: the shop's.
        shop: tells where it is.
    """
    wanted = rule.etsy_price
    if with_tax is None or wanted == "as_medusa":
        return price.amount, []
    has_tax = price.currency_code in with_tax
    if wanted is None:
        return _unasked(price, name, shop) if not has_tax else (price.amount, [])
    if has_tax == (wanted == "with_tax"):
        return price.amount, []
    rate = rule.rate(shop.country)
    if rate is None:
        return None, [verdict("price_tax_rate_missing", wanted=wanted, country=shop.country or "an unknown country")]
    factor = 1 + rate / 100
    amount = price.amount / factor if has_tax else price.amount * factor
    shown = {"variant": name, "price": price.amount, "currency": price.currency_code, "rate": rate}
    return amount, [verdict("price_tax_taken_off" if has_tax else "price_tax_added", **shown, sent=short(amount))]


def _unasked(price: MedusaPrice, name: str, shop: Shop) -> tuple[Decimal | None, list[Verdict]]:
    if shop.country and shop.country not in SHOWN_WITH_TAX:
        return price.amount, []
    where = shop.country or "a country that Etsy does not tell"
    shown = {"variant": name, "price": price.amount, "currency": price.currency_code, "country": where}
    if shop.is_country_unread:
        return price.amount, [verdict("price_tax_not_checked", variant=name)]
    return None, [verdict("price_without_tax", **shown)]
