"""Characters: text composed and stripped of what nobody sees, and what a field of Etsy's refuses."""

import functools
import unicodedata
from html import unescape
from html.entities import html5

import regex

CHARACTERS_NAMED = 10  # enough to find them

_ENTITY = regex.compile(r"&(?:#(?:\d{1,7}|[xX][0-9a-fA-F]{1,6})|[a-zA-Z][a-zA-Z0-9]{1,31});")
_INVISIBLE = regex.compile(r"[[\p{Cf}\p{Cc}\uFE00-\uFE0F\u034F]--\s]", regex.VERSION1)
_INVISIBLE_ANYWHERE = regex.compile(r"[\u180E\u200B\u2060-\u2064\uFEFF\uFFF9-\uFFFB]")
_NON_JOINER = "\u200c"  # stands where Persian has half a space
_MARKS_OF_WORDS = regex.compile(
    r"[\p{M}--[\p{Script=Inherited}\p{Script=Arabic}\p{Script=Hebrew}]]", regex.VERSION1
)  # vowels of Hindi or Thai: without them it is another word; Arabic and Hebrew are mostly written without theirs


def sound(text: str) -> str:
    """Composed text (NFC), with "?" for halves of surrogate pairs, which cannot be sent."""
    return text if text.isascii() else unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode())


@functools.lru_cache(maxsize=500)  # options, tags and SKUs come again and again
def one_line(text: str) -> str:
    """Sound text, trimmed, with single spaces instead of any white space."""
    return " ".join((text if text.isascii() else sound(text)).split())


def unescaped(text: str) -> str:
    """Text without HTML's entities ("&amp;" → "&"), undone once; only whole ones, so that a SKU "R&GT-1" stays."""
    return _ENTITY.sub(_meant, text) if "&" in text else text


@functools.lru_cache(maxsize=500)
def plain(text: str) -> str:
    """A line as Medusa means it: shops and imports write entities into titles, options, tags and the like."""
    return one_line(unescaped(text))


def visible(text: str) -> tuple[str, str]:
    """A line without characters that cannot be seen, and which they were ("" where there was none).

    They come with copied text: byte order marks, spaces without width, soft hyphens, changes of direction.
    """
    found = "" if text.isascii() and text.isprintable() else refused(_INVISIBLE, text)
    return (one_line(_INVISIBLE.sub("", text.replace(_NON_JOINER, " "))) if found else one_line(text)), found


def visible_lines(text: str) -> tuple[str, str]:
    """A text of many lines likewise. What joins or parts words, or turns the direction of writing, stays."""
    found = refused(_INVISIBLE_ANYWHERE, text)
    return (_INVISIBLE_ANYWHERE.sub("", text) if found else text), found


def cleaned(pattern: "regex.Pattern[str]", text: str) -> str:
    """A line without the characters that match: by what means the same ("m²" as "m2") where that fits, or a space.

    Empty where other words would be left, as of Hindi without its vowels.
    """
    return (
        "" if _MARKS_OF_WORDS.search(text) else one_line(pattern.sub(lambda found: _instead(pattern, found[0]), text))
    )


def refused(pattern: "regex.Pattern[str]", text: str) -> str:
    """The characters that match, with their code points: many of them cannot be seen. Empty when there is none."""
    if not pattern.search(text):
        return ""
    found = list(dict.fromkeys(pattern.findall(text)))
    more = f" and {len(found) - CHARACTERS_NAMED} more" if len(found) > CHARACTERS_NAMED else ""
    return " ".join(map(_named, found[:CHARACTERS_NAMED])) + more


def _instead(pattern: "regex.Pattern[str]", character: str) -> str:
    category = unicodedata.category(character)
    if category.startswith("M"):
        return ""
    same = "-" if category == "Pd" else unicodedata.normalize("NFKC", character)
    return " " if pattern.search(same) else same


def _meant(found: "regex.Match[str]") -> str:
    entity = found[0]
    return unescape(entity) if entity[1] == "#" else html5.get(entity[1:], entity)


def _named(character: str) -> str:
    code_point = f"U+{ord(character):04X}"
    return f"{character} ({code_point})" if character.isprintable() else code_point
