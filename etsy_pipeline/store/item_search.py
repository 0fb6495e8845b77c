"""Which items of a plan are looked for: what a reader chose, as conditions on their rows."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Text, or_
from sqlalchemy import cast as sql_cast

from etsy_pipeline.planning.plan_item import NOTHING_TO_TELL
from etsy_pipeline.planning.sections import Section
from etsy_pipeline.store.tables.syncs import SyncItemRow

LARGEST_ID = 2**63 - 1


def conditions(
    *,
    outcome: str | None,
    actions: Sequence[str],
    sections: Sequence[Section],
    why: str | None,
    text: str | None,
    product_id: str | None,
    brake: str | None,
    with_conflicts: bool,
    noteworthy: bool,
) -> list[ColumnElement[bool]]:
    """Those of what is given; what is not given narrows nothing. See `items.matching`."""
    wanted: list[tuple[Any, ColumnElement[bool]]] = [
        (outcome, SyncItemRow.outcome == outcome),
        (actions, SyncItemRow.action.in_(actions)),
        (sections, SyncItemRow.section.in_(sections)),
        (why, _holds(SyncItemRow.verdicts, f'"code":"{why}"')),
        (text, has_text(text or "")),
        (product_id, SyncItemRow.product_id == product_id),
        (brake, SyncItemRow.care == 0),
        (brake not in {None, "", "any"}, has_brake(brake or "")),
        (with_conflicts, sql_cast(SyncItemRow.conflicts, Text) != "[]"),
        (noteworthy, SyncItemRow.care < NOTHING_TO_TELL),
    ]
    return [condition for given, condition in wanted if given]


def has_brake(code: str) -> ColumnElement[bool]:
    """That a product has it."""
    return _holds(SyncItemRow.brakes, f'"{code}"')


def has_text(text: str) -> ColumnElement[bool]:
    """That it stands in the title, an SKU or the product's id, in small letters or large; or is the listing's id."""
    columns = SyncItemRow.product_title, SyncItemRow.skus, SyncItemRow.product_id
    found = [column.icontains(text, autoescape=True) for column in columns]
    is_listing = text.isascii() and text.isdigit() and int(text) <= LARGEST_ID
    return or_(*found, SyncItemRow.etsy_listing_id == int(text)) if is_listing else or_(*found)


def _holds(column: Any, text: str) -> ColumnElement[bool]:
    return sql_cast(column, Text).contains(text, autoescape=True)
