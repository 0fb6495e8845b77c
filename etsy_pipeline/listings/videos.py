"""Videos of a listing, from metadata or among the product's pictures (LISTING_EXTRAS §2). They are optional."""

import json
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from etsy_pipeline.listings.images import is_address
from etsy_pipeline.listings.listing import ListingVideo
from etsy_pipeline.listings.metadata import Metadata
from etsy_pipeline.listings.rules import verdict
from etsy_pipeline.listings.verdict import Verdict

MAX = 2  # active ones, since 2026-10-21
SUFFIXES = (".mp4", ".mov", ".m4v", ".mpeg", ".mpg", ".avi", ".webm")  # Etsy's help says "mp4, mov and the like"
KEYS = ("etsy_video", "video_url")


def without_videos(urls: Iterable[str]) -> tuple[list[str], list[str]]:
    """A product's pictures, and the videos that were among them."""
    pictures: list[str] = []
    videos: list[str] = []
    for url in urls:
        (videos if _is_video(url) else pictures).append(url)
    return pictures, videos


def videos(metadata: Metadata, among_pictures: Sequence[str]) -> tuple[tuple[ListingVideo, ...], list[Verdict]]:
    """The videos that are sent: those of the metadata, else those among the pictures."""
    key = next((key for key in KEYS if metadata.value(key) is not None), "")
    named = addresses_in(metadata.value(key)) if key else list(among_pictures)
    if named is None:
        return (), [verdict("videos_unreadable", key=key)]
    urls = list(dict.fromkeys(named))
    usable = [url for url in urls if is_address(url) and _is_video(url)]
    suffixes = ", ".join(SUFFIXES)
    found = [verdict("video_unusable", url=url, suffixes=suffixes) for url in urls if url not in usable]
    if len(usable) > MAX:
        found.append(verdict("too_many_videos", count=len(usable), limit=MAX))
    return tuple(ListingVideo(url) for url in usable[:MAX]), found


def addresses_in(value: object) -> list[str] | None:
    """An address, a list of them, or such a list written as JSON; None for anything else."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    if isinstance(value, str):
        return [value.strip()]
    is_list = isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)
    return [item.strip() for item in value if item.strip()] if is_list else None  # type: ignore[attr-defined] # checked


def _is_video(url: str) -> bool:
    is_path_its_end = url.isprintable() and "?" not in url and "#" not in url
    if is_path_its_end and not url.lower().endswith(SUFFIXES):
        return False
    try:
        return urlsplit(url).path.lower().endswith(SUFFIXES)
    except ValueError:
        return False
