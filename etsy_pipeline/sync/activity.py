"""Who did what, in words: for the command line, the HTTP API and the pages."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from etsy_pipeline.store import activity
from etsy_pipeline.store.activity import Activity
from etsy_pipeline.store.engine import Store

MOST_OF_SYNC = 100
WORDS = {
    "asked": "asked for a sync",
    "asked_again": "asked for another sync of what failed",
    "asked_to_take_back": "asked to take a sync back",
    "cancelled": "called the sync off",
    "brought_forward": "had products sent first",
    "dropped": "took products out",
    "account_added": "added the account",
    "account_renamed": "renamed the account",
    "account_removed": "removed the account",
    "connecting": "began to connect the shop",
    "disconnected": "disconnected the shop",
    "settings_changed": "changed settings",
    "variant_chosen": "said which variant was sold",
    "nothing_booked": "had nothing booked for a line",
    "goods_back": "said that the goods are back",
    "goods_gone": "said that the goods are gone",
    "order_closed": "closed an order by hand",
    "parcels_told": "had Etsy told of the parcels",
    "scan_asked": "asked for a look through all listings",
    "person_added": "let somebody in",
    "person_removed": "shut somebody out",
    "role_changed": "gave somebody another role",
    "token_renewed": "gave somebody a new token",
    "approved": "approved the plan",
    "rejected": "rejected the plan",
    "conditional": "approved the plan before it was there",
    "withheld": "was not followed: the plan waits for a person",
    "resumed": "let the sync go on",
    "attached": "linked a product to a listing",
    "detached": "took a product's link away",
    "ignored": "said that a listing is none of Medusa's products",
    "unignored": "said that a listing may be one of Medusa's products",
    "create_anyway": "said that a product and a listing are not the same",
    "moved": "moved a listing to another product",
    "taken_back": "took a decision on a link back",
    "accepted": "accepted what held the account",
    "recovered": "made the books anew from the shop",
}


def newest(
    store: Store, *, account_id: str | None = None, transaction_id: str | None = None, first: int = 0, most: int = 50
) -> tuple[Sequence[Activity], int]:
    """Some of what people did, the last first, and how much there is; of an account, or on a sync."""
    with store.reading() as session:
        return activity.newest(session, account_id=account_id, transaction_id=transaction_id, first=first, most=most)


def of_sync(store: Store, transaction_id: str) -> Sequence[Activity]:
    """What people did with a sync, the first first; who asked for another one because of it, too."""
    return newest(store, transaction_id=transaction_id, most=MOST_OF_SYNC)[0][::-1]


def words(done: Activity) -> str:
    """What was done, without who."""
    told = WORDS.get(done.deed, done.deed.replace("_", " "))
    many = f" ({done.count} times)" if done.count > 1 else ""
    about = f": {done.about}" if done.about else ""
    note = f" ({done.note})" if done.note else ""
    return f"{told}{many}{about}{note}"


def view(done: Activity) -> dict[str, Any]:
    """For programs."""
    return asdict(done) | {"created_at": done.created_at.isoformat(), "words": words(done)}
