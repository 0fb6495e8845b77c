"""What a product is, as MedusaJS v2 sells it: read-only values, normalised from the Admin API's answer.

Not here: how products are fetched (`medusa.py`). Source: docs/medusa-facts.md, observations of a real server. A part
of the answer that is absent is an error and not an empty part: without its stock a product would look sold out.
"""

import functools
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal
from typing import Any
from urllib.parse import urljoin

from pydantic import BaseModel, ConfigDict, ValidationError

from etsy_pipeline.catalogue.price_lists import CustomerPrices, ListPrice
from etsy_pipeline.catalogue.raw_variant import FieldError, asked, available, narrow_prices, parts, plain_prices
from etsy_pipeline.catalogue.stock_places import StockPlaces
from etsy_pipeline.catalogue.variant_pictures import is_given, of_variants, thumbnail_of
from etsy_pipeline.errors import Refused

DEFAULT_OPTION = "Default option"  # what Medusa calls the option of a product that has none
DEEPEST = 50  # levels of metadata; what is deeper cannot be written as JSON again everywhere
LISTS = ("tags", "images", "categories", "options", "variants")
LISTS_OF_VARIANTS = ("options", "prices", "inventory_items")

_SAME_NAME = (
    "id",
    "description",
    "status",
    "handle",
    "updated_at",
    "metadata",
    "material",
    "weight",
    "length",
    "width",
    "height",
    "is_giftcard",
)


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class Option(_Value):
    """One axis along which variants differ ("Size"), with its values in the shop's order."""

    title: str
    values: tuple[str, ...]


class Variant(_Value):
    """One thing that can be bought.

    `prices` are what one piece costs everybody, by upper-case currency code, in the unit in which the server stores
    them; `narrow_prices` the currencies that have prices for a region, a customer group or a quantity only;
    `list_prices` those of price lists that held for everybody when it was read. `available` is how many can be sold
    now from the locations that sell; None when Medusa does not track this variant's stock. `barcode` is its EAN, else
    its UPC, else what its field of that name holds. `image_urls` are pictures that it has and not all variants have,
    in the product's order; `metadata_image_urls` those that plugins keep in metadata. `parts` are the ids of the
    inventory items of which its pieces are made, where stock is tracked: several make a kit.
    """

    id: str
    title: str = ""
    sku: str | None = None
    barcode: str | None = None
    options: Mapping[str, str] = {}
    prices: Mapping[str, Decimal] = {}
    narrow_prices: tuple[str, ...] = ()
    list_prices: tuple[ListPrice, ...] = ()
    available: int | None = None
    allow_backorder: bool = False
    weight: Decimal | None = None
    image_urls: tuple[str, ...] = ()
    thumbnail: str | None = None
    metadata_image_urls: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()


class Group(_Value):
    """What Medusa sorts products by: a category, a collection (`name` is its title) or a type (`name` is its value)."""

    id: str
    name: str
    metadata: Mapping[str, Any] = {}


class Category(Group):
    """A Medusa product category, with those above it, the nearest first."""

    parents: tuple[Group, ...] = ()


class Product(_Value):
    """A Medusa product with its variants. Weight in grams and lengths in centimetres, as Medusa's admin labels them.

    `image_urls` are its pictures in the shop's order, without a `thumbnail` that is not among them. `not_told` names
    what Medusa left out of that by which products are sorted.

    `prices_with_tax` are the currencies whose prices include tax, None where that is not known; `prices_not_told` names
    what else of Medusa the API key may not read (`price-lists`, `price-preferences`).
    """

    id: str
    title: str
    description: str | None = None
    status: str
    handle: str | None = None
    updated_at: str | None = None
    metadata: Mapping[str, Any] = {}
    material: str | None = None
    is_giftcard: bool = False
    weight: Decimal | None = None
    length: Decimal | None = None
    width: Decimal | None = None
    height: Decimal | None = None
    image_urls: tuple[str, ...] = ()
    thumbnail: str | None = None
    tags: tuple[str, ...] = ()
    categories: tuple[Category, ...] = ()
    type: Group | None = None
    collection: Group | None = None
    not_told: tuple[str, ...] = ()
    is_in_sales_channel: bool = True
    options: tuple[Option, ...] = ()
    variants: tuple[Variant, ...] = ()
    prices_with_tax: tuple[str, ...] | None = None
    prices_not_told: tuple[str, ...] = ()

    def pictures(self, *, thumbnail_first: bool) -> tuple[str, ...]:
        """Where its pictures are, in the order of a listing: the thumbnail is the one that Medusa's lists show."""
        if not (thumbnail_first and self.thumbnail):
            return self.image_urls
        return tuple(dict.fromkeys((self.thumbnail, *self.image_urls)))


