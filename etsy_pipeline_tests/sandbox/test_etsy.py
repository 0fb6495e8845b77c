"""The local Etsy behaves as docs/etsy-facts.md says Etsy does, and is never kinder."""

import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from etsy_pipeline_tests.etsy_spec import response_problems
from etsy_pipeline_tests.sandbox.conftest import GOOD, SHOP, Etsy
from etsy_pipeline_tests.sandbox.listings import READINESS, a_picture, images_of, inventory_of, put_inventory, upload
from etsy_pipeline_tests.world import World


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (None, "Invalid API key: should be in the format 'keystring:shared_secret'."),
        ("nonsense", "Invalid API key: should be in the format 'keystring:shared_secret'."),
        ("wrong:secret", "API key not found or not active, or incorrect shared secret for API key."),
    ],
)
def test_a_bad_key_is_a_403_in_etsys_exact_words(etsy: Etsy, key: str | None, words: str) -> None:
    """FACTS §3."""
    answer = etsy("GET", f"/shops/{SHOP}", headers={"x-api-key": key})
    assert (answer.status_code, answer.json()) == (403, {"error": words})


def test_a_keystring_alone_asks_for_the_secret(etsy: Etsy) -> None:
    """FACTS §3."""
    answer = etsy("GET", f"/shops/{SHOP}", headers={"x-api-key": etsy.sandbox.client_id})
    assert answer.json() == {"error": "Shared secret is required in x-api-key header."}


def test_a_missing_token_is_a_401_and_a_missing_scope_a_403(etsy: Etsy) -> None:
    """FACTS §2."""
    answer = etsy("GET", "/users/me", headers={"authorization": None})
    words = "Access token is required for this request (requires scope: shops_r)."
    assert (answer.status_code, answer.json()) == (401, {"error": words})
    answer = Etsy(etsy.sandbox, scope="listings_r")("GET", "/users/me")
    words = "Access token lacks scope for this request (requires scope: shops_r)."
    assert (answer.status_code, answer.json()) == (403, {"error": words})


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"readiness_state_id": None}, 400, "A readiness_state_id is required for physical listings."),
        ({"shipping_profile_id": None}, 400, "A shipping_profile_id is required for physical listings."),
        ({"title": "A & B & C"}, 400, "There was a problem with /title/0 : & can only be use once"),
        ({"title": "x" * 141}, 400, "cannot be longer than 140 characters"),
        ({"title": "Mug ✨"}, 400, "contains invalid characters"),
        ({"tags": ",".join(f"t{i}" for i in range(14))}, 400, "cannot be more than 13 items"),
        ({"tags": "x" * 21}, 400, "cannot be longer than 20 characters"),
        ({"tags": '["a","b"]'}, 400, "contains invalid characters"),
        ({"materials": "oak-wood"}, 400, "contains invalid characters"),
        ({"quantity": "1000"}, 400, "There was a problem with /quantity : cannot be greater than 999"),
        ({"quantity": "0"}, 400, "cannot be less than 1"),
        ({"price": "0.05"}, 400, "must be between"),
        ({"who_made": "me"}, 400, "must be one of"),
        ({"when_made": "2020_2019"}, 400, "must be one of"),
        ({"taxonomy_id": "99999999"}, 400, "not a valid taxonomy node"),
        ({"item_weight": "0"}, 400, "must be between"),
        ({"image_ids": ""}, 400, "cannot be less than 1 items"),
        ({"is_personalizable": "true"}, 400, "no longer supported"),
        ({"who_made": "someone_else"}, 400, "Oh dear, you cannot sell this item on Etsy."),
        ({"shop_section_id": "1"}, 400, "There was a problem with /shop/section/id : Shop section not found."),
        ({"title": None}, 400, "There was a problem with /title : cannot be null"),
    ],
)
def test_a_listing_that_etsy_would_refuse_is_refused(
    etsy: Etsy, changes: dict[str, str | None], status: int, words: str
) -> None:
    """FACTS §5."""
    answer = etsy.create(**changes)
    assert answer.status_code == status
    assert words in answer.json()["error"]


def test_several_problems_are_an_array(etsy: Etsy) -> None:
    """FACTS §11."""
    body = etsy.create(title="x" * 141, price="0.05").json()
    assert [item["path"] for item in body] == ["/title/0", "/price"]


def test_json_on_a_form_endpoint_is_refused(etsy: Etsy) -> None:
    """FACTS §4: tolerated by some, documented nowhere."""
    assert etsy("POST", f"/shops/{SHOP}/listings", json=GOOD).status_code == 400


