"""Draft orders, orders, payments, fulfilments of the sample Medusa, as measured on a real one (ORDERS §8, §9)."""

from collections.abc import Iterator
from typing import Any

import pytest

from etsy_pipeline_tests.sandbox.medusa_admin import METHOD, TAXED, Admin, variants
from etsy_pipeline_tests.world import World

UNKNOWN = {"code": "unknown_error", "type": "unknown_error", "message": "An unknown error occurred."}


@pytest.fixture
def admin(world: World) -> Admin:
    return Admin(world)


@pytest.fixture(autouse=True)
def _as_recorded(world: World) -> Iterator[None]:
    yield
    world.medusa("POST", "reset", {})


@pytest.fixture
def mug(world: World) -> str:
    """A variant of which there are three."""
    found: str = variants(world, "clean")[0]["id"]
    return found


def line(variant_id: str, quantity: int = 2, price: float = 10) -> dict[str, Any]:
    return {"variant_id": variant_id, "quantity": quantity, "unit_price": price}


def items(order: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"id": item["id"], "quantity": item["quantity"]} for item in order["items"]]


def fulfilled(admin: Admin, order_id: str) -> str:
    """Fulfil an order; the fulfilment's id."""
    path = f"orders/{order_id}/fulfillments"
    order = admin.post(path, {"items": items(admin.shown(order_id))}, fields="*fulfillments")["order"]
    return str(order["fulfillments"][-1]["id"])


def test_from_a_draft_to_a_parcel_with_the_key_alone(world: World, admin: Admin, mug: str) -> None:
    draft = admin.draft(line(mug), metadata={"etsy_receipt": 7})
    assert (draft["status"], world.medusa_stock(mug)["reserved"]) == ("draft", 0)
    order = admin.post(f"draft-orders/{draft['id']}/convert-to-order")["order"]
    assert (order["status"], order["metadata"], world.medusa_stock(mug)["reserved"]) == (
        "pending",
        {"etsy_receipt": 7},
        2,
    )
    owed = admin.post("payment-collections", {"order_id": order["id"], "amount": 24.5})["payment_collection"]
    assert (owed["status"], owed["captured_amount"]) == ("not_paid", None)
    paid = admin.post(f"payment-collections/{owed['id']}/mark-as-paid", {"order_id": order["id"]})
    assert (paid["payment_collection"]["status"], paid["payment_collection"]["captured_amount"]) == ("completed", 24.5)
    assert admin.shown(order["id"])["summary"]["pending_difference"] == 0
    fulfillment_id = fulfilled(admin, order["id"])
    assert world.medusa_stock(mug) == {"stocked": 1, "reserved": 0, "available": 1}
    label = {"tracking_number": "RR1", "tracking_url": "", "label_url": "#"}
    path = f"orders/{order['id']}/fulfillments/{fulfillment_id}"
    admin.post(f"{path}/shipments", {"items": items(admin.shown(order["id"])), "labels": [label]})
    shown = admin.shown(order["id"])
    assert (shown["payment_status"], shown["fulfillment_status"]) == ("captured", "shipped")
    assert shown["fulfillments"][0]["labels"] == [label]
    admin.post(f"{path}/mark-as-delivered", {})
    assert admin.shown(order["id"])["fulfillment_status"] == "delivered"


def test_converting_twice_is_refused_and_reserves_once(world: World, admin: Admin, mug: str) -> None:
    order_id = admin.order(line(mug, 1))
    assert admin.refused(f"draft-orders/{order_id}/convert-to-order") == (
        400, "invalid_data", f"Order {order_id} is not a draft order"
    )  # fmt: skip
    assert world.medusa_stock(mug)["reserved"] == 1


def test_making_a_draft_twice_makes_two(world: World, admin: Admin, mug: str) -> None:
    assert admin.draft(line(mug))["id"] != admin.draft(line(mug))["id"]
    assert len(world.medusa_orders()) == 2


