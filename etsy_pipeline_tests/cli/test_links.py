"""`etsy-pipeline links` in a terminal: candidates, decisions, the file that goes out and comes back, the log."""

import csv
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from etsy_pipeline import wiring
from etsy_pipeline.settings import Settings
from etsy_pipeline_tests.cli.terminal import Terminal
from etsy_pipeline_tests.shop.owner import Owner
from etsy_pipeline_tests.world import a_world


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[Owner]:
    """The owner of a shop with two certain candidates, and a product that two listings may be."""
    with a_world(tmp_path) as world:
        world.keep_only()
        settings = Settings.load(etsy_pipeline_home=tmp_path / "state")
        with closing(wiring.store_of(settings)) as store:
            made = Owner(world, store, world.connected(store))
            made.has_three_candidates()
            yield made


@pytest.fixture
def terminal(owner: Owner, tmp_path: Path) -> Terminal:
    return Terminal(tmp_path, owner.world.sandbox.environment() | {"COLUMNS": "200"})


def test_the_certain_ones_are_attached_after_a_look_and_the_rest_by_file(
    owner: Owner, terminal: Terminal, tmp_path: Path
) -> None:
    assert "2 certain, 2 ambiguous" in terminal("links", "candidates", owner.id)
    told = terminal("links", "attach", owner.id, "--certain", "--by", "Ada")
    assert "2 certain candidates" in told
    assert "Nothing was done yet. To attach them: --expect 2" in told
    assert owner.log() == []
    changed = terminal("links", "attach", owner.id, "--certain", "--by", "Ada", "--expect", "3", status=1)
    assert "candidates_changed" in changed
    assert "2 decisions carried out" in terminal(
        "links", "attach", owner.id, "--certain", "--by", "Ada", "--expect", "2"
    )
    file = tmp_path / "candidates.csv"
    assert "2 candidates written" in terminal("links", "export", owner.id, str(file))
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    decide(file, rows, "attach", "attach")
    refused = terminal("links", "import", owner.id, str(file), "--by", "Ada", status=2)
    assert "taken_twice" in refused
    assert "Nothing was done" in refused
    decide(file, rows, "attach", "ignore")
    assert "2 decisions carried out" in terminal("links", "import", owner.id, str(file), "--by", "Ada")
    assert [entry.decision for entry in owner.log()] == ["attached", "attached", "attached", "ignored"]
    assert len(terminal.json("links", "log", owner.id)) == 4
    assert len(terminal.json("links", "--status", "synced")) == 3
    assert terminal.json("links", "list", "--product-id", "prod_1") == terminal.json("links", "--product-id", "prod_1")
    assert "No product waits for a decision." in terminal("links", "candidates", owner.id)


def test_single_decisions_and_their_refusals(owner: Owner, terminal: Terminal) -> None:
    one = next(listing for product, listing in owner.candidates() if product == "prod_1")
    assert "decider_missing" in terminal("links", "attach", owner.id, "prod_1", str(one), status=2)
    assert "id_missing" in terminal("links", "attach", owner.id, "prod_1", "--by", "Ada", status=2)
    terminal("links", "attach", owner.id, "prod_1", str(one), "--by", "Ada", "--own", "price")
    assert "product_linked" in terminal("links", "attach", owner.id, "prod_1", str(one), "--by", "Ada", status=1)
    terminal("links", "detach", owner.id, "prod_1", "--by", "Ada", "--note", "wrong one")
    terminal("links", "ignore", owner.id, str(one), "--by", "Ada")
    terminal("links", "unignore", owner.id, str(one), "--by", "Ada")
    terminal("links", "create-anyway", owner.id, "prod_2", "--by", "Ada")
    assert [entry.decision for entry in owner.log()] == [
        "attached",
        "detached",
        "ignored",
        "unignored",
        "create_anyway",
    ]
    assert "wrong one" in terminal("links", "log", owner.id)


def test_what_cannot_become_medusas_is_told_when_it_is_linked(owner: Owner, terminal: Terminal) -> None:
    listing = owner.lists(sku="COLOURS", variations={"Colour": ["Red", "Blue"]})
    owner.sells("prod_1", "SIZES", ("S", "L"))
    owner.looks_and_plans()
    told = terminal("links", "attach", owner.id, "prod_1", str(listing), "--by", "Ada", "--own", "price")
    assert "price: left to the seller all the same" in " ".join(told.split())


def decide(file: Path, rows: list[dict[str, str]], *decisions: str) -> None:
    """Fill in the file's column, as a spreadsheet with semicolons saves it."""
    with file.open("w", encoding="utf-8-sig", newline="") as lines:
        writer = csv.DictWriter(lines, list(rows[0]), delimiter=";")
        writer.writeheader()
        writer.writerows(row | {"decision": decision} for row, decision in zip(rows, decisions, strict=True))


def test_linked_listings_propose_rules_by_category(owner: Owner, terminal: Terminal) -> None:
    assert "No rule" in terminal("links", "rules", owner.id)
    terminal("links", "attach", owner.id, "--certain", "--by", "Ada", "--expect", "2")
    found = terminal.json("links", "rules", owner.id)
    assert {(item["value"], item["votes"], item["of"]) for item in found} >= {("shipping_profile", 2, 2)}
    assert "--apply" in terminal("links", "rules", owner.id)
    assert "They are in by_category now." in terminal("links", "rules", owner.id, "--apply")
    (rule,) = terminal.json("accounts", "show", owner.id)["settings"]["by_category"].values()
    assert rule["shipping_profile"]
    assert "No rule" in terminal("links", "rules", owner.id), "the shop has them now"
