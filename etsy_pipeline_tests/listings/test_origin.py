"""Who made it, and when: Etsy's ranges follow the calendar (FACTS §5)."""

from typing import Any

import pytest

from etsy_pipeline.listings.origin import neighbouring, older_values, recent_values, this_years
from etsy_pipeline_tests.builders import a_product, a_shop, codes, listing_of, validated
from etsy_pipeline_tests.etsy_spec import request_schema


def a_product_saying(**metadata: Any) -> Any:
    return a_product(metadata={"etsy_taxonomy_id": 891} | metadata)


def test_the_ranges_of_when_made_are_those_of_etsys_document() -> None:
    schema = request_schema("createDraftListing")[1]["properties"]["when_made"]
    assert {*recent_values(2026), *older_values(2026)} == set(schema["enum"])


@pytest.mark.parametrize(
    ("said", "this_year", "sent"),
    [
        ("2020_2024", 2026, "2020_2026"),
        ("2020_2026", 2027, "2020_2027"),
        ("2020_2027", 2026, "2020_2026"),
        ("2006_2009", 2026, "2007_2009"),
        ("before_2006", 2026, "before_2007"),
        ("2000_2005", 2026, "2000_2006"),
        ("2000_2006", 2027, "2000_2007"),
        ("2010_2019", 2026, "2010_2019"),
        ("1990s", 2026, "1990s"),
        ("made_to_order", 2026, "made_to_order"),
    ],
)
def test_a_range_of_another_year_is_called_as_this_year_does(said: str, this_year: int, sent: str) -> None:
    """The first range ends with the current year: what was right in December is unknown in January."""
    found = validated(a_product_saying(when_made=said), this_year=this_year)
    assert (listing_of(found).when_made, codes(found)) == (sent, [])


@pytest.mark.parametrize(("pinned", "sent"), [(None, "2020_2027"), (2026, "2020_2026"), (2028, "2020_2028")])
def test_the_year_of_the_newest_range_can_be_pinned(pinned: int | None, sent: str) -> None:
    found = validated(a_product_saying(when_made="2020_2025"), a_shop(when_made_year=pinned), this_year=2027)
    assert (listing_of(found).when_made, codes(found)) == (sent, [])


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("2020_2027", ("2020_2026", "2020_2028")),
        ("2008_2009", ("2007_2009", "2009_2009")),
        ("before_2008", ("before_2007", "before_2009")),
        ("2000_2009", ("2000_2008",)),
        ("made_to_order", ()),
        ("2010_2019", ()),
        ("1990s", ()),
    ],
)
def test_a_range_is_called_otherwise_in_the_years_around(value: str, names: tuple[str, ...]) -> None:
    assert neighbouring(value) == names


@pytest.mark.parametrize("value", ["lately", "2020", "2020_", "2020_2019", "2020_20260", "1990S", "٢٠٢٠_2026"])
def test_other_values_are_told(value: str) -> None:
    assert codes(validated(a_product_saying(when_made=value))) == ["when_made_invalid"]


def test_ranges_of_a_far_future_stay_well_formed() -> None:
    """From 2029 on the two thousands are vintage as a whole; a range of one year is none of Etsy's."""
    assert this_years("2007_2009", 2028) == "2009_2009"
    assert [this_years("2007_2009", year) for year in (2029, 2040)] == ["2000_2009"] * 2
    assert this_years("before_2007", 2040) == "before_2010"
    for year in range(2021, 2060):
        every = (*recent_values(year), *older_values(year))
        assert len(set(every)) == len(every)
        assert all(this_years(value, year) == value for value in every), year


@pytest.mark.parametrize(
    ("metadata", "settings", "expected"),
    [
        ({"etsy_who_made": "collective", "who_made": "i_did"}, {}, "collective"),
        ({"who_made": "collective"}, {}, "collective"),
        ({}, {"who_made": "collective"}, "collective"),
        ({}, {}, "i_did"),
    ],
)
def test_the_maker_comes_from_metadata_then_the_shop(metadata: Any, settings: Any, expected: str) -> None:
    assert listing_of(validated(a_product_saying(**metadata), a_shop(**settings))).who_made == expected


@pytest.mark.parametrize(
    ("metadata", "settings", "found"),
    [
        ({}, {}, ["production_partners_missing"]),
        ({"when_made": "2010_2019"}, {}, ["production_partners_missing"]),
        ({"when_made": "1990s"}, {}, []),
        ({"is_supply": "true"}, {}, []),
        ({}, {"is_supply": True}, []),
        ({"is_supply": False}, {"is_supply": True}, ["production_partners_missing"]),
        ({}, {"production_partners": (5,)}, []),
    ],
)
def test_new_things_of_someone_else_need_production_partners(metadata: Any, settings: Any, found: list[str]) -> None:
    """Without them Etsy answers "Oh dear, you cannot sell this item on Etsy." (FACTS §5)."""
    product = a_product_saying(who_made="someone_else", **metadata)
    assert codes(validated(product, a_shop(**settings))) == found
