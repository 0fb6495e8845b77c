"""The sample Medusa behaves as docs/medusa-facts.md says a real one does; the rest was compared with a running 2.21."""

import base64
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

import httpx
import pytest
from PIL import Image

from etsy_pipeline_tests.sandbox.conftest import HTTP
from etsy_pipeline_tests.world import World

Ask = Callable[..., Any]


@pytest.fixture
def ask(world: World) -> Iterator[Ask]:
    def get(path: str, status: int = 200, **query: Any) -> Any:
        answer = send(world, path, query)
        assert answer.status_code == status, answer.text
        return answer.json()

    yield get
    told(world, "POST", "reset", {})


def send(world: World, path: str, query: dict[str, Any], key: str | None = None) -> httpx.Response:
    auth = (world.sandbox.medusa_api_key if key is None else key, "")
    return HTTP.get(f"{world.sandbox.medusa_url}{path}", params=query, auth=auth)


def told(world: World, method: str, path: str, body: Any = None) -> httpx.Response:
    return HTTP.request(method, f"{world.sandbox.medusa_url}/sandbox/{path}", json=body)


def case(ask: Ask, name: str, fields: str) -> dict[str, Any]:
    """The product that shows an oddity."""
    found = ask("/admin/products", limit=200, fields=f"metadata,{fields}")["products"]
    return next(product for product in found if (product["metadata"] or {}).get("seed_case") == name)


@pytest.mark.parametrize("header", [None, "Basic d3Jvbmc6", "Bearer x"])
def test_a_wrong_or_missing_key_is_unauthorized(world: World, header: str | None) -> None:
    """Medusa facts §1."""
    headers = {"authorization": header} if header else {}
    answer = HTTP.get(f"{world.sandbox.medusa_url}/admin/products", headers=headers)
    assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"})


def test_the_key_is_the_user_name_with_an_empty_password(world: World) -> None:
    """Medusa facts §1."""
    key = base64.b64encode(f"{world.sandbox.medusa_api_key}:".encode()).decode()
    answer = HTTP.get(f"{world.sandbox.medusa_url}/admin/products", headers={"authorization": f"Basic {key}"})
    assert answer.status_code == 200


def test_pages_have_fifty_products_unless_told_otherwise(ask: Ask) -> None:
    """Medusa facts §6."""
    first = ask("/admin/products", fields="id")
    second = ask("/admin/products", fields="id", offset=50)
    assert (len(first["products"]), first["count"], first["offset"], first["limit"]) == (50, 76, 0, 50)
    ids = [item["id"] for item in first["products"] + second["products"]]
    assert (len(set(ids)), ids) == (76, sorted(ids))
    assert len(ask("/admin/products", fields="id", limit=1000)["products"]) == 76


def test_every_order_can_be_turned_round(ask: Ask) -> None:
    """Medusa facts §6, §8."""
    ids = [item["id"] for item in ask("/admin/products", fields="id", limit=100, order="-id")["products"]]
    assert ids == sorted(ids, reverse=True)
    times = ask("/admin/products", fields="created_at", limit=100, order="created_at")["products"]
    assert [item["created_at"] for item in times] == sorted(item["created_at"] for item in times)


@pytest.mark.parametrize(
    ("query", "status", "kind"),
    [
        ({"limit": "-1"}, 500, "unknown_error"),
        ({"limit": "abc"}, 400, "invalid_data"),
        ({"order": "nope"}, 500, "unknown_error"),
        ({"status[]": "nonsense"}, 400, "invalid_data"),
        ({"updated_at[$gte]": "yesterday"}, 500, "unknown_error"),
    ],
)
def test_a_query_that_makes_no_sense_is_an_error(ask: Ask, query: dict[str, str], status: int, kind: str) -> None:
    """Compared with a running 2.21."""
    assert ask("/admin/products", status, **query)["type"] == kind


@pytest.mark.parametrize("query", [{"foo": "1"}, {"fields": "nope.nope"}])
def test_what_is_unknown_is_ignored(ask: Ask, query: dict[str, str]) -> None:
    """Medusa facts §5: a typing mistake looks like missing data."""
    assert ask("/admin/products", **query)["count"] == 76


@pytest.mark.parametrize(
    ("fields", "keys"),
    [
        ("title", {"id", "title"}),
        ("nope.nope", {"id"}),
        ("title,variants", {"id", "title"}),
        ("title,type", {"id", "title", "type"}),
        ("title,images.url", {"id", "title", "images"}),
        ("id,variants.prices.amount", {"id", "variants"}),
    ],
)
def test_plain_fields_bring_just_those(ask: Ask, fields: str, keys: set[str]) -> None:
    """Medusa facts §7; a relation that is named without its parts is left out in silence."""
    assert set(ask("/admin/products", fields=fields, limit=1)["products"][0]) == keys


