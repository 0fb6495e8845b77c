"""Reading a catalogue over HTTP: every product once, or an error that says what to do."""

import base64
import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest

from etsy_pipeline.catalogue.medusa import IDS_AT_ONCE, CataloguePage, MedusaCatalogue
from etsy_pipeline.catalogue.patience import Patience
from etsy_pipeline.catalogue.selection import Selection
from etsy_pipeline.catalogue.told import TOLD, TOLD_INSIDE
from etsy_pipeline.errors import BadRequest, NeedsPerson, NotConfigured, PipelineError, Unavailable
from etsy_pipeline_tests.catalogue.medusa_server import Answer, Query, SmallMedusa, a_raw_variant, running

KEY = "sk_very_secret"


def a_raw_product(number: int) -> dict[str, Any]:
    return {
        "id": f"prod_{number:03}", "title": f"Mug {number}", "status": "published", "images": [], "variants": [],
        **dict.fromkeys(TOLD[1:]),
    }  # fmt: skip


@pytest.fixture
def medusa() -> Iterator[SmallMedusa]:
    with running(SmallMedusa([a_raw_product(number) for number in range(7)])) as server:
        yield server


def catalogue(server: SmallMedusa, page_size: int = 3) -> MedusaCatalogue:
    return MedusaCatalogue(server.url, KEY, page_size=page_size, patience=Patience(0))


def ids(pages: list[CataloguePage]) -> list[str]:
    return [product.id for page in pages for product in page.products]


def everything(server: SmallMedusa, page_size: int = 3, **selection: Any) -> list[CataloguePage]:
    return list(catalogue(server, page_size).pages(Selection(**selection)))


@pytest.mark.parametrize("page_size", [1, 2, 3, 6, 7, 8, 50])
def test_every_product_is_read_once(medusa: SmallMedusa, page_size: int) -> None:
    pages = everything(medusa, page_size)
    assert ids(pages) == [f"prod_{number:03}" for number in range(7)]
    assert {page.total for page in pages} == {7}


def test_a_page_is_asked_for_when_it_is_needed(medusa: SmallMedusa) -> None:
    """A catalogue of any size is never in memory as a whole."""
    pages = catalogue(medusa).pages(Selection())
    next(pages)
    assert len(medusa.asked) == 1


def test_an_empty_catalogue_is_one_empty_page(medusa: SmallMedusa) -> None:
    medusa.products.clear()
    assert everything(medusa) == [CataloguePage(())]


def test_the_question_is_lean_ordered_and_authorized(medusa: SmallMedusa) -> None:
    everything(
        medusa, statuses=("published",), tag_ids=("ptag_1", "ptag_2"), sales_channel_ids=("sc_1",), type_ids=("ptyp_1",)
    )
    asked = medusa.asked[0]
    assert (asked["order"], asked["status[]"], asked["tag_id[]"], asked["sales_channel_id[]"], asked["type_id[]"]) == (
        ["id"], ["published"], ["ptag_1", "ptag_2"], ["sc_1"], ["ptyp_1"]
    )  # fmt: skip
    assert "variants.prices.price_rules.value" in asked["fields"][0], "else a region's price looks plain"
    assert "*" not in asked["fields"][0], "whole relations are four times as large"
    assert medusa.authorizations[0] == "Basic " + base64.b64encode(f"{KEY}:".encode()).decode()


def test_numbers_stay_exact(medusa: SmallMedusa) -> None:
    price = {"currency_code": "usd", "amount": 1, **dict.fromkeys(("min_quantity", "max_quantity", "rules"))}
    product = a_raw_product(1) | {"variants": [a_raw_variant(prices=[price])]}
    body = json.dumps(product).replace('"amount": 1', '"amount": 19.990000000000001')
    medusa.mishaps.append(lambda _: (200, f'{{"products": [{body}], "count": 1}}'))
    assert everything(medusa)[0].products[0].variants[0].prices == {"USD": Decimal("19.990000000000001")}


def test_products_by_id_are_asked_for_in_portions_and_the_missing_ones_told(medusa: SmallMedusa) -> None:
    wanted = ("prod_002", "prod_nowhere", "prod_001", "prod_002", *(f"prod_x{number}" for number in range(IDS_AT_ONCE)))
    pages = everything(medusa, product_ids=wanted)
    assert ids(pages) == ["prod_001", "prod_002"]
    assert [len(query["id[]"]) for query in medusa.asked] == [50, 3]
    assert pages[-1].missing == ("prod_nowhere", *(f"prod_x{number}" for number in range(IDS_AT_ONCE)))
    assert {page.total for page in pages} == {53}


def test_one_product_that_cannot_be_read_does_not_stop_the_others(medusa: SmallMedusa) -> None:
    medusa.products[3]["variants"] = "none"
    pages = everything(medusa)
    assert len(ids(pages)) == 6
    assert [(item.product_id, item.code) for page in pages for item in page.malformed] == [
        ("prod_003", "product_malformed")
    ]


