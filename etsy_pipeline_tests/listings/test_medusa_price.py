"""Which of Medusa's prices becomes Etsy's: price lists, tax, another currency. What is not the plain one is told."""

from decimal import Decimal
from typing import Any

import pytest

from etsy_pipeline.catalogue.product import Product
from etsy_pipeline.errors import BadRequest
from etsy_pipeline.listings.price_currency import noted
from etsy_pipeline.listings.shop_settings import ShopSettings, parse_settings
from etsy_pipeline.listings.verdict import ValidatedListing
from etsy_pipeline_tests.builders import a_product, a_shop, a_variant, codes, listing_of, validated

EU_SHOP = {"country": "DE", "currency_code": "EUR"}


def of_list(amount: str, kind: str = "override", currency: str = "USD", name: str = "Spring") -> dict[str, Any]:
    return {"price_list": name, "type": kind, "currency_code": currency, "amount": amount}


def a_mug(*lists: dict[str, Any], prices: dict[str, str] | None = None, **changes: Any) -> Product:
    plain = {"USD": "40"} if prices is None else prices
    return a_product(variants=[a_variant(title="Blue", prices=plain, list_prices=lists)], **changes)


def told(found: ValidatedListing, code: str) -> str:
    (message,) = [item.message for item in found.verdicts if item.code == code]
    return message


BOTH = {"sale": True}
ONLY_SALE = {"override": False, "sale": True}
NONE = {"override": False}


@pytest.mark.parametrize(
    ("lists", "rule", "price", "code"),
    [
        ([of_list("55")], {}, "55.00", ["price_of_list"]),
        ([of_list("30")], {}, "30.00", ["price_of_list"]),
        ([of_list("40")], {}, "40.00", ["price_of_list"]),
        ([of_list("55"), of_list("60")], {}, "55.00", ["price_of_list"]),
        ([of_list("55", currency="EUR")], {}, "40.00", []),
        ([of_list("55")], NONE, "40.00", ["price_list_left_out"]),
        ([of_list("30", "sale")], {}, "40.00", ["price_list_left_out"]),
        ([of_list("30", "sale")], BOTH, "30.00", ["price_of_list"]),
        ([of_list("45", "sale")], BOTH, "40.00", []),
        ([of_list("55"), of_list("30", "sale")], {}, "55.00", ["price_of_list", "price_list_left_out"]),
        ([of_list("55"), of_list("30", "sale")], BOTH, "30.00", ["price_of_list"]),
        ([of_list("55"), of_list("30", "sale")], ONLY_SALE, "30.00", ["price_of_list"]),
        ([of_list("55"), of_list("50", "sale")], BOTH, "40.00", []),
    ],
)
def test_the_price_that_counts(lists: list[dict[str, Any]], rule: dict[str, Any], price: str, code: list[str]) -> None:
    """As the Store API of Medusa 2.21.2 has it where both types count (the last case: measured, odd as it is)."""
    found = validated(a_mug(*lists), a_shop(price_lists=rule))
    assert (str(listing_of(found).price), codes(found)) == (price, code)


def test_the_plan_names_the_list_and_the_plain_price() -> None:
    message = told(validated(a_mug(of_list("55"))), "price_of_list")
    assert message == "Blue costs 55 USD by the price list 'Spring' (override); its plain price is 40."


def test_the_plan_names_the_sale_that_does_not_count() -> None:
    message = told(validated(a_mug(of_list("30", "sale", name="Black Friday"))), "price_list_left_out")
    assert message == "By the price list 'Black Friday' (sale) Blue costs 30 USD in Medusa's shop; 40 is used."


def test_a_price_that_is_on_a_list_only_counts() -> None:
    found = validated(a_mug(of_list("55"), prices={"EUR": "37"}))
    assert str(listing_of(found).price) == "55.00"
    assert told(found, "price_of_list").endswith("its plain price is none.")


def test_many_variants_on_a_list_are_told_once() -> None:
    variants = [
        a_variant(id=f"v{n}", options={"Size": str(n)}, list_prices=[of_list("55")]) for n in range(4)
    ]  # fmt: skip
    product = a_product(options=[{"title": "Size", "values": [str(n) for n in range(4)]}], variants=variants)
    assert told(validated(product), "price_of_list").endswith("(3 more likewise)")


