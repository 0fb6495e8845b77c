"""Reserving in Medusa: found by its description, refused where stock is short, and never taken for done unseen."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from etsy_pipeline.catalogue.admin_api import AdminApi, WriteRefused, WriteUnanswered
from etsy_pipeline.catalogue.patience import Patience
from etsy_pipeline.catalogue.reservations import Level, OutOfStock, Reservations
from etsy_pipeline.catalogue.stock_places import SoldFrom
from etsy_pipeline.errors import PipelineError, Unavailable

LEVELS = [
    {"location_id": "sloc_b", "stocked_quantity": 5, "reserved_quantity": 1},
    {"location_id": "sloc_a", "stocked_quantity": 2, "reserved_quantity": 3},
    {"location_id": "sloc_returns", "stocked_quantity": 90, "reserved_quantity": 0},
]
PRODUCT: dict[str, Any] = {
    "id": "prod_1", "title": "Mug", "sales_channels": [{"id": "sc_1"}],
    "variants": [{
        "id": "v_1", "title": "Mug", "sku": "MUG", "manage_inventory": True, "allow_backorder": False,
        "options": [{"value": "S"}],
        "inventory_items": [{"inventory_item_id": "item_1", "required_quantity": 2, "inventory": {"location_levels": LEVELS}}],
    }],
}  # fmt: skip
PLACES = [
    {"id": "sloc_a", "name": "A", "sales_channels": [{"id": "sc_1"}]},
    {"id": "sloc_b", "name": "B", "sales_channels": [{"id": "sc_1"}]},
    {"id": "sloc_returns", "name": "Returns", "sales_channels": []},
]
HELD = {"id": "res_1", "inventory_item_id": "item_1", "location_id": "sloc_a", "quantity": 2, "description": "mark"}


def medusa(answer: Callable[[httpx.Request], httpx.Response]) -> Reservations:
    """A Medusa that answers so."""
    client = httpx.Client(transport=httpx.MockTransport(answer))
    return Reservations(AdminApi("https://medusa.test", "key", Patience(0), client), SoldFrom())


def answering(status: int, body: Any) -> Callable[[httpx.Request], httpx.Response]:
    return lambda _: httpx.Response(status, json=body)


def listing(products: list[Any]) -> Callable[[httpx.Request], httpx.Response]:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("stock-locations"):
            return httpx.Response(200, json={"stock_locations": PLACES, "count": len(PLACES)})
        return httpx.Response(200, json={"products": products, "count": len(products)})

    return answer


def test_pieces_are_counted_at_locations_that_sell() -> None:
    found = medusa(listing([PRODUCT])).products(["prod_1", "prod_2"])
    (variant,) = found["prod_1"].variants
    assert (variant.values, variant.is_managed) == (("S",), True)
    (part,) = variant.parts
    assert (part.required, part.levels) == (2, (Level("sloc_a", -1), Level("sloc_b", 4)))


@pytest.mark.parametrize("name", ["sales_channels", "variants"])
def test_a_product_that_is_told_in_part_is_left_out(name: str) -> None:
    assert medusa(listing([{key: value for key, value in PRODUCT.items() if key != name}])).products(["prod_1"]) == {}


def test_only_what_has_such_a_description_is_ours() -> None:
    rows = [HELD | {"id": "res_2"}, HELD, HELD | {"id": "res_3", "description": "mark 2"}]
    found = medusa(answering(200, {"reservations": rows, "count": 3})).find("ma", "rk")
    assert [item.id for item in found] == ["res_1", "res_2"]


def test_where_medusa_ignores_the_filter_nothing_is_concluded() -> None:
    rows = [HELD | {"description": "another"}] * 3
    with pytest.raises(Unavailable) as caught:
        medusa(answering(200, {"reservations": rows, "count": 700})).find("ma", "rk")
    assert caught.value.code == "medusa_answer_broken"


def test_too_few_pieces_are_told_apart_from_other_refusals() -> None:
    short = {"type": "not_allowed", "message": "Not enough stock available for item item_1 at location sloc_a"}
    with pytest.raises(OutOfStock):
        medusa(answering(400, short)).reserve("item_1", "sloc_a", 1, description="mark")
    with pytest.raises(WriteRefused) as caught:
        medusa(answering(404, {"type": "not_found", "message": "Gone"})).reserve("i", "l", 1, description="mark")
    assert not isinstance(caught.value, OutOfStock)


@pytest.mark.parametrize(("status", "body"), [(500, {}), (502, "<html>"), (200, {"reservation": None}), (200, "?")])
def test_what_may_have_happened_is_never_called_refused(status: int, body: Any) -> None:
    with pytest.raises(WriteUnanswered) as caught:
        medusa(answering(status, body)).reserve("item_1", "sloc_a", 1, description="mark")
    assert caught.value.may_have_happened


@pytest.mark.parametrize(("error", "may_have"), [(httpx.ConnectError("no"), False), (httpx.ReadTimeout("no"), True)])
def test_what_was_not_sent_has_not_happened(error: httpx.HTTPError, *, may_have: bool) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        raise error

    with pytest.raises(WriteUnanswered) as caught:
        medusa(answer).release("res_1")
    assert caught.value.may_have_happened is may_have


def test_a_key_that_is_refused_is_said_so() -> None:
    with pytest.raises(PipelineError) as caught:
        medusa(answering(401, {"message": "Unauthorized"})).release("res_1")
    assert caught.value.code == "medusa_unauthorized"
