"""The last net: what looks like a secret is taken out of texts that leave this process.

Nothing writes a secret on purpose; this is for what a library puts into a message or a stack frame.
"""

import logging
import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "[hidden]"

_SECRETS = re.compile(
    r"(?i)(?<=bearer )[\w.~+/=-]{8,}"  # an access token in a header
    r"|\b\d{3,}\.[\w-]{16,}"  # Etsy's tokens: the user's number, a dot, the rest
    r"|(?<=[?&])(?:code|state|code_verifier|access_token|refresh_token)=[^&\s\"']+"
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"  # user and password in an address
    r"|\b(?:sk|whsec)_[\w+/=-]{8,}"  # keys of Medusa and of webhooks
)
_KEYS = re.compile(r"(?i)token|secret|password|authorization|api[-_]?key|verifier|cookie|dsn")


def redacted(text: str) -> str:
    """The text without what looks like a secret."""
    return _SECRETS.sub(HIDDEN, text)


def redacted_deeply(value: Any, depth: int = 0) -> Any:
    """The same for nested values; whatever stands under a key that names a secret is hidden whole."""
    if depth > 20:  # noqa: PLR2004 - deeper than any event
        return HIDDEN
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, Mapping):
        return {
            key: HIDDEN if _KEYS.search(str(key)) else redacted_deeply(item, depth + 1) for key, item in value.items()
        }
    return [redacted_deeply(item, depth + 1) for item in value] if isinstance(value, list | tuple) else value


class RedactingFilter(logging.Filter):
    """Takes secrets out of log records before they are written."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always lets the record pass."""
        message = record.getMessage()
        clean = redacted(message)
        if clean != message:
            record.msg, record.args = clean, ()
        return True
