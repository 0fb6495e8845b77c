"""Publishing one product: create, pictures, inventory, and the last PATCH that completes and publishes (FACTS §5-§8).

Every step can be repeated: a draft is created once (journal and reference), pictures are put at fixed ranks, the
inventory is replaced whole, the last PATCH says everything it wants to be true.
"""

import functools
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from etsy_pipeline.errors import PipelineError, Refused
from etsy_pipeline.etsy.client import EtsyClient, EtsyListing
from etsy_pipeline.etsy.errors import EtsyRefused, EtsyUnavailable
from etsy_pipeline.etsy.requests import (
    Form,
    comma_joined,
    create_form,
    inventory_body,
    personalization_body,
    update_form,
)
from etsy_pipeline.etsy.transport import is_gone
from etsy_pipeline.listings.listing import Listing
from etsy_pipeline.listings.verdict import Verdict
from etsy_pipeline.logs import about
from etsy_pipeline.pictures.source import PictureSource
from etsy_pipeline.planning.fields import FIELDS
from etsy_pipeline.planning.read_back import should_activate
from etsy_pipeline.publishing.adoption import find_ours
from etsy_pipeline.publishing.images import ImagePublisher, Pictures, Rows
from etsy_pipeline.publishing.item_in_progress import LEFT_OUT, ItemInProgress
from etsy_pipeline.publishing.journal import Journal
from etsy_pipeline.store.tables import ListingImageRow, SyncItem

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

