"""The life of a listing: four paid months, then it expires or is renewed, each time for a fee (LIFECYCLE §1, §2, §4).

Of a renewal only this is sure: it costs a fee and starts a new term (FACTS §6). That `created_timestamp` moves with it
while `original_creation_timestamp` stays is marked uncertain there (LIFECYCLE §2).
"""

from typing import Any

from etsy_pipeline.sandbox.etsy import guards, shops, stock
from etsy_pipeline.sandbox.state import State, dump, load

TERM_SECONDS = 120 * 86400
FEE_CENTS = 20
DUE = """
SELECT listing_id, shop_id, data FROM listing
WHERE state = 'active' AND json_extract(data, '$.ending') <= ? ORDER BY listing_id
"""

Json = dict[str, Any]


def ending(listing: Json) -> int:
    """When its term ends; listings of older state files tell only when they were created."""
    found: int = listing.get("ending") or listing["created"] + TERM_SECONDS
    return found


def charge(state: State, listing_id: int, reason: str) -> None:
    """One fee (FACTS §5)."""
    values = (listing_id, reason, FEE_CENTS, state.now())
    state.run("INSERT INTO fee (listing_id, reason, usd_cents, at) VALUES (?,?,?,?)", *values)


def activate(state: State, shop: Json, listing: Json) -> None:
    """Set a listing active: first publication and renewal cost a fee, an inactive one in its term nothing.

    A sold-out one is left with one piece, whatever its inventory said before (the strict reading of FACTS §6).
    """
    now, before = int(state.now()), listing["state"]
    guards.check_activation(shop)
    if before == "sold_out":
        stock.leave_one(listing["inventory"])
    if before == "draft":
        listing["ending"] = now + TERM_SECONDS
        charge(state, listing["listing_id"], "listing")
    elif renews(listing, now):
        listing |= {"created": now, "ending": now + TERM_SECONDS}
        charge(state, listing["listing_id"], "renewal")
    listing |= {"state": "active", "state_at": now, "modified": now}


def renews(listing: Json, now: float) -> bool:
    """Whether setting it active starts a new term. An inactive one whose term is over is as expired (LIFECYCLE §1)."""
    is_over = listing["state"] == "inactive" and ending(listing) <= now
    return listing["state"] in {"sold_out", "expired"} or is_over


def fails(state: State, listing: Json) -> bool:
    """Whether this renewal is one that answers 500 (LIFECYCLE §5, issue 247 of etsy/open-api); counts it."""
    left = listing.get("renewals_that_fail", 0)
    if left < 1 or not renews(listing, state.now()):
        return False
    state.run(
        "UPDATE listing SET data = json_set(data, '$.renewals_that_fail', ?) WHERE listing_id = ?",
        left - 1, listing["listing_id"],
    )  # fmt: skip
    return True


def run_due(state: State) -> None:
    """Expire or renew what is due, as it would have happened by itself at the time."""
    now = state.now()
    for row in state.rows(DUE, now):
        listing, may_renew = load(row), not shops.of_id(state, row["shop_id"]).get("has_unpaid_bill")
        name = "active"
        if listing.get("should_auto_renew") and may_renew:
            while listing["ending"] <= now:
                charge(state, row["listing_id"], "auto_renewal")
                listing |= {"created": listing["ending"], "ending": listing["ending"] + TERM_SECONDS}
            listing["modified"] = listing["created"]
        else:
            name = "expired"
            listing |= {"state_at": listing["ending"], "modified": listing["ending"]}
        state.run("UPDATE listing SET state = ?, data = ? WHERE listing_id = ?", name, dump(listing), row["listing_id"])
