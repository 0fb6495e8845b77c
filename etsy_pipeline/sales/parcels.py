"""Tracking codes of an order, and the parcels that they go with. Pure."""

from collections.abc import Collection, Sequence


def code_key(code: str) -> str:
    """A tracking code as it is compared: blanks and case say nothing."""
    return "".join(code.split()).casefold()


def missing(codes: Sequence[str], there: Collection[str]) -> list[str]:
    """Those of some codes that are not there yet, each once."""
    known = {code_key(code) for code in there}
    return list({code_key(code): code for code in codes if code_key(code) not in known}.values())


def shared_out(codes: Sequence[str], parcels: int) -> list[list[str]]:
    """Which codes go with which of so many parcels.

    Etsy does not tell which one is of which (ORDERS §2): where there are as many of both, each parcel gets one, in
    their order. Else nothing is guessed, and the first parcel gets all of them.
    """
    if len(codes) == parcels:
        return [[code] for code in codes]
    return [list(codes) if not place else [] for place in range(parcels)]
