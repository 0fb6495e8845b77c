"""Where the local Etsy could be kinder than Etsy by accident: what it must notice, and what it must do all the same."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from etsy_pipeline_tests.etsy_spec import response_problems
from etsy_pipeline_tests.sandbox.conftest import GOOD, HTTP, PROFILE, SHOP, Etsy, control
from etsy_pipeline_tests.sandbox.listings import READINESS, a_picture, images_of, inventory_of, put_inventory, upload
from etsy_pipeline_tests.world import World

OTHER_SHOP = SHOP + 1


def edit(world: World, listing_id: int, **changes: Any) -> None:
    """What the seller does in Shop Manager."""
    assert control(world, "PATCH", f"listings/{listing_id}", changes) == {"listing_id": listing_id}


def active(etsy: Etsy) -> int:
    listing_id = etsy.draft()
    upload(etsy, listing_id)
    assert etsy.patch(listing_id, state="active").status_code == 200
    return listing_id


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"price": "1_0"}, "must be a number"),
        ({"price": "nan"}, "must be a number"),
        ({"price": "1e2"}, "must be a number"),
        ({"quantity": "--5"}, "must be an integer"),
        ({"quantity": "٥"}, "must be an integer"),
        ({"quantity": "9" * 30}, "must be an integer"),
        ({"taxonomy_id": "9" * 19}, "must be an integer"),
        ({"is_supply": "yes"}, "must be true or false"),
        ({"image_ids": "x"}, "must be ids"),
        ({"when_made": "2020_2025"}, "must be one of"),
        ({"title": "two\nlines"}, "contains invalid characters"),
        ({"styles": "a,b,c"}, "cannot be more than 2 items"),
        ({"who_made": "someone_else", "production_partner_ids": "1"}, "/production/partner/ids : not found"),
        ({"shipping_profile_id": str(PROFILE + 1)}, "not found in this shop"),
        ({"readiness_state_id": str(PROFILE + 10)}, "not found in this shop"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_field_that_only_looks_right_is_refused(etsy: Etsy, changes: dict[str, str | None], words: str) -> None:
    """FACTS §5; a deleted shipping profile and another shop's processing profile are none."""
    answer = etsy.create(**changes)
    assert answer.status_code == 400
    assert words in answer.json()["error"]


def test_a_partner_of_the_shop_lets_somebody_else_make_it(etsy: Etsy) -> None:
    """FACTS §5."""
    partners = etsy("GET", f"/shops/{SHOP}/production-partners").json()["results"]
    ids = str(partners[0]["production_partner_id"])
    assert etsy.create(who_made="someone_else", production_partner_ids=ids).status_code == 201


def test_the_first_range_of_when_made_ends_with_this_year(etsy: Etsy, world: World) -> None:
    """FACTS §5: it changes every January, so last year's value must not go unnoticed."""
    years = [answer.status_code for answer in (etsy.create(when_made="2020_2026"), etsy.create(when_made="2020_2027"))]
    control(world, "POST", "clock", {"advance_seconds": 366 * 86_400})
    later = [answer.status_code for answer in (etsy.create(when_made="2020_2026"), etsy.create(when_made="2020_2027"))]
    control(world, "POST", "reset", {})
    assert (years, later) == ([201, 400], [400, 201])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"/shops/{OTHER_SHOP}/listings"),
        ("GET", f"/shops/{OTHER_SHOP}/shipping-profiles"),
        ("POST", f"/shops/{OTHER_SHOP}/listings"),
    ],
)
def test_another_sellers_shop_is_a_403(etsy: Etsy, method: str, path: str) -> None:
    """FACTS §11."""
    assert etsy(method, path, **({"data": GOOD} if method == "POST" else {})).status_code == 403


def test_a_draft_is_for_its_owner_only(etsy: Etsy) -> None:
    """FACTS §6: reading one's own draft takes the token."""
    listing_id = etsy.draft()
    nobody = {"authorization": None}
    assert etsy("GET", f"/listings/{listing_id}", headers=nobody).status_code == 404
    batch = etsy("GET", "/listings/batch", params={"listing_ids": str(listing_id)}, headers=nobody)
    assert batch.json() == {"count": 0, "results": []}


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "101"}, {"limit": "0"}, {"offset": "12001"}, {"offset": "11901", "limit": "100"}, {"state": "hidden"},
        {"sort_on": "title"}, {"sort_order": "newest"},
    ],
)  # fmt: skip
def test_lists_have_bounds(etsy: Etsy, query: dict[str, str]) -> None:
    """FACTS §10."""
    assert etsy("GET", f"/shops/{SHOP}/listings", params=query).status_code == 400


