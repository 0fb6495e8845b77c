"""The CSV file of decisions: written for a spreadsheet, read as spreadsheets save it, refused row by row."""

import csv
import io

import pytest

from etsy_pipeline.errors import BadRequest
from etsy_pipeline.linking.candidates import Candidate
from etsy_pipeline.linking.evidence import Evidence
from etsy_pipeline.listings.identity import ProductIdentity, VariantIdentity
from etsy_pipeline.shop import decisions_file
from etsy_pipeline.shop.candidates import Offered
from etsy_pipeline.shop.link_requests import LinkRequest
from etsy_pipeline_tests.looked import a_seen_listing

HEADER = ",".join(decisions_file.COLUMNS)


def offered(title: str = "Blue mug, große Tasse", listing_title: str = "Handmade cup") -> Offered:
    identity = ProductIdentity(variants=(VariantIdentity("variant_1", "MUG-1"),))
    evidence = (Evidence("sku_set_equal", "decisive", "MUG-1", "MUG-1"),)
    candidate = Candidate("prod_1", title, 900_001, "certain", evidence, None, identity)
    return Offered(candidate, a_seen_listing(title=listing_title))


def a_file(*rows: str, header: str = HEADER) -> bytes:
    return "\r\n".join((header, *rows)).encode()


def a_row(decision: str = "attach", product_id: str = "prod_1", listing_id: str = "900001", **more: str) -> str:
    cells = {"product_id": product_id, "listing_id": listing_id, "decision": decision} | more
    return ",".join(cells.get(name, "") for name in decisions_file.COLUMNS)


def test_what_is_exported_can_be_filled_in_and_read_back() -> None:
    (row,) = csv.DictReader(io.StringIO(decisions_file.write([offered()])))
    assert row["product_title"] == "Blue mug, große Tasse"
    assert (row["skus"], row["listing_skus"], row["kind"], row["state"]) == ("MUG-1", "MUG-1", "certain", "active")
    assert row["evidence"] == "sku_set_equal: MUG-1 | MUG-1"
    assert row["decision"] == ""
    out = io.StringIO()
    writer = csv.DictWriter(out, decisions_file.COLUMNS)
    writer.writeheader()
    writer.writerow(row | {"decision": "attach", "own": "price, quantity", "keep": "tags"})
    found = decisions_file.read(out.getvalue().encode())
    assert found.requests == [LinkRequest("attach", "prod_1", 900_001, ("tags",), ("price", "quantity"), row=2)]


def test_rows_without_a_decision_are_only_counted() -> None:
    found = decisions_file.read(a_file(a_row(""), a_row("  "), a_row("ignore"), "", ",,,,"))
    assert found.undecided == 2
    assert [request.act for request in found.requests] == ["ignore"]


@pytest.mark.parametrize("title", ["=HYPERLINK(1)", "+1", "-cup", "@cup"])
def test_no_title_becomes_a_formula(title: str) -> None:
    (row,) = csv.DictReader(io.StringIO(decisions_file.write([offered(title)])))
    assert row["product_title"] == f"'{title}"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_files_are_read_as_spreadsheets_save_them(encoding: str) -> None:
    content = a_file(a_row(product_title="große Tasse")).decode().encode(encoding)
    assert [request.listing_id for request in decisions_file.read(content).requests] == [900_001]


@pytest.mark.parametrize("delimiter", [";", "\t"])
@pytest.mark.parametrize("hint", ["", "sep=x\r\n"])
def test_semicolons_tabs_and_a_spreadsheets_hint_are_understood(delimiter: str, hint: str) -> None:
    text = a_file(a_row("create-anyway")).decode().replace(",", delimiter)
    found = decisions_file.read((hint.replace("x", delimiter) + text).encode())
    assert [request.act for request in found.requests] == ["create_anyway"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_columns_missing"),
        (b"one,two\r\n1,2", "file_columns_missing"),
        (b"product_id\x00,listing_id,decision", "file_unreadable"),
        (a_file(a_row()).decode().encode("utf-16-le"), "file_unreadable"),
        (b"PK\x03\x04\x00\x00", "file_unreadable"),
        (b"\xff\xfe\x00\xd8\x00", "file_unreadable"),
        (a_file('"never closed'), "file_unreadable"),
        (b"x" * (decisions_file.MOST_BYTES + 1), "file_too_large"),
    ],
    ids=["empty", "other columns", "NUL", "UTF-16 without a mark", "a workbook", "broken UTF-16", "open quote", "huge"],
)
def test_what_is_no_such_file_is_told_clearly(content: bytes, code: str) -> None:
    with pytest.raises(BadRequest) as caught:
        decisions_file.read(content)
    assert caught.value.code == code
    assert caught.value.hint


def test_each_row_that_cannot_be_understood_is_refused_with_its_number() -> None:
    found = decisions_file.read(
        a_file(a_row("atach"), a_row(listing_id="9.0E+05"), a_row(), a_row(product_id=""), a_row(variants="Blue"))
    )
    assert [(item.request.row, item.error.code) for item in found.refused] == [
        (2, "decision_unknown"), (3, "id_missing"), (5, "id_missing"), (6, "variants_malformed"),
    ]  # fmt: skip
    assert len(found.requests) == 1


def test_a_row_may_say_which_variant_is_which_offering() -> None:
    found = decisions_file.read(a_file(a_row(variants="variant_1=Red / S | variant_2=Red / L")))
    assert found.requests[0].by_hand == {"variant_1": ("Red", "S"), "variant_2": ("Red", "L")}


def test_ten_megabytes_are_read() -> None:
    rows = [a_row(product_id=f"prod_{number}", product_title="t" * 170) for number in range(50_000)]
    content = a_file(*rows)
    assert len(content) > 9_000_000
    assert len(decisions_file.read(content).requests) == 50_000
