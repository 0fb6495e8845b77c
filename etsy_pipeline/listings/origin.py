"""Who made the thing, and when: Etsy's questions behind "handmade", "vintage" and "craft supply" (FACTS §5)."""

import functools
import re
from typing import cast

from etsy_pipeline.listings.listing import WhoMade
from etsy_pipeline.listings.metadata import Metadata
from etsy_pipeline.listings.rules import verdict
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.listings.verdict import Verdict

WHO_MADE = ("i_did", "someone_else", "collective")
VINTAGE_YEARS = 20  # what is that old is vintage; Etsy's ranges have a border there, which moves every January
_RANGES_THAT_MOVE = (r"2020_20[2-9]\d", r"200[1-9]_2009", r"before_200[1-9]", r"2000_200\d")


def who_made(metadata: Metadata, shop: ShopSettings) -> tuple[WhoMade, list[Verdict]]:
    """The maker."""
    value = metadata.text("etsy_who_made", "who_made") or shop.who_made
    if value not in WHO_MADE:
        return shop.who_made, [verdict("who_made_invalid", value=value)]
    return cast(WhoMade, value), []


def when_made(metadata: Metadata, shop: ShopSettings, this_year: int) -> tuple[str, list[Verdict]]:
    """The range of years, as Etsy calls it this year."""
    value = this_years(metadata.text("etsy_when_made", "when_made") or shop.when_made, this_year)
    known = value in recent_values(this_year) or value in older_values(this_year)
    return value, [] if known else [verdict("when_made_invalid", value=value)]


def needs_partners(maker: str, when: str, this_year: int, *, is_supply: bool) -> bool:
    """New things that someone else made are taken with production partners only; vintage and supplies without."""
    return maker == "someone_else" and not is_supply and when in recent_values(this_year)


@functools.lru_cache(maxsize=1000)
def this_years(value: str, this_year: int) -> str:
    """A range as it was called in another year, in this year's name."""
    for pattern, current in zip(_RANGES_THAT_MOVE, _moving(this_year), strict=True):
        if re.fullmatch(pattern, value, re.ASCII):
            return current
    return value


@functools.cache
def recent_values(this_year: int) -> tuple[str, ...]:
    """Values that say "not vintage"."""
    newest, youngest, *_ = _moving(this_year)
    return ("made_to_order", newest, "2010_2019", youngest)


@functools.cache
def older_values(this_year: int) -> tuple[str, ...]:
    """Values that say "vintage"."""
    *_, before, twothousands = _moving(this_year)
    decades = (f"{decade}s" for decade in range(1900, 2000, 10))
    return (before, twothousands, *decades, "1800s", "1700s", "before_1700")


def _moving(this_year: int) -> tuple[str, str, str, str]:
    vintage = min(this_year - VINTAGE_YEARS, 2008)  # what becomes of "…_2009" from 2029 on is not known
    return f"2020_{this_year}", f"{vintage + 1}_2009", f"before_{vintage + 1}", f"2000_{vintage}"
