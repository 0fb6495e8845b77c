"""`etsy-pipeline shop`: looking through a shop, and listing what is there, for people and for programs."""

from pathlib import Path

import pytest

from etsy_pipeline_tests.cli.terminal import Terminal
from etsy_pipeline_tests.sandbox.by_hand import deleted, listed
from etsy_pipeline_tests.world import World


@pytest.fixture
def terminal(world: World, tmp_path: Path) -> Terminal:
    return Terminal(tmp_path, world.sandbox.environment()).begun()


def test_a_shop_is_looked_through_and_what_is_there_is_listed(world: World, terminal: Terminal) -> None:
    account_id = terminal.json("accounts", "add", "My shop")["id"]
    assert "account_not_connected" in terminal("shop", "scan", account_id, status=1)
    terminal("accounts", "connect", account_id, "--sandbox-shop", "1")
    assert "shop_never_scanned" in terminal("shop", "listings", account_id, status=2)

    mug, cup = listed(world, {"title": "Mug", "sku": "MUG-1"}, {"title": "Cup [red]\x1b[2J", "state": "draft"})
    said = terminal("shop", "scan", account_id)
    assert "1 active, 1 draft; 12 calls" in " ".join(said.split())
    assert "Nothing changed since the scan before, or there was none." in said

    said = terminal("shop", "listings", account_id)
    assert str(mug) in said
    assert "MUG-1" in said
    assert "Cup [red]" in said
    assert "\x1b" not in said
    assert str(mug) not in terminal("shop", "listings", account_id, "--state", "draft")
    assert "1 more" in terminal("shop", "listings", account_id, "--most", "1")
    found = terminal.json("shop", "listings", account_id)
    assert [(item["listing_id"], item["state"], item["skus"]) for item in found] == [
        (mug, "active", ["MUG-1"]), (cup, "draft", [])
    ]  # fmt: skip

    deleted(world, mug)
    scan = terminal.json("shop", "scan", account_id)
    assert (scan["counts"], scan["finished_at"] is not None, scan["problem"]) == ({"draft": 1}, True, None)
    said = " ".join(terminal("shop", "listings", account_id, "--changes").split())
    assert f"LOOK No longer there: 1 listing: {mug} 'Mug'." in said
    assert [change["kind"] for change in terminal.json("shop", "listings", account_id, "--changes")] == [
        "alarm",
        "gone",
    ]
    assert "gone since" in terminal("shop", "listings", account_id, "--state", "gone")


def test_an_account_that_does_not_exist_is_said(terminal: Terminal) -> None:
    assert "account_not_found" in terminal("shop", "scan", "etsy_acc_nowhere", status=2)
    assert "account_not_found" in terminal("shop", "listings", "etsy_acc_nowhere", status=2)


def test_what_ends_soon_is_told_with_what_it_costs(world: World, terminal: Terminal) -> None:
    account_id = terminal.json("accounts", "add", "My shop")["id"]
    terminal("accounts", "connect", account_id, "--sandbox-shop", "1")
    assert "shop_never_scanned" in terminal("shop", "expiring", account_id, status=2)

    now = int(world.etsy("GET", "clock")["now"])
    soon, later, much_later = listed(
        world,
        {"title": "Mug", "ending_timestamp": now + 9 * 86400},
        {"title": "Cup", "ending_timestamp": now + 10 * 86400, "should_auto_renew": True, "num_favorers": 7},
        {"title": "Jug", "ending_timestamp": now + 20 * 86400},
    )
    listed(world, {"title": "Sold", "state": "sold_out", "ending_timestamp": now + 5 * 86400})
    terminal("shop", "scan", account_id)
    found = terminal.json("shop", "expiring", account_id)
    assert [(item["listing_id"], item["end"], item["fee_usd_cents"], item["num_favorers"]) for item in found] == [
        (soon, "let_go", 0, 0),
        (later, "renews_by_itself", 20, 7),
    ]
    assert much_later in {item["listing_id"] for item in terminal.json("shop", "expiring", account_id, "--days", "21")}
    said = " ".join(terminal("shop", "expiring", account_id).split())
    assert "Fees: $0.20." in said
    assert "No listing on sale ends within 2 days." in terminal("shop", "expiring", account_id, "--days", "2")
