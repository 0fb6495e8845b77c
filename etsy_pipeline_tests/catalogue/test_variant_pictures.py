"""What Medusa says of a variant's pictures: its own, mixed with those of the product as a whole."""

from typing import Any

import pytest

from etsy_pipeline.catalogue.product import MalformedProduct, Product, parse_product
from etsy_pipeline.catalogue.variant_pictures import of_variants


def told(*variants: dict[str, Any]) -> list[dict[str, Any]]:
    return of_variants(variants, ("/a", "/b", "/c"), lambda url: url)


def images(*urls: str) -> dict[str, Any]:
    return {"images": [{"id": f"img{url}", "url": url} for url in urls]}


def test_pictures_of_all_variants_are_of_the_product_and_the_others_come_in_its_order() -> None:
    """Measured: a variant's list has its own and all that are nobody's, the later ones first."""
    red, blue = told(images("/c", "/b", "/a"), images("/a", "/d"))
    assert (red["image_urls"], blue["image_urls"]) == (["/b", "/c"], ["/d"])


def test_a_medusa_that_knows_of_none_tells_of_none() -> None:
    assert [item["image_urls"] for item in told({}, {})] == [[], []]


def test_where_one_variants_list_is_missing_the_others_prove_nothing() -> None:
    assert [item["image_urls"] for item in told(images("/a", "/b"), {"images": None})] == [[], []]


def test_a_product_with_one_variant_has_no_pictures_of_its_own() -> None:
    assert told(images("/a", "/b"))[0]["image_urls"] == []


@pytest.mark.parametrize(
    ("metadata", "urls"),
    [
        (None, []),
        ("red.jpg", []),
        ({}, []),
        ({"images": [{"url": "/r"}, {"url": "/s"}], "thumbnail": "/t"}, ["/t", "/r", "/s"]),
        ({"images": ["/r", "/r"]}, ["/r"]),
        ({"images": "/r"}, ["/r"]),
        ({"images": [{"src": "/r"}, None, ""]}, []),
        ({"images": [5, ["/r"]], "thumbnail": True}, ["True", "5", "['/r']"]),
    ],
)
def test_plugins_keep_pictures_in_the_variants_metadata(metadata: object, urls: list[str]) -> None:
    assert told({"metadata": metadata})[0]["metadata_image_urls"] == urls


def raw(*variants: dict[str, Any]) -> dict[str, Any]:
    whole = [{"id": f"v{number}", "prices": [], "manage_inventory": False} for number in range(len(variants))]
    return {
        "id": "prod_1", "title": "Mug", "status": "published", "images": [{"url": "/a.jpg", "rank": 0}],
        "variants": [one | other for one, other in zip(whole, variants, strict=True)],
    }  # fmt: skip


def test_addresses_become_complete_and_a_snapshot_keeps_them() -> None:
    rows = raw(images("/a.jpg") | {"thumbnail": "/t.jpg"}, images("/a.jpg", "/b.jpg"))
    product = parse_product(rows, base_url="http://medusa.test")
    first, second = product.variants
    assert (first.thumbnail, second.image_urls) == ("http://medusa.test/t.jpg", ("http://medusa.test/b.jpg",))
    assert Product.model_validate_json(product.model_dump_json()) == product


def test_a_list_of_something_else_is_no_product() -> None:
    with pytest.raises(MalformedProduct):
        parse_product(raw({"images": ["/a.jpg"]}, {"images": []}))


def test_a_snapshot_of_an_older_version_has_none() -> None:
    variant = {"id": "v", "title": "S"}
    product = Product.model_validate({"id": "p", "title": "Mug", "status": "published", "variants": [variant]})
    assert (product.variants[0].image_urls, product.variants[0].thumbnail) == ((), None)


@pytest.mark.parametrize(("thumbnail", "told_as"), [("/b?v=2", "/b"), ("/d?v=2", "/d?v=2"), (" ", None), (None, None)])
def test_a_variants_thumbnail_is_the_products_picture_in_whatever_words(thumbnail: str | None, told_as: str) -> None:
    assert told({"thumbnail": thumbnail})[0]["thumbnail"] == told_as
