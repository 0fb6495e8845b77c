"""A shop's profiles, policies, sections and partners: named by id or by name, and looked up in the shop."""

from etsy_pipeline.listings.rules import verdict
from etsy_pipeline.listings.shop import Choice, Kind, Shop
from etsy_pipeline.listings.verdict import Verdict

MAX_NAMED = 8


def chosen(kind: Kind, wanted: int | str | None, shop: Shop) -> tuple[int | None, list[Verdict]]:
    """The id of what a setting or a product names; None with the reason where the shop has no such thing."""
    if wanted is None:
        return None, []
    number = _number(wanted)
    if shop.choices is None:  # not read: an id is believed, a name cannot be looked up
        return number, [] if number is not None else [_unknown(kind, wanted, ())]
    offered = shop.choices.get(kind, ())
    found = [item for item in offered if item.id == number or item.name.casefold() == str(wanted).strip().casefold()]
    if len(found) != 1:
        return None, [_unknown(kind, wanted, offered)]
    return found[0].id, []


def _number(wanted: int | str) -> int | None:
    text = str(wanted).strip()
    return int(text) if text.isascii() and text.isdecimal() else None


def _unknown(kind: Kind, wanted: int | str, offered: tuple[Choice, ...]) -> Verdict:
    present = ", ".join(f"{item.name!r} ({item.id})" for item in offered[:MAX_NAMED]) or "none that could be read"
    return verdict(f"{kind}_unknown", wanted=wanted, present=present)