def test_a_price_of_ones_own_is_taken_and_no_tax_put_on_it_in_etsys_region(admin: Admin, mug: str) -> None:
    order = admin.shown(admin.order(line(mug, 2, 7.25)))
    assert (order["item_total"], order["shipping_total"], order["tax_total"], order["total"]) == (14.5, 4.5, 0, 19)


def test_a_region_with_automatic_taxes_puts_them_on_top(admin: Admin, mug: str) -> None:
    order = admin.shown(admin.order(line(mug, 2, 7.25), region_id=TAXED))
    assert (order["tax_total"], order["total"]) == (1.52, 20.52)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"external_id": "7"}, "Invalid request: Unrecognized fields: 'external_id'"),
        ({"region_id": None}, "Invalid request: Expected type: 'string' for field 'region_id', got: 'null'"),
        (
            {"shipping_methods": [{"name": "x", "amount": 1}]},
            "Invalid request: Field 'shipping_methods, 0, shipping_option_id' is required",
        ),
        ({"items": [{"title": "x"}]}, "Invalid request: Field 'items, 0, quantity' is required"),
        ({"items": [{"title": "x", "quantity": 1}]}, "Items x do not have a price"),
        (
            {"items": [{"variant_id": "variant_none", "quantity": 1}]},
            "Variants variant_none do not exist or belong to a product that is not published",
        ),
        ({"items": [{"title": "x", "quantity": 1, "unit_price": "abc"}]}, 'column "nan" does not exist'),
        (
            {"shipping_address": {"line1": "x"}},
            "Invalid request: Expected type: 'string' for field 'shipping_address', got: '[object Object]'",
        ),
    ],
)
def test_what_a_draft_order_must_not_say(world: World, admin: Admin, change: dict[str, Any], message: str) -> None:
    body = {"region_id": "reg_sandbox_etsy", "email": "a@b.c"} | change
    assert admin.refused("draft-orders", body) == (400, "invalid_data", message)
    assert world.medusa_orders() == []


def test_a_product_that_is_not_published_cannot_be_ordered(world: World, admin: Admin) -> None:
    draft = variants(world, "draft")[0]["id"]
    assert "not published" in admin.refused("draft-orders", {"region_id": TAXED, "items": [line(draft, 1)]})[2]


def test_a_draft_with_more_than_there_is_is_refused(admin: Admin, mug: str) -> None:
    answer = admin("POST", "draft-orders", {"region_id": TAXED, "items": [line(mug, 4)]})
    assert (answer.status_code, answer.json()["code"]) == (400, "insufficient_inventory")


def test_a_channel_without_a_location_sells_nothing_that_is_counted(world: World, admin: Admin, mug: str) -> None:
    channel = "sc_01M83X5JYXPVB264W1BKKPM47X"
    (place,) = {admin.place(mug)["location_id"]}
    told = {"id": place, "name": "Shop", "sales_channels": [{"id": "sc_01M83WW4980JFKG0FS3QAZPGM0"}]}
    world.medusa("PUT", "stock-locations", {"stock_locations": [told]})
    body = {"region_id": TAXED, "items": [line(mug)], "sales_channel_id": channel}
    message = f"Sales channel {channel} is not associated with any stock location for variant {mug}."
    assert admin.refused("draft-orders", body) == (400, "invalid_data", message)
    assert admin.refused("draft-orders", body | {"sales_channel_id": "sc_none"})[0] == 404


def test_stock_that_went_meanwhile_leaves_the_draft_a_draft(world: World, admin: Admin, mug: str) -> None:
    draft = admin.draft({"title": "Note", "quantity": 1, "unit_price": 0}, line(mug, 3))
    world.medusa_sale(mug)
    status, kind, message = admin.refused(f"draft-orders/{draft['id']}/convert-to-order")
    assert (status, kind, message.startswith("Not enough stock available")) == (400, "not_allowed", True)
    assert admin.get(f"draft-orders/{draft['id']}")["draft_order"]["status"] == "draft"
    assert len(world.reservations()) == 1


