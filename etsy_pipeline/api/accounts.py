"""Routes of accounts: add, list, settings, readiness, disconnect."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import BaseModel, Field

from etsy_pipeline.accounts import configure, connect, disconnect
from etsy_pipeline.accounts.connection import State
from etsy_pipeline.accounts.readiness import Readiness, is_ready, readiness
from etsy_pipeline.accounts.view import account_view
from etsy_pipeline.api.answers import Done
from etsy_pipeline.api.context import Context
from etsy_pipeline.api.inputs import AccountPath, Name, Page
from etsy_pipeline.api.who import ByProgram
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.store import accounts
from etsy_pipeline.sync import holds

router = APIRouter(prefix="/admin/etsy-accounts", tags=["accounts"])


class NewAccount(BaseModel):
    """An account to be added."""

    shop_name: Name | None = Field(default=None, description="A name for the shop, until Etsy tells its own.")


class AccountId(BaseModel):
    """The account that was added."""

    id: str


class HoldAnswer(BaseModel):
    """Why nothing of the account is approved or published, and what a person does about it."""

    code: str
    message: str
    what_to_do: str
    since: str | None


class Account(BaseModel):
    """An account, its shop and its settings. Never a token."""

    id: str
    name: str
    is_active: bool
    shop_id: int | None
    shop_name: str | None
    shop_url: str | None
    currency_code: str | None
    scopes: str | None
    refresh_token_expires_at: str | None
    connection: State
    days_left: int | None
    needs_consent_since: str | None
    token_problem: str | None
    holds: list[HoldAnswer]
    settings_problem: str | None = Field(
        default=None, description="Why the stored settings do not fit this version; `settings` are as stored then."
    )
    settings: dict[str, Any]


class Accounts(BaseModel):
    """Part of the accounts."""

    etsy_accounts: list[Account]
    count: int
    offset: int
    limit: int


class FindingAnswer(BaseModel):
    """One thing that was looked at. `missing` keeps publishing from beginning, `warning` does not."""

    what: str
    standing: Readiness
    detail: str
    hint: str


class ReadinessAnswer(BaseModel):
    """Whether a shop can be published to, and the calls to Etsy that all shops of the app have left today."""

    is_ready: bool
    findings: list[FindingAnswer]
    calls_a_day: int
    calls_left_today: int


@router.post("", summary="Add an account; connect it next")
def add(context: Context, by: ByProgram, body: NewAccount | None = None) -> AccountId:
    """Its id goes into the other routes. Another one with the same name is refused; several may wait without a name."""
    if body and body.shop_name:
        configure.require_new_name(context.store, body.shop_name)
    name = body.shop_name if body and body.shop_name else connect.UNNAMED
    return AccountId(id=configure.add(context.store, name, by=by).id)


@router.get("", summary="The accounts, oldest first")
def list_accounts(context: Context, page: Page, is_active: bool | None = None) -> Accounts:  # noqa: FBT001 - a query parameter
    """Connected or not."""
    with context.store.reading() as session:
        found, count = accounts.page(session, is_active=is_active, first=page.offset, most=page.limit)
        views = [Account(**account_view(account, holds.of(session, account.id))) for account in found]
    return Accounts(etsy_accounts=views, count=count, offset=page.offset, limit=page.limit)


@router.get("/{account_id}", summary="One account")
def show(context: Context, account_id: AccountPath) -> Account:
    """With its shop and settings."""
    with context.store.reading() as session:
        return Account(**account_view(accounts.get(session, account_id), holds.of(session, account_id)))


@router.get("/{account_id}/settings", summary="The settings of a shop")
def show_settings(context: Context, account_id: AccountPath) -> ShopSettings:
    """All of them, defaults included."""
    with context.store.reading() as session:
        return accounts.settings_of(accounts.get(session, account_id))


@router.patch("/{account_id}/settings", summary="Change settings of a shop")
def change_settings(
    context: Context,
    by: ByProgram,
    account_id: AccountPath,
    changes: Annotated[
        dict[str, Any], Body(description="Setting → value; what is not named stays; dots reach inside.")
    ],
) -> ShopSettings:
    """All of them are valid, or none is changed."""
    return configure.configure(context.store, account_id, changes, by=by)


@router.get("/{account_id}/readiness", summary="Is the shop ready to be published to?")
def show_readiness(context: Context, account_id: AccountPath) -> ReadinessAnswer:
    """Connection, permissions, profiles, policies; asks Etsy."""
    found = readiness(
        context.store, account_id, client_of=context.shop_client, wanted_scopes=context.settings.etsy_scope
    )
    quota = context.quota()
    findings = [FindingAnswer(**asdict(finding)) for finding in found]
    return ReadinessAnswer(
        is_ready=is_ready(found), findings=findings, calls_a_day=quota.per_day, calls_left_today=quota.left_today
    )


@router.post("/{account_id}/disconnect", summary="Forget the shop's tokens")
def disconnect_shop(context: Context, by: ByProgram, account_id: AccountPath) -> Done:
    """Open syncs are called off; the history stays."""
    disconnect.disconnect(context.store, account_id, by=by)
    return Done()