def test_ids_come_along_with_variants_and_prices_only(ask: Ask) -> None:
    """Compared with a running 2.21: whoever needs a picture's id has to ask for it."""
    fields = "images.url,tags.value,options.values.value,variants.options.value,variants.prices.amount"
    product = ask("/admin/products", fields=fields, limit=1)["products"][0]
    assert set(product["images"][0]) == {"url"}
    assert set(product["tags"][0]) == {"value"}
    assert product["options"][0] == {"values": [{"value": "Default option value"}]}
    assert set(product["variants"][0]) == {"id", "options", "prices"}
    assert set(product["variants"][0]["prices"][0]) == {"id", "variant_id", "amount", "rules"}


def test_an_asterisk_brings_a_relations_own_columns(ask: Ask) -> None:
    """Medusa facts §7; what lies below the relation has to be asked for."""
    variant = ask("/admin/products", fields="id,*variants", limit=1)["products"][0]["variants"][0]
    assert {"sku", "title", "manage_inventory"} <= set(variant)
    assert not {"prices", "options", "inventory_items"} & set(variant)


def test_stock_and_categories_never_come_unasked(ask: Ask) -> None:
    """Medusa facts §4."""
    for query in ({}, {"fields": "*variants"}, {"fields": "+metadata"}):
        product = ask("/admin/products", limit=1, **query)["products"][0]
        assert {"title", "images", "variants"} <= set(product)
        assert "categories" not in product
        assert not {"inventory_items", "inventory_quantity"} & set(product["variants"][0])
    assert "images" not in ask("/admin/products", limit=1, fields="-images")["products"][0]


def test_stock_is_silently_absent_from_products_and_there_on_variants(ask: Ask) -> None:
    """Medusa facts §4."""
    product = ask("/admin/products", fields="title,variants.inventory_quantity", limit=1)["products"][0]
    assert product["variants"] == [{"id": product["variants"][0]["id"]}]
    by_product = ask(f"/admin/products/{product['id']}/variants", fields="id,inventory_quantity")["variants"]
    of_all = ask("/admin/product-variants", fields="id,sku,inventory_quantity", limit=1000)
    assert by_product[0]["inventory_quantity"] == 3
    assert {item["id"]: item["inventory_quantity"] for item in of_all["variants"]}[by_product[0]["id"]] == 3
    assert of_all["count"] > 76
    assert "inventory_quantity" not in ask("/admin/product-variants", limit=1)["variants"][0], "only when named"


@pytest.mark.parametrize(("name", "pieces"), [("kit", None), ("two_locations", None), ("no_levels", 0)])
def test_stock_is_what_can_be_sold_of_all_parts_and_places(ask: Ask, name: str, pieces: int | None) -> None:
    """Medusa facts §4: kits take the least, places add up."""
    levels = "variants.inventory_items.inventory.location_levels"
    fields = f"variants.inventory_items.required_quantity,{levels}.stocked_quantity,{levels}.reserved_quantity"
    product = case(ask, name, fields)
    variant = product["variants"][0]
    parts = [
        sum(level["stocked_quantity"] - level["reserved_quantity"] for level in item["inventory"]["location_levels"])
        // item["required_quantity"]
        for item in variant["inventory_items"]
    ]
    found = ask(f"/admin/products/{product['id']}/variants", fields="id,inventory_quantity")["variants"]
    quantity = next(item["inventory_quantity"] for item in found if item["id"] == variant["id"])
    assert quantity == min(parts, default=0)
    assert pieces is None or quantity == pieces


def test_available_quantity_comes_with_the_whole_level_only(ask: Ask) -> None:
    """Medusa facts §4."""
    path = "variants.inventory_items.inventory.location_levels"
    whole, part = (ask("/admin/products", fields=f"id,{name}", limit=1) for name in (f"*{path}", f"{path}.location_id"))

    def level(answer: dict[str, Any]) -> dict[str, Any]:
        item = answer["products"][0]["variants"][0]["inventory_items"][0]
        found: dict[str, Any] = item["inventory"]["location_levels"][0]
        return found

    assert level(whole)["available_quantity"] == 3
    assert set(level(part)) == {"location_id"}


