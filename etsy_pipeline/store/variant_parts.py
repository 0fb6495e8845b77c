"""Of which inventory items variants are made (`variant_part`): kits share them with other products."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import and_, delete, insert, select
from sqlalchemy.orm import Session, aliased

from etsy_pipeline.listings.identity import VariantIdentity
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.tables.medusa import VariantPartRow

Parts = frozenset[tuple[str, str]]


def parts_of(variants: Iterable[VariantIdentity]) -> Parts:
    """The parts of a product: (variant id, inventory item id)."""
    return frozenset((variant.id, part) for variant in variants for part in variant.parts)


def changed(session: Session, products: Mapping[str, Parts]) -> dict[str, Parts]:
    """Those of some products, a few hundred at most, whose parts are others than those that are kept."""
    query = select(VariantPartRow).where(VariantPartRow.product_id.in_(list(products)))
    known: dict[str, set[tuple[str, str]]] = {}
    for row in session.scalars(query):
        known.setdefault(row.product_id, set()).add((row.variant_id, row.inventory_item_id))
    return {product_id: parts for product_id, parts in products.items() if parts != known.get(product_id, set())}


def note(session: Session, products: Mapping[str, Parts]) -> None:
    """Keep the parts of these products in place of what was kept of them (a writing session)."""
    if not products:
        return
    session.execute(delete(VariantPartRow).where(VariantPartRow.product_id.in_(list(products))))
    rows = [
        {"product_id": product_id, "variant_id": variant_id, "inventory_item_id": item_id}
        for product_id, parts in sorted(products.items())
        for variant_id, item_id in sorted(parts)
    ]
    if rows:
        session.execute(insert(VariantPartRow), rows)


def keep(store: Store, products: Mapping[str, Parts]) -> None:
    """Keep the parts of some products, a few hundred at most; nothing is written where they are known already."""
    with store.reading() as session:
        new = changed(session, products)
    if new:
        with store.writing() as session:
            note(session, new)


@dataclass(frozen=True, slots=True)
class Shared:
    """A product is made of a part that a variant of another product is made of, too."""

    product_id: str
    other_product_id: str
    other_variant_id: str


def shared(session: Session, product_ids: Sequence[str]) -> list[Shared]:
    """What some products, a few hundred at most, share with others."""
    ours, theirs = aliased(VariantPartRow), aliased(VariantPartRow)
    same = and_(theirs.inventory_item_id == ours.inventory_item_id, theirs.product_id != ours.product_id)
    columns = ours.product_id, theirs.product_id, theirs.variant_id
    query = select(*columns).join(theirs, same).where(ours.product_id.in_(product_ids)).distinct()
    return [Shared(*row) for row in session.execute(query)]
