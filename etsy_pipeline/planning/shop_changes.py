"""What changed in a shop between two whole scans, and what of it somebody should hear of at once. Pure."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from etsy_pipeline.linking.seen import SeenListing
from etsy_pipeline.planning.costs import LISTING_FEE_USD_CENTS

Kind = Literal["alarm", "removed", "gone", "renewed", "state", "new"]
KINDS: tuple[Kind, ...] = ("alarm", "removed", "gone", "renewed", "state", "new")
"""What needs a person most comes first. An alarm sums up others: somebody is told of it at once."""

A_TERM = timedelta(days=30)  # a renewal moves the end by some four months; what moves it less is none
MANY_INACTIVE_PERCENT = 5
FEWEST_INACTIVE = 2
NAMED = 5


@dataclass(frozen=True, slots=True)
class Change:
    """A listing that is not as it was. `told` says in words what happened; the fee is one that we did not cause."""

    kind: Kind
    listing_id: int = 0
    title: str = ""
    before: str = ""
    after: str = ""
    told: str = ""
    fee_usd_cents: int = 0


def changes(
    before: Iterable[SeenListing], after: Mapping[int, SeenListing], gone: Collection[int], ours: Collection[int] = ()
) -> tuple[Change, ...]:
    """What happened to a shop's listings, the worst first.

    Args:
        before: the listings of the whole scan before, streamed.
        after: those of this one.
        gone: listings that Etsy no longer knows.
        ours: listings that we set active since the scan before: their renewals are no news.
    """
    found, new = [], set(after)
    for was in before:
        new.discard(was.listing_id)
        if was.listing_id in gone:
            found.append(Change("gone", was.listing_id, was.title, was.state))
        elif was.listing_id in after:
            found += _of_one(was, after[was.listing_id], is_ours=was.listing_id in ours)
    found += [Change("new", number, after[number].title, "", after[number].state) for number in new]
    return tuple(sorted(found, key=lambda change: (KINDS.index(change.kind), change.listing_id)))


def _of_one(was: SeenListing, now: SeenListing, *, is_ours: bool) -> Iterator[Change]:
    if was.state != now.state:
        kind: Kind = "removed" if now.state == "removed" else "state"
        yield Change(kind, now.listing_id, now.title, was.state, now.state)
    if is_renewed(was, now) and not is_ours:
        told = "by itself: it renews automatically" if was.should_auto_renew else "by its seller or another tool"
        before, after = (f"until {moment:%Y-%m-%d}" if moment else "" for moment in (was.ending_at, now.ending_at))
        yield Change("renewed", now.listing_id, now.title, before, after, told, LISTING_FEE_USD_CENTS)


def is_renewed(was: SeenListing, now: SeenListing) -> bool:
    """Whether a new paid term began in between; a draft that was published had none before."""
    if was.ending_at is None or now.ending_at is None or was.state == "draft":
        return False
    return now.ending_at - was.ending_at > A_TERM


def alarms(found: Sequence[Change], active_before: int, wanted_inactive: Collection[int] = ()) -> tuple[Change, ...]:
    """What somebody should hear of at once, the worst first.

    Args:
        found: what changed.
        active_before: how many listings were active in the scan before.
        wanted_inactive: listings that we deactivated ourselves.
    """
    count = Counter(change.kind for change in found)
    inactive = sum(
        change.before == "active" and change.after == "inactive" and change.listing_id not in wanted_inactive
        for change in found
    )
    are_many = inactive >= FEWEST_INACTIVE and inactive * 100 > active_before * MANY_INACTIVE_PERCENT
    fees = sum(change.fee_usd_cents for change in found)
    told = {
        "removed": f"Etsy has taken down {_listings(count['removed'])}: {_named(found, 'removed')}."
        if count["removed"]
        else "",
        "gone": f"No longer there: {_listings(count['gone'])}: {_named(found, 'gone')}." if count["gone"] else "",
        "many_inactive": f"{inactive} of {active_before} active listings became inactive, and not by us."
        if are_many
        else "",
        "renewed": f"Renewed, and not by us: {_listings(count['renewed'])}, ${fees / 100:.2f} of fees: "
        f"{_named(found, 'renewed')}."
        if fees
        else "",
    }
    return tuple(Change("alarm", after=code, told=words) for code, words in told.items() if words)


def _listings(count: int) -> str:
    return f"{count} listing{'' if count == 1 else 's'}"


def _named(found: Iterable[Change], kind: Kind) -> str:
    of_kind = [f"{change.listing_id} {change.title!r}" for change in found if change.kind == kind]
    more = len(of_kind) - NAMED
    return ", ".join(of_kind[:NAMED]) + (f" and {more} more" if more > 0 else "")
