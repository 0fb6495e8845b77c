"""Every field of a listing but its inventory: what is sent, what differs, what someone changed on Etsy meanwhile."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from etsy_pipeline.listings.listing import Listing
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.planning.changes import Difference, FieldConflict
from etsy_pipeline.planning.fields import FIELDS, attributes_of, same, shown, shown_sides
from etsy_pipeline.planning.pictures import with_links_to, with_texts_there

UNKNOWN = object()


def at_birth(listing: Listing, settings: ShopSettings) -> Listing:
    """The listing as it is created: without the fields that are the seller's."""
    unset: dict[str, Any] = {}
    for name, owner in settings.ownership.items():
        if owner == "seller" and name in FIELDS:
            unset |= FIELDS[name].unset
    if "images" in unset:
        unset["publish_as"] = "draft"  # nothing can be published without a picture (FACTS §6)
    born = replace(listing, **unset) if unset else listing
    return with_links_to(born, born.images)


def all_fields(listing: Listing) -> tuple[Difference, ...]:
    """Every field, as a listing that was never published completely gets them."""
    values = ((name, field, field.value(listing)) for name, field in FIELDS.items())
    return tuple(
        Difference(name, field.part, "–", shown(value))
        for name, field, value in values
        if value is not None and value != ()
    )


def changed_fields(
    desired: Listing, published: Listing, live: Mapping[str, object], settings: ShopSettings
) -> tuple[Listing, tuple[Difference, ...], tuple[FieldConflict, ...]]:
    """The listing to be sent, what differs, and the conflicts.

    Args:
        desired: as Medusa wants it now.
        published: as we last published it.
        live: as Etsy has it, by field; what is not told is left out.
        settings: the shop's.
    """
    if not settings.update_alt_texts:
        desired = replace(desired, images=with_texts_there(desired.images, published.images))
    is_ours = settings.ownership.get("images", "owned") == "owned"
    desired = with_links_to(desired, desired.images if is_ours else published.images)
    kept: dict[str, Any] = {}
    differences, conflicts = [], []
    for name, field in FIELDS.items():
        new, before, now = field.value(desired), field.value(published), live.get(name, UNKNOWN)
        if settings.ownership.get(name, "owned") != "owned":
            kept |= _attributes(name, published)
            continue
        is_edited = now is not UNKNOWN and not same(name, now, before) and not same(name, now, new)
        if new is None or not (is_edited or not same(name, new, before)):
            continue
        told_before, told_new = shown_sides(name, before, new)
        sides = told_before, shown(now) if now is not UNKNOWN else ""
        keeps = is_edited and settings.on_conflict == "keep"
        if is_edited:
            conflicts.append(FieldConflict(name, sides[0], sides[1], told_new, "kept" if keeps else "overwritten"))
        if keeps:
            kept |= _attributes(name, published)
            continue
        old = sides[1] if now is not UNKNOWN else sides[0]
        differences.append(Difference(name, field.part, old, told_new, *sides))
    return (replace(desired, **kept) if kept else desired), tuple(differences), tuple(conflicts)


def _attributes(name: str, published: Listing) -> dict[str, Any]:
    return {attribute: getattr(published, attribute) for attribute in attributes_of(name)}
