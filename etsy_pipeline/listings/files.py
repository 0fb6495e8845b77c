"""Files of a download, from metadata `etsy_files` (LISTING_EXTRAS §4). Addresses are secrets: no verdict has one."""

import json
from typing import Any
from urllib.parse import unquote, urlsplit

from etsy_pipeline.listings.characters import one_line
from etsy_pipeline.listings.images import is_address
from etsy_pipeline.listings.listing import ListingFile
from etsy_pipeline.listings.metadata import Metadata
from etsy_pipeline.listings.rules import verdict
from etsy_pipeline.listings.verdict import Verdict

MAX = 5  # Etsy's help; not in its document
KEY = "etsy_files"


def files(metadata: Metadata) -> tuple[tuple[ListingFile, ...], list[Verdict]]:
    """The files that a buyer gets, in their order: an address, or a list of addresses or of {url, name}."""
    value = metadata.value(KEY)
    if value is None:
        return (), []
    named = [_file(item) for item in _items(value)]
    found = [verdict("file_unusable", number=number) for number, item in enumerate(named, start=1) if item is None]
    usable = [item for item in named if item is not None]
    names = [item.name.casefold() for item in usable]
    if repeated := next((item.name for item in usable if names.count(item.name.casefold()) > 1), None):
        found.append(verdict("file_name_repeated", name=repeated))
    if len(usable) > MAX:
        found.append(verdict("too_many_files", count=len(usable), limit=MAX))
    return tuple(usable), found


def _items(value: object) -> list[Any]:
    if isinstance(value, str) and value.lstrip().startswith(("[", "{")):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return [None]
    return list(value) if isinstance(value, list | tuple) else [value]


def _file(item: object) -> ListingFile | None:
    url, name = (item.get("url"), item.get("name")) if isinstance(item, dict) else (item, None)
    if not isinstance(url, str) or not is_address(url.strip()) or not isinstance(name, str | None):
        return None
    name = _plain(name or _last_part(url))
    return ListingFile(url.strip(), name) if name else None


def _last_part(url: str) -> str:
    return unquote(urlsplit(url.strip()).path.rstrip("/").rpartition("/")[2])


def _plain(name: str) -> str:
    """A file's name on one line, without what would part it into folders or a form's header into two."""
    return one_line("".join(" " if item in '/\\"' or not item.isprintable() else item for item in name))
