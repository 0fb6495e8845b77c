"""Every fault of the local Etsy on every endpoint that the publisher uses: what becomes of a new product.

Each case is a product of its own in one shop. The fault strikes once, or for as long as the publication lasts; after it
is over, the product is synced again until it is on Etsy, once.
"""

import io
import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from etsy_pipeline import wiring
from etsy_pipeline.listings.listing import Listing, ListingImage, PersonalizationQuestion
from etsy_pipeline.listings.verdict import ValidatedListing
from etsy_pipeline.pictures.source import Picture, PictureSource
from etsy_pipeline.publishing.publisher import publish
from etsy_pipeline.store import budgets, links
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync.build_plan import build_plan
from etsy_pipeline_tests.builders import a_listing, known
from etsy_pipeline_tests.looked import looking
from etsy_pipeline_tests.publishing.shop import Shop, as_planned
from etsy_pipeline_tests.world import PROFILE_ID

WRITES = (
    "createDraftListing",
    "uploadListingImage",
    "updateListingInventory",
    "updateListingPersonalization",
    "updateListing",
)
READS = ("getListingsByListingIds", "getListingsInventoryByListingIds", "getListingsByShop")
SEARCH = "getListingsByShop"  # only searched after a create whose answer was lost
FAULTS: dict[str, dict[str, Any]] = {
    "400": {"kind": "status", "status": 400, "body": {"error": "There was a problem with /title : no"}},
    "403": {"kind": "status", "status": 403, "body": {"error": "Forbidden"}},
    "404": {"kind": "status", "status": 404, "body": {"error": "Resource not found"}},
    "409": {"kind": "status", "status": 409, "body": {"error": "Conflict"}},
    "429, wait a second": {"kind": "status", "status": 429, "headers": {"retry-after": "1"}},
    "429, wait an hour": {"kind": "status", "status": 429, "headers": {"retry-after": "3600"}},
    "500, nothing done": {"kind": "status", "status": 500},
    "500, and it was done": {"kind": "fail_after"},
    "502, HTML": {"kind": "html"},
    "504, empty": {"kind": "empty"},
    "connection lost, nothing done": {"kind": "drop_before"},
    "connection lost, and it was done": {"kind": "drop_after"},
    "200, nothing done": {"kind": "silent_200"},
    "slow answer": {"kind": "delay_after", "seconds": 0.02},
    "visible 3 s late": {"kind": "late_visibility", "seconds": 3},
}
MAX_PUBLICATIONS, MAX_SYNCS = 4, 3


@dataclass(frozen=True)
class Case:
    """A fault on an operation, once or always."""

    operation: str
    fault: str
    is_once: bool


@dataclass
class Outcome:
    """What happened under the fault, and what was on Etsy after it."""

    told: str
    states: list[str]
    is_synced: bool


def cases() -> Iterator[Case]:
    """All that can happen: reads do nothing, and only what is created can be seen late."""
    for operation in (*WRITES, *READS):
        for name, fault in FAULTS.items():
            if fault["kind"] == "late_visibility" and operation != "createDraftListing":
                continue
            if operation in READS and (fault["kind"] in {"silent_200", "fail_after", "drop_after"}):
                continue
            for is_once in (True, False):
                yield Case(operation, name, is_once)


class OnePicture(PictureSource):
    """The same picture for every address, without a network."""

    def fetch(self, url: str) -> Picture:
        del url
        buffer = io.BytesIO()
        Image.new("RGB", (8, 8)).save(buffer, "PNG")
        return Picture(buffer.getvalue(), "mug.png", "0" * 64)


