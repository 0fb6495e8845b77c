"""Brakes: what makes a plan dangerous enough that a person has to look, and no policy may approve it (DESIGN §7.8).

A brake forbids nothing. It stands first in the plan, with its reason.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from etsy_pipeline.listings.plan_settings import BrakeLimits
from etsy_pipeline.planning.inventory import PriceMove

HUNDREDFOLD = Decimal(50)  # half of the hundred by which cents taken for units are wrong, so that markups are seen, too
FIRST_PLAN = "first_plan_of_adopted_link"
FIRST_RAISE = "first_raise"
FEWEST = 3  # products: fewer are no trend yet, and brake only where they are missing and most of what is on sale
HALF = Decimal(50)  # percent
NAMED = 5


class BrakeRule(NamedTuple):
    """A row of the table in docs/rules.md. `words` name it in a menu; `is_of_plan`: it concerns no single product."""

    when: str
    setting: str
    words: str
    is_of_plan: bool = False


BRAKES: dict[str, BrakeRule] = {
    "price_hundredfold": BrakeRule(
        "A price changes about a hundredfold: cents taken for units, or the reverse.", "–", "price a hundredfold"
    ),
    "price_moved": BrakeRule(
        "A price moves by more than a share of it.", "brakes.price_change_percent", "price moves far"
    ),
    "first_prices_in_currency": BrakeRule(
        "A listing gets its first prices in the currency that the shop changed to.", "–", "first prices in a currency"
    ),
    "variations_vanish": BrakeRule("Variations that buyers have now would vanish.", "–", "variations vanish"),
    "listing_gone": BrakeRule(
        "A listing is no longer on Etsy; it would be created again, for a fee.", "–", "listing gone"
    ),
    FIRST_PLAN: BrakeRule(
        "A listing that was there before was adopted; this is the first change that we make to it.",
        "adopted_keeps",
        "first change of an adopted listing",
    ),
    "stock_unread": BrakeRule(
        "Orders came in on Etsy, and the listing could not be read since: its stock is held back.",
        "–",
        "stock not read",
    ),
    FIRST_RAISE: BrakeRule(
        "Etsy would get more pieces for the first time since its orders are booked: what it sold before is in no book.",
        "orders.since",
        "more pieces for the first time",
    ),
    "catalogue_shrunk": BrakeRule(
        "Many products whose listings are on sale are missing from the catalogue (one or two: more than half).",
        "brakes.shrunk_percent",
        "catalogue shrunk",
        is_of_plan=True,
    ),
    "many_deactivations": BrakeRule(
        "A large share of the shop's listings would be deactivated.",
        "brakes.deactivations_percent",
        "many deactivations",
        is_of_plan=True,
    ),
    "fees_over_budget": BrakeRule(
        "The plan's listing fees are above the budget.", "brakes.fees_usd", "fees over the budget", is_of_plan=True
    ),
    "fees_over_month": BrakeRule(
        "With the plan's listing fees those of the calendar month are above the budget.",
        "brakes.fees_per_month_usd",
        "fees over the month's budget",
        is_of_plan=True,
    ),
}


@dataclass(frozen=True, slots=True)
class Brake:
    """One reason for care; of a product, or of the whole plan."""

    code: str
    message: str


def of_prices(moves: Sequence[PriceMove], limits: BrakeLimits) -> list[Brake]:
    """The worst move of a product's prices, if it is beyond the limit."""
    judged = [(_factor(move), move) for move in moves if move.old > 0 and move.new > 0]
    if not judged:
        return []
    factor, worst = max(judged, key=lambda item: item[0])
    share = (worst.new / worst.old - 1) * 100
    name = f"{worst.name}: " if worst.name else ""
    move = f"{name}{worst.old} → {worst.new}"
    if factor >= HUNDREDFOLD:
        return [
            Brake("price_hundredfold", f"A price changes about a hundredfold ({move}); is MEDUSA_AMOUNT_UNIT right?")
        ]
    if abs(share) > limits.price_change_percent:
        return [
            Brake(
                "price_moved",
                f"A price moves by {share:+.0f} % ({move}); the limit is {limits.price_change_percent} %.",
            )
        ]
    return []


