"""Whether the shop behind the token is the one in the books: its id, its currency, its name.

Asked at each plan and before each publication, in two calls; not for a plan of stock alone within an hour after it was
found to be the same. A difference holds the account (`sync/holds.py`); one that is gone again does so no longer.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta

from etsy_pipeline.errors import StoreUnavailable, Unavailable
from etsy_pipeline.providers.protocols import RemoteShop, ShopClient
from etsy_pipeline.store import accounts, shop_references
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import AccountHold, EtsyAccount
from etsy_pipeline.sync import books, holds

CODES = ("shop_replaced", "currency_changed", "shop_renamed")
THE_SAME = "is the one in the books"
HOLDS_FOR = timedelta(hours=1)


def compare(store: Store, client: ShopClient, account_id: str) -> RemoteShop:
    """Compare the shop with the books, and hold the account where they differ; the shop in the books, as Etsy has it.

    Args:
        store: the database.
        client: the shop's Etsy.
        account_id: whose, connected.

    Raises:
        NotFound: `account_not_found`.
        AccountHeld: `account_held`, where the token is of another shop: the one in the books may be there no more.
        PipelineError: what Etsy said instead of an answer.
    """
    with store.reading() as session:
        account = accounts.get(session, account_id)
        known = {hold.code: hold.message for hold in holds.of(session, account_id) if hold.code in CODES}
    asked_at = store.now()
    _, shop_id = client.get_me()
    if shop_id != account.shop_id:
        replaced = _replaced(account, shop_id)
        if known.get(replaced.code) != replaced.message:
            with store.writing() as session:
                holds.put(session, replaced)
        raise holds.held([replaced])
    shop = client.get_shop(account.shop_id or 0)
    found = list(_differences(account, shop))
    if {hold.code: hold.message for hold in found} != known:
        with store.writing() as session:
            gone = set(known) - {hold.code for hold in found}
            holds.lift(session, account_id, *gone)
            for hold in found:
                holds.put(session, hold)
    if not found:
        with store.writing() as session:
            shop_references.keep(session, shop.shop_id, THE_SAME, "true", asked_at)
    return shop


def require_for_plan(
    store: Store,
    client: ShopClient,
    account_id: str,
    on_trouble: Callable[[str], None],
    *,
    may_be_kept: bool = False,
) -> None:
    """Refuse to plan for a shop that is another one, or sells in another currency, than the books say.

    Where Etsy gives no answer the plan goes on: before anything of it is published, the same is asked again.

    Args:
        store: the database.
        client: the shop's Etsy.
        account_id: whose, connected.
        on_trouble: told that the shop was not compared, and why.
        may_be_kept: whether it is enough that it was the same within the last hour.

    Raises:
        AccountHeld: with the code of what holds it (`currency_changed`, say).
        PipelineError: what Etsy refused.
    """
    books.check(store, account_id)
    try:
        if not (may_be_kept and _was_the_same(store, account_id)):
            compare(store, client, account_id)
    except StoreUnavailable:
        raise
    except holds.AccountHeld:
        pass  # told below
    except Unavailable as error:
        on_trouble(f"the shop was not compared with the books: {error}")
    with store.reading() as session:
        holds.require_plannable(session, account_id)


def _was_the_same(store: Store, account_id: str) -> bool:
    """Whether it was the one in the books lately. An account that is held is looked at: it may be right again."""
    with store.reading() as session:
        account = accounts.get(session, account_id)
        is_held = any(hold.code in CODES for hold in holds.of(session, account_id))
        kept = shop_references.lately(session, account.shop_id or 0, THE_SAME, HOLDS_FOR)
    return kept is not None and not is_held


def _replaced(account: EtsyAccount, shop_id: int | None) -> AccountHold:
    other = f"the shop {shop_id}" if shop_id is not None else "a user without a shop"
    message = (
        f"The token of {account.label} (shop {account.shop_id}) now belongs to {other}. Nothing is published there."
    )
    return AccountHold(account.id, code="shop_replaced", message=message, details={"shop_id": shop_id})


def _differences(account: EtsyAccount, shop: RemoteShop) -> Iterator[AccountHold]:
    if shop.currency_code != account.currency_code:
        message = (
            f"The shop {account.label} now sells in {shop.currency_code}, and sold in {account.currency_code} before. "
            f"Etsy takes every price that is sent for {shop.currency_code}, so none is sent until you say that this is "
            f"right. From then on prices go there in {shop.currency_code}. A rate, floor, ceiling or fixed markup in "
            f"the settings stays one for {account.currency_code}: what needs it waits until it is set anew."
        )
        details = {"currency_code": shop.currency_code}
        yield AccountHold(account.id, code="currency_changed", message=message, details=details)
    if shop.shop_name != account.shop_name:
        message = f"The shop {account.shop_name} is called {shop.shop_name} on Etsy now. Is it still the right one?"
        details = {"shop_name": shop.shop_name, "shop_url": shop.url}
        yield AccountHold(account.id, code="shop_renamed", message=message, details=details)
