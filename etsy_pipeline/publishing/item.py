"""Publishing one product: create, pictures, inventory, and the last PATCH that completes and publishes (FACTS §5-§8).

Every step can be repeated: a draft is created once (journal and reference), pictures are put at fixed ranks, the
inventory is replaced whole, the last PATCH says everything it wants to be true.
"""

import functools
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from etsy_pipeline.errors import PipelineError, Refused, StoreUnavailable
from etsy_pipeline.listings.listing import Listing
from etsy_pipeline.listings.verdict import Verdict
from etsy_pipeline.logs import about
from etsy_pipeline.pictures.source import PictureSource
from etsy_pipeline.planning.life import RENEWALS, is_renewed
from etsy_pipeline.planning.link import LiveListing, PublishedImage
from etsy_pipeline.planning.sending import has_fee, is_patched, sent_fields, sent_parts, should_activate
from etsy_pipeline.providers.errors import LinkedPictureGone, RemoteRefused, RemoteUnavailable
from etsy_pipeline.providers.protocols import ListingChange, RemoteListing, ShopClient
from etsy_pipeline.publishing.adoption import find_ours
from etsy_pipeline.publishing.extras import ExtrasPublisher
from etsy_pipeline.publishing.images import ImagePublisher, Pictures, Published
from etsy_pipeline.publishing.item_in_progress import LEFT_OUT, ItemInProgress
from etsy_pipeline.publishing.journal import Journal
from etsy_pipeline.publishing.sections import ShopSections
from etsy_pipeline.publishing.translations import BROKEN
from etsy_pipeline.publishing.variation_images import VariationPicturePublisher

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")

WAITS_FOR_NEW = (1.0, 2.0, 4.0)  # seconds between tries at a listing that does not show yet
WAITS_TO_REVIVE = (2.0, 8.0)  # seconds between tries to set a listing active for a fee (some answer 500, LIFECYCLE §5)
SHOP_MANAGER = "https://www.etsy.com/your/shops/me/tools/listings"
FIELDS_AFTER_CREATE = frozenset({"description"})  # without our reference; the draft has the rest already
PICTURES_STAY = " The pictures that are on the listing stay there."
NO_PICTURE = " Without any picture the listing stays a draft."


