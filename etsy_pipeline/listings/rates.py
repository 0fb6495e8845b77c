"""What a US dollar is about worth: for Etsy's bounds of prices, which are known in dollars. Never for a price.

Rough rates of the date below, good to a tenth or so; a currency that moves more is only warned about at another price.
Left out is what has no single rate, or falls by half in a year: CUP, IRR, KPW, SDG, SSP, SYP, VES, YER, ZWG.
"""

from collections.abc import Mapping
from decimal import Decimal

RATES_OF = "2025-11"

PER_DOLLAR: Mapping[str, Decimal] = {
    code: Decimal(rate)
    for code, rate in {
        "AED": "3.67", "AFN": "66", "ALL": "83", "AMD": "382", "ANG": "1.79", "AOA": "917", "ARS": "1450",
        "AUD": "1.53", "AWG": "1.79", "AZN": "1.7", "BAM": "1.69", "BBD": "2", "BDT": "122", "BGN": "1.7",
        "BHD": "0.376", "BIF": "2950", "BMD": "1", "BND": "1.3", "BOB": "6.9", "BRL": "5.4", "BSD": "1", "BTN": "89",
        "BWP": "13.4", "BYN": "3.2", "BZD": "2", "CAD": "1.4", "CDF": "2250", "CHF": "0.8", "CLP": "940",
        "CNY": "7.1", "COP": "3850", "CRC": "502", "CVE": "95", "CZK": "21", "DJF": "178", "DKK": "6.5", "DOP": "63",
        "DZD": "130", "EGP": "47", "ERN": "15", "ETB": "154", "EUR": "0.86", "FJD": "2.27", "FKP": "0.76",
        "GBP": "0.76", "GEL": "2.7", "GHS": "11", "GIP": "0.76", "GMD": "73", "GNF": "8700", "GTQ": "7.66",
        "GYD": "209", "HKD": "7.8", "HNL": "26.3", "HTG": "131", "HUF": "335", "IDR": "16600", "ILS": "3.3",
        "INR": "89", "IQD": "1310", "ISK": "126", "JMD": "160", "JOD": "0.71", "JPY": "154", "KES": "129",
        "KGS": "87.4", "KHR": "4010", "KMF": "424", "KRW": "1450", "KWD": "0.31", "KYD": "0.83", "KZT": "520",
        "LAK": "21700", "LBP": "89500", "LKR": "305", "LRD": "180", "LSL": "17.3", "LYD": "5.45", "MAD": "9.3",
        "MDL": "17", "MGA": "4500", "MKD": "53", "MMK": "2100", "MNT": "3560", "MOP": "8", "MRU": "39.7", "MUR": "46",
        "MVR": "15.4", "MWK": "1735", "MXN": "18.5", "MYR": "4.2", "MZN": "63.9", "NAD": "17.3", "NGN": "1450",
        "NIO": "36.7", "NOK": "10.1", "NPR": "142", "NZD": "1.75", "OMR": "0.385", "PAB": "1", "PEN": "3.4",
        "PGK": "4.25", "PHP": "58", "PKR": "281", "PLN": "3.65", "PYG": "7050", "QAR": "3.64", "RON": "4.4",
        "RSD": "101", "RUB": "80", "RWF": "1450", "SAR": "3.75", "SBD": "8.2", "SCR": "14", "SEK": "9.5",
        "SGD": "1.3", "SHP": "0.76", "SLE": "23.5", "SOS": "571", "SRD": "38.5", "STN": "21.2", "SVC": "8.75",
        "SZL": "17.3", "THB": "32.5", "TJS": "9.25", "TMT": "3.5", "TND": "2.95", "TOP": "2.38", "TRY": "42",
        "TTD": "6.8", "TWD": "31", "TZS": "2450", "UAH": "42", "UGX": "3600", "USD": "1", "UYU": "39.7",
        "UZS": "11950", "VND": "26300", "VUV": "121", "WST": "2.8", "XAF": "565", "XCD": "2.7", "XCG": "1.79",
        "XOF": "565", "XPF": "103", "ZAR": "17.3", "ZMW": "22.8",
    }.items()
}  # fmt: skip
