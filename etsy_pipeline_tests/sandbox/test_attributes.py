"""Attributes of listings on the local Etsy, and a shop's sections (LISTING_EXTRAS §3, §6)."""

from typing import Any

import httpx
import pytest

from etsy_pipeline_tests.etsy_spec import response_problems
from etsy_pipeline_tests.sandbox.conftest import SHOP, Etsy, control
from etsy_pipeline_tests.sandbox.listings import put_inventory
from etsy_pipeline_tests.world import World

REQUIRED = {"error": "There was a problem with /attributes : Must supply all required attributes"}
NOT_VALID = "There was a problem with /attributes : Attributes not valid for property"
CRAFT_SUPPLIES, TEES, MUGS = "562", "482", "891"
CRAFT_TYPE, SLEEVES, RECIPIENT = 46803063651, 46803063661, 46803063671
SIZE, COLOR, WIDTH, MATERIAL = 100, 200, 47626759898, 148789511893
US, EU = 19, 20


@pytest.fixture(autouse=True)
def another_shop(world: World) -> None:
    """Nothing of an earlier test is left."""
    control(world, "POST", "reset", {})


def definition(etsy: Etsy, property_id: int, taxonomy_id: str = MUGS) -> dict[str, Any]:
    answer = etsy("GET", f"/seller-taxonomy/nodes/{taxonomy_id}/properties").json()
    found: dict[str, Any] = next(item for item in answer["results"] if item["property_id"] == property_id)
    return found


def form(etsy: Etsy, property_id: int, *values: str, taxonomy_id: str = MUGS) -> dict[str, str]:
    """Values as Etsy lists them for a property."""
    ids = {
        item["name"]: str(item["value_id"]) for item in definition(etsy, property_id, taxonomy_id)["possible_values"]
    }
    return {"value_ids": ",".join(ids[value] for value in values), "values": ",".join(values)}


def path(listing_id: int, property_id: int | str = "") -> str:
    return f"/shops/{SHOP}/listings/{listing_id}/properties/{property_id}".rstrip("/")


def put(etsy: Etsy, listing_id: int, property_id: int, **fields: str) -> httpx.Response:
    return etsy("PUT", path(listing_id, property_id), data=fields)


def shown(etsy: Etsy, listing_id: int) -> list[tuple[str, str | None, list[str]]]:
    found = etsy("GET", path(listing_id)).json()
    assert response_problems("getListingProperties", 200, found) == []
    return [(item["property_name"], item["scale_name"], item["values"]) for item in found["results"]]


def refused(answer: httpx.Response) -> str:
    assert answer.status_code == 400, answer.text
    words: str = answer.json()["error"]
    return words


def test_an_attribute_is_set_read_and_taken_away(etsy: Etsy) -> None:
    listing_id = etsy.draft()
    answer = put(etsy, listing_id, MATERIAL, **form(etsy, MATERIAL, "Cotton", "Wood"))
    assert response_problems("updateListingProperty", 200, answer.json()) == []
    assert shown(etsy, listing_id) == [("Material", None, ["Cotton", "Wood"])]
    assert etsy("DELETE", path(listing_id, MATERIAL)).status_code == 204
    assert shown(etsy, listing_id) == []
    assert etsy("DELETE", path(listing_id, MATERIAL)).status_code == 404


def test_one_attribute_alone_cannot_be_read(etsy: Etsy) -> None:
    """Etsy's document: 501."""
    assert etsy("GET", f"/listings/{etsy.draft()}/properties/{MATERIAL}").status_code == 501


def test_values_come_back_with_ids_of_the_shop_that_are_good_as_well(etsy: Etsy) -> None:
    listing_id, sent = etsy.draft(), form(etsy, MATERIAL, "Cotton")
    (told,) = put(etsy, listing_id, MATERIAL, **sent).json()["value_ids"]
    assert str(told) != sent["value_ids"]
    assert put(etsy, listing_id, MATERIAL, value_ids=str(told), values="Cotton").status_code == 200


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"values": "Cotton"}, "Missing input parameter: [value_ids]"),
        ({"value_ids": "", "values": "Cotton"}, "Missing input parameter: [value_ids]"),
        ({"value_ids": "1"}, "Missing input parameter: [values]"),
        ({"value_ids": "0", "values": "Cotton"}, "IDs must be >= 1"),
        ({"value_ids": "x", "values": "Cotton"}, "must be ids"),
        ({"value_ids": "1", "values": "Cotton"}, NOT_VALID),
        ({"value_ids": "1,2", "values": "Cotton"}, NOT_VALID),
        ({"value_ids": "1", "values": "Velvet"}, NOT_VALID),
    ],
)
def test_an_attribute_needs_listed_values_and_their_ids(etsy: Etsy, fields: dict[str, str], words: str) -> None:
    """Words of issues 292, 505 and 659 of etsy/open-api."""
    assert words in refused(put(etsy, etsy.draft(), MATERIAL, **fields))


def test_only_as_many_values_are_taken_as_the_property_allows(etsy: Etsy) -> None:
    found = definition(etsy, MATERIAL)
    assert (found["is_multivalued"], found["max_values_allowed"]) == (True, 3)
    four = form(etsy, MATERIAL, "Cotton", "Wood", "Glass", "Linen")
    assert refused(put(etsy, etsy.draft(), MATERIAL, **four)) == NOT_VALID
    assert definition(etsy, COLOR)["is_multivalued"] is False
    assert refused(put(etsy, etsy.draft(), COLOR, **form(etsy, COLOR, "Red", "Blue"))) == NOT_VALID


