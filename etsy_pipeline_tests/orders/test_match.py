"""Which variant in Medusa a line of an order is, where Medusa writes its texts otherwise than Etsy tells them."""

from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import pytest

from etsy_pipeline.catalogue.reservations import StockedProduct, StockedVariant
from etsy_pipeline.orders.match import judged
from etsy_pipeline.planning.link import Link
from etsy_pipeline.sales.receipt import Choice
from etsy_pipeline.store.sales import KeptSale

LINK = Link("prod_1", product_title="Mug", etsy_listing_id=42)
OTHER = StockedVariant(
    "v_2", "", "MUG-2", ("Titre par défaut", "Blue"), is_managed=False, allows_backorder=False, parts=()
)


@pytest.mark.parametrize(
    ("sku", "value", "sold_sku", "options"),
    [
        ("A&amp;B", "Red", "A&B", ()),
        (" A  B ", "Red", "A B", ()),
        ("", "Red &amp; Blue", "", ("Red & Blue",)),
        ("", "Red", "", ("Red",)),
    ],
)
def test_entities_spaces_and_placeholders_make_no_other_variant(
    sku: str, value: str, sold_sku: str, options: tuple[str, ...]
) -> None:
    variant = replace(OTHER, id="v_1", sku=sku, values=("Titre par défaut", value))
    product = StockedProduct("prod_1", "Mug", (variant, OTHER))
    line = SimpleNamespace(listing_id=42, sku=sold_sku, options=tuple(Choice("Color", item, item) for item in options))
    _, found = judged(cast(KeptSale, line), {42: LINK}, {"prod_1": product})
    assert found.variant_id == "v_1"
