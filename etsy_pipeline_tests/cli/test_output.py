"""What commands print: other people's texts reach no terminal as anything but text."""

import io
import re
from typing import Any

import pytest
import typer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console
from typer.core import TyperGroup

from etsy_pipeline.cli import main, output
from etsy_pipeline.cli.output import SafeConsole, as_table, lines, print_fields, print_links, print_plan
from etsy_pipeline.errors import BadRequest
from etsy_pipeline.planning.brakes import Brake
from etsy_pipeline.planning.changes import Difference
from etsy_pipeline.planning.link import Link
from etsy_pipeline.planning.plan_item import PlanItem
from etsy_pipeline.planning.plan_view import Totals, row
from etsy_pipeline.safe_text import visible
from etsy_pipeline.store.records import SyncItem
from etsy_pipeline.sync.queries import PlanSummary
from etsy_pipeline_tests.hostile import HOSTILE, hidden_in

SHARED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
STYLES = re.compile(r"\x1b\[[\d;]*m")  # rich's own


class Screen:
    """A terminal of 80 columns."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self.wipe()

    def wipe(self) -> None:
        self._file = io.StringIO()
        console = SafeConsole(file=self._file, width=80, highlight=False, force_terminal=True, color_system="standard")
        self._monkeypatch.setattr(output, "console", console)

    @property
    def text(self) -> str:
        return STYLES.sub("", self._file.getvalue())

    @property
    def words(self) -> str:
        return re.sub(r"\s+", "", self.text)


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    return Screen(monkeypatch)


def an_item(text: str, **changes: Any) -> PlanItem:
    values: dict[str, Any] = {
        "product_id": "prod_1", "product_title": text, "action": "update", "reason": text, "desired": None,
        "differences": (Difference("title", "listing", text, text, text, text),),
        "brakes": (Brake("price_change", text),),
    }  # fmt: skip
    return PlanItem(**(values | changes))


def a_summary(text: str) -> PlanSummary:
    brakes, groups = (Brake("fees_over_budget", text),), (("update", text, 2),)
    return PlanSummary("wf_1", "pending", "d" * 64, Totals(update=1), "Plan: 1 to update.", brakes, groups)


@SHARED
@given(text=HOSTILE)
def test_no_table_holds_what_a_terminal_obeys(screen: Screen, text: str) -> None:
    screen.wipe()
    print_plan([row(an_item(text)), row(an_item(text, action="invalid", differences=()))], a_summary(text), more="x")
    print_links(
        [Link(product_id=text or "p", product_title=text, sync_status="failed", sync_error=text, etsy_url=text)]
    )
    print_fields([SyncItem("job", 0, an_item(text))])
    as_table(("a", "b"), [(text, text)], empty=text, title="t")
    assert not hidden_in(screen.text.replace("\n", ""))
    assert all(len(line) <= 80 for line in screen.text.split("\n") if line.isascii())


@SHARED
@given(text=HOSTILE)
def test_what_a_command_forgets_the_console_shows_as_escapes(screen: Screen, text: str) -> None:
    screen.wipe()
    output.console.print(text, markup=False)
    output.console.print(text, markup=False, soft_wrap=True)
    assert not hidden_in(screen.text.replace("\n", ""))


def test_a_title_cannot_hide_the_brake_beside_it(screen: Screen) -> None:
    hiding = "Mug\x1b[2K\x1b[1A\x9b2K\u202e"
    print_plan([row(an_item(hiding))], a_summary("twice the price"))
    assert "BRAKEprice_change:" in screen.words
    assert visible(hiding) in screen.words, "all of it can be read, though the column is narrow"


def test_text_is_shown_as_it_is_though_it_looks_like_markup(screen: Screen) -> None:
    as_table(("a",), [("[bold red]x[/] [/nothing] \\[y] c:\\",)], empty="")
    assert "[bold red]x[/] [/nothing] \\[y] c:\\" in screen.text


@given(value=st.dictionaries(HOSTILE, HOSTILE))
@SHARED
def test_json_in_a_terminal_is_as_safe(capsys: pytest.CaptureFixture[str], value: dict[str, str]) -> None:
    output.as_json(value)
    assert not hidden_in(capsys.readouterr().out.replace("\n", ""))


def test_an_error_is_told_without_what_its_text_would_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: Any) -> None:
        raise BadRequest("No \x1b[2Kproduct \u202e.", code="no_products", hint="Look \x9bat it.")

    monkeypatch.setattr(TyperGroup, "invoke", fail)
    with pytest.raises(typer.Exit):
        main.Commands(name="x").invoke(None)
    told = capsys.readouterr().err
    assert r"No \x1b[2Kproduct \u202e." in told
    assert r"\x9bat it." in told
    assert not hidden_in(told.replace("\n", ""))


def test_rich_alone_would_let_it_through() -> None:
    file = io.StringIO()
    Console(file=file, width=80).print("a\x9b2K\u202e", markup=False)
    assert hidden_in(file.getvalue().replace("\n", "")) == {"\x9b", "\u202e"}, "or the console above has no purpose"


def test_a_table_leaves_nothing_out_however_little_room_there_is(screen: Screen) -> None:
    shop, address = "AShopWithALongNameAndNoSpaceInIt", "https://www.etsy.com/listing/4300000002"
    product = "prod_01M83X5TPKPDZDBT4VFS843ZN9"
    rows = [("wf_da8fe4c7a97ca3b0", shop, lines("Mug " * 10, product, None, ""), address)]
    as_table(("transaction", "shop", "product", "where"), rows, empty="")
    assert max(map(len, screen.text.splitlines())) <= 80
    assert "…" not in screen.text
    by_letter = sorted(
        "".join((shop, product, address, "wf_da8fe4c7a97ca3b0", "transactionshopproductwhere", "Mug" * 10))
    )
    assert sorted(screen.words) == by_letter