def test_a_line_of_a_title_alone_reserves_nothing_and_needs_no_shipping(world: World, admin: Admin) -> None:
    order = admin.shown(admin.order({"title": "Sold out mug", "quantity": 9, "unit_price": 5, "variant_sku": "MUG"}))
    (item,) = order["items"]
    assert (item["variant_id"], item["requires_shipping"], item["variant_sku"]) == (None, False, "MUG")
    assert world.reservations() == []


def test_backorders_are_reserved_beyond_what_there_is(world: World, admin: Admin) -> None:
    variant_id = variants(world, "backorder")[0]["id"]
    admin.order(line(variant_id, 5))
    assert world.medusa_stock(variant_id) == {"stocked": 2, "reserved": 5, "available": -3}


def test_a_kit_reserves_and_uses_each_of_its_parts(world: World, admin: Admin) -> None:
    kit = variants(world, "kit")[0]["id"]
    fulfilled(admin, admin.order(line(kit, 2)))
    parts = world.medusa("GET", f"levels/{kit}")["items"]
    assert [(part["stocked"], part["reserved"]) for part in parts] == [(17, 0), (38, 0)]


def test_orders_are_found_by_any_part_of_the_e_mail_and_never_by_metadata(admin: Admin, mug: str) -> None:
    first = admin.order(line(mug, 1), email="etsy-3100000001@etsy.invalid", metadata={"etsy_receipt": "1"})
    second = admin.order(line(mug, 1), email="etsy-3100000002@etsy.invalid")
    draft = admin.draft(line(mug, 1), email="etsy-3100000003@etsy.invalid")["id"]

    def found(path: str, **query: Any) -> list[str]:
        return [item["id"] for item in next(iter(admin.get(path, **query).values()))]

    assert found("orders", q="3100000001") == [first]
    assert found("orders", q="ETSY.invalid") == [first, second]
    assert (found("draft-orders", q="3100000003"), found("draft-orders", q="3100000001")) == ([draft], [])
    assert found("orders", **{"metadata[etsy_receipt]": "1"}) == [first, second]
    assert admin("GET", "draft-orders", **{"metadata[etsy_receipt]": "1"}).status_code == 400
    shown = admin.get("orders", q="3100000001")["orders"][0]
    assert (shown["metadata"], "email" in shown) == ({"etsy_receipt": "1"}, False)
    always = {"id", "status", "version", "items", "payment_status", "fulfillment_status"}
    assert admin.get("orders", fields="id")["orders"][0].keys() == always
    assert admin.get("orders", fields="+email", order="-created_at")["orders"][0]["email"].startswith("etsy-31")


def test_an_orders_time_moves_with_what_happens_to_it(world: World, admin: Admin, mug: str) -> None:
    order_id = admin.order(line(mug, 1))
    before = admin.shown(order_id)["updated_at"]
    world.etsy("POST", "clock", {"advance_seconds": 5})
    world.medusa_ships(order_id, "RR1", "https://example.org/RR1")
    assert admin.shown(order_id)["updated_at"] > before
    after = {"updated_at[$gt]": before}
    assert [item["id"] for item in admin.get("orders", **after)["orders"]] == [order_id]


def test_a_cancellation_gives_stock_and_money_back_once(world: World, admin: Admin, mug: str) -> None:
    order_id = admin.order(line(mug))
    owed = admin.post("payment-collections", {"order_id": order_id, "amount": 24.5})["payment_collection"]["id"]
    admin.post(f"payment-collections/{owed}/mark-as-paid", {"order_id": order_id})
    admin.post(f"orders/{order_id}/cancel")
    shown = admin.shown(order_id)
    assert (shown["status"], shown["payment_status"], shown["total"]) == ("canceled", "refunded", 0)
    assert (shown["original_total"], shown["summary"]["refunded_total"]) == (24.5, 24.5)
    assert world.medusa_stock(mug) == {"stocked": 3, "reserved": 0, "available": 3}
    message = f"Order with id {order_id} has been canceled."
    assert admin.refused(f"orders/{order_id}/cancel") == (400, "invalid_data", message)
    body = {"items": items(shown)}
    assert admin.refused(f"orders/{order_id}/fulfillments", body) == (400, "invalid_data", message)


