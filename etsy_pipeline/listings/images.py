"""Pictures: Medusa's, in their order, with a text for who cannot see them (FACTS §8)."""

from collections.abc import Mapping, Sequence

from etsy_pipeline.listings.characters import one_line
from etsy_pipeline.listings.listing import ListingImage
from etsy_pipeline.listings.rules import verdict
from etsy_pipeline.listings.templates import filled
from etsy_pipeline.listings.title import shortened
from etsy_pipeline.listings.verdict import Verdict

MAX = 20
ALT_TEXT_LENGTH = 500


def images(
    urls: Sequence[str], template: str, values: Mapping[str, str]
) -> tuple[tuple[ListingImage, ...], list[Verdict]]:
    """The pictures that can be fetched, the first 20 of them.

    Args:
        urls: where they are.
        template: of their texts.
        values: for the template; `number` and `count` are added.
    """
    usable = [url for url in urls if _is_address(url)]
    found = [verdict("image_address_unusable", url=url) for url in urls if not _is_address(url)]
    if not usable:
        found.append(verdict("no_images"))
    if len(usable) > MAX:
        found.append(verdict("too_many_images", count=len(usable), limit=MAX))
    kept = usable[:MAX]
    counts = "{number}" in template or "{count}" in template
    texts = [_text(template, values, number, len(kept)) for number in range(1, len(kept) + 1 if counts else 2)]
    texts = texts if counts else texts * len(kept)
    if longest := max((len(text) for text in texts if len(text) > ALT_TEXT_LENGTH), default=0):
        found.append(verdict("alt_text_shortened", length=longest, limit=ALT_TEXT_LENGTH))
    pictures = zip(kept, texts, strict=True)
    return tuple(ListingImage(url, shortened(text, ALT_TEXT_LENGTH)) for url, text in pictures), found


def _text(template: str, values: Mapping[str, str], number: int, count: int) -> str:
    return one_line(filled(template, {**values, "number": str(number), "count": str(count)}))


def _is_address(url: str) -> bool:
    """An address that can be asked for: with a scheme and a host, without spaces or control characters."""
    scheme, separator, rest = url.partition("://")
    has_host = bool(separator and rest.split("/")[0])
    return scheme.lower() in {"http", "https"} and has_host and url.isprintable() and " " not in url
