"""Faults that can be switched on, per operation: what goes wrong on a bad day (FACTS §0.1, §10, §11).

A fault is JSON: {"operation": "createDraftListing" or "*", "kind": …, "times": how often (default: until cleared),
"probability": 0–1 (default 1), "seed": …} and what its kind needs:

    status        "status": 500, "body": {…} (default: {"error": "Server Error"}), "headers": {…}
    html          a 502 with an HTML page
    empty         "status": 504 with an empty body
    delay_before  "seconds": waits, then acts
    delay_after   "seconds": acts, then waits
    drop_before   closes the connection without acting
    drop_after    acts, then closes the connection without an answer
    fail_after    acts, then answers "status" (a create that answered 500 has really created)
    silent_200    answers as if it had acted, and has not
    late_visibility  "seconds": what is created shows only after so long
"""

import random
from typing import Any

from etsy_pipeline.sandbox.state import State, dump, load

KINDS = frozenset(
    [
        "status",
        "html",
        "empty",
        "delay_before",
        "delay_after",
        "drop_before",
        "drop_after",
        "fail_after",
        "silent_200",
        "late_visibility",
    ]
)


class Faults:
    """The faults that are on."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._random: dict[int, random.Random] = {}

    def add(self, fault: dict[str, Any]) -> int:
        """Switch a fault on; its id."""
        if fault.get("kind") not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(sorted(KINDS))}")
        values = (fault.get("operation", "*"), fault["kind"], fault.get("times"), dump(fault))
        return self._state.run("INSERT INTO fault (operation, kind, remaining, data) VALUES (?,?,?,?)", *values)

    def clear(self) -> None:
        """Switch all off."""
        self._state.run("DELETE FROM fault")
        self._random.clear()

    def every(self) -> list[dict[str, Any]]:
        """The faults that are on."""
        rows = self._state.rows("SELECT * FROM fault ORDER BY fault_id")
        return [{"fault_id": row["fault_id"], "remaining": row["remaining"], **load(row)} for row in rows]

    def take(self, operation: str) -> dict[str, Any] | None:
        """The fault that strikes this call, if any; the oldest first."""
        with self._state.working():
            for row in self._state.rows("SELECT * FROM fault WHERE operation IN (?, '*') ORDER BY fault_id", operation):
                fault: dict[str, Any] = load(row)
                if row["remaining"] == 0 or not self._strikes(row["fault_id"], fault):
                    continue
                if row["remaining"] is not None:
                    self._state.run("UPDATE fault SET remaining = remaining - 1 WHERE fault_id = ?", row["fault_id"])
                return fault
        return None

    def _strikes(self, fault_id: int, fault: dict[str, Any]) -> bool:
        dice = self._random.setdefault(fault_id, random.Random(fault.get("seed", fault_id)))  # noqa: S311 - no secret
        return dice.random() < float(fault.get("probability", 1.0))
