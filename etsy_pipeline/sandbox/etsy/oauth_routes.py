"""The routes of OAuth: the consent page and the token endpoint. What is accepted there is judged in `auth.py`."""

from collections.abc import Sequence
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from etsy_pipeline.sandbox.etsy import auth, pages
from etsy_pipeline.sandbox.etsy.answers import Answer
from etsy_pipeline.sandbox.etsy.requests import FORM, whole
from etsy_pipeline.sandbox.state import State


class OAuthRoutes:
    """Consent and tokens for the one registered app."""

    def __init__(self, state: State, app: auth.App) -> None:
        self._state, self._app = state, app

    def consent_routes(self) -> list[Route]:
        """The page that the seller's browser opens, and its buttons."""
        return [
            Route("/oauth/connect", self._page, methods=["GET"]),
            Route("/oauth/connect", self._pressed, methods=["POST"]),
        ]

    async def token(self, request: Request, *, keep: bool) -> Answer:
        """The token endpoint (FACTS §2): forms only."""
        form = await request.form()
        is_form = request.headers.get("content-type", "").partition(";")[0].strip().lower() == FORM
        values = {name: value for name, value in form.items() if isinstance(value, str)} if is_form else {}
        return await run_in_threadpool(self._tokens, values, keep)

    def _tokens(self, form: dict[str, str], keep: bool) -> Answer:  # noqa: FBT001 - called through a thread pool
        with self._state.working(keep=keep):
            return Answer(auth.token(self._state, self._app, form))

    async def _page(self, request: Request) -> Response:
        query = dict(request.query_params)
        try:
            auth.check_consent(self._app, query)
        except auth.ConsentError as problem:
            return HTMLResponse(pages.problem(str(problem)), 400)
        if user_id := self._state.setting("auto_consent", ""):  # for tests
            return await self._redirect(query, int(user_id))
        return HTMLResponse(pages.consent(query, await run_in_threadpool(self._shops)))

    async def _pressed(self, request: Request) -> Response:
        query = dict(request.query_params)
        form = await request.form()
        user_id = whole(str(form.get("user_id", "")))
        is_granted = form.get("answer") == "grant"
        try:
            auth.check_consent(self._app, query)
            if is_granted and user_id not in {row["user_id"] for row in await run_in_threadpool(self._shops)}:
                raise auth.ConsentError("Choose a shop.")
        except auth.ConsentError as problem:
            return HTMLResponse(pages.problem(str(problem)), 400)
        return await self._redirect(query, user_id if is_granted else None)

    def _shops(self) -> Sequence[Any]:
        return self._state.rows("SELECT user_id, data FROM shop ORDER BY shop_id")

    async def _redirect(self, query: dict[str, str], user_id: int | None) -> Response:
        return RedirectResponse(await run_in_threadpool(self._grant, query, user_id), 302)

    def _grant(self, query: dict[str, str], user_id: int | None) -> str:
        with self._state.working():
            return auth.redirect_after_consent(self._state, query, user_id)
