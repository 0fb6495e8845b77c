"""Titles, descriptions, tags and materials as Etsy takes them (FACTS §5)."""

import html
import unicodedata
from collections.abc import Iterable, Sequence

import regex
from bs4 import BeautifulSoup
from bs4.element import NavigableString, Tag

from etsy_pipeline.listings.rules import verdict
from etsy_pipeline.listings.verdict import Verdict

TITLE_LENGTH = 140
TAGS, TAG_LENGTH = 13, 20
MATERIALS = 13
ONCE_IN_TITLES = "%:&+"

_NOT_IN_TITLES = regex.compile(r"[^\p{L}\p{Nd}\p{P}\p{Sm}\p{Zs}™©®]")
_NOT_IN_TAGS = regex.compile(r"[^\p{L}\p{Nd}\p{Zs}\-'™©®]")
_NOT_IN_MATERIALS = regex.compile(r"[^\p{L}\p{Nd}\p{Zs}]")
_HTML_TAG = regex.compile(r"</?[a-zA-Z][^<>]{0,100}>")
_BLOCKS = frozenset({"p", "div", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "table", "blockquote", "section"})
_INVISIBLE = ("script", "style", "template", "head")


def title(text: str) -> tuple[str, list[Verdict]]:
    """A title, composed (NFC), with single spaces and without entities; what else is wrong with it is told."""
    clean = _clean(html.unescape(text))
    found: list[Verdict] = []
    if not clean:
        return clean, [verdict("title_missing")]
    if len(clean) > TITLE_LENGTH:
        found.append(verdict("title_too_long", length=len(clean), limit=TITLE_LENGTH))
    if bad := _characters(_NOT_IN_TITLES, clean):
        found.append(verdict("title_forbidden_characters", characters=bad))
    found += [
        verdict("title_repeated_symbol", symbol=symbol, count=clean.count(symbol))
        for symbol in ONCE_IN_TITLES
        if clean.count(symbol) > 1
    ]
    if tag := _HTML_TAG.search(clean):
        found.append(verdict("title_contains_html", text=tag.group()))
    return clean, found


def description(text: str | None, stand_in: str) -> tuple[str, list[Verdict]]:
    """A description as the plain text that Etsy shows; the title where there is none (Etsy requires one)."""
    plain = plain_text(text or "")
    return (plain, []) if plain else (stand_in, [verdict("description_missing")])


def plain_text(markup: str) -> str:
    """HTML → text: paragraphs, lists and links are kept as text; plain text passes unchanged but for odd spaces."""
    if "<" not in markup and "&" not in markup:
        return _tidy(markup)
    soup = BeautifulSoup(markup, "html.parser")
    for element in soup.find_all(_INVISIBLE):
        element.decompose()
    return _tidy("".join(_walk(soup)))


def tags(values: Iterable[str]) -> tuple[tuple[str, ...], list[Verdict]]:
    """Tags without repetitions (in any case)."""
    kept, found = _unique(values)
    if len(kept) > TAGS:
        found.append(verdict("too_many_tags", count=len(kept), limit=TAGS))
    for tag in kept:
        if len(tag) > TAG_LENGTH:
            found.append(verdict("tag_too_long", tag=tag, length=len(tag), limit=TAG_LENGTH))
        if bad := _characters(_NOT_IN_TAGS, tag):
            found.append(verdict("tag_forbidden_characters", tag=tag, characters=bad))
    return kept, found


def materials(values: Iterable[str]) -> tuple[tuple[str, ...], list[Verdict]]:
    """Materials without repetitions."""
    kept, _ = _unique(values)
    found = [verdict("too_many_materials", count=len(kept), limit=MATERIALS)] if len(kept) > MATERIALS else []
    found += [
        verdict("material_forbidden_characters", material=material, characters=bad)
        for material in kept
        if (bad := _characters(_NOT_IN_MATERIALS, material))
    ]
    return kept, found


def shortened(text: str, limit: int) -> str:
    """Our own text, cut at the end of a word."""
    return text if len(text) <= limit else text[:limit].rsplit(" ", 1)[0]


def _clean(text: str) -> str:
    composed = unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode())
    return " ".join(composed.split())


def _characters(pattern: "regex.Pattern[str]", text: str) -> str:
    names = dict.fromkeys(pattern.findall(text))
    return " ".join(f"{character} (U+{ord(character):04X})" for character in list(names)[:10])


def _unique(values: Iterable[str]) -> tuple[tuple[str, ...], list[Verdict]]:
    kept: dict[str, str] = {}
    found = []
    for value in map(_clean, values):
        if not value:
            continue
        if value.casefold() in kept:
            found.append(verdict("tag_repeated", tag=value))
        else:
            kept[value.casefold()] = value
    return tuple(kept.values()), found


def _walk(node: Tag) -> Sequence[str]:
    parts: list[str] = []
    for child in node.children:
        if isinstance(child, Tag):
            parts += _element(child)
        elif type(child) is NavigableString:  # not a comment, a doctype …
            parts.append(str(child))
    return parts


def _element(element: Tag) -> Sequence[str]:
    if element.name == "br":
        return ["\n"]
    inner = _walk(element)
    if element.name == "li":
        return ["\n- ", *inner]
    if element.name == "a":
        address = str(element.get("href") or "")
        shows = address.startswith(("http://", "https://")) and address not in "".join(inner)
        return [*inner, f" ({address})"] if shows else inner
    return ["\n\n", *inner, "\n\n"] if element.name in _BLOCKS else inner


def _tidy(text: str) -> str:
    safe = unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode())
    safe = "".join(character for character in safe if character in "\n\t" or unicodedata.category(character) != "Cc")
    lines = [regex.sub(r"[^\S\n]+", " ", line).strip() for line in safe.split("\n")]
    return str(regex.sub(r"\n{3,}", "\n\n", "\n".join(lines))).strip()
