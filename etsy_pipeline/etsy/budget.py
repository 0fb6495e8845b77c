"""Calls that Etsy allows an API key: the windows, and what the headers tell of them (FACTS §12). Pure.

What is known of a key is its `Ledger`, one for all processes: the store keeps it, `shared_budget.py` keeps to it. Not
here: waiting. Times are seconds since the epoch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from etsy_pipeline.planning.quota import Quota
from etsy_pipeline.providers.protocols import Purpose

START_PER_SECOND, START_PER_DAY = 5, 5000  # FACTS §12: what a personal key gets, until the headers say otherwise

DAY_SECONDS = 24 * 3600
BUCKET_SECONDS = 900  # the day's calls are counted by quarters of an hour
WINDOW_SECONDS = 1.0
UNSURE_SECONDS = 0.25  # how much later than it set out a call is taken to arrive, until it comes back
BLOCK_SECONDS = 0.25  # how long turns that were taken together may be used
AHEAD_SECONDS = 0.04  # how long before its time a turn may be taken: the database is asked meanwhile
EXACT_SECONDS = 1e-5  # what adding and taking off moments may be off by
BLOCKS_A_SECOND = 20  # at 5 calls a second turns are taken one by one, at 1,000 by fifties
HINT = "A publication goes on by itself when calls are free again."


class Ledger(Protocol):
    """What is known of one API key.

    `turns` are calls of about the last second, each [key, calls, when they leave Etsy's window]; `calls` those of the
    last day by quarter of an hour; `unknown_calls` those that Etsy told of at `told_at` and nobody here has made;
    `shares` says who made them, and who waits (`fair_shares.py`).
    """

    limit_per_second: int | None
    limit_per_day: int | None
    turns: list[Any]
    calls: dict[str, Any]
    unknown_calls: int
    told_at: datetime | None
    held_until: datetime | None
    shares: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """What an answer's headers say; None where they say nothing that can be used."""

    per_second: int | None = None
    per_day: int | None = None
    left_today: int | None = None


def told_by(headers: Mapping[str, str]) -> Told:
    """Read the headers, whatever their case (FACTS §12)."""
    lower = {name.lower(): value for name, value in headers.items()}
    return Told(
        per_second=_whole(lower.get("x-limit-per-second")) or None,
        per_day=_whole(lower.get("x-limit-per-day")) or None,
        left_today=_whole(lower.get("x-remaining-today")),
    )


def per_second(ledger: Ledger) -> int:
    """Calls allowed in any second."""
    return ledger.limit_per_second or START_PER_SECOND


def per_day(ledger: Ledger, purpose: Purpose, reserve_percent: int) -> int:
    """Calls allowed in any 24 hours for a purpose: what is reserved is for stock updates only."""
    limit = ledger.limit_per_day or START_PER_DAY
    return limit if purpose == "stock" else limit * (100 - reserve_percent) // 100


def made_today(ledger: Ledger) -> int:
    """Calls of the last 24 hours."""
    return sum(ledger.calls.values())


def forget_old(ledger: Ledger, now: float) -> None:
    """Drop what has left the windows. A turn cannot leave later than it would if it were taken now (clocks differ)."""
    latest = now + AHEAD_SECONDS + BLOCK_SECONDS + UNSURE_SECONDS + WINDOW_SECONDS
    ledger.turns = [[key, calls, min(leaves, latest)] for key, calls, leaves in ledger.turns if leaves > now]
    ledger.calls = {bucket: calls for bucket, calls in ledger.calls.items() if _leaves_day(bucket) > now}
    if ledger.told_at and ledger.told_at.timestamp() + DAY_SECONDS < now:
        ledger.unknown_calls, ledger.told_at = 0, None


def seconds_until_allowed(ledger: Ledger, most: int, now: float) -> float:
    """How long until the day (fewer than `most` calls) and Etsy's own word allow a call; 0 when they do now."""
    until = max(now, ledger.held_until.timestamp()) if ledger.held_until else now
    made = made_today(ledger)
    for bucket in sorted(ledger.calls, key=int):
        if made < most:
            break
        made -= ledger.calls[bucket]
        until = max(until, _leaves_day(bucket))
    return until - now


def free_again(ledger: Ledger, most: int, now: float) -> list[tuple[float, int]]:
    """(seconds from now, how many of a day's `most` calls are free in all by then), the soonest first, up to `most`."""
    held = max(0.0, ledger.held_until.timestamp() - now) if ledger.held_until else 0.0
    made = made_today(ledger)
    found = [(held, most - made)]
    for bucket in sorted(ledger.calls, key=int):
        made -= ledger.calls[bucket]
        found.append((max(held, _leaves_day(bucket) - now), most - made))
    return [(seconds, calls) for seconds, calls in found if calls > 0]


def seconds_until_turn(ledger: Ledger, now: float, ahead: int = 0) -> float:
    """How long until a second has room for one more call, after so many askers ahead have their turns; 0 for now."""
    room, until = _room(ledger) - ahead * _at_once(ledger), now
    for _, calls, leaves in sorted(ledger.turns, key=lambda turn: float(turn[2])):
        if room > 0:
            break
        room, until = room + int(calls), float(leaves)
    seconds_more = WINDOW_SECONDS * max(0, -((room - 1) // per_second(ledger)))  # turns that nobody has taken yet
    return until - now + seconds_more


def take_turns(ledger: Ledger, key: str, most: int, at: float) -> int:
    """Take turns that may be used from a moment on (`seconds_until_turn`) under a key; how many.

    They are more than one only where very many are allowed.
    """
    while _room(ledger) <= 0:  # a turn that has left by then is handed on; the sooner ones are for who is ahead
        gone = max((turn for turn in ledger.turns if turn[2] <= at + EXACT_SECONDS), key=lambda turn: float(turn[2]))
        ledger.turns = [turn for turn in ledger.turns if turn is not gone]
    left = most - made_today(ledger)
    calls = min(_room(ledger), _at_once(ledger), max(1, left // 100))
    late = UNSURE_SECONDS + (BLOCK_SECONDS if calls > 1 else 0.0)
    ledger.turns = [*ledger.turns, [key, calls, at + late + WINDOW_SECONDS]]
    _count(ledger, calls, at)
    return calls


def settle_turns(ledger: Ledger, key: str, *, unused: int, taken_at: float, leave_at: float) -> None:
    """The calls have come back: now it is known when they leave Etsy's window, and how many were not made."""
    settled = [[key, calls - unused, min(leaves, leave_at)] for other, calls, leaves in ledger.turns if other == key]
    ledger.turns = [turn for turn in ledger.turns if turn[0] != key] + [turn for turn in settled if turn[1] > 0]
    _count(ledger, -unused, taken_at)


def note(ledger: Ledger, told: Told, now: float) -> None:
    """Learn what an answer told: the limits, and how Etsy's count differs from ours.

    Calls that Etsy frees sooner than we do leave our count, the oldest first. Those that it counts in addition (another
    program's) are only remembered: Etsy says best itself, with a 429, when they leave.
    """
    ledger.limit_per_second = told.per_second or ledger.limit_per_second
    ledger.limit_per_day = told.per_day or ledger.limit_per_day
    limit = ledger.limit_per_day or START_PER_DAY
    if told.left_today is None or told.left_today > limit:
        return
    difference = limit - told.left_today - made_today(ledger)
    ledger.unknown_calls, ledger.told_at = max(0, difference), _moment(now)
    on_their_way = max(10, per_second(ledger))  # our count is ahead of Etsy's by calls that have not come back
    if difference < -on_their_way:
        _drop_oldest(ledger, -difference)


def hold(ledger: Ledger, seconds: float, now: float) -> None:
    """Etsy asked to wait; no window is longer than a day, whatever it says (FACTS §12)."""
    until = _moment(now + min(seconds, DAY_SECONDS))
    ledger.held_until = max(until, ledger.held_until) if ledger.held_until else until


def quota(ledger: Ledger, reserve_percent: int, now: float, purpose: Purpose = "publishing") -> Quota:
    """What a plan may count on."""
    forget_old(ledger, now)
    most = per_day(ledger, purpose, reserve_percent)
    if seconds_until_allowed(ledger, most, now) > 0:
        return Quota(most, 0)
    return Quota(most, max(0, most - made_today(ledger) - ledger.unknown_calls))


def _at_once(ledger: Ledger) -> int:
    return max(1, per_second(ledger) // BLOCKS_A_SECOND)


def _room(ledger: Ledger) -> int:
    return per_second(ledger) - sum(int(calls) for _, calls, _ in ledger.turns)


def _count(ledger: Ledger, calls: int, at: float) -> None:
    bucket = str(int(at // BUCKET_SECONDS))
    ledger.calls = {**ledger.calls, bucket: max(0, ledger.calls.get(bucket, 0) + calls)}


def _drop_oldest(ledger: Ledger, calls: int) -> None:
    left = dict(ledger.calls)
    for bucket in sorted(left, key=int):
        dropped = min(calls, left[bucket])
        left[bucket], calls = left[bucket] - dropped, calls - dropped
    ledger.calls = {bucket: made for bucket, made in left.items() if made}


def _leaves_day(bucket: str) -> float:
    return (int(bucket) + 1) * BUCKET_SECONDS + DAY_SECONDS  # when the youngest call in it may have left


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() else None