def test_what_is_fulfilled_is_canceled_first_and_what_is_shipped_never(world: World, admin: Admin, mug: str) -> None:
    order_id = admin.order(line(mug))
    fulfillment_id = fulfilled(admin, order_id)
    message = "All fulfillments must be canceled before canceling an order"
    assert admin.refused(f"orders/{order_id}/cancel") == (400, "not_allowed", message)
    path = f"orders/{order_id}/fulfillments"
    admin.post(f"{path}/{fulfillment_id}/cancel")
    assert world.medusa_stock(mug) == {"stocked": 3, "reserved": 2, "available": 1}
    second = fulfilled(admin, order_id)
    admin.post(f"{path}/{second}/shipments", {"items": items(admin.shown(order_id))})
    assert admin.refused(f"{path}/{second}/cancel")[:2] == (400, "not_allowed")
    assert admin.refused(f"{path}/{second}/shipments", {"items": items(admin.shown(order_id))}) == (
        400, "not_allowed", "Shipment has already been created"
    )  # fmt: skip
    assert admin.refused(f"orders/{order_id}/cancel") == (400, "not_allowed", message)


@pytest.mark.parametrize("methods", [[], [METHOD | {"shipping_option_id": "so_none"}]])
def test_without_a_shipping_option_that_exists_a_fulfilment_breaks_medusa(
    admin: Admin, mug: str, methods: list[dict[str, Any]]
) -> None:
    order_id = admin.order(line(mug, 1), shipping_methods=methods)
    answer = admin("POST", f"orders/{order_id}/fulfillments", {"items": items(admin.shown(order_id))})
    assert (answer.status_code, answer.json()) == (500, UNKNOWN)


def test_the_products_shipping_profile_must_be_that_of_the_method(world: World, admin: Admin, mug: str) -> None:
    order_id = admin.order(line(mug, 1))
    product_id = world.product_ids("clean")[0]
    world.medusa("PATCH", f"products/{product_id}", {"set": {"shipping_profile": {"id": "sp_other"}}})
    body = {"items": items(admin.shown(order_id))}
    status, kind, message = admin.refused(f"orders/{order_id}/fulfillments", body)
    assert (status, kind, "does not match the shipping profile" in message) == (400, "invalid_data", True)


def test_what_was_reserved_must_still_be_reserved_to_be_fulfilled(world: World, admin: Admin, mug: str) -> None:
    order_id = admin.order(line(mug))
    (item,) = items(admin.shown(order_id))
    path = f"orders/{order_id}/fulfillments"
    assert "exceeds the reserved quantity" in admin.refused(path, {"items": [item | {"quantity": 3}]})[2]
    admin("DELETE", f"reservations/{world.reservations()[0]['id']}")
    assert admin.refused(path, {"items": [item]})[2].startswith("No stock reservation found for item")


def test_part_of_a_line_can_be_fulfilled(world: World, admin: Admin, mug: str) -> None:
    order_id = admin.order(line(mug))
    (item,) = items(admin.shown(order_id))
    admin.post(f"orders/{order_id}/fulfillments", {"items": [item | {"quantity": 1}]})
    assert world.medusa_stock(mug) == {"stocked": 2, "reserved": 1, "available": 1}
    assert admin.shown(order_id)["fulfillment_status"] == "partially_fulfilled"


def test_part_of_a_line_cannot_be_fulfilled_where_nothing_else_is_left(world: World, admin: Admin, mug: str) -> None:
    """What is packed is off the stock before the reservation gets smaller (measured)."""
    order_id = admin.order(line(mug, 3))
    (item,) = items(admin.shown(order_id))
    answer = admin.refused(f"orders/{order_id}/fulfillments", {"items": [item | {"quantity": 1}]})
    assert (answer[:2], answer[2].startswith("Not enough stock available")) == ((400, "not_allowed"), True)
    assert world.medusa_stock(mug) == {"stocked": 3, "reserved": 3, "available": 0}
    assert admin.shown(order_id)["fulfillments"] == []


