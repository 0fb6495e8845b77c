"""What a product is known by, beside its id: Medusa gives new ids when a catalogue is imported anew."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VariantIdentity:
    """A variant: its id, and what an offering on Etsy may be known by. `values` are in the order of its options.

    `parts` are the inventory items of which its pieces are made: another product may be made of the same ones.
    """

    id: str
    sku: str = ""
    barcode: str = ""
    values: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()


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


@dataclass(frozen=True, slots=True)
class IdentifiedProduct:
    """A product as it is compared with the listings of a shop: what it is known by, and little else.

    `is_absent`: it is not to be on sale now; `is_withdrawn`: whatever there is in stock, so that its listing may be
    another product's by now. `titles` are its own and, where that differs, the one that it would have
    on Etsy. `price` (the lowest), `quantity` and `taxonomy_id` are those of the listing that it should become, if there
    is one.
    """

    product_id: str
    titles: tuple[str, ...]
    identity: ProductIdentity = UNKNOWN
    is_absent: bool = False
    is_withdrawn: bool = False
    price: str = ""
    currency_code: str = ""
    quantity: int = 0
    taxonomy_id: int | None = None
