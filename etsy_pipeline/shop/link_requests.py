"""What somebody wants decided on products and listings, and what became of it. Plain values."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from etsy_pipeline.errors import BadRequest, PipelineError
from etsy_pipeline.listings.identity import UNKNOWN, ProductIdentity
from etsy_pipeline.planning.link import LiveListing

Act = Literal["attach", "detach", "move", "take_back", "ignore", "unignore", "create_anyway"]

LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class LinkRequest:
    """One decision. Which of the ids it needs depends on the act.

    `keep` are fields that stay the seller's, `own` those that become Medusa's, both in the words of plans; `by_hand`
    says which variant an offering is, where neither SKU nor values do (`linking/variant_map.py`). `to_product_id` is
    the product that a listing moves to. `row` is where it stands in a file.
    """

    act: Act
    product_id: str = ""
    listing_id: int | None = None
    keep: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    by_hand: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    to_product_id: str = ""
    note: str = ""
    row: int = 0


@dataclass(frozen=True, slots=True)
class Said:
    """Who decides, through which door, and why."""

    decided_by: str
    through: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that cannot be carried out, and why."""

    request: LinkRequest
    error: PipelineError


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of requests: those that were carried out, and those that were refused."""

    done: tuple[LinkRequest, ...] = ()
    refused: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class KnownProduct:
    """A product that there is: its title, what it is known by, and whether the shop sells it, if it is in stock."""

    title: str
    identity: ProductIdentity = UNKNOWN
    is_sold: bool = True


LookUp = Callable[[Sequence[str]], Mapping[str, KnownProduct]]
"""Asks Medusa for products by their ids; those that it does not have are left out."""

LiveOf = Callable[[Sequence[int]], Mapping[int, LiveListing]]
"""Reads listings as Etsy has them now, by their ids."""


@dataclass(frozen=True, slots=True)
class Readers:
    """Where a decision looks before it is written down; nothing is asked that is not needed."""

    live_of: LiveOf
    look_up: LookUp


def require_name(said: Said) -> None:
    """Refuse a decision that nobody stands for.

    Raises:
        BadRequest: `decider_missing`.
    """
    name = said.decided_by.strip()
    if not name or len(name) > LONGEST_NAME:
        raise BadRequest(
            f"A decision needs the name of whoever decides, of at most {LONGEST_NAME} characters.",
            code="decider_missing",
            hint="Give it with --by NAME (`by` over HTTP).",
        )