def test_rules_of_a_price_show_only_when_their_parts_are_asked_for(ask: Ask) -> None:
    """Medusa facts §2: a price for a region looks like a plain one otherwise."""
    blind = case(ask, "price_region_rule", "variants.prices.amount")["variants"][0]["prices"]
    names = "variants.prices.amount,variants.prices.price_rules.attribute,variants.prices.price_rules.value"
    seeing = case(ask, "price_region_rule", names)["variants"][0]["prices"]
    assert [price["rules"] for price in blind] == [{}] * len(blind)
    assert any(price["rules"] for price in seeing)
    assert not any("price_rules" in price for price in seeing)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"status[]": "draft"}, 1),
        ({"status[]": ["draft", "rejected"]}, 2),
        ({"status[0]": "proposed"}, 1),
        ({"q": "vellum invitation"}, None),
        ({"updated_at[$gte]": "2030-01-01T00:00:00Z"}, 0),
        ({"updated_at[$gte]": "2020-01-01T00:00:00.000Z"}, 76),
        ({"sales_channel_id[]": "nope"}, 0),
        ({"collection_id[]": "nope"}, 0),
        ({"tag_id[]": "nope"}, 0),
        ({"category_id[]": "nope"}, 0),
        ({"type_id[]": "nope"}, 0),
    ],
)
def test_filters_let_through_what_matches(ask: Ask, query: dict[str, Any], count: int | None) -> None:
    """Medusa facts §8."""
    found = ask("/admin/products", fields="id", limit=100, **query)["count"]
    assert found == count if count is not None else 0 < found < 76


@pytest.mark.parametrize(
    ("name", "field", "of"),
    [
        ("id[]", "id", lambda product: product["id"]),
        ("collection_id[]", "collection.id", lambda product: product["collection"]["id"]),
        ("tag_id[]", "tags.id", lambda product: product["tags"][0]["id"]),
        ("sales_channel_id[]", "sales_channels.id", lambda product: product["sales_channels"][0]["id"]),
        ("category_id[]", "categories.id", lambda product: product["categories"][0]["id"]),
        ("type_id[]", "type.id", lambda product: product["type"]["id"]),
    ],
)
def test_filters_by_id_find_the_products_that_have_it(
    ask: Ask, name: str, field: str, of: Callable[[dict[str, Any]], str]
) -> None:
    """Medusa facts §8; the brackets arrive percent-encoded."""
    first = ask("/admin/products", fields=f"id,{field}", limit=1)["products"][0]
    found = ask("/admin/products", fields="id", limit=100, **{name: of(first)})["products"]
    assert first["id"] in [product["id"] for product in found]


def test_an_unknown_product_is_a_404_in_medusas_words(ask: Ask) -> None:
    """Medusa facts §9."""
    assert ask("/admin/products/prod_none", 404) == {"type": "not_found", "message": "Product not found"}


def test_the_oddities_of_a_real_catalogue_are_all_there(ask: Ask) -> None:
    products = ask("/admin/products", fields="metadata", limit=200)["products"]
    cases = {(product["metadata"] or {}).get("seed_case") for product in products}
    assert {"title_too_long", "jpy_price", "no_variants", "hundred_variants", "script_description", "kit"} <= cases
    assert len(cases) > 60


def test_a_price_or_stock_that_changes_leaves_updated_at(ask: Ask, world: World) -> None:
    """Medusa facts §3."""
    fields = "updated_at,variants.sku,variants.prices.amount,variants.prices.currency_code"
    before = ask("/admin/products", fields=fields, limit=1)["products"][0]
    change = {"variants": {before["variants"][0]["id"]: {"price": {"usd": 99.5}, "stock": 7}}}
    assert told(world, "PATCH", f"products/{before['id']}", change).status_code == 200
    after = ask("/admin/products", fields=fields, limit=1)["products"][0]
    stock = ask(f"/admin/products/{before['id']}/variants", fields="id,inventory_quantity")["variants"]
    assert after["updated_at"] == before["updated_at"]
    assert 99.5 in [price["amount"] for price in after["variants"][0]["prices"]]
    assert stock[0]["inventory_quantity"] == 7


def test_a_title_that_changes_moves_updated_at(ask: Ask, world: World) -> None:
    """Medusa facts §3."""
    before = ask("/admin/products", fields="updated_at", limit=1)["products"][0]
    told(world, "PATCH", f"products/{before['id']}", {"set": {"title": "New"}})
    after = ask(f"/admin/products/{before['id']}", fields="title,updated_at")["product"]
    assert after["title"] == "New"
    assert after["updated_at"] > before["updated_at"]
    since = {"updated_at[$gte]": after["updated_at"]}
    assert [item["id"] for item in ask("/admin/products", fields="id", **since)["products"]] == [before["id"]]


