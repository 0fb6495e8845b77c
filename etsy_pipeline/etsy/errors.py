"""What can go wrong at Etsy, by remedy: what `providers/errors.py` says, and what only Etsy tells.

The table that decides which one an answer means stands in `responses.py`.
"""

import httpx

from etsy_pipeline.errors import NeedsPerson
from etsy_pipeline.providers.errors import QuotaExhausted, RemoteRefused, RemoteUnavailable


class EtsyRefused(RemoteRefused):
    """Etsy refused this request for good (400, 404, 409 …).

    Args:
        message: what was refused, with Etsy's words.
        code: stable name of the failure.
        hint: what to do.
        status: HTTP status.
        words: Etsy's text, as sent.
        request_uuid: what Etsy's support asks for.
        field: that it complains of, where it names one.
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
        super().__init__(
            message,
            code=code,
            hint=hint,
            is_gone=status == httpx.codes.NOT_FOUND,
            is_passing=is_passing,
            is_invalid=status == httpx.codes.BAD_REQUEST,
        )
        self.status, self.words, self.request_uuid, self.field = status, words, request_uuid, field


class EtsyUnauthorized(NeedsPerson):
    """Credentials, scopes or the API key: nothing will work until a person acts. Stops a whole job."""


class EtsyUnavailable(RemoteUnavailable):
    """No usable answer from Etsy."""


class EtsyQuotaExhausted(QuotaExhausted):
    """The day's calls are used up: by our count, or Etsy says so."""
