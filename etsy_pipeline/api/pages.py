"""Pages that are rendered here, without scripts: templates, and whether a browser asked."""

from pathlib import Path

from fastapi import Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates

_templates = Jinja2Templates(directory=Path(__file__).parent / "templates")


def wants_page(request: Request) -> bool:
    """Whether the answer is for a person's eyes."""
    return "text/html" in request.headers.get("accept", "")


def page(request: Request, template: str, status: int = 200, **values: object) -> HTMLResponse:
    """A page; every value is escaped."""
    return _templates.TemplateResponse(request, template, values, status_code=status)
