"""What is read out of Medusa's answer about a product (docs/medusa-facts.md)."""

import copy
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etsy_pipeline.catalogue.product import (
    MalformedProduct,
    Product,
    absolute_image_url,
    content_hash,
    parse_product,
)
from etsy_pipeline_tests.catalogue.recorded import product_of, recorded, recorded_products


def raw(**changes: Any) -> dict[str, Any]:
    return copy.deepcopy(recorded("clean")) | changes


def with_variant(**changes: Any) -> dict[str, Any]:
    product = raw()
    product["variants"] = [product["variants"][0] | changes]
    return product


def stock(*levels: tuple[int, int], required: int = 1) -> dict[str, Any]:
    """An inventory item with (stocked, reserved) at each location."""
    return {
        "required_quantity": required,
        "inventory": {"location_levels": [{"stocked_quantity": s, "reserved_quantity": r} for s, r in levels]},
    }


@pytest.mark.parametrize("product", recorded_products(), ids=lambda item: item["metadata"]["seed_case"])
def test_every_recorded_product_is_understood(product: dict[str, Any]) -> None:
    parsed = parse_product(product)
    assert (parsed.id, parsed.title, len(parsed.variants)) == (
        product["id"], product["title"], len(product["variants"])
    )  # fmt: skip
    assert Product.model_validate_json(parsed.model_dump_json()) == parsed


@pytest.mark.parametrize(
    ("case", "prices"),
    [
        ("jpy_price", {"EUR", "JPY", "USD"}),
        ("eur_only", {"EUR"}),
        ("no_prices", set()),
    ],
)
def test_prices_are_known_by_their_currency(case: str, prices: set[str]) -> None:
    assert set(product_of(case).variants[0].prices) == prices


@pytest.mark.parametrize(("case", "usd"), [("price_region_rule", "22"), ("price_tiers", "16"), ("price_list", "30.5")])
def test_only_the_plain_price_counts(case: str, usd: str) -> None:
    """Prices of a region (24.2), of a quantity from five on (14.4) and of a sale (1.23) are there, too (FACTS §2)."""
    assert product_of(case).variants[0].prices["USD"] == Decimal(usd)


def test_an_amount_is_kept_as_it_was_sent() -> None:
    amounts = {str(amount) for item in product_of("fractional_price").variants for amount in item.prices.values()}
    assert "19.995" in amounts


def a_price(amount: float, **of: Any) -> dict[str, Any]:
    return {"amount": amount, "currency_code": "eur", "min_quantity": None, "max_quantity": None, "rules": {}} | of


OF_REGION = a_price(27, rules={"region_id": "reg_fr"})


@pytest.mark.parametrize(
    ("prices", "plain", "narrow"),
    [
        ([OF_REGION], {}, ("EUR",)),
        ([a_price(27, min_quantity=10)], {}, ("EUR",)),
        ([a_price(27, min_quantity=1)], {"EUR": 27}, ()),
        ([a_price(27, max_quantity=9)], {"EUR": 27}, ()),
        ([a_price(27, min_quantity=1, max_quantity=9), a_price(25, min_quantity=10)], {"EUR": 27}, ()),
        ([a_price(27, min_quantity=1), a_price(30), OF_REGION], {"EUR": 30}, ()),
        ([a_price(27, min_quantity=1, rules={"region_id": "reg_fr"})], {}, ("EUR",)),
        ([a_price(27) | {"amount": None}], {}, ()),
    ],
)
def test_a_tier_from_the_first_piece_on_is_a_price_where_there_is_no_other(
    prices: list[dict[str, Any]], plain: dict[str, int], narrow: tuple[str, ...]
) -> None:
    """As price lists take it (docs/medusa-facts.md §13)."""
    variant = parse_product(with_variant(prices=prices)).variants[0]
    assert variant.prices == {currency: Decimal(amount) for currency, amount in plain.items()}
    assert variant.narrow_prices == narrow


def test_two_plain_prices_in_one_currency_are_no_guess() -> None:
    """Seen when price_rules were not asked for: the price of a region then looks like the plain one."""
    prices = [{"amount": 22, "currency_code": "usd"}, {"amount": 24.2, "currency_code": "usd"}]
    with pytest.raises(MalformedProduct, match=r"costs both 22 and 24\.2 USD"):
        parse_product(with_variant(prices=prices))


