"""The pages of set-up put together: from nothing to the first plan in a browser, and every setting by form later."""

from fastapi import Depends, FastAPI, Request

from etsy_pipeline.api.context import AppContext
from etsy_pipeline.api.review.app import pages_app
from etsy_pipeline.api.review.session import SIGNED_IN
from etsy_pipeline.api.setup import attributes, choosing, connections, overview, publishing, settings_page
from etsy_pipeline.api.setup.forecast import Forecasts
from etsy_pipeline.api.setup.offered import Offered
from etsy_pipeline.api.who import require


def _administers(request: Request) -> None:
    """Keys and settings are shown to whoever may change them."""
    require(request, "administer")


ROOMS = (overview, connections, choosing, attributes, publishing, settings_page)


def create_setup(context: AppContext) -> FastAPI:
    """The application that is mounted at /setup."""
    app = pages_app(context)
    app.state.offered, app.state.forecasts = Offered(context), Forecasts(context)
    for room in ROOMS:
        app.include_router(room.router, dependencies=[SIGNED_IN, Depends(_administers)])
    return app