@pytest.mark.parametrize("field", TOLD)
def test_a_field_that_medusa_leaves_out_makes_the_product_unreadable(medusa: SmallMedusa, field: str) -> None:
    """A role may filter fields: without its tags or description a listing would be emptied."""
    del medusa.products[3][field]
    pages = everything(medusa)
    assert len(ids(pages)) == 6
    assert [field in item.message for page in pages for item in page.malformed] == [True]


def a_whole_product() -> dict[str, Any]:
    level = {"stocked_quantity": 3, "reserved_quantity": 1, "location_id": "sloc_1"}
    price = {"currency_code": "usd", "amount": 5, "min_quantity": None, "max_quantity": None, "rules": {}}
    variant = a_raw_variant(
        prices=[price],
        options=[{"value": "S", "option": {"title": "Size"}}],
        inventory_items=[{"required_quantity": 1, "inventory": {"location_levels": [level]}}],
    )
    return a_raw_product(3) | {
        "variants": [variant],
        "images": [{"url": "/a.jpg", "rank": 0}],
        "tags": [{"value": "mug"}],
        "categories": [{"id": "pcat_1", "name": "Mugs"}],
        "options": [{"title": "Size", "values": [{"value": "S", "rank": 0}]}],
    }


@pytest.mark.parametrize("path", TOLD_INSIDE)
def test_a_field_that_is_left_out_anywhere_inside_makes_the_product_unreadable(medusa: SmallMedusa, path: str) -> None:
    """Without its reservations it would be oversold, without its options or SKUs its listing rewritten."""
    product: Any = a_whole_product()
    medusa.products[3] = product
    assert len(ids(everything(medusa))) == 7, "with all of it, it can be read"
    *parents, last = path.split(".")
    for part in parents:
        product = product[part][0] if isinstance(product[part], list) else product[part]
    del product[last]
    (problem,) = [item for page in everything(medusa) for item in page.malformed]
    assert (problem.product_id, problem.code, path in problem.message) == ("prod_003", "product_malformed", True)


def test_products_without_an_id_are_each_told(medusa: SmallMedusa) -> None:
    nameless = [{"title": "?"}, {"title": "?"}]
    medusa.mishaps.append(lambda _: (200, json.dumps({"products": nameless, "count": 2})))
    assert len(everything(medusa)[0].malformed) == 2


def delete(server: SmallMedusa, *numbers: int) -> Callable[[Query], None]:
    def act(_: Query) -> None:
        gone = {f"prod_{number:03}" for number in numbers}
        server.products = [item for item in server.products if item["id"] not in gone]

    return act


def nothing(_: Query) -> None:
    """No mishap."""


@pytest.mark.parametrize("gone", [(0,), (1, 2), (0, 1, 2), (2, 3)])
def test_a_product_deleted_while_we_read_hides_no_other(medusa: SmallMedusa, gone: tuple[int, ...]) -> None:
    """Pages are counted from the start: after a deletion there, the next page begins too late (FACTS §6)."""
    medusa.mishaps = [nothing, delete(medusa, *gone)]
    assert {f"prod_{number:03}" for number in range(3, 7) if number not in gone} <= set(ids(everything(medusa)))


def test_deletions_on_every_page_hide_nothing(medusa: SmallMedusa) -> None:
    medusa.products = [a_raw_product(number) for number in range(40)]
    medusa.mishaps = [nothing, *(delete(medusa, number, number + 1) for number in range(0, 20, 2))]
    found = ids(everything(medusa))
    assert {f"prod_{number:03}" for number in range(20, 40)} <= set(found)
    assert len(found) == len(set(found))


def test_a_product_added_before_those_we_read_is_no_silent_loss(medusa: SmallMedusa) -> None:
    def add(_: Query) -> None:
        medusa.products.append(a_raw_product(0) | {"id": "prod_000a"})

    medusa.mishaps = [nothing, add]
    with pytest.raises(Unavailable, match="counted 8 products but gave 7") as caught:
        everything(medusa)
    assert caught.value.code == "catalogue_incomplete"


@pytest.mark.parametrize("left", [0, 3, 110])
def test_a_catalogue_that_collapses_while_it_is_read_is_no_catalogue(medusa: SmallMedusa, left: int) -> None:
    """A plan would deactivate all that seems gone."""
    medusa.products = [a_raw_product(number) for number in range(146)]
    medusa.mishaps = [nothing, delete(medusa, *range(left, 146))]
    with pytest.raises(Unavailable, match="counted 146 products") as caught:
        everything(medusa)
    assert caught.value.code == "catalogue_incomplete"


