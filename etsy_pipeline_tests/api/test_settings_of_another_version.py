"""One shop whose stored settings do not fit this version closes no list of shops."""

import html

import httpx
import pytest

from etsy_pipeline.accounts import configure
from etsy_pipeline.store import accounts
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.accounts.unfit import UNFIT, an_unfit_shop
from etsy_pipeline_tests.api.planned import a_connected_account
from etsy_pipeline_tests.api.visitor import Visitor
from etsy_pipeline_tests.conftest import ON_SQLITE


def test_the_api_lists_it_with_its_problem_beside_the_others(api: httpx.Client, store: Store) -> None:
    unfit, other = an_unfit_shop(store), configure.add(store, "Of today").id
    answer = api.get("/admin/etsy-accounts")
    found = {item["id"]: item for item in answer.json()["etsy_accounts"]}
    assert (answer.status_code, list(found)) == (200, [unfit, other])
    assert "from_the_future" in found[unfit]["settings_problem"]
    assert found[unfit]["settings"] == UNFIT, "as stored"
    assert found[other]["settings_problem"] is None
    assert found[other]["settings"]["price"]["rounding"] == "nearest"


def test_the_pages_list_it_marked_beside_the_others(visitor: Visitor, store: Store) -> None:
    other, unfit = a_connected_account(store), an_unfit_shop(store)
    with store.writing() as session:
        accounts.change(session, unfit, is_active=True, shop_id=9)
    for path in ("/review/accounts", "/setup/"):
        page = visitor.open(path)
        assert (page.status_code, unfit in page.text, other in page.text) == (200, True, True), path
        assert "do not fit this version" in page.text, path
    for path in (f"/setup/?account={unfit}", f"/review/accounts/{unfit}"):
        assert "do not fit this version" in visitor.open(path).text, path


@ON_SQLITE
@pytest.mark.parametrize("chosen", [{}, {"price.rounding": "whole"}])
def test_its_form_shows_what_does_not_fit_and_mends_it_once_somebody_saves(
    visitor: Visitor, store: Store, chosen: dict[str, str]
) -> None:
    unfit = an_unfit_shop(store, UNFIT | {"extra_tags": ["gift"], "orders": 5})
    path = f"/setup/shops/{unfit}/settings"
    assert visitor.open(f"/setup/?account={unfit}").text.count(path) > 0, "the way there"
    visitor.open(path)
    for told in (
        'price.rounding is stored as "cubic". Choose',
        "from_the_future is stored as 1.",
        "orders is stored as 5.",
    ):
        assert told in html.unescape(visitor.text)
    assert visitor.fields(f"{path}/save")["extra_tags"].strip() == "gift"
    assert visitor.send(f"{path}/preview", **chosen).status_code != httpx.codes.INTERNAL_SERVER_ERROR
    with store.reading() as session:
        assert accounts.get(session, unfit).api_config["price"] == {"rounding": "cubic"}, "not before it is saved"
    visitor.open(path)
    visitor.send(f"{path}/save", **chosen)
    assert "do not fit this version" not in visitor.text
    with store.reading() as session:
        account = accounts.get(session, unfit)
    found = accounts.settings_of(account)
    assert (found.price.rounding, found.extra_tags) == (chosen.get("price.rounding", "nearest"), ("gift",))
    assert "from_the_future" not in account.api_config
