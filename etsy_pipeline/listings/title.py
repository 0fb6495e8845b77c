"""Titles as Etsy takes them (FACTS §5). Nothing is cut or replaced unless the shop says so, and then it is told."""

import html

import regex

from etsy_pipeline.listings.characters import one_line, refused
from etsy_pipeline.listings.rules import verdict
from etsy_pipeline.listings.verdict import Verdict

LONGEST = 140
ONCE = "%:&+"

_REFUSED = regex.compile(r"[^\p{L}\p{Nd}\p{P}\p{Sm}\p{Zs}™©®]")
_HTML_TAG = regex.compile(r"</?[a-zA-Z][^<>]{0,100}>")  # "<" and ">" are mathematical symbols, so Etsy takes them


def title(text: str, *, truncate: bool = False) -> tuple[str, list[Verdict]]:
    """A title, composed (NFC), with single spaces and without entities; what else is wrong with it is told."""
    clean = one_line(html.unescape(text))
    if not clean:
        return clean, [verdict("title_missing")]
    found = []
    if len(clean) > LONGEST:
        clean, told = _too_long(clean, truncate=truncate)
        found.append(told)
    if bad := refused(_REFUSED, clean):
        found.append(verdict("title_forbidden_characters", characters=bad))
    found += [
        verdict("title_repeated_symbol", symbol=symbol, count=clean.count(symbol))
        for symbol in ONCE
        if clean.count(symbol) > 1
    ]
    if "<" in clean and (tag := _HTML_TAG.search(clean)):
        found.append(verdict("title_contains_html", text=tag.group()))
    return clean, found


def shortened(text: str, limit: int) -> str:
    """A text cut at the end of a word."""
    return text if len(text) <= limit else text[: limit + 1].rsplit(" ", 1)[0][:limit].rstrip(" ,;:|–-")


def _too_long(text: str, *, truncate: bool) -> tuple[str, Verdict]:
    if not truncate:
        return text, verdict("title_too_long", length=len(text), limit=LONGEST)
    kept = shortened(text, LONGEST)
    return kept, verdict("title_truncated", length=len(text), limit=LONGEST, cut=text[len(kept) :].strip())
