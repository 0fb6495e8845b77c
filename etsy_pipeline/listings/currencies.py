"""How many decimals a currency has (ISO 4217), and how amounts are shown."""

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


def short(amount: Decimal) -> Decimal:
    """An amount as a message shows it: four decimals say enough."""
    rounded = amount.quantize(Decimal("0.0001"))
    return rounded.quantize(Decimal("0.01")) if rounded == rounded.quantize(Decimal("0.01")) else rounded
