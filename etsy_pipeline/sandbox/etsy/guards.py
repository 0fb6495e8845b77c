"""What forbids every write: a shop on vacation, a listing that Etsy took down (LIFECYCLE §1, §3)."""

from typing import Any

from etsy_pipeline.sandbox.etsy.answers import error
from etsy_pipeline.sandbox.etsy.requests import Call, whole
from etsy_pipeline.sandbox.state import load

WRITES = "listings_w"


def check_write(call: Call, scope: str | None) -> None:
    """Refuse a write to listings where nothing may be written. Deleting has a scope of its own, and works on vacation.

    Raises:
        EtsyError: with texts of ours.
    """
    if scope != WRITES:
        return
    row = call.state.row("SELECT data FROM shop WHERE user_id = ?", call.user_id)
    shop: dict[str, Any] = load(row) if row else {}
    if shop.get("is_vacation") and shop.get("vacation_refuses_writes", True):
        raise error(400, "The shop is on vacation.")
    listing_id = whole(call.path.get("listing_id", ""))
    found = call.state.row("SELECT state FROM listing WHERE listing_id = ?", listing_id)
    if found is not None and found["state"] == "removed":
        raise error(400, "There was a problem with /state : the listing was removed by Etsy")


def check_activation(shop: dict[str, Any]) -> None:
    """Refuse to put anything on sale in a shop that cannot sell."""
    if shop.get("is_vacation"):  # a release note of 2021-06-14 (LIFECYCLE §3)
        raise error(400, "There was a problem with /state : the shop is on vacation")
    if shop.get("has_unpaid_bill"):
        raise error(400, "There was a problem with /state : the shop has an unpaid bill")
    if not shop.get("is_etsy_payments_onboarded", True):
        raise error(400, "There was a problem with /state : the shop does not take payments yet")
