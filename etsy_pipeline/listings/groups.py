"""What a product's groups in Medusa say of its listing: its categories and those above them, its type, its collection.

The most specific one that says anything decides, for each value by itself: the product's own categories (the deepest
first), those above them (the nearest first), the type, the collection. Of one group the shop's `by_category` goes
before the older maps of one value each, and these before the group's own metadata.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from etsy_pipeline.catalogue.product import Category, Group, Product
from etsy_pipeline.listings.product_header import CategoryHeader, GroupHeader, ProductHeader
from etsy_pipeline.listings.shop_settings import GroupRule, ShopSettings

Value = Literal["taxonomy_id", "shipping_profile", "processing_profile", "shop_section", "price"]

METADATA_KEYS: Mapping[Value, Sequence[str]] = {
    "taxonomy_id": ("etsy_taxonomy_id", "etsy_category_id"),
    "shipping_profile": ("etsy_shipping_profile",),
    "processing_profile": ("etsy_processing_profile",),
    "shop_section": ("etsy_shop_section",),
}


AnyGroup = Group | GroupHeader
Grouped = Product | ProductHeader


class Found(NamedTuple):
    """What a group says, and whether it is its metadata that do."""

    value: Any
    is_metadata: bool


def groups(product: Grouped) -> list[AnyGroup]:
    """The product's groups, the most specific one first."""
    own: list[Category | CategoryHeader] = sorted(product.categories, key=lambda item: -len(item.parents))
    deepest = len(own[0].parents) if own else 0
    above = [item.parents[level] for level in range(deepest) for item in own if level < len(item.parents)]
    found = [*own, *above, *(group for group in (product.type, product.collection) if group is not None)]
    return found if len(found) == 1 else list({group.id: group for group in reversed(found)}.values())[::-1]


def said(value: Value, product: Grouped, shop: ShopSettings) -> Found | None:
    """What the most specific of the product's groups says of a value; None where none says anything."""
    for group in groups(product):
        for rule in _rules(group, shop):
            if (found := getattr(rule, value)) is not None:
                return Found(found, is_metadata=False)
        older = _older(value, shop)
        for name in (group.id, group.name):
            if name in older:
                return Found(older[name], is_metadata=False)
        for key in METADATA_KEYS.get(value, ()):
            if (told := group.metadata.get(key)) is not None and told != "":
                return Found(told, is_metadata=True)
    return None


def extra_tags(product: Grouped, shop: ShopSettings) -> tuple[str, ...]:
    """The tags of all of its groups, the most specific ones first."""
    return tuple(tag for group in groups(product) for rule in _rules(group, shop) for tag in rule.extra_tags)


def unknown_groups(product: Grouped, shop: ShopSettings) -> tuple[str, ...]:
    """What Medusa did not tell and the shop has rules for: with it the listing might be another one."""
    rules = (
        shop.by_category, shop.taxonomy_by_category, shop.section_by_category, shop.attributes.by_category,
        shop.attributes.guess, shop.section_from != "settings",
    )  # fmt: skip
    return tuple(product.not_told) if any(rules) else ()


def _rules(group: AnyGroup, shop: ShopSettings) -> Iterator[GroupRule]:
    return (shop.by_category[name] for name in dict.fromkeys((group.id, group.name)) if name in shop.by_category)


def _older(value: Value, shop: ShopSettings) -> Mapping[str, Any]:
    if value == "taxonomy_id":
        return shop.taxonomy_by_category
    return shop.section_by_category if value == "shop_section" else {}
