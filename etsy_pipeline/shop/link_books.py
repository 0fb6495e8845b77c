"""What the books say of the products and listings that somebody wants decided, and whether they allow it.

Everything is read for all requests at once: there may be thousands. `refusal` is asked twice: before Etsy is read, and
once more with the account locked.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from etsy_pipeline.errors import BadRequest, Conflict, NotFound, PipelineError
from etsy_pipeline.linking.candidates import Candidate
from etsy_pipeline.linking.seen import SeenListing
from etsy_pipeline.listings.plan_settings import FIELDS
from etsy_pipeline.planning.link import Link
from etsy_pipeline.shop.link_requests import KnownProduct, LinkRequest
from etsy_pipeline.store import jobs, link_candidates, link_changes, links, seen_listings
from etsy_pipeline.store.engine import Session
from etsy_pipeline.store.sync_states import UNDER_WAY, SyncState
from etsy_pipeline.sync.stock_lane import held_by

LISTS = "`etsy-pipeline links candidates ACCOUNT` shows what may belong together."


@dataclass(slots=True)
class LinkBooks:
    """What is known: `owner` of a listing is the product that it is linked to, `held` says by which sync.

    `taken` counts how often each product and listing is to be linked, `turned_down` are the pairs, and the listings
    (with a blank product), that the same requests decide against.
    """

    account_id: str
    links: Mapping[str, Link]
    owner: Mapping[int, str]
    seen: Mapping[int, SeenListing]
    ignored: frozenset[int]
    of_others: frozenset[int]
    candidates: Mapping[str, Sequence[Candidate]]
    held: Mapping[str, str]
    being_planned: str
    products: Mapping[str, KnownProduct] = field(default_factory=dict)
    taken: Counter[str | int] = field(default_factory=Counter)
    turned_down: frozenset[tuple[str, int]] = frozenset()

    def candidate(self, request: LinkRequest) -> Candidate | None:
        """The candidate that a request is about, if it is one."""
        found = self.candidates.get(request.product_id, ())
        return next((item for item in found if item.listing_id == request.listing_id), None)

    def product(self, product_id: str) -> KnownProduct | None:
        """A product, as a plan or Medusa knows it; None where neither does."""
        for item in self.candidates.get(product_id, ()):
            return KnownProduct(item.product_title, item.identity)
        return self.products.get(product_id)

    def moved_from(self, request: LinkRequest) -> str:
        """The product that a request takes the listing from; blank where it belongs to none."""
        if request.act == "move":
            return request.product_id
        found = self.candidate(request)
        has_moved = found is not None and found.moved_from == self.owner.get(request.listing_id or 0)
        return found.moved_from or "" if found is not None and has_moved else ""

    def refusal(self, request: LinkRequest) -> PipelineError | None:
        """Why a request cannot be carried out; None where it can."""
        lacking = _lacking(request)
        return lacking or next((found for found in _CHECKS[request.act](self, request) if found is not None), None)


def read(session: Session, account_id: str, requests: Sequence[LinkRequest]) -> LinkBooks:
    """What the books say now."""
    product_ids = sorted({item for one in requests for item in (one.product_id, one.to_product_id) if item})
    listing_ids = sorted({one.listing_id for one in requests if one.listing_id is not None})
    under_way = jobs.in_state(session, *UNDER_WAY, account_id=account_id)
    planned = jobs.in_state(session, SyncState.PLANNING, account_id=account_id)
    owner = link_changes.products_of(session, account_id, listing_ids)
    return LinkBooks(
        account_id,
        links.of_products(session, account_id, sorted({*product_ids, *owner.values()})),
        owner,
        {item.listing_id: item for item in seen_listings.listings(session, account_id, ids=listing_ids)},
        frozenset(seen_listings.ignored_ids(session, account_id)),
        frozenset(link_changes.seen_by_others(session, account_id, listing_ids)),
        link_candidates.of_products(session, account_id, product_ids),
        {product_id: job.transaction_id for job in under_way for product_id in held_by(session, job)},
        next((job.transaction_id for job in planned), ""),
        taken=_taken(requests),
        turned_down=frozenset(
            ("" if one.act == "ignore" else one.product_id, one.listing_id)
            for one in requests
            if one.act in {"ignore", "create_anyway"} and one.listing_id is not None
        ),
    )


def _taken(requests: Sequence[LinkRequest]) -> Counter[str | int]:
    """How often each product and each listing is to be linked."""
    found: Counter[str | int] = Counter()
    for request in requests:
        if request.act == "attach":
            found.update(item for item in (request.product_id, request.listing_id) if item)
        elif request.act == "move":
            found[request.to_product_id] += 1
    return found


def _attach(books: LinkBooks, request: LinkRequest) -> list[PipelineError | None]:
    return [
        _names(request),
        _twice(books, request.product_id, request.listing_id),
        _both_ways(books, request),
        _listing(books, request),
        _private(books, request),
        _product(books, request.product_id),
        _unlinked(books, request.product_id),
        _free(books, request),
        *_not_held(books, request.product_id, books.moved_from(request)),
    ]


def _detach(books: LinkBooks, request: LinkRequest) -> list[PipelineError | None]:
    return [_linked(books, request.product_id), *_not_held(books, request.product_id)]


def _move(books: LinkBooks, request: LinkRequest) -> list[PipelineError | None]:
    return [
        _twice(books, request.to_product_id),
        _linked(books, request.product_id),
        _product(books, request.to_product_id),
        _unlinked(books, request.to_product_id),
        *_not_held(books, request.product_id, request.to_product_id),
    ]


def _ignore(books: LinkBooks, request: LinkRequest) -> list[PipelineError | None]:
    owner = books.owner.get(request.listing_id or 0)
    linked = Conflict(
        f"Listing {request.listing_id} is linked to {owner}.",
        code="listing_linked",
        hint=f"Detach it first: `etsy-pipeline links detach {books.account_id} {owner} --by NAME`.",
    )
    return [_listing(books, request), linked if owner else None]


def _unignore(books: LinkBooks, request: LinkRequest) -> list[PipelineError | None]:
    return [_listing(books, request)]


def _create_anyway(books: LinkBooks, request: LinkRequest) -> list[PipelineError | None]:
    found = books.candidates.get(request.product_id, ())
    if found and (request.listing_id is None or books.candidate(request) is not None):
        return []
    what = f"listing {request.listing_id} is none" if request.listing_id else "there are none"
    return [
        NotFound(
            f"{request.product_id} has no such candidate that waits for a decision: {what}.",
            code="candidate_not_found",
            hint=LISTS,
        )
    ]


_CHECKS = {
    "attach": _attach, "detach": _detach, "move": _move, "ignore": _ignore, "unignore": _unignore,
    "create_anyway": _create_anyway, "take_back": _detach,
}  # fmt: skip
_NEEDS = {
    "attach": ("product_id", "listing_id"), "detach": ("product_id",), "move": ("product_id", "to_product_id"),
    "ignore": ("listing_id",), "unignore": ("listing_id",), "create_anyway": ("product_id",),
    "take_back": ("product_id",),
}  # fmt: skip


def _lacking(request: LinkRequest) -> PipelineError | None:
    given = {"product_id": request.product_id, "listing_id": request.listing_id, "to_product_id": request.to_product_id}
    missing = [name for name in _NEEDS[request.act] if not given[name]]
    if not missing:
        return None
    return BadRequest(
        f"To {request.act.replace('_', ' ')} takes {' and '.join(missing)}.", code="id_missing", hint="Say which one."
    )


def _names(request: LinkRequest) -> PipelineError | None:
    for name in (*request.keep, *request.own):
        if name not in FIELDS:
            return BadRequest(
                f"There is no field {name!r}.", code="field_unknown", hint=f"Fields: {', '.join(FIELDS)}."
            )
    both = sorted(set(request.keep) & set(request.own))
    if both:
        return BadRequest(
            f"{', '.join(both)} cannot be both the seller's and Medusa's.",
            code="field_taken_twice",
            hint="Name a field under keep or under own.",
        )
    return None


def _twice(books: LinkBooks, *ids: str | int | None) -> PipelineError | None:
    for item in ids:
        if item and books.taken[item] > 1:
            what = f"Listing {item}" if isinstance(item, int) else f"The product {item}"
            return Conflict(
                f"{what} is to be linked {books.taken[item]} times.",
                code="taken_twice",
                hint="One listing belongs to one product: leave all but one of them out.",
            )
    return None


def _both_ways(books: LinkBooks, request: LinkRequest) -> PipelineError | None:
    listing_id = request.listing_id or 0
    if not {(request.product_id, listing_id), ("", listing_id)} & books.turned_down:
        return None
    return Conflict(
        f"Listing {listing_id} is to be linked to {request.product_id}, and is decided against as well.",
        code="decided_both_ways",
        hint="Leave one of the two out.",
    )


def _listing(books: LinkBooks, request: LinkRequest) -> PipelineError | None:
    listing_id = request.listing_id or 0
    if listing_id in books.seen:
        return None
    if listing_id in books.of_others:
        return Conflict(
            f"Listing {listing_id} belongs to another shop.",
            code="listing_of_another_shop",
            hint="Decide on it under the account of that shop.",
        )
    return NotFound(
        f"The last scan of the shop has not seen listing {request.listing_id}.",
        code="listing_not_seen",
        hint=f"Check the number, or look again: `etsy-pipeline shop scan {books.account_id}`.",
    )


def _private(books: LinkBooks, request: LinkRequest) -> PipelineError | None:
    listing = books.seen.get(request.listing_id or 0)
    if listing is not None and listing.is_private:
        return Conflict(
            f"Listing {listing.listing_id} is private: it was made for one buyer.",
            code="listing_private",
            hint="It is never touched; choose another listing.",
        )
    if request.listing_id in books.ignored:
        return Conflict(
            f"Somebody decided that listing {request.listing_id} is none of Medusa's products.",
            code="listing_ignored",
            hint=f"Take that back: `etsy-pipeline links unignore {books.account_id} {request.listing_id} --by NAME`.",
        )
    return None


def _product(books: LinkBooks, product_id: str) -> PipelineError | None:
    if books.product(product_id) is not None:
        return None
    return NotFound(
        f"Neither the last plan nor Medusa knows a product {product_id!r}.",
        code="product_not_found",
        hint="Check the id in Medusa.",
    )


def _unlinked(books: LinkBooks, product_id: str) -> PipelineError | None:
    link = books.links.get(product_id)
    if link is None or link.etsy_listing_id is None:
        return None
    return Conflict(
        f"The product {product_id} is linked already, to listing {link.etsy_listing_id}.",
        code="product_linked",
        hint=f"Detach it first: `etsy-pipeline links detach {books.account_id} {product_id} --by NAME`.",
    )


def _linked(books: LinkBooks, product_id: str) -> PipelineError | None:
    link = books.links.get(product_id)
    if link is not None and link.etsy_listing_id is not None:
        return None
    return NotFound(
        f"The product {product_id} is linked to no listing.",
        code="product_not_linked",
        hint="`etsy-pipeline links` shows what is linked.",
    )


def _free(books: LinkBooks, request: LinkRequest) -> PipelineError | None:
    owner = books.owner.get(request.listing_id or 0)
    known = books.products.get(owner or "")
    if not owner or (books.moved_from(request) and (known is None or not known.is_sold)):
        return None
    return Conflict(
        f"Listing {request.listing_id} is linked already, to the product {owner}.",
        code="listing_linked",
        hint=f"If it is sold no more: `etsy-pipeline links move {books.account_id} {owner} {request.product_id} "
        "--by NAME`; else detach it first.",
    )


def _not_held(books: LinkBooks, *product_ids: str) -> list[PipelineError | None]:
    if books.being_planned:
        return [
            Conflict(
                f"The plan of {books.being_planned} is being drawn up just now.",
                code="plan_being_drawn_up",
                hint="Wait for it (a minute or so), then decide again.",
            )
        ]
    return [
        Conflict(
            f"The product {product_id} is held by {books.held[product_id]}, which is under way.",
            code="product_held",
            hint="Wait until that sync is over, or cancel it.",
        )
        for product_id in product_ids
        if product_id in books.held
    ]
