"""What becomes of a listing that exists, by the state it is in: every row of LIFECYCLE §5. Pure.

Whether a state is ours rests on our journal (`Link.wanted_state`), never on Etsy's timestamps: other tools work on the
same shop.
"""

from datetime import datetime
from typing import Literal

from etsy_pipeline.listings.listing import PublishAs
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.listings.verdict import Verdict
from etsy_pipeline.planning.link import GONE, Link, LiveListing

Held = Literal[
    "held_by_seller", "sold_out_waits", "expired_waits", "removed_by_etsy", "private_listing", "state_unknown"
]  # fmt: skip
"""The listing is left as it is, whatever else changed."""

Revival = Literal["reactivate", "finish_draft", "renew_sold_out", "renew_expired"]
"""The listing is set active."""

Life = Held | Revival | Literal["as_it_is", "listing_gone"]

REVIVALS: dict[str, Revival] = {
    "inactive": "reactivate",
    "draft": "finish_draft",
    "sold_out": "renew_sold_out",
    "expired": "renew_expired",
}
"""What setting a listing active means, by the state that it is in."""

RENEWALS = frozenset({"renew_sold_out", "renew_expired"})

_TOLD: dict[Held, tuple[str, str]] = {
    "held_by_seller": (
        "Listing {listing_id} is {state}, and not by us: its seller did that, or another tool. It is left alone.",
        "Set it active on Etsy, or let us have it again: `etsy-pipeline links take-back ACCOUNT PRODUCT --by NAME`.",
    ),
    "sold_out_waits": (
        "Listing {listing_id} is sold out on Etsy; Medusa has no new stock, or renew_sold_out is never.",
        "With more stock in Medusa than before the sale the next plan renews it, for a fee.",
    ),
    "expired_waits": (
        "The paid time of listing {listing_id} is over, and renew_expired is never.",
        "Set renew_expired to ask, and the next plan renews it, for a fee.",
    ),
    "removed_by_etsy": (
        "Etsy has taken listing {listing_id} down. It is not created again: that could cost the shop.",
        "Clear it up with Etsy. To list it anew all the same: `etsy-pipeline links detach ACCOUNT PRODUCT --by NAME`.",
    ),
    "private_listing": ("Listing {listing_id} was made for one buyer. It is never touched.", ""),
    "state_unknown": (
        "Etsy says that listing {listing_id} is {state}, which is not known here. It is left alone.",
        "Look at it on Etsy; look for a newer etsy_pipeline.",
    ),
}
HELD: frozenset[str] = frozenset(_TOLD)


def state_of(link: Link, live: LiveListing | None) -> str:
    """The state of a listing, as far as we know."""
    return live.state if live is not None else link.listing_state or "unknown"


def life_of(
    link: Link, live: LiveListing | None, publish_as: PublishAs, settings: ShopSettings, *, has_pieces: bool
) -> Life:
    """What becomes of a listing that Medusa wants on sale.

    Args:
        link: what we published, and the state that we last gave it.
        live: what Etsy has, where that was read.
        publish_as: whether it is to be active at all.
        settings: the shop's.
        has_pieces: whether it would have pieces for sale: stock that was sold on Etsy is none, until Medusa's rises.
    """
    state = state_of(link, live)
    if is_removed(link, live):
        return "removed_by_etsy"
    if live is not None and live.is_private:
        return "private_listing"
    if state == GONE:
        return "listing_gone"
    if state == "active":
        return "as_it_is"
    if state not in REVIVALS:
        return "state_unknown"
    return _revived(link, state, publish_as, settings, has_pieces=has_pieces)


def _revived(link: Link, state: str, publish_as: PublishAs, settings: ShopSettings, *, has_pieces: bool) -> Life:
    if state == "sold_out":
        is_wanted = has_pieces and publish_as == "active" and settings.renew_sold_out != "never"
        return "renew_sold_out" if is_wanted else "sold_out_waits"
    if state == "expired":
        is_wanted = publish_as == "active" and settings.renew_expired != "never"
        return "renew_expired" if is_wanted else "expired_waits"
    if publish_as != "active":
        return "as_it_is"
    is_ours = link.wanted_state == "inactive" if state == "inactive" else _is_our_draft(link)
    return REVIVALS[state] if is_ours else "held_by_seller"


def _is_our_draft(link: Link) -> bool:
    """Whether we have yet to publish it; what we sent and Etsy did not apply (FACTS §6) is ours, too."""
    return link.wanted_state != "active" or link.has_failed


def is_removed(link: Link, live: LiveListing | None) -> bool:
    """Whether Etsy took the listing down; also where it is deleted by now: banned goods are not listed again."""
    return state_of(link, live) == "removed" or (state_of(link, live) == GONE and link.listing_state == "removed")


def pays_fee(revival: Revival, link: Link, live: LiveListing | None, now: datetime | None) -> bool:
    """Whether setting it active costs a listing fee: only an inactive one whose paid time is known to run does not."""
    if revival != "reactivate":
        return True
    ending_at = live.ending_at if live is not None and live.ending_at is not None else link.ending_at
    return ending_at is None or now is None or ending_at <= now


def told(life: Held, link: Link, live: LiveListing | None) -> Verdict:
    """Why a listing is left alone, with what a person can do."""
    message, hint = _TOLD[life]
    severity: Literal["error", "warning"] = "error" if life == "removed_by_etsy" else "warning"
    return Verdict(
        life, severity, "state", message.format(listing_id=link.etsy_listing_id, state=state_of(link, live)), hint
    )


def is_renewed(live: LiveListing, ended_before: datetime | None) -> bool:
    """Whether a listing was set active since: it is, or a new term has begun and it was sold out again already."""
    if live.state == "active":
        return True
    has_new_term = ended_before is not None and live.ending_at is not None and live.ending_at > ended_before
    return live.state == "sold_out" and has_new_term
