"""What the rules say of a product: every verdict at once, and the listing it becomes if none forbids it."""

from dataclasses import dataclass
from typing import Literal

from etsy_pipeline.listings.identity import UNKNOWN, ProductIdentity
from etsy_pipeline.listings.listing import Inventory, Listing

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One rule's finding. `message` names the value and the limit; `hint` says what to do."""

    code: str
    severity: Severity
    field: str
    message: str
    hint: str = ""


OUT_OF_STOCK = "out of stock"


@dataclass(frozen=True, slots=True)
class ValidatedListing:
    """A product mapped to the listing it should become.

    `listing` is None when a verdict of severity error forbids it. `absent_because` says why the product should not be
    on sale on Etsy now (not published in Medusa, out of stock): no error, but a state. It is empty otherwise. `stock`
    is what there is of a product without a listing, where that is in order and only something else is not.
    """

    product_id: str
    product_title: str
    listing: Listing | None
    verdicts: tuple[Verdict, ...] = ()
    absent_because: str = ""
    identity: ProductIdentity = UNKNOWN
    stock: Inventory | None = None

    @property
    def is_sold_out(self) -> bool:
        """Whether all that keeps it off sale is that there is no piece left."""
        return self.absent_because == OUT_OF_STOCK

    @property
    def is_withdrawn(self) -> bool:
        """Whether it is not to be on sale however much there is of it: the shop does not sell it (any more)."""
        return bool(self.absent_because) and not self.is_sold_out

    @property
    def errors(self) -> tuple[Verdict, ...]:
        """The verdicts that forbid publication."""
        return tuple(verdict for verdict in self.verdicts if verdict.severity == "error")

    @property
    def warnings(self) -> tuple[Verdict, ...]:
        """The verdicts that a person should see."""
        return tuple(verdict for verdict in self.verdicts if verdict.severity == "warning")
