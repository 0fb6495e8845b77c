"""One shop whose stored settings do not fit this version closes no list of shops."""

import httpx

from etsy_pipeline.accounts import configure
from etsy_pipeline.store import accounts
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.accounts.unfit import UNFIT, an_unfit_shop
from etsy_pipeline_tests.api.planned import a_connected_account
from etsy_pipeline_tests.api.visitor import Visitor


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
