"""Everything that is really sent while a catalogue is published, against Etsy's own document: path, query, body."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

from etsy_pipeline import wiring
from etsy_pipeline.accounts import configure
from etsy_pipeline.accounts.tokens import AccountTokens
from etsy_pipeline.etsy import shop_pages
from etsy_pipeline.etsy.client import EtsyClient
from etsy_pipeline.etsy.transport import EtsyTransport
from etsy_pipeline.publishing.publisher import publish
from etsy_pipeline.shop.scan import scan
from etsy_pipeline.store import accounts
from etsy_pipeline.store.engine import Store
from etsy_pipeline.sync import queries
from etsy_pipeline_tests.etsy_spec import decoded, operation_of, problems, query_problems
from etsy_pipeline_tests.publishing.goods import a_server_of_goods, say
from etsy_pipeline_tests.publishing.shop import Shop, one_product
from etsy_pipeline_tests.world import SHOP_ID, a_world

CASES = ("clean", "three_options", "many_images", "variant_images", "no_images")


@pytest.fixture
def requests() -> list[httpx.Request]:
    return []


@pytest.fixture
def shop(sqlite_store: Store, tmp_path: Path) -> Iterator[Shop]:
    with a_world(tmp_path) as world:
        question = [{"question_text": "Which name?"}]
        pictures: dict[str, Any] = {"variation_images": {"source": "medusa"}, "update_alt_texts": True}
        account = world.connected(
            sqlite_store, personalization=question, styles=["Boho"], shop_section="New", **pictures
        )
        yield Shop(world, sqlite_store, account)


@pytest.fixture
def _low_ceiling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Etsy lists one listing of a state: the others are asked for in other ways."""
    monkeypatch.setattr(shop_pages, "CEILING", 1)


def client_of(shop: Shop, requests: list[httpx.Request]) -> EtsyClient:
    settings = shop.world.settings
    client_id, shared_secret = settings.etsy_app()
    transport = EtsyTransport(
        base_url=settings.etsy_api_url,
        client_id=client_id,
        shared_secret=shared_secret,
        budget=wiring.call_budget(settings, shop.store),
        tokens=AccountTokens(shop.store, wiring.oauth_of(settings), shop.id),
        client=httpx.Client(event_hooks={"request": [requests.append]}),
    )
    return EtsyClient(transport)


def test_every_request_of_a_first_and_a_second_sync_is_one_that_etsy_documents(
    shop: Shop, requests: list[httpx.Request]
) -> None:
    shop.world.keep_only(*(product_id for case in CASES for product_id in shop.world.product_ids(case)[:2]))
    client = client_of(shop, requests)
    client.choices(SHOP_ID)
    client.taxonomy_properties(1)
    for _ in range(2):
        job = shop.plan()
        shop.approve(job)
        publish(
            shop.store,
            client,
            wiring.pictures_of(shop.world.settings),
            job.transaction_id,
            amount_unit="major",
            run_id="r",
            source=shop.source(),
            sleep=lambda _: None,
        )
        assert jobs_errors(shop) == {}
        listings = [item["listing_id"] for item in shop.world.listings()]
        client.live_listings([*listings, 999])
        scan(shop.store, client, shop.id)
        shop.world.etsy("PATCH", f"listings/{listings[0]}", {"title": "Edited by the seller"})
    operations = [checked(request) for request in requests]
    assert {
        "createDraftListing", "updateListing", "updateListingInventory", "uploadListingImage",
        "updateListingPersonalization", "getListingsByListingIds", "getListingsInventoryByListingIds", "getListing",
        "getPropertiesByTaxonomyId", "getListingsByShop", "getListingVariationImages", "updateVariationImages",
        "getListingInventory",
    } <= set(operations)  # fmt: skip


@pytest.mark.usefixtures("_low_ceiling")
def test_so_is_every_request_in_a_shop_that_has_more_than_etsy_lists(shop: Shop, requests: list[httpx.Request]) -> None:
    client = client_of(shop, requests)
    made = shop.world.etsy("POST", "listings", {"listing": {"title": "Mug {n}", "pictures": []}, "count": 3})
    assert set(client.shop_listings(SHOP_ID, made["listing_ids"])) == set(made["listing_ids"])
    assert {checked(request) for request in requests} == {"getListingsByShop", "getListingsByListingIds"}
    assert any("sort_order" in request.url.params for request in requests)


