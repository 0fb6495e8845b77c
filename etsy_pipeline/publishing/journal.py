"""The publisher's journal: intent before each write to Etsy, result after it.

A result is committed together with the next intent, for nothing happens in between; where none follows, `keep` commits
it, at the end of a product together with others that end soon after it. Progress is a step on the row, not a variable
in a process: a publisher that is started again goes on from here. Each transaction makes sure first that the account's
lease is still ours (`lease.py`).
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from msgspec import to_builtins

from etsy_pipeline.errors import Conflict
from etsy_pipeline.linking.reference import reference_of
from etsy_pipeline.listings.codec import listing_to_json
from etsy_pipeline.listings.images import MAX as MAX_IMAGES
from etsy_pipeline.listings.listing import ListingImage
from etsy_pipeline.listings.verdict import Verdict
from etsy_pipeline.planning import rollback
from etsy_pipeline.planning.link import Link, PublishedImage, PublishedMedia, VariationLink
from etsy_pipeline.planning.pictures import with_links_to
from etsy_pipeline.planning.plan_item import Action, PlanItem, lowers_stock_only
from etsy_pipeline.planning.sending import sent_parts
from etsy_pipeline.providers.protocols import RemoteListing
from etsy_pipeline.publishing.item_in_progress import WRITTEN, ItemInProgress, Write, what_was_there
from etsy_pipeline.publishing.lease import Lease
from etsy_pipeline.store import accounts, items, jobs, links, listing_media, pending_links, progress
from etsy_pipeline.store.engine import Session, Store
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import holds, lifecycle, pending_products, unsent
from etsy_pipeline.sync import rollback as sync_rollback
from etsy_pipeline.sync.lifecycle import Event

OURS: Mapping[str, Any] = {"origin": "created", "keeps": [], "variant_map": [], "variation_links": []}
"""What a link says of a listing that we made, be it in place of an adopted one that is gone."""


class TakenOut(Conflict):
    """The product is no part of the sync any more."""


class CalledOff(Conflict):
    """Somebody ended the sync: nothing more of it is begun."""


class Journal:
    """The journal of one job. Threads may share it, each with a product of its own."""

    def __init__(self, store: Store, job: EtsySyncJob, lease: Lease) -> None:
        self._store, self.job, self.lease = store, job, lease
        self._sent: list[ItemInProgress] = []

    def waiting(self, actions: Sequence[Action] = ()) -> Sequence[str]:
        """Products that are not finished, in the order of sending; only those with these actions, where given."""
        with self._store.reading() as session:
            return items.product_ids(session, self.job.id, outcome="waiting", actions=actions)

    def has_unsent(self) -> bool:
        """Whether anything is still to be sent, and not only to be read back."""
        with self._store.reading() as session:
            return items.unsent_count(session, self.job.id) > 0

    def calls_left(self) -> int:
        """How many calls to Etsy the plan takes for what is still to be sent."""
        with self._store.reading() as session:
            return items.calls_left(session, self.job.id)

    def on_sale_count(self) -> int:
        """How many of the shop's listings are on sale."""
        with self._store.reading() as session:
            return links.on_sale_count(session, self.job.etsy_account_id)

    def take_up(self, product_ids: Sequence[str]) -> list[ItemInProgress]:
        """Some products, in the order of sending, and what our books say of them."""
        account_id = self.job.etsy_account_id
        with self._store.reading() as session:
            found = items.of_products(session, self.job.id, product_ids)
            known = links.of_products(session, account_id, product_ids)
            images = links.images_of(session, account_id, product_ids)
            media = listing_media.of_products(session, account_id, product_ids)
            failed = [product_id for product_id, link in known.items() if link.has_failed]
            spoilt = items.found_by_failed(session, account_id, failed, self.job.id) if failed else {}
            if self.job.rollback_of:
                images = _with_earlier(images, sync_rollback.sent_by(session, self.job.rollback_of, product_ids))
        return [
            ItemInProgress(
                item,
                known.get(item.product_id),
                images.get(item.product_id, {}),
                media.get(item.product_id, ()),
                rollback.from_json(spoilt[item.product_id]).translations if item.product_id in spoilt else (),
            )
            for item in found
        ]

    def is_called_off(self) -> bool:
        """Whether somebody ended the sync meanwhile."""
        with self._store.reading() as session:
            return jobs.state(session, self.job.transaction_id) is not SyncState.PROCESSING

    def begin(self, work: ItemInProgress, step: str) -> None:
        """Intent: this step is about to be tried.

        Raises:
            TakenOut: `item_taken_out`, where somebody took the product out of the sync meanwhile.
            CalledOff: `sync_called_off`, where somebody ended the sync before anything was tried with the product.
            AccountHeld: `account_held`, where something holds the account meanwhile.
        """
        is_first = work.is_untouched and work.item.before is None
        before = rollback.to_json(what_was_there(work)) if is_first else None
        try:
            with self._store.writing() as session:
                self._require_going_on(session, work)
                if not progress.try_step(session, self.job.id, work.product_id, step, before):
                    raise _taken_out(self.job, work)
                for write in work.writes:
                    write(session)
        except (TakenOut, CalledOff):
            work.writes.clear()
            raise
        work.writes.clear()
        work.is_begun, work.has_progressed = True, False
        if is_first:
            work.item = replace(work.item, before=before)

    def _require_going_on(self, session: Session, work: ItemInProgress) -> None:
        standing = self.lease.standing(session, self.job.transaction_id, has_progressed=work.has_progressed)
        if standing.is_held:
            raise holds.held(holds.of(session, self.job.etsy_account_id))
        if standing.state is not SyncState.PROCESSING and not work.is_under_way:  # else it is brought to its end
            raise CalledOff(
                f"Somebody ended {self.job.transaction_id}: nothing of {work.product_id} was sent.",
                code="sync_called_off",
                hint="Nothing.",
            )

    def begin_revival(self, work: ItemInProgress) -> None:
        """Intent to set a listing active for a fee; the end of its paid time is kept, to tell whether it worked."""
        if work.ended_before is not None:
            work.writes.append(self._link(work, ending_at=work.ended_before))
        self.begin(work, "revive")

    def begin_create(self, work: ItemInProgress) -> tuple[str, bool]:
        """Intent to create a draft: (the reference it carries, whether an earlier create is unaccounted for)."""
        was_tried = work.reference is not None
        work.reference = work.reference or reference_of(self.job.etsy_account_id, work.product_id)
        work.writes.append(self._link(work, create_reference=work.reference))
        self.begin(work, "create")
        return work.reference, was_tried

    def not_created(self, work: ItemInProgress) -> None:
        """Result: Etsy made no draft, for certain."""
        work.reference = None
        work.writes.append(self._link(work, create_reference=None))

    def created(self, work: ItemInProgress, listing: RemoteListing) -> None:
        """Result: the draft exists. From now on the product has a listing id, whatever happens."""
        work.listing_id, work.state, work.url = listing.listing_id, listing.state, listing.url
        work.reference, work.images, work.media, work.links, work.has_progressed = None, {}, (), (), True
        known: dict[str, Any] = {
            "etsy_listing_id": work.listing_id,
            "listing_state": work.state,
            "etsy_url": work.url,
        }
        work.writes += [
            self._link(work, **known, **OURS, create_reference=None, published=None, wanted_state=listing.state),
            self._images(work, []),
            lambda session: listing_media.drop_all(session, self.job.etsy_account_id, work.product_id),
        ]

    def image_uploaded(self, work: ItemInProgress, rank: int, image: ListingImage, sha256: str, image_id: int) -> None:
        """Result: this picture is on the listing at this rank. What else was to have its id was never there."""
        put = PublishedImage(rank, image.url, sha256, image_id, image.alt_text)
        work.has_progressed = True
        self._put_image(work, put)

    def text_put(self, work: ItemInProgress, before: PublishedImage, put: PublishedImage) -> None:
        """Result: a picture has another text; where Etsy gave it another id, that is its id from now on."""
        known = next((rank for rank, image in work.images.items() if image.etsy_image_id == before.etsy_image_id), None)
        if known is not None:
            self._put_image(work, replace(put, rank=known))

    def leave_out(self, work: ItemInProgress, warnings: Sequence[Verdict]) -> None:
        """Result: these pictures cannot be had; the product goes on without them."""
        work.verdicts = (*work.verdicts, *warnings)
        work.writes.append(self._items([work.product_id], verdicts=to_builtins(work.verdicts)))

    def saw_links(self, work: ItemInProgress, seen: Sequence[VariationLink]) -> None:
        """Result: these are the listing's pictures of variations."""
        if tuple(seen) != work.links:
            work.links = tuple(seen)
            work.writes.append(self._link(work, variation_links=links.rows_of(seen)))

    def warn(self, work: ItemInProgress, warnings: Sequence[Verdict]) -> None:
        """Result: something that a person should know of the product, and that does not fail it."""
        self.leave_out(work, warnings)

    def refused_attributes(self) -> frozenset[int]:
        """Properties that Etsy refused as attributes of the account's listings within the last day."""
        with self._store.reading() as session:
            account = accounts.get(session, self.job.etsy_account_id)
        return accounts.refused_attributes(account, self._now())

    def refuse_attributes(self, work: ItemInProgress, properties: Sequence[int], warning: Verdict) -> None:
        """Result: Etsy refuses these attributes of the product: for a day they are not tried again."""
        self.warn(work, [warning])
        account_id, now = self.job.etsy_account_id, self._now()
        work.writes.append(lambda session: accounts.refuse_attributes(session, account_id, properties, now))

    def forget_images(self, work: ItemInProgress, ranks: Sequence[int]) -> None:
        """Result: what we took for uploaded is not on the listing."""
        work.images = {rank: image for rank, image in work.images.items() if rank not in ranks}
        work.writes.append(self._images(work, list(work.images.values())))

    def media_put(self, work: ItemInProgress, media: PublishedMedia, *, is_intent: bool = False) -> None:
        """Result: this video or file is on the listing. As an intent: it is about to be uploaded."""
        others = tuple(item for item in work.media if (item.kind, item.rank) != (media.kind, media.rank))
        work.media = (*others, media)
        work.has_progressed = work.has_progressed or not is_intent
        account_id, product_id = self.job.etsy_account_id, work.product_id
        work.writes.append(lambda session: listing_media.put(session, account_id, product_id, media))

    def media_gone(self, work: ItemInProgress, media: PublishedMedia) -> None:
        """Result: this video or file is not on the listing."""
        work.media = tuple(item for item in work.media if item != media)
        account_id, product_id = self.job.etsy_account_id, work.product_id
        work.writes.append(lambda session: listing_media.drop(session, account_id, product_id, media))

    def written(
        self,
        work: ItemInProgress,
        listing: RemoteListing | None,
        *,
        images: Sequence[PublishedImage] | None,
        wanted_state: str | None,
    ) -> None:
        """Result: everything was sent and accepted; whether it was applied is to be read back. To be kept with others.

        Args:
            work: the product.
            listing: as Etsy answered; None where no call said anything of it.
            images: its pictures in their order, where they were sent.
            wanted_state: the state that it was given, where it was given one.
        """
        work.state = listing.state if listing else work.state or "draft"
        work.url = (listing.url if listing else None) or work.url
        if images is not None:
            known, work.images = work.images, {rank: replace(image, rank=rank) for rank, image in enumerate(images, 1)}
            if work.images != known:
                work.writes.append(self._images(work, list(work.images.values())))
        wanted = {"wanted_state": wanted_state} if wanted_state else {}
        work.writes.append(self._link(work, listing_state=work.state, etsy_url=work.url, **wanted))
        work.has_progressed = True
        work.writes.append(self._items([work.product_id], step=WRITTEN))
        self._sent.append(work)

    def keep(self, *works: ItemInProgress) -> None:
        """Commit what happened, where no further intent does; of several in the order of all who lock several links."""
        if any(work.writes for work in works):
            self._commit(*sorted(works, key=lambda work: work.product_id))

    def keep_sent(self) -> None:
        """Commit what was sent completely, by whichever thread, since the last time."""
        sent = self._sent[:]
        self.keep(*sent)
        del self._sent[: len(sent)]

    def synced(self, found: Sequence[tuple[ItemInProgress, str]]) -> None:
        """Result: these listings were read back, each in its state, and are as approved."""
        if not found:
            return
        now, product_ids = self._now(), [work.product_id for work, _ in found]
        listings = [
            {"of_product": work.product_id, "state": state, "desired": _sent(work), "error": self._still_failed(work)}
            | _term(work)
            for work, state in found
        ]
        invalid = [work for work, _ in found if lowers_stock_only(work.plan)]
        with self._writing(has_progressed=True) as session:
            progress.set_synced(session, self.job.etsy_account_id, listings, now)
            for work in invalid:
                code, reason = work.plan.error_code, work.plan.reason
                progress.fail_item(session, self.job.id, work.product_id, code, reason, now)
            progress.finish_items(session, self.job.id, product_ids, "synced", now)

    def _still_failed(self, work: ItemInProgress) -> str | None:
        """What is told of a product whose last full update failed: sending its stock alone mends nothing of that.

        Nor does it where the product is invalid otherwise.
        """
        if lowers_stock_only(work.plan):
            return work.plan.reason
        is_failed = self.job.lane == "stock" and work.before is not None and work.before.has_failed
        return work.before.sync_error if is_failed and work.before else None

    def send_as_now(self, changed: Sequence[tuple[ItemInProgress, PlanItem, str]]) -> None:
        """These products changed since the plan, and go on as they are now; with what changed, in words."""
        with self._writing() as session:
            unsent.send_as_now(session, self.job, [(planned, told) for _, planned, told in changed])
        for work, planned, _ in changed:
            desired = listing_to_json(planned.desired) if planned.desired else None
            work.item = replace(work.item, plan=planned, desired_json=desired)

    def leave_changed(self, work: ItemInProgress, told: str) -> None:
        """This product changed since the plan: it leaves the sync, and is planned anew at its end."""
        with self._writing(has_progressed=True) as session:
            unsent.leave_changed(session, self.job, work.product_id, told, is_begun=not work.is_untouched)

    def failed(self, work: ItemInProgress, code: str, message: str) -> bool:
        """Result: this product could not be published; its listing id, if any, stays.

        False where somebody took it out of the sync meanwhile: then it stays as that left it.
        """
        now = self._now()
        with self._writing(has_progressed=True) as session:
            has_failed = progress.fail_item(session, self.job.id, work.product_id, code, message, now)
            if has_failed:
                self._link(work, sync_status="failed", sync_error=message)(session)
        return has_failed

    def unanswered(self, work: ItemInProgress) -> int:
        """Result: Etsy gave no usable answer, so the product waits for another round; how often this happened."""
        work.failures += 1
        work.writes.append(self._items([work.product_id], failures=work.failures))
        self._commit(work)
        return work.failures

    def reset_failures(self, product_ids: Sequence[str]) -> None:
        """It was Etsy and not these products: what failed does not count."""
        with self._writing() as session:
            self._items(product_ids, failures=0)(session)

    def skipped(self, product_ids: Sequence[str]) -> None:
        """Result: there was nothing to do for these."""
        now = self._now()
        with self._writing(has_progressed=True) as session:
            progress.finish_items(session, self.job.id, product_ids, "skipped", now)
            pending_links.settle_products(session, self.job, product_ids, now)

    def count(self) -> None:
        """Bring the job's counts up to date, so that its progress can be watched."""
        with self._writing() as session:
            jobs.change(session, self.job.transaction_id, **self._counts(session))

    def end(self) -> Event:
        """How a publication ends that went through all products: failed, where nothing that was to be sent worked."""
        with self._store.reading() as session:
            return unsent.end_of(session, self.job)

    def finish(self, event: Event | None, *, message: str = "", resume_at: datetime | None = None) -> EtsySyncJob:
        """The job's end, or its pause, with its counts and errors; the lease is given back.

        One that somebody ended meanwhile stays as it is, but for its counts and errors.

        Args:
            event: what happens to the job; None where it was ended by somebody else.
            message: what is told of the job as a whole.
            resume_at: when one that pauses goes on.
        """
        transaction_id = self.job.transaction_id
        with self._writing() as session:
            errors = items.errors(session, self.job.id) | ({"job": message} if message else {})
            told = self._counts(session) | {"error_log": errors}
            ended = None
            if event is not None:
                ended = lifecycle.try_move(session, transaction_id, event, who="publisher", resume_at=resume_at, **told)
            if ended is None:
                told["error_log"] = lifecycle.without_going_on(errors)
                jobs.change(session, transaction_id, **told)
            self.lease.release(session)
            self.job = ended or jobs.get(session, transaction_id)
            if ended is None:
                pending_products.let_go(session, self.job)
            elif ended.is_over:
                self.job = unsent.plan_left_ones(session, ended)
        return self.job

    @contextmanager
    def _writing(self, *, has_progressed: bool = False) -> Iterator[Session]:
        with self._store.writing() as session:
            self.lease.confirm(session, has_progressed=has_progressed)
            yield session

    def _commit(self, *works: ItemInProgress) -> None:
        with self._writing(has_progressed=any(work.has_progressed for work in works)) as session:
            for work in works:
                for write in work.writes:
                    write(session)
        for work in works:
            work.writes.clear()
            work.has_progressed = False

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._store.seconds(), UTC)

    def _link(self, work: ItemInProgress, **values: Any) -> Write:
        known: dict[str, Any] = {"product_title": work.item.plan.product_title, "updated_at": self._now()}
        known["transaction_id"] = self.job.transaction_id
        return lambda session: progress.set_link(session, self.job.etsy_account_id, work.product_id, **known, **values)

    def _images(self, work: ItemInProgress, images: Sequence[PublishedImage]) -> Write:
        return lambda session: progress.set_images(session, self.job.etsy_account_id, work.product_id, images)

    def _put_image(self, work: ItemInProgress, put: PublishedImage) -> None:
        """A picture is at its rank, in place of what was there, and at no other: Etsy may tell an id that we know."""
        known, account_id, product_id = work.images, self.job.etsy_account_id, work.product_id
        work.images = {at: image for at, image in known.items() if image.etsy_image_id != put.etsy_image_id}
        was_elsewhere = any(at != put.rank for at in known.keys() - work.images.keys())
        work.images[put.rank] = put
        work.writes.append(
            lambda session: progress.put_image(session, account_id, product_id, put, was_elsewhere=was_elsewhere)
        )

    def _items(self, product_ids: Sequence[str], **values: Any) -> Write:
        return lambda session: progress.set_items(session, self.job.id, product_ids, **values)

    def _counts(self, session: Session) -> dict[str, Any]:
        return dict(jobs.counts_of(items.outcomes(session, self.job.id)))


