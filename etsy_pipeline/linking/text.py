"""How SKUs, titles, barcodes and addresses are compared, whatever their case, entities and punctuation. Pure."""

import html
import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import urlsplit

from etsy_pipeline.listings.title import LONGEST, shortened

_WORD = re.compile(r"\w+")
_DIGITS = re.compile(r"(?<!\d)\d{12,13}(?!\d)", re.ASCII)
_NUMBERED = re.compile(r"-\d{1,2}$", re.ASCII)  # not a year
EAN_LENGTH = 13


def sku_key(sku: str) -> str:
    """A SKU as it is compared: its case and the space around it say nothing."""
    return sku.strip().casefold()


def loose_sku_key(sku: str) -> str:
    """A SKU as one may be written anew: without what separates its parts, and without zeros before it."""
    return "".join(filter(str.isalnum, _folded(sku))).lstrip("0")


def handle_stem(handle: str) -> str:
    """A product's handle without the number that shops put behind one that is taken already."""
    return _NUMBERED.sub("", handle.strip().casefold())


def value_key(value: str) -> str:
    """An option's value as it is compared."""
    return " ".join(html.unescape(value).casefold().split())


def words(title: str) -> tuple[str, ...]:
    """The words of a title as it is compared: without entities, of one case, the first 140 characters of it."""
    return tuple(_WORD.findall(_folded(html.unescape(title)[:LONGEST])))


def title_keys(title: str) -> tuple[str, ...]:
    """What titles that say the same have in common; a second one where a title is so long that it may have been cut."""
    plain = " ".join(html.unescape(title).split())
    cut = [plain[:LONGEST], shortened(plain, LONGEST)]
    return tuple(dict.fromkeys(filter(None, (" ".join(_WORD.findall(_folded(text))) for text in cut))))


def eans(text: str) -> Iterator[str]:
    """The EAN-13 and UPC-A numbers in a text whose check digit is right, with thirteen digits each."""
    for digits in _DIGITS.findall(text):
        number = digits.zfill(EAN_LENGTH)
        if is_ean(number):
            yield number


def is_ean(number: str) -> bool:
    """Whether thirteen digits end with the right check digit."""
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(number))
    return len(number) == EAN_LENGTH and total % 10 == 0 and total > 0


def last_part(address: str) -> str:
    """The last part of an address's path, which is a product's handle in most shops; blank where there is none."""
    try:
        path = urlsplit(address).path
    except ValueError:
        return ""
    return path.rstrip("/").rsplit("/", 1)[-1].casefold()


def starts_of(sku: str) -> Iterator[str]:
    """What a SKU may begin with as those of a parent do: up to one of its separators, at least three characters."""
    for place, character in enumerate(sku):
        if place >= SHORTEST_PARENT and not character.isalnum():
            yield sku[:place]


SHORTEST_PARENT = 3


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
