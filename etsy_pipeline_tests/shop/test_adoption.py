"""A shop of 3,000 listings that were made by hand, and a Medusa that has some hundred of them: adopted end to end.

Looked through, planned, the certain ones attached together, the rest by file, planned again, approved and published:
nothing is created that was there, and nothing of the seller's texts changes.
"""

import csv
import io
from collections import Counter
from typing import Any

import pytest

from etsy_pipeline import wiring
from etsy_pipeline.accounts import configure
from etsy_pipeline.shop import candidates, decisions_file
from etsy_pipeline.shop.decide import decide
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.sandbox.by_hand import many_listed
from etsy_pipeline_tests.shop.owner import ADA, Owner
from etsy_pipeline_tests.world import World

WITH_SKU, WITHOUT_SKU, TWICE, UNKNOWN, NEW = 200, 40, 20, 2720, 10


@pytest.fixture
def owner(world: World, sqlite_store: Store) -> Owner:
    """Some hundred listings with SKUs, some without, some twice, and thousands that Medusa does not have."""
    made = Owner(world, sqlite_store, world.connected(sqlite_store))
    world.keep_only()
    many_listed(world, WITH_SKU, title="Glazed bowl {n}", sku="BOWL-{n}", price=30, quantity=3, pictures=[])
    many_listed(world, WITHOUT_SKU, title="Nameless vase number {n}", price=30, quantity=3, pictures=[])
    for _ in range(2):
        many_listed(world, TWICE, title="Twin cup {n}", sku="TWIN-{n}", price=30, quantity=3, pictures=[])
    many_listed(world, UNKNOWN, title="Something else {n}", sku="OTHER-{n}", pictures=[])
    for number in range(1, WITH_SKU + 1):
        made.sells(f"prod_bowl_{number}", f"BOWL-{number}", title=f"A bowl of ours, {number}", price=25, stock=4)
    for number in range(1, WITHOUT_SKU + 1):
        made.sells(f"prod_vase_{number}", f"VASE-{number}", title=f"Nameless vase number {number}")
    for number in range(1, TWICE + 1):
        made.sells(f"prod_twin_{number}", f"TWIN-{number}", title=f"Cup, {number}")
    for number in range(1, NEW + 1):
        made.sells(f"prod_new_{number}", f"NEW-{number}", title=f"Quite new plate {number}", images=[], thumbnail=None)
    configure.configure(sqlite_store, made.id, {"adopted_price_and_stock": True})
    return made


def test_a_shop_with_a_history_is_adopted_without_a_listing_too_many_or_a_text_changed(owner: Owner) -> None:
    texts = texts_of(owner)
    listings = len(texts)
    assert listings == WITH_SKU + WITHOUT_SKU + 2 * TWICE + UNKNOWN == 3_000
    assert Counter(item.action for item in owner.planned(owner.looks_and_plans()).values()) == {
        "invalid": WITH_SKU + WITHOUT_SKU + TWICE,
        "create": NEW,
    }
    assert Counter(owner.candidates().values()) == {"certain": WITH_SKU, "likely": WITHOUT_SKU, "ambiguous": 2 * TWICE}
    writes, calls = owner.writes(), Counter(owner.world.calls())
    attach_the_certain_ones(owner)
    decide_on_the_rest(owner)
    assert owner.writes() == writes, "deciding sends nothing"
    assert sum((Counter(owner.world.calls()) - calls).values()) <= 8, "listings are read by the hundred"
    job = owner.plan()
    assert Counter(item.action for item in owner.planned(job).values()) == {
        "update": WITH_SKU + WITHOUT_SKU + TWICE,
        "create": NEW,
    }
    changed = {change.field for item in owner.planned(job).values() for change in item.differences}
    assert changed == {"price", "quantity"}
    assert not any(item.conflicts for item in owner.planned(job).values())
    owner.approve(job)
    published = owner.publish(job)
    assert (published.synced_count, published.failed_count) == (WITH_SKU + WITHOUT_SKU + TWICE + NEW, 0)
    after = texts_of(owner)
    assert {number: after[number] for number in texts} == texts
    assert len(after) == listings + NEW
    assert owner.planned(owner.plan())["prod_bowl_7"].action == "skip"


def texts_of(owner: Owner) -> dict[int, Any]:
    """What is the seller's of each listing, as Etsy has it."""
    names = ("title", "description", "tags", "taxonomy_id", "shipping_profile_id", "readiness_state_id", "who_made")
    told = ", ".join(f"json_extract(data, '$.{name}') AS {name}" for name in names[1:])
    rows = owner.world.sandbox.state.rows(f"SELECT listing_id, state, title, {told} FROM listing")  # noqa: S608 - our own names
    return {row["listing_id"]: (row["state"], *(row[name] for name in names)) for row in rows}


def attach_the_certain_ones(owner: Owner) -> None:
    seen = candidates.certain_ones(owner.store, owner.id)
    readers = wiring.link_readers(owner.world.settings, owner.store, owner.id)
    decided = candidates.attach_certain(owner.store, owner.id, seen, ADA, readers, count=WITH_SKU)
    assert (len(decided.done), decided.refused) == (WITH_SKU, ())


def decide_on_the_rest(owner: Owner) -> None:
    """By file: vases are what they are called; of each twin the first listing is the product, the other one nobody's."""
    rows = list(csv.DictReader(io.StringIO(decisions_file.write(candidates.offers(owner.store, owner.id).offers))))
    decided: set[str] = set()
    for row in rows:
        row["decision"] = "ignore" if row["product_id"] in decided else "attach"
        decided.add(row["product_id"])
    wrong = [*rows, rows[0] | {"listing_id": "4711"}]
    assert not carried_out(owner, wrong).done, "nothing half done"
    assert len(carried_out(owner, rows).done) == WITHOUT_SKU + 2 * TWICE


def carried_out(owner: Owner, rows: list[dict[str, str]]) -> Any:
    out = io.StringIO()
    writer = csv.DictWriter(out, decisions_file.COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
    found = decisions_file.read(out.getvalue().encode())
    readers = wiring.link_readers(owner.world.settings, owner.store, owner.id)
    return decide(owner.store, owner.id, found.requests, ADA, readers, unreadable=found.refused)
