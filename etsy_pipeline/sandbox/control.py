"""Control routes of the local Etsy, below /sandbox: faults, clock, limits. The seller's: `control_seller.py`.

GET /sandbox/state · GET, POST, DELETE /sandbox/faults (see `faults.py`) · DELETE /sandbox/faults/ID
GET, POST /sandbox/clock {"advance_seconds": n} · GET, POST /sandbox/limits {"per_second": n, "per_day": n}
POST /sandbox/auto-consent {"user_id": n or null} · POST /sandbox/tokens {"kind": "refresh" or "access"}: revokes them
POST /sandbox/reset {}
"""

from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from etsy_pipeline.sandbox.etsy.limits import Limits
from etsy_pipeline.sandbox.faults import Faults
from etsy_pipeline.sandbox.state import SELLERS_TABLES, State, load

TABLES = ("shop", "listing", "listing_image", "fee", "request_log", "token")


def routes(state: State, faults: Faults, limits: Limits, reseed: Callable[[], None]) -> list[Route]:
    """The routes. `reseed` makes the sample shops anew."""

    def clear_faults(request: Request) -> Response:
        faults.clear(request.path_params.get("id"))
        return JSONResponse(faults.every())

    def move_clock(body: dict[str, Any]) -> dict[str, Any]:
        state.advance(float(body["advance_seconds"]))
        return {"now": state.now()}

    def set_limits(body: dict[str, Any]) -> dict[str, Any]:
        limits.per_second = int(body.get("per_second", limits.per_second))
        limits.per_day = int(body.get("per_day", limits.per_day))
        return {"per_second": limits.per_second, "per_day": limits.per_day}

    def auto_consent(body: dict[str, Any]) -> dict[str, Any]:
        state.set_setting("auto_consent", str(body.get("user_id") or ""))
        return {"user_id": body.get("user_id")}

    def revoke(body: dict[str, Any]) -> dict[str, Any]:
        kind = body.get("kind", "refresh")
        state.run("UPDATE token SET revoked = 1 WHERE kind = ?", kind)
        return {"revoked": kind}

    def reset(_body: dict[str, Any]) -> dict[str, Any]:
        state.forget(*SELLERS_TABLES)
        state.set_setting("auto_consent", "")
        state.set_back_clock()
        faults.clear()
        limits.forget()
        reseed()
        return _summary(state)

    return [
        Route("/sandbox/state", _getting(lambda: _summary(state))),
        Route("/sandbox/faults", _getting(faults.every), methods=["GET"]),
        Route("/sandbox/faults", clear_faults, methods=["DELETE"]),
        Route("/sandbox/faults/{id:int}", clear_faults, methods=["DELETE"]),
        Route("/sandbox/faults", posting(lambda body: {"fault_id": faults.add(body)}), methods=["POST"]),
        Route("/sandbox/clock", _getting(lambda: {"now": state.now()}), methods=["GET"]),
        Route("/sandbox/clock", posting(move_clock), methods=["POST"]),
        Route("/sandbox/limits", _getting(lambda: set_limits({})), methods=["GET"]),
        Route("/sandbox/limits", posting(set_limits), methods=["POST"]),
        Route("/sandbox/auto-consent", posting(auto_consent), methods=["POST"]),
        Route("/sandbox/tokens", posting(revoke), methods=["POST"]),
        Route("/sandbox/reset", posting(reset), methods=["POST"]),
    ]


def posting(act: Callable[[dict[str, Any]], dict[str, Any]], status: int = 200) -> Callable[[Request], Any]:
    """A route that takes JSON and answers JSON; 400 says what was wrong with it."""

    async def endpoint(request: Request) -> Response:
        try:
            return JSONResponse(await run_in_threadpool(act, await request.json()), status)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return JSONResponse({"error": f"{type(error).__name__}: {error}"}, 400)

    return endpoint


def _getting(read: Callable[[], Any]) -> Callable[[Request], Response]:
    def endpoint(_request: Request) -> Response:
        return JSONResponse(read())

    return endpoint


def _summary(state: State) -> dict[str, Any]:
    counts = {table: _count(state, table) for table in TABLES}
    found = [
        {
            "listing_id": row["listing_id"], "shop_id": row["shop_id"], "state": row["state"], "title": row["title"],
            "images": _count(state, f"listing_image WHERE listing_id = {int(row['listing_id'])}"),
            "offerings": len(load(row, "inventory")["products"]), "description": load(row)["description"],
        }
        for row in state.rows("SELECT * FROM listing ORDER BY listing_id")
    ]  # fmt: skip
    calls = {
        row["operation"]: row["n"] for row in state.rows("SELECT operation, COUNT(*) AS n FROM request_log GROUP BY 1")
    }
    return {"counts": counts, "listings": found, "calls": calls}


def _count(state: State, what: str) -> int:
    row = state.row(f"SELECT COUNT(*) AS n FROM {what}")  # noqa: S608 - our own text
    return int(row["n"]) if row else 0
