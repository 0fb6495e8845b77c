"""As much of a product as has to be known before its batch is validated: read much faster than all of it."""

from typing import Any

import msgspec


class VariantHeader(msgspec.Struct):
    """A variant, as far as the whole catalogue is concerned."""

    sku: str | None = None


class CategoryHeader(msgspec.Struct):
    """A Medusa category."""

    id: str
    name: str


class ProductHeader(msgspec.Struct):
    """A product, as far as the whole catalogue and its category are concerned."""

    id: str
    handle: str | None = None
    metadata: dict[str, Any] = {}
    categories: tuple[CategoryHeader, ...] = ()
    variants: tuple[VariantHeader, ...] = ()


def read_header(product: str) -> ProductHeader:
    """The glimpse of a product that is written as JSON."""
    return _GLIMPSE.decode(product)


_GLIMPSE = msgspec.json.Decoder(ProductHeader)
