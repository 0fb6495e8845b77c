"""A product of a plan as a card: what a person needs to see to say yes or no to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from urllib.parse import urlencode

from etsy_pipeline.api.context import AppContext
from etsy_pipeline.api.review.page import is_picture
from etsy_pipeline.listings.listing import Inventory, Listing
from etsy_pipeline.listings.remedies import OF_THE_SHOP
from etsy_pipeline.listings.verdict import Verdict
from etsy_pipeline.planning.changes import Difference
from etsy_pipeline.planning.link import Link
from etsy_pipeline.planning.plan_item import PlanItem
from etsy_pipeline.planning.plan_view import dollars
from etsy_pipeline.planning.sections import section_of, words_of
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
    `preview` shows the listing as buyers will see it. `hints` are what the rules that it breaks say to do, each once.
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
    preview: str = ""

    @property
    def hints(self) -> Sequence[str]:
        """What to do about what is wrong, each once; what the whole shop lacks is told elsewhere."""
        return list(dict.fromkeys(item.hint for item in self.errors if item.hint and item.code not in OF_THE_SHOP))

    @property
    def action(self) -> str:
        """What is done with it, in the words of the pages."""
        return words_of(self.item.plan.action, self.item.plan.care, self.item.plan.verdicts)

    @property
    def is_waiting(self) -> bool:
        """Whether it is in order itself, and the shop lacks something."""
        return section_of(self.item.plan.action, self.item.plan.care, self.item.plan.verdicts) == "waits"

    @property
    def can_be_excluded(self) -> bool:
        """Whether anything would be done for it."""
        return self.item.plan.action in CHANGING


def item_card_of(
    context: AppContext,
    item: SyncItem,
    *,
    account_id: str = "",
    link: Link | None = None,
    is_excluded: bool = False,
    is_open: bool = True,
    preview: str = "",
) -> ItemCard:
    """The card of an item; once its plan is decided, it tells what was. `link` is the listing that it has, if any."""
    plan, listing = item.plan, item.plan.desired
    was = link.published if link else None
    first = next((each.images[0] for each in (listing, was) if each and each.images), None)
    url = first.url if first else plan.image_url
    return ItemCard(
        item=item,
        title=(listing.title if listing else "") or plan.product_title or "(no title)",
        picture=url if is_picture(context, url) else "",
        picture_text=first.alt_text if first else "",
        price=price_of(listing) if listing else price_of(was) if was else "",
        changes=[_change(difference, is_open=is_open) for difference in plan.differences],
        warnings=[verdict for verdict in plan.verdicts if verdict.severity == "warning"],
        errors=[verdict for verdict in plan.verdicts if verdict.severity == "error"],
        fee=dollars(plan.cost.fee_usd_cents) if plan.cost.fee_usd_cents else "",
        address=web_address(link.etsy_url if link else ""),
        is_excluded=is_excluded,
        candidates=_candidates(account_id, plan),
        preview=preview,
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


def price_of(listing: Listing) -> str:
    """What it costs: one price, or from the lowest to the highest on offer."""
    told = price_range(listing.inventory, listing.currency_code)
    return told or f"{_amount(listing.price)} {listing.currency_code}"


def price_range(inventory: Inventory, currency: str) -> str:
    """What an inventory's offerings cost; nothing where none is on offer."""
    offered = [offering.price for offering in inventory.offerings if offering.is_enabled]
    if not offered:
        return ""
    lowest, highest = min(offered), max(offered)
    told = _amount(lowest) if lowest == highest else f"{_amount(lowest)} to {_amount(highest)}"
    return f"{told} {currency}"


def _amount(price: Decimal) -> str:
    return f"{price:,}"
