"""What can go wrong at Etsy, by remedy. The table that decides which one it is stands in `responses.py`."""

from etsy_pipeline.errors import NeedsPerson, Refused, Unavailable


class EtsyRefused(Refused):
    """Etsy refused this request for good (400, 404, 409 …); `words` are its own.

    Args:
        message: what was refused, with Etsy's words.
        status: HTTP status.
        words: Etsy's text, as sent.
        field: that it complains of, where it names one.
        request_uuid: what Etsy's support asks for.
        is_passing: whether the same request may be accepted a moment later (409).
    """

    def __init__(
        self,
        message: str,
        *,
        code: str,
        hint: str,
        status: int,
        words: str,
        request_uuid: str,
        field: str = "",
        is_passing: bool = False,
    ) -> None:
        super().__init__(message, code=code, hint=hint)
        self.status = status
        self.words = words
        self.request_uuid = request_uuid
        self.field = field
        self.is_passing = is_passing


class EtsyUnauthorized(NeedsPerson):
    """Credentials, scopes or the API key: nothing will work until a person acts. Stops a whole job."""


class EtsyUnavailable(Unavailable):
    """No usable answer. `may_have_happened` says whether the request could have taken effect all the same.

    `retry_after_seconds` is what Etsy asked for, where it did.
    """

    def __init__(
        self, message: str, *, code: str, hint: str, may_have_happened: bool, retry_after_seconds: float | None = None
    ) -> None:
        super().__init__(message, code=code, hint=hint)
        self.may_have_happened = may_have_happened
        self.retry_after_seconds = retry_after_seconds


class EtsyQuotaExhausted(Unavailable):
    """The day's calls are used up. `retry_after_seconds` is Etsy's estimate."""

    def __init__(self, message: str, *, code: str, hint: str, retry_after_seconds: float) -> None:
        super().__init__(message, code=code, hint=hint)
        self.retry_after_seconds = retry_after_seconds
