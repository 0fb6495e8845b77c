"""Who of the shops that share an API key makes the next call, and for whom calls of the day are kept. Pure.

Of the seconds: whoever waits stands in line. Stock updates come first; else the shop whose turn is due by its weight
(start-time fair queueing: each call puts a shop's next turn off by 1 / weight, and no shop saves up turns while it asks
for none). Nothing is kept for who is not there, so a shop that is alone gets everything.

Of the day: a shop that was refused because the day's calls were spent, and had less than its share of them, finds them
when calls are free again: others, once they had their share, leave it so many until it has been back for a while.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import msgspec

from etsy_pipeline.etsy import budget
from etsy_pipeline.etsy.budget import DAY_SECONDS

BUCKET_SECONDS = 3 * 3600  # a shop's calls of the day are counted by so many seconds
LATE_SECONDS = 0.25  # who does not ask again when it said it would, plus this, has left the line
LONGEST_NAP_SECONDS = 60.0
SOON_SECONDS = 0.25  # whose turn is that near sleeps until then; others look again before: who is ahead may give up
RETURN_SECONDS = 3600.0  # a refused shop has so long to come back once calls are free: runs wait for each other, too
WAY_SECONDS = 3600.0  # what one process found of the way to Etsy serves others on its machine for so long
BATCH_PERCENT = 5  # of the day: a refused job with more to do goes on when that many calls are free


class Asker(msgspec.Struct, frozen=True):
    """Who asks for a turn: one thread, for a shop ("" where none is known yet)."""

    key: str
    shop: str
    weight: float
    is_stock: bool


class Shop(msgspec.Struct, array_like=True):
    """What is known of a shop: when its next turn is due (counted in turns), until when calls are kept, its calls."""

    weight: float = 1.0
    due: float = 0.0
    kept_until: float = 0.0
    calls: dict[str, int] = msgspec.field(default_factory=dict)

    def calls_today(self) -> int:
        """Calls of the last day, and of up to three hours before it."""
        return sum(self.calls.values())


class Waiter(msgspec.Struct, array_like=True):
    """Somebody in line."""

    shop: str
    is_stock: bool
    since: float
    asks_at: float


class Way(msgspec.Struct, array_like=True):
    """How long calls of a machine take there and back, without what varies; and when that was found."""

    seconds: float
    found_at: float


class Shares(msgspec.Struct):
    """All shops of an API key that called it within a day or wait for it; as plain values in the ledger."""

    due: float = 0.0
    bucket: int = 0  # in which `shops` was last cleaned
    shops: dict[str, Shop] = msgspec.field(default_factory=dict)
    line: dict[str, Waiter] = msgspec.field(default_factory=dict)
    ways: dict[str, Way] = msgspec.field(default_factory=dict)

    @classmethod
    def of(cls, kept: Mapping[str, Any], now: float) -> Self:
        """Read them, without what is over. A clock that was set back leaves nobody in line for long."""
        shares = msgspec.convert(kept, cls)
        first, last = now - LATE_SECONDS, now + LONGEST_NAP_SECONDS
        shares.line = {key: waiter for key, waiter in shares.line.items() if first < waiter.asks_at <= last}
        bucket = int(now // BUCKET_SECONDS)
        if bucket != shares.bucket:
            shares.forget_old(now)
            shares.bucket = bucket
        return shares

    def forget_old(self, now: float) -> None:
        """Drop calls of more than a day ago, and shops that are of no account any more."""
        in_line = {waiter.shop for waiter in self.line.values()}
        for name, shop in list(self.shops.items()):
            shop.calls = {bucket: calls for bucket, calls in shop.calls.items() if calls and _leaves(bucket) > now}
            if not shop.calls and name not in in_line and shop.kept_until <= now:
                del self.shops[name]
        self.ways = {machine: way for machine, way in self.ways.items() if abs(now - way.found_at) < WAY_SECONDS}

    def way_of(self, machine: str, now: float) -> float:
        """How long its calls take at least; 0 where that is not known of the last hour."""
        way = self.ways.get(machine)
        return way.seconds if way is not None and abs(now - way.found_at) < WAY_SECONDS else 0.0

    def plain(self) -> dict[str, Any]:
        """As the ledger keeps them."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return plain

    def ahead_of(self, asker: Asker, now: float, *, who_asks_by: float | None = None) -> int:
        """How many in line have their turn before this one.

        With `who_asks_by` only those who have come back by then: others slept too long for a turn that is free now, and
        none is left idle for them. But stock updates come before publications in any case.
        """
        if not self.line.keys() - {asker.key}:
            return 0
        mine = self.line.get(asker.key) or Waiter(asker.shop, asker.is_stock, now, now)
        line = {**self.line, asker.key: mine}
        turns_before: dict[tuple[str, bool], int] = {}
        places: dict[str, tuple[bool, float, float, str]] = {}
        for key, waiter in sorted(line.items(), key=lambda item: (item[1].since, item[0])):
            shop = self.shops.get(waiter.shop) or Shop(asker.weight)
            turns = turns_before.get((waiter.shop, waiter.is_stock), 0)
            turns_before[waiter.shop, waiter.is_stock] = turns + 1
            due = max(shop.due, self.due) + turns / shop.weight
            places[key] = (not waiter.is_stock, due, waiter.since, key)
        before = [line[key] for key, place in places.items() if place < places[asker.key]]
        if who_asks_by is None:
            return len(before)
        return sum(waiter.asks_at <= who_asks_by or waiter.is_stock > asker.is_stock for waiter in before)

    def wait(self, asker: Asker, seconds: float, now: float) -> float:
        """Stand in line for a turn that is free in so many seconds; how many to sleep before asking again."""
        nap = seconds - budget.AHEAD_SECONDS / 2 if seconds <= SOON_SECONDS else seconds / 2
        nap = min(nap, LONGEST_NAP_SECONDS / 2)
        self._shop(asker)
        since = self.line[asker.key].since if asker.key in self.line else now
        self.line[asker.key] = Waiter(asker.shop, asker.is_stock, since, now + nap)
        return nap

    def serve(self, asker: Asker, calls: int, at: float) -> None:
        """The asker has so many turns, to be used from a moment on."""
        shop = self._shop(asker)
        self.line.pop(asker.key, None)
        begins = max(shop.due, self.due)
        self.due = begins
        shop.due = begins + calls / shop.weight
        self._count(shop, calls, at)

    def give_back(self, name: str, calls: int, taken_at: float) -> None:
        """So many turns of a shop were not used."""
        shop = self.shops.get(name)
        if shop is not None and calls:
            shop.due -= calls / shop.weight
            self._count(shop, -calls, taken_at)

    def refuse(self, asker: Asker, most: int, free_again: Sequence[tuple[float, int]], now: float) -> None:
        """The day's calls are spent for the asker; what is missing in its share is kept until it has been back."""
        shop = self._shop(asker)
        self.line.pop(asker.key, None)
        wanted = min(self._missing(shop, most), most * BATCH_PERCENT // 100)
        seconds = next((seconds for seconds, calls in free_again if calls >= wanted), float(DAY_SECONDS))
        if wanted > 0:
            shop.kept_until = now + min(seconds, DAY_SECONDS) + RETURN_SECONDS

    def kept_from(self, asker: Asker, most: int, now: float) -> tuple[int, float]:
        """How many of the day's `most` calls are kept from this asker, and for how many seconds at the most.

        None from stock updates, and none from a shop that has not had its share.
        """
        if asker.is_stock or self._missing(self._shop(asker), most) > 0:
            return 0, 0.0
        kept, seconds = 0, 0.0
        for name, shop in self.shops.items():
            missing = self._missing(shop, most) if name != asker.shop and shop.kept_until > now else 0
            if missing:
                kept, seconds = kept + missing, max(seconds, shop.kept_until - now)
        return kept, min(seconds, DAY_SECONDS + RETURN_SECONDS)

    def _missing(self, shop: Shop, most: int) -> int:
        weights = sum(other.weight for other in self.shops.values())
        return max(0, int(most * shop.weight / weights) - shop.calls_today())

    def _shop(self, asker: Asker) -> Shop:
        shop = self.shops.setdefault(asker.shop, Shop())
        shop.weight = asker.weight
        return shop

    @staticmethod
    def _count(shop: Shop, calls: int, at: float) -> None:
        bucket = str(int(at // BUCKET_SECONDS))
        shop.calls[bucket] = max(0, shop.calls.get(bucket, 0) + calls)


def _leaves(bucket: str) -> float:
    return (int(bucket) + 1) * BUCKET_SECONDS + DAY_SECONDS
