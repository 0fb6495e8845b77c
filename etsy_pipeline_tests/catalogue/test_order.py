"""The shop's own order: of an option's values, and of a product's pictures (docs/medusa-facts.md §14)."""

import json
from pathlib import Path
from typing import Any

import pytest

from etsy_pipeline.catalogue.product import Product, parse_product
from etsy_pipeline_tests.builders import a_shop, listing_of, validated

CASES = Path(__file__).parent.parent / "data" / "cases"


def a_shirt(values: list[dict[str, Any]], *variants: tuple[int, str]) -> dict[str, Any]:
    """A shirt in sizes; its variants with their ranks."""
    return {
        "id": "prod_1",
        "title": "Shirt",
        "status": "published",
        "metadata": {"etsy_taxonomy_id": 891},
        "images": [{"url": "http://medusa.test/a.jpg", "rank": 0}],
        "options": [{"title": "Size", "values": values}],
        "variants": [
            {
                "id": f"variant_{size}",
                "sku": size,
                "variant_rank": rank,
                "manage_inventory": False,
                "prices": [{"currency_code": "usd", "amount": 20}],
                "options": [{"value": size, "option": {"title": "Size"}}],
            }
            for rank, size in variants
        ],
    }


def sizes(raw: dict[str, Any]) -> list[str]:
    return list(parse_product(raw).options[0].values)


UNORDERED = [(0, "XL"), (0, "M"), (0, "S"), (0, "L")]


def test_values_stand_in_their_rank_on_the_listing() -> None:
    """S, M, L, XL once became XL, S, M."""
    raw = a_shirt(
        [{"value": "XL", "rank": 3}, {"value": "S", "rank": 0}, {"value": "L", "rank": 2}, {"value": "M", "rank": 1}],
        *UNORDERED,
    )
    listing = listing_of(validated(parse_product(raw)))
    assert [row.values for row in listing.inventory.offerings] == [("S",), ("M",), ("L",), ("XL",)]


def test_values_without_a_rank_come_after_those_with_one() -> None:
    values: list[dict[str, Any]] = [
        {"value": "XL", "rank": None}, {"value": "S", "rank": 1}, {"value": "XS", "rank": 0}
    ]  # fmt: skip
    assert sizes(a_shirt(values, *UNORDERED)) == ["XS", "S", "XL"]


def test_a_medusa_before_ranks_keeps_its_order() -> None:
    values = [{"value": value} for value in ("XL", "S", "M")]
    assert sizes(a_shirt(values, (0, "S"), (1, "M"), (2, "XL"))) == ["XL", "S", "M"]


def test_where_nobody_gave_ranks_the_values_stand_as_the_variants_do() -> None:
    """Medusa's answer has no order then: what was made as S, M, L, XL came as L, M, S, XL."""
    values = [{"value": value, "rank": None} for value in ("L", "M", "S", "XL")]
    assert sizes(a_shirt(values, (3, "XL"), (0, "S"), (2, "L"), (1, "M"))) == ["S", "M", "L", "XL"]


def test_where_the_variants_have_no_order_either_it_stays_as_it_came() -> None:
    values = [{"value": value, "rank": None} for value in ("L", "M", "S", "XL")]
    assert sizes(a_shirt(values, *UNORDERED)) == ["L", "M", "S", "XL"]


@pytest.fixture
def mug() -> Product:
    raw = json.loads((CASES / "thumbnail_is_not_the_first_picture.json").read_text())["product"]
    return parse_product(raw, base_url="http://medusa.test")


def pictures(product: Product, **settings: Any) -> list[str]:
    listing = listing_of(validated(product, a_shop(**settings)))
    return [image.url.removeprefix("http://medusa.test/img/") for image in listing.images]


def test_the_thumbnail_is_the_first_picture(mug: Product) -> None:
    assert pictures(mug) == ["003.jpg", "000.jpg"]


def test_a_thumbnail_that_is_not_among_the_pictures_is_put_first(mug: Product) -> None:
    other = mug.model_copy(update={"thumbnail": "http://medusa.test/img/007.jpg"})
    assert pictures(other) == ["007.jpg", "000.jpg", "003.jpg"]


def test_a_shop_may_keep_the_order_of_the_pictures(mug: Product) -> None:
    assert pictures(mug, thumbnail_first=False) == ["000.jpg", "003.jpg"]


def test_without_a_thumbnail_nothing_moves(mug: Product) -> None:
    assert pictures(mug.model_copy(update={"thumbnail": None})) == ["000.jpg", "003.jpg"]


def test_the_thumbnail_is_one_of_etsys_twenty(mug: Product) -> None:
    """It never falls off the end of a long list."""
    many = tuple(f"http://medusa.test/img/{number:03}.jpg" for number in range(30))
    last = mug.model_copy(update={"image_urls": many, "thumbnail": many[-1]})
    assert pictures(last) == ["029.jpg", *(f"{number:03}.jpg" for number in range(19))]


@pytest.mark.parametrize(
    ("thumbnail", "images", "sent"),
    [
        ("002.jpg?v=2", ["000.jpg", "002.jpg"], ["002.jpg", "000.jpg"]),
        ("002.jpg?v=3", ["000.jpg", "002.jpg?v=1"], ["002.jpg?v=1", "000.jpg"]),
        ("002.jpg", ["000.jpg", "002.jpg?X-Amz-Signature=ab"], ["002.jpg?X-Amz-Signature=ab", "000.jpg"]),
        ("002?v=2", ["000", "002"], ["002", "000"]),
        ("002.jpg?v=3", ["002.jpg?v=1", "002.jpg?v=2"], ["002.jpg?v=3", "002.jpg?v=1", "002.jpg?v=2"]),
        ("one?id=2", ["one?id=1"], ["one?id=2", "one?id=1"]),
        ("002.png?v=2", ["002.jpg"], ["002.png?v=2", "002.jpg"]),
        (" ", ["000.jpg", "002.jpg"], ["000.jpg", "002.jpg"]),
        ("", ["000.jpg", "\t", " "], ["000.jpg"]),
    ],
)
def test_a_thumbnail_that_is_one_of_the_pictures_in_other_words_is_no_second_picture(
    thumbnail: str, images: list[str], sent: list[str]
) -> None:
    """Once the same file was uploaded twice; and a blank address was the server's own, which is no picture."""
    raw = json.loads((CASES / "thumbnail_is_not_the_first_picture.json").read_text())["product"]
    raw["thumbnail"] = f"/img/{thumbnail}" if thumbnail.strip() else thumbnail
    raw["images"] = [{"url": f"/img/{url}" if url.strip() else url, "rank": n} for n, url in enumerate(images)]
    assert pictures(parse_product(raw, base_url="http://medusa.test")) == sent


def test_a_blank_thumbnail_stands_in_for_no_picture() -> None:
    raw = json.loads((CASES / "thumbnail_is_not_the_first_picture.json").read_text())["product"]
    parsed = parse_product(raw | {"images": [], "thumbnail": " "}, base_url="http://medusa.test")
    assert (parsed.thumbnail, parsed.image_urls) == (None, ())