@dataclass(frozen=True, slots=True)
class ItemPublisher:
    """Publishes single products of one shop; several threads may, each a product.

    Args:
        client: the shop's Etsy.
        shop_id: Etsy's id of the shop.
        pictures: where pictures come from.
        journal: of the job.
        sleep: waits so many seconds; tests do not.
        sections: the shop's, of which some have to be made first.
        broken_images: whether a product is published without pictures that cannot be had.
        update_alt_texts: whether pictures that are on a listing get another text.
        keeps_sellers_links: whether pictures that the seller chose for values of a variation stay in place of ours.
    """

    client: ShopClient
    shop_id: int
    pictures: PictureSource
    journal: Journal
    sleep: Callable[[float], None]
    sections: ShopSections
    broken_images: Literal["fail", "warn"] = "fail"
    update_alt_texts: bool = False
    keeps_sellers_links: bool = False

    def publish(self, work: ItemInProgress, *, is_again: bool = False) -> None:
        """Carry out one item of the plan, so that only keeping what was sent and reading it back are left.

        Args:
            work: the product.
            is_again: whether all was sent before, and Etsy has not applied it.

        Raises:
            PipelineError: what Etsy or the picture's server said; the journal holds how far it came.
        """
        with about(product_id=work.product_id):
            try:
                self.sections.require(work)
                plan = work.plan
                if plan.action == "deactivate":
                    self._deactivate(work)
                elif plan.action in {"create", "update"} and plan.desired:
                    self._create_or_update(work, plan.desired, is_again=is_again)
                else:
                    raise AssertionError(f"nothing is published for {plan.action}")
            except StoreUnavailable:  # nothing can be kept; the next publisher finds out what happened
                raise
            except BaseException:
                self.journal.keep(work)
                raise

    def _deactivate(self, work: ItemInProgress) -> None:
        self.journal.begin(work, "deactivate")
        listing_id = _listing_id(work.item.plan.etsy_listing_id)
        published = work.before.published if work.before else None
        listing = self.client.update_listing(self.shop_id, listing_id, ListingChange(published, state="inactive"))
        self._extras.put_last(work, listing_id)
        self.journal.written(work, listing, images=None, wanted_state="inactive")

    def _create_or_update(self, work: ItemInProgress, listing: Listing, *, is_again: bool) -> None:
        parts, fields = sent_parts(work.plan), sent_fields(work.plan)
        sends_images = "images" in parts
        listing_id = _present_listing(work)
        was_interrupted = is_again or work.item.step.startswith("image")
        if sends_images and was_interrupted and listing_id is not None:  # count first: an upload may not have happened
            self._once_visible(work, functools.partial(self._images.count, work, listing_id))
        if listing_id is not None:
            self._variation_pictures.look(work, listing, listing_id, is_again=is_again)
        fetched = Pictures()
        if sends_images:
            listing, fetched = self._fetched(work, listing, {} if listing_id is None else work.images)
        if listing_id is None:
            draft, is_adopted = self._create(work, listing)
            listing_id = draft.listing_id
            fields = fields if is_adopted else FIELDS_AFTER_CREATE
        images = self._put_images(work, listing, listing_id, fetched) if sends_images else None
        self._extras.put_first(work, listing, listing_id)
        if "inventory" in parts:
            self._put_inventory(work, listing, listing_id)
        if "personalization" in parts:
            self._put_personalization(work, listing, listing_id)
        self._extras.put(work, listing, listing_id)
        answer, there = self._complete(work, listing, listing_id, fields, images, fetched)
        if there and self.update_alt_texts:
            there = self._images.put_texts(work, listing_id, listing.images, there)
        if has_fee(work.plan):
            self._revive(work, listing, listing_id, is_again=is_again)
        self._extras.put_last(work, listing_id)
        self._variation_pictures.settle(work, listing, listing_id, there)
        wanted_state = "active" if should_activate(work.plan) else None
        self.journal.written(work, answer, images=there, wanted_state=wanted_state)

    @property
    def _images(self) -> ImagePublisher:
        return ImagePublisher(self.client, self.shop_id, self.pictures, self.journal)

    @property
    def _variation_pictures(self) -> VariationPicturePublisher:
        return VariationPicturePublisher(
            self.client, self.shop_id, self.journal, self._once_visible, self.keeps_sellers_links
        )

    @property
    def _extras(self) -> ExtrasPublisher:
        return ExtrasPublisher(
            self.client, self.shop_id, self.journal, self._once_visible, self.pictures.media, self.sleep
        )

    def _fetched(self, work: ItemInProgress, listing: Listing, there: Published) -> tuple[Listing, Pictures]:
        """The listing without pictures that cannot be had, where these may be missing; and those to be uploaded."""
        fetched, broken = self._images.fetch(listing.images, there, may_be_broken=self.broken_images == "warn")
        if not broken:
            return listing, fetched
        for url, error in broken.items():
            logger.warning("image_left_out product_id=%s code=%s url=%s", work.product_id, error.code, url)
        planned = work.item.plan.desired
        numbered = enumerate(planned.images if planned else (), start=1)
        has_others = any(image.url not in broken for image in listing.images)
        then = PICTURES_STAY if there else "" if has_others else NO_PICTURE
        told = [_left_out(number, broken[image.url], then) for number, image in numbered if image.url in broken]
        self.journal.leave_out(work, told)
        return work.plan.desired or listing, fetched

    def _create(self, work: ItemInProgress, listing: Listing) -> tuple[RemoteListing, bool]:
        """The draft, and whether it was adopted from an earlier try: then it may say what was true at that time."""
        reference, was_tried = self.journal.begin_create(work)
        adopted = self._find(reference, work.lost) if was_tried else None
        draft = adopted or self._create_draft(work, listing, reference)
        self.journal.created(work, draft)
        return draft, adopted is not None

    def _create_draft(self, work: ItemInProgress, listing: Listing, reference: str) -> RemoteListing:
        try:
            return self.client.create_draft_listing(self.shop_id, listing, reference=reference)
        except StoreUnavailable:  # the calls are counted there: the draft may be made, and is searched for next time
            raise
        except PipelineError as error:
            if not (isinstance(error, RemoteUnavailable) and error.may_have_happened):
                self.journal.not_created(work)  # nothing to search for next time
                raise
            found = self._find(reference)
            if found is None:
                raise _unaccounted(error) from error
            return found

    def _find(self, reference: str, seen: Sequence[RemoteListing] = ()) -> RemoteListing | None:
        return find_ours(self.client, self.shop_id, reference, sleep=self.sleep, seen=seen)

    def _put_images(
        self, work: ItemInProgress, listing: Listing, listing_id: int, fetched: Pictures
    ) -> list[PublishedImage]:
        attempt = functools.partial(self._once_visible, work)
        return self._images.put(work, listing_id, listing.images, fetched, attempt)

    def _revive(self, work: ItemInProgress, listing: Listing, listing_id: int, *, is_again: bool) -> None:
        """Set a listing active for a fee, once: it is looked at before each try that is not the first one of all.

        A sold-out one has one piece afterwards, whatever was put before (FACTS §6): its inventory is put again.
        """
        change = ListingChange(listing, state="active", is_repeatable=False)
        is_again = is_again or not work.is_untouched
        for wait in (0.0, *WAITS_TO_REVIVE):
            self.sleep(wait)
            if is_again and is_renewed(self._seen(listing_id), work.ended_before):
                break
            self.journal.begin_revival(work)
            try:
                self.client.update_listing(self.shop_id, listing_id, change)
                break
            except RemoteUnavailable as error:
                if not error.may_have_happened:
                    raise
                is_again = True
        else:
            if not is_renewed(self._seen(listing_id), work.ended_before):
                raise _not_revived(listing_id)
        if work.plan.life in RENEWALS and "inventory" in sent_parts(work.plan):
            self._put_inventory(work, listing, listing_id)

    def _seen(self, listing_id: int) -> LiveListing:
        """The listing as it is now; Etsy always says something of it, if only that it is gone."""
        return self.client.live_listings([listing_id])[listing_id]

    def _put_inventory(self, work: ItemInProgress, listing: Listing, listing_id: int) -> None:
        self.journal.begin(work, "inventory")
        put = functools.partial(
            self.client.put_inventory, listing_id, listing.inventory, readiness_state_id=listing.readiness_state_id
        )
        try:
            self._once_visible(work, put)
        except LinkedPictureGone:
            self._variation_pictures.unlink(work, listing_id)
            self._once_visible(work, put)

    def _put_personalization(self, work: ItemInProgress, listing: Listing, listing_id: int) -> None:
        self.journal.begin(work, "personalization")
        questions = listing.personalization
        self._once_visible(
            work, functools.partial(self.client.put_personalization, self.shop_id, listing_id, questions)
        )

    def _once_visible(self, work: ItemInProgress, act: Callable[[], Answer]) -> Answer:
        """Do something with a listing; one that was created moments ago may be a 404 for some seconds (FACTS §10)."""
        for wait in WAITS_FOR_NEW if work.plan.action == "create" else ():
            try:
                return act()
            except RemoteRefused as error:
                if not error.is_gone:
                    raise
                self.sleep(wait)
        return act()

    def _complete(
        self,
        work: ItemInProgress,
        listing: Listing,
        listing_id: int,
        fields: frozenset[str],
        images: Sequence[PublishedImage] | None,
        fetched: Pictures,
    ) -> tuple[RemoteListing | None, Sequence[PublishedImage] | None]:
        """The last call: fields, the order of the pictures, the state. Where only stock changed there is none.

        A state that costs a fee is not among it (`_revive`).
        """
        is_activated = should_activate(work.plan) and not has_fee(work.plan)
        change = ListingChange(listing, sorted(fields), _ids(images or ()), "active" if is_activated else None)
        if not is_patched(work.plan):
            return None, images
        return self._patch(work, listing_id, change, images, fetched)

    def _patch(
        self,
        work: ItemInProgress,
        listing_id: int,
        change: ListingChange,
        images: Sequence[PublishedImage] | None,
        fetched: Pictures,
    ) -> tuple[RemoteListing | None, Sequence[PublishedImage] | None]:
        """The last PATCH; if Etsy refuses it for pictures that it took and does not have, these are put again."""
        self.journal.begin(work, "complete")
        patch = functools.partial(self.client.update_listing, self.shop_id, listing_id)
        try:
            return self._once_visible(work, functools.partial(patch, change)), images
        except RemoteRefused as error:
            if error.code == BROKEN and self._extras.repair(work, listing_id):
                return patch(change), images
            if not images or not change.listing or not error.is_invalid or not self._images.count(work, listing_id):
                raise
        images = self._put_images(work, change.listing, listing_id, fetched)
        return patch(replace(change, image_ids=_ids(images))), images


