"""Control routes for what happens in a shop without the API.

See `shop_manager.py` for listings, `sales.py` and `webhooks.py` for orders, `shop_owner.py`. Beside those:
GET /sandbox/shops, and GET /sandbox/fees: {"usd_cents", "fees": [{"listing_id", "reason", …}]}, whose reasons are
listing, renewal, auto_renewal and multi_quantity.
"""

from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from etsy_pipeline.sandbox import sales, shop_owner, webhooks
from etsy_pipeline.sandbox.etsy import receipts, renewals
from etsy_pipeline.sandbox.shop_manager import ShopManager
from etsy_pipeline.sandbox.state import MissingError, State

Json = dict[str, Any]


def routes(state: State, manager: ShopManager) -> list[Route]:
    """The routes."""

    def due(act: Callable[[int, Json], Json]) -> Callable[[int, Json], Json]:
        def acting(number: int, body: Json) -> Json:
            with state.working():
                renewals.run_due(state)
            return act(number, body)

        return acting

    def on_listing(path: str, method: str, act: Callable[[int, Json], Json], status: int = 200) -> Route:
        return Route(f"/sandbox/listings{path}", _about(due(act), status), methods=[method])

    def on_shop(path: str, method: str, act: Callable[[State, int, Json], Json]) -> Route:
        return Route(f"/sandbox/shops/{{id:int}}{path}", _about(lambda *said: act(state, *said), 200), methods=[method])

    def on_receipt(path: str, act: Callable[[State, int, Json], Json]) -> Route:
        return Route(
            f"/sandbox/receipts/{{id:int}}{path}", _about(lambda *said: act(state, *said), 200), methods=["POST"]
        )

    def of_sales(path: str, method: str, act: Callable[[State, Json], Json], status: int = 200) -> Route:
        return Route(f"/sandbox/{path}", _about(lambda _id, body: act(state, body), status), methods=[method])

    return [
        of_sales("receipts", "POST", sales.buy, 201),
        Route("/sandbox/receipts/{id:int}", _about(lambda number, _none: sales.show(state, number), 200)),
        on_receipt("/pay", sales.pay),
        on_receipt("/ship", sales.ship),
        on_receipt("/deliver", sales.deliver),
        on_receipt("/cancel", sales.cancel),
        on_receipt("/refund", sales.refund),
        of_sales("selling", "PATCH", receipts.change_settings),
        of_sales("webhooks", "PUT", webhooks.set_up),
        of_sales("webhooks", "GET", lambda state, _none: webhooks.events(state)),
        of_sales("webhooks/deliver", "POST", webhooks.deliver),
        on_listing("", "POST", lambda _none, body: manager.create(body), 201),
        on_listing("/{id:int}", "GET", lambda number, _none: manager.show(number)),
        on_listing("/{id:int}", "PATCH", manager.edit),
        on_listing("/{id:int}", "DELETE", lambda number, _none: manager.delete(number)),
        on_listing("/{id:int}/sell", "POST", manager.sell),
        on_listing("/{id:int}/renew", "POST", lambda number, _none: manager.renew(number)),
        Route("/sandbox/shops", _about(lambda _id, _body: {"shops": shop_owner.flags(state)}, 200)),
        Route("/sandbox/fees", _about(lambda _id, _body: _fees(state), 200)),
        on_shop("", "PATCH", shop_owner.change),
        on_shop("/currency", "POST", shop_owner.change_currency),
        on_shop("/replace", "POST", shop_owner.replace),
    ]


def _about(act: Callable[[int, Json], Json], status: int) -> Callable[[Request], Any]:
    """A route about one thing: 404 when there is no such one, 400 with what else is wrong."""

    async def endpoint(request: Request) -> Response:
        try:
            body = await request.json() if await request.body() else {}
            answer = await run_in_threadpool(act, request.path_params.get("id", 0), body or {})
        except MissingError as error:
            return JSONResponse({"error": str(error)}, 404)
        except KeyError as error:
            return JSONResponse({"error": f"{error} is missing"}, 400)
        except (ValueError, TypeError, AttributeError) as error:
            return JSONResponse({"error": f"{type(error).__name__}: {error}"}, 400)
        return JSONResponse(answer, status)

    return endpoint


def _fees(state: State) -> Json:
    rows = state.rows("SELECT listing_id, reason, usd_cents, at FROM fee ORDER BY fee_id")
    return {"usd_cents": sum(row["usd_cents"] for row in rows), "fees": [dict(row) for row in rows]}
