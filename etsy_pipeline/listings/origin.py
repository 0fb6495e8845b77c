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
FIRST_YEAR, LAST_YEAR, LAST_BORDER = 2021, 2100, 2029
_RANGES_THAT_MOVE = (r"2020_20[2-9]\d", r"200[1-9]_2009", r"before_20(?:0[1-9]|10)", r"2000_200\d")


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


@functools.lru_cache(maxsize=1000)
def neighbouring(value: str) -> tuple[str, ...]:
    """What a range was called the year before, and will be the year after; nothing where its name stays."""
    years = [year for year in range(FIRST_YEAR, LAST_YEAR) if value in _moving(year)]
    if not years:
        return ()
    return tuple(name for year in (years[0] - 1, years[0] + 1) if (name := this_years(value, year)) != value)


@functools.cache
def recent_values(this_year: int) -> tuple[str, ...]:
    """Values that say "not vintage"."""
    newest, youngest, *_ = _moving(this_year)
    return ("made_to_order", newest, "2010_2019", *([youngest] if this_year < LAST_BORDER else []))


@functools.cache
def older_values(this_year: int) -> tuple[str, ...]:
    """Values that say "vintage"."""
    *_, before, twothousands = _moving(this_year)
    decades = (f"{decade}s" for decade in range(1900, 2000, 10))
    return (before, twothousands, *decades, "1800s", "1700s", "before_1700")


def _moving(this_year: int) -> tuple[str, str, str, str]:
    """The ranges with a border that moves: the newest, the youngest before 2010, and two of vintage things.

    From 2029 on there is nothing between vintage and 2010: what was made then is vintage. What becomes of 2010_2019
    from 2030 on is not known; the border stays where it was.
    """
    vintage = min(this_year, LAST_BORDER) - VINTAGE_YEARS
    twothousands = f"2000_{vintage}"
    youngest = f"{vintage + 1}_2009" if this_year < LAST_BORDER else twothousands
    return f"2020_{this_year}", youngest, f"before_{vintage + 1}", twothousands
