"""What a shop's own listings say of rules by category: what most of those in a Medusa category have. Pure.

After a shop's listings are linked to products, each carries choices that its seller made by hand over years: an Etsy
category, a shipping profile, a section. What most listings of a Medusa category have becomes a proposal for a rule
(`by_category`); nothing is set by itself.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from etsy_pipeline.catalogue.product import Product
from etsy_pipeline.listings.groups import Value, groups, said
from etsy_pipeline.listings.listing import Listing
from etsy_pipeline.listings.shop_settings import ShopSettings

LEAST = 2  # listings that have to agree: one may be an exception

_OF_LISTING: Mapping[Value, str] = {
    "taxonomy_id": "taxonomy_id",
    "shipping_profile": "shipping_profile_id",
    "processing_profile": "readiness_state_id",
    "shop_section": "shop_section_id",
}


class Voice(NamedTuple):
    """A rule that is proposed: so many of the listings of a group have this value."""

    group: str
    value: Value
    number: int
    votes: int
    of: int


def voices(linked: Iterable[tuple[Product, Listing]], settings: ShopSettings) -> list[Voice]:
    """The rules that the listings propose, by group; none that the shop has already.

    A group is a product's own, most specific one in Medusa. What more than half of its listings have counts, from two
    listings on.

    Args:
        linked: products, and their listings as Etsy has them.
        settings: the shop's.
    """
    counts: defaultdict[tuple[str, Value], Counter[int]] = defaultdict(Counter)
    for product, listing in linked:
        own = next(iter(groups(product)), None)
        for value, attribute in _OF_LISTING.items():
            number = getattr(listing, attribute)
            if own is not None and number and not _is_said(value, product, settings, number):
                counts[own.name or own.id, value][number] += 1
    found = []
    for (group, value), numbers in counts.items():
        (number, votes), of = numbers.most_common(1)[0], numbers.total()
        if votes >= LEAST and 2 * votes > of:
            found.append(Voice(group, value, number, votes, of))
    return sorted(found)


def with_voices(settings: ShopSettings, found: Iterable[Voice]) -> dict[str, dict[str, object]]:
    """The setting `by_category` with these rules in it; what it says already of the same value is replaced."""
    rules = {group: rule.model_dump(mode="json", exclude_defaults=True) for group, rule in settings.by_category.items()}
    for voice in found:
        rules.setdefault(voice.group, {})[voice.value] = voice.number
    return rules


def _is_said(value: Value, product: Product, settings: ShopSettings, number: int) -> bool:
    told = said(value, product, settings)
    return told is not None and str(told.value) == str(number)