def test_amounts_of_lists_are_in_the_servers_unit_too() -> None:
    found = validated(a_mug(of_list("5500"), prices={"USD": "4000"}), amount_unit="minor")
    assert str(listing_of(found).price) == "55.00"
    assert "costs 55.00 USD" in told(found, "price_of_list")


def test_lists_that_may_not_be_read_are_an_error_unless_none_of_them_counts() -> None:
    product = a_mug(prices_not_told=["price-lists"])
    assert codes(validated(product)) == ["price_lists_not_shown"]
    assert codes(validated(product, a_shop(price_lists=NONE))) == []


def a_net(*, with_tax: tuple[str, ...] | None = (), **changes: Any) -> Product:
    """A mug at 40 in euros and dollars, without tax unless told otherwise."""
    return a_mug(prices={"EUR": "40", "USD": "40"}, prices_with_tax=with_tax, **changes)


def taxed(settings: dict[str, Any], product: Product | None = None, **shop: Any) -> ValidatedListing:
    return validated(product or a_net(), a_shop(price_tax=settings), **(EU_SHOP | shop))


@pytest.mark.parametrize("country", ["DE", "FR", "GB", "CH", "NO", "AU", ""])
def test_a_net_price_is_never_sent_unasked_where_prices_are_shown_with_tax(country: str) -> None:
    """Nor where it is not known where the shop is."""
    found = taxed({}, country=country)
    assert codes(found) == ["price_without_tax"]
    (problem,) = found.errors
    assert "price_tax.etsy_price" in problem.hint
    assert "40 EUR without tax" in problem.message


@pytest.mark.parametrize("country", ["US", "CA"])
def test_a_shop_where_tax_comes_on_top_is_not_concerned(country: str) -> None:
    assert codes(taxed({}, country=country)) == []


def test_a_price_with_tax_is_sent_as_it_is() -> None:
    assert str(listing_of(taxed({}, a_net(with_tax=("EUR",)))).price) == "40.00"


@pytest.mark.parametrize(
    ("settings", "with_tax", "country", "price"),
    [
        ({"etsy_price": "as_medusa"}, (), "DE", "40.00"),
        ({"etsy_price": "as_medusa"}, None, "DE", "40.00"),
        ({"etsy_price": "with_tax", "rates": {"EU": 19}}, (), "DE", "47.60"),
        ({"etsy_price": "with_tax", "rates": {"EU": 19, "FR": 20}}, (), "FR", "48.00"),
        ({"etsy_price": "with_tax", "rates": {"uk": "20"}}, (), "GB", "48.00"),
        ({"etsy_price": "with_tax", "rates": {"DE": 0}}, (), "DE", "40.00"),
        ({"etsy_price": "with_tax", "rates": {"EU": 19}}, ("EUR",), "DE", "40.00"),
        ({"etsy_price": "with_tax"}, ("EUR",), "DE", "40.00"),
        ({"etsy_price": "without_tax", "rates": {"EU": 19}}, ("EUR",), "DE", "33.61"),
        ({"etsy_price": "without_tax"}, (), "DE", "40.00"),
    ],
)
def test_tax_is_added_or_taken_off_as_the_shop_wants(
    settings: dict[str, Any], with_tax: tuple[str, ...] | None, country: str, price: str
) -> None:
    assert str(listing_of(taxed(settings, a_net(with_tax=with_tax), country=country)).price) == price


def test_the_plan_says_what_tax_did() -> None:
    found = taxed({"etsy_price": "with_tax", "rates": {"EU": 19}})
    assert told(found, "price_tax_added") == "Blue costs 40 EUR without tax; with 19 % it is 47.60."


def test_markup_and_rounding_come_after_tax() -> None:
    settings = a_shop(
        price_tax={"etsy_price": "with_tax", "rates": {"EU": 19}}, price={"markup_fixed": 1, "rounding": "ninety_nine"}
    )
    assert str(listing_of(validated(a_net(), settings, **EU_SHOP)).price) == "48.99"


