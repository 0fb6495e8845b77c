"""What the catalogue reads of a real Medusa is what Medusa's own shop says."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from etsy_pipeline.catalogue.medusa import CataloguePage, MedusaCatalogue
from etsy_pipeline.catalogue.product import Product, Variant, content_hash
from etsy_pipeline.catalogue.selection import Selection
from etsy_pipeline.catalogue.stock_places import OWN_CHANNELS, SoldFrom
from etsy_pipeline.errors import NeedsPerson
from etsy_pipeline.listings.medusa_price import EVERY_LIST, counted
from etsy_pipeline.listings.price_settings import PriceListRule
from etsy_pipeline_tests.real_medusa.goods import OWN, RETURNS, STALL, recorded
from etsy_pipeline_tests.real_medusa.price_lists import OVERRIDES_ONLY, PAID
from etsy_pipeline_tests.real_medusa.seeding import Seed
from etsy_pipeline_tests.real_medusa.server import KEY, ON_DEMAND, PREFIX, URL, Server

pytestmark = ON_DEMAND


def pages(
    selection: Selection | None = None, sold_from: SoldFrom = OWN_CHANNELS, size: int = 50
) -> list[CataloguePage]:
    catalogue = MedusaCatalogue(URL, KEY, page_size=size)
    return list(catalogue.pages(selection or Selection(), sold_from, datetime.now(UTC)))


def products(selection: Selection | None = None, sold_from: SoldFrom = OWN_CHANNELS, size: int = 50) -> list[Product]:
    return [product for page in pages(selection, sold_from, size) for product in page.products]


def names(found: Sequence[Product]) -> set[str]:
    return {(product.handle or "").removeprefix(f"{PREFIX}-") for product in found}


def named(found: Sequence[Product], name: str) -> Product:
    (product,) = [item for item in found if item.handle == f"{PREFIX}-{name}"]
    return product


@pytest.fixture(scope="module")
def everything(seed: Seed) -> list[Product]:
    del seed
    return products()


@pytest.fixture(scope="module")
def variants(everything: list[Product]) -> dict[str, Variant]:
    return {variant.id: variant for product in everything for variant in product.variants}


def test_every_product_is_read_once_and_none_is_unreadable(seed: Seed) -> None:
    del seed
    found = pages(size=7)
    ids = [product.id for page in found for product in page.products]
    assert [item for page in found for item in page.malformed] == []
    assert len(ids) == len(set(ids)) == found[-1].total == len(OWN) + len(recorded())


def test_read_again_by_other_pages_nothing_seems_changed(everything: list[Product]) -> None:
    """Medusa gives much in no order: whatever depends on it would be an update of each listing, every night."""
    again = {product.id: content_hash(product) for product in products(size=9)}
    assert {product.id: content_hash(product) for product in everything} == again


def test_there_is_as_much_of_each_variant_as_customers_can_buy(variants: dict[str, Variant], seed: Seed) -> None:
    """Of the locations that sell, less what is reserved, kits by their scarcest part: the Store API's figure."""
    theirs = {
        item["id"]: max(0, item["inventory_quantity"]) if item["manage_inventory"] else None
        for product in seed.customers.values()
        for item in product["variants"]
    }
    assert len(theirs) > 300
    assert {variant_id: variants[variant_id].available for variant_id in theirs} == theirs


@pytest.mark.parametrize(
    ("name", "pieces"),
    [("beside-returns", 5), ("returned-only", 0), ("at-two-places", 11), ("at-the-market", 9), ("kit", 10), ("reserved", 3)],
)  # fmt: skip
def test_stock_that_is_not_for_sale_does_not_count(everything: list[Product], name: str, pieces: int) -> None:
    assert [variant.available for variant in named(everything, name).variants] == [pieces]


