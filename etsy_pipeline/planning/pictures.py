"""Pictures of a listing in a plan: what of them changes, in words and in calls; texts that stay. Pure.

A picture is known by its address. Its text is no reason to upload it again: that costs its id, and every link of a
variation to it (FACTS §7, §8). So texts of pictures that are on the listing stay, unless the shop wants otherwise.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from etsy_pipeline.listings.listing import Listing, ListingImage

Images = Sequence[ListingImage]


def with_texts_there(wanted: Images, there: Images) -> tuple[ListingImage, ...]:
    """Pictures as they should be, with the texts that those which are there have; new content gets its new text."""
    texts: dict[str, list[str]] = {}
    for image in there:
        texts.setdefault(image.url, []).append(image.alt_text)
    kept = []
    for image in wanted:
        known = texts.get(image.url)
        text = known.pop(0) if known and not image.sha256 else image.alt_text
        kept.append(image if text == image.alt_text else replace(image, alt_text=text))
    return tuple(kept)


def with_links_to(listing: Listing, images: Images) -> Listing:
    """The listing with the links of variations to these pictures, and without those to others."""
    there = {image.url for image in images}
    kept = tuple(link for link in listing.variation_images if link.url in there)
    return listing if kept == listing.variation_images else replace(listing, variation_images=kept)


def told(before: Images, new: Images) -> tuple[str, str]:
    """What changes of the pictures: the side before and the side after, each on a line."""
    changed = _other_texts(before, new)
    if [image.url for image in before] == [image.url for image in new] and not any(image.sha256 for image in new):
        texts = (
            [f"{image.alt_text or '–'}" for image, _ in changed],
            [f"{image.alt_text or '–'}" for _, image in changed],
        )
        return "; ".join(texts[0]), f"{_counted('text', len(changed))}: {'; '.join(texts[1])}"
    added, gone = _more(new, before), _more(before, new)
    content = [f"{image.url} (new content)" for image in new if image.sha256]
    stays = [image.url for image in new if image.url not in added]
    parts = [
        f"another order: {', '.join(stays)}" if stays != [url.url for url in before if url.url not in gone] else "",
        f"taken off: {', '.join(gone)}" if gone else "",
        f"new: {', '.join(added)}" if added else "",
        _counted("text", len(changed)) if changed else "",
        ", ".join(content),
    ]
    return ", ".join(image.url for image in before), "; ".join(filter(None, parts))


def calls_for(before: Images, new: Images) -> int:
    """How many calls pictures take beside the one that orders them: one for each that is new, and for each text."""
    return len(_more(new, before)) + sum(bool(image.sha256) for image in new) + len(_other_texts(before, new))


def _other_texts(before: Images, new: Images) -> list[tuple[ListingImage, ListingImage]]:
    """The pictures on both sides whose text is another one; not those with new content, which bring theirs along."""
    there: dict[str, list[ListingImage]] = {}
    for image in before:
        there.setdefault(image.url, []).append(image)
    pairs = [(there[image.url].pop(0), image) for image in new if there.get(image.url)]
    return [(old, image) for old, image in pairs if old.alt_text != image.alt_text and not image.sha256]


def _more(these: Images, than: Images) -> list[str]:
    """The addresses that are among these more often than among those, in their order."""
    return list((Counter(image.url for image in these) - Counter(image.url for image in than)).elements())


def _counted(what: str, count: int) -> str:
    return f"{what} of 1 picture" if count == 1 else f"{what}s of {count} pictures"
