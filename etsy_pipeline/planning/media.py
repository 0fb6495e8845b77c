"""Files and translations of a listing in a plan: what of them changes, in words. Pure.

Files are the goods: a plan names them, and never where they are.
"""

from collections.abc import Sequence

from etsy_pipeline.listings.listing import ListingFile, ListingVideo, Translation


def files_told(before: Sequence[ListingFile], new: Sequence[ListingFile]) -> tuple[str, str]:
    """The names before and after; of those that stay, which have new content (another address)."""
    there = {file.name: file.url for file in before}
    told = [f"{file.name} (new content)" if there.get(file.name, file.url) != file.url else file.name for file in new]
    return ", ".join(file.name for file in before), ", ".join(told)


def translations_told(before: Sequence[Translation], new: Sequence[Translation]) -> tuple[str, str]:
    """The languages that change, each with its title, or with what else of it changes."""
    was, will = ({item.language: item for item in items} for items in (before, new))
    changed = [language for language in sorted({*was, *will}) if was.get(language) != will.get(language)]
    sides: tuple[list[str], list[str]] = [], []
    for language in changed:
        old, now = was.get(language), will.get(language)
        if old and now and old.title == now.title:
            parts = [name for name in ("description", "tags") if getattr(old, name) != getattr(now, name)]
            sides[0].append(told(old))
            sides[1].append(f"{told(now)} (other {' and '.join(parts)})")
            continue
        sides[0].extend([told(old)] if old else [])
        sides[1].extend([told(now)] if now else [f"{language}: no longer ours"])
    return "; ".join(sides[0]), "; ".join(sides[1])


def told(item: Translation | ListingFile | ListingVideo) -> str:
    """One of them as a person recognises it."""
    if isinstance(item, Translation):
        return f"{item.language}: {item.title}"
    return item.name if isinstance(item, ListingFile) else item.url