@pytest.mark.parametrize("count", [146, 140, 7, 0])
@pytest.mark.parametrize("page", [1, 2, 40])
def test_pages_that_turn_empty_are_no_end_of_the_catalogue(medusa: SmallMedusa, page: int, count: int) -> None:
    """Whatever Medusa still counts then: a plan would deactivate what it did not give."""
    medusa.products = [a_raw_product(number) for number in range(146)]
    empty = (200, json.dumps({"products": [], "count": count}))
    medusa.mishaps = [*[nothing] * page, *[lambda _: empty] * 100]
    with pytest.raises(Unavailable, match="counted 1") as caught:
        everything(medusa)
    assert caught.value.code == "catalogue_incomplete"


def test_one_empty_page_is_asked_for_again(medusa: SmallMedusa) -> None:
    medusa.mishaps = [nothing, lambda _: (200, '{"products": [], "count": 7}')]
    assert len(ids(everything(medusa))) == 7


def test_a_catalogue_that_collapses_while_its_products_are_asked_for_by_id_is_none(medusa: SmallMedusa) -> None:
    """So they are read again before they are published."""
    medusa.products = [a_raw_product(number) for number in range(50)]
    medusa.mishaps = [nothing, lambda _: (200, '{"products": [], "count": 0}')]
    with pytest.raises(Unavailable, match="catalogue_incomplete"):
        everything(medusa, product_ids=tuple(f"prod_{number:03}" for number in range(50)))


def test_fewer_products_than_medusa_counts_are_an_error(medusa: SmallMedusa) -> None:
    """A failed read is not an empty answer: a plan on half a catalogue would deactivate the other half."""
    medusa.mishaps = [lambda _: (200, '{"products": [], "count": 7}')]
    with pytest.raises(Unavailable, match="counted 7 products but gave 0"):
        everything(medusa)


def test_a_catalogue_that_never_holds_still_is_given_up(medusa: SmallMedusa) -> None:
    def always_others(_: Query) -> Answer:
        start = len(medusa.asked) * 10 + 100
        return 200, json.dumps({"products": [a_raw_product(start + n) for n in range(3)], "count": 1000})

    medusa.mishaps = [always_others] * 60
    with pytest.raises(Unavailable, match="catalogue_incomplete"):
        everything(medusa)


OTHER_ANSWERS: list[tuple[Answer, type[PipelineError], str]] = [
    ((500, "oops"), Unavailable, "medusa_error"),
    ((429, "slowly"), Unavailable, "medusa_error"),
    ((401, '{"message": "Unauthorized"}'), NeedsPerson, "medusa_unauthorized"),
    ((403, "no"), NeedsPerson, "medusa_unauthorized"),
    ((400, '{"type": "invalid_data", "message": "no such status"}'), BadRequest, "medusa_refused"),
    ((200, "<!doctype html><title>Medusa Admin</title>"), NotConfigured, "not_a_medusa"),
    ((302, ""), NotConfigured, "not_a_medusa"),
    ((404, "<h1>Not found</h1>"), NotConfigured, "not_a_medusa"),
    ((404, '{"type": "not_found", "message": "another service"}'), NotConfigured, "not_a_medusa"),
    ((200, "[]"), NotConfigured, "not_a_medusa"),
    ((200, '{"count": 0}'), NotConfigured, "not_a_medusa"),
    ((200, '{"products": [], "count": "many"}'), NotConfigured, "not_a_medusa"),
    ((200, b"\xff\xfe\x00"), NotConfigured, "not_a_medusa"),
    ((200, "[" * 100_000), NotConfigured, "not_a_medusa"),
]


@pytest.mark.parametrize(("answer", "error", "code"), OTHER_ANSWERS)
def test_other_answers_are_errors_that_say_what_to_do(
    medusa: SmallMedusa, answer: Answer, error: type[PipelineError], code: str
) -> None:
    medusa.mishaps = [lambda _: answer] * 10
    with pytest.raises(error) as caught:
        everything(medusa)
    assert (caught.value.code, len(medusa.asked)) == (code, 1)
    assert medusa.url in caught.value.message
    assert caught.value.hint
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://does-not-exist.invalid"])
def test_a_server_that_is_not_there_is_said_to_be_unreachable(url: str) -> None:
    with pytest.raises(Unavailable, match="cannot be reached") as caught:
        list(MedusaCatalogue(url, KEY, patience=Patience(0)).pages(Selection()))
    assert caught.value.code == "medusa_unreachable"


@pytest.mark.parametrize("url", ["", "medusa.test", "ftp://medusa.test", "http://"])
def test_an_address_that_is_none_is_said_to_be_wrong(url: str) -> None:
    with pytest.raises(NotConfigured, match="not_a_medusa"):
        list(MedusaCatalogue(url, KEY, patience=Patience(0)).pages(Selection()))


def test_a_server_that_does_not_answer_in_time_is_unreachable() -> None:
    def hang(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("too slow", request=request)

    client = httpx.Client(transport=httpx.MockTransport(hang))
    with pytest.raises(Unavailable, match=r"cannot be reached \(ReadTimeout\)"):
        list(MedusaCatalogue("http://medusa.test", KEY, client=client, patience=Patience(0)).pages(Selection()))