def test_repeated_keys_keep_one_value_without_a_word(etsy: Etsy) -> None:
    """FACTS §0.3."""
    body = "&".join(f"{name}={value}" for name, value in GOOD.items()) + "&tags=one&tags=two"
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = etsy("POST", f"/shops/{SHOP}/listings", content=body, headers=headers)
    assert (answer.status_code, answer.json()["tags"]) == (201, ["two"])


def test_text_comes_back_escaped(etsy: Etsy) -> None:
    """FACTS §0.9."""
    assert etsy.create(title='Mother\'s "Mug" & more').json()["title"] == "Mother&#39;s &quot;Mug&quot; &amp; more"


def test_a_draft_shows_only_when_drafts_are_asked_for(etsy: Etsy) -> None:
    """FACTS §0.2."""
    listing_id = etsy.draft()

    def ids(**query: str) -> list[int]:
        answer = etsy("GET", f"/shops/{SHOP}/listings", params={"limit": "100", **query}).json()
        return [item["listing_id"] for item in answer["results"]]

    assert listing_id in ids(state="draft")
    assert listing_id not in ids()


def test_a_price_in_a_patch_is_ignored_with_200(etsy: Etsy) -> None:
    """FACTS §0.7."""
    answer = etsy.patch(etsy.draft(), price="99", quantity="7", sku="X")
    assert (answer.status_code, answer.json()["price"]["amount"], answer.json()["quantity"]) == (200, 2999, 5)


def test_put_on_a_listing_and_shop_scoped_reads_are_404(etsy: Etsy) -> None:
    """FACTS §6, §8."""
    listing_id = etsy.draft()
    for method, path in (("PUT", ""), ("GET", ""), ("GET", "/images")):
        answer = etsy(method, f"/shops/{SHOP}/listings/{listing_id}{path}")
        assert (answer.status_code, answer.json()) == (404, {"error": "Resource not found"}), (method, path)


def test_publishing_needs_a_picture_and_costs_a_fee(etsy: Etsy, world: World) -> None:
    """FACTS §5, §6."""
    listing_id = etsy.draft()
    assert "cannot be less than 1 items" in etsy.patch(listing_id, state="active").json()["error"]
    upload(etsy, listing_id)
    fees = world.etsy("GET", "state")["counts"]["fee"]
    assert etsy.patch(listing_id, state="active").json()["state"] == "active"
    assert world.etsy("GET", "state")["counts"]["fee"] == fees + 1
    assert etsy.patch(listing_id, state="inactive").json()["state"] == "inactive"
    assert etsy.patch(listing_id, state="active").json()["state"] == "active"
    assert world.etsy("GET", "state")["counts"]["fee"] == fees + 1, "reactivating is free"


def test_publishing_needs_a_return_policy_outside_the_eu(etsy: Etsy) -> None:
    """FACTS §5."""
    listing_id = etsy.draft(return_policy_id=None)
    upload(etsy, listing_id)
    words = "There was a problem with /return/policy : cannot be null"
    assert etsy.patch(listing_id, state="active").json() == {"error": words}


def test_a_draft_cannot_become_inactive(etsy: Etsy) -> None:
    """FACTS §6."""
    assert etsy.patch(etsy.draft(), state="inactive").status_code == 400


def test_overwriting_a_rank_replaces_the_picture_under_a_new_id(etsy: Etsy) -> None:
    """FACTS §8."""
    listing_id = etsy.draft()
    first = upload(etsy, listing_id).json()["listing_image_id"]
    second = upload(etsy, listing_id, overwrite="true").json()["listing_image_id"]
    assert (images_of(etsy, listing_id), first == second) == ([second], False)
    upload(etsy, listing_id)
    assert len(images_of(etsy, listing_id)) == 2, "without overwrite two pictures share a rank"


def test_image_ids_order_the_pictures_and_detach_the_others(etsy: Etsy) -> None:
    """FACTS §6."""
    listing_id = etsy.draft()
    one, two, three = (upload(etsy, listing_id, rank).json()["listing_image_id"] for rank in (1, 2, 3))
    etsy.patch(listing_id, image_ids=f"{three},{one}")
    assert images_of(etsy, listing_id) == [three, one]
    assert "That ListingImage does not exist." in etsy.patch(listing_id, image_ids="1").json()["error"]
    assert two not in images_of(etsy, listing_id)


