"""Titles as Etsy takes them (FACTS §5). Nothing is cut or replaced unless the shop says so, and then it is told."""

import regex

from etsy_pipeline.listings.characters import cleaned, one_line, refused, visible
from etsy_pipeline.listings.rules import verdict
from etsy_pipeline.listings.text_settings import TextSettings
from etsy_pipeline.listings.verdict import Verdict

LONGEST = 140
ONCE = "%:&+"
CAPITALS = 3  # words of nothing else

_REFUSED = regex.compile(r"[^\p{L}\p{Nd}\p{P}\p{Sm}\p{Zs}™©®]")
_HTML_TAG = regex.compile(r"</?[a-zA-Z][^<>]{0,100}>")  # "<" and ">" are mathematical symbols, so Etsy takes them
_WORD = regex.compile(r"\p{L}[\p{L}\p{M}\p{Nd}]++")
_WITH_APOSTROPHES = regex.compile(r"\p{L}[\p{L}\p{M}\p{Nd}'’]++")  # MOTHER'S is one word where it is written small
_USUAL_FIRST = regex.compile(r"[\p{L}\p{Nd}]")
_FIRST_UNUSUAL = regex.compile(r"^[^\p{L}\p{Nd}]++")
_CLOSES = dict(zip("([{“‘«»‹›「『【", ")]}”’»«›‹」』】", strict=True)) | {"„": "“”"}
_OPENS_OR_CLOSES = "*_\"'"  # the same sign does both


def title(text: str, settings: TextSettings) -> tuple[str, list[Verdict]]:
    """A title, composed (NFC) and with single spaces; what else is wrong with it is told."""
    clean, unseen = visible(one_line(text))
    found = [verdict("invisible_characters", where="title", characters=unseen)] if unseen else []
    if settings.title_unfit == "clean":
        clean, told = _cleaned(clean)
        found += told
    if not clean:
        return clean, [*found, verdict("title_missing")]
    if len(clean) > LONGEST:
        clean, too_long = _too_long(clean, truncate=settings.truncate_title)
        found.append(too_long)
    return clean, found + _judged(clean)


def shortened(text: str, limit: int) -> str:
    """A text cut at the end of a word."""
    return text if len(text) <= limit else text[: limit + 1].rsplit(" ", 1)[0][:limit].rstrip(" ,;:|–-")


def _judged(text: str) -> list[Verdict]:
    found = []
    if bad := refused(_REFUSED, text):
        found.append(verdict("title_forbidden_characters", characters=bad))
    found += [
        verdict("title_repeated_symbol", symbol=symbol, count=text.count(symbol))
        for symbol in ONCE
        if text.count(symbol) > 1
    ]
    if "<" in text and (tag := _HTML_TAG.search(text)):
        found.append(verdict("title_contains_html", text=tag.group()))
    capitals = tuple(word for word in _WORD.findall(text) if word.isupper())
    if len(capitals) > CAPITALS:
        found.append(verdict("title_capitals", count=len(capitals), words=capitals, limit=CAPITALS))
    if not _USUAL_FIRST.match(text) and not _REFUSED.match(text):
        found.append(verdict("title_first_character", character=text[0]))
    return found


def _cleaned(text: str) -> tuple[str, list[Verdict]]:
    """Without what Etsy refuses, with each of `ONCE` where it stands first, and no more capitals than Etsy takes."""
    kept = _HTML_TAG.sub(" ", text).strip() or text if _HTML_TAG.match(text) else text
    kept = cleaned(_REFUSED, kept) if _REFUSED.search(kept) else kept
    if not kept:
        return text, []
    for symbol in ONCE:
        head, found, tail = kept.partition(symbol)
        kept = head + found + tail.replace(symbol, " ")
    kept = one_line(_fewer_capitals(_with_usual_first(kept)))
    return kept, [verdict("title_cleaned", given=text, sent=kept)] if kept != text else []


def _with_usual_first(text: str) -> str:
    """From the first letter or digit on; what was opened before it is not closed after it either."""
    head = _FIRST_UNUSUAL.match(text)
    rest = text[head.end() :] if head else text
    if head is None or not rest:
        return text
    for sign in head[0]:
        rest = _without_partner(rest, sign)
    return rest


def _without_partner(text: str, opened: str) -> str:
    """A text without what closes a sign that stood before it, if something does."""
    closing, depth = _CLOSES.get(opened, opened), 1
    for place, sign in enumerate(text) if opened in _CLOSES or opened in _OPENS_OR_CLOSES else ():
        before, after = text[place - 1 : place], text[place + 1 : place + 2]
        if opened in _OPENS_OR_CLOSES:
            opens = sign == opened and not before.strip() and after.isalnum()
            closes = sign == opened and bool(before.strip()) and not after.isalnum()
        else:
            opens, closes = sign == opened, sign in closing
        depth += opens - closes
        if not depth:
            return text[:place] + text[place + 1 :]
    return text


def _fewer_capitals(text: str) -> str:
    """Words in capitals beyond the first three are written with one."""
    words = (match for match in _WITH_APOSTROPHES.finditer(text) if match.group().isupper())
    for match in list(words)[CAPITALS:]:
        small = match.group()[0] + match.group()[1:].lower()
        if len(small) == len(match.group()):
            text = text[: match.start()] + small + text[match.end() :]
    return text


def _too_long(text: str, *, truncate: bool) -> tuple[str, Verdict]:
    if not truncate:
        return text, verdict("title_too_long", length=len(text), limit=LONGEST)
    kept = shortened(text, LONGEST)
    return kept, verdict("title_truncated", length=len(text), limit=LONGEST, cut=text[len(kept) :].strip())
