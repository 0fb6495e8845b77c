"""What a plan says of one product."""

from dataclasses import dataclass
from typing import Literal

from etsy_pipeline.listings.listing import Listing
from etsy_pipeline.listings.verdict import Verdict
from etsy_pipeline.planning.brakes import Brake
from etsy_pipeline.planning.changes import Difference, FieldConflict
from etsy_pipeline.planning.costs import AUTO_RENEWAL_USD_CENTS, NO_COST, Cost
from etsy_pipeline.planning.inventory import PriceMove
from etsy_pipeline.planning.life import HELD, REVIVALS

Action = Literal["create", "update", "deactivate", "skip", "invalid"]
ACTIONS: tuple[Action, ...] = ("create", "update", "deactivate", "skip", "invalid")
CHANGING = ACTIONS[:3]  # for these something is sent

NO_RULE = "invalid"  # code of a product that is invalid by no rule of its listing

STOCK_FIELDS = frozenset({"price", "quantity"})  # what travels in the stock lane

NOT_RESTORED = "not_restored"  # code of the warning on what a rollback leaves as it is

HELD_AND_OVERSOLD = "held_and_oversold"  # code of the warning on what is held while Etsy sells too much of it

NOTHING_TO_TELL = 9  # `care` of an item that stays as it is


@dataclass(frozen=True, slots=True)
class PlanItem:
    """What will be done for one product, why, and what it costs (calls to Etsy; US cents).

    `desired` is the listing as it will be afterwards. A new one is sent whole, so it has no `differences`; its
    `etsy_listing_id`, if any, is that of a listing that Etsy no longer has. `image_url` (its first picture) and `skus`
    are the product's as Medusa has it, to know it by. `lowers_only` is known while a plan is made: it takes pieces off
    sale that Medusa no longer has, and does nothing else.
    """

    product_id: str
    product_title: str
    action: Action
    reason: str
    desired: Listing | None = None
    differences: tuple[Difference, ...] = ()
    conflicts: tuple[FieldConflict, ...] = ()
    brakes: tuple[Brake, ...] = ()
    price_moves: tuple[PriceMove, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    etsy_listing_id: int | None = None
    cost: Cost = NO_COST
    image_url: str = ""
    skus: tuple[str, ...] = ()
    lowers_only: bool = False

    @property
    def care(self) -> int:
        """Where it stands in a plan that begins with what is dangerous: 0 first."""
        if self.brakes:
            return 0
        if self.conflicts:
            return 1
        is_told = any(item.code in {NOT_RESTORED, HELD_AND_OVERSOLD} for item in self.verdicts)
        if self.action == "skip" and (self.life in HELD or is_told):
            return 6
        return {"deactivate": 2, "invalid": 3, "create": 4, "update": 5, "skip": NOTHING_TO_TELL}[self.action]

    @property
    def error_code(self) -> str:
        """What makes it invalid: the code of its first error; `invalid` where no rule of a listing does."""
        return next((verdict.code for verdict in self.verdicts if verdict.severity == "error"), NO_RULE)

    @property
    def life(self) -> str:
        """What becomes of a listing that is not simply on sale, in a word (`life.py`); blank for all others."""
        held = next((verdict.code for verdict in self.verdicts if verdict.code in HELD), "")
        if held or self.action not in {"create", "update"}:
            return held
        if self.action == "create":
            return "" if self.etsy_listing_id is None else "listing_gone"
        state = next((change for change in self.differences if change.field == "state"), None)
        return REVIVALS.get(state.old, "") if state and state.new == "active" else ""

    @property
    def auto_renewal_usd_cents(self) -> int:
        """What Etsy's renewing by itself will cost more a year, or less, because of this item."""
        if self.action == "create":
            return AUTO_RENEWAL_USD_CENTS if self.desired and self.desired.should_auto_renew else 0
        changes = any(change.field == "should_auto_renew" for change in self.differences)
        if not changes or self.desired is None:
            return 0
        return AUTO_RENEWAL_USD_CENTS if self.desired.should_auto_renew else -AUTO_RENEWAL_USD_CENTS


def lowers_stock_only(item: PlanItem) -> bool:
    """Whether only pieces are taken off sale of a product that is invalid otherwise."""
    return item.action == "update" and any(verdict.severity == "error" for verdict in item.verdicts)