@pytest.mark.parametrize("content", [b"this is text", b"", a_picture("WEBP")], ids=["text", "empty", "webp"])
def test_what_is_no_jpeg_png_or_gif_is_refused(etsy: Etsy, content: bytes) -> None:
    """FACTS §8."""
    answer = upload(etsy, etsy.draft(), content=content)
    words = "Either a valid image file or a listing_image_id must be provided."
    assert (answer.status_code, answer.json()) == (400, {"error": words})


def test_the_twenty_first_picture_is_refused(etsy: Etsy) -> None:
    """FACTS §8."""
    listing_id = etsy.draft()
    for rank in range(1, 21):
        assert upload(etsy, listing_id, rank).status_code == 201
    assert "only allowed 20 images" in upload(etsy, listing_id, 20).json()["error"]


def test_the_last_picture_cannot_be_deleted(etsy: Etsy) -> None:
    """FACTS §8."""
    listing_id = etsy.draft()
    image_id = upload(etsy, listing_id).json()["listing_image_id"]
    answer = etsy("DELETE", f"/shops/{SHOP}/listings/{listing_id}/images/{image_id}")
    assert answer.status_code == 400
    assert "at least 1 image" in answer.json()["error"]


def change(*path: str | int, to: Any = None, drop: bool = False) -> Callable[[dict[str, Any]], None]:
    def apply(body: Any) -> None:
        for step in path[:-1]:
            body = body[step]
        if drop:
            del body[path[-1]]
        else:
            body[path[-1]] = to

    return apply


FIRST = ("products", 0, "offerings", 0)
VALUE = ("products", 0, "property_values", 0)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (change(*FIRST, "readiness_state_id", drop=True), "All offerings need readiness state"),
        (change(*FIRST, "offering_id", to=1), "invalid keys"),
        (change(*FIRST, "price", to={"amount": 1, "divisor": 100}), "must be a number"),
        (change(*FIRST, "price", to="10.00"), "must be a number"),
        (change(*FIRST, "quantity", to=1000), "cannot be greater than 999"),
        (change(*FIRST, "price", to=12), "price_on_property : must be consistent"),
        (change("products", 0, "sku", to="A"), "sku_on_property : must be consistent"),
        (change(*VALUE, "values", to=["S (small)"]), "invalid characters"),
        (change(*VALUE, "values", to=["L"]), "duplicate combination"),
        (change(*VALUE, "property_name", drop=True), "Expected string value for 'property_name' (got NULL)"),
        (change(*VALUE, "property_id", to=514), "same properties"),
        (change("products", to=[]), "cannot be less than 1 items"),
        (change("price_on_property", to=[999]), "unknown property"),
    ],
)
def test_an_inventory_that_etsy_would_refuse_is_refused(
    etsy: Etsy, spoil: Callable[[dict[str, Any]], None], words: str
) -> None:
    """FACTS §7."""
    body = inventory_of("S", "L")
    spoil(body)
    answer = etsy("PUT", f"/listings/{etsy.draft()}/inventory", json=body)
    assert answer.status_code == 400
    assert words in answer.json()["error"]


def test_a_gap_in_the_grid_is_refused(etsy: Etsy) -> None:
    """FACTS §7: the grid is rectangular."""
    body = inventory_of("S", "L")
    for product, color in zip(body["products"], ("Red", "Blue"), strict=True):
        value = {"property_id": 514, "property_name": "Color", "value_ids": [], "values": [color]}
        product["property_values"].append(value)
    answer = etsy("PUT", f"/listings/{etsy.draft()}/inventory", json=body)
    assert "every combination" in answer.json()["error"]


def test_a_form_on_the_inventory_is_no_json(etsy: Etsy) -> None:
    """FACTS §4."""
    answer = etsy("PUT", f"/listings/{etsy.draft()}/inventory", data={"products": "[]"})
    assert (answer.status_code, answer.json()) == (400, {"error": "Not a valid JSON string"})


def test_an_inventory_is_replaced_whole_and_its_ids_are_new(etsy: Etsy) -> None:
    """FACTS §7."""
    listing_id = etsy.draft()
    first = etsy("PUT", f"/listings/{listing_id}/inventory", json=inventory_of("S", "L")).json()
    second = etsy("PUT", f"/listings/{listing_id}/inventory", json=inventory_of("S", price=12.5)).json()
    assert len(second["products"]) == 1
    assert second["products"][0]["product_id"] not in [item["product_id"] for item in first["products"]]
    assert second["products"][0]["offerings"][0]["price"] == {"amount": 1250, "divisor": 100, "currency_code": "USD"}


