"""The publisher's journal: intent before each write to Etsy, result after it.

A result is committed together with the next intent, for nothing happens in between; where none follows, `keep` commits
it. Progress is a step on the row, not a variable in a process: a publisher that is started again goes on from here.
Each transaction makes sure first that the account's lease is still ours (`lease.py`).
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from etsy_pipeline.etsy.client import EtsyListing
from etsy_pipeline.listings.codec import listing_to_json
from etsy_pipeline.listings.listing import ListingImage
from etsy_pipeline.listings.verdict import Verdict
from etsy_pipeline.publishing.item_in_progress import WRITTEN, ItemInProgress, Result
from etsy_pipeline.publishing.lease import Lease
from etsy_pipeline.store import jobs, links, progress
from etsy_pipeline.store.engine import Session, Store
from etsy_pipeline.store.tables import EtsySyncJob, ListingImageRow

REFERENCE_PREFIX = "ref:etsy_pipeline/"


class Journal:
    """The journal of one job. Threads may share it, each with a product of its own."""

    def __init__(self, store: Store, job: EtsySyncJob, lease: Lease) -> None:
        self._store, self.job, self.lease = store, job, lease

    def waiting(self) -> Sequence[str]:
        """Products that are not finished, in the plan's order."""
        with self._store.reading() as session:
            return jobs.waiting_product_ids(session, self.job.id)

    def take_up(self, product_ids: Sequence[str]) -> list[ItemInProgress]:
        """Some products, in the plan's order, and what our books say of them."""
        account_id = self.job.etsy_account_id
        with self._store.reading() as session:
            items = jobs.items_of(session, self.job.id, product_ids)
            rows = links.rows_of(session, account_id, product_ids)
            images = links.images_of(session, account_id, product_ids)
        works = []
        for item in items:
            row = rows.get(item.product_id)
            work = ItemInProgress(item, images=images.get(item.product_id, {}))
            if row is not None:
                work.before, work.listing_id = links.as_link(row), row.etsy_listing_id
                work.state, work.url, work.reference = row.listing_state, row.etsy_url, row.create_reference
            works.append(work)
        return works

    def is_cancelled(self) -> bool:
        """Whether somebody called the job off meanwhile."""
        with self._store.reading() as session:
            return jobs.status(session, self.job.transaction_id) == "cancelled"

    def begin(self, work: ItemInProgress, step: str) -> None:
        """Intent: this step is about to be tried."""
        self._commit(work, partial(progress.try_step, job_id=self.job.id, product_id=work.product_id, step=step))

    def begin_create(self, work: ItemInProgress) -> tuple[str, bool]:
        """Intent to create a draft: (the reference it carries, whether an earlier create is unaccounted for)."""
        was_tried = work.reference is not None
        work.reference = work.reference or self._reference(work.product_id)
        work.results.append(self._link(work, create_reference=work.reference))
        self.begin(work, "create")
        return work.reference, was_tried

    def not_created(self, work: ItemInProgress) -> None:
        """Result: Etsy made no draft, for certain."""
        work.reference = None
        work.results.append(self._link(work, create_reference=None))

    def created(self, work: ItemInProgress, listing: EtsyListing) -> None:
        """Result: the draft exists. From now on the product has a listing id, whatever happens."""
        work.listing_id, work.state, work.url = listing.listing_id, listing.state, listing.url
        work.reference, work.images = None, {}
        known: dict[str, Any] = {
            "etsy_listing_id": work.listing_id,
            "listing_state": work.state,
            "etsy_url": work.url,
        }
        work.results += [
            self._link(work, **known, create_reference=None, published=None, wanted_state=listing.state),
            self._images(work, []),
        ]

    def image_uploaded(self, work: ItemInProgress, rank: int, image: ListingImage, sha256: str, image_id: int) -> None:
        """Result: this picture is on the listing at this rank. What else was to have its id was never there."""
        row = ListingImageRow(
            product_id=work.product_id,
            etsy_account_id=self.job.etsy_account_id,
            rank=rank,
            source_url=image.url,
            content_hash=sha256,
            etsy_image_id=image_id,
            alt_text=image.alt_text,
        )
        kept = {at: known for at, known in work.images.items() if known.etsy_image_id != image_id}
        work.images = kept | {rank: row}
        work.results.append(partial(progress.put_image, row=row))

    def leave_out(self, work: ItemInProgress, warnings: Sequence[Verdict]) -> None:
        """Result: these pictures cannot be had; the product goes on without them."""
        work.item.verdicts = [*work.item.verdicts, *map(asdict, warnings)]
        work.results.append(self._items([work.product_id], verdicts=work.item.verdicts))

    def forget_images(self, work: ItemInProgress, ranks: Sequence[int]) -> None:
        """Result: what we took for uploaded is not on the listing."""
        work.images = {rank: row for rank, row in work.images.items() if rank not in ranks}
        work.results.append(self._images(work, list(work.images.values())))

    def written(
        self,
        work: ItemInProgress,
        listing: EtsyListing,
        *,
        images: Sequence[ListingImageRow] | None,
        wanted_state: str | None,
    ) -> None:
        """Result: everything was sent and accepted; whether it was applied is to be read back.

        Args:
            work: the product.
            listing: as Etsy answered.
            images: its pictures in their order, where they were sent.
            wanted_state: the state that it was given, where it was given one.
        """
        work.state, work.url = listing.state, listing.url or work.url
        if images is not None:
            work.images = {rank: _at(row, rank) for rank, row in enumerate(images, start=1)}
            work.results.append(self._images(work, list(work.images.values())))
        wanted = {"wanted_state": wanted_state} if wanted_state else {}
        work.results.append(self._link(work, listing_state=work.state, etsy_url=work.url, **wanted))
        self._commit(work, self._items([work.product_id], step=WRITTEN))

    def keep(self, work: ItemInProgress) -> None:
        """Commit what happened, where no further intent does."""
        if work.results:
            self._commit(work)

    def synced(self, found: Sequence[tuple[ItemInProgress, str]]) -> None:
        """Result: these listings were read back, each in its state, and are as approved."""
        if not found:
            return
        now, product_ids = datetime.now(UTC), [work.product_id for work, _ in found]
        listings = [{"of_product": work.product_id, "state": state, "desired": _sent(work)} for work, state in found]
        with self._writing(has_finished_one=True) as session:
            progress.set_synced(session, self.job.etsy_account_id, listings, now)
            progress.finish_items(session, self.job.id, product_ids, "synced", now)

    def failed(self, work: ItemInProgress, code: str, message: str) -> None:
        """Result: this product could not be published; its listing id, if any, stays."""
        now = datetime.now(UTC)
        with self._writing(has_finished_one=True) as session:
            self._link(work, sync_status="failed", sync_error=message)(session)
            progress.finish_items(session, self.job.id, [work.product_id], "failed", now)
            self._items([work.product_id], error_code=code, error_message=message)(session)

    def unanswered(self, work: ItemInProgress) -> int:
        """Result: Etsy gave no usable answer, so the product waits for another round; how often this happened."""
        work.item.failures += 1
        self._commit(work, self._items([work.product_id], failures=work.item.failures))
        return work.item.failures

    def reset_failures(self, product_ids: Sequence[str]) -> None:
        """It was Etsy and not these products: what failed does not count."""
        with self._writing() as session:
            self._items(product_ids, failures=0)(session)

    def skipped(self, product_ids: Sequence[str]) -> None:
        """Result: there was nothing to do for these."""
        with self._writing(has_finished_one=True) as session:
            progress.finish_items(session, self.job.id, product_ids, "skipped", datetime.now(UTC))

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

    def _commit(self, work: ItemInProgress, *more: Result) -> None:
        with self._writing() as session:
            for write in (*work.results, *more):
                write(session)
        work.results.clear()

    def _link(self, work: ItemInProgress, **values: Any) -> Result:
        known = {"product_title": work.item.product_title, "updated_at": datetime.now(UTC)}
        return lambda session: progress.set_link(session, self.job.etsy_account_id, work.product_id, **known, **values)

    def _images(self, work: ItemInProgress, rows: Sequence[ListingImageRow]) -> Result:
        return lambda session: progress.set_images(session, self.job.etsy_account_id, work.product_id, rows)

    def _items(self, product_ids: Sequence[str], **values: Any) -> Result:
        return lambda session: progress.set_items(session, self.job.id, product_ids, **values)

    def _count(self, session: Session, job: EtsySyncJob) -> None:
        outcomes = jobs.outcomes(session, job.id)
        job.synced_count, job.failed_count = outcomes["synced"], outcomes["failed"]
        job.skipped_count, job.deferred_count = outcomes["skipped"], outcomes["waiting"]

    def _reference(self, product_id: str) -> str:
        digest = hashlib.sha256(f"{self.job.etsy_account_id}/{product_id}".encode()).hexdigest()
        return f"{REFERENCE_PREFIX}{digest[:20]}"


def _sent(work: ItemInProgress) -> str | None:
    """The listing as it is now: with the pictures that are there, where some were left out or are at old addresses."""
    desired = work.desired()
    if desired is None or not (work.left_out or any(image.sha256 for image in desired.images)):
        return work.item.desired
    there = (ListingImage(row.source_url, row.alt_text) for _, row in sorted(work.images.items()))
    return listing_to_json(replace(desired, images=tuple(there)))


def _at(row: ListingImageRow, rank: int) -> ListingImageRow:
    return ListingImageRow(
        product_id=row.product_id,
        etsy_account_id=row.etsy_account_id,
        rank=rank,
        source_url=row.source_url,
        content_hash=row.content_hash,
        etsy_image_id=row.etsy_image_id,
        alt_text=row.alt_text,
    )
