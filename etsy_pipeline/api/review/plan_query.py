"""Where a reviewer is in a plan: which products are shown, from which on, and which ones are left out so far.

All of it stands in the address, so every page can be gone back to, and nothing has to be kept here.
"""

from collections.abc import Mapping
from typing import Annotated, Literal, get_args
from urllib.parse import urlencode

from pydantic import BaseModel, Field

from etsy_pipeline.api.inputs import PRINTABLE
from etsy_pipeline.api.review import words
from etsy_pipeline.api.review.exclusions import mark_of, pack, unpack
from etsy_pipeline.planning.brakes import BRAKES
from etsy_pipeline.planning.sections import CHANGING, SECTIONS, Section
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.sync.queries import PlanFilter

A_PAGE = 50
OUTCOMES = ("failed", "synced", "waiting")
WHAT_CHANGES = "What changes"
SHOWN: Mapping[str, str] = {
    "": WHAT_CHANGES,
    **SECTIONS,
    "brakes": "With a brake",
    "conflicts": "Changed on Etsy",
    **{code: f"Brake: {rule.words}" for code, rule in BRAKES.items() if not rule.is_of_plan},
    "all": "Everything",
}
AFTERWARDS: Mapping[str, str] = {name: words.OUTCOMES[name] for name in OUTCOMES}

Position = Annotated[int, Field(ge=0, lt=1_000_000)]


class PlanQuery(BaseModel):
    """The query of a plan's page: what is shown of it, why it cannot be published, and what is searched for (`q`).

    `at` is the place in that list of the product that is looked at by itself.
    `seen`, `leave`, `only` and `to` come from its form, on the way to the next page.
    """

    show: str = Field(default="", max_length=50, pattern=r"^[a-z_]*$")
    why: str = Field(default="", max_length=50, pattern=r"^[a-z_]*$")
    q: str = Field(default="", max_length=200, pattern=PRINTABLE)
    offset: int = Field(default=0, ge=0, le=1_000_000)
    at: int = Field(default=0, ge=0, le=1_000_000)
    plan: str = Field(default="", max_length=100, pattern=PRINTABLE)
    out: str = Field(default="", max_length=60_000)
    follow: Literal["", "yes"] = ""
    seen: str = Field(default="", max_length=60_000)
    leave: list[Position] = Field(default=[], max_length=500)
    only: str | None = Field(default=None, max_length=50, pattern=r"^[a-z_]*$")
    to: str = Field(default="", max_length=20, pattern=r"^[a-z0-9]*$")

    def is_of(self, job: EtsySyncJob) -> bool:
        """Whether this is the plan that the reviewer has been looking at."""
        return self.plan in {"", mark_of(job)}

    @property
    def is_on_the_way(self) -> bool:
        """Whether the form of a page was sent."""
        return bool(self.to or self.seen or self.leave or self.only is not None)

    def exclusions(self, job: EtsySyncJob) -> frozenset[int]:
        """Positions that are left out: those of earlier pages, and the boxes of the page that was just sent."""
        if not self.is_of(job):
            return frozenset()
        return (unpack(self.out) - unpack(self.seen)) | frozenset(self.leave)

    def address(self, job: EtsySyncJob, **changes: object) -> str:
        """The address of this page, or of one that differs from it."""
        return f"/review/{job.transaction_id}?{self.encoded(job, **changes)}"

    def encoded(self, job: EtsySyncJob, **changes: object) -> str:
        """The query of that address."""
        place = {"show": self.show, "why": self.why, "q": self.q.strip(), "offset": self.offset}
        chosen = {"plan": mark_of(job), "out": pack(self.exclusions(job))}
        return urlencode({name: value for name, value in (place | chosen | changes).items() if value})

    @property
    def is_narrowed(self) -> bool:
        """Whether this is not what a plan begins with."""
        return bool(self.show or self.why or self.q.strip())

    def onward(self, job: EtsySyncJob) -> str:
        """Where the form that was sent leads. A plan that is gone is told by its page before anything else."""
        if not self.is_of(job):
            return self.address(job, plan=self.plan, offset=0)
        if self.to == "decide":
            query = urlencode({"plan": mark_of(job), "out": pack(self.exclusions(job))})
            return f"/review/{job.transaction_id}/decide?{query}"
        place = {} if self.only is None else {"show": self.only, "why": ""}
        return self.address(job, **place, offset=int(self.to) if self.to.isdecimal() else 0)

    def wanted(self) -> tuple[PlanFilter, str | None]:
        """Which items of the plan to read, one more than a page has, and with which outcome."""
        return self.filter(first=self.offset, most=A_PAGE + 1), self.outcome

    @property
    def outcome(self) -> str | None:
        """With which outcome, where that is chosen."""
        return self.show if self.show in OUTCOMES else None

    def filter(self, *, first: int = 0, most: int | None = None) -> PlanFilter:
        """What is shown: without anything chosen, what changes; a search looks through the whole plan."""
        show, text = self.show, self.q.strip() or None
        of_section = tuple(section for section in get_args(Section) if section == show)
        return PlanFilter(
            sections=of_section or (CHANGING if not show and not text else ()),
            why=self.why or None,
            text=text,
            brake="any" if show == "brakes" else show if _is_brake(show) else None,
            with_conflicts=show == "conflicts",
            first=first,
            most=most,
        )


def _is_brake(show: str) -> bool:
    return show not in {"", "all", "conflicts", *SECTIONS, *OUTCOMES}
