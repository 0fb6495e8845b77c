"""Routes of a shop's orders on Etsy: how they stand, what was booked for them, closing one, and what Medusa has lost.

All other deciding is done on the page, and by command.
"""

from contextlib import closing
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from etsy_pipeline import wiring
from etsy_pipeline.api.context import Context
from etsy_pipeline.api.inputs import PRINTABLE, AccountPath, Name, Page
from etsy_pipeline.api.who import NOBODY_NAMED, THROUGH, ByProgram, Sender
from etsy_pipeline.orders import by_hand, views
from etsy_pipeline.orders.lost import decide_lost, lost_count
from etsy_pipeline.store.activity import Doer

router = APIRouter(prefix="/admin/etsy-accounts", tags=["orders"])

MOST_FROZEN = 500

State = Annotated[
    Literal["open", "needs_person", "done", "canceled"] | None, Query(description="Only orders in this state.")
]
ReceiptPath = Annotated[int, Path(ge=1, lt=2**63, description="Etsy's number of the order.")]


class Booking(BaseModel):
    """Pieces that were reserved in Medusa (`sale`), or given back (`return`)."""

    what: Literal["sale", "return"]
    inventory_item_id: str
    location_id: str
    quantity: int
    reservation_id: str | None
    done_at: str | None


class Line(BaseModel):
    """A line of an order, the variant that it was matched to, and how."""

    transaction_id: str
    title: str
    sku: str
    options: str
    quantity: int
    price: str
    listing_id: str | None
    product_id: str | None
    variant_id: str | None
    matched_by: str
    state: str
    problem: str | None
    booked_at: str | None
    booked: list[Booking]


class Order(BaseModel):
    """An order on Etsy. Nothing of the buyer."""

    receipt_id: str
    state: str
    problem: str | None
    mode: str
    status_on_etsy: str
    is_paid: bool
    is_shipped: bool
    is_canceled: bool
    sold_at: str | None
    settled_at: str | None
    closed_by: str | None = Field(description="Who closed it by hand.")
    closed_because: str | None = Field(description="Why, in their words.")
    total: str | None
    refunded: str | None
    currency_code: str | None
    url: str
    medusa_order_id: str | None
    lines: list[Line]


class Standing(BaseModel):
    """How a shop's orders stand; lags are of lines that were booked in the last day."""

    mode: str
    missing_permissions: list[str]
    problem: str | None
    read_until: str | None
    looked_at: str | None
    swept_at: str | None
    tells_addresses: bool | None
    takes_tracking: bool | None
    orders: dict[str, int] = Field(description="Orders by state.")
    lines: dict[str, int] = Field(description="Lines by state.")
    lag_seconds_median: float | None
    lag_seconds_95: float | None


class Orders(BaseModel):
    """Part of a shop's orders, the newest first."""

    receipts: list[Order]
    standing: Standing
    count: int
    offset: int
    limit: int


class FrozenLine(Line):
    """A line that waits for a person."""

    receipt_id: str


class FrozenLines(BaseModel):
    """Lines that wait for a person; their listings are not raised until then."""

    lines: list[FrozenLine] = Field(max_length=MOST_FROZEN)
    count: int
    lost: int = Field(description="How many of them Medusa no longer has reserved; they can be decided together.")


class LostDecision(BaseModel):
    """What is said of all lines whose reservation Medusa has lost; `count` is how many somebody saw (`lost`)."""

    decision: Literal["reserve_again", "book_nothing"]
    count: int = Field(ge=0, le=10_000_000)


class Closing(BaseModel):
    """Why nothing more is to be done for an order."""

    reason: str = Field(pattern=PRINTABLE, description=f"Why, in {by_hand.LONGEST_REASON} characters at most.")
    by: Name | None = Field(
        default=None, description="The person who decides; whoever sends a token of their own decides as themselves."
    )


class Decided(BaseModel):
    """Of how many lines it was said."""

    count: int


@router.get("/{account_id}/receipts", summary="Orders on Etsy, and what was booked for them")
def show_orders(context: Context, account_id: AccountPath, page: Page, state: State = None) -> Orders:
    """As they were read last. `etsy-pipeline orders look` and a run every few minutes read what is new."""
    found = views.orders_page(context.store, account_id, state=state, first=page.offset, most=page.limit)
    return Orders(
        receipts=[Order(**item) for item in found.orders],
        standing=Standing(**views.standing(context.store, account_id)),
        count=found.count,
        offset=page.offset,
        limit=page.limit,
    )


@router.get("/{account_id}/receipts/{receipt_id}", summary="One order on Etsy")
def show_order(context: Context, account_id: AccountPath, receipt_id: ReceiptPath) -> Order:
    """With its lines."""
    return Order(**views.order(context.store, account_id, receipt_id))


@router.post("/{account_id}/receipts/{receipt_id}/close", summary="Close an order that can never be made")
def close_order(
    context: Context, sender: Sender, account_id: AccountPath, receipt_id: ReceiptPath, body: Closing
) -> Order:
    """One that waits for a person: no order is made of it in Medusa, and nothing stays reserved for it."""
    by = Doer(sender.decides_as(body.by or "", NOBODY_NAMED), THROUGH)
    with closing(wiring.reservations_for(context.settings, context.store, account_id)) as medusa:
        by_hand.close_order(context.store, medusa, account_id, receipt_id, reason=body.reason, by=by)
    return Order(**views.order(context.store, account_id, receipt_id))


@router.get("/{account_id}/frozen-lines", summary="Lines of orders that wait for a person")
def show_frozen_lines(context: Context, account_id: AccountPath) -> FrozenLines:
    """Sold on Etsy, and not known of which variant, or more than Medusa has."""
    found: list[dict[str, Any]] = views.frozen_lines(context.store, account_id)
    lost = lost_count(context.store, account_id)
    return FrozenLines(lines=[FrozenLine(**item) for item in found[:MOST_FROZEN]], count=len(found), lost=lost)


@router.post("/{account_id}/frozen-lines", summary="Decide all lines at once that Medusa no longer has reserved")
def decide_frozen_lines(context: Context, by: ByProgram, account_id: AccountPath, body: LostDecision) -> Decided:
    """After Medusa was put back: have them reserved again, with the next look at orders, or book nothing for them."""
    reserves = body.decision == "reserve_again"
    return Decided(count=decide_lost(context.store, account_id, count=body.count, reserves=reserves, by=by))