def test_the_shop_says_from_where_it_sells(seed: Seed) -> None:
    of_returns = products(sold_from=SoldFrom((seed.id_of("stock-locations", RETURNS),)))
    assert [named(of_returns, name).variants[0].available for name in ("beside-returns", "reserved", "kit")] == [
        40,
        3,
        0,
    ]
    of_market = products(sold_from=SoldFrom(sales_channel_ids=(seed.id_of("sales-channels", "market"),)))
    assert named(of_market, "at-two-places").variants[0].available == 6, f"only {STALL} sells there"


def test_each_variant_costs_what_customers_pay(variants: dict[str, Variant], seed: Seed) -> None:
    """The Store API's calculated price: price lists, tiers, regions, dates and groups included."""
    theirs = {
        item["id"]: Decimal(str(item["calculated_price"]["calculated_amount"]))
        for product in seed.customers.values()
        for item in product["variants"]
        if item["calculated_price"]
    }
    ours = {key: price.amount for key in theirs if (price := counted(variants[key], "USD", EVERY_LIST))}
    assert len(theirs) > 300
    assert ours == theirs


@pytest.mark.parametrize(("rule", "wanted"), [(EVERY_LIST, PAID), (PriceListRule(), OVERRIDES_ONLY)])
def test_price_lists_count_as_the_shop_wants(
    everything: list[Product], rule: PriceListRule, wanted: dict[str, object]
) -> None:
    found = {name: [counted(item, "USD", rule) for item in named(everything, name).variants] for name in wanted}
    assert {name: tuple(price and price.amount for price in prices) for name, prices in found.items()} == wanted


def test_tax_in_prices_is_told_by_currency(everything: list[Product], server: Server) -> None:
    rows = server.every("price-preferences", "id,attribute,value,is_tax_inclusive", **{"attribute[]": "currency_code"})
    with_tax = tuple(sorted(row["value"].upper() for row in rows if row["is_tax_inclusive"]))
    assert {product.prices_with_tax for product in everything} == {with_tax}
    assert {product.prices_not_told for product in everything} == {()}


def test_option_values_come_in_the_order_of_their_ranks(everything: list[Product]) -> None:
    (size,) = named(everything, "sizes").options
    assert size.values == ("S", "M", "L", "XL")


def test_a_variants_own_pictures_are_told_from_those_of_all(everything: list[Product]) -> None:
    found = {variant.title: variant.image_urls for variant in named(everything, "colors").variants}
    shown = {title: [url.rpartition("-")[2] for url in urls] for title, urls in found.items()}
    assert shown == {"Red / S": ["red.jpg"], "Red / L": ["red.jpg"], "Blue / S": ["blue.jpg"], "Blue / L": ["blue.jpg"]}


def test_a_category_has_all_those_above_it(everything: list[Product]) -> None:
    (category,) = named(everything, "deep-in-a-category").categories
    above = [group.name.removeprefix(f"{PREFIX} ") for group in category.parents]
    assert (above, category.parents[-1].metadata) == (["Kitchen", "Home"], {"etsy_taxonomy_id": 891})


def test_products_are_chosen_by_id_category_type_and_status(everything: list[Product], seed: Seed) -> None:
    wanted = named(everything, "kit").id
    found = pages(Selection(product_ids=(wanted, "prod_nowhere")))
    assert [product.id for page in found for product in page.products] == [wanted]
    assert found[-1].missing == ("prod_nowhere",)
    home = Selection(category_ids=(seed.id_of("product-categories", "Home"),))
    assert names(products(home)) == {"deep-in-a-category"}, "those below it are meant, too"
    of_type = {good.name for good in recorded() if good.groups["type"] == "Toys"}
    assert names(products(Selection(type_ids=(seed.id_of("product-types", "Toys"),)))) == of_type
    assert {product.status for product in products(Selection(statuses=("draft", "rejected")))} == {"draft", "rejected"}


def test_a_wrong_key_needs_a_person(server: Server) -> None:
    del server
    with pytest.raises(NeedsPerson, match="medusa_unauthorized"):
        list(MedusaCatalogue(URL, "sk_wrong").pages(Selection()))
