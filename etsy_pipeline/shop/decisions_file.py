"""Decisions on thousands of candidates as a CSV file: written for a spreadsheet, read back row by row.

Read are files as spreadsheets save them: UTF-8 with or without a mark, UTF-16, or a Windows code page; commas,
semicolons or tabs. Only the ids, the decision, `keep`, `own` and `variants` are read; the other columns are for people.
"""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from etsy_pipeline.errors import BadRequest
from etsy_pipeline.shop.candidates import Offered
from etsy_pipeline.shop.link_requests import Act, LinkRequest, Refusal

COLUMNS = (
    "product_id", "product_title", "skus", "listing_id", "listing_title", "listing_skus", "state", "url", "kind",
    "evidence", "decision", "keep", "own", "variants",
)  # fmt: skip
NEEDED = ("product_id", "listing_id", "decision")
WORDS: Mapping[str, Act] = {"attach": "attach", "ignore": "ignore", "create_anyway": "create_anyway"}

MOST_BYTES = 64_000_000
MOST_ROWS = 200_000
LONGEST_SHOWN = 60
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class ReadFile:
    """What stood in a file: decisions, rows that could not be understood, and how many were left undecided."""

    requests: Sequence[LinkRequest]
    refused: Sequence[Refusal]
    undecided: int


def write(offers: Iterable[Offered]) -> str:
    """Candidates as CSV, a row each, its decision left blank."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for offered in offers:
        writer.writerow([_cell(value) for value in _row(offered)])
    return out.getvalue()


def read(content: bytes) -> ReadFile:
    """The decisions of a file.

    Raises:
        BadRequest: `file_too_large`, `file_unreadable`, `file_columns_missing`.
    """
    if len(content) > MOST_BYTES:
        raise BadRequest(
            f"The file has {len(content) // 1_000_000} MB; at most {MOST_BYTES // 1_000_000} MB are read.",
            code="file_too_large",
            hint="Leave out the rows without a decision, or send it in parts.",
        )
    requests, refused, undecided = [], [], 0
    for number, row in _rows(_text(content)):
        decision = row["decision"].strip().casefold()
        if not decision:
            undecided += 1
            continue
        try:
            requests.append(_request(number, row, decision))
        except BadRequest as error:
            refused.append(Refusal(LinkRequest("attach", row["product_id"].strip(), None, row=number), error))
    return ReadFile(requests, refused, undecided)


def _row(offered: Offered) -> Iterator[object]:
    candidate, seen = offered.candidate, offered.listing
    yield from (candidate.product_id, candidate.product_title, " ".join(candidate.identity.skus), candidate.listing_id)
    yield from (seen.title, " ".join(seen.skus), seen.state, seen.url) if seen else ("", "", "gone", "")
    moved = [f"moved from {candidate.moved_from}"] if candidate.moved_from else []
    told = [f"{item.code}: {item.of_product} | {item.of_listing}" for item in candidate.evidence]
    yield from (candidate.kind, "; ".join([*moved, *told]), "", "", "", "")


def _cell(value: object) -> str:
    """A cell that no spreadsheet takes for a formula: titles are other people's texts."""
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULAS) else text


def _text(content: bytes) -> str:
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "")
    try:
        if encoding:
            return content.decode(encoding)
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            text = content.decode("cp1252", "replace")
    except UnicodeDecodeError as error:
        raise _unreadable(f"it is no {encoding.upper()} (at byte {error.start})") from None
    if "\x00" in text:
        raise _unreadable("it holds NUL characters, as UTF-16 without a mark or a spreadsheet's own format does")
    return text


def _rows(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row with its number in the file, by the names in its first line."""
    lines = text.splitlines(keepends=True)
    skipped = 0
    if lines and lines[0].lower().startswith("sep="):  # a spreadsheet's own hint
        skipped = 1
    header = lines[skipped] if len(lines) > skipped else ""
    delimiter = max(",;\t", key=header.count)
    reader = csv.reader(lines[skipped:], delimiter=delimiter, strict=True)
    try:
        names = [name.strip().casefold() for name in next(reader, [])]
        missing = [name for name in NEEDED if name not in names]
        if missing:
            raise BadRequest(
                f"The file's first line lacks {', '.join(missing)}; it says {header.strip()[:LONGEST_SHOWN]!r}.",
                code="file_columns_missing",
                hint="`etsy-pipeline links export ACCOUNT FILE` writes a file with all columns.",
            )
        for count, cells in enumerate(reader):
            if count >= MOST_ROWS:
                raise _unreadable(f"it has more than {MOST_ROWS:,} rows")
            if any(cell.strip() for cell in cells):
                filled = dict.fromkeys(COLUMNS, "") | dict(zip(names, cells, strict=False))
                yield skipped + reader.line_num, filled
    except csv.Error as error:
        raise _unreadable(f"line {skipped + reader.line_num} is no CSV: {error}") from None


def _request(number: int, row: Mapping[str, str], decision: str) -> LinkRequest:
    act = WORDS.get(decision.replace("-", "_").replace(" ", "_"))
    if act is None:
        raise BadRequest(
            f"The decision {row['decision'].strip()[:LONGEST_SHOWN]!r} is none.",
            code="decision_unknown",
            hint=f"One of {', '.join(WORDS)}, or nothing.",
        )
    product_id, listing = row["product_id"].strip(), row["listing_id"].strip()
    if not product_id and act != "ignore":
        raise BadRequest(f"To {act} takes a product_id.", code="id_missing", hint="Fill it in, or leave the row out.")
    if not (listing.isascii() and listing.isdigit() and len(listing) <= 18):  # noqa: PLR2004 - 64 bits
        raise BadRequest(
            f"{listing[:LONGEST_SHOWN]!r} is no listing's id.",
            code="id_missing",
            hint="It is a number, as 1234567890; a spreadsheet may have rounded it.",
        )
    return LinkRequest(
        act, product_id, int(listing), _names(row["keep"]), _names(row["own"]), by_hand=variants_of(row["variants"]),
        row=number,
    )  # fmt: skip


def variants_of(text: str) -> dict[str, tuple[str, ...]]:
    """Which offering each variant is, as in `variant_1=Red / S | variant_2=Red / L`.

    Raises:
        BadRequest: `variants_malformed`.
    """
    found = {}
    for part in filter(str.strip, text.split("|")):
        variant_id, equals, values = part.partition("=")
        if not equals or not variant_id.strip():
            raise BadRequest(
                f"{part.strip()[:LONGEST_SHOWN]!r} does not say which variant is which offering.",
                code="variants_malformed",
                hint="As in variant_1=Red / S | variant_2=Red / L, with the values as Etsy has them.",
            )
        found[variant_id.strip()] = tuple(value.strip() for value in values.split("/") if value.strip())
    return found


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.replace(",", " ").replace(";", " ").replace("|", " ").split())


def _unreadable(why: str) -> BadRequest:
    return BadRequest(
        f"The file cannot be read: {why}.",
        code="file_unreadable",
        hint="Save it as CSV in UTF-8, from the columns that `etsy-pipeline links export` wrote.",
    )
