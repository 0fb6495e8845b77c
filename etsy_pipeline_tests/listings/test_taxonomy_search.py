"""Finding a category by words."""

import pytest

from etsy_pipeline.listings.shop import Choice
from etsy_pipeline.listings.taxonomy_search import find_categories

CATEGORIES = (
    Choice(1, "Home & Living"),
    Choice(2, "Home & Living > Kitchen & Dining > Mugs"),
    Choice(3, "Home & Living > Kitchen & Dining > Mugs > Travel Mugs"),
    Choice(4, "Mugs & Co > Kitchen"),
)


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        ("mugs", [2, 3, 4]),
        ("KITCHEN mug", [4, 2, 3]),
        ("travel", [3]),
        ("nothing", []),
        ("  ", []),
        ("living", [1, 2, 3]),
    ],
)
def test_all_words_have_to_be_there_and_those_named_by_them_come_first(words: str, ids: list[int]) -> None:
    assert [item.id for item in find_categories(words, CATEGORIES)] == ids


def test_at_most_so_many_are_given() -> None:
    assert len(find_categories("mugs", CATEGORIES, most=1)) == 1
