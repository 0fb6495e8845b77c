"""Each field of a listing: where it comes from, and what happens to it on the way."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etsy_pipeline.catalogue.product import Option
from etsy_pipeline.listings.codec import to_json
from etsy_pipeline.listings.rates import PER_DOLLAR
from etsy_pipeline.listings.title import shortened
from etsy_pipeline_tests.builders import a_product, a_shop, a_variant, codes, listing_of, validated


def priced(amount: str, *, unit: str = "major", currency: str = "USD", **rule: Any) -> Decimal:
    product = a_product(variants=[a_variant(prices={currency: amount})])
    found = validated(product, a_shop(price=rule), amount_unit=unit, currency_code=currency)
    return listing_of(found).price


@pytest.mark.parametrize(
    ("amount", "unit", "currency", "rule", "expected"),
    [
        ("2999", "minor", "USD", {}, "29.99"),  # the brief's examples
        ("1999", "minor", "USD", {}, "19.99"),
        ("29.99", "major", "USD", {}, "29.99"),
        ("2999", "minor", "JPY", {}, "2999"),
        ("2999", "major", "JPY", {}, "2999"),
        ("2990", "minor", "KWD", {}, "2.99"),
        ("9.125", "major", "KWD", {}, "9.13"),  # Etsy is sent no third decimal
        ("19.995", "major", "USD", {}, "20.00"),
        ("10", "major", "USD", {"markup_percent": "15"}, "11.50"),
        ("10", "major", "USD", {"markup_fixed": "0.5"}, "10.50"),
        ("10.20", "major", "USD", {"rounding": "ninety_nine"}, "10.99"),
        ("10.99", "major", "USD", {"rounding": "ninety_nine"}, "10.99"),
        ("10.49", "major", "USD", {"rounding": "whole"}, "10.00"),
        ("10.50", "major", "USD", {"rounding": "whole"}, "11.00"),
        ("10.001", "major", "KWD", {"rounding": "ninety_nine"}, "10.99"),
        ("10", "major", "JPY", {"floor": "49.5"}, "50"),
        ("900", "major", "JPY", {"ceiling": "49.5"}, "49"),
        ("20", "major", "USD", {"markup_percent": "-50", "markup_fixed": "1"}, "11.00"),
        ("60000", "major", "JPY", {}, "60000"),  # a kimono, about 400 dollars
        ("0.20", "major", "USD", {}, "0.20"),
        ("50000", "major", "USD", {}, "50000.00"),
    ],
)
def test_prices(amount: str, unit: str, currency: str, rule: dict[str, Any], expected: str) -> None:
    assert str(priced(amount, unit=unit, currency=currency, **rule)) == expected


@pytest.mark.parametrize(
    ("amount", "rule", "code"),
    [
        ("0", {}, "price_not_positive"),
        ("-1", {}, "price_not_positive"),
        ("0.19", {}, "price_out_of_range"),
        ("50000.01", {}, "price_out_of_range"),
        ("1E+999990", {"markup_percent": "1000"}, "price_out_of_range"),
        ("1E-999990", {}, "price_out_of_range"),
        ("9" * 60, {}, "price_out_of_range"),
        ("5", {"markup_fixed": "-10"}, "price_out_of_range"),
        ("19.995", {"rounding": "none"}, "price_too_precise"),
    ],
)
@pytest.mark.parametrize("unit", ["major", "minor"])
def test_prices_that_cannot_be(amount: str, rule: dict[str, Any], code: str, unit: str) -> None:
    amount = str(Decimal(amount).scaleb(2)) if unit == "minor" else amount
    product = a_product(variants=[a_variant(prices={"USD": amount})])
    assert codes(validated(product, a_shop(price=rule), amount_unit=unit)) == [code]


@pytest.mark.parametrize(
    ("currency", "amount", "told"),
    [
        ("JPY", "10", ["price_near_bound"]),
        ("JPY", "60", []),
        ("JPY", "2", ["price_out_of_range"]),
        ("SEK", "0.5", ["price_near_bound"]),
        ("SEK", "3", []),
        ("VND", "2000", ["price_near_bound"]),
        ("VND", "4420", ["price_near_bound"]),
        ("VND", "6000", []),
        ("VND", "900000000", []),
        ("VND", "1300000000", ["price_near_bound"]),
        ("GBP", "0.15", ["price_near_bound"]),
        ("GBP", "0.01", ["price_out_of_range"]),
        ("USD", "0.20", []),
        ("USD", "0.19", ["price_out_of_range"]),
        ("XYZ", "0.25", ["price_bounds_unknown"]),
        ("XYZ", "0.05", ["price_bounds_unknown"]),
        ("XYZ", "3000000000", ["price_bounds_unknown"]),
        ("BHD", "0.05", ["price_near_bound"]),
        ("BHD", "0.10", []),
        ("OMR", "0.05", ["price_near_bound"]),
        ("OMR", "0.15", []),
        ("XOF", "50", ["price_near_bound"]),
        ("PYG", "500", ["price_near_bound"]),
        ("UGX", "200", ["price_near_bound"]),
        ("LBP", "5000", ["price_near_bound"]),
        ("KES", "10", ["price_near_bound"]),
        ("PKR", "30", ["price_near_bound"]),
        ("NGN", "100", ["price_near_bound"]),
        ("LKR", "30", ["price_near_bound"]),
        ("RSD", "10", ["price_near_bound"]),
        ("CRC", "50", ["price_near_bound"]),
        ("RUB", "10", ["price_near_bound"]),
    ],
)
def test_what_etsy_may_find_too_cheap_or_too_dear_is_told_in_every_currency(
    currency: str, amount: str, told: list[str]
) -> None:
    """Its bounds are known in dollars, and in dong; near them a warning, as rates are rough."""
    product = a_product(variants=[a_variant(prices={currency: amount})])
    assert codes(validated(product, currency_code=currency)) == told


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(PER_DOLLAR)), st.decimals(Decimal("0.01"), Decimal(200_000), places=2))
def test_what_is_worth_as_much_as_etsy_takes_is_never_refused(currency: str, dollars: Decimal) -> None:
    """In no currency is a price of fifty cents to forty thousand dollars even told, nor one of a cent passed over."""
    product = a_product(variants=[a_variant(prices={currency: dollars * PER_DOLLAR[currency]})])
    told = set(codes(validated(product, currency_code=currency))) - {"price_third_decimal"}
    if Decimal("0.5") <= dollars <= 39_000:
        assert told == set()
    elif dollars < Decimal("0.12") or dollars > 60_000:
        assert told & {"price_near_bound", "price_out_of_range", "price_not_positive"}
    assert told <= {"price_near_bound", "price_out_of_range"}


def test_a_price_near_etsys_lowest_names_it_in_the_shops_currency() -> None:
    found = validated(a_product(variants=[a_variant(title="Mug", prices={"VND": "2000"})]), currency_code="VND")
    assert [item.message for item in found.warnings] == [
        "Mug costs 2000 VND; Etsy may refuse less than about 4420 and more than about 1315000000."
    ]


def test_of_yen_no_decimals_are_told() -> None:
    found = validated(a_product(variants=[a_variant(title="Mug", prices={"JPY": "2"})]), currency_code="JPY")
    assert [item.message for item in found.errors] == ["Mug costs 2 JPY; between 4 and 77000000 are taken."]


@pytest.mark.parametrize(
    ("amount", "rounding", "told"),
    [("9.125", "nearest", ["price_third_decimal"]), ("9.12", "nearest", []), ("9.120", "none", []),
     ("9.125", "none", ["price_too_precise"]), ("9.125", "whole", [])],
)  # fmt: skip
def test_a_third_decimal_is_never_sent_and_that_is_told(amount: str, rounding: str, told: list[str]) -> None:
    """Etsy's divisor of such currencies is in no document (FACTS §7): 9.125 would be read back as 9.13 for ever."""
    product = a_product(variants=[a_variant(title="Mug", prices={"KWD": amount})])
    found = validated(product, a_shop(price={"rounding": rounding}), currency_code="KWD")
    assert codes(found) == told
    if told == ["price_third_decimal"]:
        assert found.warnings[0].message.startswith("Mug costs 9.125 KWD; 9.13 is sent")