class MalformedProduct(Refused):
    """A product of which Medusa's answer cannot be understood; the others go on."""

    def __init__(self, product_id: str, problem: str) -> None:
        super().__init__(
            f"Product {product_id or 'without id'} cannot be read: {problem}.",
            code="product_malformed",
            hint="Look at the product in Medusa's admin.",
        )
        self.product_id = product_id


ParentsOf = Callable[[str], Sequence[Group] | None]
"""The categories above a category, the nearest first; None where Medusa does not tell."""


def parse_product(
    raw: Any,
    *,
    base_url: str = "",
    places: StockPlaces | None = None,
    prices: CustomerPrices | None = None,
    parents_of: ParentsOf = lambda _: None,
) -> Product:
    """Normalise a product as the Admin API gives it (fields of `medusa.FIELDS`).

    Args:
        raw: the product's JSON.
        base_url: the server's address, for pictures with relative ones.
        places: tells which stock locations count; None: all do.
        prices: what is known beside plain prices; None: nothing.
        parents_of: tells the categories above one; asked only for those that have some.

    Raises:
        MalformedProduct: naming the field that is wrong or was left out.
    """
    product_id = str(raw.get("id") or "").encode(errors="replace").decode() if isinstance(raw, Mapping) else ""
    try:
        sound = _sound(raw)
        known = _normalised(sound, base_url, places, prices or CustomerPrices())
        return Product.model_validate(known | _groups(sound, parents_of))
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors(include_input=False)]
        raise MalformedProduct(product_id, "; ".join(problems[:3])) from None
    except FieldError as error:
        raise MalformedProduct(product_id, str(error)) from None
    except (KeyError, TypeError, AttributeError, ValueError, ArithmeticError) as error:
        raise MalformedProduct(product_id, f"{type(error).__name__}: {error}") from None


def content_hash(product: Product) -> str:
    """A fingerprint of all that a product says, the same on every machine.

    `updated_at` is left out: it does not move when a price or the stock does (docs/medusa-facts.md §3), so changes are
    found by content.
    """
    content = product.model_dump(mode="json", exclude={"updated_at"})
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def absolute_image_url(base_url: str, url: str) -> str:
    """Where a picture is; relative addresses are below the Medusa server's, unusable ones stay as they are."""
    try:
        return urljoin(base_url.rstrip("/") + "/", url) if base_url else url
    except ValueError:  # "http://[": the listing goes on without this picture
        return url


def _normalised(raw: Any, base_url: str, places: StockPlaces | None, prices: CustomerPrices) -> dict[str, Any]:
    if not isinstance(raw, Mapping):
        raise FieldError(f"it is {type(raw).__name__} instead of an object")
    _check_shape(raw)
    variants = _in_order(asked(raw, "variants") or (), "variant_rank")
    options = _options(raw.get("options") or (), variants)

    def selling(level: Mapping[str, Any]) -> bool:
        return places is None or asked(level, "location_id") in places.selling(lambda: _sales_channels(raw))

    image_urls = tuple(dict.fromkeys(absolute_image_url(base_url, url) for url in _image_urls(raw)))
    absolute = functools.partial(absolute_image_url, base_url)
    pictures = of_variants(variants, image_urls, absolute)
    return {
        **{name: raw.get(name) for name in _SAME_NAME if raw.get(name) is not None},
        "title": raw.get("title") or "",
        "image_urls": image_urls,
        "thumbnail": thumbnail_of(raw, image_urls, absolute),
        "tags": [tag["value"] for tag in sorted(raw.get("tags") or (), key=_made)],
        "is_in_sales_channel": bool(raw.get("sales_channels", True)),
        "options": options,
        "variants": [
            {
                **_variant(item, {option["title"] for option in options}, selling),
                "list_prices": prices.of_variant.get(str(item["id"]), ()),
                **own_pictures,
            }
            for item, own_pictures in zip(variants, pictures, strict=True)
        ],
        "prices_with_tax": prices.with_tax,
        "prices_not_told": prices.not_told,
    }


def _check_shape(raw: Mapping[str, Any]) -> None:
    for name in LISTS:
        _check_list(name, raw.get(name))
    for variant in raw.get("variants") or ():
        for name in LISTS_OF_VARIANTS:
            _check_list(f"variants.{name}", variant.get(name))


