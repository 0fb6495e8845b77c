"""What a plan finds of products that may be on Etsy already, drawn up without Etsy: mugs, none called like another."""

from typing import Any

from etsy_pipeline.catalogue.product import Product
from etsy_pipeline.listings.verdict import ValidatedListing
from etsy_pipeline.planning.plan_item import PlanItem
from etsy_pipeline.store import items, link_candidates, link_decisions
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsyAccount, EtsySyncJob, LinkDecision
from etsy_pipeline_tests.builders import a_product, a_variant, validated
from etsy_pipeline_tests.sync.planned import planned

MUG = "MUG-1"


def a_mug(product_id: str = "prod_A", sku: str = MUG, **changes: Any) -> Product:
    """A product of one variant with a SKU; none is called like another."""
    variants = (a_variant(id=f"variant_of_{product_id}", sku=sku),)
    return a_product(id=product_id, **({"title": f"Mug {product_id} {sku}", "variants": variants} | changes))


def plan(store: Store, account: EtsyAccount, *products: Product | ValidatedListing, **changes: Any) -> EtsySyncJob:
    """A plan of these products."""
    found = [validated(item) if isinstance(item, Product) else item for item in products]
    return planned(store, account, validated=found, **changes)


def of(store: Store, job: EtsySyncJob, product_id: str) -> PlanItem:
    """What a plan says of a product."""
    with store.reading() as session:
        (found,) = items.of_products(session, job.id, [product_id])
    return found.plan


def error_codes(item: PlanItem) -> list[str]:
    """The rules that a product breaks."""
    return [verdict.code for verdict in item.verdicts if verdict.severity == "error"]


def candidates(store: Store, account: EtsyAccount) -> list[tuple[str, int, str, str | None]]:
    """What is kept for a person to decide."""
    with store.reading() as session:
        found = link_candidates.of_account(session, account.id)
    return [(one.product_id, one.listing_id, one.kind, one.moved_from) for one in found]


def decide(store: Store, account: EtsyAccount, product_id: str, listing_id: int, decision: Any) -> None:
    """Ada decides on a product and a listing."""
    with store.writing() as session:
        link_decisions.add(session, LinkDecision(account.id, decision, "Ada", "cli", product_id, listing_id))


def failing() -> None:
    """A look through the shop that does not come to its end: Etsy is out of calls."""
