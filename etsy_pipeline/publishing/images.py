"""Pictures of one listing: only what is not there is uploaded, new ones are up before old ones go (FACTS §8).

A picture goes to a rank that nothing else needs, in place of what a lost upload may have left there: so repeating an
upload makes no second picture. The last PATCH names all pictures in their order, and what it leaves out is detached.
After it each is at its rank, and gets another text there without its bytes, where the shop wants that. Which picture
stands for a variation comes last of all (`variation_images.py`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from etsy_pipeline.errors import PipelineError, Refused, Unavailable
from etsy_pipeline.listings.images import MAX
from etsy_pipeline.listings.listing import ListingImage
from etsy_pipeline.pictures.source import Picture, PictureSource
from etsy_pipeline.planning.link import PublishedImage
from etsy_pipeline.providers.protocols import RemoteImage, ShopClient
from etsy_pipeline.publishing.item_in_progress import ItemInProgress
from etsy_pipeline.publishing.journal import Journal

Published = Mapping[int, PublishedImage]
Pictures = dict[str, Picture]
Broken = dict[str, PipelineError]
Attempt = Callable[[Callable[[], RemoteImage]], RemoteImage]


@dataclass(frozen=True, slots=True)
class ImagePublisher:
    """Uploads the pictures of single listings.

    Args:
        client: the shop's Etsy.
        shop_id: Etsy's id of the shop.
        pictures: where they come from.
        journal: of the job.
    """

    client: ShopClient
    shop_id: int
    pictures: PictureSource
    journal: Journal

    def fetch(
        self, images: Sequence[ListingImage], there: Published, *, may_be_broken: bool = False
    ) -> tuple[Pictures, Broken]:
        """Fetch all pictures that may be needed before anything is sent: a dead one leaves nothing half done.

        Args:
            images: as they should be.
            there: those that are on the listing.
            may_be_broken: whether those that cannot be had are given back, or the first one's error raised.
        """
        placed = _placed(images, there, {})
        fetched, broken = Pictures(), Broken()
        for url in dict.fromkeys(image.url for image, known in zip(images, placed, strict=True) if known is None):
            try:
                fetched[url] = self.pictures.fetch(url)
            except (Refused, Unavailable) as error:
                if not may_be_broken:
                    raise
                broken[url] = error
        return fetched, broken

    def put(
        self, work: ItemInProgress, listing_id: int, images: Sequence[ListingImage], fetched: Pictures, attempt: Attempt
    ) -> list[PublishedImage]:
        """Upload what is not there yet; all pictures in their order.

        Args:
            work: the product.
            listing_id: Etsy's id of the listing.
            images: as they should be.
            fetched: those that are to be uploaded.
            attempt: does something with a listing that may be so new that Etsy does not show it yet.
        """
        while True:
            placed = _placed(images, work.images, fetched)
            missing = next((image for image, known in zip(images, placed, strict=True) if known is None), None)
            if missing is None:
                chosen = [
                    replace(known, source_url=image.url)
                    for image, known in zip(images, placed, strict=True)
                    if known is not None
                ]
                return chosen + _others(work, chosen) if work.left_out else chosen
            self._upload(work, listing_id, missing, fetched, _free_rank(work.images, placed), attempt)

    def put_texts(
        self, work: ItemInProgress, listing_id: int, images: Sequence[ListingImage], there: Sequence[PublishedImage]
    ) -> list[PublishedImage]:
        """Give pictures that have another text their new one; the pictures as they are then.

        Args:
            work: the product.
            listing_id: Etsy's id of the listing.
            images: as they should be.
            there: those that are on the listing, each at its rank; these first, and in this order.
        """
        found = list(there)
        for place, (image, known) in enumerate(zip(images, there, strict=False)):
            if image.alt_text != known.alt_text:
                rank, image_id = place + 1, known.etsy_image_id
                self.journal.begin(work, f"text {rank}")
                told = self.client.set_alt_text(self.shop_id, listing_id, image_id, rank=rank, alt_text=image.alt_text)
                found[place] = replace(known, etsy_image_id=told.listing_image_id, alt_text=image.alt_text)
                self.journal.text_put(work, known, found[place])
        return found

    def count(self, work: ItemInProgress, listing_id: int) -> bool:
        """Ask Etsy which of the pictures are there, and forget those that are not; whether there were such."""
        there = set(self.client.image_ids(listing_id))
        lost = [rank for rank, image in work.images.items() if image.etsy_image_id not in there]
        if lost:
            self.journal.forget_images(work, lost)
        return bool(lost)

    def _upload(
        self, work: ItemInProgress, listing_id: int, image: ListingImage, fetched: Pictures, rank: int, attempt: Attempt
    ) -> None:
        picture = fetched.get(image.url) or self.pictures.fetch(image.url)
        self.journal.begin(work, f"image {rank}")
        uploaded = attempt(
            lambda: self.client.upload_image(
                self.shop_id,
                listing_id,
                content=picture.content,
                filename=picture.filename,
                rank=rank,
                alt_text=image.alt_text,
            )
        )
        self.journal.image_uploaded(work, rank, image, picture.source_sha256, uploaded.listing_image_id)


def _placed(images: Sequence[ListingImage], there: Published, fetched: Pictures) -> list[PublishedImage | None]:
    """For each picture the one that is on the listing already: the same address or content, whatever its text."""
    free = dict(sorted(there.items()))
    found: list[PublishedImage | None] = []
    for image in images:
        content = fetched[image.url].source_sha256 if image.url in fetched else None
        rank = next((rank for rank, known in free.items() if _is(known, image, content)), None)
        found.append(None if rank is None else free.pop(rank))
    return found


def _is(known: PublishedImage, image: ListingImage, content: str | None) -> bool:
    is_at_its_address = known.source_url == image.url and not image.sha256
    return is_at_its_address or known.content_hash in {content, image.sha256 or content}


def _others(work: ItemInProgress, chosen: Sequence[PublishedImage]) -> list[PublishedImage]:
    """What else is on the listing, and stays while a picture that should replace it cannot be had."""
    ranks = {image.rank for image in chosen}
    return [image for rank, image in sorted(work.images.items()) if rank not in ranks][: MAX - len(chosen)]


def _free_rank(there: Published, placed: Sequence[PublishedImage | None]) -> int:
    kept = {image.rank for image in placed if image is not None}
    unused = [rank for rank in range(1, MAX + 1) if rank not in there]
    return unused[0] if unused else max(rank for rank in there if rank not in kept)