@pytest.mark.parametrize(
    ("facts", "available"),
    [
        ({"manage_inventory": False, "inventory_items": []}, None),
        ({"inventory_items": []}, 0),
        ({"inventory_items": [stock()]}, 0),
        ({"inventory_items": [{"inventory": None}]}, 0),
        ({"inventory_items": [stock((10, 3))]}, 7),
        ({"inventory_items": [stock((10, 3), (5, 0))]}, 12),
        ({"inventory_items": [stock((2, 5))]}, 0),
        ({"inventory_items": [stock((10, 0), (0, 4))]}, 6),
        ({"inventory_items": [stock((7, 0), required=2)]}, 3),
        ({"inventory_items": [stock((1, 0), (1, 0), required=2)]}, 1),
        ({"inventory_items": [stock((9, 0), required=2), stock((3, 0))]}, 3),
    ],
    ids=[
        "not tracked", "no item", "no levels", "item is gone", "reserved is taken off", "locations add up",
        "oversold", "oversold at one location", "two are needed for one", "two from two locations", "kit",
    ],
)  # fmt: skip
def test_how_many_can_be_sold(facts: dict[str, Any], available: int | None) -> None:
    assert parse_product(with_variant(**({"manage_inventory": True} | facts))).variants[0].available == available


@pytest.mark.parametrize(
    ("path", "field"),
    [
        (["variants"], "variants"),
        (["images"], "images"),
        (["status"], "status"),
        (["variants", 0, "prices"], "prices"),
        (["variants", 0, "manage_inventory"], "manage_inventory"),
        (["variants", 0, "inventory_items"], "inventory_items"),
        (["variants", 0, "inventory_items", 0, "inventory", "location_levels"], "location_levels"),
    ],
)
def test_a_field_that_was_left_out_is_no_empty_field(path: list[Any], field: str) -> None:
    """Medusa ignores unknown fields with 200 (FACTS §5): without its stock a product would look sold out."""
    product = raw()
    part: Any = product
    for step in path[:-1]:
        part = part[step]
    del part[path[-1]]
    with pytest.raises(MalformedProduct, match=field) as caught:
        parse_product(product)
    assert (caught.value.product_id, caught.value.code) == (product["id"], "product_malformed")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tags": "a, b"}, "tags is no list of objects"),
        ({"images": [7]}, "images is no list of objects"),
        ({"variants": [None]}, "variants is no list of objects"),
        ({"variants": [{"id": "v", "prices": "no"}]}, "variants.prices is no list of objects"),
    ],
)
def test_what_has_another_shape_is_told_in_words(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(MalformedProduct, match=words):
        parse_product(raw() | changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"id": None}, {"title": ["a"]}, {"variants": 5}, {"variants": [None]}, {"metadata": "text"}, {"images": [7]},
        {"weight": "heavy"}, {"tags": ["plain"]}, {"options": [{"values": []}]}, {"status": None},
    ],
)  # fmt: skip
def test_a_product_of_the_wrong_shape_is_told_and_not_guessed(changes: dict[str, Any]) -> None:
    with pytest.raises(MalformedProduct):
        parse_product(raw(**changes))


@pytest.mark.parametrize("value", [None, 5, "text", []])
def test_what_is_no_object_is_no_product(value: object) -> None:
    with pytest.raises(MalformedProduct, match="without id"):
        parse_product(value)


def test_the_default_option_is_no_variation() -> None:
    product = with_variant(options=[{"value": "Default option value", "option": {"title": "Default option"}}])
    product["options"] = [{"title": "Default option", "values": [{"value": "Default option value"}]}]
    parsed = parse_product(product)
    assert (parsed.options, parsed.variants[0].options) == ((), {})


def test_variants_stand_in_their_rank() -> None:
    product = raw()
    first = product["variants"][0]
    product["variants"] = [first | {"id": "b", "variant_rank": 1}, first | {"id": "a", "variant_rank": 0}]
    assert [item.id for item in parse_product(product).variants] == ["a", "b"]


