"""What somebody typed into a form whose session was over: it comes back once they have signed in again.

Between, it travels through the browser, encrypted with the database's key. Only forms of our own pages are kept: what
another site sent is never offered to be sent again.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import Request

from etsy_pipeline.api.context import AppContext
from etsy_pipeline.errors import PipelineError

LARGEST = 200_000  # characters of a form that is kept
SECRETS = frozenset({"api_key", "shared_secret"})  # fields that are not shown again; `…_kept` holds them, encrypted
NOT_KEPT = frozenset({"csrf", "token"})


@dataclass(frozen=True, slots=True)
class Kept:
    """Where a form leads, and its fields."""

    path: str
    fields: Sequence[tuple[str, str]]

    @property
    def shown(self) -> Sequence[tuple[str, str]]:
        """The fields as a person recognises them."""
        return [(name.replace("_", " "), text) for name, text in self.fields if text and not name.startswith("_")]


def was_sent_from_here(request: Request) -> bool:
    """Whether a page of ours sent it: browsers say where a form comes from."""
    return request.headers.get("sec-fetch-site") == "same-origin"


async def keep(request: Request) -> str:
    """The form that was sent, as text that says nothing; empty where there is nothing to keep."""
    form = await request.form()
    cipher = _context(request).store.cipher
    fields = []
    for name, value in form.multi_items():
        if not isinstance(value, str) or name in NOT_KEPT:
            continue
        fields.append((f"{name}_kept", cipher.encrypt(value)) if name in SECRETS and value else (name, value))
    text = json.dumps([request.url.path, fields])
    return cipher.encrypt(text) if any(value for _, value in fields) and len(text) <= LARGEST else ""


def kept(request: Request, text: str) -> Kept | None:
    """What was kept; None where it was not us who kept it."""
    try:
        path, fields = json.loads(_context(request).store.cipher.decrypt(text))
    except (PipelineError, ValueError):
        return None
    return Kept(path, [(name, value) for name, value in fields])


def _context(request: Request) -> AppContext:
    context: AppContext = request.app.state.context
    return context
