"""What a product is known by, beside its id: Medusa gives new ids when a catalogue is imported anew."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VariantIdentity:
    """A variant: its id, and what an offering on Etsy may be known by."""

    id: str
    sku: str = ""
    barcode: str = ""
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProductIdentity:
    """What a product is known by.

    `listing_ids` are those that its metadata names; `image_url` is the address of its first picture.
    """

    handle: str = ""
    variants: tuple[VariantIdentity, ...] = ()
    listing_ids: tuple[int, ...] = ()
    image_url: str = ""

    @property
    def skus(self) -> tuple[str, ...]:
        """The SKUs of its variants that are not blank, each once."""
        return tuple(dict.fromkeys(variant.sku for variant in self.variants if variant.sku))


UNKNOWN = ProductIdentity()
