"""Validating a catalogue frame by frame: the same rows from one process or from several, in the same order."""

from typing import Any

import pandas as pd
import pytest

from etsy_pipeline.listings.codec import from_json
from etsy_pipeline.listings.shop import Shop
from etsy_pipeline.orchestration import validation
from etsy_pipeline.orchestration.validation import Validation
from etsy_pipeline.sync.product_listings import ProductListings
from etsy_pipeline_tests.builders import a_product, a_shop, a_variant, an_etsy_shop


class AReader:
    """A shop that needs no asking; remembers which categories it was asked for."""

    def __init__(self) -> None:
        self.categories: list[int] = []

    currency_code = "USD"

    def shop(self, categories: Any, *, needs_country: bool) -> Shop:
        assert not needs_country
        self.categories += categories
        return an_etsy_shop(taxonomy_ids=frozenset({891}))


def snapshot(frames: int, rows: int = 3) -> list[pd.DataFrame]:
    found = []
    for frame in range(frames):
        products = [
            a_product(id=f"prod_{frame}_{row}", title="x" * 150 if row == 1 else "Mug", handle=f"mug-{row}",
                      variants=[a_variant(sku=f"{frame}-{row}")])
            for row in range(rows)
        ]  # fmt: skip
        found.append(pd.DataFrame([
            {"product_id": item.id, "title": item.title, "product": item.model_dump_json(), "problem_code": "",
             "problem": "", "covers_selection": True}
            for item in products
        ]))  # fmt: skip
    return found


def listings_by(reader: AReader) -> ProductListings:
    return ProductListings(a_shop(), lambda: reader)  # type: ignore[arg-type, return-value]


def validated(frames: int) -> tuple[pd.DataFrame, Validation, AReader]:
    made, reader = Validation(), AReader()
    return pd.concat(made.frames(snapshot(frames), listings_by(reader))), made, reader


def test_several_processes_give_the_same_rows_in_the_same_order(monkeypatch: pytest.MonkeyPatch) -> None:
    alone, _, _ = validated(frames=7)
    monkeypatch.setattr(validation, "FRAMES_ALONE", 1)
    monkeypatch.setattr(validation, "cores", lambda: 2)
    together, made, _ = validated(frames=7)
    pd.testing.assert_frame_equal(alone, together)
    assert (made.counts["valid"], made.counts["invalid"]) == (14, 7)


def test_what_was_seen_is_counted_and_the_invalid_ones_are_kept_for_the_reader() -> None:
    table, made, reader = validated(frames=2)
    assert list(table["verdict"]) == ["valid", "invalid", "valid"] * 2
    assert set(reader.categories) == {891}
    assert made.rules == {"title_too_long": 2, "handle_repeated": 3}
    assert [item.product_id for item in made.invalid] == ["prod_0_1", "prod_1_1"]
    metadata = made.metadata()
    assert (metadata["invalid_count"], metadata["warnings_count"], metadata["not_checked"]) == (2, 3, "–")


def test_a_product_that_could_not_be_read_is_invalid_with_the_reason() -> None:
    row = {"product_id": "prod_x", "title": "", "product": "", "problem_code": "product_unknown", "covers_selection": False,
           "problem": "Medusa has no product prod_x."}  # fmt: skip
    [table] = Validation().frames([pd.DataFrame([row])], listings_by(AReader()))
    found = from_json(table["validated"][0])
    assert [(item.code, item.message) for item in found.errors] == [
        ("product_unknown", "Medusa has no product prod_x.")
    ]
    assert list(table["covers_selection"]) == [False]