def test_a_property_without_listed_values_cannot_be_set(etsy: Etsy) -> None:
    """Issues 283, 292 and 659."""
    listing_id = etsy.draft()
    assert "[value_ids]" in refused(put(etsy, listing_id, WIDTH, value_ids="", values="12", scale_id="6"))
    assert refused(put(etsy, listing_id, WIDTH, value_ids="1", values="12", scale_id="6")) == NOT_VALID


@pytest.mark.parametrize("scale", [{}, {"scale_id": str(US)}, {"scale_id": "999"}])
def test_a_value_of_another_scale_is_taken_and_shown_to_nobody(etsy: Etsy, scale: dict[str, str]) -> None:
    """Issue 502."""
    listing_id, sent = etsy.draft(), form(etsy, SIZE, "38")
    assert put(etsy, listing_id, SIZE, **sent, **scale).status_code == 200
    assert shown(etsy, listing_id) == [("Size", None, ["38"])]
    put(etsy, listing_id, SIZE, **sent, scale_id=str(EU))
    assert shown(etsy, listing_id) == [("Size", "EU", ["38"])]


def test_a_deprecated_property_is_told_and_refused(etsy: Etsy) -> None:
    """Discussion 1378."""
    assert refused(put(etsy, etsy.draft(), RECIPIENT, **form(etsy, RECIPIENT, "Pets"))) == NOT_VALID


def test_what_a_listing_varies_by_is_no_attribute(etsy: Etsy) -> None:
    """The strict reading."""
    listing_id, sent = etsy.draft(), form(etsy, COLOR, "Red")
    body = {
        "property_id": COLOR,
        "property_name": "Primary color",
        "values": ["Red"],
        "value_ids": [int(sent["value_ids"])],
    }
    offering = {"price": 10.0, "quantity": 2, "is_enabled": True, "readiness_state_id": SHOP * 10 + 1}
    products = [{"sku": "", "property_values": [body], "offerings": [offering]}]
    assert put_inventory(etsy, listing_id, {"products": products}).status_code == 200
    assert refused(put(etsy, listing_id, COLOR, **sent)) == NOT_VALID


def test_a_category_that_requires_an_attribute_is_changed_to_without_it(etsy: Etsy) -> None:
    """Release of 2022-01-14. Before that the attribute cannot be set: the category has no such property."""
    listing_id, sent = etsy.draft(), form(etsy, CRAFT_TYPE, "Beading", taxonomy_id=CRAFT_SUPPLIES)
    assert refused(put(etsy, listing_id, CRAFT_TYPE, **sent)) == NOT_VALID
    assert etsy.patch(listing_id, taxonomy_id=CRAFT_SUPPLIES).status_code == 200
    assert put(etsy, listing_id, CRAFT_TYPE, **sent).status_code == 200


def test_an_attribute_that_the_new_category_lacks_cannot_be_taken_away_any_more(etsy: Etsy) -> None:
    """Issue 505."""
    listing_id = etsy.draft(taxonomy_id=TEES)
    put(etsy, listing_id, SLEEVES, **form(etsy, SLEEVES, "Long sleeve", taxonomy_id=TEES))
    etsy.patch(listing_id, taxonomy_id=MUGS)
    assert refused(etsy("DELETE", path(listing_id, SLEEVES))) == NOT_VALID
    assert shown(etsy, listing_id) == [("Sleeve length", None, ["Long sleeve"])]


def test_publishing_needs_the_required_property(etsy: Etsy) -> None:
    """Invented: a draft can be made without it, for createDraftListing takes no properties."""
    listing_id = etsy.draft(taxonomy_id=CRAFT_SUPPLIES)
    assert etsy.patch(listing_id, state="active").json() == REQUIRED
    put(etsy, listing_id, CRAFT_TYPE, **form(etsy, CRAFT_TYPE, "Beading", taxonomy_id=CRAFT_SUPPLIES))
    assert etsy.patch(listing_id, state="active").json() != REQUIRED


def test_a_variation_by_the_required_property_will_do(etsy: Etsy) -> None:
    """Invented."""
    listing_id = etsy.draft(taxonomy_id=TEES)
    assert etsy.patch(listing_id, state="active").json() == REQUIRED
    value = {"property_id": SLEEVES, "property_name": "Sleeve length", "value_ids": [], "values": ["Long sleeve"]}
    offering = {"price": 10.0, "quantity": 2, "is_enabled": True, "readiness_state_id": SHOP * 10 + 1}
    put_inventory(etsy, listing_id, {"products": [{"sku": "", "property_values": [value], "offerings": [offering]}]})
    assert etsy.patch(listing_id, state="active").json() != REQUIRED


def make_section(etsy: Etsy, title: str) -> httpx.Response:
    return etsy("POST", f"/shops/{SHOP}/sections", data={"title": title})


def test_a_shop_has_twenty_sections(etsy: Etsy) -> None:
    there = etsy("GET", f"/shops/{SHOP}/sections").json()["count"]
    for number in range(20 - there):
        assert make_section(etsy, f"Section {number}").status_code == 200
    assert "more than 20" in refused(make_section(etsy, "One more"))


@pytest.mark.parametrize("title", ["", "   ", "x" * 25])
def test_a_section_has_a_short_title(etsy: Etsy, title: str) -> None:
    assert "1 to 24 characters" in refused(make_section(etsy, title))


def test_a_section_of_the_same_name_is_made_once_more(etsy: Etsy) -> None:
    """There is no idempotency: whoever makes one looks before."""
    first, second = (make_section(etsy, "Bowls").json()["shop_section_id"] for _ in range(2))
    assert first != second
