"""The attributes of a listing (Material: Cotton), each with a call of its own; what Etsy refuses is left out and told.

The seller's own stay. Where the listing moves to another category, ours that it will not have any more are taken away
first: afterwards Etsy would no longer let go of them. Then comes the category, then what is new (LISTING_EXTRAS §3).
"""

import functools
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from etsy_pipeline.listings.attributes import meaning, refused
from etsy_pipeline.listings.listing import Attribute, Listing
from etsy_pipeline.listings.verdict import Verdict
from etsy_pipeline.planning.sending import sent_fields, sent_parts
from etsy_pipeline.providers.errors import RemoteRefused
from etsy_pipeline.providers.protocols import ListingChange, ShopClient
from etsy_pipeline.publishing.attempt import Attempt
from etsy_pipeline.publishing.item_in_progress import ItemInProgress
from etsy_pipeline.publishing.journal import Journal

logger = logging.getLogger(__name__)

LEFT = "attribute_left"  # code of the warning on an attribute that Etsy does not let go of
NOT_TAKEN = "Etsy took it, and shows something else"

ById = Mapping[int, Attribute]


@dataclass(frozen=True, slots=True)
class AttributePublisher:
    """Puts the attributes of single listings.

    Args:
        client: the shop's Etsy.
        shop_id: Etsy's id of the shop.
        journal: of the job.
        attempt: how a listing is asked that may be new.
    """

    client: ShopClient
    shop_id: int
    journal: Journal
    attempt: Attempt

    def put(self, work: ItemInProgress, listing: Listing, listing_id: int) -> None:
        """Make the attributes those of the plan, as far as Etsy takes them; nothing of it fails the product."""
        if "attributes" not in sent_parts(work.plan):
            return
        there = _by_id(self._seen(work, listing_id)) if work.plan.action == "update" else {}
        wanted = _by_id(listing.attributes)
        moves = _moves(work, listing)
        gone = [
            item
            for item in work.published_attributes
            if item.property_id not in wanted and (moves or _is_there(item, there))
        ]
        new = [item for item in wanted.values() if not _is_there(item, there)]
        known = self.journal.refused_attributes()
        if lately := [item for item in new if item.property_id in known]:
            self.journal.warn(work, [refused(lately, "it did within the last day")])
        new = [item for item in new if item.property_id not in known]
        if not gone and not new:
            return
        self.journal.begin(work, "attributes")
        for item in gone:
            if item.property_id in there:
                self._take_away(work, listing_id, item)
        if new and moves:
            change = ListingChange(listing, ("taxonomy_id",))
            self.client.update_listing(self.shop_id, listing_id, change)
        put = [item for item in new if self._set(work, listing_id, item)]
        if put:
            seen = _by_id(self._seen(work, listing_id))
            self._refuse(work, [item for item in put if not _is_there(item, seen)], NOT_TAKEN)

    def _seen(self, work: ItemInProgress, listing_id: int) -> Sequence[Attribute]:
        return self.attempt(work, functools.partial(self.client.listing_properties, self.shop_id, listing_id))

    def _set(self, work: ItemInProgress, listing_id: int, item: Attribute) -> bool:
        put = functools.partial(self.client.put_listing_property, self.shop_id, listing_id, item)
        try:
            self.attempt(work, put)
        except RemoteRefused as error:
            if not error.is_invalid:
                raise
            self._refuse(work, [item], error.message)
            return False
        return True

    def _take_away(self, work: ItemInProgress, listing_id: int, item: Attribute) -> None:
        try:
            self.client.delete_listing_property(self.shop_id, listing_id, item.property_id)
        except RemoteRefused as error:
            if not error.is_invalid:
                raise
            logger.warning("attribute_left product_id=%s property_id=%s", work.product_id, item.property_id)
            self.journal.warn(work, [_left(item, error)])

    def _refuse(self, work: ItemInProgress, items: Sequence[Attribute], why: str) -> None:
        if items:
            ids = [item.property_id for item in items]
            logger.warning("attribute_refused product_id=%s properties=%s", work.product_id, ids)
            self.journal.refuse_attributes(work, ids, refused(items, why))


def _left(item: Attribute, error: RemoteRefused) -> Verdict:
    return Verdict(
        LEFT,
        "warning",
        "attributes",
        f"{item.name} is still on the listing, though the product no longer has it: {error.message}",
        "Take it away in Etsy's Shop Manager.",
    )


def _by_id(items: Iterable[Attribute]) -> ById:
    return {item.property_id: item for item in items}


def _is_there(item: Attribute, there: ById) -> bool:
    """Whether the listing has it as it is said here."""
    found = there.get(item.property_id)
    return found is not None and meaning(found) == meaning(item)


def _moves(work: ItemInProgress, listing: Listing) -> bool:
    """Whether the listing is about to move to another category."""
    published = work.before.published if work.before else None
    is_sent = work.plan.action == "update" and "taxonomy_id" in sent_fields(work.plan)
    return is_sent and published is not None and published.taxonomy_id != listing.taxonomy_id
