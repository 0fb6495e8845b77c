"""Whether the database is as new as what was published: an old copy that was put back publishes nothing.

`etsy_account.books_epoch` is raised at the begin and the end of each publication, and with each batch of it. After the
commit the number is written to the fence, outside the database (`store/fence.py`). What happened since the last of
these moments the shop itself tells (`shop/newer.py`).
"""

from collections.abc import Sequence

from etsy_pipeline.store import accounts, clock
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import AccountHold
from etsy_pipeline.sync import holds

OLDER = "books_older_than_shop"


def check(store: Store, account_id: str) -> None:
    """Hold the account where its fence is ahead of the database; bring up a fence that is behind.

    Raises:
        NotFound: `account_not_found`.
        NotConfigured: `fence_unreadable`.
    """
    with store.reading() as session:
        shop_id = accounts.get(session, account_id).shop_id
    if shop_id is None:
        return
    fence = store.fence.epoch(shop_id)  # before the database: what is raised in between is in both
    with store.reading() as session:
        account = accounts.get(session, account_id)
    if fence <= account.books_epoch:
        store.fence.write(shop_id, account.books_epoch)
        return
    with store.writing() as session:
        since = clock.now(session)
        message = (
            f"The database is older than the shop {account.label}: it counts {account.books_epoch} steps of "
            f"publications, and there were {fence}. Was a backup put back? Nothing is published, and earlier approvals "
            "are void."
        )
        told = {"steps": fence}  # whoever recovers may do so on a machine whose fence does not know
        holds.put(session, AccountHold(account_id, code=OLDER, message=message, details=told, since=since))


def require_current(store: Store, account_id: str) -> None:
    """Refuse to approve or publish from a database that is older than what was published, or is held for a reason.

    Raises:
        AccountHeld: `account_held`.
        NotConfigured: `fence_unreadable`.
    """
    check(store, account_id)
    with store.reading() as session:
        holds.require_free(session, account_id)


def bump(store: Store, account_id: str) -> None:
    """Something is about to be published, or was: the books are newer by one.

    Raises:
        AccountHeld: `account_held`, where they are old ones.
    """
    require_current(store, account_id)
    with store.writing() as session:
        account = accounts.raise_epoch(session, account_id)
    store.fence.write(account.shop_id or 0, account.books_epoch)


def pass_fence(store: Store, account_id: str, lifted: Sequence[AccountHold] = ()) -> None:
    """The books are right again, as a person has seen to: from now on they are the newest, for every machine's fence.

    Args:
        store: the database.
        account_id: whose.
        lifted: what held the account until now.
    """
    with store.reading() as session:
        shop_id = accounts.get(session, account_id).shop_id or 0
    fences = store.fence.epoch(shop_id), *(hold.details.get("steps", 0) for hold in lifted)
    with store.writing() as session:
        account = accounts.raise_epoch(session, account_id, above=max(fences))
    store.fence.write(shop_id, account.books_epoch)
