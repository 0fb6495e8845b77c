"""What a product is, as MedusaJS v2 sells it: read-only values, normalised from the Admin API's answer.

Not here: how products are fetched (`medusa.py`). Source: docs/medusa-facts.md, observations of a real server. A part
of the answer that is absent is an error and not an empty part: without its stock a product would look sold out.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal
from typing import Any
from urllib.parse import urljoin

from pydantic import BaseModel, ConfigDict, ValidationError

from etsy_pipeline.catalogue.stock_places import StockPlaces
from etsy_pipeline.errors import Refused

DEFAULT_OPTION = "Default option"  # what Medusa calls the option of a product that has none
DEEPEST = 50  # levels of metadata; what is deeper cannot be written as JSON again everywhere

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

    `prices` are plain prices only (no region rule, no quantity tier), by upper-case currency code, in the unit in which
    the server stores them. `available` is how many can be sold now from the locations that sell; None when Medusa does
    not track this variant's stock. `barcode` is its EAN, else its UPC, else what its field of that name holds.
    """

    id: str
    title: str = ""
    sku: str | None = None
    barcode: str | None = None
    options: Mapping[str, str] = {}
    prices: Mapping[str, Decimal] = {}
    available: int | None = None
    allow_backorder: bool = False
    weight: Decimal | None = None


class Category(_Value):
    """A Medusa product category."""

    id: str
    name: str


class Product(_Value):
    """A Medusa product with its variants. Weight in grams and lengths in centimetres, as Medusa's admin labels them."""

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
    tags: tuple[str, ...] = ()
    categories: tuple[Category, ...] = ()
    options: tuple[Option, ...] = ()
    variants: tuple[Variant, ...] = ()


class MalformedProduct(Refused):
    """A product of which Medusa's answer cannot be understood; the others go on."""

    def __init__(self, product_id: str, problem: str) -> None:
        super().__init__(
            f"Product {product_id or 'without id'} cannot be read: {problem}.",
            code="product_malformed",
            hint="Look at the product in Medusa's admin.",
        )
        self.product_id = product_id


class _FieldError(ValueError):
    """What is wrong, with the name of the field."""


def parse_product(raw: Any, *, base_url: str = "", places: StockPlaces | None = None) -> Product:
    """Normalise a product as the Admin API gives it (fields of `medusa.FIELDS`).

    Args:
        raw: the product's JSON.
        base_url: the server's address, for pictures with relative ones.
        places: tells which stock locations count; None: all do.

    Raises:
        MalformedProduct: naming the field that is wrong or was left out.
    """
    product_id = str(raw.get("id") or "").encode(errors="replace").decode() if isinstance(raw, Mapping) else ""
    try:
        return Product.model_validate(_normalised(_sound(raw), base_url, places))
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors(include_input=False)]
        raise MalformedProduct(product_id, "; ".join(problems[:3])) from None
    except _FieldError as error:
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


def _normalised(raw: Any, base_url: str, places: StockPlaces | None) -> dict[str, Any]:
    if not isinstance(raw, Mapping):
        raise _FieldError(f"it is {type(raw).__name__} instead of an object")
    options = _options(raw.get("options") or ())
    variants = _in_order(_asked(raw, "variants") or (), "variant_rank")

    def selling(level: Mapping[str, Any]) -> bool:
        return places is None or _asked(level, "location_id") in places.selling(lambda: _sales_channels(raw))

    return {
        **{name: raw.get(name) for name in _SAME_NAME if raw.get(name) is not None},
        "title": raw.get("title") or "",
        "image_urls": tuple(dict.fromkeys(absolute_image_url(base_url, url) for url in _image_urls(raw))),
        "tags": [tag["value"] for tag in raw.get("tags") or ()],
        "categories": raw.get("categories") or (),
        "options": options,
        "variants": [_variant(item, {option["title"] for option in options}, selling) for item in variants],
    }


