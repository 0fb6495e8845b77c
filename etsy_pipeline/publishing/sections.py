"""Sections of the shop that have to be made first: each once, before the first listing that needs it.

Etsy knows no idempotency key here either: the shop's sections are read before one is made, and again where the answer
was lost (LISTING_EXTRAS §6).
"""

import logging
import threading

from etsy_pipeline.errors import Refused
from etsy_pipeline.listings.characters import one_line
from etsy_pipeline.listings.shop_references import MAX_SECTIONS
from etsy_pipeline.providers.errors import RemoteUnavailable
from etsy_pipeline.providers.protocols import ShopClient
from etsy_pipeline.publishing.item_in_progress import ItemInProgress
from etsy_pipeline.publishing.journal import Journal

logger = logging.getLogger(__name__)


class ShopSections:
    """The sections of one shop, for one publication; its threads share them.

    Args:
        client: the shop's Etsy.
        shop_id: Etsy's id of the shop.
        journal: of the job.
    """

    def __init__(self, client: ShopClient, shop_id: int, journal: Journal) -> None:
        self._client, self._shop_id, self._journal = client, shop_id, journal
        self._lock = threading.Lock()
        self._ids: dict[str, int] | None = None

    def recall(self, work: ItemInProgress) -> None:
        """Note the id of the product's new section, where it was made by now."""
        title = work.new_section
        if title:
            with self._lock:
                work.section_id = self._known().get(_key(title))

    def require(self, work: ItemInProgress) -> None:
        """Note the id of the product's new section; it is made where nobody has.

        Raises:
            Refused: `shop_sections_full`.
        """
        title = work.new_section
        if not title or work.section_id is not None:
            return
        if work.is_untouched:  # an earlier step tells what of it has to be looked at: it stays
            self._journal.begin(work, "section")
        with self._lock:
            known = self._known()
            if _key(title) not in known:
                if len(known) >= MAX_SECTIONS:
                    raise _full(title, len(known))
                known[_key(title)] = self._made(title)
            work.section_id = known[_key(title)]

    def _made(self, title: str) -> int:
        try:
            made = self._client.create_section(self._shop_id, title)
        except RemoteUnavailable as error:
            self._ids = None
            found = self._known().get(_key(title)) if error.may_have_happened else None
            if found is None:
                raise
            return found
        logger.info("section_made title=%r section_id=%s", title, made.id)
        return made.id

    def _known(self) -> dict[str, int]:
        """The sections by title; of two that are called alike the first."""
        if self._ids is None:
            found = self._client.sections(self._shop_id)
            self._ids = {_key(item.name): item.id for item in reversed(found)}
        return self._ids


def _key(title: str) -> str:
    return one_line(title).casefold()


def _full(title: str, count: int) -> Refused:
    return Refused(
        f"The section {title!r} has to be made, and the shop has {count} already; Etsy takes {MAX_SECTIONS}.",
        code="shop_sections_full",
        hint="Choose one that is there (section_by_category, metadata etsy_shop_section), or delete one on Etsy.",
    )
