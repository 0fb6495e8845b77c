"""Do published pictures still show what they showed? Asked of their servers, where a shop wants it (`image_check`)."""

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from datetime import datetime, timedelta

from etsy_pipeline.errors import Refused, Unavailable
from etsy_pipeline.listings.listing import ListingImage
from etsy_pipeline.listings.verdict import ValidatedListing
from etsy_pipeline.planning.link import Link, PublishedImage

logger = logging.getLogger(__name__)

Sha256IfChanged = Callable[[str, datetime], str | None]
Images = Mapping[int, PublishedImage]

MAX_THREADS = 8
MARGIN = timedelta(days=1)  # between a picture's fetch and the end of its sync, and between clocks


def with_changed_images(
    listings: Sequence[ValidatedListing],
    links: Mapping[str, Link],
    images: Mapping[str, Images],
    sha256_if_changed: Sha256IfChanged,
) -> list[ValidatedListing]:
    """The listings, with the fingerprints of pictures that are other ones now at the address that was published.

    Args:
        listings: of a plan.
        links: the products' links, by product id.
        images: pictures that we put on their listings, by product id and rank.
        sha256_if_changed: asks for a picture; None where it did not change since.
    """

    def looked_at(validated: ValidatedListing) -> ValidatedListing:
        link, published = links.get(validated.product_id), images.get(validated.product_id)
        if validated.listing is None or link is None or link.last_synced_at is None or not published:
            return validated
        since = link.last_synced_at - MARGIN
        pictures = tuple(_looked_at(image, published, since, sha256_if_changed) for image in validated.listing.images)
        return replace(validated, listing=replace(validated.listing, images=pictures))

    with ThreadPoolExecutor(MAX_THREADS, thread_name_prefix="image-check") as pool:
        asked = [pool.submit(copy_context().run, looked_at, listing) for listing in listings]
        return [future.result() for future in asked]


def _looked_at(
    image: ListingImage, published: Images, since: datetime, sha256_if_changed: Sha256IfChanged
) -> ListingImage:
    known = {item.content_hash for item in published.values() if item.source_url == image.url}
    if not known:
        return image
    try:
        now = sha256_if_changed(image.url, since)
    except (Refused, Unavailable) as error:  # whoever has to fetch it will tell
        logger.warning("image_not_checked code=%s", error.code)
        return image
    return replace(image, sha256=now) if now is not None and now not in known else image