@pytest.mark.parametrize("placeholder", ["Default option value", "Default Title"])
def test_messages_name_the_product_where_its_variant_has_a_placeholder_for_a_name(placeholder: str) -> None:
    product = a_product(variants=[a_variant(title=placeholder, prices={"JPY": "10"})])
    assert validated(product, currency_code="JPY").warnings[0].message.startswith("Stoneware Mug costs 10 JPY")


def test_a_floor_mends_what_is_too_cheap() -> None:
    product = a_product(variants=[a_variant(prices={"JPY": "10"})])
    found = validated(product, a_shop(price={"floor": "50"}), currency_code="JPY")
    assert (str(listing_of(found).price), codes(found)) == ("50", ["price_raised_to_floor"])


@pytest.mark.parametrize("currency", ["JPY", "KRW", "VND", "CLP", "ISK"])
@pytest.mark.parametrize("rule", [{}, {"rounding": "ninety_nine"}, {"rounding": "whole"}, {"markup_percent": "7"}])
def test_currencies_without_decimals_get_none(currency: str, rule: dict[str, Any]) -> None:
    sent = priced("123456", currency=currency, **rule)
    assert sent == sent.to_integral_value()
    assert "." not in str(sent)


@pytest.mark.parametrize(
    ("country", "shop", "told"),
    [
        ("US", {}, ["return_policy_required"]),
        ("GB", {}, ["return_policy_required"]),
        ("DE", {}, []),
        ("", {}, ["return_policy_missing"]),
        ("US", {"publish_as": "draft"}, ["return_policy_missing"]),
        ("US", {"type": "download"}, ["download_files_missing"]),
    ],
)
def test_outside_the_eu_nothing_is_shown_without_a_return_policy(
    country: str, shop: dict[str, Any], told: list[str]
) -> None:
    found = validated(shop=a_shop(return_policy=None, **shop), country=country)
    assert codes(found) == told
    assert (found.listing is None) == (told == ["return_policy_required"])


