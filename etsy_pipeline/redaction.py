"""The last net: what is, or looks like, a secret is taken out of texts that leave this process.

Nothing writes a secret on purpose; this is for what a library puts into a message or a stack frame. The secrets of the
settings are known by their text, all others by their shape or by the name before them.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

HIDDEN = "[hidden]"
SHORTEST = 6  # characters of a known secret: a shorter one would hide half of every text
DEEPEST = 20  # levels of nesting, more than any event has

_SHAPES = re.compile(
    r"(?i)(?<=bearer )[\w.~+/=-]{8,}"  # an access token in a header
    r"|\b\d{3,}\.[\w-]{16,}"  # Etsy's tokens: the user's number, a dot, the rest
    r"|(?<=[?&])(?:code|code_verifier|access_token|refresh_token)=[^&\s\"']+"
    r"|(?<=[?&])state=[^&\s\"']{16,}"  # of OAuth; a listing's state is short
    r"|\bcode=(?=[\w-]*\d)[\w-]{20,}"  # of OAuth in a form; a code of ours has no digit
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"  # user and password in an address
    r"|(?<=hooks\.slack\.com/)[\w/-]+"
    r"|\b(?:sk|whsec)_[\w+/=-]{8,}"  # keys of Medusa and of webhooks
)
_NAMED = re.compile(
    r"(?i)((?:\w*(?:token|secret|password|api[-_]?key|verifier|authorization)=)"
    r"|(?:[\"']?(?:x-api-key|authorization|(?:access|refresh)_token|code_verifier|password)[\"']?\s*[:,]\s*b?[\"']?))"
    r"(?:(?:bearer|basic) )?(?!\[hidden\])[^\s\"'&,;)}\]]{6,}"
)
_KEYS = re.compile(r"(?i)token|secret|password|authorization|api[-_]?key|verifier|cookie|dsn")
_known: set[str] = set()


def remember(secrets: Iterable[str]) -> None:
    """Hide these texts from now on, wherever they stand."""
    _known.update(secret for secret in secrets if len(secret) >= SHORTEST)


def redacted(text: str) -> str:
    """The text without what is or looks like a secret."""
    for secret in sorted(_known, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return _NAMED.sub(rf"\1{HIDDEN}", _SHAPES.sub(HIDDEN, text))


def redacted_deeply(value: Any, depth: int = 0) -> Any:
    """The same for nested values; whatever stands under a key that names a secret is hidden whole."""
    if depth > DEEPEST:
        return HIDDEN
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, Mapping):
        return {
            key: HIDDEN if _KEYS.search(str(key)) else redacted_deeply(item, depth + 1) for key, item in value.items()
        }
    return [redacted_deeply(item, depth + 1) for item in value] if isinstance(value, list | tuple) else value
