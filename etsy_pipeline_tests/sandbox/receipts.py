"""Receipts as Etsy's document has them, and those of a seller who may read and ship orders."""

from typing import Any

from etsy_pipeline_tests.etsy_spec import response_problems
from etsy_pipeline_tests.sandbox.conftest import SHOP, Etsy

RECEIPTS = f"/shops/{SHOP}/receipts"
SELLERS = "transactions_r transactions_w listings_r listings_w"

Json = dict[str, Any]


def problems(operation: str, body: Json) -> list[str]:
    """What is wrong with an answer, but for what live answers are known to do otherwise (ORDERS §2, §6)."""
    if "results" in body:
        return response_problems(operation, 200, body | {"results": [_documented(item) for item in body["results"]]})
    return response_problems(operation, 200, _documented(body))


def listed(etsy: Etsy, **filters: Any) -> list[Json]:
    """The receipts that a list of at most 100 shows."""
    answer = etsy("GET", RECEIPTS, params={"limit": 100, **filters})
    assert answer.status_code == 200, answer.text
    assert problems("getShopReceipts", answer.json()) == []
    found: list[Json] = answer.json()["results"]
    return found


def one(etsy: Etsy, receipt_id: int) -> Json:
    """A single receipt."""
    answer = etsy("GET", f"{RECEIPTS}/{receipt_id}")
    assert answer.status_code == 200, answer.text
    assert problems("getShopReceipt", answer.json()) == []
    found: Json = answer.json()
    return found


def _documented(receipt: Json) -> Json:
    """States are title case, and a name that may not be read is null; the document says neither."""
    return receipt | {"status": receipt["status"].lower(), "name": receipt["name"] or ""}