def test_a_product_that_is_deleted_is_gone(ask: Ask, world: World) -> None:
    """Medusa facts §10."""
    product_id = ask("/admin/products", fields="id", limit=1)["products"][0]["id"]
    told(world, "DELETE", f"products/{product_id}")
    ask(f"/admin/products/{product_id}", 404)
    assert ask("/admin/products", fields="id")["count"] == 75
    assert told(world, "PATCH", f"products/{product_id}", {"set": {"title": "x"}}).status_code == 404


def test_a_malformed_product_can_be_added(ask: Ask, world: World) -> None:
    assert told(world, "POST", "products", {"id": "prod_zzz", "title": 5, "variants": None}).status_code == 201
    fields = "title,variants.prices.amount"
    found = ask("/admin/products", fields=fields, order="-id", limit=1)["products"][0]
    assert found == {"id": "prod_zzz", "title": 5, "variants": None}
    assert ask("/admin/products", fields="id", limit=1)["count"] == 77


@pytest.mark.parametrize(
    "product",
    [
        {"id": "prod_zzz", "variants": "what?", "tags": {}, "collection": 3, "images": [None], "updated_at": None},
        {"id": "prod_zzz", "variants": ["what?"], "tags": ["mug"], "type": "x", "sales_channels": "Etsy"},
        {"title": "without an id"},
    ],
    ids=["wrong kinds", "texts in lists", "no id"],
)
def test_a_malformed_product_stops_no_route(ask: Ask, world: World, product: dict[str, Any]) -> None:
    assert told(world, "POST", "products", product).status_code == 201
    key = product.get("id", "prod_without_id")
    assert told(world, "PATCH", f"products/{key}", {"variants": {}}).status_code == 200
    for query in (
        {},
        {"q": "mug"},
        {"tag_id[]": "x"},
        {"updated_at[$gte]": "2020-01-01"},
        {"fields": "*variants.prices"},
    ):
        ask("/admin/products", limit=100, **query)
    ask("/admin/product-variants", limit=1000)
    assert ask("/admin/products", fields="id", limit=1)["count"] == 77


@pytest.mark.parametrize(
    ("kind", "status", "is_json"),
    [
        ("down", 503, False),
        ("html", 200, False),
        ("maintenance", 503, False),
        ("truncated", 200, True),
        ("unauthorized", 401, True),
    ],
)
def test_medusa_has_bad_days_too(ask: Ask, world: World, kind: str, status: int, *, is_json: bool) -> None:
    assert told(world, "POST", "trouble", {"kind": kind}).json() == {"kind": kind}
    answer = send(world, "/admin/products", {})
    assert (answer.status_code, "json" in answer.headers["content-type"]) == (status, is_json)
    told(world, "POST", "trouble", {"kind": ""})
    assert ask("/admin/products", fields="id")["count"] == 76
    assert told(world, "POST", "trouble", {"kind": "fire"}).status_code == 400


def test_pictures_are_served_by_the_sandbox_itself(ask: Ask, world: World) -> None:
    product = case(ask, "clean", "images.url,thumbnail")
    url = product["images"][0]["url"]
    assert url.startswith(world.sandbox.medusa_url)
    content = HTTP.get(url).content
    with Image.open(BytesIO(content)) as picture:
        assert (picture.format, picture.size) == ("JPEG", (1200, 900))
    assert HTTP.get(url).content == content
    assert HTTP.get(product["images"][1]["url"]).content != content


@pytest.mark.parametrize(
    ("path", "status", "size"),
    [
        ("/img/transparent.png", 200, (1000, 1000)),
        ("/img/tiny-20px.jpg", 200, (20, 20)),
        ("/img/not-an-image.jpg", 200, None),
        ("/img/does-not-exist.jpg", 404, None),
        ("/static/local-upload.jpg", 200, (1200, 900)),
    ],
)
def test_odd_pictures_are_odd(world: World, path: str, status: int, size: tuple[int, int] | None) -> None:
    """Medusa facts §12."""
    answer = HTTP.get(f"{world.sandbox.medusa_url}{path}")
    assert answer.status_code == status
    if size:
        with Image.open(BytesIO(answer.content)) as picture:
            assert picture.size == size


