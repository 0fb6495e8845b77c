"""The stock lane: what may be planned and published of a shop while a sync of it is under way.

A long sync holds the products that it has not finished. All others may have their price and stock changed beside it; a
sync that does only this is of the lane `stock`, with a publisher of its own. No product is ever held by two syncs that
are under way: whoever is approved second leaves it out. Only where it takes pieces off sale, and the first one is
paused and has not begun the product, is it the first that leaves it out (`unsent.take_over`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.listings.verdict import ValidatedListing
from etsy_pipeline.planning.leaves_paused_sync import held_and_oversold, taken_out_of, takes_off_sale
from etsy_pipeline.planning.link import Link, LiveListing
from etsy_pipeline.planning.plan import held_by_words, held_elsewhere, left_for_later, plan_product, removed, stock_only
from etsy_pipeline.planning.plan_item import CHANGING, PlanItem
from etsy_pipeline.store import clock, items, jobs, pending_links
from etsy_pipeline.store.engine import Session
from etsy_pipeline.store.records import EtsySyncJob, Lane, SyncItem
from etsy_pipeline.store.sync_states import UNDER_WAY, SyncState

LEFT_TO_ANOTHER = "held_by_another_sync"  # code of a product that an approval took out
OF_STOCK = "stock"  # the trigger of a sync because Medusa's stock changed: price and stock are all that it is about


def next_lane(session: Session, account_id: str, trigger: str) -> Lane:
    """What a plan that begins now may touch."""
    if trigger == OF_STOCK:
        return "stock"
    return "full" if jobs.under_way(session, account_id, "full") is None else "stock"


@dataclass(slots=True)
class Beside:
    """The syncs of the account that are under way, as a plan that is being drawn up sees them.

    Args:
        lane: of the plan.
        holders: product id → the sync that has yet to deal with it.
        paused: likewise, of a sync that is paused, where the product may be on sale; for the stock lane.
        begun: those of them that this sync has begun.
        waits_for: how long all but price and stock waits, in words; for the stock lane.
        held: products that the plan leaves to these syncs, so far.
        oversold: those of them of which Etsy sells pieces that Medusa no longer has, as far as that was looked at.
        left_for_later: products of which something waits, so far.
        now: the moment of the plan.
    """

    lane: Lane
    holders: Mapping[str, str] = field(default_factory=dict)
    paused: Mapping[str, str] = field(default_factory=dict)
    begun: frozenset[str] = frozenset()
    waits_for: str = "until the next plan"
    held: int = 0
    oversold: int = 0
    left_for_later: int = 0
    now: datetime | None = None

    def plan(
        self, item: ValidatedListing, link: Link | None, live: LiveListing | None, settings: ShopSettings
    ) -> PlanItem:
        """Decide what to do for a product."""
        holder = self.holders.get(item.product_id)
        if holder is not None:
            return self._held(item, link, holder)
        planned = plan_product(item, link, live, settings, self.now)
        if self.lane == "full":
            return planned
        later = left_for_later(planned, link)
        planned = stock_only(planned, item, link, live, settings, self.waits_for)
        paused = self.paused.get(item.product_id)
        if paused is not None and not takes_off_sale(planned, link, live):
            return self._held(item, link, paused)
        if paused is not None and item.product_id in self.begun:
            self.oversold += 1
            return replace(self._held(item, link, paused), verdicts=(held_and_oversold(paused),))
        self.left_for_later += bool(later)
        return planned if paused is None else taken_out_of(paused, planned)

    def holds(self, product_id: str) -> bool:
        """Whether another sync has yet to deal with a product, begun or not."""
        return product_id in self.holders or product_id in self.paused

    def _held(self, item: ValidatedListing, link: Link | None, holder: str) -> PlanItem:
        self.held += 1
        return held_elsewhere(item.product_id, item.product_title, link, holder)

    def plan_removed(self, link: Link, live: LiveListing | None, settings: ShopSettings) -> PlanItem:
        """Decide what to do for a linked product that the snapshot no longer has."""
        return self.plan(removed(link), link, live, settings)


def beside(session: Session, job: EtsySyncJob) -> Beside:
    """What is under way beside a sync that is being planned."""
    under_way = jobs.in_state(session, *UNDER_WAY, account_id=job.etsy_account_id)
    holders = {product_id: other.transaction_id for other in under_way for product_id in held_by(session, other)}
    full = next((other for other in under_way if other.lane == "full"), None)
    if full is None:
        return Beside(job.lane, holders, now=clock.now(session))
    paused, begun = dict[str, str](), frozenset[str]()
    if job.lane == "stock" and full.state is SyncState.PAUSED:
        there = items.product_ids(session, full.id, outcome="waiting", actions=("update", "deactivate"))
        paused = {key: holders.pop(key) for key in there if holders.get(key) == full.transaction_id}
        begun = frozenset(paused).difference(items.untouched(session, full.id))
    return Beside(job.lane, holders, paused, begun, f"while {full.transaction_id} is under way", now=clock.now(session))


def held_by(session: Session, job: EtsySyncJob) -> list[str]:
    """Products that a sync which is under way has yet to deal with."""
    approval = jobs.approval(session, job.transaction_id)
    excluded = frozenset(approval.excluded_products if approval else ())
    waiting = items.product_ids(session, job.id, outcome="waiting", actions=CHANGING)
    return [product_id for product_id in waiting if product_id not in excluded]


def leave_to(session: Session, job: EtsySyncJob, other: EtsySyncJob, since: datetime) -> list[SyncItem]:
    """Plan nothing for what another sync deals with that was approved while this plan was drawn up.

    Args:
        session: a writing one, with the account locked.
        job: the plan, all of whose items are there.
        other: under way by now.
        since: when this plan began to look; what the other one has sent by then was seen.

    Returns:
        The items as they were planned.
    """
    approval = jobs.approval(session, other.transaction_id)
    theirs = set(items.dealt_with_since(session, other.id, since)) - set(approval.excluded_products if approval else ())
    both = [product_id for product_id in items.product_ids(session, job.id, actions=CHANGING) if product_id in theirs]
    return items.leave(session, job.id, both, held_by_words(other.transaction_id))


def leave_out_held(session: Session, job: EtsySyncJob) -> None:
    """Take those products out of a sync that is being approved which another one, under way by now, holds.

    They count as not done: what was approved of them is not on Etsy when this sync is over (`unsent.plan_left_ones`).
    The account has to be locked: of two syncs that are approved at the same moment, the second one sees the first.
    """
    for other in jobs.in_state(session, *UNDER_WAY, account_id=job.etsy_account_id):
        if other.id == job.id:
            continue
        both = sorted(set(held_by(session, other)) & set(held_by(session, job)))
        leave_out(session, job, both, f"left to {other.transaction_id}, which holds it")


def leave_out(session: Session, job: EtsySyncJob, product_ids: Sequence[str], note: str) -> list[str]:
    """Leave products to another sync, as far as no publisher of this one has begun them; which those are."""
    now = clock.now(session)
    done = {"outcome": "skipped", "step": "done", "finished_at": now, "error_code": LEFT_TO_ANOTHER}
    left = items.change_unsent(session, job.id, product_ids, **done, note=note)
    pending_links.settle_products(session, job, left, now)
    return left
