"""Pictures of single variants, as Medusa answers them (since 2.11.2), and as plugins for older ones keep them.

Measured on 2.21.2: `variants.images` are a variant's own pictures and all that no variant has for its own, not in the
order of their ranks (docs/medusa-facts.md §16).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import SplitResult, urlsplit

Absolute = Callable[[str], str]
Raw = Mapping[str, Any]

FILES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif", ".heic", ".tif", ".tiff", ".bmp", ".svg")
LONGEST_SHOWN = 200  # characters of metadata that are no address; whoever maps them tells


def of_variants(variants: Sequence[Raw], ordered: Sequence[str], absolute: Absolute) -> list[dict[str, Any]]:
    """What each variant says of pictures, without pictures of all variants.

    Args:
        variants: as Medusa answers them.
        ordered: the product's pictures in their order.
        absolute: makes an address complete.
    """
    place = {url: number for number, url in enumerate(ordered)}
    told = [_told(variant, absolute) for variant in variants]
    # A Medusa that knows of none tells of none; where one variant's list is missing, the others' prove nothing.
    lists = [urls for urls in told if urls is not None] if None not in told else [[] for _ in told]
    of_all = set.intersection(*map(set, lists)) if lists else set()
    return [
        {
            "image_urls": sorted(set(urls) - of_all, key=lambda url: (place.get(url, len(place)), url)),
            "thumbnail": thumbnail_of(variant, ordered, absolute),
            "metadata_image_urls": [absolute(url) for url in _of_metadata(variant.get("metadata"))],
        }
        for variant, urls in zip(variants, lists, strict=True)
    ]


def thumbnail_of(raw: Raw, pictures: Sequence[str], absolute: Absolute) -> str | None:
    """The thumbnail of a product or a variant; the picture's own address where it is one of them in other words.

    `a.jpg?v=2` is `a.jpg`, and no second picture. A path that is no file's, as `/image?id=2`, names none without its
    query.
    """
    if not is_given(raw.get("thumbnail")):
        return None
    url = absolute(raw["thumbnail"])
    parts = _parts(url)
    if url in pictures or parts is None:
        return url
    same = [other for other in pictures if (theirs := _parts(other)) and _is_same_file(parts, theirs)]
    return same[0] if len(same) == 1 else url


def is_given(url: object) -> bool:
    """Whether there is an address: Medusa's admin may store a blank one, which would be the server's own."""
    return bool(url) and not (isinstance(url, str) and url.isspace())


def _is_same_file(one: SplitResult, other: SplitResult) -> bool:
    is_file = not other.query or other.path.lower().endswith(FILES)
    return is_file and (one.scheme, one.netloc, one.path) == (other.scheme, other.netloc, other.path)


def _parts(url: str) -> SplitResult | None:
    try:
        return urlsplit(url)
    except ValueError:  # "http://["
        return None


def _told(variant: Raw, absolute: Absolute) -> list[str] | None:
    images = variant.get("images")
    return None if images is None else [absolute(image["url"]) for image in images if is_given(image.get("url"))]


def _of_metadata(metadata: object) -> list[str]:
    """The thumbnail, then the pictures; what is no address is given as it is, so that it is told with the product."""
    if not isinstance(metadata, Mapping):
        return []
    images = metadata.get("images")
    listed = images if isinstance(images, list) else [images]
    found = [metadata.get("thumbnail"), *(item.get("url") if isinstance(item, Mapping) else item for item in listed)]
    return list(
        dict.fromkeys(
            str(item)[:2000] if isinstance(item, str) else str(item)[:LONGEST_SHOWN] for item in found if item
        )
    )
