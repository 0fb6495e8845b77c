"""What changes in a real Medusa reaches Etsy, and nothing else does."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from etsy_pipeline import wiring
from etsy_pipeline.shop.decide import decide_one
from etsy_pipeline.shop.link_requests import LinkRequest, Said
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.real_medusa import on_etsy, pictures
from etsy_pipeline_tests.real_medusa.goods import Good, Json, a_good
from etsy_pipeline_tests.real_medusa.seeding import Seed
from etsy_pipeline_tests.real_medusa.selling import RealShop, RealWorld
from etsy_pipeline_tests.real_medusa.server import ON_DEMAND
from etsy_pipeline_tests.world import a_world

pytestmark = ON_DEMAND
TYPE = "change"
GOOD = a_good("changing", options={"Color": ("Red", "Blue")}, pictures=("all", "red"))
Make = Callable[[Good], Json]


@pytest.fixture
def make(seed: Seed) -> Iterator[Make]:
    """Makes products of the type that the shop sells; they are gone after the test."""
    type_id, made = seed.id_of("product-types", TYPE), []

    def one(good: Good) -> Json:
        (product,) = seed.make([good], type_id=type_id).values()
        made.append(product["id"])
        return product

    yield one
    left = {row["id"] for row in seed.server.every("products", "id", **{"type_id[]": type_id})}
    for product_id in left.intersection(made):
        seed.remove(product_id)


@pytest.fixture
def shop(seed: Seed, sqlite_store: Store, tmp_path: Path) -> Iterator[RealShop]:
    with a_world(tmp_path) as made:
        world = RealWorld(made.sandbox, seed.picture_server)
        account = world.connected(sqlite_store, variation_images={"source": "medusa"})
        yield RealShop(world, sqlite_store, account, seed.id_of("product-types", TYPE))


@pytest.fixture
def product(make: Make, shop: RealShop) -> Json:
    """One that is on Etsy. Medusa gives the variants of an answer in any order."""
    made = make(GOOD)
    assert shop.sync().synced_count == 1
    return made | {"variants": sorted(made["variants"], key=lambda variant: str(variant["sku"]))}


def offers(shop: RealShop, product: Json) -> list[tuple[float, int]]:
    """What its variants cost on Etsy, and how many there are."""
    shown = shop.world.etsy("GET", f"listings/{shop.link(product['id']).etsy_listing_id}")
    found = [item["offerings"][0] for item in shown["inventory"]["products"]]
    return [(item["price"]["amount"] / item["price"]["divisor"], item["quantity"]) for item in found]


def fields(shop: RealShop, product: Json) -> set[str]:
    """What the next plan changes of a product; it is published."""
    job = shop.plan()
    item = shop.item(job, product["id"])
    shop.approve(job)
    assert shop.publish(job).failed_count == 0
    again = shop.plan()
    assert shop.item(again, product["id"]).plan.action == "skip", "and after it nothing"
    return {difference.field for difference in item.plan.differences}


def state(shop: RealShop) -> str:
    (listing,) = shop.world.listings()
    return str(listing["state"])


def level(seed: Seed, product: Json, pieces: int) -> None:
    """There are so many pieces of the first variant in the studio."""
    item = product["variants"][0]["inventory_items"][0]["inventory_item_id"]
    place = seed.id_of("stock-locations", "studio")
    seed.server.post(f"inventory-items/{item}/location-levels/{place}", {"stocked_quantity": pieces})


def linked(shop: RealShop, product: Json) -> dict[str, str]:
    """Values of variations that have a picture on Etsy: value → SHA-256."""
    listing_id = shop.link(product["id"]).etsy_listing_id or 0
    images = shop.world.etsy("GET", f"listings/{listing_id}")["images"]
    sha256_of = dict(
        zip((image["listing_image_id"] for image in images), on_etsy.pictures_of(shop.world, listing_id), strict=True)
    )
    row = shop.world.sandbox.state.row("SELECT data FROM listing WHERE listing_id = ?", listing_id)
    assert row is not None
    return {link["value"]: sha256_of[link["image_id"]] for link in json.loads(row["data"])["variation_images"]}


def test_stock_that_changes_is_changed_on_etsy(seed: Seed, shop: RealShop, product: Json) -> None:
    level(seed, product, 2)
    assert fields(shop, product) == {"quantity"}
    assert offers(shop, product) == [(40, 2), (41, 5)]


def test_what_an_order_reserves_is_no_longer_offered(seed: Seed, shop: RealShop, product: Json) -> None:
    reservation_id = seed.reserve(product, 4)
    assert fields(shop, product) == {"quantity"}
    assert offers(shop, product) == [(40, 1), (41, 5)]
    seed.server.delete(f"reservations/{reservation_id}")
    assert fields(shop, product) == {"quantity"}
    assert offers(shop, product) == [(40, 5), (41, 5)]


def test_a_price_that_changes_is_changed_on_etsy(seed: Seed, shop: RealShop, product: Json) -> None:
    variant = product["variants"][0]["id"]
    prices = {"prices": [{"currency_code": "usd", "amount": 44.5}]}
    seed.server.post(f"products/{product['id']}/variants/{variant}", prices)
    assert fields(shop, product) == {"price"}
    assert offers(shop, product) == [(44.5, 5), (41, 5)]


def test_a_price_list_holds_as_long_as_it_is_there(seed: Seed, shop: RealShop, product: Json) -> None:
    list_id = seed.price_list("for a while", "override", {product["variants"][1]["id"]: 50})
    assert fields(shop, product) == {"price"}
    assert offers(shop, product) == [(40, 5), (50, 5)]
    seed.server.delete(f"price-lists/{list_id}")
    assert fields(shop, product) == {"price"}
    assert offers(shop, product) == [(40, 5), (41, 5)]


def test_a_picture_that_is_given_to_a_variant_is_linked_to_its_value(seed: Seed, shop: RealShop, product: Json) -> None:
    (red,) = [image["id"] for image in product["images"] if image["url"].endswith("red.jpg")]
    path = f"products/{product['id']}/variants/{product['variants'][0]['id']}/images/batch"
    seed.server.post(path, {"add": [red]})
    assert fields(shop, product) == {"variation_images"}
    assert linked(shop, product) == {"Red": pictures.sha256("changing-red.jpg")}


def test_the_order_of_a_variations_values_is_that_of_their_ranks(make: Make, shop: RealShop) -> None:
    sizes = ("XL", "S", "L", "M")
    made = make(a_good("ranked", options={"Size": sizes}, ranks={"S": 0, "M": 1, "L": 2, "XL": 3}))
    shop.sync()
    listing_id = shop.link(made["id"]).etsy_listing_id or 0
    assert list(on_etsy.values_of(shop.world, listing_id, "Size")) == ["S", "M", "L", "XL"]


def test_what_is_unpublished_is_taken_off_sale_and_comes_back(seed: Seed, shop: RealShop, product: Json) -> None:
    seed.server.post(f"products/{product['id']}", {"status": "draft"})
    shop.sync()
    assert state(shop) == "inactive"
    seed.server.post(f"products/{product['id']}", {"status": "published"})
    shop.sync()
    assert state(shop) == "active"


def test_what_is_deleted_is_taken_off_sale(seed: Seed, shop: RealShop, product: Json, make: Make) -> None:
    other = make(a_good("staying"))
    shop.sync()
    seed.server.delete(f"products/{product['id']}")
    job = shop.plan()
    assert shop.item(job, product["id"]).plan.action == "deactivate"
    shop.approve(job)
    shop.publish(job)
    states = {row["listing_id"]: row["state"] for row in shop.world.listings()}
    assert states[shop.link(product["id"]).etsy_listing_id] == "inactive"
    assert states[shop.link(other["id"]).etsy_listing_id] == "active"


def test_a_product_that_is_imported_anew_keeps_its_listing(
    seed: Seed, shop: RealShop, product: Json, make: Make
) -> None:
    """New ids for product and variants: nothing is created twice, nothing taken off sale, and a person moves it."""
    listing_id = shop.link(product["id"]).etsy_listing_id
    seed.server.delete(f"products/{product['id']}")
    again = make(GOOD)
    assert again["id"] != product["id"]
    job = shop.plan()
    told = shop.item(job, again["id"]).plan
    assert (told.action, told.verdicts[0].code) == ("invalid", "listing_may_exist")
    assert shop.item(job, product["id"]).plan.reason.startswith(f"may have moved to {again['id']}")
    request = LinkRequest("move", product_id=product["id"], to_product_id=again["id"])
    readers = wiring.link_readers(shop.world.settings, shop.store, shop.id)
    decide_one(shop.store, shop.id, request, Said("Ada", "cli"), readers)
    assert shop.link(again["id"]).etsy_listing_id == listing_id
    shop.sync()
    assert len(shop.world.listings()) == 1
    level(seed, again, 3)
    assert fields(shop, again) == {"quantity"}
    assert offers(shop, again) == [(40, 3), (41, 5)]
