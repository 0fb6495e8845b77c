"""The EU's commercial guarantee: Etsy's ecgt_… fields, for sellers in the EU (limits of the spec)."""

from collections.abc import Mapping

from etsy_pipeline.listings.characters import sound
from etsy_pipeline.listings.metadata import Metadata
from etsy_pipeline.listings.rules import verdict
from etsy_pipeline.listings.verdict import Verdict

# Most characters of each field
LENGTHS = {
    "ecgt_garan_brand": 25,
    "ecgt_garan_model": 20,
    "ecgt_garan_guarantee_details": 255,
    "ecgt_other_commercial_guarantee_details": 255,
    "ecgt_after_sales_service_info": 255,
    "ecgt_software_update_details": 255,
}
YEARS = "ecgt_garan_years"
FEWEST_YEARS, MAX_YEARS = 3, 99
TOGETHER = ("ecgt_garan_brand", "ecgt_garan_model", "ecgt_garan_guarantee_details", YEARS)
FIELDS = (*LENGTHS, YEARS)
KEYS = frozenset(f"etsy_{name}" for name in FIELDS)

Guarantee = tuple[tuple[str, str], ...]


def eu_guarantee(metadata: Metadata, of_shop: Mapping[str, str]) -> tuple[Guarantee, list[Verdict]]:
    """The fields that are set: metadata `etsy_ecgt_…` first, then the shop's."""
    if not of_shop and not metadata.has(KEYS):
        return (), []
    values = {name: metadata.words(f"etsy_{name}") or of_shop.get(name, "") for name in FIELDS}
    given = {name: sound(value).strip() for name, value in values.items() if value.strip()}
    found = [
        verdict("eu_guarantee_too_long", name=name, length=len(given[name]), limit=limit)
        for name, limit in LENGTHS.items()
        if len(given.get(name, "")) > limit
    ]
    years = given.get(YEARS)
    if years is not None and not _is_in_range(years):
        found.append(verdict("eu_guarantee_years", years=years, fewest=FEWEST_YEARS, most=MAX_YEARS))
    missing = [name for name in TOGETHER if name not in given]
    if missing and len(missing) < len(TOGETHER):
        found.append(verdict("eu_guarantee_incomplete", missing=", ".join(missing)))
    return tuple(sorted(given.items())), found


def _is_in_range(years: str) -> bool:
    return years.isascii() and years.isdecimal() and len(years) <= 2 and FEWEST_YEARS <= int(years) <= MAX_YEARS  # noqa: PLR2004 - two digits
