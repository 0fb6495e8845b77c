"""Deciding which product is which listing. All doors come here: command line, CSV, HTTP API, review page.

Nothing is ever written to Etsy. Either all requests can be carried out, and are, in one transaction with the account
locked, or nothing is done; unless whoever asks wants those carried out that can be (`partial`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from etsy_pipeline.errors import PipelineError
from etsy_pipeline.planning.link import LiveListing
from etsy_pipeline.shop import link_books
from etsy_pipeline.shop.attach import live_refusal
from etsy_pipeline.shop.link_books import LinkBooks
from etsy_pipeline.shop.link_requests import (
    Decided,
    KnownProduct,
    LinkRequest,
    Readers,
    Refusal,
    Said,
    require_name,
)
from etsy_pipeline.shop.link_writer import LinkWriter
from etsy_pipeline.store import accounts
from etsy_pipeline.store.engine import Store


def decide(
    store: Store,
    account_id: str,
    requests: Sequence[LinkRequest],
    said: Said,
    readers: Readers,
    *,
    partial: bool = False,
    unreadable: Iterable[Refusal] = (),
) -> Decided:
    """Carry out decisions, and write each of them into the log.

    Args:
        store: the database.
        account_id: whose shop.
        requests: what is decided, in their order.
        said: who decides.
        readers: read the listings that are adopted, two calls for 100 of them, and ask Medusa for products that are no
            candidates of the last plan.
        partial: whether those that can be carried out are, where others cannot.
        unreadable: what stood in a file and could not be understood; it counts as refused.

    Raises:
        NotFound: `account_not_found`.
        BadRequest: `decider_missing`.
    """
    require_name(said)
    sieve = _Sieve(list(requests), list(unreadable), partial)
    with store.reading() as session:
        accounts.get(session, account_id)
        books = link_books.read(session, account_id, sieve.left)
    books.products = _asked(books, sieve.left, readers)
    sieve.drop(books.refusal)
    live = _live(books, sieve, readers)
    if sieve.goes_on:
        with store.writing() as session:
            account = accounts.get(session, account_id, lock=True)
            known = books.products
            books = link_books.read(session, account_id, sieve.left)
            books.products = known
            sieve.drop(books.refusal)
            if sieve.goes_on:
                LinkWriter(session, account, books, live, said).write(sieve.left)
    return sieve.outcome()


def decide_one(store: Store, account_id: str, request: LinkRequest, said: Said, readers: Readers) -> None:
    """Carry out one decision.

    Raises:
        NotFound: `account_not_found`, `listing_not_seen`, `listing_not_found`, `product_not_found`,
            `product_not_linked`, `candidate_not_found`.
        BadRequest: `decider_missing`, `field_unknown`, `field_taken_twice`.
        Conflict: `listing_of_another_shop`, `listing_private`, `listing_ignored`, `listing_linked`, `listing_removed`,
            `product_linked`, `product_held`, `plan_being_drawn_up`.
    """
    decided = decide(store, account_id, [request], said, readers)
    for refusal in decided.refused:
        raise refusal.error


@dataclass(slots=True)
class _Sieve:
    """The requests that may still be carried out, and those that were refused on the way."""

    left: list[LinkRequest]
    refused: list[Refusal]
    partial: bool

    @property
    def goes_on(self) -> bool:
        """Whether anything may still be done."""
        return bool(self.left) and (self.partial or not self.refused)

    def drop(self, refusal: Callable[[LinkRequest], PipelineError | None]) -> None:
        """Refuse those for which there is a reason."""
        judged = [(request, refusal(request)) for request in self.left]
        self.refused += [Refusal(request, error) for request, error in judged if error is not None]
        self.left = [request for request, error in judged if error is None]

    def outcome(self) -> Decided:
        """What became of all of them."""
        return Decided(tuple(self.left) if self.goes_on else (), tuple(self.refused))


def _asked(books: LinkBooks, requests: Sequence[LinkRequest], readers: Readers) -> Mapping[str, KnownProduct]:
    """The products that are to be linked, as the last plan knew them, or as Medusa has them.

    Medusa is asked as well for those that are to lose their listing because a plan did not find them for sale: that
    plan may have been of some products only, or they may have come back.
    """
    wanted = dict.fromkeys(
        request.to_product_id if request.act == "move" else request.product_id
        for request in requests
        if request.act in {"attach", "move"}
    )
    known = {product_id: found for product_id in wanted if (found := books.product(product_id)) is not None}
    losing = [books.moved_from(request) for request in requests if request.act == "attach"]
    unknown = [item for item in dict.fromkeys([*wanted, *losing]) if item and item not in known]
    return {**known, **(readers.look_up(unknown) if unknown else {})}


def _live(books: LinkBooks, sieve: _Sieve, readers: Readers) -> Mapping[int, LiveListing]:
    """The listings that are to be adopted, as Etsy has them; what cannot be adopted so is refused."""

    def is_read(request: LinkRequest) -> bool:
        return request.act == "attach" and not books.moved_from(request)

    ids = [request.listing_id for request in sieve.left if is_read(request) and request.listing_id is not None]
    if not ids or not sieve.goes_on:
        return {}
    live = readers.live_of(ids)
    sieve.drop(lambda request: live_refusal(request, live) if is_read(request) else None)
    return live
