"""What a plan says of one field: a difference that will be sent, or a conflict with what someone did on Etsy."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from etsy_pipeline.planning.fields import Part

ConflictOutcome = Literal["overwritten", "kept", "sold", "ours"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that changes, from three sides: Medusa now (`new`), last published, live on Etsy (blank: unknown).

    `old` is what will be replaced: the live value where it is known. `part` says which of Etsy's calls carries it.
    """

    field: str
    part: Part
    old: str
    new: str
    published: str = ""
    live: str = ""


def parts_of(differences: Iterable[Difference]) -> frozenset[Part]:
    """Which of Etsy's calls carry these differences."""
    return frozenset(change.part for change in differences)


@dataclass(frozen=True, slots=True)
class FieldConflict:
    """A field that is not on Etsy as we last published it: somebody changed it there, or pieces were sold.

    Or it was ours (`ours`): a sync that was interrupted may have sent it, and goes on with fewer pieces.
    """

    field: str
    published: str
    live: str
    new: str
    outcome: ConflictOutcome

    @property
    def message(self) -> str:
        """The conflict in a sentence."""
        if self.outcome == "sold":
            left = f"{self.published} were published, {self.live} are left on Etsy"
            return f"{self.field}: {left}; {self.new} stays for sale"
        if self.outcome == "ours":
            return f"{self.field}: this sync may have put {self.live} on Etsy already; {self.new} stays for sale"
        end = f"will be overwritten with {self.new}" if self.outcome == "overwritten" else "is kept"
        return f"{self.field} was changed on Etsy, from {self.published} to {self.live}, and {end}"
