"""What a publication asks beside its changes, as a plan foresees it: never less than it takes."""

from typing import Any

import pytest

from etsy_pipeline.listings.listing import Attribute, ListingFile, ListingVideo, VariationImage
from etsy_pipeline.planning import looks
from etsy_pipeline.planning.changes import Difference
from etsy_pipeline.planning.fields import Part
from etsy_pipeline.planning.plan_item import PlanItem
from etsy_pipeline_tests.builders import a_listing

SHOP_AND_MAPPING = 2 + 7 + 1  # the shop; what mapping has to know; the properties of one category
A_HUNDRED_NEW = 2  # read back
A_HUNDRED_KNOWN = 4  # looked at before, and read back
SIX_STATES = 6


def beside(**changes: Any) -> int:
    values: dict[str, Any] = dict.fromkeys(("create", "update", "deactivate", "listings", "new_sections"), 0)
    values |= {"categories": {482}, "reads_orders": False, **changes}
    changing = values["create"] + values["update"] + values["deactivate"]
    return looks.beside(**({"products": changing} | values))


@pytest.mark.parametrize(
    ("plan", "calls"),
    [
        ({"create": 1}, A_HUNDRED_NEW + SIX_STATES),
        ({"create": 101, "listings": 12_000}, 2 * A_HUNDRED_NEW + SIX_STATES + 120),
        ({"update": 1, "listings": 12_000}, A_HUNDRED_KNOWN),
        ({"update": 100}, 2 * A_HUNDRED_KNOWN),  # those of price and stock are apart from others
        ({"deactivate": 3, "products": 100}, 2 * A_HUNDRED_KNOWN),
        ({"deactivate": 3, "products": 5000}, 3 * A_HUNDRED_KNOWN),  # each in another hundred, at worst
        ({"create": 1, "new_sections": 2}, A_HUNDRED_NEW + SIX_STATES + 1 + 2),
        ({"update": 1, "reads_orders": True}, A_HUNDRED_KNOWN + 1 + 2),
    ],
    ids=str,
)
def test_it_looks_at_the_shop_and_at_each_hundred(plan: dict[str, Any], calls: int) -> None:
    assert beside(**plan) == SHOP_AND_MAPPING + calls


def test_nothing_is_asked_where_nothing_changes() -> None:
    assert beside(products=500, listings=500) == 0


EXTRAS: dict[Part, tuple[object, ...]] = {
    "attributes": (Attribute(1, "Material", ("Cotton",), (1,)),),
    "videos": (ListingVideo("http://videos.test/1.mp4"),),
    "files": (ListingFile("http://files.test/1.pdf", "pattern.pdf"),),
    "variation_images": (VariationImage(513, "S", "http://pictures.test/1.png"),),
}


@pytest.mark.parametrize(
    ("part", "new", "changed"),
    [("attributes", 1, 2), ("videos", 6, 6), ("files", 2, 2), ("variation_images", 0, 1), ("inventory", 0, 0)],
)
def test_what_etsy_tells_of_one_listing_at_a_time_is_looked_at_by_itself(part: Part, new: int, changed: int) -> None:
    listing = a_listing(**({part: EXTRAS[part]} if part in EXTRAS else {}))
    change = Difference(part, part, "", "another")
    assert looks.of_item(PlanItem("p", "Mug", "create", "", listing)) == new
    assert looks.of_item(PlanItem("p", "Mug", "update", "", listing, (change,))) == changed
    assert looks.of_item(PlanItem("p", "Mug", "skip", "", listing)) == 0
