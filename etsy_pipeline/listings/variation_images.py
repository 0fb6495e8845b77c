"""Pictures of single variants: what a picture shows of the options, and which one stands for a value on Etsy.

Etsy links pictures to the values of one property, one picture to a value (LISTING_EXTRAS §1). Medusa assigns pictures
to variants; one that all variants have is of the product as a whole.
"""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from etsy_pipeline.catalogue.product import Product
from etsy_pipeline.listings.axes import Axis
from etsy_pipeline.listings.images import images, is_address
from etsy_pipeline.listings.listing import ListingImage, VariationImage
from etsy_pipeline.listings.picture_settings import VariationPictures
from etsy_pipeline.listings.rules import verdict
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.listings.variations import Values, Variations
from etsy_pipeline.listings.verdict import Verdict
from etsy_pipeline.listings.videos import without_videos

COLORS = frozenset(("color", "colour", "colors", "colours", "farbe", "couleur", "kleur", "colore", "cor", "kolor"))
"""Words in the names of options that pictures are most likely about."""

Assigned = Mapping[str, AbstractSet[int]]
"""Picture → the variants that it is of, by their place; without pictures of all of them."""


Pictures = tuple[tuple[ListingImage, ...], tuple[VariationImage, ...]]


def pictures(
    product: Product,
    variations: Variations,
    axes: Sequence[Axis],
    urls: Sequence[str],
    title: str,
    settings: ShopSettings,
) -> tuple[Pictures, list[Verdict]]:
    """A listing's pictures, and which of them stand for values of a variation.

    Args:
        product: whose variants may have pictures of their own, be they among its pictures or not.
        variations: of the product.
        axes: as Etsy gets them; none where its inventory cannot be sent.
        urls: the product's pictures in their order.
        title: of the listing.
        settings: the shop's.
    """
    of = assigned(product, urls, settings.variation_images)
    links, found = variation_images(variations, axes, of, settings.variation_images)
    if settings.variation_images.source == "metadata":
        found += [verdict("image_address_unusable", url=url) for url in of if url not in urls and not is_address(url)]
    every = tuple(dict.fromkeys((*urls, *(link.url for link in links))))
    shown, told = images(every, settings.alt_text_template, title, options_of(variations, of))
    kept, left_out = linkable(links, shown)
    return (shown, kept), [*found, *told, *left_out]


def assigned(product: Product, urls: Sequence[str], settings: VariationPictures) -> Assigned:
    """Which variants each picture is of, where it is not of all; thumbnails first, then in the product's order."""
    is_metadata = settings.source == "metadata"
    of: dict[str, set[int]] = {}
    for number, variant in enumerate(product.variants):
        own = variant.metadata_image_urls if is_metadata else variant.image_urls
        for url in (variant.thumbnail, *own) if variant.thumbnail and not is_metadata else own:
            of.setdefault(url, set()).add(number)
    place = {url: number for number, url in enumerate(urls)}
    thumbnails = {variant.thumbnail for variant in product.variants}
    stills, _ = without_videos(sorted(of, key=lambda url: (url not in thumbnails, place.get(url, len(place)))))
    return {url: of[url] for url in stills if len(of[url]) < len(product.variants)}


def options_of(variations: Variations, of: Assigned) -> Callable[[str], str]:
    """Tells what a picture shows of the options: what all variants are, and what tells its variants from others."""

    def text(url: str) -> str:
        places = of.get(url)
        told = []
        for index, (name, values) in enumerate(variations.facts):
            there = values if places is None else _in_order(values, {variations.said[place][index] for place in places})
            if len(values) == 1 or len(there) < len(values):
                told.append(f"{name} {', '.join(there)}")
        return "; ".join(told)

    return text


def variation_images(
    variations: Variations, axes: Sequence[Axis], of: Assigned, settings: VariationPictures
) -> tuple[tuple[VariationImage, ...], list[Verdict]]:
    """Which picture stands for which value.

    Args:
        variations: of the product.
        axes: as Etsy gets them.
        of: which variants each picture is of, the best ones first.
        settings: which option gets pictures, and whether any does.
    """
    if settings.source == "none" or not (axes and of):
        return (), []
    usable = {url: places for url, places in of.items() if is_address(url)}
    candidates = [_Candidate.of(axis, variations, usable) for axis in axes]
    chosen, found = _chosen(candidates, settings.option)
    if chosen is None:
        return (), found if settings.source else []
    if settings.source is None:
        return (), [verdict("variation_images_unused", option=chosen.name)]
    return tuple(
        VariationImage(chosen.axis.property.property_id, chosen.axis.values[value], url)
        for value, url in chosen.pictures.items()
    ), []


def linkable(
    links: Sequence[VariationImage], images: Sequence[ListingImage]
) -> tuple[tuple[VariationImage, ...], list[Verdict]]:
    """The links whose pictures are on the listing; it takes 20 in all."""
    there = {image.url for image in images}
    left_out = tuple(link.value for link in links if link.url not in there)
    found = [verdict("variation_images_left_out", values=left_out)] if left_out else []
    return tuple(link for link in links if link.url in there), found


class _Candidate(NamedTuple):
    """An option that could get pictures: the picture of each value, as far as there are some."""

    axis: Axis
    name: str
    pictures: Mapping[str, str]
    rank: tuple[bool, int, int]

    @classmethod
    def of(cls, axis: Axis, variations: Variations, of: Assigned) -> "_Candidate":
        column = [cell[axis.position] for cell in variations.cells]
        values = variations.values[axis.position]
        whole: dict[str, str] = {}
        partly: dict[str, str] = {}
        for url, places in of.items() if len(values) > 1 else ():
            shown = {column[place] for place in places}
            if len(shown) > 1:
                continue
            (value,) = shown
            is_whole = places == {place for place, other in enumerate(column) if other == value}
            (whole if is_whole else partly).setdefault(value, url)
        pictures = {value: url for value in values if (url := whole.get(value, partly.get(value, "")))}
        return cls(
            axis, variations.names[axis.position], pictures, (len(pictures) == len(values), len(whole), len(pictures))
        )

    @property
    def is_color(self) -> bool:
        names = f"{self.name} {self.axis.property.name}".casefold().split()
        return not COLORS.isdisjoint(names)


def _chosen(candidates: Sequence[_Candidate], option: str | None) -> tuple[_Candidate | None, list[Verdict]]:
    """The option whose values the pictures tell apart best; none where several do so equally well."""
    named = [item for item in candidates if option and item.name.casefold() == option.casefold()]
    able = [item for item in named or candidates if item.pictures]
    if not able:
        return None, [verdict("variation_images_option", option=tuple(item.name for item in named or candidates))]
    best = max(item.rank for item in able)
    equal = [item for item in able if item.rank == best]
    colors = [item for item in equal if item.is_color]
    if len(equal) > 1 and len(colors) != 1:
        return None, [verdict("variation_images_ambiguous", options=tuple(item.name for item in equal))]
    return (colors or equal)[0], []


def _in_order(values: Values, used: AbstractSet[str]) -> list[str]:
    return [value for value in values if value in used]
