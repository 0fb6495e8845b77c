"""Each parcel of an order in a real Medusa has its own code, and Etsy is told of each by itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.real_medusa.goods import a_good
from etsy_pipeline_tests.real_medusa.seeding import Seed
from etsy_pipeline_tests.real_medusa.selling_both_ways import Etsys, Sold, selling
from etsy_pipeline_tests.real_medusa.server import ON_DEMAND

pytestmark = ON_DEMAND
VASE, LID, PIECES = "vase", "lid", 5
USPS, UPS = "https://tools.usps.com/go?q={}", "https://www.ups.com/track?num={}"


@pytest.fixture
def shop(seed: Seed, etsys: Etsys, sqlite_store: Store, tmp_path: Path) -> Iterator[Sold]:
    """A shop that tells Etsy of parcels."""
    with selling(seed, sqlite_store, tmp_path, etsys.profile, a_good(VASE), a_good(LID)) as sold:
        sold.set("orders", send_tracking=True, **etsys.settings)
        yield sold


def ships(shop: Sold, receipt_id: int, line: int, code: str, url: str, quantity: int = 1) -> None:
    """The owner packs pieces of one line in Medusa, and ships them; the line is counted as it was bought."""
    order_id = shop.receipt(receipt_id).medusa_order_id
    path, items = f"orders/{order_id}", sorted(shop.order(receipt_id)["items"], key=lambda item: item["title"])
    body = {"items": [{"id": items[line]["id"], "quantity": quantity}]}
    made = shop.seed.server.post(f"{path}/fulfillments", body, fields="*fulfillments")["order"]["fulfillments"]
    (parcel,) = (item["id"] for item in made if not item["shipped_at"])
    labels = [{"tracking_number": code, "tracking_url": url.format(code), "label_url": ""}] if code else []
    shop.seed.server.post(f"{path}/fulfillments/{parcel}/shipments", body | {"labels": labels})


def told(shop: Sold, receipt_id: int) -> list[tuple[str, str]]:
    """The parcels that Etsy knows."""
    shipments = shop.world.receipt(receipt_id)["shipments"]
    return [(item["tracking_code"], item["carrier_name"]) for item in shipments]


def in_medusa(shop: Sold, receipt_id: int) -> list[list[str]]:
    """The codes of each parcel in Medusa."""
    parcels = sorted(shop.order(receipt_id)["fulfillments"], key=lambda parcel: parcel["created_at"])
    return [[label["tracking_number"] for label in parcel["labels"]] for parcel in parcels]


def test_two_lines_shipped_one_after_the_other_are_told_each_with_its_own_code(shop: Sold) -> None:
    receipt_id = shop.buys(VASE, 1, lines=[shop.line(LID)])
    shop.look()
    ships(shop, receipt_id, 0, "RR1", USPS)
    shop.look(3)
    assert (told(shop, receipt_id), in_medusa(shop, receipt_id)) == ([("RR1", "usps")], [["RR1"]])
    assert (shop.stock(LID), shop.stock(VASE)) == ([(PIECES - 1, 0)], [(PIECES, 1)]), "the rest is still here"
    ships(shop, receipt_id, 1, "1Z2", UPS)
    shop.look(3)
    assert told(shop, receipt_id) == [("RR1", "usps"), ("1Z2", "ups")]
    assert in_medusa(shop, receipt_id) == [["RR1"], ["1Z2"]]
    assert shop.world.receipt(receipt_id)["mails"] == 2
    assert (shop.receipt(receipt_id).state, shop.receipt(receipt_id).problem) == ("done", None)
    assert (shop.stock(LID), shop.stock(VASE)) == ([(PIECES - 1, 0)], [(PIECES - 1, 0)])


def test_pieces_of_one_line_in_two_parcels_are_told_each_with_its_own_code(shop: Sold) -> None:
    receipt_id = shop.buys(VASE, 3)
    shop.look()
    ships(shop, receipt_id, 0, "RR1", USPS, 2)
    shop.look(2)
    assert (told(shop, receipt_id), shop.stock(VASE)) == ([("RR1", "usps")], [(PIECES - 2, 1)])
    ships(shop, receipt_id, 0, "RR2", USPS)
    shop.look(2)
    assert (told(shop, receipt_id), shop.stock(VASE)) == ([("RR1", "usps"), ("RR2", "usps")], [(PIECES - 3, 0)])
    assert shop.receipt(receipt_id).problem is None


def test_what_is_shipped_on_etsy_after_a_parcel_of_medusas_gets_the_other_code(shop: Sold) -> None:
    receipt_id = shop.buys(VASE, 1, lines=[shop.line(LID)])
    shop.look()
    ships(shop, receipt_id, 0, "RR1", USPS)
    shop.look()
    shop.world.shipped(receipt_id, tracking_code="RR2", carrier_name="usps")
    shop.look(2)
    assert in_medusa(shop, receipt_id) == [["RR1"], ["RR2"]]
    assert [code for code, _ in told(shop, receipt_id)] == ["RR1", "RR2"]
    assert shop.stock(VASE) == [(PIECES - 1, 0)]


def test_a_parcel_whose_code_etsy_drops_ships_nothing_else(shop: Sold) -> None:
    """Etsy marks the order as shipped all the same: that was we, and says nothing of the other parcel."""
    receipt_id = shop.buys(VASE, 1, lines=[shop.line(LID)])
    shop.look()
    ships(shop, receipt_id, 0, "RR1", USPS)
    shop.world.selling(tracking="dropped")
    shop.look(3)
    assert (shop.world.receipt(receipt_id)["is_shipped"], told(shop, receipt_id)) == (True, [])
    assert in_medusa(shop, receipt_id) == [["RR1"]]
    assert shop.stock(VASE) == [(PIECES, 1)]
    assert "Etsy does not have the tracking code RR1" in (shop.receipt(receipt_id).problem or "")