def test_the_last_page_ends_at_the_ceiling(etsy: Etsy) -> None:
    """FACTS §10."""
    query = {"offset": "11900", "limit": "100"}
    assert etsy("GET", f"/shops/{SHOP}/listings", params=query).status_code == 200


def test_an_order_that_is_asked_for_without_a_search_changes_nothing(etsy: Etsy) -> None:
    """FACTS §10: the note on sort_on and sort_order in Etsy's document."""
    made = [etsy.draft() for _ in range(2)]
    for order in ({}, {"sort_on": "created", "sort_order": "asc"}):
        found = etsy("GET", f"/shops/{SHOP}/listings", params={"state": "draft", **order}).json()["results"]
        assert [item["listing_id"] for item in found][:2] == made[::-1]


@pytest.mark.parametrize("path", ["/listings/x", f"/listings/{'9' * 25}", "/listings/-1", "/nothing/at/all"])
def test_a_path_that_names_nothing_is_a_404(etsy: Etsy, path: str) -> None:
    """FACTS §11."""
    assert (answer := etsy("GET", path)).status_code == 404
    assert answer.json() == {"error": "Resource not found"}


def test_the_key_comes_before_token_body_and_path(etsy: Etsy) -> None:
    """FACTS §3: a bad key never yields another error."""
    headers = {"x-api-key": "wrong:key", "authorization": None}
    for path in (f"/shops/{SHOP}/listings", "/nothing"):
        assert etsy("POST", path, headers=headers, json={"bad": 1}).status_code == 403


def test_a_sold_out_listing_is_renewed_with_one_piece_for_a_fee(etsy: Etsy, world: World) -> None:
    """FACTS §6."""
    listing_id = active(etsy)
    edit(world, listing_id, state="sold_out", quantity=0)
    fees = control(world, "GET", "state")["counts"]["fee"]
    answer = etsy.patch(listing_id, state="active").json()
    assert (answer["state"], answer["quantity"]) == ("active", 1)
    assert control(world, "GET", "state")["counts"]["fee"] == fees + 1


def test_an_expired_listing_is_renewed_for_a_fee(etsy: Etsy, world: World) -> None:
    """FACTS §6."""
    listing_id = active(etsy)
    edit(world, listing_id, state="expired")
    assert etsy.patch(listing_id, state="active").json()["state"] == "active"
    rows = world.sandbox.state.rows("SELECT reason FROM fee WHERE listing_id = ? ORDER BY fee_id", listing_id)
    assert [row["reason"] for row in rows] == ["listing", "renewal"]


def test_a_listing_that_etsy_removed_stays_removed(etsy: Etsy, world: World) -> None:
    """FACTS §6."""
    listing_id = active(etsy)
    edit(world, listing_id, state="removed")
    assert etsy.patch(listing_id, state="active").status_code == 400


def test_what_the_seller_edits_shows_and_a_patch_leaves_it(etsy: Etsy, world: World) -> None:
    listing_id = etsy.draft()
    edit(world, listing_id, title="By hand", price=11, quantity=2)
    answer = etsy.patch(listing_id, tags="mug").json()
    assert (answer["title"], answer["price"]["amount"], answer["quantity"]) == ("By hand", 1100, 2)


def test_a_listing_with_variations_cannot_become_a_download(etsy: Etsy) -> None:
    """FACTS §6."""
    listing_id = etsy.draft()
    put_inventory(etsy, listing_id, inventory_of("S", "L"))
    assert etsy.patch(listing_id, type="download").status_code == 409


def test_another_listings_picture_is_not_taken_away(etsy: Etsy) -> None:
    """FACTS §5, §6 do not say what Etsy would do: refused."""
    first, second = etsy.draft(), etsy.draft()
    image_id = upload(etsy, first).json()["listing_image_id"]
    answer = etsy.patch(second, image_ids=str(image_id))
    assert answer.json() == {"error": "There was a problem with /images : That ListingImage does not exist."}
    assert images_of(etsy, first) == [image_id]


def test_a_detached_picture_can_be_attached_again(etsy: Etsy) -> None:
    """FACTS §6."""
    listing_id = etsy.draft()
    one, two = (upload(etsy, listing_id, rank).json()["listing_image_id"] for rank in (1, 2))
    etsy.patch(listing_id, image_ids=str(one))
    etsy.patch(listing_id, image_ids=f"{two},{one}")
    assert images_of(etsy, listing_id) == [two, one]


