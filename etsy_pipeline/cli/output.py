"""How commands speak: tables for people, JSON for programs (`--json`).

Titles, reasons and errors are other people's texts. Here they become cells in which nothing is hidden (`cell`); and
whatever a command forgets, the consoles show as escapes all the same.
"""

from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console, ConsoleOptions, RenderableType
from rich.markup import escape
from rich.segment import Segment
from rich.table import Column, Table
from rich.text import Text

from etsy_pipeline.planning.link import Link
from etsy_pipeline.planning.plan_view import SYMBOLS, PlanRow
from etsy_pipeline.planning.sections import WORDS
from etsy_pipeline.safe_text import visible, visible_json, visible_lines
from etsy_pipeline.store.records import SyncItem
from etsy_pipeline.sync.queries import PlanSummary

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of a table.")]

COLORS = {"create": "green", "update": "yellow", "deactivate": "red", "invalid": "magenta", "skip": "bright_black"}

STATUS_COLORS = {
    "synced": "green",
    "completed": "green",
    "failed": "red",
    "pending": "yellow",
    "awaiting approval": "yellow",
    "paused": "yellow",
    "completed with errors": "yellow",
}  # of products, and of syncs in words

NAME_WIDTH = 24  # characters; the rest of 80 columns is for what matters more


class SafeConsole(Console):
    """A console to which no text gets as a command of the terminal's, or out of order."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The segments, each with its text made visible; what rich itself tells the terminal stays."""
        for segment in super().render(renderable, options):
            text = visible_lines(segment.text)
            is_safe = segment.control or text == segment.text
            yield segment if is_safe else Segment(text, segment.style)


console = SafeConsole(highlight=False)
progress_console = SafeConsole(highlight=False, stderr=True)  # where the standard output is for programs


def as_json(value: Any) -> None:
    """Print a value as JSON."""
    typer.echo(visible_json(value, indent=2))


def tell(text: str, *, err: bool = False, color: str | None = None) -> None:
    """Print a line, taken literally."""
    typer.secho(visible_lines(text), err=err, fg=color)


def cell(value: object) -> str:
    """A value as markup that shows it literally, on one line."""
    return escape(visible("" if value is None else str(value)))


def lines(*parts: object) -> Text:
    """Some values below each other, as one cell; empty ones are left out."""
    return Text("\n".join(visible(str(part)) for part in parts if part not in (None, "")))


def as_table(
    columns: Sequence[Column | str], rows: Iterable[Sequence[object]], *, empty: str, title: str | None = None
) -> None:
    """Print rows, or a sentence when there are none. Cells are taken literally, unless they are rich texts."""
    folding = (Column(item, overflow="fold") if isinstance(item, str) else item for item in columns)
    table = Table(*folding, title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(value if isinstance(value, Text) else cell(value) for value in row))
    if table.row_count:
        console.print(table)
    else:
        console.print(empty)


def print_links(found: Iterable[Link]) -> None:
    """Products with their listings: state, and the address or what went wrong, each whole, within 80 columns."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1))
    for heading in ("status", "state"):
        table.add_column(heading, no_wrap=True)
    table.add_column("product, and where it is or what went wrong", overflow="fold")
    for link in found:
        told = link.sync_error or short_address(link)
        name = cell(link.product_title or link.product_id)
        table.add_row(colored(link.sync_status), cell(link.listing_state or "–"), f"{name}\n[dim]{cell(told)}[/]")
    console.print(table if table.row_count else "No product is linked to Etsy yet.")


def short_address(link: Link) -> str:
    """A listing's address without the words of its title, which Etsy does not need: it fits into a line."""
    number = f"/listing/{link.etsy_listing_id}"
    address = link.etsy_url or ""
    return address[: address.index(number) + len(number)] if number in address else address


def print_plan(rows: Iterable[PlanRow], summary: PlanSummary, *, more: str = "") -> None:
    """A plan, Terraform-like: brakes first, then each product, groups and totals; silence on what stays."""
    for brake in summary.brakes:
        console.print(f"[bold red]BRAKE[/] {brake.code}: {cell(brake.message)}")
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1))
    table.add_column("")
    table.add_column("product", max_width=NAME_WIDTH, overflow="fold")
    table.add_column("what and why", overflow="fold")
    table.add_column("calls", justify="right")
    table.add_column("fee", justify="right")
    for row in rows:
        color = COLORS[row.action]
        care = f"[bold red]{cell(row.care)}[/]\n" if row.care else ""
        told = f"{care}{row.words}: {cell(row.detail)}"
        table.add_row(f"[{color}]{row.symbol}[/]", cell(row.product), told, str(row.calls or ""), row.fee)
    if table.row_count:
        console.print(table)
    if more:
        console.print(f"… and more: {more}, or --json for all of them.")
    _print_groups(summary)
    console.print(f"\n[bold]{summary.headline}[/] {summary.quota}")
    for day in summary.days:
        console.print(f"  {day.words}")
    if summary.sections:
        console.print(cell(summary.sections))
    if summary.stock_from:
        console.print(cell(summary.stock_from))
    if summary.removed:
        console.print(summary.removed)


def _print_groups(summary: PlanSummary) -> None:
    groups = [(action, why, count) for action, why, count in summary.groups if count > 1]
    if groups:
        console.print()
    for action, why, count in groups:
        console.print(f"[{COLORS[action]}]{SYMBOLS[action]}[/] {count} × {WORDS[action]}: {cell(why)}")


def print_fields(items: Iterable[SyncItem]) -> None:
    """Every field that changes, from its three sides."""
    columns = ("field", "last published", "on Etsy now", "will be")
    for item in items:
        fields = [
            (change.field, *(Text(visible_lines(side or "")) for side in (change.published, change.live, change.new)))
            for change in item.plan.differences
        ]
        as_table(columns, fields, empty="No field changes.")


def colored(status: str) -> str:
    """A status in its color, as markup."""
    color = STATUS_COLORS.get(status)
    return f"[{color}]{status}[/]" if color else status
