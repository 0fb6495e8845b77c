"""Stock of the sample Medusa: levels that are set, reservations that add, times that move (ORDERS §9, EVENTS §3)."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from etsy_pipeline.sandbox.medusa.app import seed
from etsy_pipeline_tests.sandbox.conftest import HTTP
from etsy_pipeline_tests.sandbox.medusa_admin import Admin, variants
from etsy_pipeline_tests.world import World

POLL = "id,location_levels.updated_at,location_levels.stocked_quantity,location_levels.reserved_quantity"


@pytest.fixture
def admin(world: World) -> Admin:
    return Admin(world)


@pytest.fixture(autouse=True)
def _as_recorded(world: World) -> Iterator[None]:
    yield
    world.medusa("POST", "reset", {})
    world.medusa("DELETE", "faults")


@pytest.fixture
def mug(world: World) -> str:
    """A variant of which there are three."""
    variant_id: str = variants(world, "clean")[0]["id"]
    assert world.medusa_stock(variant_id) == {"stocked": 3, "reserved": 0, "available": 3}
    return variant_id


def level(admin: Admin, variant_id: str) -> dict[str, Any]:
    found: dict[str, Any] = admin.item(variant_id)["location_levels"][0]
    return found


def test_a_reservation_lowers_what_is_available_and_says_what_it_is_for(world: World, admin: Admin, mug: str) -> None:
    made = admin.reserve(mug, 2, description="etsy:acc:1", metadata={"receipt": 7})
    assert (made["quantity"], made["description"], made["metadata"]) == (2, "etsy:acc:1", {"receipt": 7})
    assert world.medusa_stock(mug) == {"stocked": 3, "reserved": 2, "available": 1}
    assert admin.get(f"reservations/{made['id']}")["reservation"] == made


def test_each_reservation_is_one_more(world: World, admin: Admin, mug: str) -> None:
    for _ in range(2):
        admin.reserve(mug, 1, description="etsy:acc:1")
    assert world.medusa_stock(mug)["reserved"] == 2


def test_more_than_is_available_is_refused(world: World, admin: Admin, mug: str) -> None:
    admin.reserve(mug, 2)
    place = admin.place(mug)
    status, kind, message = admin.refused("reservations", {**place, "quantity": 2})
    assert (status, kind) == (400, "not_allowed")
    assert (
        message
        == f"Not enough stock available for item {place['inventory_item_id']} at location {place['location_id']}"
    )
    assert world.medusa_stock(mug)["reserved"] == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"external_id": "1", "x": 2}, "Invalid request: Unrecognized fields: 'external_id, x'"),
        ({"location_id": None}, "Invalid request: Expected type: 'string' for field 'location_id', got: 'null'"),
        ({"quantity": "2"}, "Invalid request: Expected type: 'number' for field 'quantity', got: '2'"),
    ],
)
def test_a_body_is_judged_strictly(admin: Admin, mug: str, change: dict[str, Any], message: str) -> None:
    body = {**admin.place(mug), "quantity": 1} | change
    assert admin.refused("reservations", body) == (400, "invalid_data", message)


def test_what_is_missing_is_named_altogether(admin: Admin) -> None:
    message = "Invalid request: Field 'location_id' is required; Field 'inventory_item_id' is required"
    assert admin.refused("reservations", {"quantity": 1}) == (400, "invalid_data", message)


def test_where_an_item_is_not_stocked_nothing_can_be_reserved_or_set(admin: Admin, mug: str) -> None:
    item_id = admin.place(mug)["inventory_item_id"]
    message = f"Item {item_id} is not stocked at location sloc_other"
    body = {"inventory_item_id": item_id, "location_id": "sloc_other", "quantity": 1}
    assert admin.refused("reservations", body) == (404, "not_found", message)
    path = f"inventory-items/{item_id}/location-levels/sloc_other"
    assert admin.refused(path, {"stocked_quantity": 1}) == (404, "not_found", message)


def test_reservations_are_found_by_their_description_exactly_or_by_a_pattern(admin: Admin, mug: str) -> None:
    texts = ("etsy:acc1:1", "etsy:acc1:2", "etsy:acc2:1")
    ids = {text: admin.reserve(mug, description=text)["id"] for text in texts}

    def found(**query: Any) -> list[str]:
        return [item["id"] for item in admin.get("reservations", **query)["reservations"]]

    assert found(description="etsy:acc1:1") == [ids["etsy:acc1:1"]]
    assert found(description="etsy:acc1") == []
    assert found(**{"description[$like]": "etsy:acc1:%"}) == [ids["etsy:acc1:1"], ids["etsy:acc1:2"]]
    item_id = admin.place(mug)["inventory_item_id"]
    assert len(found(inventory_item_id=item_id, location_id=admin.place(mug)["location_id"])) == 3
    assert found(inventory_item_id="iitem_other") == []
    page = admin.get("reservations", limit=1, offset=1)
    assert (page["count"], page["limit"], page["offset"], len(page["reservations"])) == (3, 1, 1, 1)


def test_one_end_of_a_description_is_enough_and_pages_come_in_order(world: World, admin: Admin, mug: str) -> None:
    world.restock(mug, 5)
    texts = ("etsy:acc1:1", "etsy:acc1:11", "ETSY:acc1:1", "etsy:acc2:1", "etsy:acc2:1x")
    ids = [admin.reserve(mug, description=text)["id"] for text in texts]

    def found(**query: Any) -> list[str]:
        return [item["id"] for item in admin.get("reservations", **query)["reservations"]]

    assert found(**{"description[$like]": "etsy:%:1"}) == [ids[0], ids[3]]
    assert found(**{"description[$ilike]": "etsy:%:1"}) == [ids[0], ids[2], ids[3]]
    assert found(order="-id", limit=2, offset=1) == ids[-2:-4:-1]
    assert admin("GET", "reservations", order="nonsense").status_code == 500


def test_deleting_gives_back_once_and_is_a_success_every_time(world: World, admin: Admin, mug: str) -> None:
    made = admin.reserve(mug, 2)
    for _ in range(2):
        answer = admin("DELETE", f"reservations/{made['id']}")
        assert (answer.status_code, answer.json()["deleted"]) == (200, True)
    assert world.medusa_stock(mug)["reserved"] == 0
    assert admin("GET", f"reservations/{made['id']}").status_code == 404
    assert world.reservations() == []


def test_a_level_is_set_to_what_is_said_even_below_what_is_reserved(world: World, admin: Admin, mug: str) -> None:
    admin.reserve(mug, 2)
    place = admin.place(mug)
    path = f"inventory-items/{place['inventory_item_id']}/location-levels/{place['location_id']}"
    answer = admin.post(path, {"stocked_quantity": 1})
    assert answer["inventory_item"]["location_levels"][0]["stocked_quantity"] == 1
    assert world.medusa_stock(mug) == {"stocked": 1, "reserved": 2, "available": -1}
    assert admin.refused(path, {"stocked_quantity": -1})[0] == 400
    assert admin.refused(path, {"adjustment": -1})[0] == 400


def test_a_levels_time_moves_with_each_change_and_nothing_elses_does(world: World, admin: Admin, mug: str) -> None:
    def times() -> tuple[str, str]:
        item = admin.item(mug)
        return item["location_levels"][0]["updated_at"], item["updated_at"]

    world.etsy("POST", "clock", {"advance_seconds": 1})
    seen = [times()]
    product_id = world.product_ids("clean")[0]
    product = admin.get(f"products/{product_id}", fields="updated_at")["product"]
    changes: list[Callable[[], object]] = [
        lambda: world.restock(mug, 9),
        lambda: admin.reserve(mug, description="x"),
        lambda: admin("DELETE", f"reservations/{world.reservations()[0]['id']}"),
        lambda: world.medusa_sale(mug),
        lambda: world.medusa("PATCH", f"products/{product_id}", {"variants": {mug: {"stock": 4}}}),
    ]
    for change in changes:
        world.etsy("POST", "clock", {"advance_seconds": 1})
        change()
        seen.append(times())
    assert [level_time for level_time, _item in seen] == sorted({level_time for level_time, _item in seen})
    assert len({item_time for _level, item_time in seen}) == 1
    assert admin.get(f"products/{product_id}", fields="updated_at")["product"] == product


def test_the_whole_stock_of_a_shop_is_read_in_pages_of_few_columns(admin: Admin, mug: str) -> None:
    """EVENTS §3: what a quick poll asks."""
    first = admin.get("inventory-items", fields=POLL, limit=200)
    rest = admin.get("inventory-items", fields=POLL, limit=200, offset=200)
    items = first["inventory_items"] + rest["inventory_items"]
    assert (first["count"], len({item["id"] for item in items})) == (333, 333)
    (held,) = next(item["location_levels"] for item in items if item["id"] == admin.place(mug)["inventory_item_id"])
    assert held.keys() == {"updated_at", "stocked_quantity", "reserved_quantity"}
    assert len(admin.get("inventory-items")["inventory_items"]) == 20


def test_lists_are_strict_and_that_of_items_has_no_filter_on_times(admin: Admin) -> None:
    answer = admin("GET", "inventory-items", **{"updated_at[$gte]": "2026-01-01"})
    assert (answer.status_code, answer.json()["message"]) == (400, "Invalid request: Unrecognized fields: 'updated_at'")
    for name, base in (("metadata[receipt]", "metadata"), ("id[]", "id")):
        answer = admin("GET", "reservations", **{name: "7"})
        told = f"Invalid request: Unrecognized fields: '{base}'"
        assert (answer.status_code, answer.json()["message"]) == (400, told)


def test_items_are_found_by_id_and_sku(world: World, admin: Admin, mug: str) -> None:
    item = admin.item(mug)
    sku = variants(world, "clean")[0]["sku"]
    for query in ({"id[]": item["id"]}, {"sku": sku}, {"q": sku.lower()}):
        assert [found["id"] for found in admin.get("inventory-items", **query)["inventory_items"]] == [item["id"]]


def test_products_show_what_is_reserved(world: World, admin: Admin, mug: str) -> None:
    admin.reserve(mug, 2)
    fields = "variants.id,*variants.inventory_items.inventory.location_levels"
    (product,) = admin.get("products", fields=fields, id=world.product_ids("clean")[0])["products"]
    (held,) = product["variants"][0]["inventory_items"][0]["inventory"]["location_levels"]
    assert (held["stocked_quantity"], held["reserved_quantity"], held["available_quantity"]) == (3, 2, 1)
    assert (held["id"], held["updated_at"]) == (level(admin, mug)["id"], level(admin, mug)["updated_at"])
    (variant,) = admin.get(f"products/{product['id']}/variants", fields="inventory_quantity")["variants"]
    assert variant["inventory_quantity"] == 1


def test_a_kit_has_an_item_of_each_part(world: World) -> None:
    kit = variants(world, "kit")[0]["id"]
    parts = world.medusa("GET", f"levels/{kit}")["items"]
    assert [part["stocked"] for part in parts] == [21, 40]
    world.medusa_sale(kit, 2)
    assert [part["reserved"] for part in world.medusa("GET", f"levels/{kit}")["items"]] == [4, 2]


def test_the_owners_own_sale_reserves_and_ends_either_way(world: World, mug: str) -> None:
    first, second = world.medusa_sale(mug, 2), world.medusa_sale(mug)
    assert world.medusa_stock(mug) == {"stocked": 3, "reserved": 3, "available": 0}
    assert "Not enough stock" in world.medusa("POST", "orders", {"variant_id": mug})["error"]
    world.medusa_sale_ends(first, "canceled")
    world.medusa_sale_ends(second, "fulfilled")
    assert world.medusa_stock(mug) == {"stocked": 2, "reserved": 0, "available": 2}


def test_a_write_without_the_key_changes_nothing(world: World, admin: Admin, mug: str) -> None:
    body = {**admin.place(mug), "quantity": 1}
    url = f"{world.sandbox.medusa_url}/admin/reservations"
    assert HTTP.post(url, json=body).status_code == 401
    assert HTTP.request("PUT", url, json=body, auth=(world.sandbox.medusa_api_key, "")).status_code == 404
    assert world.reservations() == []


@pytest.mark.parametrize(
    ("kind", "made"), [("drop_before", 0), ("drop_after", 1), ("fail_before", 0), ("fail_after", 1)]
)
def test_an_answer_can_get_lost_before_or_after_it_was_done(
    world: World, admin: Admin, mug: str, kind: str, made: int
) -> None:
    body = {**admin.place(mug), "quantity": 1}
    world.medusa_fault("POST", "/admin/reservations", kind)
    try:
        assert admin("POST", "reservations", body).status_code == 500
    except httpx.RemoteProtocolError:
        assert kind.startswith("drop")
    assert len(world.reservations()) == made
    assert admin("POST", "reservations", body).status_code == 200


def test_no_more_is_reserved_than_there_is_however_many_ask_at_once(world: World, admin: Admin, mug: str) -> None:
    body = {**admin.place(mug), "quantity": 1}
    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(lambda _number: admin("POST", "reservations", body).status_code, range(8)))
    assert statuses == [200] * 3 + [400] * 5
    assert world.medusa_stock(mug)["available"] == 0


def test_an_older_state_file_gets_its_stock_when_the_sandbox_starts(world: World, mug: str) -> None:
    world.sandbox.state.forget("medusa_item", "medusa_level")
    seed(world.sandbox.state)
    assert world.medusa_stock(mug)["stocked"] == 3
