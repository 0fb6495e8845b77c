"""Is a shop ready to be published to? What is in place, what is missing, and what to do about it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from etsy_pipeline.accounts.connection import State, connection_of
from etsy_pipeline.errors import PipelineError
from etsy_pipeline.listings.shop import Choice, Kind
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.providers.protocols import ShopClient
from etsy_pipeline.store import accounts
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsyAccount
from etsy_pipeline.sync.kept_references import KeptReferences

Readiness = Literal["ok", "warning", "missing"]
Choices = Mapping[Kind, Sequence[Choice]]

CONNECTIONS: Mapping[State, Readiness] = {
    "connected": "ok",
    "expires soon": "warning",
    "needs consent": "missing",
    "not connected": "missing",
}

# What the settings choose from what the shop has: kind, whether publishing needs it, why.
CHOSEN: tuple[tuple[Kind, Readiness, str], ...] = (
    ("shipping_profile", "missing", "every listing needs one"),
    ("processing_profile", "missing", "Etsy takes no physical listing without one"),
    ("return_policy", "warning", "active listings need one, unless the shop is in the EU"),
)

OF_RULES: tuple[Kind, ...] = ("shipping_profile", "processing_profile")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. "warning" lets publishing begin, "missing" does not."""

    what: str
    standing: Readiness
    detail: str
    hint: str = ""


def readiness(
    store: Store, account_id: str, *, client_of: Callable[[str], ShopClient], wanted_scopes: str
) -> list[Finding]:
    """Everything that publishing to this shop needs, with how it stands. Asks Etsy when the shop is connected.

    Raises:
        NotFound: `account_not_found`.
    """
    with store.reading() as session:
        account = accounts.get(session, account_id)
    findings = list(_connection(account, wanted_scopes))
    if not account.is_active or account.shop_id is None:
        return findings
    try:
        with closing(client_of(account_id)) as client:
            anew = KeptReferences(store, client, may_be_kept=False)
            shop, choices = client.get_shop(account.shop_id), anew.choices(account.shop_id)
    except PipelineError as error:
        return [*findings, Finding("shop", "missing", error.message, error.hint)]
    findings.append(Finding("shop", "ok", f"{shop.shop_name}, sells in {shop.currency_code}"))
    return [*findings, *_choices(accounts.settings_of(account), choices)]


def is_ready(findings: Sequence[Finding]) -> bool:
    """Whether publishing can begin."""
    return all(finding.standing != "missing" for finding in findings)


def _connection(account: EtsyAccount, wanted_scopes: str) -> Iterator[Finding]:
    again = f"Connect it: `etsy-pipeline accounts connect {account.id}`."
    connection = connection_of(account, datetime.now(UTC))
    found = CONNECTIONS[connection.state]
    yield Finding("connection", found, str(connection), "" if found == "ok" else again)
    if connection.state == "not connected":
        return
    lacking = sorted(set(wanted_scopes.split()) - set((account.scopes or wanted_scopes).split()))
    detail = f"not granted: {' '.join(lacking)}" if lacking else account.scopes or "as asked for"
    yield Finding("scopes", "missing" if lacking else "ok", detail, again if lacking else "")
    yield from _orders(account, again)


def _orders(account: EtsyAccount, again: str) -> Iterator[Finding]:
    """Whether its orders can be read, where they are to be. Publishing does not need that."""
    orders = accounts.settings_of(account).orders
    if not orders.is_on:
        return
    missing = accounts.missing_scopes(account)
    detail = f"mode {orders.mode}; scope_missing: {' '.join(missing)} not granted" if missing else f"mode {orders.mode}"
    yield Finding("orders", "warning" if missing else "ok", detail, again if missing else "")


def _choices(settings: ShopSettings, choices: Choices) -> Iterator[Finding]:
    for kind, otherwise, why in CHOSEN:
        chosen, offered = getattr(settings, kind), choices.get(kind, ())
        match = next((item for item in offered if chosen in {item.id, item.name}), None)
        named = _named(offered)
        if match:
            yield Finding(kind, "ok", f"{match.id} ({match.name})")
        elif chosen is None:
            yield Finding(kind, otherwise, f"not chosen: {why}", f"Set {kind}; the shop has {named}.")
        else:
            yield Finding(kind, "missing", f"{chosen!r} is not in this shop", f"Set {kind}; the shop has {named}.")
    yield from _rules(settings, choices)
    ruled = any(rule.taxonomy_id for rule in settings.by_category.values())
    has_category = settings.default_taxonomy_id or settings.taxonomy_by_category or ruled
    detail = "set" if has_category else "no default: each product has to name its own"
    yield Finding("category", "ok" if has_category else "warning", detail)


def _rules(settings: ShopSettings, choices: Choices) -> Iterator[Finding]:
    """What rules by category name and the shop does not have: their products would be left out."""
    for group, rule in settings.by_category.items():
        for kind in OF_RULES:
            if (wanted := getattr(rule, kind)) is None:
                continue
            offered = choices.get(kind, ())
            if not any(wanted in {item.id, item.name} for item in offered):
                what, detail = f"by_category.{group}.{kind}", f"{wanted!r} is not in this shop"
                yield Finding(what, "missing", detail, f"Correct it; the shop has {_named(offered)}.")


def _named(offered: Sequence[Choice]) -> str:
    return ", ".join(f"{item.id} ({item.name})" for item in offered) or "none yet: make one in Shop Manager"