def test_the_second_is_limited_first_and_then_the_day(etsy: Etsy, world: World) -> None:
    """FACTS §12."""
    world.etsy("POST", "limits", {"per_second": 3})
    time.sleep(1.1)
    answers = [etsy("GET", "/openapi-ping") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[0].headers["x-limit-per-second"] == "3"
    assert answers[3].headers["retry-after"] == "1"
    world.etsy("POST", "limits", {"per_second": 1000, "per_day": 1})
    answer = etsy("GET", "/openapi-ping")
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 60
    world.etsy("POST", "clock", {"advance_seconds": 24 * 3600 + 1})
    assert etsy("GET", "/openapi-ping").status_code == 200, "the window slides"


@pytest.mark.parametrize(
    ("operation", "status", "act"),
    [
        ("getShop", 200, lambda etsy: etsy("GET", f"/shops/{SHOP}")),
        ("getMe", 200, lambda etsy: etsy("GET", "/users/me")),
        ("getShopByOwnerUserId", 200, lambda etsy: etsy("GET", "/users/910000001/shops")),
        ("getShopShippingProfiles", 200, lambda etsy: etsy("GET", f"/shops/{SHOP}/shipping-profiles")),
        ("getShopReturnPolicies", 200, lambda etsy: etsy("GET", f"/shops/{SHOP}/policies/return")),
        ("getShopReadinessStateDefinitions", 200, lambda etsy: etsy("GET", READINESS)),
        ("getShopSections", 200, lambda etsy: etsy("GET", f"/shops/{SHOP}/sections")),
        ("getPropertiesByTaxonomyId", 200, lambda etsy: etsy("GET", "/seller-taxonomy/nodes/891/properties")),
        ("createDraftListing", 201, lambda etsy: etsy.create()),
        ("updateListing", 200, lambda etsy: etsy.patch(etsy.draft(), title="New")),
        ("getListing", 200, lambda etsy: etsy("GET", f"/listings/{etsy.draft()}")),
        ("getListingsByShop", 200, lambda etsy: etsy("GET", f"/shops/{SHOP}/listings", params={"state": "draft"})),
        ("getListingInventory", 200, lambda etsy: etsy("GET", f"/listings/{etsy.draft()}/inventory")),
        ("updateListingInventory", 200, lambda etsy: put_inventory(etsy, etsy.draft(), inventory_of("S"))),
        ("uploadListingImage", 201, lambda etsy: upload(etsy, etsy.draft())),
    ],
)  # fmt: skip
def test_answers_have_the_shape_of_etsys_document(
    etsy: Etsy, operation: str, status: int, act: Callable[[Etsy], httpx.Response]
) -> None:
    answer = act(etsy)
    assert answer.status_code == status, answer.text
    assert response_problems(operation, status, answer.json()) == []
    assert answer.headers["x-etsy-request-uuid"]


def test_the_taxonomy_is_whole(etsy: Etsy) -> None:
    nodes = etsy("GET", "/seller-taxonomy/nodes").json()["results"]

    def count(found: list[Any]) -> int:
        return sum(1 + count(node["children"]) for node in found)

    assert (len(nodes), count(nodes)) == (15, 3065)


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ({"kind": "status", "status": 503, "body": {"error": "Server Error"}}, 503),
        ({"kind": "html"}, 502),
        ({"kind": "empty", "status": 504}, 504),
        ({"kind": "fail_after"}, 500),
        ({"kind": "silent_200"}, 201),
        ({"kind": "drop_before"}, httpx.RemoteProtocolError),
        ({"kind": "drop_after"}, httpx.RemoteProtocolError),
    ],
)
def test_a_fault_strikes_as_often_as_it_was_told(etsy: Etsy, world: World, fault: dict[str, Any], outcome: Any) -> None:
    world.etsy("POST", "faults", {"operation": "createDraftListing", "times": 1, **fault})
    before = len(world.listings())
    if isinstance(outcome, int):
        assert etsy.create().status_code == outcome
    else:
        with pytest.raises((outcome, httpx.ReadError)):
            etsy.create()
    happened = fault["kind"] in {"fail_after", "drop_after"}
    assert len(world.listings()) == before + happened
    assert etsy.create().status_code == 201


def test_a_late_draft_shows_late(etsy: Etsy, world: World) -> None:
    """FACTS §10: new listings can be a 404 for some seconds."""
    world.etsy(
        "POST", "faults", {"operation": "createDraftListing", "times": 1, "kind": "late_visibility", "seconds": 60}
    )
    listing_id = etsy.draft()
    assert etsy("GET", f"/listings/{listing_id}/inventory").status_code == 404
    world.etsy("POST", "clock", {"advance_seconds": 61})
    assert etsy("GET", f"/listings/{listing_id}/inventory").status_code == 200
