"""Pictures: Medusa's, in their order, with a text for who cannot see them (FACTS §8)."""

from collections.abc import Sequence

from etsy_pipeline.listings.listing import ListingImage
from etsy_pipeline.listings.rules import verdict
from etsy_pipeline.listings.title import shortened
from etsy_pipeline.listings.verdict import Verdict

MOST = 20
ALT_TEXT_LENGTH = 500


def images(urls: Sequence[str], title: str) -> tuple[tuple[ListingImage, ...], list[Verdict]]:
    """The pictures that can be fetched, the first 20 of them."""
    usable = [url for url in urls if _is_address(url)]
    found = [verdict("image_address_unusable", url=url) for url in urls if not _is_address(url)]
    if not usable:
        found.append(verdict("no_images"))
    if len(usable) > MOST:
        found.append(verdict("too_many_images", count=len(usable), limit=MOST))
    alt_text = shortened(title, ALT_TEXT_LENGTH)
    return tuple(ListingImage(url, alt_text) for url in usable[:MOST]), found


def _is_address(url: str) -> bool:
    """An address that can be asked for: with a scheme and a host, without spaces or control characters."""
    scheme, separator, rest = url.partition("://")
    has_host = bool(separator and rest.split("/")[0])
    return scheme.lower() in {"http", "https"} and has_host and url.isprintable() and " " not in url
