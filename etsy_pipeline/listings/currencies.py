"""How many decimals a currency has (ISO 4217), and how amounts are shown."""

import functools
from collections.abc import Mapping
from decimal import Decimal

TWO_DECIMALS = 2
# Currencies with other than two decimals
EXPONENTS: Mapping[str, int] = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV"), 0),
    **dict.fromkeys(("XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}


def exponent(currency_code: str) -> int:
    """How many decimals a currency has."""
    return EXPONENTS.get(currency_code, TWO_DECIMALS)


def sent_exponent(currency_code: str) -> int:
    """How many decimals Etsy is sent: never a third one.

    Whether Etsy's divisor is 1000 for a currency with three is in no document (FACTS §7). An amount with two is the
    same by either, and one with three would be read back as another one for ever where the divisor is 100.
    """
    return min(exponent(currency_code), TWO_DECIMALS)


def fitting(amount: Decimal, currency_code: str, rounding: str) -> Decimal:
    """The amount, or the next one in a direction (of `decimal`) that Etsy can be sent."""
    nearest = amount.quantize(smallest(currency_code), rounding)
    return amount if nearest == amount else nearest


@functools.cache
def smallest(currency_code: str) -> Decimal:
    """The smallest amount that Etsy is sent."""
    return Decimal(1).scaleb(-sent_exponent(currency_code))


def short(amount: Decimal) -> Decimal:
    """An amount as a message shows it: four decimals say enough."""
    rounded = amount.quantize(Decimal("0.0001"))
    return rounded.quantize(Decimal("0.01")) if rounded == rounded.quantize(Decimal("0.01")) else rounded
