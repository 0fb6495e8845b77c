"""A page of the review pages: what all of them have in common, and what a browser may load for it.

Every page works without scripts; the one that there is (pages.js) adds keys and
the reader's own time to it, and comes from here.
"""

import hashlib
import re
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse

from etsy_pipeline.accounts.people import may
from etsy_pipeline.api import pages
from etsy_pipeline.api.context import AppContext
from etsy_pipeline.api.review.alarms import alarms
from etsy_pipeline.api.review.session import csrf_token, name_for, needs_sign_in
from etsy_pipeline.api.who import Who

_TEMPLATES = Path(__file__).parents[1] / "templates"
STYLE = "\n".join((_TEMPLATES / name).read_text() for name in ("review/style.css", "setup/style.css"))
SCRIPT = (_TEMPLATES / "review" / "pages.js").read_text()
STYLE_VERSION, SCRIPT_VERSION = (hashlib.sha256(text.encode()).hexdigest()[:12] for text in (STYLE, SCRIPT))
SEE_OTHER = 303
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+")


def page(request: Request, template: str, status: int = 200, **values: object) -> HTMLResponse:
    """A page of the templates in `review`, or in the folder that the name begins with; every value is escaped."""
    context: AppContext = request.app.state.context
    shared = {
        "csrf": csrf_token(request),
        "can_sign_out": needs_sign_in(request),
        "style_version": STYLE_VERSION,
        "script_version": SCRIPT_VERSION,
        **_of_who_looks(request, context),
    }
    answer = pages.page(request, template if "/" in template else f"review/{template}", status, **shared | values)
    answer.headers["content-security-policy"] = _policy(context)
    return answer


def bare_page(request: Request, template: str, status: int, **values: object) -> HTMLResponse:
    """A page that asks the database nothing: it may be what does not answer."""
    context: AppContext = request.app.state.context
    shared = {"style_version": STYLE_VERSION, "script_version": SCRIPT_VERSION, "who": None, "alarms": (), "csrf": ""}
    answer = pages.page(request, f"review/{template}", status, **shared | values)
    answer.headers["content-security-policy"] = _policy(context)
    return answer


def _of_who_looks(request: Request, context: AppContext) -> dict[str, object]:
    """Who has signed in, what they may, and what is wrong at the moment; whoever has not is told none of it."""
    who: Who | None = getattr(request.state, "who", None)
    if who is None:
        return {"who": None, "alarms": ()}
    return {
        "who": who,
        "name": name_for(request),
        "may_approve": may(who.role, "approve"),
        "may_administer": may(who.role, "administer"),
        "alarms": alarms(context),
    }


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
        f"default-src 'none'; style-src 'self'; script-src 'self'; img-src {pictures}; form-action 'self' {etsy}; "
        "frame-ancestors 'none'; base-uri 'none'"
    )
