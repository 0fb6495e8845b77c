"""The settings that set-up asks for: tried out before they are stored, never shown again in full, never logged.

Whoever leaves the sandbox for a shop of their own leaves its practice shops, too: they are disconnected, so that
nothing of them is ever asked of Etsy itself.
"""

import os
import threading
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from etsy_pipeline import wiring
from etsy_pipeline.accounts import disconnect
from etsy_pipeline.api.context import AppContext
from etsy_pipeline.errors import NotConfigured, PipelineError
from etsy_pipeline.settings import DEFAULT_REDIRECT_URI, Settings, store_settings
from etsy_pipeline.store import accounts, activity
from etsy_pipeline.store.activity import Doer

SHOWN = 4  # last characters of a secret
MOST_LOOKED_AT = 50  # products, for one whose price tells the unit
OF_A_PRICE = "id,title,thumbnail,variants.prices.amount,variants.prices.currency_code"
WITHOUT_DECIMALS = frozenset("JPY VND KRW CLP ISK XAF XOF PYG UGX RWF HUF IDR".split())  # noqa: SIM905 - a table
PAGES_OF_MEDUSA = ("/admin", "/app", "/dashboard", "/store")
_STORING = threading.Lock()


@dataclass(frozen=True, slots=True)
class PricedProduct:
    """One product of the shop's, and what it costs if Medusa's amounts are in major units, and if in minor ones."""

    title: str
    picture: str
    currency: str
    as_major: str
    as_minor: str


@dataclass(frozen=True, slots=True)
class Looked:
    """What Medusa answered: how many products it has, and one whose price tells the unit, if there is one."""

    count: int
    sample: PricedProduct | None


def is_from_environment(name: str) -> bool:
    """Whether the environment sets a variable; then nothing that is stored matters."""
    return bool(os.environ.get(name))


def hinted(value: SecretStr | str | None) -> str:
    """As much of a secret as it takes to recognise it."""
    text = value.get_secret_value() if isinstance(value, SecretStr) else value or ""
    return f"…{text[-SHOWN:]}" if len(text) > 2 * SHOWN else "…" if text else ""


def own(settings: Settings) -> Settings:
    """The settings without the sandbox's: what a shop of one's own begins with."""
    return Settings(_env_file=None) if settings.uses_sandbox else settings  # type: ignore[call-arg] # pydantic's own


def address_of(text: str) -> str:
    """Medusa's address as it was meant: with a scheme, without the path of its admin pages."""
    text = "".join(text.split())
    text = text if text.endswith("://") else text.rstrip("/")
    if text and "://" not in text:
        host = text.partition("/")[0].partition(":")[0]
        text = f"{'http' if host in {'localhost', '127.0.0.1', '[::1]'} else 'https'}://{text}"
    try:
        path = urlsplit(text).path
    except ValueError:
        return text  # it is none, and whoever asks there will say so
    cut = next((path.find(page) for page in PAGES_OF_MEDUSA if f"{path}/".find(f"{page}/") >= 0), -1)
    return text[: len(text) - len(path) + cut] if cut >= 0 else text


def require_address(url: str) -> None:
    """Refuse what can be no server's address, before anybody is asked.

    Raises:
        NotConfigured: `not_a_medusa`, `setting_unusable`.
    """
    try:
        parts = urlsplit(url)
        is_one = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port beyond 65535, a half bracket
        is_one = False
    if not is_one:
        raise NotConfigured(f"{url} is no http or https address.", code="not_a_medusa")
    if "@" in parts.netloc:
        raise NotConfigured(
            "The address holds a user name or a password.",
            code="setting_unusable",
            hint="Leave out what stands before the @: the API key is enough, and the address is shown on pages.",
        )


def look_at_medusa(settings: Settings, url: str, api_key: str) -> Looked:
    """Ask a Medusa for its products, with settings that are not stored yet.

    Raises:
        PipelineError: `medusa_unauthorized`, `medusa_unreachable`, `not_a_medusa`, and what else a question raises.
    """
    values = {"medusa_url": url, "medusa_api_key": SecretStr(api_key), "medusa_amount_unit": "major"}
    trial = own(settings).model_copy(update=values)
    with closing(wiring.catalogue_of(trial, someone_waits=True)) as catalogue:
        rows, count = catalogue.listed("products", OF_A_PRICE, MOST_LOOKED_AT)
    return Looked(count, _telling(rows))


def ping(context: AppContext, client_id: str, shared_secret: str) -> None:
    """Ask Etsy whether it takes a key, with settings that are not stored yet.

    Raises:
        PipelineError: `etsy_key_invalid`, `etsy_unreachable`, and what else Etsy says.
    """
    values = {"etsy_client_id": client_id, "etsy_shared_secret": SecretStr(shared_secret)}
    wiring.ping(own(context.settings).model_copy(update=values), context.store)


def store(context: AppContext, changes: Mapping[str, str | None], by: Doer) -> None:
    """Store settings, and use them from now on; of those that the environment sets, nothing is stored.

    Their names are noted, with who changed them, and never a value.

    Raises:
        BadRequest: `setting_unusable`.
    """
    wanted = {name: value for name, value in changes.items() if not is_from_environment(name)}
    with _STORING:
        leaves_sandbox = context.settings.uses_sandbox
        store_settings(context.settings.etsy_pipeline_home, wanted)
        if leaves_sandbox:
            with context.store.reading() as session:
                practice = [account.id for account in accounts.every(session) if account.is_active]
            for account_id in practice:
                disconnect.disconnect(context.store, account_id, by=by)
        if wanted:
            with context.store.writing() as session:
                activity.note(session, by, "settings_changed", about=", ".join(sorted(wanted)))
        context.reload()


def redirect_uri_here(scheme: str, host: str) -> str:
    """The redirect URI with which Etsy comes back to these pages, as the browser reached them."""
    local = host.replace("127.0.0.1", "localhost")
    return f"{scheme}://{local}{urlsplit(DEFAULT_REDIRECT_URI).path}"


def tried(error: PipelineError) -> str:
    """The field of the form that a refusal is about."""
    if error.code == "medusa_unauthorized":
        return "api_key"
    return "url" if isinstance(error, NotConfigured) or error.code.startswith("medusa") else ""


def _telling(rows: list[Any]) -> PricedProduct | None:
    """The product whose price tells the unit best: with decimals, else in a currency that has some."""
    priced = [(row, price) for row in rows if isinstance(row, dict) for price in _prices(row)]
    best = max(priced, key=lambda pair: _tells(pair[1]), default=None)
    if best is None:
        return None
    row, (amount, currency) = best
    title, picture = str(row.get("title") or row.get("id")), str(row.get("thumbnail") or "")
    return PricedProduct(title, picture, currency, f"{amount:,.2f}", f"{amount / 100:,.2f}")


def _prices(row: Mapping[str, Any]) -> list[tuple[Decimal, str]]:
    found = []
    for variant in row.get("variants") or ():
        for price in (variant or {}).get("prices") or ():
            amount, currency = price.get("amount"), str(price.get("currency_code") or "").upper()
            if isinstance(amount, int | Decimal) and amount > 0 and currency not in WITHOUT_DECIMALS:
                found.append((Decimal(amount), currency))
    return found


def _tells(price: tuple[Decimal, str]) -> tuple[bool, bool]:
    amount, _ = price
    return amount != amount.to_integral_value(), amount >= 1
