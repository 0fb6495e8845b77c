"""The list of receipts with its filters, and who may see it (ORDERS §1, §4)."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from etsy_pipeline_tests.sandbox.by_hand import listed as offered
from etsy_pipeline_tests.sandbox.conftest import Etsy
from etsy_pipeline_tests.sandbox.receipts import RECEIPTS, SELLERS, listed
from etsy_pipeline_tests.world import World, a_world

START = 1_790_000_000


@dataclass(frozen=True)
class Sold:
    """A shop with three receipts, of START, START + 100 and START + 200."""

    world: World
    etsy: Etsy
    ids: list[int]

    def names(self, **filters: object) -> str:
        """Which ones a list shows, as letters."""
        return "".join("abc"[self.ids.index(item["receipt_id"])] for item in listed(self.etsy, **filters))


@pytest.fixture
def sold(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sold]:
    with a_world(tmp_path_factory.mktemp("sandbox")) as world:
        (listing_id,) = offered(world, {"quantity": 9})
        ids = [world.buy(listing_id, created_timestamp=START + 100 * number) for number in range(3)]
        yield Sold(world, Etsy(world.sandbox, SELLERS), ids)


def test_the_newest_comes_first_unless_told_otherwise(sold: Sold) -> None:
    assert sold.names() == "cba"
    for order in ("asc", "ascending", "up"):
        assert sold.names(sort_on="created", sort_order=order) == "abc"
    assert sold.names(sort_on="receipt_id", sort_order="down") == "cba"


def test_what_changed_last_is_last_in_ascending_order_of_updates(sold: Sold) -> None:
    sold.world.shipped(sold.ids[0])
    assert sold.names(sort_on="updated", sort_order="asc") == "bca"
    assert sold.names(min_last_modified=START + 100, sort_on="updated", sort_order="asc") == "bca"
    assert sold.names(max_last_modified=START + 150) == "b"


def test_times_are_bounds_that_belong_to_it(sold: Sold) -> None:
    assert sold.names(min_created=START + 100) == "cb"
    assert sold.names(max_created=START + 100) == "ba"
    assert sold.names(min_created=START + 100, max_created=START + 100) == "b"


def test_pages_count_what_the_filters_let_through(sold: Sold) -> None:
    assert sold.names(limit=2) == "cb"
    assert sold.names(limit=2, offset=2) == "a"
    answer = sold.etsy("GET", RECEIPTS, params={"limit": 1, "min_created": START + 100}).json()
    assert (answer["count"], len(answer["results"])) == (2, 1)


def test_of_the_same_time_the_newer_comes_first_in_both_orders(sold: Sold) -> None:
    (listing_id,) = offered(sold.world, {"quantity": 9})
    same = [sold.world.buy(listing_id, created_timestamp=START + 500) for _ in range(2)]
    for order in ("asc", "desc"):
        found = listed(sold.etsy, min_created=START + 500, sort_order=order)
        assert [item["receipt_id"] for item in found] == same[::-1]


def test_flags_filter_only_where_they_are_said(sold: Sold) -> None:
    first, second, _third = sold.ids
    sold.world.shipped(first)
    sold.world.etsy("POST", f"receipts/{first}/deliver", {})
    sold.world.cancel(second)
    assert (sold.names(was_shipped="true"), sold.names(was_shipped="false")) == ("a", "c")
    assert (sold.names(was_delivered="true"), sold.names(was_paid="true")) == ("a", "ca")
    assert sold.names(was_paid="false") == ""


def test_canceled_ones_are_missing_unless_they_are_asked_for(sold: Sold) -> None:
    """#604, #629; that the flag brings them is Etsy's document's word."""
    sold.world.cancel(sold.ids[1])
    assert (sold.names(), sold.names(min_last_modified=START)) == ("ca", "ca")
    assert (sold.names(was_canceled="true"), sold.names(was_canceled="false")) == ("b", "ca")
    sold.world.selling(canceled_in_list=True)
    assert sold.names() == "cba"


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "101"}, {"limit": "0"}, {"sort_on": "status"}, {"sort_order": "sideways"}, {"was_paid": "yes"},
        {"min_created": "946684799"}, {"min_last_modified": "yesterday"},
    ],
)  # fmt: skip
def test_a_filter_that_is_none_is_refused(sold: Sold, query: dict[str, str]) -> None:
    assert sold.etsy("GET", RECEIPTS, params=query).status_code == 400


def test_reading_and_writing_receipts_need_scopes_of_their_own(sold: Sold) -> None:
    """ORDERS §1."""
    one = f"{RECEIPTS}/{sold.ids[0]}"
    form = {"was_shipped": "true"}
    without = Etsy(sold.world.sandbox, "listings_r shops_r")
    assert without("GET", RECEIPTS).json()["error"].endswith("(requires scope: transactions_r).")
    assert [without("GET", RECEIPTS).status_code, without("GET", one).status_code] == [403, 403]
    reader = Etsy(sold.world.sandbox, "transactions_r")
    refused = [reader("PUT", one, data=form), reader("POST", f"{one}/tracking", json={"tracking_code": "X"})]
    assert [item.status_code for item in refused] == [403, 403]
    assert "transactions_w" in refused[0].json()["error"]
    assert sold.names(was_shipped="true") == ""