def test_posting_a_pictures_id_again_changes_its_alt_text(etsy: Etsy) -> None:
    """FACTS §8: there is no updateListingImage."""
    listing_id = etsy.draft()
    image_id = upload(etsy, listing_id, alt_text="A mug").json()["listing_image_id"]
    path = f"/shops/{SHOP}/listings/{listing_id}/images"
    files = {"listing_image_id": (None, str(image_id)), "alt_text": (None, 'The "new" mug')}
    answer = etsy("POST", path, files=files)
    assert (answer.status_code, answer.json()["alt_text"]) == (201, "The &quot;new&quot; mug")
    assert images_of(etsy, listing_id) == [image_id]


@pytest.mark.parametrize("fields", [{"alt_text": "x" * 501}, {"rank": "0"}, {"rank": "21"}, {"overwrite": "yes"}])
def test_fields_of_a_picture_have_bounds(etsy: Etsy, fields: dict[str, str]) -> None:
    """FACTS §8."""
    files = {"image": ("mug.jpg", a_picture())}
    answer = etsy("POST", f"/shops/{SHOP}/listings/{etsy.draft()}/images", files=files, data=fields)
    assert answer.status_code == 400


def test_a_picture_above_ten_megabytes_is_refused(etsy: Etsy) -> None:
    """FACTS §8: sources disagree on 10 or 20 MB, so the smaller."""
    answer = upload(etsy, etsy.draft(), content=a_picture() + bytes(10 * 1024 * 1024))
    assert "too large" in answer.json()["error"]


def test_a_pictures_addresses_serve_it(etsy: Etsy) -> None:
    image = upload(etsy, etsy.draft()).json()
    for name in ("url_fullxfull", "url_570xN", "url_75x75"):
        assert HTTP.get(image[name]).content == a_picture(), name


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda value: value.update(property_id=999), "no variation property"),
        (lambda value: value.update(property_id=True), "property_id and value_ids are required"),
        (lambda value: value.update(property_name=""), "Expected string value for 'property_name'"),
        (lambda value: value.update(value_ids=[4]), "does not belong to the value"),
        (lambda value: value.update(values=["S", "M"]), "exactly one value"),
        (lambda value: value.update(values=["  "]), "exactly one value"),
        (lambda value: value.update(scale_name="inches"), "invalid keys"),
    ],
)
def test_a_property_value_that_etsy_would_refuse_is_refused(
    etsy: Etsy, spoil: Callable[[dict[str, Any]], None], words: str
) -> None:
    """FACTS §7."""
    body = inventory_of("S")
    spoil(body["products"][0]["property_values"][0])
    answer = put_inventory(etsy, etsy.draft(), body)
    assert answer.status_code == 400
    assert words in answer.json()["error"]


def test_a_property_has_one_name_for_all_products(etsy: Etsy) -> None:
    """FACTS §7."""
    body = inventory_of("S", "L")
    body["products"][1]["property_values"][0]["property_name"] = "Length"
    assert "must be the same" in put_inventory(etsy, etsy.draft(), body).json()["error"]


@pytest.mark.parametrize(("count", "status"), [(70, 200), (71, 400)])
def test_a_property_has_seventy_values_at_most(etsy: Etsy, count: int, status: int) -> None:
    """FACTS §7."""
    body = inventory_of(*(f"Size {number}" for number in range(count)))
    assert put_inventory(etsy, etsy.draft(), body).status_code == status


def test_nan_is_no_json(etsy: Etsy) -> None:
    """FACTS §4."""
    content = b'{"products": [], "price_on_property": NaN}'
    answer = etsy("PUT", f"/listings/{etsy.draft()}/inventory", content=content)
    assert answer.json() == {"error": "Not a valid JSON string"}


def test_a_disabled_cell_comes_back_with_price_zero(etsy: Etsy) -> None:
    """FACTS §7."""
    listing_id, body = etsy.draft(), inventory_of("S", "L")
    body["products"][1]["offerings"][0]["is_enabled"] = False
    found = put_inventory(etsy, listing_id, body).json()["products"]
    assert [product["offerings"][0]["price"]["amount"] for product in found] == [1000, 0]
    listing = etsy("GET", f"/listings/{listing_id}").json()
    assert (listing["quantity"], listing["price"]["amount"], listing["has_variations"]) == (2, 1000, True)


def test_value_ids_come_back_as_the_shops_own_and_may_be_sent_again(etsy: Etsy) -> None:
    """FACTS §7."""
    listing_id, body = etsy.draft(), inventory_of("Red", "Blue")
    for product in body["products"]:
        product["property_values"][0].update(property_id=200, property_name="Primary color")
    found = put_inventory(etsy, listing_id, body).json()["products"]
    ids = [product["property_values"][0]["value_ids"] for product in found]
    assert ids[0] != ids[1]
    for product, value_ids in zip(body["products"], ids, strict=True):
        product["property_values"][0]["value_ids"] = value_ids
    assert put_inventory(etsy, listing_id, body).status_code == 200


