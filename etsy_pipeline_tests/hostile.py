"""Texts that a product may hold to deceive whoever reads them, and what of it nobody may ever be shown as it is."""

import unicodedata

from hypothesis import strategies as st

BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
NO_WIDTH = "\u00ad\u180e\u200b\u2060\u2061\u2062\u2063\u2064\ufeff"
WEAPONS = [
    "\x1b[2K\x1b[1A", "\x1b]8;;https://evil.test\x07", "\x9b2K", "\x9d0;title\x9c", "\r", "\n", "\b\b\b", "\x00", "\x7f",
    *BIDI, *NO_WIDTH, "\u200d", "\u200c", "\ud800", "\U000e0041", "\u2028", "[/]", "[bold red]", "[link=https://x]", "\\",
    "<script>alert(1)</script>", "[x](javascript:alert(1))", "| a |", "**b**", "`c`", "_d_", "~~e~~", "![i](x)", "&lt;",
    "<!--", "👩\u200d👧", "می\u200cخ", "陶",
]  # fmt: skip
HOSTILE = st.lists(st.sampled_from(WEAPONS) | st.text(max_size=8), max_size=6).map("".join)
STORABLE = HOSTILE.map(lambda text: text.encode("utf-8", "replace").decode().replace("\x00", "\x01"))
"""Without what no database stores."""


def hidden_in(text: str) -> set[str]:
    """Characters that a terminal obeys, that turn text around, or that take no room."""
    return {
        character
        for character in text
        if unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} or character in BIDI or character in NO_WIDTH
    }
