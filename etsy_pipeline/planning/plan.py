"""From a validated listing and its link to what will be done: one plan item. Pure.

Not here: the rules for a listing (`listings/rules.py`), how the plan is shown (`plan_view.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from etsy_pipeline.listings.listing import Listing
from etsy_pipeline.listings.verdict import ValidatedListing, Verdict
from etsy_pipeline.planning.costs import NO_COST, Cost, cost_of_create, cost_of_deactivate, cost_of_update
from etsy_pipeline.planning.differences import Difference, differences
from etsy_pipeline.planning.link import Link

Action = Literal["create", "update", "deactivate", "skip", "invalid"]
ACTIONS: tuple[Action, ...] = ("create", "update", "deactivate", "skip", "invalid")

ON_SALE = frozenset({"active"})
RENEWING_STATES = frozenset({"sold_out", "expired"})  # setting them active again costs a fee (FACTS §6)

NOT_ON_ETSY = Link(product_id="")


@dataclass(frozen=True, slots=True)
class PlanItem:
    """What will be done for one product, why, and what it costs (calls to Etsy; US cents)."""

    product_id: str
    product_title: str
    action: Action
    reason: str
    desired: Listing | None = None
    differences: tuple[Difference, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    etsy_listing_id: int | None = None
    cost: Cost = NO_COST


def plan_product(validated: ValidatedListing, link: Link | None) -> PlanItem:
    """Decide what to do for a product that is in the snapshot."""
    known = link or NOT_ON_ETSY
    if validated.absent_because:
        return _absent(validated, known)
    if validated.listing is None:
        return _item(validated, known, "invalid", "; ".join(verdict.message for verdict in validated.errors))
    if known.etsy_listing_id is None:
        changes = differences(None, validated.listing)
        return _item(validated, known, "create", "not on Etsy yet", changes, cost_of_create(validated.listing))
    return _present(validated, validated.listing, known)


def plan_removed(link: Link) -> PlanItem:
    """Decide what to do for a linked product that the snapshot no longer has."""
    gone = ValidatedListing(link.product_id, link.product_title, None, (), "no longer in the catalogue")
    return plan_product(gone, link)


def _absent(validated: ValidatedListing, link: Link) -> PlanItem:
    if link.etsy_listing_id is not None and link.listing_state in ON_SALE:
        change = Difference("state", "listing", link.listing_state or "", "inactive")
        return _item(validated, link, "deactivate", validated.absent_because, (change,), cost_of_deactivate())
    return _item(validated, link, "skip", validated.absent_because)


def _present(validated: ValidatedListing, listing: Listing, link: Link) -> PlanItem:
    changes = differences(link.published, listing)
    activates = listing.publish_as == "active" and link.listing_state not in ON_SALE
    if activates:
        changes = (*changes, Difference("state", "listing", link.listing_state or "unknown", "active"))
    if not changes and not link.has_failed:
        return _item(validated, link, "skip", "unchanged since it was last published")
    reason = _why_update(link, changes)
    pays = activates and (link.listing_state in RENEWING_STATES or link.listing_state == "draft")
    return _item(validated, link, "update", reason, changes, cost_of_update(listing, changes, pays_fee=pays))


def _why_update(link: Link, changes: Sequence[Difference]) -> str:
    if link.published is None:
        return "an earlier attempt did not come to its end"
    fields = ", ".join(change.field for change in changes)
    if link.has_failed:
        return f"the last attempt failed; {fields or 'nothing'} changed since the one before"
    return f"{fields} changed"


def _item(
    validated: ValidatedListing,
    link: Link,
    action: Action,
    reason: str,
    changes: tuple[Difference, ...] = (),
    cost: Cost = NO_COST,
) -> PlanItem:
    sends = action in {"create", "update"}
    return PlanItem(
        product_id=validated.product_id,
        product_title=validated.product_title,
        action=action,
        reason=reason,
        desired=validated.listing if sends else None,
        differences=changes,
        verdicts=validated.verdicts,
        etsy_listing_id=link.etsy_listing_id,
        cost=cost,
    )