def test_every_request_for_videos_files_and_translations_is_one_that_etsy_documents(
    shop: Shop, requests: list[httpx.Request]
) -> None:
    texts = {"etsy_title_de": "Becher", "etsy_description_de": "Von Hand.", "etsy_tags_de": "becher"}
    client, product_id = client_of(shop, requests), one_product(shop)
    with a_server_of_goods(shop) as goods:
        for number in range(2):
            say(
                shop, product_id, **texts, etsy_title=f"Mug {number}", etsy_type="download", etsy_when_made="2020_2026",
                etsy_video=goods.put(f"{number}.mp4", b"%d" % number),
                etsy_files=[goods.put(f"{number}.pdf", b"%d" % number)],
            )  # fmt: skip
            job = shop.plan()
            shop.approve(job)
            publish(
                shop.store, client, shop.pictures(), job.transaction_id,
                amount_unit="major", run_id="r", source=shop.source(), sleep=lambda _: None,
            )  # fmt: skip
            assert jobs_errors(shop) == {}
    operations = [checked(request) for request in requests]
    assert {
        "uploadListingFile", "deleteListingFile", "getAllListingFiles", "uploadListingVideo", "deleteListingVideo",
        "getListingVideos", "createListingTranslation", "updateListingTranslation",
    } <= set(operations)  # fmt: skip


def test_every_request_for_attributes_and_sections_is_one_that_etsy_documents(
    shop: Shop, requests: list[httpx.Request]
) -> None:
    shop.world.sandbox.state.run("UPDATE token SET scope = scope || ' shops_w'")
    with shop.store.writing() as session:
        accounts.change(session, shop.id, scopes=f"{shop.account.scopes} shops_w")
    configure.configure(shop.store, shop.id, {"make_sections": True, "shop_section": "Mugs & Bowls"})
    client, product_id = client_of(shop, requests), one_product(shop)
    for attributes in ({"Material": ["Cotton", "Wood"], "Size": "38 EU"}, {"Occasion": "Wedding"}):
        say(shop, product_id, etsy_attributes=attributes)
        job = shop.plan()
        shop.approve(job)
        publish(
            shop.store, client, shop.pictures(), job.transaction_id,
            amount_unit="major", run_id="r", source=shop.source(), sleep=lambda _: None,
        )  # fmt: skip
        assert jobs_errors(shop) == {}
    assert {
        "getListingProperties", "updateListingProperty", "deleteListingProperty", "getShopSections", "createShopSection",
    } <= {checked(request) for request in requests}  # fmt: skip


def checked(request: httpx.Request) -> str:
    """The operation's name; fails on anything that the document does not know."""
    operation = operation_of(request.method, request.url.path)
    name: str = operation["operationId"]
    assert query_problems(operation, dict(request.url.params)) == [], name
    if "requestBody" in operation:
        declared, media = next(iter(operation["requestBody"]["content"].items()))
        sent = request.headers["content-type"].split(";")[0]
        assert sent == declared, name
        if sent != "multipart/form-data":
            assert problems(media["schema"], body_of(request, media["schema"])) == [], name
        else:
            sent_fields = re.findall(rb'form-data; name="([^"]+)"', request.read())
            assert {field.decode() for field in sent_fields} <= media["schema"]["properties"].keys(), name
    return name


def body_of(request: httpx.Request, schema: dict[str, Any]) -> Any:
    text = request.content.decode()
    if request.headers["content-type"] == "application/json":
        return json.loads(text)
    pairs = parse_qsl(text, keep_blank_values=True)
    assert len(pairs) == len(dict(pairs)), "no key is repeated (FACTS §4)"
    return decoded(dict(pairs), schema)


def jobs_errors(shop: Shop) -> Mapping[str, str]:
    return queries.latest_jobs(shop.store)[0].error_log
