"""A shop whose stored settings do not fit this version: it is mended by `configure`, on both databases."""

from typing import Any

import pytest

from etsy_pipeline.accounts import configure
from etsy_pipeline.errors import BadRequest
from etsy_pipeline.store import accounts
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.accounts.unfit import UNFIT, an_unfit_shop

GOOD = {"markup_percent": 5}


def stored(store: Store, account_id: str) -> dict[str, Any]:
    with store.reading() as session:
        return dict(accounts.get(session, account_id).api_config)


def test_the_message_names_the_shop_and_how_it_is_mended(store: Store) -> None:
    account_id = an_unfit_shop(store)
    with store.reading() as session, pytest.raises(BadRequest) as refused:
        accounts.settings_of(accounts.get(session, account_id))
    assert f"The stored settings of Of tomorrow ({account_id}) cannot be used: " in refused.value.message
    assert f"accounts configure {account_id} --set NAME=VALUE" in refused.value.hint


@pytest.mark.parametrize(
    ("changes", "price"),
    [
        ({"price.rounding": "nearest", "from_the_future": None}, {"rounding": "nearest"}),
        ({"price": GOOD, "from_the_future": None}, {"markup_percent": "5"}),
        ({"price.rounding": configure.Back.TO_DEFAULT, "from_the_future": configure.Back.TO_DEFAULT}, {}),
    ],
    ids=["a value and null", "a file", "back to the default"],
)
def test_what_counts_is_that_all_settings_fit_afterwards(
    store: Store, changes: dict[str, Any], price: dict[str, Any]
) -> None:
    account_id = an_unfit_shop(store)
    configure.configure(store, account_id, changes)
    assert stored(store, account_id) == {"price": price}


def test_null_drops_what_is_unknown_inside_of_a_setting_as_well(store: Store) -> None:
    account_id = an_unfit_shop(store, {"price": {"markup_percent": 5, "moon_phase": "full"}})
    configure.configure(store, account_id, {"price.moon_phase": None})
    assert stored(store, account_id) == {"price": {"markup_percent": "5"}}


@pytest.mark.parametrize(
    "changes",
    [{"price.rounding": "nearest"}, {"from_the_future": None}, {"price": GOOD, "from_the_future": None, "typo": None}],
    ids=["an unknown one is left", "a bad value is left", "null for one that was never stored"],
)
def test_what_does_not_fit_afterwards_is_refused_with_what_mends_it(store: Store, changes: dict[str, Any]) -> None:
    account_id = an_unfit_shop(store)
    with pytest.raises(BadRequest) as refused:
        configure.configure(store, account_id, changes)
    assert refused.value.code == "shop_settings_invalid"
    assert "--set NAME=null" in refused.value.hint
    assert stored(store, account_id) == UNFIT
