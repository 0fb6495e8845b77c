"""Metadata as people and imports type them: read where the meaning is plain, told where it is not."""

from typing import Any

import pytest

from etsy_pipeline_tests.builders import a_product, a_shop, codes, listing_of, validated


def saying(**metadata: Any) -> Any:
    return validated(a_product(metadata={"etsy_taxonomy_id": 891} | metadata), a_shop())


@pytest.mark.parametrize(
    ("value", "tags"),
    [
        (["one", "two"], ("one", "two")),
        ("one, two,", ("one", "two")),
        ('["one", "two"]', ("one", "two")),
        ([], ()),
        ("[]", ()),
        (" ", ()),
        (None, ("mug", "stoneware")),
    ],
)
def test_a_list_may_be_a_list_or_text(value: object, tags: tuple[str, ...]) -> None:
    """Medusa's admin stores every value as text."""
    found = saying(etsy_tags=value)
    assert (listing_of(found).tags, codes(found)) == (tags, [])


@pytest.mark.parametrize(
    ("value", "is_supply"), [(True, True), ("true", True), (" Yes ", True), (1, True), ("0", False)]
)
def test_a_yes_may_be_text(value: object, is_supply: bool) -> None:  # noqa: FBT001 - the expected value
    found = saying(etsy_is_supply=value)
    assert (listing_of(found).is_supply, codes(found)) == (is_supply, [])


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("etsy_title", 5), ("etsy_title", ["a"]), ("etsy_description", {"html": "x"}), ("etsy_tags", 5),
        ("etsy_tags", ["a", None]), ("etsy_tags", "[1, 2"), ("etsy_tags", "[" * 10_000), ("materials", {"a": 1}),
        ("is_supply", "perhaps"), ("is_supply", 2), ("who_made", 1.5), ("when_made", False),
    ],
)  # fmt: skip
def test_what_has_no_plain_meaning_is_told_and_not_used(key: str, value: object) -> None:
    found = saying(**{key: value})
    assert codes(found) == ["metadata_unusable"]
    assert key in found.verdicts[0].message
    assert len(found.verdicts[0].message) < 400
    assert listing_of(found) == listing_of(saying())


def test_the_next_source_stands_in_for_what_cannot_be_used() -> None:
    found = saying(etsy_materials=5, materials=["Oak"])
    assert (listing_of(found).materials, codes(found)) == (("Oak",), ["metadata_unusable"])