def test_pictures_stand_in_their_rank_and_once() -> None:
    images = [{"url": "/c.jpg", "rank": 2}, {"url": "/a.jpg", "rank": 0}, {"url": "http://m.test/c.jpg", "rank": 3}]
    parsed = parse_product(raw(images=images), base_url="http://m.test")
    assert parsed.image_urls == ("http://m.test/a.jpg", "http://m.test/c.jpg")


def test_the_thumbnail_stands_in_for_missing_pictures() -> None:
    assert parse_product(raw(images=[], thumbnail="http://m.test/t.jpg")).image_urls == ("http://m.test/t.jpg",)


@pytest.mark.parametrize(
    ("base_url", "url", "absolute"),
    [
        ("http://m.test:9000", "/static/a.jpg", "http://m.test:9000/static/a.jpg"),
        ("http://m.test/shop/", "static/a.jpg", "http://m.test/shop/static/a.jpg"),
        ("http://m.test", "https://cdn.test/a.jpg", "https://cdn.test/a.jpg"),
        ("", "/static/a.jpg", "/static/a.jpg"),
        ("http://m.test", "http://[", "http://["),
    ],
)
def test_a_relative_picture_is_below_the_server(base_url: str, url: str, absolute: str) -> None:
    assert absolute_image_url(base_url, url) == absolute


def test_half_a_surrogate_pair_is_replaced() -> None:
    r"""JSON may say "\ud800" alone; no file and no database takes it."""
    product = parse_product(raw(title="a\ud800b", metadata={"k\udc00": ["\ud83d\ude00 \ud800"]}))
    assert product.title == "a\ufffdb"
    assert product.metadata == {"k\ufffd": ["\U0001f600 \ufffd"]}


def test_metadata_of_endless_depth_is_refused() -> None:
    deep: Any = "end"
    for _ in range(200):
        deep = {"more": deep}
    with pytest.raises(MalformedProduct, match="nested deeper than 50"):
        parse_product(raw(metadata=deep))


def test_tags_stand_in_the_order_in_which_they_were_made_whatever_medusas_is() -> None:
    """Else another thirteen of many tags would be sent each time."""
    tags = [{"id": f"ptag_{number}", "value": word} for number, word in enumerate(("mug", "clay", "blue"))]
    found = [parse_product(raw() | {"tags": order}).tags for order in (tags, tags[::-1], tags[1:] + tags[:1])]
    assert found == [("mug", "clay", "blue")] * 3


def test_the_hash_moves_with_price_and_stock_but_not_with_time() -> None:
    """`updated_at` stays when a price or the stock moves, and moves when nothing did (FACTS §3)."""
    before = content_hash(parse_product(raw()))
    assert content_hash(parse_product(raw(updated_at="2030-01-01T00:00:00Z"))) == before
    assert content_hash(parse_product(raw(metadata=dict(reversed(raw()["metadata"].items()))))) == before
    dearer = raw()
    dearer["variants"][0]["prices"][0]["amount"] = Decimal("0.01")
    sold = raw()
    sold["variants"][0]["inventory_items"][0]["inventory"]["location_levels"][0]["reserved_quantity"] += 1
    assert len({before, content_hash(parse_product(dearer)), content_hash(parse_product(sold))}) == 3


def test_the_hash_is_the_same_on_every_machine() -> None:
    product = Product(id="prod_1", title="Mug é", status="published", metadata={"b": 1, "a": [None, 0.5]})
    assert content_hash(product) == "c72065a17d8a5752d421a047da771cfd37a0bddf92a87db311bbad9afedb0f26"


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(recorded("clean"))), JSON_VALUES, max_size=4), JSON_VALUES)
def test_any_answer_is_a_product_or_malformed(changes: dict[str, Any], variant: object) -> None:
    product = raw() | {"variants": [variant]} | changes
    for candidate in (product, raw() | changes):
        try:
            parsed = parse_product(candidate)
        except MalformedProduct:
            continue
        else:
            assert len(content_hash(parsed)) == 64
            assert Product.model_validate_json(parsed.model_dump_json()).id == parsed.id
