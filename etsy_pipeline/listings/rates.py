"""What a US dollar is about worth: for Etsy's bounds of prices, which are known in dollars. Never for a price.

Rough rates of the date below, good to a tenth or so; a currency that moves more is only warned about at another price.
"""

from collections.abc import Mapping
from decimal import Decimal

RATES_OF = "2025-11"

PER_DOLLAR: Mapping[str, Decimal] = {
    code: Decimal(rate)
    for code, rate in {
        "AED": "3.67", "ARS": "1450", "AUD": "1.53", "BGN": "1.7", "BRL": "5.4", "CAD": "1.4", "CHF": "0.8",
        "CLP": "940", "CNY": "7.1", "COP": "3850", "CZK": "21", "DKK": "6.5", "EGP": "47", "EUR": "0.86",
        "GBP": "0.76", "HKD": "7.8", "HUF": "335", "IDR": "16600", "ILS": "3.3", "INR": "89", "ISK": "126",
        "JOD": "0.71", "JPY": "154", "KRW": "1450", "KWD": "0.31", "MAD": "9.3", "MXN": "18.5", "MYR": "4.2",
        "NOK": "10.1", "NZD": "1.75", "PHP": "58", "PLN": "3.65", "RON": "4.4", "SAR": "3.75", "SEK": "9.5",
        "SGD": "1.3", "THB": "32.5", "TRY": "42", "TWD": "31", "UAH": "42", "USD": "1", "VND": "26300", "ZAR": "17.3",
    }.items()
}  # fmt: skip
