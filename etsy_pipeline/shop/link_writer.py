"""Writing decisions into the books: links, candidates that are decided, and the log. Nothing is sent to Etsy."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from msgspec import to_builtins

from etsy_pipeline.planning.link import Link, LiveListing
from etsy_pipeline.planning.plan_item import CHANGING
from etsy_pipeline.shop.attach import adopted, handed_over
from etsy_pipeline.shop.link_books import LinkBooks
from etsy_pipeline.shop.link_requests import KnownProduct, LinkRequest, Said
from etsy_pipeline.store import clock, items, jobs, link_changes, link_decisions, seen_listings
from etsy_pipeline.store.accounts import settings_of
from etsy_pipeline.store.engine import Session
from etsy_pipeline.store.records import EtsyAccount, LinkDecision, LinkDecisionKind
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import lifecycle
from etsy_pipeline.sync.lifecycle import Event

Evidence = Iterable[Mapping[str, Any]]


@dataclass(slots=True)
class LinkWriter:
    """Writes what was checked, within one transaction; the account is locked."""

    session: Session
    account: EtsyAccount
    books: LinkBooks
    live: Mapping[int, LiveListing]
    said: Said
    now: datetime = field(init=False)
    decided: list[LinkDecision] = field(default_factory=list)
    relinked: set[str] = field(default_factory=set)
    is_any_offered_again: bool = False

    def __post_init__(self) -> None:
        self.now = clock.now(self.session)

    def write(self, requests: Sequence[LinkRequest]) -> None:
        """All of them, the log, and what becomes of plans that say something else of these products."""
        for request in requests:
            _WRITE[request.act](self, request)
        link_decisions.add(self.session, *self.decided)
        self._supersede_plans()

    def attach(self, request: LinkRequest) -> None:
        """A listing that was there is this product's; one of a product that is gone moves."""
        old = self.books.moved_from(request)
        found = self.books.candidate(request)
        evidence = to_builtins(found.evidence) if found else ()
        if old:
            owner = self.books.links[old]
            self._hand_over(request, owner, request.product_id, evidence)
            return
        seen = self.books.seen[request.listing_id or 0]
        link = adopted(
            request, self._product(request.product_id), seen, self.live[seen.listing_id],
            before=self.books.links.get(request.product_id), account=self.account, settings=settings_of(self.account),
        )  # fmt: skip
        link_changes.put(self.session, link, self.now)
        self._note(request, "attached", request.product_id, seen.listing_id, [*evidence, {"keeps": list(link.keeps)}])
        self._settled([request.product_id], [seen.listing_id])

    def detach(self, request: LinkRequest) -> None:
        """The product is undecided again; the log has what the link was."""
        link = self.books.links[request.product_id]
        link_changes.clear(self.session, self.account.id, request.product_id, self.now)
        self._note(request, "detached", request.product_id, link.etsy_listing_id, [_told(link)])
        self.relinked.add(request.product_id)

    def move(self, request: LinkRequest) -> None:
        """Another product takes the listing over."""
        self._hand_over(request, self.books.links[request.product_id], request.to_product_id, ())

    def take_back(self, request: LinkRequest) -> None:
        """A listing that its seller set inactive, or back to a draft, is ours to set active again."""
        link = self.books.links[request.product_id]
        state = "draft" if link.listing_state == "draft" else "inactive"
        link_changes.put(self.session, replace(link, wanted_state=state), self.now)
        self._note(request, "taken_back", request.product_id, link.etsy_listing_id, [_told(link)])

    def ignore(self, request: LinkRequest) -> None:
        """A listing is none of Medusa's products."""
        listing_id = request.listing_id or 0
        seen_listings.set_ignored(self.session, self.account.id, listing_id, self.now)
        self._note(request, "ignored", request.product_id or None, listing_id, ())
        link_changes.drop_candidates(self.session, self.account.id, listing_ids=[listing_id])

    def unignore(self, request: LinkRequest) -> None:
        """It may be one again."""
        seen_listings.set_ignored(self.session, self.account.id, request.listing_id or 0, None)
        self.is_any_offered_again = True
        self._note(request, "unignored", request.product_id or None, request.listing_id, ())

    def create_anyway(self, request: LinkRequest) -> None:
        """The product is none of its candidates, or not this one."""
        for candidate in self.books.candidates[request.product_id]:
            if request.listing_id in {None, candidate.listing_id}:
                evidence = to_builtins(candidate.evidence)
                self._note(request, "create_anyway", candidate.product_id, candidate.listing_id, evidence)
                link_changes.drop_pair(self.session, self.account.id, candidate.product_id, candidate.listing_id)

    def _hand_over(self, request: LinkRequest, old: Link, product_id: str, evidence: Evidence) -> None:
        link = handed_over(old, product_id, self._product(product_id))
        link_changes.hand_over(self.session, link, old.product_id, self.now)
        self._note(request, "moved", product_id, link.etsy_listing_id, [*evidence, _told(old)])
        self._settled([product_id, old.product_id], [link.etsy_listing_id or 0])

    def _product(self, product_id: str) -> KnownProduct:
        found = self.books.product(product_id)
        assert found is not None, "it was checked"  # noqa: S101 - what is not known is refused before
        return found

    def _settled(self, product_ids: Sequence[str], listing_ids: Sequence[int]) -> None:
        account_id = self.account.id
        link_changes.drop_candidates(self.session, account_id, product_ids=product_ids, listing_ids=listing_ids)
        self.relinked.update(product_ids)

    def _note(
        self,
        request: LinkRequest,
        decision: LinkDecisionKind,
        product_id: str | None,
        listing_id: int | None,
        evidence: Evidence,
    ) -> None:
        said = self.said
        note = request.note or said.note
        self.decided.append(
            LinkDecision(
                self.account.id,
                decision,
                said.decided_by.strip(),
                said.through,
                product_id,
                listing_id,
                note,
                tuple(evidence),
                self.now,
            )
        )

    def _supersede_plans(self) -> None:
        """A plan that waits and would send something for a product that is linked otherwise now gives way.

        So does one that creates products, where one of them may be a listing that is no longer ignored.
        """
        for job in jobs.in_state(self.session, SyncState.PLANNED, account_id=self.account.id):
            touched = self.relinked.intersection(items.product_ids(self.session, job.id, actions=CHANGING))
            if self.is_any_offered_again:
                touched |= set(items.product_ids(self.session, job.id, actions=("create",)))
            if touched:
                told = f"{self.said.decided_by.strip()} decided anew which listing {min(touched)} is"
                more = f", and {len(touched) - 1} others" if len(touched) > 1 else ""
                log = {"job": f"{told}{more}. Ask for a new sync."}
                lifecycle.move(self.session, job, Event.SUPERSEDE, who="person", error_log=log)


_WRITE = {
    "attach": LinkWriter.attach, "detach": LinkWriter.detach, "move": LinkWriter.move, "ignore": LinkWriter.ignore,
    "unignore": LinkWriter.unignore, "create_anyway": LinkWriter.create_anyway, "take_back": LinkWriter.take_back,
}  # fmt: skip


def _told(link: Link) -> dict[str, Any]:
    """What a link was, for the log."""
    return {
        "was_linked": {
            "product_id": link.product_id, "etsy_listing_id": link.etsy_listing_id, "etsy_url": link.etsy_url,
            "listing_state": link.listing_state, "origin": link.origin, "keeps": list(link.keeps),
            "sync_status": link.sync_status, "sync_error": link.sync_error,
            "last_synced_at": link.last_synced_at.isoformat() if link.last_synced_at else None,
        }
    }  # fmt: skip