def _sales_channels(raw: Mapping[str, Any]) -> list[str]:
    return [str(item["id"]) for item in _asked(raw, "sales_channels") or ()]


def _asked(raw: Mapping[str, Any], name: str) -> Any:
    """A part that was asked for. Medusa ignores fields that it does not know in silence (docs/medusa-facts.md §5)."""
    if name not in raw:
        raise _FieldError(f"the answer has no field {name!r}")
    return raw[name]


def _sound(value: Any, depth: int = 0) -> Any:
    """The same JSON without halves of surrogate pairs, which no file or database takes."""
    if depth > DEEPEST:
        raise _FieldError(f"it is nested deeper than {DEEPEST} levels")
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, Mapping):
        return {_sound(name): _sound(item, depth + 1) for name, item in value.items()}
    return [_sound(item, depth + 1) for item in value] if isinstance(value, list) else value


def _image_urls(raw: Mapping[str, Any]) -> list[str]:
    urls = [image["url"] for image in _in_order(_asked(raw, "images") or (), "rank") if image.get("url")]
    return urls or ([raw["thumbnail"]] if raw.get("thumbnail") else [])


def _options(raw: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    options = [
        {"title": item["title"], "values": [value["value"] for value in item.get("values") or ()]} for item in raw
    ]
    if [option["title"] for option in options] == [DEFAULT_OPTION] and len(options[0]["values"]) <= 1:
        return []  # docs/medusa-facts.md §11: that is no variation
    return options


def _variant(
    raw: Mapping[str, Any], option_titles: AbstractSet[str], selling: Callable[[Mapping[str, Any]], bool]
) -> dict[str, Any]:
    chosen = {item["option"]["title"]: item["value"] for item in raw.get("options") or ()}
    return {
        "id": raw["id"],
        "title": raw.get("title") or "",
        "sku": raw.get("sku"),
        "barcode": raw.get("ean") or raw.get("upc") or raw.get("barcode"),
        "options": {title: value for title, value in chosen.items() if title in option_titles},
        "prices": _plain_prices(_asked(raw, "prices") or ()),
        "available": _available(raw, selling),
        "allow_backorder": bool(raw.get("allow_backorder")),
        "weight": raw.get("weight"),
    }


def _plain_prices(raw: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Prices by currency, without those of a quantity tier or of a rule (a region, a customer group).

    Those of price lists (sales) are not in Medusa's answer. Two different plain prices in one currency cannot be:
    then the rules did not come along, and any choice could be the wrong price.
    """
    plain: dict[str, Any] = {}
    for price in raw:
        if any(price.get(name) for name in ("min_quantity", "max_quantity", "rules", "price_rules")):
            continue
        currency, amount = str(price["currency_code"]).upper(), _asked(price, "amount")
        if plain.setdefault(currency, amount) != amount:
            raise _FieldError(f"prices: a variant costs both {plain[currency]} and {amount} {currency}")
    return plain


def _available(raw: Mapping[str, Any], selling: Callable[[Mapping[str, Any]], bool]) -> int | None:
    """How many can be sold: a kit as often as its scarcest part allows (docs/medusa-facts.md §4).

    Args:
        raw: the variant.
        selling: whether a level is of a location that counts.
    """
    if not _asked(raw, "manage_inventory"):
        return None
    parts = []
    for item in _asked(raw, "inventory_items") or ():
        levels = _asked(_asked(item, "inventory") or {"location_levels": ()}, "location_levels") or ()
        levels = [level for level in levels if selling(level)]
        free = sum(int(level["stocked_quantity"]) - int(level.get("reserved_quantity") or 0) for level in levels)
        parts.append(max(0, free) // max(1, int(item.get("required_quantity") or 1)))
    return min(parts, default=0)


def _in_order(items: Sequence[Mapping[str, Any]], rank: str) -> list[Mapping[str, Any]]:
    return sorted(items, key=lambda item: item.get(rank) or 0)
