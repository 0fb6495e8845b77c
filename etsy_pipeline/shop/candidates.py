"""Candidates as a person looks at them: the product beside the listing, as the last scan saw it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from etsy_pipeline.errors import Conflict
from etsy_pipeline.linking.candidates import Candidate, Kind
from etsy_pipeline.linking.seen import SeenListing
from etsy_pipeline.shop.decide import decide
from etsy_pipeline.shop.link_requests import Decided, LinkRequest, Readers, Said
from etsy_pipeline.store import accounts, link_candidates, seen_listings
from etsy_pipeline.store.engine import Session, Store

KINDS: tuple[Kind, ...] = ("certain", "likely", "ambiguous")
SAMPLE = 10


@dataclass(frozen=True, slots=True)
class Offered:
    """A candidate with its listing; None where a scan since has not found it."""

    candidate: Candidate
    listing: SeenListing | None


@dataclass(frozen=True, slots=True)
class Offers:
    """Some candidates of an account, and how many there are of each class."""

    offers: Sequence[Offered]
    counts: Mapping[str, int]

    def total(self, kind: str | None) -> int:
        """How many there are, of one class or of all."""
        return self.counts.get(kind, 0) if kind else sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class CertainOnes:
    """All certain candidates, to be decided together after a look: how many, some of them, and a mark of just these."""

    count: int
    moves: int
    sample: Sequence[Offered]
    mark: str
    requests: Sequence[LinkRequest]


def offers(
    store: Store, account_id: str, *, kind: str | None = None, product_id: str | None = None, first: int = 0,
    most: int | None = None,
) -> Offers:  # fmt: skip
    """Some candidates, the surest first.

    Raises:
        NotFound: `account_not_found`.
    """
    with store.reading() as session:
        accounts.get(session, account_id)
        if product_id:
            found = list(link_candidates.of_products(session, account_id, [product_id]).get(product_id, ()))
            found = [item for item in found if kind in {None, item.kind}]
            counts: dict[str, int] = {name: sum(item.kind == name for item in found) for name in KINDS}
            found = found[first:][:most]
        else:
            found = link_candidates.of_account(session, account_id, kind, first, most)
            counts = {**dict.fromkeys(KINDS, 0), **link_candidates.counts(session, account_id)}
        return Offers(_with_listings(session, account_id, found), counts)


def certain_ones(
    store: Store, account_id: str, *, keep: tuple[str, ...] = (), own: tuple[str, ...] = ()
) -> CertainOnes:
    """What attaching all certain candidates comes to.

    Raises:
        NotFound: `account_not_found`.
    """
    with store.reading() as session:
        accounts.get(session, account_id)
        found = link_candidates.of_account(session, account_id, "certain")
        step = max(1, len(found) // SAMPLE)
        sample = _with_listings(session, account_id, found[::step][:SAMPLE])
    pairs = sorted(f"{item.product_id} {item.listing_id}" for item in found)
    return CertainOnes(
        len(found),
        sum(item.moved_from is not None for item in found),
        sample,
        hashlib.sha256("\n".join(pairs).encode()).hexdigest()[:16],
        [LinkRequest("attach", item.product_id, item.listing_id, keep=keep, own=own) for item in found],
    )


def attach_certain(
    store: Store,
    account_id: str,
    seen: CertainOnes,
    said: Said,
    readers: Readers,
    *,
    count: int,
    mark: str | None = None,
) -> Decided:
    """Attach all certain candidates, as somebody has looked at them; those that cannot be attached are told.

    Args:
        store: the database.
        account_id: whose.
        seen: what they are now.
        said: who decides.
        readers: as for `decide`.
        count: how many there were when that person looked.
        mark: of those; without it only their number is compared.

    Raises:
        Conflict: `candidates_changed` where they are others by now.
    """
    if seen.count != count or mark not in {None, seen.mark}:
        raise Conflict(
            f"There were {count} certain candidates, and now there are {seen.count}"
            f"{', not all of them the same' if seen.count == count else ''}: nothing was done.",
            code="candidates_changed",
            hint="Look at them again, then confirm their number.",
        )
    return decide(store, account_id, seen.requests, said, readers, partial=True)


def _with_listings(session: Session, account_id: str, found: Sequence[Candidate]) -> list[Offered]:
    ids = {item.listing_id for item in found}
    seen = {item.listing_id: item for item in seen_listings.listings(session, account_id, ids=ids)}
    return [Offered(item, seen.get(item.listing_id)) for item in found]
