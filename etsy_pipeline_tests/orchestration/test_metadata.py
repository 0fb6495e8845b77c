"""What Dagster's UI renders as Markdown: other people's texts are shown to the letter, and lead nowhere."""

import html
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from etsy_pipeline.orchestration.metadata import CELL_LENGTH, publication_metadata, table
from etsy_pipeline.planning.link import Link
from etsy_pipeline.safe_text import visible
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline_tests.hostile import HOSTILE, hidden_in

MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
CELL = {"text", "text_special"}


def cells(markdown: str | None) -> list[list[Token]]:
    """What is in each cell of the only table."""
    tokens = MARKDOWN.parse(markdown or "")
    assert [token.type for token in tokens if token.level == 0] == ["table_open", "table_close"]
    return [token.children or [] for token in tokens if token.type == "inline"]


def read(cell: list[Token]) -> str:
    return "".join(token.content for token in cell)


@given(HOSTILE)
@example("[x](javascript:alert(1))")
@example("a|b\\|c\\")
@example("__a__ _b_ a_b _")
@example("&#106;avascript &amp; &lt;")
def test_a_cell_shows_its_text_to_the_letter(text: str) -> None:
    found = cells(table(("product", "why"), [(text, "x")]).md_str)
    assert len(found) == 4, "two headings, two cells"
    assert {token.type for cell in found for token in cell} <= CELL, "no link, no emphasis, no code, no HTML"
    assert read(found[2]) == visible(" ".join(text.split())).strip()
    assert read(found[3]) == "x"


def test_a_text_that_is_too_long_is_cut_before_it_is_escaped() -> None:
    (_, cell) = cells(table(("a",), [("|" * 2 * CELL_LENGTH,)]).md_str)
    assert read(cell) == "|" * (CELL_LENGTH - 1) + "…"


@given(
    st.sampled_from(["https://www.etsy.com/listing/43", "javascript:alert(1)", "https://x)[y](javascript:z"]) | HOSTILE
)
def test_a_listing_is_a_link_only_where_its_address_is_one(address: str) -> None:
    link = Link(product_id="prod_1", product_title="Mug", sync_status="synced", etsy_listing_id=43, etsy_url=address)
    shown = publication_metadata(EtsySyncJob("id", "wf_1", "acc"), [link], calls=0)["listings"].md_str
    last = cells(shown)[-1]
    hrefs = [token.attrs["href"] for token in last if token.type == "link_open"]
    assert all(str(href).startswith("https://") for href in hrefs)
    assert bool(hrefs) == (html.unescape(address) == "https://www.etsy.com/listing/43")
    assert not hidden_in(shown.replace("\n", ""))
    assert "43" in read(last) or not address


def test_seconds_from_medusa_to_etsy_are_told_of_what_was_sent() -> None:
    at = datetime(2026, 11, 1, 12, tzinfo=UTC)
    job = EtsySyncJob("id", "wf_1", "acc", synced_count=1, created_at=at, completed_at=at + timedelta(seconds=20))
    sent = replace(job, stock_changed_at=at - timedelta(seconds=70))
    name = "seconds_since_changed_in_medusa"
    assert publication_metadata(sent, [], calls=1)[name] == 90
    assert name not in publication_metadata(job, [], calls=1), "when that changed, nobody told"
    assert name not in publication_metadata(replace(sent, synced_count=0), [], calls=1), "nothing was sent"
    ahead = replace(sent, stock_changed_at=at + timedelta(seconds=30))
    assert publication_metadata(ahead, [], calls=1)[name] == 0, "Medusa's clock is ahead of ours"
