"""Every error this project raises on purpose, grouped by what the reader should do.

    PipelineError
    ├── BadRequest           what was asked for cannot be: change the request
    │   ├── NotFound         no such account, sync job or product
    │   └── Conflict         not now: the plan is not ready, stale, superseded or decided
    │       └── TakenOver    another publisher or plan run is at work on it: leave everything to that one
    ├── NotConfigured        a setting is missing or unreadable: set it
    ├── NeedsPerson          credentials or permissions: connect again, or ask Etsy or Medusa
    ├── Unavailable          the other side is down or slow: try again
    │   └── StoreUnavailable our own database is: nothing can be noted, so nothing is done, and no product is at fault
    └── Refused              the other side said no to this one item: correct the product

Each has a stable `code` (found in docs/troubleshooting.md), a message that names the value and the limit, and a
`hint` that says what to do next. No message carries a secret.
"""


class PipelineError(Exception):
    """An expected failure.

    Args:
        message: what happened, with the value and the limit.
        code: stable name of the failure, snake_case.
        hint: what to do next, one sentence.
    """

    def __init__(self, message: str, *, code: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip() + f" [{self.code}]"


class BadRequest(PipelineError):  # noqa: N818 - named after the remedy, not after being an error
    """What was asked for cannot be done; change the request."""


class NotFound(BadRequest):
    """No such account, sync job or product."""


class Conflict(BadRequest):
    """The request does not fit the present state: not ready, stale, superseded or already decided."""


class TakenOver(Conflict):
    """Another publisher or plan run has one's place: whoever is told so writes nothing more."""


class NotConfigured(PipelineError):  # noqa: N818
    """A setting is missing or unreadable."""


class NeedsPerson(PipelineError):  # noqa: N818
    """Credentials or permissions: a person has to connect again or change something on the other side."""


class Unavailable(PipelineError):  # noqa: N818
    """The other side is unreachable, slow or broken; the same request may work later."""


class StoreUnavailable(Unavailable):
    """Our own database is locked or away, or the place of snapshots: what was under way could not be written down."""


class Refused(PipelineError):  # noqa: N818
    """The other side refused this one item for good; its words are in the message."""
