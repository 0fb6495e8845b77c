"""Deciding on what holds an account: the new currency, or the new name, is right."""

from typing import Any

from etsy_pipeline.errors import BadRequest, Conflict, NotFound
from etsy_pipeline.listings.price_currency import noted
from etsy_pipeline.store import accounts, link_decisions
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import AccountHold, EtsyAccount, LinkDecision
from etsy_pipeline.sync import holds

TAKEN_OVER = {"currency_changed": ("currency_code",), "shop_renamed": ("shop_name", "shop_url")}
"""Which columns of the account become what the hold says."""


def accept(store: Store, account_id: str, code: str, *, decided_by: str, through: str) -> AccountHold:
    """Take over what the shop has become, so that it holds the account no longer; what held it.

    With a new currency, syncs whose plans are in the old one are called off, and the amounts in the shop's settings are
    noted as those of the old one: products that need them wait until they are set anew (`listings/price_currency.py`).
    The decision is kept in `link_decision`.

    Raises:
        NotFound: `account_not_found`, `account_not_held`.
        Conflict: `hold_not_acceptable`.
        BadRequest: `approver_missing`; `shop_settings_invalid` where the stored settings do not fit this version.
    """
    if not decided_by.strip():
        raise BadRequest("Such a decision needs a name.", code="approver_missing", hint="Say who decides (--by NAME).")
    with store.writing() as session:
        account = accounts.get(session, account_id, lock=True)
        hold = next((hold for hold in holds.of(session, account_id) if hold.code == code), None)
        if hold is None:
            raise NotFound(
                f"The account {account_id} is not held for {code!r}.",
                code="account_not_held",
                hint="`etsy-pipeline doctor` says what holds it.",
            )
        if code not in TAKEN_OVER:
            raise Conflict(
                f"{code} cannot be accepted: {hold.message}", code="hold_not_acceptable", hint=holds.what_to_do(hold)
            )
        values: dict[str, Any] = {name: hold.details[name] for name in TAKEN_OVER[code]}
        if code == "currency_changed":
            values |= _settings_kept(account)
        accounts.change(session, account_id, **values)
        if code == "currency_changed":
            holds.call_off(session, account_id, f"{hold.message} {decided_by.strip()} accepted that.")
        link_decisions.add(
            session, LinkDecision(account_id, "accepted", decided_by.strip(), through, note=hold.message)
        )
        holds.lift(session, account_id, code)
    return hold


def _settings_kept(account: EtsyAccount) -> dict[str, Any]:
    """The settings with their amounts noted as those of the currency so far; nothing where they have none."""
    settings = accounts.settings_of(account)
    if account.currency_code is None or (kept := noted(settings, account.currency_code)) is settings:
        return {}
    return {"api_config": kept.model_dump(mode="json", exclude_unset=True)}
