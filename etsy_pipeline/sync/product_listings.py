"""From a product to the listing that it should become, for one shop: reader of the shop → category → rules.

A plan maps products with it, and so does the look at Medusa right before they are published.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import cache

from etsy_pipeline.catalogue.product import Product
from etsy_pipeline.listings.mapping import validate
from etsy_pipeline.listings.price_tax import needs_country as needs_country_for
from etsy_pipeline.listings.product_header import ProductHeader
from etsy_pipeline.listings.shop import AmountUnit, Shop
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.listings.taxonomy import taxonomy_id
from etsy_pipeline.listings.translations import names_translations
from etsy_pipeline.listings.verdict import ValidatedListing
from etsy_pipeline.providers.protocols import ShopTeller
from etsy_pipeline.providers.shop_reader import ShopReader
from etsy_pipeline.store.accounts import refused_attributes, settings_of
from etsy_pipeline.store.records import EtsyAccount
from etsy_pipeline.sync.kept_references import KeptReferences

MAKES_SECTIONS = "shops_w"  # the permission that it takes


def shop_reader(
    client: ShopTeller, account: EtsyAccount, amount_unit: AmountUnit, on_trouble: Callable[[str], None] | None
) -> ShopReader:
    """Tells what a mapping has to know of an account's shop; `on_trouble` is told what could not be read, and why.

    With no `on_trouble`, what could not be read is raised.
    """
    return ShopReader(
        client,
        account.shop_id or 0,
        currency_code=account.currency_code or "",
        amount_unit=amount_unit,
        this_year=datetime.now(UTC).year,
        needs_country=settings_of(account).return_policy is None,
        on_trouble=on_trouble,
        refused_attributes=refused_attributes(account, datetime.now(UTC)),
        may_make_sections=MAKES_SECTIONS in (account.scopes or "").split(),
    )


class ProductListings:
    """Maps products for one shop.

    Args:
        settings: the shop's.
        reader: tells of the shop; made when the first product is mapped.
        references: what the reader asks, where that may be what was told lately.
    """

    def __init__(
        self, settings: ShopSettings, reader: Callable[[], ShopReader], references: KeptReferences | None = None
    ) -> None:
        self.settings, self._references = settings, references
        self._reader = cache(reader)

    @property
    def references_from(self) -> datetime | None:
        """When the oldest kept answer was told that products were mapped by; None where all was asked anew."""
        return self._references.oldest if self._references else None

    def ask_anew(self) -> bool:
        """Map by what the marketplace says now; whether that may be something else than before.

        What only kept answers find wrong with a product (a profile that was made since) is not wrong.
        """
        if self._references is None or not self._references.ask_anew():
            return False
        self._reader.cache_clear()
        return True

    def shop_for(self, products: Iterable[Product | ProductHeader]) -> Shop:
        """What mapping these products takes: the shop, with the properties of their categories."""
        found = list(products)
        reader = self._reader()
        categories = (taxonomy_id(product, self.settings, None)[0] for product in found)
        needs_country = any(needs_country_for(product, self.settings, reader.currency_code) for product in found)
        needs_country = needs_country or any(names_translations(product.metadata) for product in found)
        wanted = [category for category in categories if category is not None]
        return reader.shop(wanted, needs_country=needs_country)

    def of(self, products: Iterable[Product]) -> Iterator[ValidatedListing]:
        """The listing that each product should become, with every rule's verdict."""
        for product in products:
            listing = validate(product, self.settings, self.shop_for([product]))
            if listing.errors and self.ask_anew():
                listing = validate(product, self.settings, self.shop_for([product]))
            yield listing