def _check_list(name: str, value: Any) -> None:
    if value is not None and not (isinstance(value, list) and all(isinstance(item, Mapping) for item in value)):
        raise FieldError(f"{name} is no list of objects")


def _groups(raw: Mapping[str, Any], parents_of: ParentsOf) -> dict[str, Any]:
    """Categories, type and collection, and which of them Medusa did not tell."""
    categories, orphans = [], []
    for item in raw.get("categories") or ():
        parents = parents_of(item["id"]) if item.get("parent_category_id") else ()
        orphans += [f"the categories above {item['name']}"] if parents is None else []
        categories.append(_group(item, "name") | {"parents": parents or ()})
    return {
        "categories": categories,
        "type": _group(raw["type"], "value") if raw.get("type") else None,
        "collection": _group(raw["collection"], "title") if raw.get("collection") else None,
        "not_told": [*(name for name in ("type", "collection") if name not in raw), *orphans],
    }


def _group(raw: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {"id": raw.get("id") or raw[name], "name": raw[name], "metadata": raw.get("metadata") or {}}


def _sales_channels(raw: Mapping[str, Any]) -> list[str]:
    return [str(item["id"]) for item in asked(raw, "sales_channels") or ()]


def _sound(value: Any, depth: int = 0) -> Any:
    """The same JSON without halves of surrogate pairs, which no file or database takes."""
    if depth > DEEPEST:
        raise FieldError(f"it is nested deeper than {DEEPEST} levels")
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, Mapping):
        return {_sound(name): _sound(item, depth + 1) for name, item in value.items()}
    return [_sound(item, depth + 1) for item in value] if isinstance(value, list) else value


def _image_urls(raw: Mapping[str, Any]) -> list[str]:
    urls = [image["url"] for image in _in_order(asked(raw, "images") or (), "rank") if is_given(image.get("url"))]
    return urls or ([raw["thumbnail"]] if is_given(raw.get("thumbnail")) else [])


def _options(raw: Sequence[Mapping[str, Any]], variants: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    options = [{"title": item["title"], "values": _values(item, variants)} for item in raw]
    if [option["title"] for option in options] == [DEFAULT_OPTION] and len(options[0]["values"]) <= 1:
        return []  # docs/medusa-facts.md §11: that is no variation
    return options


def _values(option: Mapping[str, Any], variants: Sequence[Mapping[str, Any]]) -> list[Any]:
    """An option's values in the shop's order: by rank, those without one after them (docs/medusa-facts.md §14).

    Those without one stand as the variants do, where these have ranks, for Medusa's answer has no order of its own
    then. A Medusa before 2.16 has no ranks at all, and its answer's order stays.
    """
    rows = option.get("values") or ()
    values = [row["value"] for row in rows]
    if not any("rank" in row for row in rows):
        return values
    rank = {row["value"]: row.get("rank") for row in rows}
    is_ranked = len({variant.get("variant_rank") for variant in variants}) == len(variants)
    chosen = [item for variant in variants if is_ranked for item in variant.get("options") or ()]
    used = [item["value"] for item in chosen if item["option"]["title"] == option["title"]]
    place = {value: number for number, value in enumerate(dict.fromkeys((*used, *values)))}
    return sorted(values, key=lambda value: (rank[value] is None, rank[value] or 0, place[value]))


def _variant(
    raw: Mapping[str, Any], option_titles: AbstractSet[str], selling: Callable[[Mapping[str, Any]], bool]
) -> dict[str, Any]:
    chosen = {item["option"]["title"]: item["value"] for item in raw.get("options") or ()}
    prices = plain_prices(asked(raw, "prices") or ())
    return {
        "id": raw["id"],
        "title": raw.get("title") or "",
        "sku": raw.get("sku"),
        "barcode": raw.get("ean") or raw.get("upc") or raw.get("barcode"),
        "options": {title: value for title, value in chosen.items() if title in option_titles},
        "prices": prices,
        "narrow_prices": narrow_prices(raw["prices"] or (), prices),
        "available": available(raw, selling),
        "parts": parts(raw),
        "allow_backorder": bool(raw.get("allow_backorder")),
        "weight": raw.get("weight"),
    }


def _made(tag: Mapping[str, Any]) -> str:
    """The oldest first: Medusa's own order is another with each page (docs/medusa-facts.md §17)."""
    return str(tag.get("id") or "")


def _in_order(items: Sequence[Mapping[str, Any]], rank: str) -> list[Mapping[str, Any]]:
    return sorted(items, key=lambda item: item.get(rank) or 0)
