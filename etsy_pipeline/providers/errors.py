"""What can go wrong at a marketplace, as far as whoever publishes has to tell one from another.

A provider's own errors are of these kinds; credentials and permissions are `NeedsPerson` (`errors.py`).
"""

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


class QuotaExhausted(Unavailable):
    """The day's calls are used up. `retry_after_seconds` is the marketplace's estimate."""

    def __init__(self, message: str, *, code: str, hint: str, retry_after_seconds: float) -> None:
        super().__init__(message, code=code, hint=hint)
        self.retry_after_seconds = retry_after_seconds
