"""One seed of the storm: its dice, its place, both clocks, and the faults that Etsy has meanwhile."""

import json
import os
import random
import time
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from etsy_pipeline import wiring

REAL_SHARE = 1 / 40  # of the time that is waited

WRITES = ("createDraftListing", "updateListing", "updateListingInventory", "uploadListingImage")
MORE_WRITES = ("updateVariationImages", "updateListingProperty", "updateListingPersonalization")
READS = ("getListingsByShop", "getListingsByListingIds", "getListingsInventoryByListingIds", "getListingImages")
FAULTS: tuple[dict[str, Any], ...] = (
    *({"operation": name, "kind": "fail_after", "probability": 0.02} for name in (*WRITES, *MORE_WRITES)),
    *({"operation": name, "kind": "drop_after", "probability": 0.02} for name in (*WRITES, *MORE_WRITES)),
    *(
        {"operation": "createReceiptShipment", "kind": kind, "probability": 0.15}
        for kind in ("fail_after", "drop_after")
    ),
    *({"operation": name, "kind": "late_visibility", "seconds": 3, "probability": 0.02} for name in WRITES[:1]),
    *({"operation": name, "kind": "silent_200", "probability": 0.02} for name in WRITES[1:]),
    {"operation": "*", "kind": "status", "status": 503, "probability": 0.02},
    {"operation": "*", "kind": "status", "status": 429, "headers": {"retry-after": "1"}, "probability": 0.01},
    {"operation": "*", "kind": "drop_before", "probability": 0.01},
    {"operation": "*", "kind": "html", "probability": 0.01},
    {"operation": "*", "kind": "empty", "probability": 0.01},
    *({"operation": name, "kind": "delay_after", "seconds": 0.05, "probability": 0.02} for name in (*WRITES, *READS)),
)


@dataclass
class Storm:
    """One seed: its dice, its place, and what has happened so far."""

    seed: int
    folder: Path
    products: int
    etsy_url: str
    lanes: bool = False
    account_id: str = ""
    sold: int = 0
    kills: int = 0
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        """The seed's own dice."""
        self.dice = random.Random(self.seed)

    def answer(self, name: str = "answer") -> Any:
        """What the last child of ours left under a name."""
        return json.loads((self.folder / f"{name}.json").read_text())

    def note(self, answer: Any, name: str = "answer") -> None:
        """Leave an answer for the parent; two publishers at once leave one each, and the later one counts."""
        mine = self.folder / f"answer-{os.getpid()}.json"
        mine.write_text(json.dumps(answer))
        mine.replace(self.folder / f"{name}.json")

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """A control route of the local Etsy."""
        return control(self.etsy_url, method, path, body)

    def fast_forward(self) -> wiring.Time:
        """Our clock as the local Etsy's stands; waiting moves both, and takes a fraction of it."""
        ahead = float(self.control("GET", "clock")["now"]) - time.time()

        def sleep(seconds: float) -> None:
            nonlocal ahead
            ahead += seconds
            self.control("POST", "clock", {"advance_seconds": seconds})
            time.sleep(seconds * REAL_SHARE)

        return wiring.Time(clock=lambda: time.time() + ahead, sleep=sleep)


def control(url: str, method: str, path: str, body: Any = None) -> Any:
    """A control route of one of the sandbox's servers."""
    request = urllib.request.Request(  # noqa: S310 - our own server
        f"{url}/sandbox/{path}",
        json.dumps(body).encode() if body is not None else None,
        {"content-type": "application/json"},
        method=method,
    )
    with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
        return json.load(response)
