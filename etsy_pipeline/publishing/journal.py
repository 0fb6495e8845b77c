"""The publisher's journal: intent before each write to Etsy, result after it, each committed at once.

Progress is a step on the row, not a variable in a process: a publisher that is started again goes on from here. Each
transaction makes sure first that the account's lease is still ours (`lease.py`).
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from etsy_pipeline.etsy.client import EtsyListing
from etsy_pipeline.listings.listing import ListingImage
from etsy_pipeline.planning.link import Link
from etsy_pipeline.publishing.lease import Lease
from etsy_pipeline.store import jobs, links
from etsy_pipeline.store.engine import Session, Store
from etsy_pipeline.store.tables import EtsySyncJob, ListingImageRow, ProductEtsyLink, SyncItem

REFERENCE_PREFIX = "ref:etsy_pipeline/"
WRITTEN = "written"  # the step of an item of which everything was sent, and nothing read back


class Journal:
    """The journal of one job."""

    def __init__(self, store: Store, job: EtsySyncJob, lease: Lease) -> None:
        self._store, self.job, self.lease = store, job, lease

    def waiting(self) -> Sequence[str]:
        """Products that are not finished, in the plan's order."""
        with self._store.reading() as session:
            return jobs.waiting_product_ids(session, self.job.id)

    def items(self, product_ids: Sequence[str]) -> list[SyncItem]:
        """The items of some products, in the plan's order."""
        with self._store.reading() as session:
            return list(jobs.items_of(session, self.job.id, product_ids))

    def links(self, product_ids: Sequence[str]) -> Mapping[str, Link]:
        """The links of some products."""
        with self._store.reading() as session:
            return links.of_products(session, self.job.etsy_account_id, product_ids)

    def is_cancelled(self) -> bool:
        """Whether somebody called the job off meanwhile."""
        with self._store.reading() as session:
            return jobs.get(session, self.job.transaction_id).status == "cancelled"

    def link(self, product_id: str) -> ProductEtsyLink | None:
        """The link of a product."""
        with self._store.reading() as session:
            return links.get(session, self.job.etsy_account_id, product_id)

    def images(self, product_id: str) -> dict[int, ListingImageRow]:
        """The pictures that are on a product's listing, by rank."""
        with self._store.reading() as session:
            return links.images(session, self.job.etsy_account_id, product_id)

    def begin(self, product_id: str, step: str) -> None:
        """Intent: this step is about to be tried."""
        with self._writing() as session:
            item = jobs.item(session, self.job.id, product_id)
            item.step, item.attempts = step, item.attempts + 1

    def begin_create(self, item: SyncItem) -> tuple[str, bool]:
        """Intent to create a draft: (the reference it carries, whether an earlier create is unaccounted for)."""
        with self._writing() as session:
            link = self._link(session, item)
            was_tried = link.create_reference is not None
            link.create_reference = link.create_reference or self._reference(item.product_id)
            row = jobs.item(session, self.job.id, item.product_id)
            row.step, row.attempts = "create", row.attempts + 1
            return link.create_reference, was_tried

    def not_created(self, item: SyncItem) -> None:
        """Result: Etsy made no draft, for certain."""
        with self._writing() as session:
            self._link(session, item).create_reference = None

    def created(self, item: SyncItem, listing: EtsyListing) -> None:
        """Result: the draft exists. From now on the product has a listing id, whatever happens."""
        with self._writing() as session:
            link = self._link(session, item)
            link.etsy_listing_id, link.listing_state = listing.listing_id, listing.state
            link.etsy_url, link.create_reference = listing.url, None
            link.published, link.wanted_state = None, listing.state
            links.drop_images(session, self.job.etsy_account_id, item.product_id, range(100))

    def image_uploaded(self, product_id: str, rank: int, image: ListingImage, sha256: str, image_id: int) -> None:
        """Result: this picture is on the listing at this rank. What else was to have its id was never there."""
        with self._writing() as session:
            known = links.images(session, self.job.etsy_account_id, product_id)
            ghosts = [row.rank for row in known.values() if row.etsy_image_id == image_id and row.rank != rank]
            links.drop_images(session, self.job.etsy_account_id, product_id, ghosts)
            session.merge(self._image(product_id, rank, image.url, image.alt_text, sha256, image_id))

    def forget_images(self, product_id: str, ranks: Sequence[int]) -> None:
        """Result: what we took for uploaded is not on the listing."""
        with self._writing() as session:
            links.drop_images(session, self.job.etsy_account_id, product_id, ranks)

    def written(
        self,
        item: SyncItem,
        listing: EtsyListing,
        *,
        images: Sequence[ListingImageRow] | None,
        wanted_state: str | None,
    ) -> None:
        """Result: everything was sent and accepted; whether it was applied is to be read back.

        Args:
            item: of the plan.
            listing: as Etsy answered.
            images: its pictures in their order, where they were sent.
            wanted_state: the state that it was given, where it was given one.
        """
        with self._writing() as session:
            link = self._link(session, item)
            link.listing_state, link.etsy_url = listing.state, listing.url or link.etsy_url
            link.wanted_state = wanted_state or link.wanted_state
            if images is not None:
                links.drop_images(session, self.job.etsy_account_id, item.product_id, range(100))
                for rank, row in enumerate(images, start=1):
                    known = row.source_url, row.alt_text, row.content_hash, row.etsy_image_id
                    session.add(self._image(item.product_id, rank, *known))
            jobs.item(session, self.job.id, item.product_id).step = WRITTEN

    def synced(self, item: SyncItem, state: str) -> None:
        """Result: the listing was read back, in this state, and is as approved."""
        now = datetime.now(UTC)
        with self._writing(has_finished_one=True) as session:
            link = self._link(session, item)
            link.sync_status, link.sync_error, link.last_synced_at = "synced", None, now
            link.published, link.listing_state = item.desired or link.published, state
            self._finish(session, item.product_id, "synced", now)

    def failed(self, item: SyncItem, code: str, message: str) -> None:
        """Result: this product could not be published; its listing id, if any, stays."""
        now = datetime.now(UTC)
        with self._writing(has_finished_one=True) as session:
            link = self._link(session, item)
            link.sync_status, link.sync_error, link.updated_at = "failed", message, now
            row = self._finish(session, item.product_id, "failed", now)
            row.error_code, row.error_message = code, message

    def unanswered(self, item: SyncItem) -> int:
        """Result: Etsy gave no usable answer, so the product waits for another round; how often this happened."""
        with self._writing() as session:
            row = jobs.item(session, self.job.id, item.product_id)
            row.failures += 1
            return row.failures

    def pardon(self, product_ids: Sequence[str]) -> None:
        """It was Etsy and not these products: what failed does not count."""
        with self._writing() as session:
            for row in jobs.items_of(session, self.job.id, product_ids):
                row.failures = 0

    def skipped(self, items: Sequence[SyncItem]) -> None:
        """Result: there was nothing to do for these."""
        now = datetime.now(UTC)
        with self._writing(has_finished_one=True) as session:
            for item in items:
                self._finish(session, item.product_id, "skipped", now)

    def count(self) -> None:
        """Bring the job's counts up to date, so that its progress can be watched."""
        with self._writing() as session:
            self._count(session, jobs.get(session, self.job.transaction_id, lock=True))

    def has_nothing_worked(self) -> bool:
        """Whether products failed, and none is as it should be."""
        with self._store.reading() as session:
            outcomes = jobs.outcomes(session, self.job.id)
        return outcomes["failed"] > 0 and outcomes["synced"] == 0 and outcomes["skipped"] == 0

    def finish(self, status: str, *, message: str = "", resume_at: datetime | None = None) -> EtsySyncJob:
        """The job's end, or its pause: status, counts and errors; the lease is given back."""
        with self._writing() as session:
            job = jobs.get(session, self.job.transaction_id, lock=True)
            self._count(session, job)
            if job.status != "cancelled":
                job.status, job.resume_at = status, resume_at
                job.completed_at = None if status == "paused" else datetime.now(UTC)
            failed = jobs.items(session, job.id, outcome="failed")
            errors = {item.product_id: item.error_message or "" for item in failed}
            job.error_log = errors | ({"job": message} if message else {})
            self.lease.release(session)
            self.job = job
        return job

    @contextmanager
    def _writing(self, *, has_finished_one: bool = False) -> Iterator[Session]:
        with self._store.writing() as session:
            self.lease.confirm(session, has_finished_one=has_finished_one)
            yield session

    def _count(self, session: Session, job: EtsySyncJob) -> None:
        outcomes = jobs.outcomes(session, job.id)
        job.synced_count, job.failed_count = outcomes["synced"], outcomes["failed"]
        job.skipped_count, job.deferred_count = outcomes["skipped"], outcomes["waiting"]

    def _finish(self, session: Session, product_id: str, outcome: str, now: datetime) -> SyncItem:
        row = jobs.item(session, self.job.id, product_id)
        row.outcome, row.finished_at, row.step = outcome, now, "done"
        return row

    def _link(self, session: Session, item: SyncItem) -> ProductEtsyLink:
        now = datetime.now(UTC)
        link = links.get(session, self.job.etsy_account_id, item.product_id)
        if link is None:
            link = ProductEtsyLink(
                product_id=item.product_id,
                etsy_account_id=self.job.etsy_account_id,
                sync_status="pending",
                updated_at=now,
            )
            session.add(link)
        link.product_title, link.updated_at = item.product_title, now
        return link

    def _image(
        self, product_id: str, rank: int, url: str, alt_text: str, sha256: str, image_id: int
    ) -> ListingImageRow:
        return ListingImageRow(
            product_id=product_id,
            etsy_account_id=self.job.etsy_account_id,
            rank=rank,
            source_url=url,
            content_hash=sha256,
            etsy_image_id=image_id,
            alt_text=alt_text,
        )

    def _reference(self, product_id: str) -> str:
        digest = hashlib.sha256(f"{self.job.etsy_account_id}/{product_id}".encode()).hexdigest()
        return f"{REFERENCE_PREFIX}{digest[:20]}"