def test_every_picture_of_the_catalogue_is_served_or_meant_to_be_dead(ask: Ask, world: World) -> None:
    products = ask("/admin/products", fields="metadata,images.url", limit=200)["products"]
    paths = {httpx.URL(image["url"]).path for product in products for image in product["images"] or ()}
    dead = {path for path in paths if HTTP.get(f"{world.sandbox.medusa_url}{path}").status_code != 200}
    assert len(paths) > 20
    assert dead == {"/img/does-not-exist.jpg"}


def test_stock_locations_tell_their_sales_channels(ask: Ask, world: World) -> None:
    """Medusa facts §4; unless told otherwise, all of them sell in every channel."""
    fields = "id,name,sales_channels.id"
    found = ask("/admin/stock-locations", fields=fields)["stock_locations"]
    assert [(len(item["sales_channels"]), set(item)) for item in found] == [(2, {"id", "name", "sales_channels"})] * 2
    apart = [{"id": "sloc_web", "name": "Web", "sales_channels": [{"id": "sc_web"}]}, {"id": "sloc_returns"}]
    assert told(world, "PUT", "stock-locations", {"stock_locations": apart}).status_code == 200
    found = ask("/admin/stock-locations", fields="id,sales_channels.id")["stock_locations"]
    assert found == [{"id": "sloc_web", "sales_channels": [{"id": "sc_web"}]}, {"id": "sloc_returns"}]
    told(world, "POST", "reset", {})
    assert len(ask("/admin/stock-locations", fields="id")["stock_locations"]) == 2


def test_types_and_collections_are_told_with_their_metadata(ask: Ask) -> None:
    """Medusa facts §14."""
    fields = "type.id,type.value,type.metadata,collection.id,collection.title,collection.metadata"
    product = case(ask, "clean", fields)
    assert (set(product["type"]), product["type"]["metadata"]) == ({"id", "value", "metadata"}, None)
    assert set(product["collection"]) == {"id", "title", "metadata"}
    assert product["type"]["id"].startswith("ptyp_")
    assert None in [item["collection"] for item in ask("/admin/products", fields=fields, limit=200)["products"]]


def test_ranks_of_option_values_are_null_where_nobody_gave_them(ask: Ask) -> None:
    """Medusa facts §14."""
    product = case(ask, "clean", "options.values.value,options.values.rank")
    assert product["options"] == [{"values": [{"value": "Default option value", "rank": None}]}]


def test_a_product_tells_the_category_above_its_own_and_no_further(ask: Ask, world: World) -> None:
    """Medusa facts §14; the whole tree is a list of its own."""
    (mine,) = case(ask, "clean", "categories.id")["categories"]
    tree = [
        {"id": "pcat_home", "name": "Home", "metadata": {"etsy_taxonomy_id": 891}},
        {"id": "pcat_paper", "name": "Paper", "parent_category_id": "pcat_home"},
        {"id": mine["id"], "name": "Cards", "parent_category_id": "pcat_paper"},
    ]
    assert told(world, "PUT", "product-categories", {"product_categories": tree}).status_code == 200
    fields = "categories.name,categories.metadata,categories.parent_category_id,categories.parent_category.name"
    assert case(ask, "clean", fields)["categories"] == [
        {"name": "Cards", "metadata": None, "parent_category_id": "pcat_paper", "parent_category": {"name": "Paper"}}
    ]
    answer = ask("/admin/product-categories", fields="id,name,metadata,parent_category_id", order="id", limit=2)
    assert (answer["count"], len(answer["product_categories"])) == (3, 2)
    assert {item["name"]: item["parent_category_id"] for item in answer["product_categories"]} == {
        "Cards": "pcat_paper", "Home": None
    }  # fmt: skip


def test_a_category_alone_is_found_and_not_those_below_it(ask: Ask) -> None:
    """Medusa facts §14."""
    rows = ask("/admin/product-categories", fields="id,name,parent_category_id", limit=100)["product_categories"]
    names = {item["id"]: item["name"] for item in rows}
    above, below = next((item["parent_category_id"], item["id"]) for item in rows if item["parent_category_id"])
    found = ask("/admin/products", fields="id,categories.id", limit=100, **{"category_id[]": above})["products"]
    assert all(above in [item["id"] for item in product["categories"]] for product in found), names
    assert any(below not in [item["id"] for item in product["categories"]] for product in found)
    only_below = ask("/admin/products", fields="id", limit=100, **{"category_id[]": below})["count"]
    both = ask("/admin/products", fields="id", limit=100, **{"category_id[]": [above, below]})["count"]
    assert both > max(len(found), only_below)