def links(etsy: Etsy, listing_id: int, items: list[dict[str, Any]]) -> httpx.Response:
    body = {"variation_images": items}
    return etsy("POST", f"/shops/{SHOP}/listings/{listing_id}/variation-images", json=body)


def a_link(etsy: Etsy, listing_id: int) -> dict[str, int]:
    image_id = upload(etsy, listing_id).json()["listing_image_id"]
    product = put_inventory(etsy, listing_id, inventory_of("S", "L")).json()["products"][0]
    return {"property_id": 513, "value_id": product["property_values"][0]["value_ids"][0], "image_id": image_id}


def test_a_picture_that_is_replaced_leaves_its_link_dangling_until_the_links_are_set_again(etsy: Etsy) -> None:
    """FACTS §7: order is images, inventory, variation images."""
    listing_id = etsy.draft()
    link = a_link(etsy, listing_id)
    answer = links(etsy, listing_id, [link])
    assert answer.json()["results"] == [link | {"value": "S"}]
    assert response_problems("updateVariationImages", 200, answer.json()) == []
    upload(etsy, listing_id, overwrite="true")
    refused = put_inventory(etsy, listing_id, inventory_of("S", "L"))
    assert refused.json() == {"error": f"image id {link['image_id']} is invalid"}
    assert links(etsy, listing_id, []).json() == {"count": 0, "results": []}
    assert put_inventory(etsy, listing_id, inventory_of("S", "L")).status_code == 200


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"image_id": 1}, "image id 1 is invalid"),
        ({"value_id": 1}, "variation with property_id 513 and value_id 1 is invalid"),
        ({"property_id": 514}, "variation with property_id 514 and value_id"),
        ({"image_id": "1"}, "Missing input parameter: [variation_images]"),
        ({"value": "S"}, "Missing input parameter: [variation_images]"),
    ],
)
def test_a_link_needs_a_value_and_a_picture_that_are_there_and_nothing_else(
    etsy: Etsy, change: dict[str, Any], words: str
) -> None:
    """LISTING_EXTRAS §1."""
    listing_id = etsy.draft()
    answer = links(etsy, listing_id, [a_link(etsy, listing_id) | change])
    assert (answer.status_code, answer.json()["error"][: len(words)]) == (400, words)


def test_links_are_of_one_property_and_each_value_has_one(etsy: Etsy) -> None:
    """LISTING_EXTRAS §1 (#452)."""
    listing_id = etsy.draft()
    link = a_link(etsy, listing_id)
    several = links(etsy, listing_id, [link, link | {"property_id": 514}])
    assert several.json() == {"error": "variation images contains multiple property_ids"}
    assert links(etsy, listing_id, [link, link]).status_code == 400


def test_an_inventory_with_other_values_unlinks_all_pictures_and_another_price_none(etsy: Etsy, world: World) -> None:
    """LISTING_EXTRAS §1: that any inventory did so in 2021-22 (#200, #384) is a fault."""
    listing_id = etsy.draft()
    link = a_link(etsy, listing_id)
    path = f"/shops/{SHOP}/listings/{listing_id}/variation-images"
    links(etsy, listing_id, [link])
    put_inventory(etsy, listing_id, inventory_of("S", "L"))
    assert etsy("GET", path).json()["count"] == 1
    put_inventory(etsy, listing_id, inventory_of("S", "L", "XL"))
    assert etsy("GET", path).json()["count"] == 0
    links(etsy, listing_id, [link])
    control(world, "POST", "faults", {"operation": "updateListingInventory", "kind": "unlinks", "times": 1})
    put_inventory(etsy, listing_id, inventory_of("S", "L", "XL"))
    assert etsy("GET", path).json()["count"] == 0


def test_an_equal_processing_profile_is_a_409_with_its_address(etsy: Etsy) -> None:
    """FACTS §9: this serves as get-or-create."""
    form = {"readiness_state": "made_to_order", "min_processing_time": "1", "max_processing_time": "2"}
    first = etsy("POST", READINESS, data={**form, "processing_time_unit": "weeks"})
    assert response_problems("createShopReadinessStateDefinition", 201, first.json()) == []
    second = etsy("POST", READINESS, data={**form, "processing_time_unit": "weeks"})
    assert second.status_code == 409
    assert second.headers["content-location"].endswith(f"/{first.json()['readiness_state_id']}")
    assert etsy("POST", READINESS, data={**form, "max_processing_time": "11"}).status_code == 400


