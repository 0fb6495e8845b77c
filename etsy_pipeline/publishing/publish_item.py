"""Publishing one product: create, pictures, inventory, and the last PATCH that completes and publishes (FACTS §5-§8).

Every step can be repeated: a draft is created once (journal and reference), pictures are put at fixed ranks, the
inventory is replaced whole, the last PATCH says everything it wants to be true.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from etsy_pipeline.errors import PipelineError, Refused
from etsy_pipeline.etsy.client import EtsyClient, EtsyListing
from etsy_pipeline.etsy.errors import EtsyRefused, EtsyUnavailable
from etsy_pipeline.etsy.pictures import Picture, PictureSource
from etsy_pipeline.etsy.requests import (
    Form,
    comma_joined,
    create_form,
    inventory_body,
    personalization_body,
    update_form,
)
from etsy_pipeline.etsy.transport import is_gone
from etsy_pipeline.listings.codec import listing_from_json
from etsy_pipeline.listings.listing import Listing
from etsy_pipeline.planning.fields import FIELDS
from etsy_pipeline.publishing.adoption import find_ours
from etsy_pipeline.publishing.journal import Journal
from etsy_pipeline.store.tables import ListingImageRow, SyncItem

Result = TypeVar("Result")

WAITS_FOR_NEW = (1.0, 2.0, 4.0)  # seconds between tries at a listing that does not show yet
FIELDS_AFTER_CREATE = ("description",)  # without our reference; the draft has the rest already


@dataclass(frozen=True, slots=True)
class ItemPublisher:
    """Publishes single products of one shop.

    Args:
        client: the shop's Etsy.
        shop_id: Etsy's id of the shop.
        pictures: where pictures come from.
        journal: of the job.
        sleep: waits so many seconds; tests do not.
    """

    client: EtsyClient
    shop_id: int
    pictures: PictureSource
    journal: Journal
    sleep: Callable[[float], None]

    def publish(self, item: SyncItem) -> None:
        """Carry out one item of the plan.

        Raises:
            PipelineError: what Etsy or the picture's server said; the journal holds how far it came.
        """
        if item.action == "deactivate":
            self._deactivate(item)
        elif item.action in {"create", "update"} and item.desired:
            self._create_or_update(item, listing_from_json(item.desired))
        else:
            raise AssertionError(f"nothing is published for {item.action}")

    def _deactivate(self, item: SyncItem) -> None:
        self.journal.begin(item.product_id, "deactivate")
        listing = self.client.update_listing(self.shop_id, _listing_id(item.etsy_listing_id), {"state": "inactive"})
        self.journal.synced(item, listing, images=None, wanted_state="inactive")

    def _create_or_update(self, item: SyncItem, listing: Listing) -> None:
        changed, fields = _to_send(item, listing)
        present = self.journal.images(item.product_id)
        sends_images = "images" in changed
        fetched = self._fetch(listing, present) if sends_images else {}
        listing_id = self._present_listing(item)
        is_new = listing_id is None
        if listing_id is None:
            draft, is_adopted = self._create(item, listing)
            listing_id, present = draft.listing_id, {}
            fields = fields if is_adopted else list(FIELDS_AFTER_CREATE)
        image_ids = self._put_images(item, listing, listing_id, fetched, present, is_new=is_new) if sends_images else []
        if "inventory" in changed:
            self._put_inventory(item, listing, listing_id, is_new=is_new)
        if "personalization" in changed:
            self._put_personalization(item, listing, listing_id, is_new=is_new)
        self._complete(item, listing, listing_id, fields, image_ids, sends_images=sends_images)

    def _present_listing(self, item: SyncItem) -> int | None:
        """The listing that the product has; None where one is to be created, be it in place of one that is gone."""
        link = self.journal.link(item.product_id)
        listing_id = link.etsy_listing_id if link else None
        is_replaced = item.action == "create" and listing_id == item.etsy_listing_id
        return None if is_replaced else listing_id

    def _fetch(self, listing: Listing, present: dict[int, ListingImageRow]) -> dict[str, Picture]:
        """Fetch all pictures that may be needed before anything is sent: a dead one leaves nothing half done."""
        urls = [
            image.url
            for rank, image in enumerate(listing.images, start=1)
            if not _is_there(present.get(rank), image.url, image.alt_text)
        ]
        return {url: self.pictures.fetch(url) for url in dict.fromkeys(urls)}

    def _create(self, item: SyncItem, listing: Listing) -> tuple[EtsyListing, bool]:
        """The draft, and whether it was adopted from an earlier sync: then it may say what was true at that time."""
        reference, was_tried = self.journal.begin_create(item)
        adopted = self._find(reference) if was_tried else None
        draft = adopted or self._create_draft(item, listing, reference)
        self.journal.created(item, draft)
        return draft, adopted is not None

    def _create_draft(self, item: SyncItem, listing: Listing, reference: str) -> EtsyListing:
        try:
            return self.client.create_draft_listing(self.shop_id, create_form(listing, reference=reference))
        except PipelineError as error:
            if not (isinstance(error, EtsyUnavailable) and error.may_have_happened):
                self.journal.not_created(item)  # nothing to search for next time
                raise
            found = self._find(reference)
            if found is None:
                raise _unaccounted(error) from error
            return found

    def _find(self, reference: str) -> EtsyListing | None:
        return find_ours(self.client, self.shop_id, reference, sleep=self.sleep)

    def _put_images(
        self,
        item: SyncItem,
        listing: Listing,
        listing_id: int,
        fetched: dict[str, Picture],
        present: dict[int, ListingImageRow],
        *,
        is_new: bool,
    ) -> list[int]:
        image_ids = []
        for rank, image in enumerate(listing.images, start=1):
            there = present.get(rank)
            if there is not None and _is_there(there, image.url, image.alt_text):
                image_ids.append(there.etsy_image_id)
                continue
            picture = fetched.get(image.url) or self.pictures.fetch(image.url)
            self.journal.begin(item.product_id, f"image {rank}")
            upload = functools.partial(
                self.client.upload_image,
                self.shop_id,
                listing_id,
                content=picture.content,
                filename=picture.filename,
                rank=rank,
                alt_text=image.alt_text,
            )
            image_id = self._once_visible(upload, is_new=is_new).listing_image_id
            self.journal.image_uploaded(item.product_id, rank, image, picture.source_sha256, image_id)
            image_ids.append(image_id)
        return image_ids

    def _put_inventory(self, item: SyncItem, listing: Listing, listing_id: int, *, is_new: bool) -> None:
        self.journal.begin(item.product_id, "inventory")
        body = inventory_body(listing.inventory, readiness_state_id=listing.readiness_state_id)
        self._once_visible(functools.partial(self.client.put_inventory, listing_id, body), is_new=is_new)

    def _put_personalization(self, item: SyncItem, listing: Listing, listing_id: int, *, is_new: bool) -> None:
        self.journal.begin(item.product_id, "personalization")
        body = personalization_body(listing.personalization)
        put = functools.partial(self.client.put_personalization, self.shop_id, listing_id, body)
        self._once_visible(put, is_new=is_new)

    def _once_visible(self, act: Callable[[], Result], *, is_new: bool) -> Result:
        """Do something with a listing; one that was created moments ago may be a 404 for some seconds (FACTS §10)."""
        for wait in WAITS_FOR_NEW if is_new else ():
            try:
                return act()
            except EtsyRefused as error:
                if not is_gone(error):
                    raise
                self.sleep(wait)
        return act()

    def _complete(
        self,
        item: SyncItem,
        listing: Listing,
        listing_id: int,
        fields: list[str],
        image_ids: list[int],
        *,
        sends_images: bool,
    ) -> None:
        form = self._last_form(item, listing, fields, image_ids)
        if form:
            self.journal.begin(item.product_id, "complete")
            published = self.client.update_listing(self.shop_id, listing_id, form)
        else:  # only price or stock changed: the inventory's PUT has said it all
            link = self.journal.link(item.product_id)
            state = (link.listing_state if link else None) or "draft"
            published = EtsyListing(listing_id=listing_id, state=state, url=link.etsy_url if link else None)
        images = len(image_ids) if sends_images else None
        self.journal.synced(item, published, images=images, wanted_state=form.get("state"))

    def _last_form(self, item: SyncItem, listing: Listing, fields: list[str], image_ids: list[int]) -> Form:
        form = update_form(listing, fields)
        if image_ids:
            form["image_ids"] = comma_joined(image_ids)
        if _should_activate(item, listing):
            form["state"] = "active"
        return form


def _is_there(row: ListingImageRow | None, url: str, alt_text: str) -> bool:
    return row is not None and row.source_url == url and row.alt_text == alt_text


def _to_send(item: SyncItem, listing: Listing) -> tuple[set[str], list[str]]:
    """The parts and the fields that the plan changes; a new listing gets all of them."""
    if item.action != "create":
        return {change["part"] for change in item.differences}, [change["field"] for change in item.differences]
    optional = {"images": listing.images, "personalization": listing.personalization}
    return {"inventory", *(part for part, value in optional.items() if value)}, list(FIELDS)


def _should_activate(item: SyncItem, listing: Listing) -> bool:
    if listing.publish_as != "active":
        return False
    return item.action == "create" or any(difference["field"] == "state" for difference in item.differences)


def _listing_id(listing_id: int | None) -> int:
    if listing_id is None:
        raise Refused("The product has no listing on Etsy.", code="listing_unknown", hint="Sync again.")
    return listing_id


def _unaccounted(error: PipelineError) -> EtsyUnavailable:
    return EtsyUnavailable(
        f"Etsy's answer to the create was lost, and no draft shows yet ({error.message})",
        code="create_unaccounted",
        hint="Sync again: the shop's drafts are searched first, so that there is never a second listing.",
        may_have_happened=True,
    )
