"""Characters: text composed and stripped of what no system stores, and what a field of Etsy's refuses."""

import unicodedata

import regex

CHARACTERS_NAMED = 10  # enough to find them


def sound(text: str) -> str:
    """Composed text (NFC), with "?" for halves of surrogate pairs, which cannot be sent."""
    return text if text.isascii() else unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode())


def one_line(text: str) -> str:
    """Sound text, trimmed, with single spaces instead of any white space."""
    return " ".join((text if text.isascii() else sound(text)).split())


def refused(pattern: "regex.Pattern[str]", text: str) -> str:
    """The characters that match, with their code points: many of them cannot be seen. Empty when there is none."""
    if not pattern.search(text):
        return ""
    found = list(dict.fromkeys(pattern.findall(text)))
    more = f" and {len(found) - CHARACTERS_NAMED} more" if len(found) > CHARACTERS_NAMED else ""
    return " ".join(map(_named, found[:CHARACTERS_NAMED])) + more


def _named(character: str) -> str:
    code_point = f"U+{ord(character):04X}"
    return f"{character} ({code_point})" if character.isprintable() else code_point