def test_a_section_is_made_and_used(etsy: Etsy) -> None:
    """FACTS §9."""
    section = etsy("POST", f"/shops/{SHOP}/sections", data={"title": "Mugs"}).json()
    assert response_problems("createShopSection", 200, section) == []
    created = etsy.create(shop_section_id=str(section["shop_section_id"])).json()
    assert created["shop_section_id"] == section["shop_section_id"]


def test_deleted_shipping_profiles_are_listed_too(etsy: Etsy) -> None:
    """FACTS §9."""
    found = etsy("GET", f"/shops/{SHOP}/shipping-profiles").json()["results"]
    assert [profile["is_deleted"] for profile in found] == [False, True, False]


def test_deleting_a_listing_takes_a_scope_of_its_own(etsy: Etsy) -> None:
    """FACTS §6."""
    listing_id = etsy.draft()
    limited = Etsy(etsy.sandbox, scope="listings_r listings_w")
    assert limited("DELETE", f"/listings/{listing_id}").status_code == 403
    assert etsy("DELETE", f"/listings/{listing_id}").status_code == 204
    assert etsy("GET", f"/listings/{listing_id}").status_code == 404


def test_headers_tell_what_is_left_of_the_second_and_the_day(world: World) -> None:
    """FACTS §12."""
    control(world, "POST", "reset", {})
    control(world, "POST", "limits", {"per_second": 50, "per_day": 60})
    headers = [Etsy(world.sandbox)("GET", "/openapi-ping").headers for _ in range(2)]
    assert [header["x-remaining-today"] for header in headers] == ["59", "58"]
    assert [header["x-limit-per-day"] for header in headers] == ["60", "60"]
    assert [header["x-remaining-this-second"] for header in headers] == ["49", "48"]
    control(world, "POST", "limits", {"per_second": 1000, "per_day": 1_000_000})


def test_errors_carry_the_limits_as_well(etsy: Etsy) -> None:
    """A client that learns only from successes would overrun."""
    answer = etsy("GET", "/listings/1")
    assert answer.status_code == 404
    assert answer.headers["x-limit-per-second"] == "1000"


def test_listings_open_in_a_browser_with_their_text_escaped(etsy: Etsy) -> None:
    listing = etsy.create(description="<script>alert(1)</script> & more").json()
    page = HTTP.get(listing["url"])
    assert page.status_code == 200
    assert "Stoneware Mug" in page.text
    assert "<script>" not in page.text
    assert "Stoneware Mug" in HTTP.get(f"{etsy.sandbox.etsy_url}/shop/DustySpoonStudio").text
    assert HTTP.get(f"{etsy.sandbox.etsy_url}/listing/1").status_code == 404


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tags": "mug,mug"}, "/tags : cannot contain duplicates"),
        ({"tags": "mug,Mug"}, "/tags : cannot contain duplicates"),
        ({"is_supply": None}, "/is_supply : is required with who_made"),
        ({"title": "BIG RED CUP NOW"}, "more than 3 words in all capitals"),
        ({"title": "-Mug"}, "must begin with a letter or a number"),
        ({"price": "0.19"}, "/price : must be between 0.2 and"),
    ],
    ids=str,
)
def test_what_is_only_reported_of_etsy_is_refused(etsy: Etsy, changes: dict[str, str | None], words: str) -> None:
    answer = etsy.create(**changes)
    assert (answer.status_code, words in answer.text) == (400, True)


@pytest.mark.parametrize("field", [{"who_made": "i_did"}, {"when_made": "2010_2019"}, {"is_supply": "true"}], ids=str)
def test_who_made_when_made_and_is_supply_are_changed_together(etsy: Etsy, field: dict[str, str]) -> None:
    """The document: each of them requires the others."""
    listing_id = etsy.draft()
    assert etsy.patch(listing_id, **field).status_code == 400
    whole = {"who_made": "i_did", "when_made": "2010_2019", "is_supply": "true"}
    assert etsy.patch(listing_id, **whole).status_code == 200


def test_skus_and_names_of_custom_properties_have_a_length(etsy: Etsy) -> None:
    """Reported; not in FACTS."""

    def put(sku: str, name: str) -> int:
        body = inventory_of("S", "L")
        for product in body["products"]:
            product["sku"] = sku
            product["property_values"][0]["property_name"] = name
        return put_inventory(etsy, listing_id, body).status_code

    listing_id = etsy.draft()
    assert [put("x" * 32, "y" * 20), put("x" * 33, "Size"), put("x", "y" * 21)] == [200, 400, 400]