WAITS_FOR_NEW = (1.0, 2.0, 4.0)  # seconds between tries at a listing that does not show yet
FIELDS_AFTER_CREATE = ("description",)  # without our reference; the draft has the rest already
BAD_REQUEST = 400
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
        broken_images: whether a product is published without pictures that cannot be had.
    """

    client: EtsyClient
    shop_id: int
    pictures: PictureSource
    journal: Journal
    sleep: Callable[[float], None]
    broken_images: Literal["fail", "warn"] = "fail"

    def publish(self, work: ItemInProgress, *, is_again: bool = False) -> None:
        """Carry out one item of the plan, so that only reading it back is left.

        Args:
            work: the product.
            is_again: whether all was sent before, and Etsy has not applied it.

        Raises:
            PipelineError: what Etsy or the picture's server said; the journal holds how far it came.
        """
        desired = work.desired()
        with about(product_id=work.product_id):
            try:
                if work.item.action == "deactivate":
                    self._deactivate(work)
                elif work.item.action in {"create", "update"} and desired:
                    self._create_or_update(work, desired, is_again=is_again)
                else:
                    raise AssertionError(f"nothing is published for {work.item.action}")
            finally:
                self.journal.keep(work)

    def _deactivate(self, work: ItemInProgress) -> None:
        self.journal.begin(work, "deactivate")
        listing_id = _listing_id(work.item.etsy_listing_id)
        listing = self.client.update_listing(self.shop_id, listing_id, {"state": "inactive"})
        self.journal.written(work, listing, images=None, wanted_state="inactive")

    def _create_or_update(self, work: ItemInProgress, listing: Listing, *, is_again: bool) -> None:
        changed, fields = _to_send(work.item, listing)
        sends_images = "images" in changed
        listing_id = _present_listing(work)
        was_interrupted = is_again or work.item.step.startswith("image")
        if sends_images and was_interrupted and listing_id is not None:  # count first: an upload may not have happened
            self._once_visible(work, functools.partial(self._images.count, work, listing_id))
        fetched = Pictures()
        if sends_images:
            listing, fetched = self._fetched(work, listing, {} if listing_id is None else work.images)
        if listing_id is None:
            draft, is_adopted = self._create(work, listing)
            listing_id = draft.listing_id
            fields = fields if is_adopted else list(FIELDS_AFTER_CREATE)
        images = self._put_images(work, listing, listing_id, fetched) if sends_images else None
        if "inventory" in changed:
            self._put_inventory(work, listing, listing_id)
        if "personalization" in changed:
            self._put_personalization(work, listing, listing_id)
        self._complete(work, listing, listing_id, fields, images, fetched)

    @property
    def _images(self) -> ImagePublisher:
        return ImagePublisher(self.client, self.shop_id, self.pictures, self.journal)

    def _fetched(self, work: ItemInProgress, listing: Listing, rows: Rows) -> tuple[Listing, Pictures]:
        """The listing without pictures that cannot be had, where these may be missing; and those to be uploaded."""
        fetched, broken = self._images.fetch(listing.images, rows, may_be_broken=self.broken_images == "warn")
        if not broken:
            return listing, fetched
        for url, error in broken.items():
            logger.warning("image_left_out product_id=%s code=%s url=%s", work.product_id, error.code, url)
        numbered = enumerate(work.planned_images(), start=1)
        has_others = any(image.url not in broken for image in listing.images)
        then = PICTURES_STAY if rows else "" if has_others else NO_PICTURE
        told = [_left_out(number, broken[image.url], then) for number, image in numbered if image.url in broken]
        self.journal.leave_out(work, told)
        return work.desired() or listing, fetched

    def _create(self, work: ItemInProgress, listing: Listing) -> tuple[EtsyListing, bool]:
        """The draft, and whether it was adopted from an earlier try: then it may say what was true at that time."""
        reference, was_tried = self.journal.begin_create(work)
        adopted = self._find(reference) if was_tried else None
        draft = adopted or self._create_draft(work, listing, reference)
        self.journal.created(work, draft)
        return draft, adopted is not None

    def _create_draft(self, work: ItemInProgress, listing: Listing, reference: str) -> EtsyListing:
        try:
            return self.client.create_draft_listing(self.shop_id, create_form(listing, reference=reference))
        except PipelineError as error:
            if not (isinstance(error, EtsyUnavailable) and error.may_have_happened):
                self.journal.not_created(work)  # nothing to search for next time
                raise
            found = self._find(reference)
            if found is None:
                raise _unaccounted(error) from error
            return found

    def _find(self, reference: str) -> EtsyListing | None:
        return find_ours(self.client, self.shop_id, reference, sleep=self.sleep)

    def _put_images(
        self, work: ItemInProgress, listing: Listing, listing_id: int, fetched: Pictures
    ) -> list[ListingImageRow]:
        attempt = functools.partial(self._once_visible, work)
        return self._images.put(work, listing_id, listing.images, fetched, attempt)

    def _put_inventory(self, work: ItemInProgress, listing: Listing, listing_id: int) -> None:
        self.journal.begin(work, "inventory")
        body = inventory_body(listing.inventory, readiness_state_id=listing.readiness_state_id)
        self._once_visible(work, functools.partial(self.client.put_inventory, listing_id, body))

    def _put_personalization(self, work: ItemInProgress, listing: Listing, listing_id: int) -> None:
        self.journal.begin(work, "personalization")
        body = personalization_body(listing.personalization)
        self._once_visible(work, functools.partial(self.client.put_personalization, self.shop_id, listing_id, body))

    def _once_visible(self, work: ItemInProgress, act: Callable[[], Result]) -> Result:
        """Do something with a listing; one that was created moments ago may be a 404 for some seconds (FACTS §10)."""
        for wait in WAITS_FOR_NEW if work.item.action == "create" else ():
            try:
                return act()
            except EtsyRefused as error:
                if not is_gone(error):
                    raise
                self.sleep(wait)
        return act()

    def _complete(
        self,
        work: ItemInProgress,
        listing: Listing,
        listing_id: int,
        fields: list[str],
        images: list[ListingImageRow] | None,
        fetched: Pictures,
    ) -> None:
        form = _last_form(work.item, listing, fields, images or ())
        if form:
            published, images = self._patch(work, listing, listing_id, form, images, fetched)
        else:  # only price or stock changed: the inventory's PUT has said it all
            published = EtsyListing(listing_id=listing_id, state=work.state or "draft", url=work.url)
        self.journal.written(work, published, images=images, wanted_state=form.get("state"))

    def _patch(
        self,
        work: ItemInProgress,
        listing: Listing,
        listing_id: int,
        form: Form,
        images: list[ListingImageRow] | None,
        fetched: Pictures,
    ) -> tuple[EtsyListing, list[ListingImageRow] | None]:
        """The last PATCH; if Etsy refuses it for pictures that it took and does not have, these are put again."""
        self.journal.begin(work, "complete")
        patch = functools.partial(self.client.update_listing, self.shop_id, listing_id)
        try:
            return self._once_visible(work, functools.partial(patch, form)), images
        except EtsyRefused as error:
            if not images or error.status != BAD_REQUEST or not self._images.count(work, listing_id):
                raise
        images = self._put_images(work, listing, listing_id, fetched)
        form |= {"image_ids": comma_joined(row.etsy_image_id for row in images)}
        return patch(form), images


def _last_form(item: SyncItem, listing: Listing, fields: list[str], images: Sequence[ListingImageRow]) -> Form:
    form = update_form(listing, fields)
    if images:
        form["image_ids"] = comma_joined(row.etsy_image_id for row in images)
    if should_activate(item, listing):
        form["state"] = "active"
    return form


def _to_send(item: SyncItem, listing: Listing) -> tuple[set[str], list[str]]:
    """The parts and the fields that the plan changes; a new listing gets all of them."""
    if item.action != "create":
        return {change["part"] for change in item.differences}, [change["field"] for change in item.differences]
    optional = {"images": listing.images, "personalization": listing.personalization}
    return {"inventory", *(part for part, value in optional.items() if value)}, list(FIELDS)


def _present_listing(work: ItemInProgress) -> int | None:
    """The listing that the product has; None where one is to be created, be it in place of one that is gone."""
    is_replaced = work.item.action == "create" and work.listing_id == work.item.etsy_listing_id
    return None if is_replaced else work.listing_id


def _listing_id(listing_id: int | None) -> int:
    if listing_id is None:
        raise Refused("The product has no listing on Etsy.", code="listing_unknown", hint="Sync again.")
    return listing_id


def _left_out(number: int, error: PipelineError, then: str) -> Verdict:
    return Verdict(
        LEFT_OUT,
        "warning",
        f"images[{number}]",
        f"Picture {number} was left out: {error.message}{then}",
        "Mend the picture in Medusa; each sync tries again.",
    )


def _unaccounted(error: PipelineError) -> EtsyUnavailable:
    return EtsyUnavailable(
        f"Etsy's answer to the create was lost, and no draft shows yet ({error.message})",
        code="create_unaccounted",
        hint="Sync again: the shop's drafts are searched first, so that there is never a second listing.",
        may_have_happened=True,
    )