def _ids(images: Sequence[PublishedImage]) -> list[int]:
    return [image.etsy_image_id for image in images]


def _present_listing(work: ItemInProgress) -> int | None:
    """The listing that the product has; None where one is to be created, be it in place of one that is gone."""
    planned = work.item.plan
    is_replaced = planned.action == "create" and work.listing_id == planned.etsy_listing_id
    return None if is_replaced else work.listing_id


def _listing_id(listing_id: int | None) -> int:
    if listing_id is None:
        raise Refused("The product has no listing on Etsy.", code="listing_unknown", hint="Sync again.")
    return listing_id


def _not_revived(listing_id: int) -> Refused:
    return Refused(
        f"Etsy failed {len(WAITS_TO_REVIVE) + 1} times to set listing {listing_id} active, and it is not.",
        code="renewal_failed",
        hint=f"Renew it in Shop Manager: {SHOP_MANAGER}/{listing_id}. Then sync again.",
    )


def _left_out(number: int, error: PipelineError, then: str) -> Verdict:
    return Verdict(
        LEFT_OUT,
        "warning",
        f"images[{number}]",
        f"Picture {number} was left out: {error.message}{then}",
        "Mend the picture in Medusa; each sync tries again.",
    )


def _unaccounted(error: PipelineError) -> RemoteUnavailable:
    return RemoteUnavailable(
        f"Etsy's answer to the create was lost, and no draft shows yet ({error.message})",
        code="create_unaccounted",
        hint="Sync again: the shop's drafts are searched first, so that there is never a second listing.",
        may_have_happened=True,
    )
