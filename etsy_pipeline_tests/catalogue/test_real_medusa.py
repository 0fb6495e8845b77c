"""Against a real Medusa 2 server with a seeded catalogue; read only, on demand.

MEDUSA_URL=… MEDUSA_API_KEY=… pytest -m medusa -s etsy_pipeline_tests/catalogue
"""

import os
import time

import httpx
import pytest

from etsy_pipeline.catalogue.medusa import MedusaCatalogue
from etsy_pipeline.catalogue.product import Product
from etsy_pipeline.catalogue.selection import Selection
from etsy_pipeline.errors import NeedsPerson

URL, KEY = os.environ.get("MEDUSA_URL", ""), os.environ.get("MEDUSA_API_KEY", "")
pytestmark = [
    pytest.mark.medusa,
    pytest.mark.skipif(not (URL and KEY), reason="needs MEDUSA_URL and MEDUSA_API_KEY of a real Medusa server"),
]


@pytest.fixture(scope="module")
def products() -> list[Product]:
    started = time.perf_counter()
    pages = list(MedusaCatalogue(URL, KEY).pages(Selection()))
    seconds = time.perf_counter() - started
    found = [product for page in pages for product in page.products]
    variants = sum(len(product.variants) for product in found)
    print(f"\n{len(found)} products, {variants} variants in {seconds:.1f} s: {len(found) / seconds:.0f} products/s")  # noqa: T201 - a measurement
    assert [item for page in pages for item in page.malformed] == []
    assert len(found) == pages[-1].total
    return found


def test_the_whole_catalogue_is_read_once(products: list[Product]) -> None:
    assert len({product.id for product in products}) == len(products) > 0


def test_prices_and_pictures_came_along(products: list[Product]) -> None:
    variants = [variant for product in products for variant in product.variants]
    assert sum(bool(variant.prices) for variant in variants) > 0.9 * len(variants)
    assert all(url.startswith("http") for product in products for url in product.image_urls)


def test_the_stock_is_what_medusa_itself_computes(products: list[Product]) -> None:
    """GET /admin/product-variants knows inventory_quantity; /admin/products does not (FACTS §4)."""
    ours = {variant.id: variant.available for product in products for variant in product.variants}
    theirs: dict[str, int | None] = {}
    fields = "id,manage_inventory,inventory_quantity"
    while True:
        query = {"fields": fields, "order": "id", "limit": "200", "offset": str(len(theirs))}
        answer = httpx.get(f"{URL}/admin/product-variants", params=query, auth=(KEY, ""), timeout=60).json()
        for item in answer["variants"]:
            theirs[item["id"]] = max(0, item["inventory_quantity"]) if item["manage_inventory"] else None
        if len(theirs) >= answer["count"] or not answer["variants"]:
            break
    assert {variant_id: stock for variant_id, stock in theirs.items() if variant_id in ours} == ours


def test_some_products_by_id(products: list[Product]) -> None:
    wanted = (products[0].id, "prod_nowhere", products[-1].id)
    pages = list(MedusaCatalogue(URL, KEY).pages(Selection(product_ids=wanted)))
    assert {product.id for page in pages for product in page.products} == {products[0].id, products[-1].id}
    assert pages[-1].missing == ("prod_nowhere",)


def test_a_wrong_key_needs_a_person() -> None:
    with pytest.raises(NeedsPerson, match="medusa_unauthorized"):
        list(MedusaCatalogue(URL, "sk_wrong").pages(Selection()))
