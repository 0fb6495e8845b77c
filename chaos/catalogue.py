"""A made-up catalogue that changes from season to season: what each product should be on Etsy, told by its number."""

import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from PIL import Image

from etsy_pipeline.listings.listing import Inventory, Listing, ListingImage, Offering, VariationProperty
from etsy_pipeline.listings.verdict import ValidatedListing
from etsy_pipeline.pictures.source import Picture, PictureSource
from etsy_pipeline.publishing.source import Source

FIRST_ID = 510_000_011  # of the sample shop's profiles and policies
SIZES = ("S", "M", "L")


def season(products: int, number: int, sold: int = 0) -> Iterator[ValidatedListing]:
    """All products in a season; every fourteenth is not for sale in every third. Of each `sold` pieces are gone."""
    for product in range(products):
        name = f"prod_{product:04}"
        if number % 3 == 2 and product % 14 == 0:
            yield ValidatedListing(name, title(product, number), None, (), "not published in Medusa")
        else:
            yield ValidatedListing(name, title(product, number), listing(product, number, sold))


def source_of_season(products: int, number: int, sold: int = 0) -> Source:
    """The catalogue as it is in a season, for the look right before a product is sent."""

    def products_now(product_ids: Sequence[str]) -> Mapping[str, ValidatedListing]:
        wanted = set(product_ids)
        return {item.product_id: item for item in season(products, number, sold) if item.product_id in wanted}

    return products_now


def listing(product: int, number: int, sold: int = 0) -> Listing:
    """One product: texts change in one of three seasons, prices and stock in the next, pictures in each fourth."""
    texts, prices, pictures = (product + number) // 3, (product + number + 1) // 3, (product + number) // 4
    images = [f"http://pictures.test/{product}/{(pictures + rank) % 5}.png" for rank in range(1 + product % 3)]
    return Listing(
        title=title(product, texts),
        description=f'It\'s thing {product}, "made" by hand & heart.\n\nEdition {texts}.',
        taxonomy_id=891,
        who_made="i_did",
        when_made="made_to_order",
        shipping_profile_id=FIRST_ID,
        return_policy_id=FIRST_ID,
        readiness_state_id=FIRST_ID,
        currency_code="USD",
        inventory=_inventory(product, prices, sold),
        images=tuple(ListingImage(url, f"Thing {product}") for url in images),
        tags=("chaos", f"edition {texts % 7}"),
    )


def title(product: int, texts: int) -> str:
    """A title that only this product has."""
    return f"Thing {product:04} of the storm, edition {texts}"


def _inventory(product: int, prices: int, sold: int) -> Inventory:
    price, stock = Decimal(10 + product % 30) + Decimal(prices % 5) / 4, 3 + (product + prices) % 20 - sold
    if product % 3:
        return Inventory((Offering(f"T{product}", (), price, stock),))
    offerings = tuple(Offering(f"T{product}-{size}", (size,), price + row, stock) for row, size in enumerate(SIZES))
    sizes = (VariationProperty(513, "Size"),)
    return Inventory(offerings, sizes, price_on_property=(513,), sku_on_property=(513,))


class Pictures(PictureSource):
    """Draws the picture that an address tells, without a network: fetching them is another test's business."""

    def fetch(self, url: str) -> Picture:
        """A small picture whose colors come from its address."""
        digest = hashlib.sha256(url.encode()).digest()
        buffer = io.BytesIO()
        Image.new("RGB", (8, 8), (digest[0], digest[1], digest[2])).save(buffer, "PNG")
        content = buffer.getvalue()
        return Picture(content, "picture.png", hashlib.sha256(content).hexdigest())
