"""One product on its way: the plan's item, what our books say of its listing, and how far we have come with it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from etsy_pipeline.listings.attributes import refused_in, same, without
from etsy_pipeline.listings.listing import Attribute, Translation
from etsy_pipeline.listings.verdict import Verdict
from etsy_pipeline.planning.adopted import listing_of_live
from etsy_pipeline.planning.link import Link, LiveListing, PublishedImage, PublishedMedia, VariationLink
from etsy_pipeline.planning.plan_item import PlanItem
from etsy_pipeline.planning.rollback import Before
from etsy_pipeline.planning.sending import uses_reserve
from etsy_pipeline.providers.protocols import RemoteListing
from etsy_pipeline.store.engine import Session
from etsy_pipeline.store.records import SyncItem

Write = Callable[[Session], None]
LEFT_OUT = "image_left_out"  # the code of the warning that the plan's item gets
OF_SELLER = "etsy:"  # instead of the address of a picture that was put on the listing on Etsy
WRITTEN = "written"  # the step of an item of which everything was sent, and nothing read back


@dataclass(slots=True)
class ItemInProgress:
    """One product on its way. One thread at a time has it; the journal keeps it as the database has it.

    Args:
        item: of the plan, as it was when the publisher took it up.
        before: the product's link at that time, if it had one.
        images: the pictures that we put on the listing, by rank.
        media: the videos and files that we put on it.
        spoilt: the translations that it had before the last attempt, if that failed: it may have spoilt them.
        found: the listing as Etsy had it right before anything was sent, where there was one.
        listing_id: Etsy's id of its listing, if there is one.
        state: the listing's state, as far as we know.
        url: the listing's address.
        reference: of a create that is not accounted for.
        links: its pictures of variations, ours and the seller's, as they were last seen; None: never looked at.
        failures: how often Etsy gave no usable answer on it.
        verdicts: the plan's, with a warning for each picture that is left out.
        writes: what happened and is written with the next intent, in the same transaction.
        is_begun: whether this publisher has tried anything with it.
        has_progressed: whether one of these is something on Etsy that no later publisher has to do again.
        lost: the listings with its reference that a look through all of the shop found.
        seen: the listing as it was read back.
        section_id: of the shop section that the plan has made for it, as soon as it is there.
    """

    item: SyncItem
    before: Link | None = None
    images: dict[int, PublishedImage] = field(default_factory=dict)
    media: tuple[PublishedMedia, ...] = ()
    spoilt: tuple[Translation, ...] = ()
    found: LiveListing | None = None
    listing_id: int | None = field(init=False)
    state: str | None = field(init=False)
    url: str | None = field(init=False)
    reference: str | None = field(init=False)
    links: tuple[VariationLink, ...] | None = field(init=False)
    failures: int = field(init=False)
    verdicts: tuple[Verdict, ...] = field(init=False)
    writes: list[Write] = field(default_factory=list)
    is_begun: bool = False
    has_progressed: bool = False
    lost: Sequence[RemoteListing] = ()
    seen: LiveListing | None = None
    section_id: int | None = None

    def __post_init__(self) -> None:
        """Begin with what the books say."""
        known = self.before or Link(self.product_id)
        self.listing_id, self.state, self.url = known.etsy_listing_id, known.listing_state, known.etsy_url
        self.reference, self.links = known.create_reference, known.variation_links
        self.failures, self.verdicts = self.item.failures, self.item.plan.verdicts

    @property
    def product_id(self) -> str:
        """Medusa's id of the product."""
        return self.item.product_id

    @property
    def ended_before(self) -> datetime | None:
        """When the listing's paid time ended before anything was sent, where that is known."""
        if self.is_untouched and self.found is not None:
            return self.found.ending_at
        return self.before.ending_at if self.before else None

    @property
    def is_written(self) -> bool:
        """Whether an earlier publisher sent everything, and only reading back is left."""
        return self.item.step == WRITTEN

    @property
    def is_untouched(self) -> bool:
        """Whether no publisher of this sync has tried anything with it yet."""
        return not self.item.step

    @property
    def is_under_way(self) -> bool:
        """Whether a publisher of this sync has tried anything with it, this one or an earlier one."""
        return self.is_begun or not self.is_untouched

    @property
    def follows_source(self) -> bool:
        """Whether it goes on only as Medusa has it now: until all is sent, but for a deactivation that was begun."""
        return self.is_untouched or (not self.is_written and self.item.plan.action != "deactivate")

    @property
    def is_stock(self) -> bool:
        """Whether it may be sent with the calls that are reserved for stock."""
        return uses_reserve(self.item.plan)

    @property
    def has_planned_listing(self) -> bool:
        """Whether the product's listing is still the one that the plan knew, and nothing was sent completely."""
        planned = self.item.plan.etsy_listing_id
        return planned is not None and self.listing_id == planned and not self.is_written

    @property
    def left_out(self) -> frozenset[int]:
        """Which of the planned pictures could not be had and are left out, counted from 1."""
        fields = [verdict.field for verdict in self.verdicts if verdict.code == LEFT_OUT]
        return frozenset(int(name.removeprefix("images[").removesuffix("]")) for name in fields)

    @property
    def new_section(self) -> str:
        """The title of a shop section that its listing needs and that was not there; blank where there is none."""
        return self.item.plan.desired.new_section if self.item.plan.desired else ""

    @property
    def _as_known(self) -> PlanItem:
        """The plan's item with the section that was made for it, and with attributes that Etsy refuses as they were."""
        planned, changes = self.item.plan, dict[str, Any]()
        if planned.desired is None:
            return planned
        if self.section_id is not None:
            changes = {"shop_section_id": self.section_id, "new_section": ""}
        refused, ours = refused_in(self.verdicts), self.published_attributes
        if refused and not same(planned.desired.attributes, ours):
            kept = (item for item in ours if item.property_id in refused)
            changes["attributes"] = (*without(planned.desired.attributes, refused), *kept)
        return replace(planned, desired=replace(planned.desired, **changes)) if changes else planned

    @property
    def published_attributes(self) -> tuple[Attribute, ...]:
        """The attributes that we put on the listing before."""
        known = self.before.published if self.before and self.item.plan.action == "update" else None
        return known.attributes if known else ()

    @property
    def plan(self) -> PlanItem:
        """What is to be done now: as planned, but without pictures that are left out.

        Without any picture the listing stays a draft: Etsy publishes none (FACTS §6).
        """
        planned, left_out = self._as_known, self.left_out
        if planned.desired is None or not left_out:
            return planned
        numbered = enumerate(planned.desired.images, start=1)
        images = tuple(image for number, image in numbered if number not in left_out)
        publish_as = planned.desired.publish_as if images or self.images else "draft"
        return replace(planned, desired=replace(planned.desired, images=images, publish_as=publish_as))


def what_was_there(work: ItemInProgress) -> Before:
    """What is about to be changed, so that it can be taken back; pictures of the seller's by their ids alone."""
    known, found = work.before, work.found
    if work.plan.action == "create" or known is None:
        return Before()
    listing = known.published
    if listing is not None and found is not None:
        listing = listing_of_live(found, listing)
    ours = {image.etsy_image_id: image for _, image in sorted(work.images.items())}
    ids = tuple(ours) if found is None or found.image_ids is None else found.image_ids
    images = tuple(
        ours.get(image_id) or PublishedImage(rank, f"{OF_SELLER}{image_id}", "", image_id)
        for rank, image_id in enumerate(ids, start=1)
    )
    texts = {item.language: item for item in (*work.spoilt, *((found.translations if found else None) or ()))}
    state = (found.state if found else known.listing_state) or ""
    return Before(state, listing, images, tuple(texts.values()))
