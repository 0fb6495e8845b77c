"""`etsy-pipeline orders`: orders, what was booked for them, and a person's word on what waits."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from etsy_pipeline import wiring
from etsy_pipeline.settings import Settings
from etsy_pipeline_tests.cli.terminal import Terminal
from etsy_pipeline_tests.orders.selling import ORDERS, Selling
from etsy_pipeline_tests.world import World


@pytest.fixture
def terminal(world: World, tmp_path: Path) -> Terminal:
    return Terminal(tmp_path, world.sandbox.environment()).begun()


@pytest.fixture
def shop(world: World, terminal: Terminal) -> Iterator[Selling]:
    store = wiring.store_of(Settings.load(etsy_pipeline_home=terminal.folder / "state"))
    yield Selling.of(world, store, mode="orders", pieces=9, send_tracking=True, **ORDERS)
    store.close()


def test_orders_are_read_shown_and_decided_on(shop: Selling, terminal: Terminal) -> None:
    sold, odd = shop.buys(2), shop.buys(bad="listing")
    said = terminal("orders", "look", shop.id)
    assert "2 new" in said
    assert "1 made orders in medusa" in said
    said = " ".join(terminal("orders", "list", shop.id).split())
    assert "Mode orders." in said
    assert f"{odd}" in said
    assert "needs person" in said
    found = terminal.json("orders", "list", shop.id, "--state", "done")
    assert [(item["receipt_id"], item["state"]) for item in found["found"]] == [(str(sold), "done")]
    assert "order_state_unknown" in terminal("orders", "list", shop.id, "--state", "lost", status=2)
    assert "Medusa's order: order_" in terminal("orders", "show", shop.id, str(sold))
    assert "order_not_found" in terminal("orders", "show", shop.id, "7", status=2)
    assert "9223372036854775807" in terminal("orders", "show", shop.id, "9" * 23, status=2)

    (line,) = terminal.json("orders", "needs-link", shop.id)
    assert line["state"] == "needs_link"
    terminal("orders", "choose", shop.id, line["transaction_id"], shop.product_id, shop.variant)
    terminal("orders", "look", shop.id)
    assert terminal.json("orders", "show", shop.id, str(odd))["state"] == "done"
    assert "sale_settled" in terminal("orders", "book-nothing", shop.id, line["transaction_id"], status=2)

    assert "no_parcel" in terminal("orders", "track", shop.id, str(sold), status=2)
    shop.world.medusa_ships(shop.receipt(sold).medusa_order_id or "", "RR1")
    assert "Etsy knows" in terminal("orders", "track", shop.id, str(sold))
    assert [item["tracking_code"] for item in shop.world.receipt(sold)["shipments"]] == ["RR1"]

    shop.world.refund(odd)
    terminal("orders", "look", shop.id)
    assert "stays taken" in terminal("orders", "decide", shop.id, str(odd), "--goods-are-gone")
    assert "order_in_medusa" in terminal("orders", "decide", shop.id, str(odd), "--goods-are-back", status=2)

    never = shop.buys(bad="currency")
    terminal("orders", "look", shop.id)
    assert "It is closed." in terminal("orders", "close", shop.id, str(never), "--reason", "paid in cash")
    terminal("orders", "look", shop.id)
    assert terminal.json("orders", "show", shop.id, str(never))["state"] == "done"
    assert ": paid in cash" in terminal("orders", "show", shop.id, str(never))
    assert "paid in cash" in " ".join(terminal("activity").split())


def test_what_medusa_lost_is_reserved_again_by_one_command(shop: Selling, terminal: Terminal) -> None:
    shop.set(mode="stock")
    shop.buys(2)
    shop.look()
    with shop.reservations_client() as medusa:
        medusa.release(shop.world.reservations()[0]["id"])
    shop.look()
    assert f"orders decide-lost {shop.id} 1" in " ".join(terminal("orders", "needs-link", shop.id).split())
    refused = terminal("orders", "decide-lost", shop.id, "3", "--reserve-again", status=2)
    assert "lost_lines_changed" in refused
    assert "Said of 1: reserved again" in terminal("orders", "decide-lost", shop.id, "1", "--reserve-again")
    shop.look()
    assert [item["quantity"] for item in shop.world.reservations()] == [2]