@pytest.fixture
def apart(world: World, admin: Admin) -> tuple[str, list[str]]:
    """A variant with a piece at each of two locations, and these."""
    variant: str = variants(world, "two_locations")[0]["id"]
    places = sorted(level["location_id"] for level in admin.item(variant)["location_levels"])
    puts(world, variant, places, 1)
    return variant, places


def puts(world: World, variant: str, places: list[str], stocked: int) -> None:
    """So many pieces at each location."""
    for place in places:
        world.medusa("PUT", f"levels/{variant}", {"stocked": stocked, "location_id": place})


def by_place(admin: Admin, variant: str) -> list[tuple[int, int]]:
    """Stocked and reserved at each location."""
    levels = sorted(admin.item(variant)["location_levels"], key=lambda level: str(level["location_id"]))
    return [(level["stocked_quantity"], level["reserved_quantity"]) for level in levels]


def test_a_line_is_reserved_at_one_location_or_not_at_all(admin: Admin, apart: tuple[str, list[str]]) -> None:
    variant, _ = apart
    draft = admin.draft(line(variant, 2))["id"]
    status, kind, message = admin.refused(f"draft-orders/{draft}/convert-to-order")
    assert (status, kind, message.startswith("Not enough stock available")) == (400, "not_allowed", True)
    admin.order(line(variant, 1), line(variant, 1))
    assert by_place(admin, variant) == [(1, 2), (1, 0)], "each line as if it were the only one"


def test_a_reservation_for_a_line_can_be_made_anywhere_and_is_packed_there(
    admin: Admin, apart: tuple[str, list[str]]
) -> None:
    variant, (first, second) = apart
    order_id = admin.order(line(variant, 1), line(variant, 1))
    one, other = items(admin.shown(order_id))
    (old,) = admin.get("reservations", **{"line_item_id[]": other["id"]})["reservations"]
    made = {"inventory_item_id": old["inventory_item_id"], "location_id": second, "line_item_id": other["id"]}
    admin.post("reservations", made | {"quantity": 1})
    admin("DELETE", f"reservations/{old['id']}")
    assert by_place(admin, variant) == [(1, 1), (1, 1)]
    path = f"orders/{order_id}/fulfillments"
    admin.post(path, {"items": [one], "location_id": first})
    admin.post(path, {"items": [other], "location_id": second})
    assert by_place(admin, variant) == [(0, 0), (0, 0)]
    assert [parcel["location_id"] for parcel in admin.shown(order_id)["fulfillments"]] == [first, second]


def test_of_two_reservations_of_a_line_each_is_used_up(admin: Admin, apart: tuple[str, list[str]]) -> None:
    variant, (_, second) = apart
    order_id = admin.order(line(variant, 1))
    (item,) = items(admin.shown(order_id))
    (held,) = admin.get("reservations", **{"line_item_id[]": item["id"]})["reservations"]
    made = {"inventory_item_id": held["inventory_item_id"], "location_id": second, "line_item_id": item["id"]}
    admin.post("reservations", made | {"quantity": 1})
    admin.post(f"orders/{order_id}/fulfillments", {"items": [item]})
    assert by_place(admin, variant) == [(0, 0), (0, 0)]


def test_what_is_left_of_a_reservation_goes_to_where_was_packed_and_nothing_comes_off_the_other_place(
    world: World, admin: Admin, apart: tuple[str, list[str]]
) -> None:
    variant, places = apart
    puts(world, variant, places, 3)
    order_id = admin.order(line(variant, 3))
    (item,) = items(admin.shown(order_id))
    admin.post(f"orders/{order_id}/fulfillments", {"items": [item | {"quantity": 1}], "location_id": places[1]})
    assert by_place(admin, variant) == [(3, 3), (2, 2)]


