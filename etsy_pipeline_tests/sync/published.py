"""A product that was published, as the books have it: no publisher and no Etsy took part."""

from datetime import UTC, datetime

from etsy_pipeline.catalogue.product import Product
from etsy_pipeline.planning.link import Link
from etsy_pipeline.store import link_changes
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsyAccount
from etsy_pipeline_tests.builders import listing_of, validated


def published(
    store: Store, account: EtsyAccount, product: Product, listing_id: int = 700_001, state: str = "active"
) -> int:
    """The product has this listing, which is on sale unless told otherwise; its id."""
    link = Link(
        product.id, account.id, product.title, "synced", listing_id,
        listing_state=state, wanted_state=state, last_synced_at=datetime.now(UTC),
        published=listing_of(validated(product)),
    )  # fmt: skip
    with store.writing() as session:
        link_changes.put(session, link, datetime.now(UTC))
    return listing_id
