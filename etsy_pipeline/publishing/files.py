"""Files of one download: new ones are up before old ones go, for without its last file it becomes physical (#454).

A file that is put on a physical listing makes it a download, without shipping and variations: so its type is asked for
right before. After a lost answer the files that are there tell whether it is up, by name and size; there are never two
(LISTING_EXTRAS §4).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from etsy_pipeline.errors import Refused
from etsy_pipeline.listings.files import MAX
from etsy_pipeline.listings.listing import Listing, ListingFile
from etsy_pipeline.pictures.media import Media, MediaSource
from etsy_pipeline.planning.link import PublishedMedia
from etsy_pipeline.planning.sending import sent_fields
from etsy_pipeline.providers.errors import RemoteUnavailable
from etsy_pipeline.providers.protocols import ListingChange, RemoteFile, ShopClient
from etsy_pipeline.publishing.attempt import Attempt
from etsy_pipeline.publishing.item_in_progress import ItemInProgress
from etsy_pipeline.publishing.journal import Journal


@dataclass(frozen=True, slots=True)
class FilePublisher:
    """Puts the files of single downloads.

    Args:
        client: the shop's Etsy.
        shop_id: Etsy's id of the shop.
        media: where the files come from.
        journal: of the job.
        attempt: how a listing is asked that may be new.
    """

    client: ShopClient
    shop_id: int
    media: MediaSource
    journal: Journal
    attempt: Attempt

    def convert(self, work: ItemInProgress, listing: Listing, listing_id: int) -> None:
        """Make a physical listing a download, where the plan says so: before its inventory, which has no profile then.

        Etsy refuses that (409) while the listing has variations.
        """
        if work.plan.action == "update" and listing.type == "download" and "type" in sent_fields(work.plan):
            self.journal.begin(work, "type")
            self.client.update_listing(self.shop_id, listing_id, ListingChange(listing, ["type"]))

    def put(self, work: ItemInProgress, listing: Listing, listing_id: int) -> None:
        """Upload what is not there yet, then take off what we put there before; the seller's own files stay.

        Raises:
            Refused: `not_a_download`, and what fetching them raises.
        """
        if not listing.files:
            return  # a download without files is a draft, or its seller's; its last file is never taken off
        self._require_download(work, listing_id)
        there = self._there(work, listing_id)
        for rank, wanted in enumerate(listing.files, start=1):
            if not any(_is(known, wanted) for known in _ours(work)):
                there = self._upload(work, listing, listing_id, rank, there)
        self._take_off_others(work, listing, listing_id, there, most=0)

    def _require_download(self, work: ItemInProgress, listing_id: int) -> None:
        """The guard: nothing here is called on a listing that is not a download at this moment."""
        now = self.attempt(work, lambda: self.client.listing_type(listing_id))
        if now != "download":
            raise Refused(
                f"Listing {listing_id} is {now} on Etsy: a file would make it a download, without shipping and "
                "variations. Nothing was put on it.",
                code="not_a_download",
                hint="Make it a download in Shop Manager, or remove etsy_files and etsy_type from its metadata.",
            )

    def _there(self, work: ItemInProgress, listing_id: int) -> Sequence[RemoteFile]:
        """The files that are on the listing; what we took for uploaded and is not is forgotten."""
        there = self.attempt(work, lambda: self.client.listing_files(self.shop_id, listing_id))
        ids = {file.listing_file_id for file in there}
        for known in _ours(work):
            if known.etsy_media_id not in ids:
                self.journal.media_gone(work, known)
        return there

    def _upload(
        self, work: ItemInProgress, listing: Listing, listing_id: int, rank: int, there: Sequence[RemoteFile]
    ) -> Sequence[RemoteFile]:
        """One file; the files that are there afterwards."""
        wanted = listing.files[rank - 1]
        media = self.media.file(wanted.url, wanted.name)
        if moved := next((item for item in _ours(work) if _has_content(item, wanted, media)), None):
            self._note(work, wanted, media, moved.etsy_media_id, moved.rank)
            return there
        if len(there) >= MAX:
            there = self._take_off_others(work, listing, listing_id, there, most=MAX - 1)
        self.journal.begin(work, f"file {rank}")
        file = self._unknown(work, wanted, media, there) or self._sent(work, listing_id, wanted, media, rank)
        self._note(work, wanted, media, file.listing_file_id, _free_rank(work))
        others = (item for item in there if item.listing_file_id != file.listing_file_id)
        return [*others, file]

    def _sent(self, work: ItemInProgress, listing_id: int, wanted: ListingFile, media: Media, rank: int) -> RemoteFile:
        """Upload a file; after a lost answer only where it did not arrive."""
        try:
            return self.attempt(work, lambda: self._send(listing_id, wanted, media, rank))
        except RemoteUnavailable as error:
            if not error.may_have_happened:
                raise
        there = self._there(work, listing_id)
        return self._unknown(work, wanted, media, there) or self._send(listing_id, wanted, media, rank)

    def _send(self, listing_id: int, wanted: ListingFile, media: Media, rank: int) -> RemoteFile:
        return self.client.upload_file(self.shop_id, listing_id, content=media.content, name=wanted.name, rank=rank)

    def _unknown(
        self, work: ItemInProgress, wanted: ListingFile, media: Media, there: Sequence[RemoteFile]
    ) -> RemoteFile | None:
        """A file with this name and size that is not in our books: an upload whose answer was lost."""
        known = {item.etsy_media_id for item in _ours(work)}
        alike = (it for it in there if it.filename == wanted.name and it.size_bytes == len(media.content))
        return next((it for it in alike if it.listing_file_id not in known), None)

    def _note(self, work: ItemInProgress, wanted: ListingFile, media: Media, file_id: int, rank: int) -> None:
        source, size = source_of(wanted), len(media.content)
        self.journal.media_put(work, PublishedMedia("file", rank, source, media.sha256, file_id, wanted.name, size))

    def _take_off_others(
        self, work: ItemInProgress, listing: Listing, listing_id: int, there: Sequence[RemoteFile], *, most: int
    ) -> Sequence[RemoteFile]:
        """Take off files of ours that are no longer wanted, until so many are left, never the last; the rest."""
        for known in _ours(work):
            if len(there) <= max(1, most) or any(_is(known, wanted) for wanted in listing.files):
                continue
            self.journal.begin(work, f"file off {known.rank}")
            self.client.delete_file(self.shop_id, listing_id, known.etsy_media_id)
            self.journal.media_gone(work, known)
            there = [item for item in there if item.listing_file_id != known.etsy_media_id]
        return there


def source_of(file: ListingFile) -> str:
    """A fingerprint of a file's address, which is a secret."""
    return hashlib.sha256(file.url.encode()).hexdigest()


def _ours(work: ItemInProgress) -> list[PublishedMedia]:
    return [item for item in work.media if item.kind == "file"]


def _is(known: PublishedMedia, wanted: ListingFile) -> bool:
    return known.name == wanted.name and known.source == source_of(wanted)


def _has_content(known: PublishedMedia, wanted: ListingFile, media: Media) -> bool:
    return known.name == wanted.name and known.content_hash == media.sha256


def _free_rank(work: ItemInProgress) -> int:
    return max((item.rank for item in _ours(work)), default=0) + 1
