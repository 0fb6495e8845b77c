"""What changes in a real Medusa is told to our API by the docs' subscriber, and becomes a plan of just that."""

import base64
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep

import pytest

from etsy_pipeline.orders import dirty
from etsy_pipeline.settings import Settings
from etsy_pipeline.store import medusa_changes
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.api.serving import TOKEN, serving
from etsy_pipeline_tests.everything_up import free_port
from etsy_pipeline_tests.real_medusa.goods import STUDIO, Json, a_good
from etsy_pipeline_tests.real_medusa.seeding import Seed
from etsy_pipeline_tests.real_medusa.selling_both_ways import Etsys, Sold, selling
from etsy_pipeline_tests.real_medusa.server import ON_DEMAND, Server
from etsy_pipeline_tests.real_medusa.subscriber import medusa_with_subscriber

pytestmark = ON_DEMAND
GOOD, PIECES = "told", 5
SECONDS = 30  # in which an event comes, on a machine that is busy


@pytest.fixture(scope="module")
def port() -> int:
    """Where our API is."""
    return free_port()


@pytest.fixture(scope="module")
def secret() -> str:
    """What our API and the subscriber share."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()


@pytest.fixture(scope="module")
def telling(seed: Seed, port: int, secret: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Medusa with the subscriber, which tells our API."""
    del seed
    env = {"ETSY_PIPELINE_URL": f"http://127.0.0.1:{port}", "MEDUSA_WEBHOOK_SECRET": secret}
    with medusa_with_subscriber(tmp_path_factory.mktemp("medusa"), env) as server:
        yield server


@pytest.fixture
def shop(
    telling: Server, port: int, secret: str, seed: Seed, etsys: Etsys, sqlite_store: Store, tmp_path: Path
) -> Iterator[Sold]:
    """Its product is on Etsy, our API is up, and nothing has been told yet."""
    del telling
    with selling(seed, sqlite_store, tmp_path, etsys.profile, a_good(GOOD)) as sold:
        values = {name.lower(): value for name, value in sold.world.environment().items()}
        settings = Settings.load(**values, etsy_pipeline_api_token=TOKEN, medusa_webhook_secret=secret)
        sold.begins_to_follow()
        with serving(settings, sqlite_store, port=port):
            yield sold


def told(shop: Sold) -> set[tuple[str, str]]:
    """What our API was told of, kind and id, once something came."""
    deadline = monotonic() + SECONDS
    while True:
        with shop.store.reading() as session:
            found = {(item.kind, item.id) for item in medusa_changes.of_kinds(session, dirty.KINDS)}
        if found or monotonic() > deadline:
            return found
        sleep(0.1)


def variant(shop: Sold) -> Json:
    found: Json = shop.goods[GOOD]["variants"][0]
    return found


def a_stock_change(medusa: Server, shop: Sold) -> None:
    place = shop.seed.id_of("stock-locations", STUDIO)
    medusa.post(f"inventory-items/{shop.parts(GOOD)[0]}/location-levels/{place}", {"stocked_quantity": 3})


def a_price(medusa: Server, shop: Sold) -> None:
    path = f"products/{shop.goods[GOOD]['id']}/variants/{variant(shop)['id']}"
    medusa.post(path, {"prices": [{"currency_code": "usd", "amount": 42}]})


def a_price_with_its_product(medusa: Server, shop: Sold) -> None:
    prices = {"id": variant(shop)["id"], "prices": [{"currency_code": "usd", "amount": 42}]}
    medusa.post(f"products/{shop.goods[GOOD]['id']}", {"variants": [prices]})


def a_price_list(medusa: Server, shop: Sold) -> None:
    Seed(medusa, "").price_list("told", "override", {variant(shop)["id"]: 42})


def a_listed_price(medusa: Server, shop: Sold) -> None:
    """What is done through the first server is told to nobody."""
    list_id = shop.seed.price_list("told", "override", {variant(shop)["id"]: 43})
    (price,) = medusa.get(f"price-lists/{list_id}", fields="prices.id")["price_list"]["prices"]
    update = {"id": price["id"], "variant_id": variant(shop)["id"], "currency_code": "usd", "amount": 42}
    medusa.post(f"price-lists/{list_id}/prices/batch", {"update": [update]})


def a_price_list_that_goes(medusa: Server, shop: Sold) -> None:
    list_id = shop.seed.price_list("told", "override", {variant(shop)["id"]: 43})
    a_price(shop.seed.server, shop)
    medusa.delete(f"price-lists/{list_id}")


@pytest.mark.parametrize(
    "changed", [a_price, a_price_with_its_product, a_price_list, a_listed_price, a_price_list_that_goes]
)
def test_a_price_is_told_and_planned(telling: Server, shop: Sold, changed: Callable[[Server, Sold], None]) -> None:
    changed(telling, shop)
    assert told(shop)
    (job,) = shop.follows(looks=False)
    assert (job.state, job.trigger) == ("completed", "stock")
    shown = shop.world.etsy("GET", f"listings/{shop.listing(GOOD)}")["inventory"]["products"][0]["offerings"][0]
    assert shown["price"]["amount"] / shown["price"]["divisor"] == 42


def test_stock_is_told_and_planned(telling: Server, shop: Sold) -> None:
    a_stock_change(telling, shop)
    assert {kind for kind, _ in told(shop)} == {dirty.LEVEL}
    (job,) = shop.follows(looks=False)
    assert (job.state, job.trigger, shop.for_sale(GOOD)) == ("completed", "stock", 3)
    assert shop.follows(looks=False) == []


def test_an_order_in_medusa_is_told_and_lowers_etsy(
    telling: Server, shop: Sold, etsys: Etsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shop.seed, "server", telling)
    order_id = shop.sells_in_medusa(GOOD, 2, etsys)
    assert {kind for kind, _ in told(shop)} == {dirty.LEVEL}
    (job,) = shop.follows(looks=False)
    assert (job.state, shop.for_sale(GOOD)) == ("completed", PIECES - 2)
    telling.post(f"orders/{order_id}/cancel")
    assert told(shop)
    shop.follows(looks=False)
    assert shop.for_sale(GOOD) == PIECES


def test_a_product_is_told_by_its_id(telling: Server, shop: Sold) -> None:
    telling.post(f"products/{shop.goods[GOOD]['id']}", {"description": "Thrown by hand, and glazed."})
    assert told(shop) == {(dirty.PRODUCT, shop.goods[GOOD]["id"])}
    (job,) = shop.follows(looks=False)
    assert (job.trigger, job.lane, job.state) == ("stock", "stock", "nothing_to_do"), "texts wait for the next sync"


def test_what_our_api_refuses_stops_nothing_in_medusa(
    telling: Server, seed: Seed, etsys: Etsys, sqlite_store: Store, tmp_path: Path
) -> None:
    """It is not even up."""
    with selling(seed, sqlite_store, tmp_path, etsys.profile, a_good(GOOD)) as shop:
        a_stock_change(telling, shop)
        assert shop.stock(GOOD) == [(3, 0)]
