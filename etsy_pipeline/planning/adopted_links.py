"""A listing that was there before us: its baseline, what of it stays its seller's, and its variations. Pure.

An adopted link keeps fields for the seller, whatever the shop's `ownership` says. As long as the variations are among
them, a plan begins with the inventory as Etsy has it: what no variant of Medusa is mapped to stays as it is.
"""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from etsy_pipeline.listings.attributes import refused_in, without
from etsy_pipeline.listings.grid import with_axes, with_known_prices
from etsy_pipeline.listings.identity import ProductIdentity
from etsy_pipeline.listings.listing import Inventory, Listing, Offering
from etsy_pipeline.listings.plan_settings import FIELDS
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.listings.verdict import ValidatedListing
from etsy_pipeline.planning.adopted import listing_of_live
from etsy_pipeline.planning.life import state_of
from etsy_pipeline.planning.link import GONE, Link, LiveListing

STOCK_KEEPS = frozenset({"price", "quantity", "variations", "sku"})
"""What stays the seller's of a listing whose variations are not known to be Medusa's variants ("stock off")."""

Cell = tuple[str, ...]


def keeps_of(settings: ShopSettings, *, keep: tuple[str, ...] = (), own: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The fields that a listing leaves to its seller when it is adopted, in the order of `FIELDS`.

    Args:
        settings: the shop's (`adopted_keeps`, `adopted_price_and_stock`).
        keep: fields that stay the seller's all the same.
        own: fields that become Medusa's all the same.
    """
    kept = set(settings.adopted_keeps)
    kept |= set() if settings.adopted_price_and_stock else {"price", "quantity"}
    return tuple(name for name in FIELDS if name in (kept | set(keep)) - set(own))


def settings_of_link(link: Link | None, settings: ShopSettings) -> ShopSettings:
    """The shop's settings, with the fields that a link keeps for the seller."""
    if link is None or not link.keeps:
        return settings
    return settings.model_copy(update={"ownership": settings.ownership | dict.fromkeys(link.keeps, "seller")})


def baseline(live: LiveListing, *, currency_code: str, price: Decimal, quantity: int) -> Listing:
    """What counts as published of a listing that is adopted: what Etsy has.

    Args:
        live: as it was read.
        currency_code: the shop's.
        price: of a listing of which Etsy has no inventory record, in major units.
        quantity: likewise.
    """
    readiness = live.values.get("processing_profile")
    only = Inventory((Offering("", (), price, quantity, is_enabled=quantity > 0),))
    unknown = Listing(
        title="", description="", taxonomy_id=0, who_made="i_did", when_made="made_to_order", shipping_profile_id=None,
        return_policy_id=None, readiness_state_id=readiness if isinstance(readiness, int) else None,
        currency_code=currency_code, inventory=only, publish_as="active" if live.state == "active" else "draft",
    )  # fmt: skip
    return listing_of_live(live, unknown)


def as_linked(
    validated: ValidatedListing, link: Link | None, live: LiveListing | None, settings: ShopSettings
) -> tuple[ValidatedListing, ShopSettings]:
    """A product and its shop's settings as a plan has to take them for this link.

    Where we made the listing they are unchanged, but for attributes that Etsy refuses just now: they stay as published.

    Args:
        validated: the listing that the product should become.
        link: what is known of its listing, if anything.
        live: what Etsy has, where that was read.
        settings: the shop's.
    """
    validated = _accepted(validated, link.published if link else None)
    if link is None or link.origin != "adopted" or link.published is None or state_of(link, live) == GONE:
        return validated, settings  # what takes the place of a listing that is gone is ours
    effective = settings_of_link(link, settings)
    listing = validated.listing
    if listing is None:
        return validated, effective
    if "processing_profile" in link.keeps:
        listing = replace(listing, readiness_state_id=link.published.readiness_state_id)
    if "variations" in link.keeps:
        there = live.inventory if live is not None and live.inventory is not None else link.published.inventory
        listing = replace(listing, inventory=_on_etsy(listing.inventory, validated.identity, link, there))
    return replace(validated, listing=listing), effective


def _accepted(validated: ValidatedListing, published: Listing | None) -> ValidatedListing:
    refused, listing = refused_in(validated.verdicts), validated.listing
    if not refused or listing is None:
        return validated
    kept = [item for item in (published.attributes if published else ()) if item.property_id in refused]
    return replace(validated, listing=replace(listing, attributes=(*without(listing.attributes, refused), *kept)))


def _on_etsy(desired: Inventory, identity: ProductIdentity, link: Link, there: Inventory) -> Inventory:
    """Etsy's inventory with Medusa's prices and pieces where an offering is known to be a variant."""
    variants = {_cell(item.values): item.variant_id for item in link.variant_map}
    ours = _by_variant(desired, identity)
    offerings = []
    for item in there.offerings:
        variant_id = variants.get(_cell(item.values))
        wanted = ours.get(variant_id or "")
        if wanted is not None:
            sku = wanted.sku or item.sku
            item = replace(wanted, sku=sku, values=item.values, has_variant=True)  # noqa: PLW2901 - as it is to be
        elif variant_id is not None:  # Medusa no longer has it
            item = replace(item, quantity=0, is_enabled=False, has_variant=False)  # noqa: PLW2901
        offerings.append(item)
    return with_known_prices(with_axes(offerings, there.properties))


def _by_variant(desired: Inventory, identity: ProductIdentity) -> Mapping[str, Offering]:
    """What is wanted of each variant: its cell is known by its SKU, or else by its values."""
    sold = [item for item in desired.offerings if item.has_variant]
    if len(sold) == len(identity.variants) == 1:
        return {identity.variants[0].id: sold[0]}
    by_values = {_cell(item.values): item for item in sold}
    skus = [item.sku for item in sold if item.sku]
    by_sku = {item.sku: item for item in sold if item.sku and skus.count(item.sku) == 1}
    found = {item.id: by_sku.get(item.sku) or by_values.get(_cell(item.values)) for item in identity.variants}
    return {variant_id: item for variant_id, item in found.items() if item is not None}


def _cell(values: Cell) -> Cell:
    return tuple(sorted(value.casefold() for value in values))
