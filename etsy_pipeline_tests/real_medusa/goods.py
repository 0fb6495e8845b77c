"""What these tests put into a real Medusa, before it has ids there: our own products, and the recorded ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import product as every_combination
from typing import Any

from etsy_pipeline_tests.catalogue.recorded import recorded_products

Json = dict[str, Any]
Stock = Mapping[str, int]
"""Pieces by the location's name."""

STUDIO, STALL, RETURNS = "studio", "stall", "returns"
MUGS = 891  # an Etsy category


@dataclass(frozen=True)
class Good:
    """A product to be made. `body` is Medusa's, with names where ids come; `stock` is of each variant, by its title.

    `parts` make it a kit: by the part's name, how many one piece takes and how many there are in the studio. `ranks`
    are those of its only option's values. `own_pictures` are pictures of single variants, by the variant's title. Where
    it `is_uploaded` Medusa serves its pictures.
    """

    name: str
    body: Json
    stock: Mapping[str, Stock] = field(default_factory=dict)
    channels: tuple[str, ...] = ("shop",)
    parts: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    ranks: Mapping[str, int] = field(default_factory=dict)
    own_pictures: Mapping[str, str] = field(default_factory=dict)
    is_uploaded: bool = False
    reserved: int = 0
    groups: Mapping[str, str | None] = field(default_factory=dict)
    tags: tuple[str, ...] = ("handmade", "kitchen")
    categories: tuple[str, ...] = ()


def a_good(
    name: str,
    *,
    options: Mapping[str, Sequence[str]] | None = None,
    usd: float = 40,
    stock: Stock | None = None,
    metadata: Json | None = None,
    pictures: Sequence[str] = ("a", "b"),
    **more: Any,
) -> Good:
    """A product that is fine as it comes: one variant, or one for each combination of its options' values."""
    options = options or {"Default option": ("Default option value",)}
    titles = {" / ".join(values): values for values in every_combination(*options.values())}
    variants = [
        {
            "title": title,
            "sku": f"{name}-{number}",
            "variant_rank": number,
            "options": dict(zip(options, values, strict=True)),
            "prices": [{"currency_code": "usd", "amount": usd + number}, {"currency_code": "eur", "amount": 37}],
        }
        for number, (title, values) in enumerate(titles.items())
    ]
    body = {
        "title": f"Stoneware {name.replace('-', ' ').title()}",
        "description": f"Thrown by hand: {name}.",
        "status": "published",
        "material": "Stoneware",
        "metadata": {"etsy_taxonomy_id": MUGS} if metadata is None else metadata,
        "images": [{"url": f"/{name}-{picture}.jpg"} for picture in pictures],
        "thumbnail": f"/{name}-{pictures[0]}.jpg",
        "options": [{"title": title, "values": list(values)} for title, values in options.items()],
        "variants": variants,
    }
    return Good(name, body, dict.fromkeys(titles, {STUDIO: 5} if stock is None else stock), **more)


SIZES = ("XL", "S", "L", "M")
OWN = (
    a_good("beside-returns", stock={STUDIO: 5, RETURNS: 40}),
    a_good("returned-only", stock={STUDIO: 0, RETURNS: 7}),
    a_good("at-two-places", stock={STUDIO: 5, STALL: 6}, channels=("shop", "market")),
    a_good("at-the-market", stock={STUDIO: 5, STALL: 9}, channels=("market",)),
    a_good("kit", stock={}, parts={"candle": (2, 21), "box": (1, 40)}),
    a_good("reserved", stock={STUDIO: 5, RETURNS: 3}, reserved=2),
    a_good("sizes", options={"Size": SIZES}, ranks={"S": 0, "M": 1, "L": 2, "XL": 3}),
    a_good(
        "colors", options={"Color": ("Red", "Blue"), "Size": ("S", "L")}, pictures=("all", "blue", "red"),
        own_pictures={"Red / S": "red", "Red / L": "red", "Blue / S": "blue", "Blue / L": "blue"},
    ),
    a_good("deep-in-a-category", metadata={}, categories=("Cups",)),
    a_good("uploaded", is_uploaded=True),
    *(a_good(f"listed-{number}", options={"Size": ("S", "L")}) for number in range(5)),
)  # fmt: skip
CATEGORIES: Mapping[str, tuple[str | None, Json]] = {
    "Home": (None, {"etsy_taxonomy_id": MUGS}),
    "Kitchen": ("Home", {}),
    "Cups": ("Kitchen", {}),
}
"""By name: the one above it, and its metadata."""


def recorded() -> list[Good]:
    """The products that a real server once had: one of every oddity (`metadata.seed_case`)."""
    return [_as_good(raw) for raw in recorded_products()]


def of_case(found: Json) -> str:
    """What is odd about a product as Medusa has it; of our own, its name."""
    return str((found["metadata"] or {}).get("seed_case") or found["external_id"])


def _as_good(raw: Json) -> Good:
    places = sorted({level["location_id"] for item in raw["variants"] for level in _levels(item)})
    names = dict(zip(places, (STUDIO, STALL), strict=False))
    is_kit = raw["metadata"]["seed_case"] == "kit"
    parts = {
        f"part-{number}": (item["required_quantity"], _levels({"inventory_items": [item]})[0]["stocked_quantity"])
        for number, item in enumerate(raw["variants"][0]["inventory_items"] if is_kit else ())
    }
    taken = (
        "title",
        "description",
        "status",
        "metadata",
        "material",
        "weight",
        "length",
        "width",
        "height",
        "is_giftcard",
    )
    body = {
        **{name: _plain(raw[name]) for name in taken if raw.get(name) is not None},
        "is_giftcard": raw["metadata"]["seed_case"] == "giftcard",
        "images": [{"url": _picture(item["url"])} for item in raw["images"]],
        "thumbnail": _picture(raw["thumbnail"]) if raw["thumbnail"] else None,
        "options": [
            {"title": item["title"], "values": [value["value"] for value in item["values"]]} for item in raw["options"]
        ],
        "variants": [_variant(item) for item in raw["variants"]],
    }
    stock = {
        item["title"]: {names[level["location_id"]]: level["stocked_quantity"] for level in _levels(item)}
        for item in raw["variants"]
    }
    return Good(
        raw["handle"],
        body,
        {} if is_kit else stock,
        ("shop",) if raw["sales_channels"] else (),
        parts,
        groups={"type": (raw["type"] or {}).get("value"), "collection": (raw["collection"] or {}).get("title")},
        tags=tuple(item["value"] for item in raw["tags"]),
        categories=tuple(item["name"] for item in raw["categories"]),
    )


def _levels(variant: Json) -> list[Json]:
    return [level for item in variant["inventory_items"] for level in item["inventory"]["location_levels"]]


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value


def _picture(url: str) -> str:
    return "/" + url.rpartition("/")[2]


def _variant(raw: Json) -> Json:
    prices = []
    for price in raw["prices"]:
        kept = {name: price[name] for name in ("currency_code", "min_quantity", "max_quantity") if price.get(name)}
        rules = {"rules": {"region_id": "elsewhere"}} if price.get("rules") else {}
        prices.append({**kept, "amount": float(price["amount"]), **rules})
    return {
        "title": raw["title"],
        "sku": raw["sku"],
        "variant_rank": raw["variant_rank"],
        "manage_inventory": raw["manage_inventory"],
        "allow_backorder": raw["allow_backorder"],
        "weight": _plain(raw["weight"]),
        "options": {item["option"]["title"]: item["value"] for item in raw["options"]},
        "prices": prices,
    }
