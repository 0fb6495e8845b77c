"""`etsy-pipeline doctor`: is everything in place? Each line is one thing, how it stands, and what to do."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import typer
from rich.text import Text

from etsy_pipeline import wiring
from etsy_pipeline.accounts.connection import connection_of
from etsy_pipeline.catalogue.selection import Selection
from etsy_pipeline.cli.output import Json, as_json, as_table
from etsy_pipeline.errors import NeedsPerson, NotConfigured, PipelineError
from etsy_pipeline.monitoring import watch_logs
from etsy_pipeline.settings import Settings
from etsy_pipeline.shop import identity
from etsy_pipeline.store import accounts
from etsy_pipeline.store.accounts import settings_of
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsyAccount
from etsy_pipeline.sync import books, holds
from etsy_pipeline.sync.signs_of_life import troubles

SANDBOX = "the sandbox's; it runs while `etsy-pipeline sandbox` or scripts/dev does"
OK, BAD = Text("ok", "green"), Text("!!", "red")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    is_good: bool
    detail: str


def doctor(as_json_: Json = False) -> None:
    """Check settings, database, Medusa and every shop. Exit status 1 if something needs you."""
    findings = list(_findings())
    if as_json_:
        as_json([asdict(finding) for finding in findings])
    else:
        rows = [(OK if item.is_good else BAD, item.what, item.detail) for item in findings]
        as_table(("", "what", "how it stands"), rows, empty="")
    if not all(finding.is_good for finding in findings):
        raise typer.Exit(1)


def _findings() -> Iterator[Finding]:
    try:
        settings = Settings.load()
    except PipelineError as error:
        yield Finding("settings", is_good=False, detail=str(error))
        return
    watch_logs(settings)
    yield Finding("settings", is_good=True, detail=SANDBOX if settings.uses_sandbox else "from the environment")
    yield _look("Etsy app", lambda: f"keystring {settings.etsy_app()[0][:4]}…")
    yield _look("Medusa", lambda: _medusa(settings))
    yield _look("notices", lambda: _notices(settings))
    try:
        store = wiring.store_of(settings)
    except PipelineError as error:
        yield Finding("database", is_good=False, detail=str(error))
        return
    yield Finding("database", is_good=True, detail=store.engine.url.render_as_string(hide_password=True))
    yield _look("calls to Etsy", lambda: _calls_left(settings, store))
    yield _runs(settings, store)
    yield _look("fence", lambda: _fence(store))
    with store.reading() as session:
        found = accounts.every(session)
    if not found:
        yield Finding("accounts", is_good=False, detail="none yet: `etsy-pipeline accounts add NAME`")
    for account in found:
        yield _look(f"shop {account.name}", lambda account=account: _shop(settings, store, account))  # type: ignore[misc]
    store.close()


def _look(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(what, is_good=True, detail=look())
    except PipelineError as error:
        return Finding(what, is_good=False, detail=str(error))


def _runs(settings: Settings, store: Store) -> Finding:
    stuck = troubles(store, settings.lost_after)
    if not stuck:
        return Finding("runs", is_good=True, detail=f"no sync is stuck; {settings.runs_at_once} of a kind at once")
    return Finding("runs", is_good=False, detail=" ".join(f"{item.transaction_id}: {item}" for item in stuck))


def _medusa(settings: Settings) -> str:
    url, _, unit = settings.medusa()
    with closing(wiring.catalogue_of(settings)) as catalogue:
        page = next(iter(catalogue.pages(Selection())), None)
    return f"{page.total if page else 0} products at {url}, amounts in {unit} units"


def _notices(settings: Settings) -> str:
    told = wiring.check_notices(settings)
    return f"to {', '.join(told)}" if told else "nobody is told: ETSY_PIPELINE_NOTIFY is not set"


def _shop(settings: Settings, store: Store, account: EtsyAccount) -> str:
    books.check(store, account.id)
    with closing(wiring.shop_client(settings, store, account.id)) as client:
        is_known = account.is_active and account.shop_id is not None
        shop = identity.compare(store, client, account.id) if is_known else client.get_shop(account.shop_id or 0)
    with store.reading() as session:
        holds.require_free(session, account.id)
    choices = settings_of(account)
    missing = [name for name in ("shipping_profile", "processing_profile") if getattr(choices, name) is None]
    told = f"{shop.shop_name}, {shop.currency_code}; {_connection(store, account.id)}"
    return f"{told}; not configured: {', '.join(missing)}" if missing else told


def _fence(store: Store) -> str:
    """Where an old copy of the database would be noticed (docs/restore.md)."""
    if lost := store.fence.unwritable():
        raise NotConfigured(
            f"The fence cannot be kept in {', '.join(map(str, lost))}: a database that is put back is noticed late.",
            code="fence_not_written",
            hint="Make the folder writable, or name another file in ETSY_PIPELINE_FENCE (`off`: none).",
        )
    return f"an old copy of the database is noticed by {', '.join(map(str, store.fence.paths))}"


def _connection(store: Store, account_id: str) -> str:
    with store.reading() as session:
        connection = connection_of(accounts.get(session, account_id), datetime.now(UTC))
    if connection.is_good:
        return str(connection)
    raise NeedsPerson(
        f"The connection: {connection}.",
        code="account_needs_consent",
        hint=f"Connect the shop again: `etsy-pipeline accounts connect {account_id}`.",
    )


def _calls_left(settings: Settings, store: Store) -> str:
    quota = wiring.quota_of(settings, store)
    return f"{quota.left_today} of {quota.per_day} left today"
