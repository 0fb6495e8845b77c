"""A listing as a buyer sees it: as it is planned, was last published, was seen by a scan, or as Etsy tells it now.

What a source does not tell is left out and said to be unknown, never filled in from another one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from etsy_pipeline.api.context import AppContext
from etsy_pipeline.api.review.item_card import price_of, price_range
from etsy_pipeline.api.review.page import is_picture
from etsy_pipeline.linking.seen import SeenListing
from etsy_pipeline.listings.listing import Inventory, Listing, Offering, PersonalizationQuestion
from etsy_pipeline.planning.link import LiveListing, PublishedImage

MOST_OFFERINGS = 30


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a listing that the page may load."""

    url: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class ShownListing:
    """A listing as it stands in a shop. `variations` are the choices that a buyer has, by what varies.

    `facts` are what buyers do not see, `unknown` is what cannot be told of it here, `more_pictures` are there, too.
    """

    title: str
    state: str
    price: str
    pieces: int | None
    pictures: Sequence[Picture] = ()
    more_pictures: int = 0
    variations: Mapping[str, Sequence[str]] | None = None
    offerings: Sequence[Offering] = ()
    more_offerings: int = 0
    description: str | None = None
    tags: Sequence[str] = ()
    materials: Sequence[str] = ()
    questions: Sequence[PersonalizationQuestion] = ()
    facts: Sequence[tuple[str, str]] = ()
    unknown: str = ""


def of_listing(context: AppContext, listing: Listing, state: str) -> ShownListing:
    """One that is planned, or was published."""
    return ShownListing(
        title=listing.title,
        state=state,
        price=price_of(listing),
        pictures=[Picture(item.url, item.alt_text) for item in listing.images if is_picture(context, item.url)],
        description=listing.description,
        tags=listing.tags,
        materials=listing.materials,
        questions=listing.personalization,
        facts=[
            ("category", str(listing.taxonomy_id)),
            ("who made it, when", f"{_words(listing.who_made)}, {_words(listing.when_made)}"),
            ("published as", listing.publish_as),
            ("renewed by itself", "yes" if listing.should_auto_renew else "no"),
            ("shipping profile", _or_dash(listing.shipping_profile_id)),
            ("processing profile", _or_dash(listing.readiness_state_id)),
            ("return policy", _or_dash(listing.return_policy_id)),
        ],
        **_of_inventory(listing.inventory),
    )


def of_seen(context: AppContext, seen: SeenListing, ours: Sequence[PublishedImage] = ()) -> ShownListing:
    """One that the last scan saw: its title, price, pieces, variations, tags, and those pictures that are known.

    Args:
        context: of the pages.
        seen: the listing.
        ours: the pictures that we put on it, by which Etsy's ids are known again.
    """
    pictures = _pictures(context, seen.image_ids, seen, ours)
    inventory = _of_inventory(seen.inventory) if seen.inventory else {"pieces": seen.quantity}
    price = price_range(seen.inventory, seen.currency_code) if seen.inventory else f"{seen.price} {seen.currency_code}"
    return ShownListing(
        title=seen.title,
        state=_words(seen.state),
        price=price,
        pictures=pictures,
        more_pictures=max(0, len(seen.image_ids) - len(pictures)),
        tags=seen.tags,
        unknown="A look through the shop keeps no description; Etsy tells it when it is asked.",
        **inventory,
    )


def of_live(
    context: AppContext,
    live: LiveListing,
    currency: str,
    seen: SeenListing | None = None,
    ours: Sequence[PublishedImage] = (),
) -> ShownListing:
    """One as Etsy has just told it; of its pictures those that we put there, and the first where a scan saw it."""
    told, ids = live.values, live.image_ids or ()
    pictures = _pictures(context, ids, seen, ours)
    inventory = live.inventory
    return ShownListing(
        title=str(told.get("title") or ""),
        state=_words(live.state),
        price=price_range(inventory, currency) if inventory else "",
        pictures=pictures,
        more_pictures=len(ids) - len(pictures),
        description=str(told.get("description") or ""),
        tags=_texts(told.get("tags")),
        materials=_texts(told.get("materials")),
        facts=[
            ("category", _or_dash(told.get("taxonomy_id"))),
            ("who made it, when", f"{_words(told.get('who_made'))}, {_words(told.get('when_made'))}"),
            ("renewed by itself", {True: "yes", False: "no"}.get(bool(live.should_auto_renew), "–")),
            ("shipping profile", _or_dash(told.get("shipping_profile"))),
            ("processing profile", _or_dash(told.get("processing_profile"))),
            ("return policy", _or_dash(told.get("return_policy"))),
        ],
        unknown="What buyers are asked was not asked for.",
        **(_of_inventory(inventory) if inventory else {"pieces": None}),
    )


def _of_inventory(inventory: Inventory) -> dict[str, Any]:
    offered = [offering for offering in inventory.offerings if offering.has_variant and offering.is_enabled]
    names = [item.name for item in inventory.properties]
    return {
        "pieces": sum(offering.for_sale for offering in offered),
        "variations": {name: _values(offered, number) for number, name in enumerate(names)},
        "offerings": offered[:MOST_OFFERINGS] if names else (),
        "more_offerings": max(0, len(offered) - MOST_OFFERINGS) if names else 0,
    }


def _pictures(
    context: AppContext, ids: Sequence[int], seen: SeenListing | None, ours: Sequence[PublishedImage]
) -> Sequence[Picture]:
    """The pictures with these ids at Etsy, as far as it is known what they show."""
    known = {item.etsy_image_id: Picture(item.source_url, item.alt_text) for item in ours}
    if seen and seen.image_ids and seen.image_url:
        known.setdefault(seen.image_ids[0], Picture(seen.image_url))
    found = (known[number] for number in ids if number in known)
    return [item for item in found if is_picture(context, item.url)]


def _values(offered: Sequence[Offering], number: int) -> Sequence[str]:
    return list(dict.fromkeys(offering.values[number] for offering in offered if number < len(offering.values)))


def _texts(value: object) -> Sequence[str]:
    return [str(item) for item in value] if isinstance(value, tuple | list) else ()


def _words(value: object) -> str:
    return str(value).replace("_", " ") if value else "–"


def _or_dash(value: object) -> str:
    return str(value) if value else "–"
