"""Products of a plan as CSV, for a spreadsheet: who is to be corrected in Medusa, and why."""

import csv
import io
from collections.abc import Iterable, Iterator

from etsy_pipeline.planning.sections import WORDS
from etsy_pipeline.store.records import EtsySyncJob, SyncItem

COLUMNS = ("product_id", "title", "skus", "what", "listing_id", "codes", "told", "hints")
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would carry out what begins so
BYTE_ORDER = "\ufeff"  # else Excel takes it for Latin-1


def lines(items: Iterable[SyncItem]) -> Iterator[str]:
    """The file, line by line."""
    yield BYTE_ORDER + _line(COLUMNS)
    for item in items:
        yield _line([_harmless(text) for text in _row(item)])


def file_name(job: EtsySyncJob, what: str) -> str:
    """What it is called."""
    return f"{job.transaction_id}-{what or 'changes'}.csv"


def _row(item: SyncItem) -> Iterator[str]:
    plan = item.plan
    errors = [verdict for verdict in plan.verdicts if verdict.severity == "error"]
    yield item.product_id
    yield plan.product_title
    yield " ".join(plan.skus)
    yield WORDS[plan.action]
    yield str(plan.etsy_listing_id or "")
    yield " ".join(dict.fromkeys(verdict.code for verdict in errors))
    yield " ".join(verdict.message for verdict in errors) or item.error_message or plan.reason
    yield " ".join(dict.fromkeys(verdict.hint for verdict in errors if verdict.hint))


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text


def _line(cells: Iterable[str]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow(cells)
    return written.getvalue()
