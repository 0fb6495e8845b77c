"""Faults that can be switched on, per operation: what goes wrong on a bad day (FACTS §0.1, §10, §11).

A fault is JSON. Which calls it can strike: {"operation": "createDraftListing", "token" or "*"}, or {"method": "PUT",
"path": "/v3/application/listings/*/inventory"} (a shell pattern). How often: "times" (default: until cleared),
"every": 3 (each third such call), "probability": 0–1 with "seed". What happens, by "kind", with what it needs:

    status        "status": 500, "body": {…} (default: {"error": "Server Error"}), "headers": {…}
    html          a 502 with an HTML page
    empty         "status": 504 with an empty body
    delay_before  "seconds": waits, then acts
    delay_after   "seconds": acts, then waits
    drop_before   closes the connection without acting
    drop_after    acts, then closes the connection without an answer
    fail_after    acts, then answers "status" (a create that answered 500 has really created)
    silent_200    answers success, and nothing has happened: an update shows the unchanged state
    late_visibility  "seconds": what is created shows only after so long
    unlinks       acts; an update of an inventory takes the pictures off all values (LISTING_EXTRAS §1)
    meanwhile     acts; then the seller "does" create, edit, sell, renew or delete "with" {…} (see `shop_manager.py`),
                  or somebody does "buy" or "cancel" (see `sales.py`)

A fault strikes only calls that pass the key and the limits: a refused call does not use it up.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from starlette.responses import HTMLResponse, JSONResponse, Response

from etsy_pipeline.sandbox.state import State, dump, load

NEEDS_SECONDS = frozenset({"delay_before", "delay_after", "late_visibility"})
INSTEAD = frozenset({"status", "html", "empty", "drop_before"})
DROPS = frozenset({"drop_before", "drop_after"})
KINDS = NEEDS_SECONDS | INSTEAD | DROPS | {"fail_after", "silent_200", "meanwhile", "unlinks"}
BY_HAND = frozenset({"buy", "cancel", "create", "delete", "edit", "renew", "sell"})
HTML_ERROR = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"

Fault = Mapping[str, Any]


class Faults:
    """The faults that are on."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._random: dict[int, random.Random] = {}
        self._seen: dict[int, int] = {}

    def add(self, fault: dict[str, Any]) -> int:
        """Switch a fault on; its id.

        Raises:
            ValueError: when it could not work, with what is wrong.
        """
        if fault.get("kind") not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(sorted(KINDS))}")
        if fault["kind"] in NEEDS_SECONDS:
            float(fault["seconds"])
        if fault["kind"] == "meanwhile" and (fault["does"] not in BY_HAND or not isinstance(fault["with"], dict)):
            raise ValueError(f"does must be one of {', '.join(sorted(BY_HAND))}, and with an object")
        for name, low in (("times", 1), ("every", 1), ("status", 100)):
            if fault.get(name) is not None and int(fault[name]) < low:
                raise ValueError(f"{name} must be at least {low}")
        values = (fault.get("operation", "*"), fault["kind"], fault.get("times"), dump(fault))
        return self._state.run("INSERT INTO fault (operation, kind, remaining, data) VALUES (?,?,?,?)", *values)

    def clear(self, fault_id: int | None = None) -> None:
        """Switch one off, or all."""
        self._state.run("DELETE FROM fault WHERE ? IS NULL OR fault_id = ?", fault_id, fault_id)
        if fault_id is None:
            self._random.clear()
            self._seen.clear()

    def every(self) -> list[dict[str, Any]]:
        """The faults that are on."""
        rows = self._state.rows("SELECT * FROM fault ORDER BY fault_id")
        return [{"fault_id": row["fault_id"], "remaining": row["remaining"], **load(row)} for row in rows]

    def take(self, operation: str, method: str, path: str) -> Fault | None:
        """The fault that strikes this call, if any; the oldest first."""
        with self._state.working():
            for row in self._state.rows("SELECT * FROM fault ORDER BY fault_id"):
                fault: Fault = load(row)
                if row["remaining"] == 0 or not _concerns(fault, operation, method, path):
                    continue
                if not self._strikes(row["fault_id"], fault):
                    continue
                if row["remaining"] is not None:
                    self._state.run("UPDATE fault SET remaining = remaining - 1 WHERE fault_id = ?", row["fault_id"])
                return fault
        return None

    def _strikes(self, fault_id: int, fault: Fault) -> bool:
        self._seen[fault_id] = self._seen.get(fault_id, 0) + 1
        if self._seen[fault_id] % int(fault.get("every") or 1):
            return False
        dice = self._random.setdefault(fault_id, random.Random(fault.get("seed", fault_id)))  # noqa: S311 - no secret
        return dice.random() < float(fault.get("probability", 1.0))


async def under(fault: Fault | None, act: Callable[[bool], Awaitable[Response]]) -> Response:
    """What a call answers under a fault. `act` is told whether its effect stays."""
    if fault is None:
        return await act(True)  # noqa: FBT003 - the one thing that it is told
    kind = fault["kind"]
    if kind in INSTEAD:
        return _instead(fault)
    if kind == "delay_before":
        await asyncio.sleep(float(fault["seconds"]))
    response = await act(kind != "silent_200")
    if kind == "delay_after":
        await asyncio.sleep(float(fault["seconds"]))
    return _instead(fault) if kind == "fail_after" else response


def _concerns(fault: Fault, operation: str, method: str, path: str) -> bool:
    if fault.get("operation", "*") not in {operation, "*"}:
        return False
    return fault.get("method", method) == method and fnmatchcase(path, fault.get("path", "*"))


def _instead(fault: Fault) -> Response:
    if fault["kind"] == "html":
        return HTMLResponse(HTML_ERROR, 502)
    if fault["kind"] == "empty":
        return Response(status_code=int(fault.get("status", 504)))
    body = fault.get("body", {"error": "Server Error"})
    return JSONResponse(body, int(fault.get("status", 500)), fault.get("headers"))