def of_variations(vanishing: Sequence[str]) -> list[Brake]:
    """Variations that are for sale now and will not be any more."""
    if not vanishing:
        return []
    more = len(vanishing) - NAMED
    names = ", ".join(vanishing[:NAMED]) + (f" and {more} more" if more > 0 else "")
    return [Brake("variations_vanish", f"Variations would vanish from Etsy: {names}.")]


def of_missing_listing(listing_id: int) -> Brake:
    """A listing that Etsy no longer has."""
    return Brake("listing_gone", f"Listing {listing_id} is no longer on Etsy; a new one would be created, for a fee.")


def of_first_plan(listing_id: int | None) -> Brake:
    """A listing that was adopted, and that we have never changed."""
    message = f"Listing {listing_id} was adopted, and this would be our first change of it. Is it the right product?"
    return Brake(FIRST_PLAN, message)


def of_first_raise(raises: Sequence[tuple[str, int, int]]) -> Brake:
    """Variations that would have more pieces on Etsy: (name, pieces there, pieces wanted)."""
    more = len(raises) - NAMED
    told = ", ".join(f"{name}: {old} → {new}" if name else f"{old} → {new}" for name, old, new in raises[:NAMED])
    told += f" and {more} more" if more > 0 else ""
    return Brake(
        FIRST_RAISE,
        f"Etsy would get more pieces for the first time since its orders are booked ({told}). What it sold before is "
        "in no book, and would be offered again: is Medusa's stock right?",
    )


def of_unread_stock(listing_id: int | None, orders: int) -> Brake:
    """A listing that may have sold pieces, and could not be read."""
    events = f"{orders} order{'s were' if orders > 1 else ' was'} paid or canceled on Etsy since the last plan"
    return Brake("stock_unread", f"{events}, and listing {listing_id} could not be read: its stock is held back.")


def of_plan(
    *,
    on_sale: int,
    missing: int,
    deactivations: int,
    fees_usd_cents: int,
    limits: BrakeLimits,
    month_usd_cents: int = 0,
) -> tuple[Brake, ...]:
    """What the plan as a whole shows. A listing that is not on sale any more, by whose decision ever, is no news.

    Args:
        on_sale: listings that are on sale now.
        missing: those of them that would be deactivated, for the catalogue no longer has their product.
        deactivations: those of them that would be deactivated for any reason.
        fees_usd_cents: of the whole plan.
        limits: the shop's.
        month_usd_cents: fees of this calendar month, before the plan.
    """
    fees_usd = Decimal(fees_usd_cents) / 100
    found = [*_plan_brakes(on_sale, missing, deactivations, fees_usd, limits)]
    most, in_all = limits.fees_per_month_usd, fees_usd + Decimal(month_usd_cents) / 100
    if most is not None and fees_usd and in_all > most:
        message = f"With this plan Etsy's fees of the month would be ${in_all:.2f}; the budget is ${most:.2f}."
        found.append(Brake("fees_over_month", message))
    return tuple(found)


def _plan_brakes(
    on_sale: int, missing: int, deactivations: int, fees_usd: Decimal, limits: BrakeLimits
) -> Iterable[Brake]:
    most = limits.shrunk_percent if missing >= FEWEST else max(limits.shrunk_percent, HALF)
    if missing * 100 > on_sale * most:
        share = f"The products of {missing} of {on_sale} listings on sale are missing from the catalogue"
        yield Brake("catalogue_shrunk", f"{share}; the limit is {most} %.")
    if deactivations >= FEWEST and deactivations * 100 > on_sale * limits.deactivations_percent:
        share = f"{deactivations} of {on_sale} listings on sale would be deactivated"
        yield Brake("many_deactivations", f"{share}; the limit is {limits.deactivations_percent} %.")
    if fees_usd > limits.fees_usd:
        yield Brake("fees_over_budget", f"Etsy's fees would be ${fees_usd:.2f}; the budget is ${limits.fees_usd:.2f}.")


def _factor(move: PriceMove) -> Decimal:
    return max(move.new / move.old, move.old / move.new)
