"""What can go wrong at a marketplace, as far as whoever publishes has to tell one from another.

A provider's own errors are of these kinds; credentials and permissions are `NeedsPerson` (`errors.py`).
"""

from collections.abc import Sequence

from etsy_pipeline.errors import Refused, Unavailable


class RemoteRefused(Refused):
    """The marketplace refused this request for good, in its own words.

    Args:
        message: what was refused, with the marketplace's words.
        code: stable name of the failure.
        hint: what to do.
        is_gone: it says that the thing does not exist.
        is_passing: the same request may be accepted a moment later.
        is_invalid: it says that the request itself is wrong (HTTP 400).
    """

    def __init__(
        self,
        message: str,
        *,
        code: str,
        hint: str,
        is_gone: bool = False,
        is_passing: bool = False,
        is_invalid: bool = False,
    ) -> None:
        super().__init__(message, code=code, hint=hint)
        self.is_gone, self.is_passing, self.is_invalid = is_gone, is_passing, is_invalid


class LinkedPictureGone(RemoteRefused):
    """An inventory is refused because a variation's picture is no longer on the listing: its link has to go first."""


class NotAllListed(RemoteRefused):
    """The marketplace does not list all that the shop has in a state, and the books do not know the rest."""


class RemoteUnavailable(Unavailable):
    """No usable answer.

    Args:
        message: what happened.
        code: stable name of the failure.
        hint: what to do.
        may_have_happened: whether the request could have taken effect all the same.
        retry_after_seconds: what the marketplace asked for, where it did.
        is_too_fast: it asked to slow down, after several polite waits: no listing's fault.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str,
        hint: str,
        may_have_happened: bool,
        retry_after_seconds: float | None = None,
        is_too_fast: bool = False,
    ) -> None:
        super().__init__(message, code=code, hint=hint)
        self.may_have_happened, self.retry_after_seconds = may_have_happened, retry_after_seconds
        self.is_too_fast = is_too_fast


LONGEST_PAUSE_SECONDS = 24 * 3600.0  # for a batch of calls; not for the first one


class QuotaExhausted(Unavailable):
    """The day's calls are used up.

    Args:
        message: what happened.
        code: stable name of the failure.
        hint: what to do.
        retry_after_seconds: until one call is free.
        free_again: (seconds from now, how many calls are free in all by then), the soonest first, up to all of a day;
            nothing where only the marketplace knows.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str,
        hint: str,
        retry_after_seconds: float,
        free_again: Sequence[tuple[float, int]] = (),
    ) -> None:
        super().__init__(message, code=code, hint=hint)
        self.retry_after_seconds, self.free_again = retry_after_seconds, tuple(free_again)

    @property
    def calls_a_day(self) -> int:
        """How many calls a day has, where that is known; else 0."""
        return max((calls for _, calls in self.free_again), default=0)

    def seconds_until(self, calls: int) -> float:
        """How long until so many calls are free, or all of a day's; a day at most, unless not even one is free then."""
        enough = (seconds for seconds, free in self.free_again if free >= min(calls, self.calls_a_day))
        batch = min(next(enough, 0.0), LONGEST_PAUSE_SECONDS)
        return max(batch, self.retry_after_seconds)
