"""As much of a product as has to be known before its batch is validated: read much faster than all of it."""

from typing import Any

import msgspec


class VariantHeader(msgspec.Struct):
    """A variant, as far as the whole catalogue is concerned."""

    sku: str | None = None


class GroupHeader(msgspec.Struct):
    """A Medusa category, type or collection."""

    id: str
    name: str
    metadata: dict[str, Any] = {}


class CategoryHeader(GroupHeader):
    """A Medusa category, with those above it, the nearest first."""

    parents: tuple[GroupHeader, ...] = ()


class ProductHeader(msgspec.Struct):
    """A product, as far as the whole catalogue and its category are concerned."""

    id: str
    handle: str | None = None
    metadata: dict[str, Any] = {}
    categories: tuple[CategoryHeader, ...] = ()
    type: GroupHeader | None = None
    collection: GroupHeader | None = None
    not_told: tuple[str, ...] = ()
    variants: tuple[VariantHeader, ...] = ()
    prices_with_tax: tuple[str, ...] | None = None
    prices_not_told: tuple[str, ...] = ()


def read_header(product: str) -> ProductHeader:
    """The glimpse of a product that is written as JSON."""
    return _GLIMPSE.decode(product)


_GLIMPSE = msgspec.json.Decoder(ProductHeader)
