"""Orders as Etsy tells them: asked for as its document says, and read though any part of them is odd."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etsy_pipeline.errors import PipelineError
from etsy_pipeline.etsy.receipts import EtsyReceipts
from etsy_pipeline.etsy.transport import EtsyTransport
from etsy_pipeline.providers.protocols import ReceiptQuery
from etsy_pipeline.sales.receipt import Choice, Receipt
from etsy_pipeline_tests.etsy_spec import operation_of, query_problems

NOW = 1_790_000_000
MONEY = {"amount": 1250, "divisor": 100, "currency_code": "USD"}
NOTHING = {"amount": 0, "divisor": 100, "currency_code": "USD"}
LINE: dict[str, Any] = {
    "transaction_id": 42, "listing_id": 7, "sku": "MUG&quot;L", "title": "A &lt;b&gt;mug&lt;/b&gt;", "quantity": 1, "price": MONEY,
    "variations": [
        {"property_id": 513, "formatted_name": "Size", "formatted_value": "14 UK women&#039;s", "question_id": None},
        {"property_id": 54, "formatted_name": "Personalization", "formatted_value": "Grace", "question_id": None},
        {"property_id": 54, "formatted_name": "Engraving", "formatted_value": "Not requested on this item."},
        {"property_id": 55, "formatted_name": "Name", "formatted_value": "Ada", "question_id": 9},
    ],
    "product_data": [{"property_id": 513, "property_name": "Size", "values": ["L"]}],
}  # fmt: skip
RECEIPT: dict[str, Any] = {
    "receipt_id": 31, "status": "Partially Refunded", "is_paid": True, "is_shipped": False, "created_timestamp": NOW,
    "updated_timestamp": NOW + 60, "grandtotal": MONEY, "subtotal": MONEY, "total_price": MONEY, "discount_amt": NOTHING,
    "total_tax_cost": NOTHING, "total_shipping_cost": NOTHING, "total_vat_cost": NOTHING, "gift_wrap_price": NOTHING,
    "refunds": [{"amount": {"amount": 250, "divisor": 100, "currency_code": "USD"}, "reason": "Chipped"}],
    "shipments": [{"receipt_shipping_id": 5, "carrier_name": "ups", "tracking_code": "1Z"}],
    "name": None, "first_line": None, "transactions": [LINE],
}  # fmt: skip


class NoLimit:
    """As many calls as one likes."""

    def wait_for_turn(self, purpose: str = "publishing") -> None:
        assert purpose == "stock", "orders may use what is reserved for stock"

    def learn(self, headers: Mapping[str, str]) -> None: ...

    def hold(self, seconds: float) -> None: ...


def client(answer: Any, asked: list[httpx.Request] | None = None) -> EtsyReceipts:
    """Etsy, with one answer to everything."""

    def handle(request: httpx.Request) -> httpx.Response:
        if asked is not None:
            asked.append(request)
        return httpx.Response(200, json=answer)

    return EtsyReceipts(
        EtsyTransport(
            base_url="https://etsy.test", client_id="id", shared_secret="secret", budget=NoLimit(),
            client=httpx.Client(transport=httpx.MockTransport(handle)),
        )
    )  # fmt: skip


def read(answer: Any) -> Receipt:
    """One order."""
    return client(answer).receipt(1, 31)


def test_an_order_is_read_with_its_texts_unescaped_and_what_the_buyer_wrote_apart() -> None:
    found = read(RECEIPT)
    (line,) = found.lines
    assert (line.title, line.sku, line.price) == ("A <b>mug</b>", 'MUG"L', Decimal("12.50"))
    assert line.choices == (Choice("Size", "14 UK women's", "L"),)
    assert line.personalization == (("Personalization", "Grace"), ("Name", "Ada"))
    assert "Grace" not in repr(found)
    assert (found.refunded, found.totals.grand, found.totals.currency_code) == (
        Decimal("2.50"),
        Decimal("12.50"),
        "USD",
    )
    assert (found.shipments[0].tracking_code, found.has_address, found.problems) == ("1Z", False, ())
    assert (found.is_canceled, found.updated_at) == (False, datetime.fromtimestamp(NOW + 60, UTC))


@pytest.mark.parametrize(("status", "canceled"), [("Canceled", True), ("CANCELLED", True), ("On Hold", False)])
def test_states_are_compared_in_any_case(status: str, canceled: bool) -> None:  # noqa: FBT001 - a table
    assert read(RECEIPT | {"status": status}).is_canceled is canceled


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"transactions": None}, "what was sold"),
        ({"transactions": [LINE, {"title": "?"}]}, "1 of its lines cannot be read"),
        ({"transactions": [LINE | {"quantity": 0}]}, "how many pieces"),
        ({"transactions": [LINE | {"quantity": "two"}]}, "how many pieces"),
        ({"grandtotal": None}, "what it costs"),
        ({"grandtotal": MONEY | {"amount": 1251}, "refunds": []}, "do not add up"),
        ({"grandtotal": MONEY | {"divisor": 0}}, "what it costs"),
    ],
)
def test_what_is_odd_is_a_problem_of_the_order(change: dict[str, Any], told: str) -> None:
    assert told in " ".join(read(RECEIPT | change).problems)


def test_a_deleted_listing_a_missing_sku_and_no_variations_are_no_problem() -> None:
    (line,) = read(RECEIPT | {"transactions": [LINE | {"listing_id": None, "sku": None, "variations": None}]}).lines
    assert (line.listing_id, line.sku, line.problem) == (None, "", "")
    assert line.choices == (Choice("Size", "L", "L"),)


def test_only_what_has_no_id_or_no_time_is_no_order() -> None:
    bad = [RECEIPT | {"receipt_id": None}, RECEIPT | {"created_timestamp": "noon"}, "?", None]
    page = client({"count": 5, "results": [*bad, RECEIPT]}).receipts(1, ReceiptQuery("updated", datetime.now(UTC)))
    assert ([item.receipt_id for item in page.receipts], page.rows, page.malformed) == ([31], 5, 4)
    with pytest.raises(PipelineError) as caught:
        read(bad[0])
    assert caught.value.code == "etsy_answer_malformed"


@pytest.mark.parametrize("answer", [[], {}, {"results": None}, "?"])
def test_an_answer_that_is_no_page_is_never_taken_for_no_orders(answer: Any) -> None:
    with pytest.raises(PipelineError):
        client(answer).receipts(1, ReceiptQuery("updated", datetime.now(UTC)))


@pytest.mark.parametrize(
    "query",
    [
        ReceiptQuery("updated", datetime.fromtimestamp(NOW, UTC)),
        ReceiptQuery("created", datetime(1990, 1, 1, tzinfo=UTC), is_canceled=True),
        ReceiptQuery("created", datetime.fromtimestamp(NOW, UTC), is_canceled=False, is_shipped=False),
    ],
)
def test_orders_are_asked_for_as_etsys_document_says(query: ReceiptQuery) -> None:
    asked: list[httpx.Request] = []
    client({"count": 0, "results": []}, asked).receipts(1, query, offset=50)
    sent = dict(parse_qsl(asked[0].url.query.decode()))
    path = asked[0].url.path
    assert query_problems(operation_of("GET", path), sent) == []
    assert (sent["sort_order"], sent["sort_on"], sent["limit"], "legacy" in sent) == ("asc", query.by, "100", False)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*RECEIPT, *LINE, "amount"]), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@given(st.sampled_from(sorted(RECEIPT.keys() - {"receipt_id", "created_timestamp"})), ANYTHING)
def test_no_part_of_an_order_loses_the_order(name: str, value: Any) -> None:
    found = read(RECEIPT | {name: value})
    assert (found.receipt_id, bool(found.content_hash)) == (31, True)


@given(st.sampled_from(sorted(LINE.keys() - {"transaction_id"})), ANYTHING)
def test_no_part_of_a_line_loses_the_line(name: str, value: Any) -> None:
    (line,) = read(RECEIPT | {"transactions": [LINE | {name: value}]}).lines
    assert line.transaction_id == 42
    assert line.quantity >= 0
