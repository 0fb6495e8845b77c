"""Foreign text as it is shown: nothing in it is hidden, turned around or obeyed, and what belongs to writing stays."""

import json
import unicodedata
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from etsy_pipeline.safe_text import visible, visible_json, visible_lines
from etsy_pipeline_tests.hostile import HOSTILE, hidden_in


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Mug\x1b[2K\x1b[1A", r"Mug\x1b[2K\x1b[1A"),
        ("Mug\x9b2K", r"Mug\x9b2K"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("\u2066a\u2069 \u200fb", r"\u2066a\u2069 \u200fb"),
        ("ze\u200bro wi\ufeffdth so\u00adft", r"ze\u200bro wi\ufeffdth so\xadft"),
        ("tags \U000e0041\U000e007f", r"tags \U000e0041\U000e007f"),
        ("fake\nBRAKE\r\tall well\x00\x7f", r"fake\nBRAKE\r\tall well\x00\x7f"),
        ("line\u2028para\u2029", r"line\u2028para\u2029"),
        ("half a pair \ud83d", r"half a pair \ud83d"),
        ("filler \u3164 \u115f", r"filler \u3164 \u115f"),
        ("joined A\u200dB a\u200cb", r"joined A\u200dB a\u200cb"),
    ],
)
def test_what_cannot_be_seen_is_shown_as_an_escape(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "Stoneware Mug, 30 cm – “hand made” ✓",
        "Tasse à café, Größe M, 陶器のマグ, كوب, कप",
        "👩\u200d👩\u200d👧 and ❤\ufe0f\u200d🔥 and 👩🏽\u200d🚀",  # joined emoji
        "می\u200cخواهم",  # Persian needs its joiners
        "क\u094d\u200dष",
        "e\u0301 a\u00a0b",
        r"back\slash \x1b",
        "",
    ],
)
def test_what_belongs_to_writing_stays(text: str) -> None:
    assert (visible(text), visible_lines(text)) == (text, text)


@given(HOSTILE)
@example("x\r\ny")
def test_nothing_hidden_is_left_and_doing_it_twice_is_doing_it_once(text: str) -> None:
    assert not hidden_in(visible(text))
    assert visible(visible(text)) == visible(text)
    assert not hidden_in(visible_lines(text).replace("\n", ""))
    visible(text).encode()


@given(
    st.recursive(HOSTILE | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(HOSTILE, inner))
)
def test_json_is_the_same_value_for_a_program(value: Any) -> None:
    text = visible_json(value, indent=2)
    assert json.loads(text) == json.loads(json.dumps(value))
    assert not hidden_in(text.replace("\n", ""))


def test_every_character_that_is_a_control_or_turns_text_around_is_an_escape() -> None:
    for code in range(0x110000):
        character = chr(code)
        is_bidi = unicodedata.bidirectional(character) in {
            "LRE",
            "RLE",
            "LRO",
            "RLO",
            "PDF",
            "LRI",
            "RLI",
            "FSI",
            "PDI",
        }
        if (
            unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}
            or is_bidi
            or character in "\u200b\u200e\u200f\u061c"
        ):
            assert visible(character).startswith("\\"), hex(code)
