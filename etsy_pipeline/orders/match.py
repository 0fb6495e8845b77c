"""Lines of orders and the variants in Medusa that they are of: looked at anew as long as there is none."""

from collections.abc import Mapping, Sequence

from etsy_pipeline.catalogue.reservations import Reservations, StockedProduct
from etsy_pipeline.linking.variant_map import VariantOnEtsy, map_variants
from etsy_pipeline.listings.identity import ProductIdentity, VariantIdentity
from etsy_pipeline.listings.variations import is_placeholder, tidy_sku
from etsy_pipeline.planning.link import Link
from etsy_pipeline.sales.matching import Match, Sold, match
from etsy_pipeline.store import links, sales, variant_parts
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.sales import KeptSale

NO_LISTING = "Etsy no longer tells which listing was sold."
NO_LINK = "Its listing is linked to no product."
NO_PRODUCT = "Medusa no longer has the product that its listing is linked to."
NO_PIECES = "Etsy does not tell how many pieces were sold."


def match_lines(store: Store, medusa: Reservations, account_id: str) -> int:
    """Find the variants of lines that have none; of how many it was found.

    A line of an order that is only observed is looked at once. Where Medusa cannot be asked, nothing is concluded.

    Raises:
        PipelineError: what a question to Medusa raises.
    """
    with store.reading() as session:
        found = sales.in_state(session, account_id, "waiting", "needs_link", "observed")
        lines = [line for line in found if line.variant_id is None and _is_to_be_looked_at(line)]
        listing_ids = sorted({line.listing_id for line in lines if line.listing_id is not None})
        by_listing = links.of_listings(session, account_id, listing_ids)
    products = medusa.products([link.product_id for link in by_listing.values()])
    _note_parts(store, products)
    matched = 0
    for line in lines:
        product_id, result = judged(line, by_listing, products)
        matched += result.variant_id is not None
        _note(store, line, product_id, result)
    return matched


def judged(
    line: KeptSale, by_listing: Mapping[int, Link], products: Mapping[str, StockedProduct]
) -> tuple[str | None, Match]:
    """The product and the variant of a line, or why there is none."""
    if line.listing_id is None:
        return None, Match(problem=NO_LISTING)
    link = by_listing.get(line.listing_id)
    if link is None:
        return None, Match(problem=NO_LINK)
    product = products.get(link.product_id)
    if product is None:
        return link.product_id, Match(problem=NO_PRODUCT)
    variants = [_identity(variant.id, variant.sku, variant.values) for variant in product.variants]
    return product.id, match(Sold(line.sku, line.options), variants, _cells(link, variants))


def _note_parts(store: Store, products: Mapping[str, StockedProduct]) -> None:
    """Keep of what the sold products are made: until a sale is booked, nothing that shares a part is raised."""
    parts = {
        product.id: frozenset(
            (variant.id, part.inventory_item_id)
            for variant in product.variants
            if variant.is_managed
            for part in variant.parts
        )
        for product in products.values()
    }
    variant_parts.keep(store, parts)


def _cells(link: Link, variants: Sequence[VariantIdentity]) -> tuple[VariantOnEtsy, ...]:
    """Which cell of the listing is which variant: as it was adopted, else as it was last published."""
    if link.variant_map or link.published is None:
        return link.variant_map
    return map_variants(ProductIdentity(variants=tuple(variants)), link.published.inventory)[0]


def _identity(variant_id: str, sku: str, values: Sequence[str]) -> VariantIdentity:
    told = tuple(" ".join(value.split()) for value in values if not is_placeholder(value))
    return VariantIdentity(variant_id, tidy_sku(sku), values=told)


def _is_to_be_looked_at(line: KeptSale) -> bool:
    return line.state != "observed" or line.problem is None


def _note(store: Store, line: KeptSale, product_id: str | None, result: Match) -> None:
    """Write down what was found, where it is something new, and nobody said something else meanwhile."""
    problem = result.problem or (None if line.quantity else NO_PIECES)
    state = line.state if line.state == "observed" else "needs_link" if problem else "waiting"
    if (product_id, result.variant_id, problem, state) == (line.product_id, None, line.problem, line.state):
        return
    with store.writing() as session:
        now = sales.get(session, line.etsy_account_id, line.transaction_id, lock=True)
        if now is not None and now.variant_id is None and now.state == line.state:
            sales.change(
                session,
                line.etsy_account_id,
                line.transaction_id,
                product_id=product_id,
                variant_id=result.variant_id,
                matched_by=result.matched_by,
                state=state,
                problem=problem,
            )
