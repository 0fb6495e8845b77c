r"""Foreign text on its way to somebody's eyes: what cannot be seen, or turns a line around, is shown as an escape.

A title may hold what a terminal takes for a command (ESC, and 0x9b, which is one byte for ESC [), what puts text into
another order (bidi overrides and isolates), or what takes no room at all. None of it is ever meant, and with it a title
can hide a brake. It is shown as `\x1b` or `\u202e`. What belongs to writing stays: joiners within emoji and within
scripts that need them, variation selectors, accents.
"""

import json
from typing import Any

import regex

_UNSEEN = (
    r"[\p{Cc}\p{Cs}\p{Zl}\p{Zp}"  # control characters, halves of pairs, separators of lines and paragraphs
    r"[\p{Cf}--\p{Prepended_Concatenation_Mark}]"  # bidi marks, zero width, tags, soft hyphens
    r"\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0\U000e0100-\U000e01ef]"  # letters without a shape
)
_PICTURE = r"\p{Extended_Pictographic}\ufe0f?\p{Emoji_Modifier}?"
_JOINING = r"[[\p{L}\p{M}]--[\p{Latin}\p{Greek}\p{Cyrillic}\p{Han}\p{Hangul}]]"
_JOINS = rf"(?:(?<={_PICTURE})\u200d(?=\p{{Extended_Pictographic}})|(?<={_JOINING})[\u200c\u200d](?={_JOINING}))"

_ESCAPED = regex.compile(rf"(?!{_JOINS}){_UNSEEN}", regex.VERSION1)
_ESCAPED_IN_LINES = regex.compile(rf"(?!{_JOINS})(?!\n){_UNSEEN}", regex.VERSION1)
_SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}
_IN_ONE_BYTE = 0x100
_IN_TWO_BYTES = 0x10000


def visible(text: str) -> str:
    r"""The text on one line, each character that cannot be seen as an escape; a line break is `\n`."""
    return text if _is_plain(text) else str(_ESCAPED.sub(_escape, text))


def visible_lines(text: str) -> str:
    """The same for a text of several lines, which stay apart."""
    if _is_plain(text):
        return text
    return str(_ESCAPED_IN_LINES.sub(_escape, text.replace("\r\n", "\n")))


def visible_json(value: Any, indent: int | None = None) -> str:
    """A value as JSON in which the same characters are written as JSON's own escapes: programs read the same value."""
    return escaped_json(json.dumps(value, indent=indent, ensure_ascii=False, default=str))


def escaped_json(text: str) -> str:
    """The same for what is JSON already."""
    return str(_ESCAPED_IN_LINES.sub(_json_escape, text))


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable()


def _escape(found: "regex.Match[str]") -> str:
    character, code = found.group(), ord(found.group())
    if character in _SHORT:
        return _SHORT[character]
    return f"\\x{code:02x}" if code < _IN_ONE_BYTE else f"\\u{code:04x}" if code < _IN_TWO_BYTES else f"\\U{code:08x}"


def _json_escape(found: "regex.Match[str]") -> str:
    return json.dumps(found.group()).strip('"')
