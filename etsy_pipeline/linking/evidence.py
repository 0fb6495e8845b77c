"""What speaks for a product and a listing being the same thing, and what against it: rules, each with both its values.

No score: a rule's strength is a word, and `candidates.py` makes a pair's class of them, so that a person sees why.
Pictures are not compared. Source of the rules: LINKING §4 of the project's facts.
"""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Literal, NamedTuple

from etsy_pipeline.linking.seen import SeenListing
from etsy_pipeline.linking.text import (
    eans,
    handle_stem,
    last_part,
    loose_sku_key,
    sku_key,
    starts_of,
    title_keys,
    value_key,
    words,
)  # fmt: skip
from etsy_pipeline.listings.identity import IdentifiedProduct, ProductIdentity
from etsy_pipeline.listings.listing import Inventory

Code = Literal[
    "metadata_listing_id", "sku_set_equal", "sku_set_overlap", "sku_single_shared", "sku_like", "url_in_text",
    "barcode_in_sku", "handle_equal", "handle_like", "title_equal", "title_tokens", "options_equal", "price_near",
    "quantity_equal", "taxonomy_same", "skus_differ", "sku_elsewhere", "removed_by_etsy", "detached",
]  # fmt: skip
Strength = Literal["decisive", "strong", "medium", "weak", "against"]

FORCE: dict[Strength, int] = {"decisive": 4, "strong": 3, "medium": 2, "weak": 1, "against": 0}

