"""What a product is, as MedusaJS v2 sells it: read-only values, normalised from the Admin API's answer.

Not here: how products are fetched (`medusa.py`). Source: docs of the Medusa v2 Admin API and observations of a real
server (stock, plain prices, "Default option"): see `parse_product`.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class Option(_Value):
    """One axis along which variants differ ("Size"), with its values in the shop's order."""

    title: str
    values: tuple[str, ...]


class Variant(_Value):
    """One thing that can be bought.

    `prices` are plain prices only (no region rule, no quantity tier), by upper-case currency code, in the unit in which
    the server stores them. `available` is how many can be sold now over all stock locations; None when Medusa does
    not track this variant's stock.
    """

    id: str
    title: str = ""
    sku: str | None = None
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
    weight: Decimal | None = None
    length: Decimal | None = None
    width: Decimal | None = None
    height: Decimal | None = None
    image_urls: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    categories: tuple[Category, ...] = ()
    options: tuple[Option, ...] = ()
    variants: tuple[Variant, ...] = ()