def test_another_currency_is_never_taken_for_the_shops() -> None:
    found = validated(a_product(variants=[a_variant(title="Blue", prices={"EUR": "10", "GBP": "9"})]))
    assert [item.message for item in found.errors] == [
        "Blue has no price in USD, the shop's currency (it has: EUR, GBP)."
    ]


@pytest.mark.parametrize(
    ("available", "backorder", "rule", "expected"),
    [
        (10, False, {}, 10),
        (5000, False, {}, 999),
        (10, False, {"buffer": 3}, 7),
        (10, False, {"cap": 4}, 4),
        (None, False, {"unmanaged": 5}, 5),
        (None, False, {"unmanaged": 50, "cap": 9}, 9),
        (0, True, {"unmanaged": 2}, 2),
        (-3, True, {"unmanaged": 2}, 2),
        (10, True, {"unmanaged": 2, "buffer": 3}, 7),  # more than that is there
    ],
)
def test_quantities(available: int | None, backorder: bool, rule: dict[str, int], expected: int) -> None:  # noqa: FBT001
    product = a_product(variants=[a_variant(available=available, allow_backorder=backorder)])
    assert listing_of(validated(product, a_shop(quantity=rule))).quantity == expected


@pytest.mark.parametrize(("available", "buffer"), [(0, 0), (-2, 0), (3, 3), (3, 5)])
def test_without_stock_beyond_the_buffer_nothing_is_for_sale(available: int, buffer: int) -> None:
    found = validated(a_product(variants=[a_variant(available=available)]), a_shop(quantity={"buffer": buffer}))
    assert (listing_of(found).quantity, found.absent_because) == (0, "out of stock")


def test_nothing_in_stock_is_no_error_but_not_for_sale() -> None:
    found = validated(a_product(variants=[a_variant(available=0)]))
    assert (found.absent_because, found.errors) == ("out of stock", ())


@pytest.mark.parametrize("status", ["draft", "proposed", "rejected"])
def test_what_medusa_does_not_publish_is_not_for_sale(status: str) -> None:
    assert validated(a_product(status=status)).absent_because == f"not published in Medusa (status {status})"


