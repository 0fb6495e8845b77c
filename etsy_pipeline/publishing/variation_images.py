"""Pictures of variations: ours are linked, and what the seller has linked stays (LISTING_EXTRAS §1).

A link names a value by an id that the inventory gives, and a picture that has to be on the listing; so links come after
everything else. Three things break them: another inventory, a picture that is replaced or taken off, and Etsy, whose
inventory has lost them at times. What was there is read, and kept in the books, before any of it (`look`), and put back
at the end (`settle`).

It is looked at where values or pictures change. Where only price or stock do, the books have to know of links: then one
call shows afterwards whether they are there, and they are put back where all are gone. A listing with variations that
was never looked at is looked at once. So stock of a listing without links costs nothing more.
"""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from etsy_pipeline.errors import Refused
from etsy_pipeline.listings.listing import Listing, VariationImage
from etsy_pipeline.listings.verdict import Verdict
from etsy_pipeline.planning.link import PublishedImage, VariationLink
from etsy_pipeline.planning.sending import sent_fields, sent_parts
from etsy_pipeline.providers.errors import RemoteRefused
from etsy_pipeline.providers.protocols import ShopClient, ValueIds
from etsy_pipeline.publishing.attempt import Attempt
from etsy_pipeline.publishing.item_in_progress import ItemInProgress
from etsy_pipeline.publishing.journal import Journal

logger = logging.getLogger(__name__)

Links = Sequence[VariationLink]
Pictures = Sequence[PublishedImage]

TOLD = {
    "variation_images_kept": (
        "On Etsy pictures of {} are linked, which is another option than ours: they stay, and ours are not linked.",
        "Take them off on Etsy, or let Medusa's replace them (on_conflict).",
    ),
    "variation_images_replaced": (
        "On Etsy pictures of {} were linked, which is another option than ours: they are linked no more.",
        "To keep what is linked on Etsy, set ownership.variation_images to seller, or on_conflict to keep.",
    ),
    "variation_images_gone": (
        "The pictures that were linked to {} are no longer on the listing, and neither are the links.",
        "Choose others, in Medusa or on Etsy.",
    ),
}
TRIES = 2  # Etsy may say that the listing changed meanwhile (409): read again and once more


