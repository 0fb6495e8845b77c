"""What a listing has beside its form, its pictures and its inventory: each kind is put by a module of its own.

Each step looks at what Etsy has before it sends anything that would make a second one, and reads back what it sent: it
may be repeated after a crash. Before the last PATCH comes what a listing needs to be published, after it what that
PATCH would spoil (LISTING_EXTRAS §1, §3, §4, §5).
"""

from collections.abc import Callable
from dataclasses import dataclass

from etsy_pipeline.listings.listing import Listing
from etsy_pipeline.pictures.media import MediaSource
from etsy_pipeline.planning.sending import sent_parts
from etsy_pipeline.providers.protocols import ShopClient
from etsy_pipeline.publishing.attempt import Attempt
from etsy_pipeline.publishing.attributes import AttributePublisher
from etsy_pipeline.publishing.files import FilePublisher
from etsy_pipeline.publishing.item_in_progress import ItemInProgress
from etsy_pipeline.publishing.journal import Journal
from etsy_pipeline.publishing.translations import TranslationPublisher
from etsy_pipeline.publishing.videos import VideoPublisher


@dataclass(frozen=True, slots=True)
class ExtrasPublisher:
    """Puts the extras of single listings.

    Args:
        client: the shop's Etsy.
        shop_id: Etsy's id of the shop.
        journal: of the job.
        attempt: how a listing is asked that may be new.
        media: where videos and files come from.
        sleep: waits so many seconds.
    """

    client: ShopClient
    shop_id: int
    journal: Journal
    attempt: Attempt
    media: MediaSource
    sleep: Callable[[float], None]

    def put_first(self, work: ItemInProgress, listing: Listing, listing_id: int) -> None:
        """What comes before the inventory: another type."""
        self._files.convert(work, listing, listing_id)

    def put(self, work: ItemInProgress, listing: Listing, listing_id: int) -> None:
        """What comes before the listing is completed and published: files, videos, attributes."""
        parts = sent_parts(work.plan)
        if "files" in parts:
            self._files.put(work, listing, listing_id)
        if "videos" in parts:
            self._videos.put(work, listing, listing_id)
        AttributePublisher(self.client, self.shop_id, self.journal, self.attempt).put(work, listing, listing_id)

    def put_last(self, work: ItemInProgress, listing_id: int) -> None:
        """What comes after the last PATCH: translations, which a new title spoils, and at times a new state."""
        self._translations.put(work, listing_id)

    def repair(self, work: ItemInProgress, listing_id: int) -> bool:
        """Mend what keeps Etsy from changing the listing, a translation without a description; whether it may help."""
        return self._translations.repair(work, listing_id)

    @property
    def _files(self) -> FilePublisher:
        return FilePublisher(self.client, self.shop_id, self.media, self.journal, self.attempt)

    @property
    def _videos(self) -> VideoPublisher:
        return VideoPublisher(self.client, self.shop_id, self.media, self.journal, self.attempt, self.sleep)

    @property
    def _translations(self) -> TranslationPublisher:
        return TranslationPublisher(self.client, self.shop_id, self.journal, self.attempt)
