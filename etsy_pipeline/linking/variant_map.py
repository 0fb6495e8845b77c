"""Which offering of a listing is which variant of a product: for updates of a listing that was there before. Pure."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from etsy_pipeline.linking.text import sku_key, value_key
from etsy_pipeline.listings.identity import ProductIdentity, VariantIdentity
from etsy_pipeline.listings.listing import Inventory, Offering

Key = str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VariantOnEtsy:
    """Which offering of a listing is which variant: an offering is known by its SKU and its option values on Etsy."""

    variant_id: str
    sku: str
    values: tuple[str, ...] = ()


def map_variants(
    identity: ProductIdentity, inventory: Inventory, by_hand: Mapping[str, tuple[str, ...]] | None = None
) -> tuple[tuple[VariantOnEtsy, ...], tuple[str, ...]]:
    """Map a product's variants: by hand where a person said so, else by SKU, else by option values.

    A SKU that several offerings have is that of a parent: one pool of stock, and no match for any variant. No offering
    is two variants: where two claim it by the same rule, neither has it.

    Args:
        identity: of the product.
        inventory: of the listing, as Etsy has it.
        by_hand: the option values on Etsy of some variants, by variant id.

    Returns:
        The map, and the ids of the variants that no offering could be found for.
    """
    named = by_hand or {}
    found = _by_hand(identity, inventory, named)
    for claims in (
        _by(lambda item: sku_key(item.sku), identity, inventory),
        _by(_values, identity, inventory),
        _only_one(identity, inventory),
    ):
        taken = {offering.values for offering in found.values()}
        found |= {
            variant_id: offering
            for variant_id, offering in claims.items()
            if variant_id not in named and variant_id not in found and offering.values not in taken
        }
    mapped = tuple(
        VariantOnEtsy(variant.id, found[variant.id].sku, found[variant.id].values)
        for variant in identity.variants
        if variant.id in found
    )
    return mapped, tuple(variant.id for variant in identity.variants if variant.id not in found)


def _by_hand(
    identity: ProductIdentity, inventory: Inventory, named: Mapping[str, tuple[str, ...]]
) -> dict[str, Offering]:
    """What a person said, where the listing has such an offering and nothing else was said to be it."""
    return _unique(
        ((variant.id, _key(named[variant.id])) for variant in identity.variants if variant.id in named),
        ((_key(offering.values), offering) for offering in inventory.offerings),
    )


def _by(
    key: Callable[[VariantIdentity | Offering], Key], identity: ProductIdentity, inventory: Inventory
) -> dict[str, Offering]:
    return _unique(
        ((variant.id, key(variant)) for variant in identity.variants),
        ((key(offering), offering) for offering in inventory.offerings),
    )


def _only_one(identity: ProductIdentity, inventory: Inventory) -> dict[str, Offering]:
    """Where nothing varies on either side, nothing has to be told apart."""
    if len(identity.variants) == len(inventory.offerings) == 1:
        return {identity.variants[0].id: inventory.offerings[0]}
    return {}


def _unique(variants: Iterable[tuple[str, Key]], offerings: Iterable[tuple[Key, Offering]]) -> dict[str, Offering]:
    """Pairs with the same key, which is not blank, where it is that of one variant and one offering only."""
    ours: defaultdict[Key, list[str]] = defaultdict(list)
    theirs: defaultdict[Key, list[Offering]] = defaultdict(list)
    for variant_id, key in variants:
        ours[key].append(variant_id)
    for key, offering in offerings:
        theirs[key].append(offering)
    return {ids[0]: theirs[key][0] for key, ids in ours.items() if key and len(ids) == len(theirs[key]) == 1}


def _values(item: VariantIdentity | Offering) -> Key:
    return _key(item.values)


def _key(values: Sequence[str]) -> tuple[str, ...]:
    """Option values as they are compared: their axes' names and order say nothing."""
    return tuple(sorted(map(value_key, values)))