@dataclass(frozen=True, slots=True)
class VariationPicturePublisher:
    """Links pictures of single listings to values of their variations.

    Args:
        client: the shop's Etsy.
        shop_id: Etsy's id of the shop.
        journal: of the job.
        attempt: how a listing is asked that may be new.
        keeps_sellers: whether a picture that the seller chose for a value stays though we have one for it.
    """

    client: ShopClient
    shop_id: int
    journal: Journal
    attempt: Attempt
    keeps_sellers: bool = False

    def look(self, work: ItemInProgress, listing: Listing, listing_id: int, *, is_again: bool) -> None:
        """See which pictures are linked, before anything is sent that may break that.

        Not where an earlier try of this sync has done so: what is there by now may be half of our work.

        Args:
            work: the product.
            listing: as it will be.
            listing_id: Etsy's id of the listing.
            is_again: whether all was sent before.
        """
        is_resumed = is_again or not work.is_untouched
        if work.plan.action == "create" or not _varies(work, listing) or (is_resumed and work.links is not None):
            return
        if _may_break_them(work) or ("inventory" in sent_parts(work.plan) and work.links is None):
            self._see(work, listing_id)

    def unlink(self, work: ItemInProgress, listing_id: int) -> None:
        """Take all links off, because Etsy refuses an inventory for one of them; `settle` puts them back (FACTS §7)."""
        if not (work.links and _may_break_them(work)):  # else they were looked at before pictures were replaced
            self._see(work, listing_id)
        self.journal.begin(work, "unlink")
        self.client.put_variation_links(self.shop_id, listing_id, (), {})

    def settle(self, work: ItemInProgress, listing: Listing, listing_id: int, there: Pictures | None) -> None:
        """See to it that the right pictures are linked.

        Args:
            work: the product.
            listing: as it was sent.
            listing_id: Etsy's id of the listing.
            there: its pictures in their order, where they were sent.

        Raises:
            Refused: `variation_images_not_applied`, and what Etsy refuses.
        """
        sends = "variation_images" in sent_parts(work.plan)
        before = work.links or ()
        if not (sends or before):
            return
        wanted = self._merged(work, before, _ours(listing, there or _known(work))) if sends else list(before)
        now = self._now(work, listing_id) if before or work.plan.action != "create" else []
        if now and not (sends or _may_break_them(work)):  # the inventory alone was sent, and left them there
            wanted = now
        wanted = wanted if there is None else self._with_pictures(work, wanted, there)
        if _same(now, wanted):
            self.journal.saw_links(work, now)
            return
        self._put(work, listing_id, wanted)

    def _see(self, work: ItemInProgress, listing_id: int) -> None:
        """Keep what is linked; an attempt that failed may have taken off what the books still know."""
        now = self._now(work, listing_id)
        if now or not (work.links and work.before and work.before.has_failed):
            self.journal.saw_links(work, now)

    def _now(self, work: ItemInProgress, listing_id: int) -> list[VariationLink]:
        """The links as Etsy has them, with our pictures' addresses."""
        urls = {image.etsy_image_id: image.source_url for image in work.images.values()}
        found = self.attempt(work, lambda: self.client.variation_links(self.shop_id, listing_id))
        return [replace(link, url=urls.get(link.image_id, "")) for link in found]

    def _merged(self, work: ItemInProgress, before: Links, ours: Links) -> list[VariationLink]:
        """Our links, and the seller's for other values; Etsy takes those of one property only."""
        published = work.before.published if work.before else None
        were_ours = {_image_of(link) for link in published.variation_images} if published else set()
        sellers = [link for link in before if (link.property_id, link.value, link.url) not in were_ours]
        property_id = next((link.property_id for link in ours), 0)
        others = [link for link in sellers if ours and link.property_id != property_id]
        if others and self.keeps_sellers:
            self._tell(work, "variation_images_kept", others)
            return sellers
        if others:
            self._tell(work, "variation_images_replaced", others)
        sellers = [link for link in sellers if link not in others]
        first, second = (sellers, ours) if self.keeps_sellers else (ours, sellers)
        taken = {_value(link) for link in first}
        return [*first, *(link for link in second if _value(link) not in taken)]

    def _with_pictures(self, work: ItemInProgress, links: Links, there: Pictures) -> list[VariationLink]:
        """The links with the pictures that are on the listing now: one that was replaced has another id."""
        ids = {image.etsy_image_id for image in there}
        by_url = {image.source_url: image.etsy_image_id for image in there}
        moved = [
            replace(link, image_id=by_url[link.url]) if link.image_id not in ids and link.url in by_url else link
            for link in links
        ]
        return self._present(work, moved, ids)

    def _present(self, work: ItemInProgress, links: Links, image_ids: Collection[int]) -> list[VariationLink]:
        """The links whose pictures are on the listing."""
        gone = [link for link in links if link.image_id not in image_ids]
        if gone:
            self._tell(work, "variation_images_gone", gone)
        return [link for link in links if link not in gone]

    def _put(self, work: ItemInProgress, listing_id: int, wanted: Links) -> None:
        """Put these links, read back, and once more where Etsy has others or says that the listing changed."""
        for number in range(1, TRIES + 1):
            ids = self.attempt(work, lambda: self.client.variation_value_ids(listing_id)) if wanted else {}
            links = _of_values(wanted, ids)
            self.journal.begin(work, "variation images")
            try:
                self.client.put_variation_links(self.shop_id, listing_id, links, ids)
            except RemoteRefused as error:
                if number == TRIES or not (error.is_passing or error.is_invalid):
                    raise
                wanted = self._present(work, wanted, self.client.image_ids(listing_id))
                continue
            now = self._now(work, listing_id)
            if _same(now, links):
                self.journal.saw_links(work, now)
                return
        raise _not_applied(listing_id)

    def _tell(self, work: ItemInProgress, code: str, links: Links) -> None:
        values = ", ".join(link.value for link in links)
        logger.warning("%s product_id=%s values=%s", code, work.product_id, values)
        if not any(known.code == code for known in work.verdicts):
            message, hint = TOLD[code]
            self.journal.warn(work, [Verdict(code, "warning", "variation_images", message.format(values), hint)])


def _may_break_them(work: ItemInProgress) -> bool:
    """Whether values or pictures change."""
    parts = sent_parts(work.plan)
    return bool(parts & {"images", "variation_images"}) or "variations" in sent_fields(work.plan)


def _varies(work: ItemInProgress, listing: Listing) -> bool:
    """Whether there are values that pictures could be linked to, before or after."""
    published = work.before.published if work.before else None
    return bool(listing.inventory.properties or (published and published.inventory.properties))


def _known(work: ItemInProgress) -> Pictures:
    return [image for _, image in sorted(work.images.items())]


def _ours(listing: Listing, there: Pictures) -> list[VariationLink]:
    """What the listing should have; a picture that could not be had has no link."""
    ids = {image.source_url: image.etsy_image_id for image in there}
    wanted = [link for link in listing.variation_images if link.url in ids]
    return [VariationLink(link.property_id, link.value, ids[link.url], link.url) for link in wanted]


def _of_values(links: Links, ids: ValueIds) -> list[VariationLink]:
    """The links of values that the listing has, of one property; a value may have come to another property."""
    found: list[VariationLink] = []
    for link in links:
        alike = [key for key in ids if key[1].casefold() == link.value.casefold()]
        same = [key for key in alike if key[0] == link.property_id] or (alike if len(alike) == 1 else [])
        if same and (not found or found[0].property_id == same[0][0]):
            found.append(replace(link, property_id=same[0][0], value=same[0][1]))
    return found


def _image_of(link: VariationImage) -> tuple[int, str, str]:
    return link.property_id, link.value, link.url


def _value(link: VariationLink) -> tuple[int, str]:
    return link.property_id, link.value.casefold()


def _same(one: Links, other: Links) -> bool:
    return {(*_value(link), link.image_id) for link in one} == {(*_value(link), link.image_id) for link in other}


def _not_applied(listing_id: int) -> Refused:
    return Refused(
        f"Etsy took the pictures of variations of listing {listing_id}, and has others.",
        code="variation_images_not_applied",
        hint="Look at the listing's variations on Etsy, then sync again.",
    )
