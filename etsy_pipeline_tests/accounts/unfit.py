"""A shop whose stored settings do not fit this version, as after a step back to it."""

from collections.abc import Mapping
from typing import Any

from etsy_pipeline.accounts import configure
from etsy_pipeline.store import accounts
from etsy_pipeline.store.engine import Store

UNFIT = {"from_the_future": 1, "price": {"rounding": "cubic"}}


def an_unfit_shop(store: Store, config: Mapping[str, Any] = UNFIT) -> str:
    """Its account, which is called "Of tomorrow"; beside others."""
    account_id = configure.add(store, "Of tomorrow").id
    with store.writing() as session:
        accounts.change(session, account_id, api_config=dict(config))
    return account_id
