"""Pictures: Medusa's, in their order, each with a text of its own for who cannot see it (FACTS §8)."""

from collections import Counter
from collections.abc import Callable, Sequence

from etsy_pipeline.listings.characters import one_line
from etsy_pipeline.listings.listing import ListingImage
from etsy_pipeline.listings.rules import verdict
from etsy_pipeline.listings.templates import joined
from etsy_pipeline.listings.title import shortened
from etsy_pipeline.listings.verdict import Verdict

MAX = 20
ALT_TEXT_LENGTH = 500


def images(
    urls: Sequence[str], template: str, title: str, options_of: Callable[[str], str]
) -> tuple[tuple[ListingImage, ...], list[Verdict]]:
    """The pictures that can be fetched, the first 20 of them.

    Args:
        urls: where they are.
        template: of their texts; in a listing with one picture `position` is blank.
        title: of the listing.
        options_of: what of the product's options a picture shows.
    """
    usable = [url for url in urls if is_address(url)]
    found = [verdict("image_address_unusable", url=url) for url in urls if not is_address(url)]
    if not usable:
        found.append(verdict("no_images"))
    if len(usable) > MAX:
        found.append(verdict("too_many_images", count=len(usable), limit=MAX))
    kept = usable[:MAX]
    texts = _texts(kept, template, title, options_of)
    if longest := max((len(text) for text in texts if len(text) > ALT_TEXT_LENGTH), default=0):
        found.append(verdict("alt_text_shortened", length=longest, limit=ALT_TEXT_LENGTH))
    pictures = zip(kept, texts, strict=True)
    return tuple(ListingImage(url, shortened(text, ALT_TEXT_LENGTH)) for url, text in pictures), found


def _texts(urls: Sequence[str], template: str, title: str, options_of: Callable[[str], str]) -> list[str]:
    """Each picture's text; those of which there are several end with the picture's position."""
    texts, count = [], len(urls)
    for number, url in enumerate(urls, start=1):
        position = f"{number}/{count}" if count > 1 else ""
        values = {"title": title, "options": options_of(url), "number": str(number), "count": str(count)}
        texts.append(one_line(joined(template, {**values, "position": position})))
    often = Counter(texts)
    return [
        f"{text}, {number}/{count}" if text and often[text] > 1 else text for number, text in enumerate(texts, start=1)
    ]


def is_address(url: str) -> bool:
    """An address that can be asked for: with a scheme and a host, without spaces or control characters."""
    scheme, separator, rest = url.partition("://")
    has_host = bool(separator and rest.split("/")[0])
    return scheme.lower() in {"http", "https"} and has_host and url.isprintable() and " " not in url