@pytest.mark.parametrize(
    ("metadata", "settings", "expected"),
    [
        ({"etsy_taxonomy_id": 1, "etsy_category_id": "2"}, {"default_taxonomy_id": 3}, 1),
        ({"etsy_category_id": " 2 "}, {"default_taxonomy_id": 3}, 2),
        ({}, {"taxonomy_by_category": {"Mugs": 4}, "default_taxonomy_id": 3}, 4),
        ({}, {"default_taxonomy_id": 3}, 3),
    ],
)
def test_the_category_comes_from_metadata_then_the_map_then_the_default(
    metadata: dict[str, Any], settings: dict[str, Any], expected: int
) -> None:
    product = a_product(metadata=metadata, categories=[{"id": "pcat_1", "name": "Mugs"}])
    assert listing_of(validated(product, a_shop(**settings))).taxonomy_id == expected


def test_a_title_is_composed_and_its_spaces_are_single() -> None:
    assert listing_of(validated(a_product(title="  Cafe\u0301   Mug &amp; more "))).title == "Café Mug & more"


@pytest.mark.parametrize(
    ("title", "found"),
    [
        ("x" * 140, []),
        ("x" * 141, ["title_too_long"]),
        ("Müller's “Größe 5” – 手作り (new) 5 + 3 = 8 ©®™ 50% off: a & b", []),
        ("Mug $5", ["title_forbidden_characters"]),  # a currency sign is no mathematical symbol
        ("Mug ^ `", ["title_forbidden_characters"]),
        ("A | B ~ C < D > E = F", []),
        ("50% or 60%", ["title_repeated_symbol"]),
        ("a: b: c & d & e", ["title_repeated_symbol", "title_repeated_symbol"]),
        ("A &amp; B &amp; C", ["title_repeated_symbol"]),
        ("Mug\u200b", ["invisible_characters"]),  # a space without width
        ("\ufeffMug", ["invisible_characters"]),
        ("*Mug*", ["title_first_character"]),
        ("NEW BIG BLUE Mug", []),
        ("NEW BIG BLUE MUG", ["title_capitals"]),
        ("नमस्ते", ["title_forbidden_characters"]),  # FACTS §5: the expression has no marks, so Devanagari fails
        ("&nbsp;\t\n", ["title_missing"]),
    ],
)
def test_titles(title: str, found: list[str]) -> None:
    assert codes(validated(a_product(title=title))) == found


def test_a_character_that_cannot_be_seen_is_named_by_its_number() -> None:
    """A NUL in a message would also be refused by PostgreSQL, where messages are kept."""
    found = validated(a_product(title="a\x00b\u202ec ✨\ue000"))
    assert "seen (U+0000 U+202E); it is sent without" in found.warnings[0].message
    assert "refuses: ✨ (U+2728) U+E000." in found.errors[0].message
    assert "\x00" not in to_json(found).encode().decode("unicode_escape").replace("a\x00b", "")


@pytest.mark.parametrize(
    ("tag", "found"),
    [
        ("x" * 20, []), ("x" * 21, ["tag_too_long"]), ("mother's day-gift", []), ("Größe", []), ("a™", []),
        ("50% off!!", ["tag_forbidden_characters"]), ("#handmade", ["tag_forbidden_characters"]),
        ("a,b", ["tag_forbidden_characters"]), ("coffee ☕ lover", ["tag_forbidden_characters"]), ("  ", []),
        ("mother’s day", []),
    ],
)  # fmt: skip
def test_tags(tag: str, found: list[str]) -> None:
    """As far as a shop wants to be told and not helped; see test_texts.py for all that is else done with them."""
    shop = a_shop(tags_unfit="refuse", tags_too_long="refuse")
    assert codes(validated(a_product(tags=[tag]), shop)) == found


def test_a_tag_that_is_there_twice_is_sent_once() -> None:
    found = validated(a_product(tags=["Mug", "mug ", "MUG", "cup"]))
    assert listing_of(found).tags == ("Mug", "cup")
    assert [item.message for item in found.warnings] == ["Tags that are there more than once are sent once: mug, MUG."]


