"""The HTTP API put together: routes, who is answered, and the page that describes it."""

from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.middleware.cors import CORSMiddleware

from etsy_pipeline.api import (
    accounts,
    activity,
    link_decisions,
    links,
    oauth,
    orders,
    people,
    ready,
    shop_listings,
    sync_jobs,
    syncs,
    webhooks,
)
from etsy_pipeline.api.answers import DOCUMENTED, SafeJson, answer_errors
from etsy_pipeline.api.context import AppContext
from etsy_pipeline.api.guard import REVIEW, Guard
from etsy_pipeline.api.middleware import BodyLimit, RequestMiddleware
from etsy_pipeline.api.pages import compile_templates, page
from etsy_pipeline.api.review.app import create_review
from etsy_pipeline.api.setup.app import create_setup
from etsy_pipeline.api.setup.steps import SETUP
from etsy_pipeline.settings import Settings
from etsy_pipeline.store.engine import Store

ABOUT = "Ask for syncs of a MedusaJS catalogue to Etsy, review their plans, decide on them, and see how they stand."

ROOMS = (
    accounts, shop_listings, orders, oauth, syncs, sync_jobs, links, link_decisions, people, activity, webhooks,
    ready,
)  # fmt: skip


def create_app(settings: Settings, store: Store, load: Callable[[], Settings] = Settings.load) -> FastAPI:
    """The ASGI application.

    Args:
        settings: what it begins with.
        store: the database.
        load: reads the settings anew, once set-up has stored some.

    Raises:
        NotConfigured: `webhook_secret_malformed`.
    """
    compile_templates()
    app = FastAPI(
        title="etsy_pipeline",
        version=version("etsy_pipeline"),
        description=ABOUT,
        responses=DOCUMENTED,
        default_response_class=SafeJson,
        docs_url=None,  # its scripts come from elsewhere, and could approve plans here
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.context = AppContext(settings, store, load)
    app.state.checks = ready.checks_of(app.state.context)
    app.state.webhook_secret = webhooks.verifier(settings)
    app.state.medusa_webhook_secret = webhooks.medusa_verifier(settings)
    for room in ROOMS:
        app.include_router(room.router)
    app.add_api_route("/docs", _docs, methods=["GET"], include_in_schema=False)
    app.add_api_route("/", _review, methods=["GET"], include_in_schema=False)
    app.add_api_route(REVIEW, _review, methods=["GET"], include_in_schema=False)
    app.mount(REVIEW, create_review(app.state.context))
    app.add_api_route(SETUP, _setup, methods=["GET"], include_in_schema=False)
    app.mount(SETUP, create_setup(app.state.context))
    answer_errors(app)
    _surround(app, settings, store)
    return app


def _surround(app: FastAPI, settings: Settings, store: Store) -> None:
    """Middleware; the last added is the outermost."""
    app.add_middleware(Guard, token=settings.etsy_pipeline_api_token, origins=settings.cors_origins, store=store)
    app.add_middleware(BodyLimit)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST", "PATCH"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key"],
        )
    app.add_middleware(RequestMiddleware)


def _review() -> RedirectResponse:
    return RedirectResponse(f"{REVIEW}/")


def _setup() -> RedirectResponse:
    return RedirectResponse(f"{SETUP}/")


def _docs(request: Request) -> HTMLResponse:
    app: FastAPI = request.app
    schema = app.openapi()
    return page(request, "routes.html", schema=schema, body_fields=lambda route: _body_fields(schema, route))


def _body_fields(schema: Mapping[str, Any], route: Mapping[str, Any]) -> Sequence[tuple[str, Any]]:
    body = route.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    for option in (body, *body.get("anyOf", ())):
        name = option.get("$ref", "").rpartition("/")[2]
        if name:
            return list(schema["components"]["schemas"][name].get("properties", {}).items())
    return list(body.get("properties", {}).items())