def test_where_an_item_has_no_level_nothing_is_packed(admin: Admin, apart: tuple[str, list[str]]) -> None:
    variant, _ = apart
    order_id = admin.order(line(variant, 1))
    body = {"items": items(admin.shown(order_id)), "location_id": "sloc_none"}
    item_id = admin.place(variant)["inventory_item_id"]
    message = f"Inventory level for item {item_id} and location sloc_none not found"
    assert admin.refused(f"orders/{order_id}/fulfillments", body) == (404, "not_found", message)


def test_a_payment_is_marked_once(admin: Admin, mug: str) -> None:
    order_id = admin.order(line(mug, 1))
    owed = admin.post("payment-collections", {"order_id": order_id, "amount": 1})["payment_collection"]["id"]
    path = f"payment-collections/{owed}/mark-as-paid"
    admin.post(path, {"order_id": order_id})
    message = "Can only mark 'not_paid' payment collection as paid"
    assert admin.refused(path, {"order_id": order_id}) == (400, "not_allowed", message)


def test_a_draft_can_be_deleted_and_an_order_cannot(admin: Admin, mug: str) -> None:
    draft, order_id = admin.draft(line(mug, 1))["id"], admin.order(line(mug, 1))
    assert admin("DELETE", f"draft-orders/{draft}").status_code == 200
    assert admin("GET", f"draft-orders/{draft}").status_code == 404
    assert admin("DELETE", f"draft-orders/{order_id}").status_code == 500
    assert admin("GET", f"draft-orders/{order_id}").status_code == 404


def test_what_an_order_refers_to_can_be_listed(admin: Admin) -> None:
    regions = admin.get("regions")["regions"]
    assert [(item["currency_code"], item["automatic_taxes"]) for item in regions][1] == ("usd", False)
    assert admin.get(f"regions/{regions[0]['id']}")["region"] == regions[0]
    assert admin("GET", "regions/none").status_code == 404
    assert [item["id"] for item in admin.get("shipping-options")["shipping_options"]] == [METHOD["shipping_option_id"]]
    assert {item["name"] for item in admin.get("sales-channels")["sales_channels"]} == {"Default Sales Channel", "Etsy"}


def test_two_lines_of_one_thing_that_are_too_many_together_both_pass(world: World, admin: Admin, mug: str) -> None:
    admin.order(line(mug, 2), line(mug, 2))
    assert world.medusa_stock(mug) == {"stocked": 3, "reserved": 4, "available": -1}


def test_labels_of_parcels_come_only_where_they_are_asked_for(world: World, admin: Admin, mug: str) -> None:
    order_id = admin.order(line(mug, 1))
    world.medusa_ships(order_id, "RR1")
    assert "labels" not in admin.get(f"orders/{order_id}")["order"]["fulfillments"][0]
    assert admin.shown(order_id)["fulfillments"][0]["labels"][0]["tracking_number"] == "RR1"


def test_of_two_payments_one_of_which_is_open_the_order_is_paid_in_part(admin: Admin, mug: str) -> None:
    order_id = admin.order(line(mug, 1))
    asked = {"order_id": order_id, "amount": 14.5}
    owed = [admin.post("payment-collections", asked)["payment_collection"]["id"] for _ in range(2)]
    assert admin.shown(order_id)["payment_status"] == "not_paid"
    admin.post(f"payment-collections/{owed[0]}/mark-as-paid", {"order_id": order_id})
    assert admin.shown(order_id)["payment_status"] == "partially_captured"


def test_metadata_of_a_product_are_merged_and_a_blank_one_goes(world: World, admin: Admin) -> None:
    product_id = world.product_ids("clean")[0]
    before = admin.get(f"products/{product_id}")["product"]["metadata"]
    admin.post(f"products/{product_id}", {"metadata": {"a": "1", "b": "2"}})
    admin.post(f"products/{product_id}", {"metadata": {"a": "", "c": "3"}})
    assert admin.get(f"products/{product_id}")["product"]["metadata"] == before | {"b": "2", "c": "3"}
    assert admin.refused("products/prod_none", {"metadata": {}})[:2] == (404, "not_found")