def _taken_out(job: EtsySyncJob, work: ItemInProgress) -> TakenOut:
    return TakenOut(
        f"Somebody took {work.product_id} out of {job.transaction_id}: nothing of it was sent.",
        code="item_taken_out",
        hint="Nothing.",
    )


def _term(work: ItemInProgress) -> dict[str, Any]:
    """How long the listing is paid for, as far as it was told."""
    known = work.before or Link(work.product_id)
    seen = work.seen
    ending_at = seen.ending_at if seen else None
    renews = seen.should_auto_renew if seen else None
    return {
        "new_ending_at": ending_at or known.ending_at,
        "renews": known.should_auto_renew if renews is None else renews,
    }


def _sent(work: ItemInProgress) -> str | None:
    """The listing as it is now: with the pictures that are there, where some were left out or have other texts."""
    desired = work.plan.desired
    if desired is None:
        return None
    if work.left_out or "images" in sent_parts(work.plan):
        there = tuple(ListingImage(image.source_url, image.alt_text) for _, image in sorted(work.images.items()))
        desired = with_links_to(replace(desired, images=there), there)
    return work.item.desired_json if desired == work.item.plan.desired else listing_to_json(desired)


def _with_earlier(
    images: dict[str, dict[int, PublishedImage]], sent: Mapping[str, rollback.Sent]
) -> dict[str, dict[int, PublishedImage]]:
    """Pictures of listings, with those that they had before: Etsy keeps what was taken off, to be put on again."""
    found = dict(images)
    for product_id, item in sent.items():
        there = images.get(product_id, {})
        known = {image.etsy_image_id for image in there.values()}
        earlier = [image for image in (item.before.images if item.before else ()) if image.etsy_image_id not in known]
        found[product_id] = there | dict(enumerate(earlier, start=MAX_IMAGES + 1))
    return found
