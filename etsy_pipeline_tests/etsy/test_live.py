"""What is read from Etsy, as plans tell it."""

import pytest

from etsy_pipeline.etsy.live import money


@pytest.mark.parametrize(
    ("amount", "divisor", "told"), [(1050, 100, "10.50"), (2000, 100, "20.00"), (500, 1, "500"), (1250, 1000, "1.250")]
)
def test_a_price_has_the_decimals_of_its_currency(amount: int, divisor: int, told: str) -> None:
    assert str(money({"amount": amount, "divisor": divisor})) == told
