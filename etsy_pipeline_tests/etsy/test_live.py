"""What is read from Etsy, as plans tell it."""

import pytest

from etsy_pipeline.etsy.live import live_listing, money, plain_text
from etsy_pipeline.listings.listing import Translation


@pytest.mark.parametrize(
    ("amount", "divisor", "told"), [(1050, 100, "10.50"), (2000, 100, "20.00"), (500, 1, "500"), (1250, 1000, "1.250")]
)
def test_a_price_has_the_decimals_of_its_currency(amount: int, divisor: int, told: str) -> None:
    assert str(money({"amount": amount, "divisor": divisor})) == told


def test_translations_are_told_but_for_those_into_the_listings_own_language() -> None:
    german = {"title": "Becher &amp; Krug", "description": None, "tags": ["ton"]}
    told = {"listing_id": 1, "state": "active", "language": "en-US"}
    listing = live_listing(told | {"translations": {"de": german, "en-US": german, "fr": None}}, None)
    assert listing.translations == (Translation("de", "Becher & Krug", "", ("ton",)),)
    assert live_listing(told, None).translations is None, "not asked for"


@pytest.mark.parametrize(
    ("told", "meant"), [("A&amp;B", "A&B"), ("A&B", "A&B"), ("R&GT-1", "R&GT-1"), ("O&#39;N", "O'N")]
)
def test_only_whole_entities_are_undone(told: str, meant: str) -> None:
    """Whether Etsy escapes SKUs is not known."""
    assert plain_text(told) == meant
