"""The steps of set-up, and how far it has come: told by what is stored, so that any of them can be gone back to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from etsy_pipeline.api.context import AppContext
from etsy_pipeline.errors import BadRequest
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.store import accounts
from etsy_pipeline.store.records import EtsyAccount
from etsy_pipeline.sync import queries

SETUP = "/setup"
Standing = Literal["done", "next", "later"]


@dataclass(frozen=True, slots=True)
class Step:
    """One step; `told` says what was chosen. There is no address where another step has to come first."""

    name: str
    title: str
    standing: Standing
    address: str = ""
    told: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """All steps of one shop, and the shop as far as there is one."""

    steps: Sequence[Step]
    account: EtsyAccount | None
    shops: Sequence[EtsyAccount]
    unfit: frozenset[str] = frozenset()
    """The ids of shops whose settings do not fit this version."""

    @property
    def next(self) -> Step | None:
        """The first one that is not done; None when all are."""
        return next((step for step in self.steps if step.standing == "next"), None)

    def after(self, name: str) -> str:
        """Where to go on after a step: to the next one that is not done, else to the overview."""
        names = [step.name for step in self.steps]
        open_ = [step for step in self.steps[names.index(name) + 1 :] if step.standing != "done" and step.address]
        return open_[0].address if open_ else f"{SETUP}/"


def progress(context: AppContext, account_id: str = "") -> Progress:
    """How far set-up has come for a shop, or for the first one that is not set up.

    Raises:
        NotFound: `account_not_found`.
    """
    with context.store.reading() as session:
        every = accounts.every(session)
        account = accounts.get(session, account_id) if account_id else _first(every)
    unfit = frozenset(item.id for item in every if _chosen(item) is None)
    return Progress(_in_turn(context, account), account, every, unfit)


def _first(every: Sequence[EtsyAccount]) -> EtsyAccount | None:
    unfinished = [account for account in every if account.is_active and not _has_profiles(_chosen(account))]
    connected = [account for account in every if account.is_active]
    return next(iter((*unfinished, *connected, *every)), None)


def _in_turn(context: AppContext, account: EtsyAccount | None) -> list[Step]:
    """The steps with their standings: what comes after an unfinished one can be opened where it can be answered."""
    settings = context.settings
    has_medusa = bool(settings.medusa_url and settings.medusa_api_key and settings.medusa_amount_unit)
    has_app = bool(settings.etsy_client_id and settings.etsy_shared_secret)
    has_shop = account is not None and account.is_active and account.shop_id is not None
    chosen = _chosen(account) if account else None
    of_shop = f"{SETUP}/shops/{account.id}" if account and has_shop and has_medusa and has_app else ""
    syncs = queries.jobs_page(context.store, account_id=account.id, status=None, first=0, most=1)[1] if account else 0
    rows = (
        ("medusa", "Medusa", has_medusa, f"{SETUP}/medusa", settings.medusa_url or ""),
        ("etsy", "Etsy app", has_app, f"{SETUP}/etsy", f"keystring {(settings.etsy_client_id or '')[:4]}…"),
        ("shop", "Connect the shop", has_shop, f"{SETUP}/shop" if has_app else "", account.label if account else ""),
        ("profiles", "Profiles and policies", _has_profiles(chosen), of_shop, "chosen"),
        ("categories", "Categories", _has_category(chosen), of_shop, "chosen"),
        ("selection", "What to sell", bool(account and "selection" in account.api_config), of_shop, "chosen"),
        ("forecast", "What can be listed", bool(of_shop and syncs), of_shop, "looked at"),
        ("plan", "First plan", bool(of_shop and syncs), of_shop, "drawn up"),
    )
    first = next((name for name, _, is_done, _, _ in rows if not is_done), "")
    return [
        Step(
            name,
            title,
            "done" if is_done else "next" if name == first else "later",
            f"{address}/{name}" if address == of_shop and of_shop else address,
            told if is_done else "",
        )
        for name, title, is_done, address, told in rows
    ]


def _chosen(account: EtsyAccount) -> ShopSettings | None:
    """Its settings; None where they do not fit this version, so that nothing of them counts as chosen."""
    try:
        return accounts.settings_of(account)
    except BadRequest:
        return None


def _has_profiles(chosen: ShopSettings | None) -> bool:
    return chosen is not None and chosen.shipping_profile is not None and chosen.processing_profile is not None


def _has_category(chosen: ShopSettings | None) -> bool:
    return chosen is not None and bool(chosen.default_taxonomy_id or chosen.taxonomy_by_category)