@dataclass
class Matrix:
    """A shop in which all cases are played."""

    shop: Shop
    ahead: float = 0.0
    number: int = 0
    outcomes: dict[Case, Outcome] = field(default_factory=dict)
    _runs: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        settings, store = self.shop.world.settings, self.shop.store
        self.client = wiring.shop_client(settings, store, self.shop.id, self._time())

    def play(self, case: Case) -> Outcome:
        """One case, with a product of its own."""
        self.number += 1
        product = ValidatedListing(f"prod_{self.number}", f"Mug {self.number}", self._listing())
        if case.operation == SEARCH:
            self.shop.fault(operation="createDraftListing", kind="drop_after", times=1)
        times = {"times": 1} if case.is_once else {}
        self.shop.fault(operation=case.operation, **FAULTS[case.fault], **times)
        told, job = self._under_the_fault(product)
        self.shop.world.etsy("DELETE", "faults")
        self._sleep(4)
        is_synced = self._afterwards(product, job)
        query = "SELECT state FROM listing WHERE title = ?"
        states = [row["state"] for row in self.shop.world.sandbox.state.rows(query, f"Mug {self.number}")]
        return Outcome(told, states, is_synced)

    def _under_the_fault(self, product: ValidatedListing) -> tuple[str, EtsySyncJob]:
        job = self._planned(product)
        pauses = 0
        for _ in range(MAX_PUBLICATIONS):
            job = self._published(product, job)
            if job.state is not SyncState.PAUSED:
                break
            pauses += 1
        code = self._code(job)
        if job.state is SyncState.PAUSED:
            return "the job pauses until it is over", job
        if job.state is SyncState.FAILED and code is None:
            return "the job stops until a person acts", job
        paused = {0: "", 1: "after a pause "}.get(pauses, f"after {pauses} pauses ")
        return paused + ("published" if code is None else f"the product fails: `{code}`"), job

    def _afterwards(self, product: ValidatedListing, job: EtsySyncJob) -> bool:
        for _ in range(MAX_SYNCS):
            job = self._published(product, job if job.state is SyncState.PAUSED else self._planned(product))
            with self.shop.store.reading() as session:
                link = links.of_products(session, self.shop.id, [product.product_id]).get(product.product_id)
            if link and link.sync_status == "synced" and job.status == "completed":
                return True
        return False

    def _planned(self, product: ValidatedListing) -> EtsySyncJob:
        self._forget_waiting()
        job = build_plan(
            self.shop.store, account_id=self.shop.id, transaction_id=None, trigger="cli", validated=[product],
            covers_selection=False, amount_unit="major", run_id=f"r{next(self._runs)}",
            live_of=lambda ids: {} if self.shop.world.etsy("GET", "faults") else self.client.live_listings(ids),
            identified=known([product]), look_through=looking(self.shop.store, self.shop.id),
        )  # fmt: skip
        return self.shop.approve(job)

    def _published(self, product: ValidatedListing, job: EtsySyncJob) -> EtsySyncJob:
        self._forget_waiting()
        if job.is_over:
            return job
        return publish(
            self.shop.store, self.client, OnePicture(), job.transaction_id,
            amount_unit="major", run_id="r", source=as_planned([product]), sleep=self._sleep, now=self._time().now,
        )  # fmt: skip

    def _forget_waiting(self) -> None:
        """As if the hour that a 429 asked for were over."""
        with budgets.changing(self.shop.store, self.shop.world.sandbox.client_id) as ledger:
            ledger.held_until = None

    def _code(self, job: EtsySyncJob) -> str | None:
        return next((item.error_code for item in self.shop.items(job) if item.outcome == "failed"), None)

    def _time(self) -> wiring.Time:
        return wiring.Time(clock=lambda: time.time() + self.ahead, sleep=self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.ahead += seconds
        self.shop.world.etsy("POST", "clock", {"advance_seconds": seconds})

    def _listing(self) -> Listing:
        return a_listing(
            title=f"Mug {self.number}", shipping_profile_id=PROFILE_ID, return_policy_id=PROFILE_ID,
            readiness_state_id=PROFILE_ID,
            images=(ListingImage("http://pictures.test/mug.png", "A mug"),),
            personalization=(PersonalizationQuestion("Which name?"),),
        )  # fmt: skip


def table(outcomes: dict[Case, Outcome]) -> str:
    """The matrix as it stands in docs/reliability.md."""
    lines = []
    for operation in (*WRITES, *READS):
        lines += ["", f"### {operation}", "", "| fault | once | for as long as it is tried |", "|---|---|---|"]
        for name in FAULTS:
            pair = [outcomes.get(Case(operation, name, is_once)) for is_once in (True, False)]
            if pair[0] and pair[1]:
                lines.append(f"| {name} | {pair[0].told} | {pair[1].told} |")
    return "\n".join(lines).strip() + "\n"
