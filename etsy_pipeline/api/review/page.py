"""A page of the review pages: what all of them have in common, and what a browser may load for it."""

import hashlib
import re
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse

from etsy_pipeline.api import pages
from etsy_pipeline.api.context import AppContext
from etsy_pipeline.api.review.session import csrf_token, needs_sign_in

STYLE = (Path(__file__).parents[1] / "templates" / "review" / "style.css").read_text()
STYLE_VERSION = hashlib.sha256(STYLE.encode()).hexdigest()[:12]
SEE_OTHER = 303
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+")


def page(request: Request, template: str, status: int = 200, **values: object) -> HTMLResponse:
    """A page of the templates in `review`; every value is escaped."""
    shared = {"csrf": csrf_token(request), "can_sign_out": needs_sign_in(request), "style_version": STYLE_VERSION}
    answer = pages.page(request, f"review/{template}", status, **shared, **values)
    answer.headers["content-security-policy"] = _policy(request.app.state.context)
    return answer


def to(path: str) -> RedirectResponse:
    """Send the browser to another page of ours, by GET."""
    return RedirectResponse(path, SEE_OTHER)


def is_picture(context: AppContext, url: str) -> bool:
    """Whether the page's policy lets a browser load this picture."""
    return url.startswith("https://") or origin_of(url) in _picture_origins(context)


def origin_of(url: str) -> str:
    """Scheme and host of an address; nothing where it could not stand in a header."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    origin = f"{parts.scheme}://{parts.netloc}"
    return origin if _ORIGIN.fullmatch(origin) else ""


def _picture_origins(context: AppContext) -> list[str]:
    """Where pictures come from that may not be behind https: Medusa, and a sandbox's Etsy."""
    origins = (origin_of(context.settings.medusa_url or ""), origin_of(context.settings.etsy_api_url))
    return [origin for origin in dict.fromkeys(origins) if origin and not origin.startswith("https://")]


def _policy(context: AppContext) -> str:
    pictures = " ".join(("https:", *_picture_origins(context)))
    etsy = origin_of(context.settings.etsy_oauth_url)  # a form's answer leads there, to connect a shop
    return (
        f"default-src 'none'; style-src 'self'; img-src {pictures}; form-action 'self' {etsy}; "
        "frame-ancestors 'none'; base-uri 'none'"
    )