@pytest.mark.parametrize(
    ("product", "expected"),
    [
        ({"metadata": {"etsy_taxonomy_id": 1, "etsy_materials": ["Oak"], "materials": ["Ash"]}}, ("Oak",)),
        ({"metadata": {"etsy_taxonomy_id": 1, "materials": "Ash, Oak"}, "material": "Wood"}, ("Ash", "Oak")),
        ({"material": "Merino wool, linen"}, ("Merino wool", "linen")),
        ({"material": None}, ()),
    ],
)
def test_materials_come_from_the_metadata_or_the_material(product: dict[str, Any], expected: tuple[str, ...]) -> None:
    assert listing_of(validated(a_product(**product))).materials == expected


@pytest.mark.parametrize(
    "value", ["mugs", -5, 0, "1.5", True, [1], {"id": 1}, "9" * 30, pytest.param(10**5000, id="long"), "٣", 1.0]
)
def test_a_category_that_is_no_number_is_told(value: object) -> None:
    assert codes(validated(a_product(metadata={"etsy_taxonomy_id": value}))) == ["taxonomy_malformed"]


def test_categories_that_could_not_be_read_are_not_checked() -> None:
    """Etsy's list of categories may be unavailable; a product is not refused for that."""
    product = a_product(metadata={"etsy_taxonomy_id": 7})
    assert codes(validated(product, taxonomy_ids=None)) == []
    assert codes(validated(product, taxonomy_ids=frozenset({8}))) == ["taxonomy_unknown"]


def test_tags_of_the_metadata_win() -> None:
    product = a_product(metadata={"etsy_taxonomy_id": 891, "etsy_tags": "one, two"})
    assert listing_of(validated(product)).tags == ("one", "two")


def test_a_listing_without_pictures_stays_a_draft() -> None:
    found = validated(a_product(image_urls=()))
    assert (listing_of(found).publish_as, codes(found)) == ("draft", ["no_images"])


def test_a_picture_without_an_address_is_left_out() -> None:
    found = validated(a_product(image_urls=["/a.jpg", "http://x.test/b.jpg", "ftp://x.test/c.jpg", "http:///d.jpg"]))
    assert [item.url for item in listing_of(found).images] == ["http://x.test/b.jpg"]
    assert codes(found) == ["image_address_unusable"] * 3


def test_of_many_pictures_the_first_twenty_are_sent() -> None:
    found = validated(a_product(image_urls=[f"http://x.test/{number}.jpg" for number in range(25)]))
    assert [item.url[-6:] for item in listing_of(found).images][-1] == "19.jpg"
    assert codes(found) == ["too_many_images"]


def test_the_text_of_a_picture_is_the_title() -> None:
    assert listing_of(validated()).images[0].alt_text == "Stoneware Mug"


@pytest.mark.parametrize(
    ("limit", "short"), [(100, "one two three"), (13, "one two three"), (12, "one two"), (2, "on")]
)
def test_text_of_our_own_ends_with_a_word(limit: int, short: str) -> None:
    assert shortened("one two three", limit) == short


def test_a_download_needs_no_profiles() -> None:
    settings = {"shipping_profile": None, "processing_profile": None, "return_policy": None}
    found = validated(shop=a_shop(type="download", **settings))
    assert codes(found) == ["download_files_missing"]
    assert listing_of(found).publish_as == "draft"


def test_the_heaviest_variant_stands_in_for_a_missing_weight() -> None:
    variants = [a_variant(id=size, sku=size, options={"Size": size}, weight=w) for size, w in (("S", 200), ("L", 420))]
    product = a_product(options=[Option(title="Size", values=("S", "L"))], variants=variants)
    assert listing_of(validated(product)).item_weight == 420


def test_measures_above_zero_carry_their_units() -> None:
    listing = listing_of(validated(a_product(weight="70", length="0", width="12.5", height=None)))
    assert (listing.item_weight, listing.item_weight_unit) == (Decimal(70), "g")
    assert (listing.item_length, listing.item_width, listing.item_dimensions_unit) == (None, Decimal("12.5"), "cm")
