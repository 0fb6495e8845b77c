"""Pages that are rendered here, without scripts: templates, and whether a browser asked.

Every value that a template shows is escaped, and what cannot be seen in it is made visible (`safe_text.py`).
"""

import re
from pathlib import Path

from fastapi import Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates
from markupsafe import Markup, escape

from etsy_pipeline.safe_text import visible_lines

_templates = Jinja2Templates(directory=Path(__file__).parent / "templates")


def wants_page(request: Request) -> bool:
    """Whether the answer is for a person's eyes."""
    return "text/html" in request.headers.get("accept", "")


def page(request: Request, template: str, status: int = 200, **values: object) -> HTMLResponse:
    """A page; every value is escaped."""
    return _templates.TemplateResponse(request, template, values, status_code=status)


def compile_templates() -> None:
    """Compile every template now, a quarter of a second in all: no first page has to wait for it."""
    for name in _templates.env.list_templates(extensions=("html",)):
        _templates.env.get_template(name)


def with_code(text: str) -> Markup:
    """A sentence with `commands` in it, which stand out on a page as they do in a terminal."""
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", _escaped(text)))  # noqa: S704 - escaped


def breakable(name: str) -> Markup:
    """A long name that a narrow column may break, but between words only."""
    return Markup(re.sub("([._])", r"\1<wbr>", _escaped(name)))  # noqa: S704 - escaped


def _escaped(text: str) -> str:
    return str(escape(visible_lines(text)))


def _shown(value: object) -> object:
    """What a template shows of a value; what it rendered itself was looked at before."""
    return visible_lines(value) if isinstance(value, str) and not isinstance(value, Markup) else value


_templates.env.finalize = _shown
_templates.env.filters |= {"with_code": with_code, "breakable": breakable}
