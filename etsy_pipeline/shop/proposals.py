"""Rules by category that a shop's linked listings propose (`listings/voices.py`)."""

from collections.abc import Iterator

from etsy_pipeline.catalogue.medusa import MedusaCatalogue
from etsy_pipeline.catalogue.product import Product
from etsy_pipeline.listings.listing import Listing
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.listings.voices import Voice, voices
from etsy_pipeline.store import accounts, links
from etsy_pipeline.store.accounts import settings_of
from etsy_pipeline.store.engine import Store


def proposed(store: Store, catalogue: MedusaCatalogue, account_id: str) -> tuple[list[Voice], ShopSettings]:
    """What listings that were there before us propose, and the shop's settings.

    Listings that we made say what our settings say, and are not asked.

    Raises:
        NotFound: `account_not_found`.
        PipelineError: what Medusa said instead of its products.
    """
    with store.reading() as session:
        settings = settings_of(accounts.get(session, account_id))
        found = links.search(session, account_id=account_id)
    adopted = {link.product_id: link.published for link in found if link.origin == "adopted" and link.published}

    def linked() -> Iterator[tuple[Product, Listing]]:
        for page in catalogue.pages(settings.selection, settings.sold_from) if adopted else ():
            yield from ((product, adopted[product.id]) for product in page.products if product.id in adopted)

    return voices(linked(), settings), settings