@pytest.mark.parametrize(
    ("settings", "country"),
    [
        ({"etsy_price": "with_tax"}, "DE"),
        ({"etsy_price": "with_tax", "rates": {"EU": 19}}, "GB"),
        ({"etsy_price": "with_tax", "rates": {"EU": 19}}, ""),
    ],
)
def test_without_a_rate_for_the_country_nothing_is_guessed(settings: dict[str, Any], country: str) -> None:
    assert codes(taxed(settings, country=country)) == ["price_tax_rate_missing"]


@pytest.mark.parametrize(
    ("settings", "country", "expected"),
    [
        ({}, "DE", ["price_tax_not_shown"]),
        ({}, "US", []),
        ({}, "", []),
        ({"etsy_price": "with_tax", "rates": {"EU": 19}}, "DE", ["price_tax_unknown"]),
    ],
)
def test_where_medusa_does_not_say_it_is_a_warning_unless_the_shop_wants_something_done(
    settings: dict[str, Any], country: str, expected: list[str]
) -> None:
    product = a_net(with_tax=None, prices_not_told=["price-preferences"])
    assert codes(taxed(settings, product, country=country)) == expected


def test_of_a_snapshot_of_an_earlier_version_nothing_is_said_of_tax() -> None:
    assert codes(taxed({}, a_net(with_tax=None), country="DE")) == []


EUROS = {"convert": {"from_currency": "eur", "rate": "1.08"}}


def test_a_price_is_converted_where_medusa_has_none_in_the_shops_currency() -> None:
    found = validated(a_mug(prices={"EUR": "40"}), a_shop(price=EUROS))
    assert (str(listing_of(found).price), codes(found)) == ("43.20", ["price_converted"])
    assert told(found, "price_converted") == "Blue costs 40.00 EUR; at the shop's rate of 1.08 that is 43.20 USD."


def test_the_shops_own_currency_goes_before_a_rate_unless_it_is_always_converted() -> None:
    product = a_mug(prices={"EUR": "40", "USD": "50"})
    assert str(listing_of(validated(product, a_shop(price=EUROS))).price) == "50.00"
    always = {"convert": EUROS["convert"] | {"always": True}}
    assert str(listing_of(validated(product, a_shop(price=always))).price) == "43.20"


def test_a_shop_that_sells_in_the_currency_itself_converts_nothing() -> None:
    product = a_mug(prices={"EUR": "40"})
    found = validated(product, a_shop(price={"convert": EUROS["convert"] | {"always": True}}), currency_code="EUR")
    assert (str(listing_of(found).price), codes(found)) == ("40.00", [])


def test_what_has_no_price_in_either_currency_has_none() -> None:
    found = validated(a_mug(prices={"GBP": "40"}), a_shop(price=EUROS))
    assert codes(found) == ["price_currency_missing"]
    assert "price.convert" in found.errors[0].hint


def test_prices_that_are_not_for_everybody_are_told_of() -> None:
    variant = a_variant(title="Blue", prices={"GBP": 40}, narrow_prices=("EUR", "USD"))
    message = told(validated(a_product(variants=[variant])), "price_currency_missing")
    assert "(it has: GBP; EUR, USD for a region, a customer group or a quantity only)" in message


OLD = "price_setting_in_other_currency"
SWEDISH = {"EUR": "30", "SEK": "330"}


@pytest.mark.parametrize(
    ("rule", "prices", "expected"),
    [
        ({"floor": 20}, SWEDISH, [OLD]),
        ({"ceiling": 100}, SWEDISH, [OLD]),
        ({"markup_fixed": 3}, SWEDISH, [OLD]),
        ({"markup_percent": 10, "rounding": "ninety_nine"}, SWEDISH, []),
        (EUROS, {"EUR": "30"}, [OLD]),
        (EUROS, SWEDISH, []),
        ({"convert": EUROS["convert"] | {"always": True}}, SWEDISH, [OLD]),
    ],
)
def test_amounts_that_are_meant_for_another_currency_are_never_used(
    rule: dict[str, Any], prices: dict[str, str], expected: list[str]
) -> None:
    """A rate to dollars made 32.40 SEK, about 3 EUR, of 30 EUR."""
    for_dollars = validated(a_mug(prices=prices), a_shop(price=rule | {"currency": "USD"}), currency_code="SEK")
    assert codes(for_dollars) == expected
    for currency in ("SEK", None):
        anew = validated(a_mug(prices=prices), a_shop(price=rule | {"currency": currency}), currency_code="SEK")
        assert OLD not in codes(anew)
        assert anew.listing is not None