MOST_SHOWN = 5
ALIKE, LIKE = 80, 50  # percent of their words that two titles have in common
FEWEST_WORDS = 2
NEAR = Decimal("0.1")  # share by which prices may differ


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that speaks for a pair, or against it, with what each side says."""

    code: Code
    strength: Strength
    of_product: str
    of_listing: str


class Former(NamedTuple):
    """What a product was called in Medusa before it went from there, and whether its listing is on sale still."""

    title: str = ""
    handle: str = ""
    is_on_sale: bool = False


NOBODY = Former()


def evidence_of(product: IdentifiedProduct, listing: SeenListing, former: Former = NOBODY) -> tuple[Evidence, ...]:
    """All that the two sides alone tell, the strongest first; what others or a person say of it is found later.

    Args:
        product: the one side.
        listing: the other.
        former: the product that it was until that went from Medusa.
    """
    identity = product.identity
    found = [
        *_metadata(identity, listing),
        *_skus(identity, listing),
        *_barcodes(identity, listing),
        *_addresses(identity, listing),
        *_handles(identity, former),
        *_titles(product.titles, listing.title, former.title),
        *_options(identity, listing.inventory),
        *_ties(product, listing),
        *_state(listing),
    ]
    return in_order(found)


def in_order(found: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """The strongest first; what speaks against it last."""
    return tuple(sorted(found, key=lambda item: -FORCE[item.strength]))


def force_of(found: Iterable[Evidence]) -> int:
    """How strong the strongest of them is."""
    return max((FORCE[item.strength] for item in found), default=0)


def listed(values: Iterable[object]) -> str:
    """The first few values in a line."""
    told = [str(value) for value in values]
    more = len(told) - MOST_SHOWN
    return ", ".join(told[:MOST_SHOWN]) + (f" and {more} more" if more > 0 else "")


def parent_of(skus: Sequence[str]) -> set[str]:
    """What all of these SKUs (as they are compared) begin with, up to a separator of each."""
    starts = [{*starts_of(item), item} for item in skus]
    return set.intersection(*starts) if starts else set()


def _metadata(identity: ProductIdentity, listing: SeenListing) -> Iterable[Evidence]:
    if listing.listing_id in identity.listing_ids:
        yield Evidence("metadata_listing_id", "decisive", str(listing.listing_id), str(listing.listing_id))


def _skus(identity: ProductIdentity, listing: SeenListing) -> Iterable[Evidence]:
    ours = {sku_key(item): item for item in identity.skus if sku_key(item)}
    theirs = {sku_key(item): item for item in listing.skus if sku_key(item)}
    if not ours or not theirs:
        return
    both = [item for item in theirs if item in ours]
    told = listed(ours.values()), listed(theirs.values())
    if len(both) == len(theirs):
        yield Evidence("sku_set_equal", "decisive", *told)
    elif both:
        missing, extra = (
            [ours[key] for key in ours if key not in theirs],
            [theirs[key] for key in theirs if key not in ours],
        )
        lack = f" (not on Etsy: {listed(missing)})" if missing else ""
        yield Evidence("sku_set_overlap", "strong", told[0] + lack, f"{told[1]} (not of it: {listed(extra)})")
    elif len(theirs) == 1 and next(iter(theirs)) in parent_of(list(ours)):
        yield Evidence("sku_single_shared", "medium", *told)
    elif {*map(loose_sku_key, ours)} & {*map(loose_sku_key, theirs)} - {""}:
        yield Evidence("sku_like", "medium", *told)
    else:
        yield Evidence("skus_differ", "against", *told)


def _barcodes(identity: ProductIdentity, listing: SeenListing) -> Iterable[Evidence]:
    theirs = {number: item for item in listing.skus for number in eans(item)}
    codes = (variant.barcode for variant in identity.variants if variant.barcode)
    both = [(code, theirs[number]) for code in codes for number in eans(code) if number in theirs]
    if both:
        yield Evidence("barcode_in_sku", "medium", listed(code for code, _ in both), listed(sku for _, sku in both))


def _addresses(identity: ProductIdentity, listing: SeenListing) -> Iterable[Evidence]:
    handle = identity.handle.casefold()
    naming = [address for address in listing.mentions if handle and last_part(address) == handle]
    if naming:
        yield Evidence("url_in_text", "strong", identity.handle, naming[0])


def _handles(identity: ProductIdentity, former: Former) -> Iterable[Evidence]:
    if identity.handle and identity.handle.casefold() == former.handle.casefold():
        yield Evidence("handle_equal", "strong", identity.handle, former.handle)
    elif identity.handle and handle_stem(identity.handle) == handle_stem(former.handle):
        yield Evidence("handle_like", "weak", identity.handle, former.handle)


def _titles(ours: Sequence[str], theirs: str, called: str) -> Iterable[Evidence]:
    for title, other in itertools.product(ours, filter(None, (theirs, called))):
        if set(title_keys(title)) & set(title_keys(other)):
            yield Evidence("title_equal", "medium", title, other)
            return
    pairs = itertools.product(ours, dict.fromkeys(filter(None, (theirs, called))))
    shares = [(share_of(frozenset(words(title)), frozenset(words(other))), title, other) for title, other in pairs]
    share, title, other = max(shares, default=(0, "", ""))
    if share >= LIKE:
        yield Evidence("title_tokens", "medium" if share >= ALIKE else "weak", title, other)


def share_of(ours: frozenset[str], theirs: frozenset[str]) -> int:
    """How much two sets of words have in common (Jaccard, in percent); nothing where that is a single word."""
    both = len(ours & theirs)
    return 100 * both // (len(ours) + len(theirs) - both) if both >= FEWEST_WORDS else 0


def _options(identity: ProductIdentity, inventory: Inventory | None) -> Iterable[Evidence]:
    if inventory is None:
        return
    ours = _axes([variant.values for variant in identity.variants])
    theirs = _axes([offering.values for offering in inventory.offerings])
    if ours and sorted(map(sorted, ours)) == sorted(map(sorted, theirs)):
        yield Evidence("options_equal", "medium", _told(ours), _told(theirs))


def _axes(rows: Sequence[tuple[str, ...]]) -> list[set[str]]:
    """The values along each axis on which anything varies."""
    columns = zip(*rows, strict=True) if len({len(row) for row in rows}) == 1 else ()
    axes = ({value_key(value) for value in column} for column in columns)
    return [values for values in axes if len(values) > 1]


def _told(axes: Sequence[set[str]]) -> str:
    return "; ".join(listed(sorted(values)) for values in axes)


def _ties(product: IdentifiedProduct, listing: SeenListing) -> Iterable[Evidence]:
    """What many pairs have in common: it helps to choose among candidates, and makes none."""
    ours, theirs = _amount(product.price), _amount(listing.price)
    is_same_money = bool(product.currency_code) and product.currency_code == listing.currency_code
    if is_same_money and ours and theirs and abs(ours - theirs) <= NEAR * max(ours, theirs):
        yield Evidence("price_near", "weak", f"{ours} {product.currency_code}", f"{theirs} {listing.currency_code}")
    if product.quantity and product.quantity == listing.quantity:
        yield Evidence("quantity_equal", "weak", str(product.quantity), str(listing.quantity))
    if product.taxonomy_id and product.taxonomy_id == listing.taxonomy_id:
        yield Evidence("taxonomy_same", "weak", str(product.taxonomy_id), str(listing.taxonomy_id))


def _state(listing: SeenListing) -> Iterable[Evidence]:
    if listing.state == "removed":  # it cannot be linked, and to list it anew can cost the shop
        yield Evidence("removed_by_etsy", "against", "–", listing.state)


def _amount(text: str) -> Decimal | None:
    try:
        return Decimal(text) if text else None
    except InvalidOperation:
        return None
