"""Descriptions: whatever the shop typed → the plain text that Etsy shows."""

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from etsy_pipeline.listings.description import plain_text
from etsy_pipeline_tests.builders import a_product, codes, listing_of, validated
from etsy_pipeline_tests.catalogue.recorded import product_of


@pytest.mark.parametrize(
    ("markup", "plain"),
    [
        ("Plain text.\nSecond line.", "Plain text.\nSecond line."),
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("<ul><li>a</li><li>b</li></ul>", "- a\n- b"),
        ("a<br>b", "a\nb"),
        ("Fish &amp; chips &lt;3", "Fish & chips <3"),
        ('<a href="https://x.test/a">here</a>', "here (https://x.test/a)"),
        ("<script>alert(1)</script><style>p{}</style>text", "text"),
        ("<!-- comment -->text", "text"),
        ("a\x00b\x07c", "abc"),
        ("one\r\ntwo\rthree", "one\ntwo\nthree"),
        ("a\n\n\n\n\nb", "a\n\nb"),
        ("  a\u00a0\u00a0b\t c  ", "a b c"),
        ("I <3 tea & 5 < 6 > 4", "I <3 tea & 5 < 6 > 4"),
        ("AT&T &copy; &#233;&#x1F600; &nosuch;", "AT&T © é\U0001f600 &nosuch;"),
        ("&lt;b&gt;not bold&lt;/b&gt;", "<b>not bold</b>"),
        ("first line\nsecond <b>bold</b> line", "first line\nsecond bold line"),
        ("<p>wrapped\n   in the source</p>", "wrapped in the source"),
        ("<p>one<p>two", "one\n\ntwo"),
        ("<h2>Care</h2>\n<ul>\n  <li>Wash</li>\n  <li>Dry</li>\n</ul>\n<p>End</p>", "Care\n\n- Wash\n- Dry\n\nEnd"),
        ("<ol><li>a</li><li>b</li></ol>", "1. a\n2. b"),
        ("<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>", "- a\n\n- b\n\n- c"),
        ("<ul><li><p>a</p></li><li><p>b</p></li></ul>", "- a\n\n- b"),
        (
            "<table><tr><td>Width</td><td>5 cm</td></tr><tr><td>Height</td><td>7 cm</td></tr></table>",
            "Width 5 cm\nHeight 7 cm",
        ),
        ("a<hr>b", "a\n\nb"),
        ("a<br/><br />b", "a\n\nb"),
        ('<a href="https://x.test/a">https://x.test/a</a>', "https://x.test/a"),
        ('<a href="/shop">shop</a> <a href="javascript:x()">x</a> <a>y</a>', "shop x y"),
        ("<head><title>t</title></head><body>text</body>", "text"),
        ("<template>t<template>u</template></template>text", "text"),
        ("<style>p {}</style", ""),
        ("</p></ul></script></a>text", "text"),
        ("<![CDATA[x]]><?php echo ?><!DOCTYPE html>text", "text"),
        ("write to <me@shop.test> or <3", "write to <me@shop.test> or <3"),
        ('<p onclick="a > b">text</p>', "text"),
        ('<p title="unbalanced>text</p>', "text"),
        ("<A HREF=https://x.test/a?b=1&amp;c=2>here</A>", "here (https://x.test/a?b=1&c=2)"),
        ('<script>if (a < b && c > d) { x("<style>") }</script>text', "text"),
        ("<!-- never closed <b>text</b>", "never closed text"),
        ("<![<p>text", "text"),
        ("e\u0301", "é"),
        ("شكرا\u200f", "شكرا\u200f"),
    ],
)
def test_a_description_becomes_the_plain_text_that_etsy_shows(markup: str, plain: str) -> None:
    assert plain_text(markup) == plain


def test_without_a_description_the_title_stands_in() -> None:
    for nothing in (None, "", "  ", "<p> </p>", "<script>x</script>", "<!-- -->"):
        found = validated(a_product(description=nothing))
        assert (listing_of(found).description, codes(found)) == ("Stoneware Mug", ["description_missing"])


def test_the_recorded_html_is_readable() -> None:
    lines = (
        product_of("html_description").description or "",
        plain_text(product_of("html_description").description or ""),
    )
    assert "<" in lines[0]
    assert "<" not in lines[1]


def test_the_recorded_script_is_gone() -> None:
    raw = product_of("script_description").description or ""
    assert "alert" in raw
    assert "alert" not in plain_text(raw)


@pytest.mark.parametrize(
    "tag",
    [
        "<div>",
        "<ul><li>",
        "<a href='http://x'>",
        "<b>",
        "</div>",
        "<!--",
        "<!",
        "<![",
        "<?",
        "</",
        "<",
        "<a ",
        "<a b='",
        "&lt;",
        "&#",
    ],
)
def test_any_depth_of_nesting_is_read_in_little_time(tag: str) -> None:
    started = time.process_time()
    plain_text(tag * 10_000 + "end" + "</a></script></ul>" * 10_000)
    assert time.process_time() - started < 3


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "<p>",
                "</p>",
                "<li>",
                "<ul>",
                "</ul>",
                "<ol>",
                "<script>",
                "</script>",
                "<a href=",
                "'http://x'>",
                "</a>",
                "<!--",
                "-->",
                "<![",
                "]]>",
                "&",
                "&amp;",
                "&#",
                "\n",
                " ",
                "a",
                "\ud800",
                "\x00",
                "<",
                ">",
                "<br",
                "/>",
                "<td>",
            ]
        ),
        max_size=25,
    ).map("".join)
    | st.text()
)
@example("&#0;")
@example("&#xD800;")
def test_no_text_makes_it_raise(markup: str) -> None:
    plain = plain_text(markup)
    assert plain == plain.strip()
    assert "\n\n\n" not in plain
    plain.encode()