def test_a_rate_to_dollars_is_no_matter_in_a_shop_that_sells_in_what_it_converts() -> None:
    found = validated(a_mug(prices=SWEDISH), a_shop(price=EUROS | {"currency": "USD"}), currency_code="EUR")
    assert (str(listing_of(found).price), codes(found)) == ("30.00", [])


def test_what_is_wrong_with_such_amounts_names_them_and_the_currencies() -> None:
    shop = a_shop(price=EUROS | {"currency": "USD", "floor": 5, "ceiling": 90})
    (problem,) = validated(a_mug(prices=SWEDISH), shop, currency_code="SEK").errors
    assert problem.message == (
        "The shop sells in SEK now, and these settings are meant for USD: price.floor, price.ceiling."
    )
    assert "price.currency" in problem.hint


def test_a_group_has_amounts_of_its_own_and_the_shops_rate() -> None:
    shop = a_shop(price=EUROS | {"currency": "USD"}, by_category={"Mugs": {"price": {"floor": 5, "currency": "SEK"}}})
    product = a_mug(prices={"EUR": "30"}, categories=[{"id": "pcat_1", "name": "Mugs"}])
    (problem,) = validated(product, shop, currency_code="SEK").errors
    assert (problem.code, problem.message.endswith("USD: price.convert.")) == (OLD, True)
    own = a_shop(by_category={"Mugs": {"price": {"floor": 5, "currency": "USD"}}})
    (problem,) = validated(a_mug(prices=SWEDISH, categories=product.categories), own, currency_code="SEK").errors
    assert "by_category: price.floor" in problem.message


def test_amounts_are_noted_as_those_of_a_currency_once() -> None:
    shop = a_shop(price={"floor": 5}, by_category={"Mugs": {"price": {"ceiling": 9}}, "Pots": {"extra_tags": ["pot"]}})
    kept = noted(shop, "USD")
    assert (kept.price.currency, kept.by_category["Mugs"].price.currency) == ("USD", "USD")  # type: ignore[union-attr]
    assert kept.by_category["Pots"] == shop.by_category["Pots"]
    assert noted(kept, "SEK") is kept
    plain = a_shop(price={"markup_percent": 5})
    assert noted(plain, "USD") is plain


def test_a_rate_leads_to_the_decimals_of_the_shops_currency() -> None:
    yen = a_shop(price={"convert": {"from_currency": "EUR", "rate": "163.5"}})
    found = validated(a_mug(prices={"EUR": "1999"}), yen, currency_code="JPY", amount_unit="minor")
    assert str(listing_of(found).price) == "3268"


def test_a_list_in_the_other_currency_is_converted_too() -> None:
    found = validated(a_mug(of_list("50", currency="EUR"), prices={"EUR": "40"}), a_shop(price=EUROS))
    assert (str(listing_of(found).price), codes(found)) == ("54.00", ["price_of_list", "price_converted"])


def test_tax_is_that_of_the_currency_which_is_converted() -> None:
    settings = a_shop(price=EUROS, price_tax={"etsy_price": "with_tax", "rates": {"DE": 19}})
    product = a_mug(prices={"EUR": "100"}, prices_with_tax=("USD",))
    assert listing_of(validated(product, settings, country="DE")).price == Decimal("128.52")


@pytest.mark.parametrize(
    "changes",
    [
        {"price": {"convert": {"from_currency": "euro", "rate": 1}}},
        {"price": {"convert": {"from_currency": "EUR", "rate": 0}}},
        {"price": {"convert": {"from_currency": "EUR"}}},
        {"price_tax": {"rates": {"EU": 101}}},
        {"price_tax": {"rates": {"Germany": 19}}},
        {"price_tax": {"etsy_price": "net"}},
        {"price_lists": {"sales": True}},
    ],
)
def test_settings_that_cannot_be_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(BadRequest, match="shop_settings_invalid"):
        parse_settings(changes)


def test_the_defaults_count_overrides_and_nothing_else() -> None:
    settings = ShopSettings()
    assert (settings.price_lists.override, settings.price_lists.sale) == (True, False)
    assert (settings.price_tax.etsy_price, settings.price.convert) == (None, None)
