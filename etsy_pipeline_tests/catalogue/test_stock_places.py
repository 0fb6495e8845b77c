"""Only stock that can be sold counts: that of locations which are linked to the shop's sales channels."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from etsy_pipeline.catalogue.medusa import MedusaCatalogue
from etsy_pipeline.catalogue.patience import Patience
from etsy_pipeline.catalogue.product import MalformedProduct, Product, parse_product
from etsy_pipeline.catalogue.selection import Selection
from etsy_pipeline.catalogue.stock_places import OWN_CHANNELS, SoldFrom, stock_places
from etsy_pipeline.catalogue.told import TOLD
from etsy_pipeline.errors import NeedsPerson, NotConfigured, PipelineError
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline_tests.catalogue.medusa_server import SmallMedusa, a_raw_variant, running

WEB, B2B, RETURNS = "sloc_web", "sloc_b2b", "sloc_returns"


def place(location_id: str, *channels: str) -> dict[str, Any]:
    return {"id": location_id, "name": location_id, "sales_channels": [{"id": channel} for channel in channels]}


PLACES = [place(WEB, "sc_web", "sc_etsy"), place(B2B, "sc_b2b"), place(RETURNS)]


def a_mug(channels: list[str], **pieces: int) -> dict[str, Any]:
    levels = [
        {"location_id": f"sloc_{name}", "stocked_quantity": count, "reserved_quantity": 0}
        for name, count in pieces.items()
    ]
    items = [{"required_quantity": 1, "inventory": {"location_levels": levels}}]
    variant = a_raw_variant(manage_inventory=True, inventory_items=items)
    return {
        "id": "prod_A", "title": "Stoneware mug", "status": "published", "images": [], "variants": [variant],
        "sales_channels": [{"id": channel} for channel in channels],
        **dict.fromkeys(TOLD[1:]),
    }  # fmt: skip


def available(raw: dict[str, Any], sold_from: SoldFrom = OWN_CHANNELS) -> int | None:
    return parse_product(raw, places=stock_places(PLACES, sold_from)).variants[0].available


def chosen(*channels: str) -> SoldFrom:
    return SoldFrom(sales_channel_ids=channels)


@pytest.mark.parametrize(
    ("web", "sold"), [(5, 5), (0, 0)], ids=["5 to sell and 40 that came back", "none to sell and 40 that came back"]
)
def test_pieces_in_a_returns_warehouse_are_not_offered(web: int, sold: int) -> None:
    """They were once: as 45, and as 40."""
    assert available(a_mug(["sc_web"], web=web, returns=40), chosen("sc_web")) == sold


def test_with_no_sales_channel_chosen_those_of_the_product_count() -> None:
    assert available(a_mug(["sc_web"], web=5, b2b=2, returns=40)) == 5
    assert available(a_mug(["sc_web", "sc_b2b"], web=5, b2b=2, returns=40)) == 7


def test_the_chosen_sales_channel_counts_even_where_the_product_is_in_others_too() -> None:
    assert available(a_mug(["sc_web", "sc_b2b"], web=5, b2b=2), chosen("sc_b2b")) == 2


def test_a_product_in_no_sales_channel_is_sold_from_every_place_that_sells() -> None:
    assert available(a_mug([], web=5, b2b=2, returns=40)) == 7


def test_the_shops_own_list_of_locations_goes_before_everything() -> None:
    settings = ShopSettings.model_validate(
        {"stock_locations": [RETURNS], "selection": {"sales_channel_ids": ["sc_web"]}}
    )
    assert available(a_mug(["sc_web"], web=5, returns=40), settings.sold_from) == 40


def test_a_shop_with_one_location_gets_what_it_got() -> None:
    one = stock_places([place(WEB, "sc_default")], OWN_CHANNELS)
    assert parse_product(a_mug(["sc_default"], web=5), places=one).variants[0].available == 5


@pytest.mark.parametrize("left_out", ["sales_channels", "location_id"])
def test_what_tells_where_stock_is_sold_and_is_left_out_makes_the_product_unreadable(left_out: str) -> None:
    """A role may filter fields: nothing is counted then, and nothing is sold out."""
    raw = a_mug(["sc_web"], web=5)
    levels = raw["variants"][0]["inventory_items"][0]["inventory"]["location_levels"]
    del (raw if left_out == "sales_channels" else levels[0])[left_out]
    with pytest.raises(MalformedProduct, match=f"has no field '{left_out}'"):
        available(raw)


@pytest.mark.parametrize(
    ("rows", "sold_from", "error", "code"),
    [
        ([{"id": WEB}, {"id": B2B}], OWN_CHANNELS, NeedsPerson, "stock_locations_unreadable"),
        (["what?"], OWN_CHANNELS, NeedsPerson, "stock_locations_unreadable"),
        ([{"id": WEB, "sales_channels": 5}], OWN_CHANNELS, NeedsPerson, "stock_locations_unreadable"),
        ([place(WEB), place(B2B)], OWN_CHANNELS, NotConfigured, "no_location_sells"),
        (PLACES, chosen("sc_other"), NotConfigured, "no_location_sells"),
        (PLACES, SoldFrom((WEB, "sloc_typo")), NotConfigured, "stock_location_unknown"),
    ],
)
def test_where_nothing_says_what_may_be_sold_no_catalogue_is_read(
    rows: list[Any], sold_from: SoldFrom, error: type[PipelineError], code: str
) -> None:
    """A plan would take the whole shop off Etsy."""
    with pytest.raises(error) as caught:
        stock_places(rows, sold_from)
    assert (caught.value.code, bool(caught.value.hint)) == (code, True)


def test_one_location_without_links_is_one_that_does_not_sell() -> None:
    places = stock_places([place(WEB, "sc_web"), {"id": RETURNS}], OWN_CHANNELS)
    assert parse_product(a_mug(["sc_web"], web=5, returns=40), places=places).variants[0].available == 5


@pytest.fixture
def medusa() -> Iterator[SmallMedusa]:
    with running(SmallMedusa([a_mug(["sc_web"], web=5, returns=40)])) as server:
        server.locations = (200, json.dumps({"stock_locations": PLACES, "count": len(PLACES)}))
        yield server


def read(server: SmallMedusa) -> Product:
    catalogue = MedusaCatalogue(server.url, "sk_key", patience=Patience(0))
    return next(catalogue.pages(Selection())).products[0]


def test_medusa_is_asked_which_locations_sell(medusa: SmallMedusa) -> None:
    assert read(medusa).variants[0].available == 5
    fields = medusa.asked[0]["fields"][0].split(",")
    levels = "variants.inventory_items.inventory.location_levels"
    assert {"sales_channels.id", f"{levels}.location_id"} <= set(fields)


@pytest.mark.parametrize(
    "answer", [(403, "{}"), (200, json.dumps({"stock_locations": PLACES, "count": 1001}))], ids=["refused", "in part"]
)
def test_locations_that_medusa_does_not_show_whole_stop_the_reading(
    medusa: SmallMedusa, answer: tuple[int, str]
) -> None:
    medusa.locations = answer
    with pytest.raises(NeedsPerson, match="stock_locations_unreadable"):
        read(medusa)
    assert medusa.asked == []
