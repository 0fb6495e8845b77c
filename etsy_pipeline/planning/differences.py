"""What changed between two listings, field by field, in words that a person and a program can both read."""

from dataclasses import dataclass, fields
from typing import Literal

from etsy_pipeline.listings.listing import Inventory, Listing

Part = Literal["listing", "images", "inventory"]

LONGEST_SHOWN = 120  # characters of a value in a difference; descriptions are longer than any table

# How Etsy takes each field (FACTS §6, §7): the listing's own PATCH, the images, or the inventory's PUT. Fields
# that are in `_NOT_SENT_IN_UPDATES` make no difference.
_PARTS: dict[str, Part] = {"images": "images", "inventory": "inventory", "readiness_state_id": "inventory"}
_NOT_SENT_IN_UPDATES = frozenset(
    {"publish_as", "currency_code"}
)  # a state of its own in the plan; the shop's, not ours


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that changes. `part` says which of Etsy's calls carries it."""

    field: str
    part: Part
    old: str
    new: str


def differences(old: Listing | None, new: Listing) -> tuple[Difference, ...]:
    """What has to be sent to turn `old` into `new`; every field when nothing was published before."""
    found = []
    for field in (item.name for item in fields(Listing)):
        before, after = (None if old is None else getattr(old, field)), getattr(new, field)
        if field not in _NOT_SENT_IN_UPDATES and before != after:
            found.append(Difference(field, _PARTS.get(field, "listing"), _shown(before), _shown(after)))
    return tuple(found)


def _shown(value: object) -> str:
    if value in {None, "", ()}:
        return "–"
    if isinstance(value, Inventory):
        return _inventory(value)
    if isinstance(value, tuple):
        text = ", ".join(str(getattr(item, "url", item)) for item in value)
    else:
        text = " ".join(str(value).split())
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"


def _inventory(inventory: Inventory) -> str:
    enabled = [offering for offering in inventory.offerings if offering.is_enabled]
    prices = sorted({offering.price for offering in enabled})
    price = f"{prices[0]}" if len(prices) == 1 else f"{prices[0]}–{prices[-1]}" if prices else "no price"
    pieces = sum(offering.quantity for offering in enabled)
    variations = f", {len(enabled)} variations" if len(enabled) > 1 else ""
    return f"{price}, {pieces} pieces{variations}"
