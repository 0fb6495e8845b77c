"""A small share of chaos/run.py: publishers and importers killed at random instants while Etsy and Medusa have faults."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.chaos, pytest.mark.long]

PROJECT = Path(__file__).parents[1]
NOTHING_WRONG = "0 lost, 0 twice, 0 not given back, 0 differing, 0 oversold by us"


@pytest.mark.parametrize("more", [[], ["--lanes"]], ids=["alone", "two lanes"])
def test_whatever_happens_every_product_is_on_etsy_once_and_as_approved(more: list[str]) -> None:
    command = [sys.executable, "chaos/run.py", "--seeds", "1", "--kills", "12", "--products", "10", *more]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 duplicate, 0 lost, 0 differing, 0 books" in done.stdout


def test_whatever_is_killed_each_sale_is_booked_once_and_nothing_is_offered_twice() -> None:
    command = [sys.executable, "chaos/run.py", "--orders", "--seeds", "1", "--kills", "6", "--products", "3"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(f"{NOTHING_WRONG}, 0 duplicate, 0 books, 0 not quiet") == 2, "once in each mode"
    assert done.stdout.count(" sales on Etsy") == 2, "somebody bought"
