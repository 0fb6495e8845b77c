"""What goes wrong with single calls of the sample Medusa's Admin API.

A fault is {"method": "POST", "path": "/admin/reservations" (a shell pattern), "kind", "times": 1}. Kinds:

    drop_before  closes the connection without acting
    drop_after   acts, then closes the connection without an answer
    fail_before  a 500, and nothing happened
    fail_after   acts, then answers 500
"""

from fnmatch import fnmatchcase
from typing import Any

KINDS = frozenset({"drop_before", "drop_after", "fail_before", "fail_after"})

Json = dict[str, Any]


class Faults:
    """The faults that are on, in memory."""

    def __init__(self) -> None:
        self._on: list[Json] = []

    def add(self, fault: Json) -> Json:
        """Switch a fault on.

        Raises:
            ValueError: when it could not work.
        """
        if fault.get("kind") not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(sorted(KINDS))}")
        self._on.append({"method": "POST", "path": "*", "times": 1} | fault)
        return {"faults": self.every()}

    def clear(self) -> Json:
        """Switch all off."""
        self._on.clear()
        return {"faults": []}

    def every(self) -> list[Json]:
        """The faults that are on."""
        return [dict(fault) for fault in self._on]

    def take(self, method: str, path: str) -> str:
        """The kind of fault that strikes this call, or nothing; the oldest first."""
        for fault in self._on:
            if fault["method"] == method and fnmatchcase(path, fault["path"]):
                fault["times"] -= 1
                if fault["times"] == 0:
                    self._on.remove(fault)
                return str(fault["kind"])
        return ""
