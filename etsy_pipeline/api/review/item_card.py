"""A product of a plan as a card: what a person needs to see to say yes or no to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from urllib.parse import urlencode

from etsy_pipeline.api.context import AppContext
from etsy_pipeline.api.review.page import is_picture
from etsy_pipeline.listings.listing import Listing
from etsy_pipeline.listings.verdict import Verdict
from etsy_pipeline.planning.changes import Difference
from etsy_pipeline.planning.plan import PlanItem
from etsy_pipeline.planning.plan_view import dollars
from etsy_pipeline.store.records import SyncItem

CHANGING = frozenset({"create", "update", "deactivate"})


@dataclass(frozen=True, slots=True)
class Side:
    """A field's value on one of the sides that are compared."""

    name: str
    value: str
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """A field that changes, side by side."""

    field: str
    sides: Sequence[Side]


@dataclass(frozen=True, slots=True)
class ItemCard:
    """A product. `picture` is an address that the page may load, or nothing; `address` is the listing on Etsy.

    `candidates` is the page on which a person decides whether the product is on Etsy already, where that is open.
    """

    item: SyncItem
    title: str
    picture: str
    picture_text: str
    price: str
    changes: Sequence[Change]
    warnings: Sequence[Verdict]
    errors: Sequence[Verdict]
    fee: str
    address: str
    is_excluded: bool
    candidates: str = ""

    @property
    def can_be_excluded(self) -> bool:
        """Whether anything would be done for it."""
        return self.item.plan.action in CHANGING


def item_card_of(
    context: AppContext,
    item: SyncItem,
    *,
    account_id: str = "",
    address: str = "",
    is_excluded: bool = False,
    is_open: bool = True,
) -> ItemCard:
    """The card of an item; once its plan is decided, it tells what was."""
    plan, listing = item.plan, item.plan.desired
    first = listing.images[0] if listing and listing.images else None
    return ItemCard(
        item=item,
        title=(listing.title if listing else "") or plan.product_title or "(no title)",
        picture=first.url if first and is_picture(context, first.url) else "",
        picture_text=first.alt_text if first else "",
        price=_price(listing) if listing else "",
        changes=[_change(difference, is_open=is_open) for difference in plan.differences],
        warnings=[verdict for verdict in plan.verdicts if verdict.severity == "warning"],
        errors=[verdict for verdict in plan.verdicts if verdict.severity == "error"],
        fee=dollars(plan.cost.fee_usd_cents) if plan.cost.fee_usd_cents else "",
        address=web_address(address),
        is_excluded=is_excluded,
        candidates=_candidates(account_id, plan),
    )


def web_address(text: str | None) -> str:
    """An address that may stand in a link."""
    return text if text and text.startswith(("https://", "http://")) else ""


def _candidates(account_id: str, plan: PlanItem) -> str:
    if not any(verdict.code == "listing_may_exist" for verdict in plan.verdicts):
        return ""
    return f"/review/accounts/{account_id}/candidates?{urlencode({'product_id': plan.product_id})}"


def _change(difference: Difference, *, is_open: bool) -> Change:
    published, live = difference.published, difference.live
    on_etsy = "On Etsy now" if is_open else "On Etsy then"
    if published and live and not _same(published, live):
        before = [Side("Last published", published), Side(on_etsy, live)]
    else:
        before = [Side(on_etsy if live else "Last published" if published else "Before", difference.old)]
    after = Side("Will be" if is_open else "New", difference.new, is_new=True)
    return Change(difference.field, [*before, after])


def _same(one: str, other: str) -> bool:
    try:
        return Decimal(one) == Decimal(other)  # 30 and 30.00
    except InvalidOperation:
        return one == other


def _price(listing: Listing) -> str:
    offered = [offering.price for offering in listing.inventory.offerings if offering.is_enabled]
    lowest, highest = min(offered, default=listing.price), max(offered, default=listing.price)
    told = _amount(lowest) if lowest == highest else f"{_amount(lowest)} to {_amount(highest)}"
    return f"{told} {listing.currency_code}"


def _amount(price: Decimal) -> str:
    return f"{price:,}"
