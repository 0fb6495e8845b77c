"""Pictures in a plan: what changes of them is named for what it is, and costs no more calls than that."""

from dataclasses import replace

import pytest

from etsy_pipeline.listings.listing import ListingImage, VariationImage
from etsy_pipeline.planning.changes import Difference
from etsy_pipeline.planning.plan import plan_product
from etsy_pipeline.planning.plan_item import PlanItem
from etsy_pipeline_tests.builders import a_shop, a_validated_listing
from etsy_pipeline_tests.planning.published import LINK, PUBLISHED

A, B, C = (ListingImage(f"http://medusa.test/{name}.jpg", f"Mug, {name}") for name in "abc")
THERE = replace(PUBLISHED, images=(A, B))
TEXTS = {"update_alt_texts": True}


def planned(*images: ListingImage, **shop: object) -> PlanItem:
    found = a_validated_listing(listing=replace(THERE, images=images))
    return plan_product(found, replace(LINK, published=THERE), None, a_shop(**shop))


def change(item: PlanItem) -> Difference:
    (found,) = item.differences
    return found


def said(image: ListingImage, text: str) -> ListingImage:
    return replace(image, alt_text=text)


def test_another_text_is_no_difference_and_what_is_there_stays_in_the_plan() -> None:
    item = planned(said(A, "Cup, a"), B)
    assert (item.action, item.differences) == ("skip", ())


def test_another_text_is_a_call_a_picture_where_the_shop_wants_it() -> None:
    item = planned(said(A, "Cup, a"), said(B, "Cup, b"), **TEXTS)
    assert (change(item).old, change(item).new) == ("Mug, a; Mug, b", "texts of 2 pictures: Cup, a; Cup, b")
    assert item.cost.calls == 3
    assert change(planned(said(A, "Cup, a"), B, **TEXTS)).new == "text of 1 picture: Cup, a"


@pytest.mark.parametrize(
    ("images", "told", "calls"),
    [
        ((B, A), f"another order: {B.url}, {A.url}", 1),
        ((A, B, C), f"new: {C.url}", 2),
        ((C, A, B), f"new: {C.url}", 2),
        ((A,), f"taken off: {B.url}", 1),
        ((C, B), f"taken off: {A.url}; new: {C.url}", 2),
        ((B, C, A), f"another order: {B.url}, {A.url}; new: {C.url}", 2),
        ((A, replace(B, sha256="f00")), f"{B.url} (new content)", 2),
    ],
)
def test_what_changes_is_named_for_what_it_is(images: tuple[ListingImage, ...], told: str, calls: int) -> None:
    item = planned(*images)
    assert (change(item).field, change(item).new, item.cost.calls) == ("images", told, calls)


def test_a_new_picture_leaves_the_texts_of_the_others() -> None:
    item = planned(said(A, "Cup, a"), said(C, "Cup, c"), B)
    assert item.desired is not None
    assert [image.alt_text for image in item.desired.images] == ["Mug, a", "Cup, c", "Mug, b"]


def test_pictures_that_are_the_sellers_are_linked_to_no_value_by_us() -> None:
    links = (VariationImage(513, "S", A.url),)
    found = a_validated_listing(listing=replace(THERE, variation_images=links))
    sellers = a_shop(ownership={"images": "seller"})
    created = plan_product(found, None, None, sellers)
    assert created.desired is not None
    assert (created.desired.images, created.desired.variation_images) == ((), ())
    nothing_there = replace(LINK, published=replace(THERE, images=()))
    assert plan_product(found, nothing_there, None, sellers).action == "skip"
    assert plan_product(found, replace(LINK, published=THERE), None, a_shop()).action == "update"


def test_the_order_of_links_means_nothing() -> None:
    links = (VariationImage(513, "S", A.url), VariationImage(513, "L", B.url))
    there = replace(THERE, variation_images=links)
    found = a_validated_listing(listing=replace(there, variation_images=links[::-1]))
    assert plan_product(found, replace(LINK, published=there), None, a_shop()).action == "skip"
