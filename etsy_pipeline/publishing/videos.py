"""Videos of one listing: what is not there is uploaded, what we put there before goes, the seller's own stay.

Etsy tells neither a video's content nor its name. So before an upload our books note which videos are there: after a
lost answer, or in a publication after a crash, the newest one that is not among these is ours (LISTING_EXTRAS §2).
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from etsy_pipeline.errors import Refused
from etsy_pipeline.listings.listing import Listing, ListingVideo
from etsy_pipeline.listings.verdict import Verdict
from etsy_pipeline.listings.videos import MAX
from etsy_pipeline.pictures.download import shown
from etsy_pipeline.pictures.media import Media, MediaSource
from etsy_pipeline.planning.link import PublishedMedia
from etsy_pipeline.providers.errors import RemoteUnavailable
from etsy_pipeline.providers.protocols import RemoteVideo, ShopClient
from etsy_pipeline.publishing.attempt import Attempt
from etsy_pipeline.publishing.item_in_progress import ItemInProgress
from etsy_pipeline.publishing.journal import Journal

logger = logging.getLogger(__name__)

LEFT_OUT = "video_left_out"  # code of the warning that the plan's item gets
WAITS = (1.0, 2.0, 4.0, 8.0)  # seconds between looks at a video that Etsy still works on
IN_WORK = "inactive"

Videos = Sequence[RemoteVideo]


@dataclass(frozen=True, slots=True)
class VideoPublisher:
    """Puts the videos of single listings.

    Args:
        client: the shop's Etsy.
        shop_id: Etsy's id of the shop.
        media: where the videos come from.
        journal: of the job.
        attempt: how a listing is asked that may be new.
        sleep: waits so many seconds.
    """

    client: ShopClient
    shop_id: int
    media: MediaSource
    journal: Journal
    attempt: Attempt
    sleep: Callable[[float], None]

    def put(self, work: ItemInProgress, listing: Listing, listing_id: int) -> None:
        """Upload what is not there yet, and take off what we put there before."""
        there = self._there(work, listing_id)
        self._settle_lost(work, there)
        for wanted in listing.videos:
            if not any(known.source == wanted.url for known in _ours(work)):
                there = self._upload(work, listing, listing_id, wanted, there)
        for known in _others(work, listing):
            there = self._take_off(work, listing_id, known, there)
        self._wait_for(work, listing_id)

    def _there(self, work: ItemInProgress, listing_id: int) -> Videos:
        return self.attempt(work, lambda: self.client.listing_videos(listing_id))

    def _settle_lost(self, work: ItemInProgress, there: Videos) -> None:
        """Take over an upload whose answer was lost, and forget what is not there (any more)."""
        ids = {video.video_id for video in there}
        for known in _ours(work):
            if known.etsy_media_id in ids:
                continue
            found = _newest_unknown(work, there, known.name) if not known.etsy_media_id else None
            if found is None:
                self.journal.media_gone(work, known)
            else:
                self._note(work, known, found.video_id)

    def _upload(
        self, work: ItemInProgress, listing: Listing, listing_id: int, wanted: ListingVideo, there: Videos
    ) -> Videos:
        """One video, if there is room for it; the videos that are there afterwards."""
        media = self.media.video(wanted.url)
        if moved := next((item for item in _others(work, listing) if item.content_hash == media.sha256), None):
            self._note(work, _intent(wanted, media, moved.rank), moved.etsy_media_id)
            return there
        for known in _others(work, listing):
            there = self._take_off(work, listing_id, known, there) if len(there) >= MAX else there
        if len(there) >= MAX:
            self.journal.leave_out(work, [_no_room(wanted)])
            return there
        intent = _intent(wanted, media, max((item.rank for item in _ours(work)), default=0) + 1, there)
        self.journal.media_put(work, intent, is_intent=True)
        self.journal.begin(work, "video")
        video = self._sent(work, listing_id, wanted, media, intent.name)
        self._note(work, intent, video.video_id)
        return [*there, video]

    def _sent(
        self, work: ItemInProgress, listing_id: int, wanted: ListingVideo, media: Media, before: str
    ) -> RemoteVideo:
        """Upload a video; after a lost answer only where it did not arrive."""

        def send() -> RemoteVideo:
            filename = PurePosixPath(unquote(urlsplit(wanted.url).path)).name
            return self.client.upload_video(self.shop_id, listing_id, content=media.content, filename=filename)

        try:
            return self.attempt(work, send)
        except RemoteUnavailable as error:
            if not error.may_have_happened:
                raise
        return _newest_unknown(work, self._there(work, listing_id), before) or send()

    def _take_off(self, work: ItemInProgress, listing_id: int, known: PublishedMedia, there: Videos) -> Videos:
        self.journal.begin(work, "video off")
        self.client.delete_video(self.shop_id, listing_id, known.etsy_media_id)
        self.journal.media_gone(work, known)
        return [video for video in there if video.video_id != known.etsy_media_id]

    def _note(self, work: ItemInProgress, known: PublishedMedia, video_id: int) -> None:
        put = PublishedMedia("video", known.rank, known.source, known.content_hash, video_id, "", known.size_bytes)
        self.journal.media_put(work, put)

    def _wait_for(self, work: ItemInProgress, listing_id: int) -> None:
        """Look a few times whether Etsy is done with ours; one that takes longer does not hold the listing up."""
        for wait in (*WAITS, None) if _ours(work) else ():
            states = {video.video_id: video.video_state for video in self._there(work, listing_id)}
            ours = {states.get(known.etsy_media_id, "deleted") for known in _ours(work)}
            if refused := ours - {IN_WORK, "active"}:
                raise _refused(listing_id, min(refused))
            if IN_WORK not in ours:
                return
            if wait is not None:
                self.sleep(wait)
        if _ours(work):
            logger.warning("video_still_in_work product_id=%s listing_id=%s", work.product_id, listing_id)


def _ours(work: ItemInProgress) -> list[PublishedMedia]:
    return [item for item in work.media if item.kind == "video"]


def _others(work: ItemInProgress, listing: Listing) -> list[PublishedMedia]:
    """Videos that we put on the listing, and that it is not to have any more."""
    wanted = {video.url for video in listing.videos}
    return [known for known in _ours(work) if known.source not in wanted]


def _newest_unknown(work: ItemInProgress, there: Videos, before: str) -> RemoteVideo | None:
    known = {item.etsy_media_id for item in _ours(work)} | {int(number) for number in before.split(",") if number}
    unknown = [video for video in there if video.video_id not in known]
    return max(unknown, key=lambda video: video.video_id, default=None)


def _intent(wanted: ListingVideo, media: Media, rank: int, there: Videos = ()) -> PublishedMedia:
    """An upload that is about to be made, with the ids of what is there before it."""
    before = ",".join(str(video.video_id) for video in there)
    return PublishedMedia("video", rank, wanted.url, media.sha256, 0, before, len(media.content))


def _no_room(wanted: ListingVideo) -> Verdict:
    return Verdict(
        LEFT_OUT,
        "warning",
        "videos",
        f"The video {shown(wanted.url)} was left out: the listing has {MAX} that its seller put there.",
        "Delete one of these in Shop Manager, or remove etsy_video from the product's metadata.",
    )


def _refused(listing_id: int, state: str) -> Refused:
    return Refused(
        f"Etsy took a video of listing {listing_id} and does not show it: it is {state}.",
        code="video_not_shown",
        hint="Look at the listing in Shop Manager; replace the video (5 to 15 seconds, at least 500 px wide).",
    )
