"""Pages that are rendered here, without scripts: templates, and whether a browser asked."""

import re
from pathlib import Path

from fastapi import Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates
from markupsafe import Markup, escape

_templates = Jinja2Templates(directory=Path(__file__).parent / "templates")


def wants_page(request: Request) -> bool:
    """Whether the answer is for a person's eyes."""
    return "text/html" in request.headers.get("accept", "")


def page(request: Request, template: str, status: int = 200, **values: object) -> HTMLResponse:
    """A page; every value is escaped."""
    return _templates.TemplateResponse(request, template, values, status_code=status)


def with_code(text: str) -> Markup:
    """A sentence with `commands` in it, which stand out on a page as they do in a terminal."""
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped


def breakable(name: str) -> Markup:
    """A long name that a narrow column may break, but between words only."""
    return Markup(re.sub("([._])", r"\1<wbr>", str(escape(name))))  # noqa: S704 - escaped


_templates.env.filters |= {"with_code": with_code, "breakable": breakable}
