"""One product on its way: the plan's item, and what our books say of its listing."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from etsy_pipeline.listings.codec import listing_from_json
from etsy_pipeline.listings.listing import Listing, ListingImage
from etsy_pipeline.planning.link import Link
from etsy_pipeline.store.engine import Session
from etsy_pipeline.store.tables import ListingImageRow, SyncItem

Result = Callable[[Session], None]
LEFT_OUT = "image_left_out"  # the code of the warning that the plan's item gets
WRITTEN = "written"  # the step of an item of which everything was sent, and nothing read back


@dataclass(slots=True)
class ItemInProgress:
    """One product on its way. One thread at a time has it; the journal keeps it as the database has it.

    Args:
        item: of the plan, as it was when the publisher took it up.
        before: the product's link at that time, if it had one.
        listing_id: Etsy's id of its listing, if there is one.
        state: the listing's state, as far as we know.
        url: the listing's address.
        reference: of a create that is not accounted for.
        images: the pictures that we put on the listing, by rank.
        results: what happened and is written with the next intent, in the same transaction.
    """

    item: SyncItem
    before: Link | None = None
    listing_id: int | None = None
    state: str | None = None
    url: str | None = None
    reference: str | None = None
    images: dict[int, ListingImageRow] = field(default_factory=dict)
    results: list[Result] = field(default_factory=list)

    @property
    def product_id(self) -> str:
        """Medusa's id of the product."""
        return self.item.product_id

    @property
    def is_written(self) -> bool:
        """Whether an earlier publisher sent everything, and only reading back is left."""
        return self.item.step == WRITTEN

    @property
    def is_stock(self) -> bool:
        """Whether only stock or price changes: such calls have a reserve of the day's."""
        parts = {difference["part"] for difference in self.item.differences}
        return self.item.action == "update" and parts == {"inventory"}

    @property
    def is_untouched(self) -> bool:
        """Whether no publisher of this sync has tried anything with it yet."""
        return not self.item.step

    def sends(self, part: str) -> bool:
        """Whether carrying it out sends this part of the listing."""
        return self.item.action == "create" or any(change["part"] == part for change in self.item.differences)

    @property
    def left_out(self) -> frozenset[int]:
        """Which of the desired pictures could not be had and are left out, counted from 1."""
        fields = [verdict["field"] for verdict in self.item.verdicts if verdict["code"] == LEFT_OUT]
        return frozenset(int(field.removeprefix("images[").removesuffix("]")) for field in fields)

    def planned_images(self) -> tuple[ListingImage, ...]:
        """The pictures as planned."""
        return listing_from_json(self.item.desired).images if self.item.desired else ()

    def desired(self) -> Listing | None:
        """The listing as it should be, without pictures that are left out; None where there is none to be.

        Without any picture it stays a draft: Etsy publishes none (FACTS §6).
        """
        listing = listing_from_json(self.item.desired) if self.item.desired else None
        if listing is None or not self.left_out:
            return listing
        left_out = self.left_out
        images = tuple(image for number, image in enumerate(listing.images, start=1) if number not in left_out)
        publish_as = listing.publish_as if images or self.images else "draft"
        return replace(listing, images=images, publish_as=publish_as)
