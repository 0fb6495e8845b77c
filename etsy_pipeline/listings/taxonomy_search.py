"""Finding one of Etsy's categories by words: three thousand of them are too many to read."""

from collections.abc import Iterable, Sequence

from etsy_pipeline.listings.shop import Choice

MAX_FOUND = 20


def find_categories(words: str, categories: Iterable[Choice], most: int = MAX_FOUND) -> Sequence[Choice]:
    """Categories whose path has all the words, in any order and case; those that are named by them first.

    Args:
        words: "ceramic mugs", say; a part of a word will do.
        categories: with their paths as names ("Home & Living > Kitchen & Dining > Mugs").
        most: how many to give at most.
    """
    wanted = words.casefold().split()
    found = [item for item in categories if wanted and all(word in item.name.casefold() for word in wanted)]
    return sorted(found, key=lambda item: (-_in_last(wanted, item), len(item.name), item.name))[:most]


def _in_last(wanted: Sequence[str], item: Choice) -> int:
    last = item.name.rpartition(">")[2].casefold()
    return sum(word in last for word in wanted)
