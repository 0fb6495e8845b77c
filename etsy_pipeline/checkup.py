"""Is everything in place? Each finding comes from a question that was really asked just now, and says what to do.

The command line (`etsy-pipeline doctor`) and the pages of the API show the same findings.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from etsy_pipeline import dagster_yaml, wiring
from etsy_pipeline.accounts.connection import connection_of
from etsy_pipeline.catalogue.selection import Selection
from etsy_pipeline.errors import NeedsPerson, NotConfigured, PipelineError
from etsy_pipeline.orders import checkup as order_checkup
from etsy_pipeline.settings import SETTINGS_FILE, Settings, stored
from etsy_pipeline.shop import identity
from etsy_pipeline.store import accounts, clock, signs_of_life
from etsy_pipeline.store.accounts import settings_of
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsyAccount
from etsy_pipeline.sync import books, holds
from etsy_pipeline.sync.code_version import this_code
from etsy_pipeline.sync.overdue import overdue
from etsy_pipeline.sync.signs_of_life import other_code, troubles, two_daemons

SANDBOX = "the sandbox's; it runs while `etsy-pipeline sandbox` or scripts/dev does"
CLOCK_OFF_SECONDS = 60.0  # a clock that is further off than this is wrong
LEAST_FREE_BYTES = 500_000_000
GB = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `is_good` is None where it could not be asked, or need not be so now."""

    what: str
    is_good: bool | None
    detail: str


NO_SHOP = (
    "none yet: connect one on the set-up page (/setup of `etsy-pipeline up`), or `etsy-pipeline accounts add NAME`"
)
NOTHING_SET = Finding(
    "settings",
    is_good=None,
    detail="neither Medusa nor Etsy is set yet: /setup of `etsy-pipeline up` asks for it",
)
NO_FENCE = Finding(
    "fence",
    is_good=None,
    detail="none is kept here: an old copy of the database is noticed by the shop alone, and by machines that keep one "
    "(ETSY_PIPELINE_FENCE, a file on a disk that lasts)",
)


def findings() -> Iterator[Finding]:
    """Everything, one after the other; what cannot be asked because of another thing says so."""
    try:
        settings = Settings.load()
    except PipelineError as error:
        yield Finding("settings", is_good=False, detail=str(error))
        return
    yield _settings(settings)
    yield _look("state folder", lambda: disk(settings))
    yield _look("Medusa", lambda: _medusa(settings))
    yield _notices(settings)
    try:
        store = wiring.store_of(settings, begins=False)
    except PipelineError as error:
        yield Finding("database", is_good=False, detail=str(error))
        app = _look("Etsy app", lambda: f"keystring {settings.etsy_app()[0][:4]}…")
        not_asked = f"{app.detail}; not asked, for calls to Etsy are counted in the database"
        yield replace(app, is_good=None, detail=not_asked) if app.is_good else app
        return
    with closing(store):
        yield from _with_database(settings, store)


def _with_database(settings: Settings, store: Store) -> Iterator[Finding]:
    yield _look("database", lambda: _database(store))
    yield _look("snapshots", lambda: f"can be kept in {wiring.check_snapshots(settings, store)}")
    yield from _etsy(settings, store)
    if settings.etsy_client_id and settings.etsy_shared_secret:  # else the line before says what is missing
        yield _look("calls to Etsy", lambda: _calls_left(settings, store))
    yield _dagster(store)
    yield _instance()
    yield from _daemons(store)
    yield from _code(store)
    yield _runs(settings, store)
    yield _look("fence", lambda: _fence(store)) if store.fence.paths else NO_FENCE
    with store.reading() as session:
        found = accounts.every(session)
    if not found:
        yield Finding("accounts", is_good=False, detail=NO_SHOP)
    for account in found:
        yield _look(f"shop {account.name}", lambda account=account: _shop(settings, store, account))  # type: ignore[misc]
        yield from not_done_by_itself(store, account)
        if order_checkup.are_read(account):
            yield _orders(store, account)


def _settings(settings: Settings) -> Finding:
    if settings.uses_sandbox:
        return Finding("settings", is_good=True, detail=SANDBOX)
    of_both = settings.etsy_client_id, settings.etsy_shared_secret, settings.medusa_url, settings.medusa_api_key
    return Finding("settings", is_good=True, detail=_whence(settings)) if any(of_both) else NOTHING_SET


def _whence(settings: Settings) -> str:
    names = [name for name in stored(settings.etsy_pipeline_home) if not os.environ.get(name)]
    return f"from the environment, and from {SETTINGS_FILE}: {', '.join(names)}" if names else "from the environment"


def _look(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(what, is_good=True, detail=look())
    except PipelineError as error:
        return Finding(what, is_good=False, detail=str(error))


def disk(settings: Settings) -> str:
    """Where the state folder lies, and how much room there is.

    Raises:
        NotConfigured: `disk_full`, `state_folder_not_writable`.
    """
    home = settings.etsy_pipeline_home.resolve()
    if not settings.has_embedded_database and not home.exists():
        return "none, and none is needed: the database is a server, and keys come from the environment"
    there = next(folder for folder in (home, *home.parents) if folder.exists())
    if settings.has_embedded_database and not os.access(there, os.W_OK):
        raise wiring.not_writable(home, "read-only, or somebody else's")
    free = shutil.disk_usage(there).free
    if free < LEAST_FREE_BYTES:
        raise NotConfigured(
            f"{home} has {free / GB:.1f} GB left on its disk.",
            code="disk_full",
            hint="Make room: snapshots, pictures and Dagster's storage need some (`etsy-pipeline db clean`).",
        )
    return f"{home}, {free / GB:.0f} GB free"


def require_disk(settings: Settings) -> None:
    """Look at the state folder before the database that lies in it is opened, and says less.

    Raises:
        NotConfigured: `disk_full`, `state_folder_not_writable`.
    """
    if settings.has_embedded_database:
        disk(settings)


def _database(store: Store) -> str:
    """Something is really written: a database that can only be read is of no use."""
    with store.writing() as session:
        signs_of_life.note(session, "doctor")
    return f"can be written: {store.engine.url.render_as_string(hide_password=True)}"


def _etsy(settings: Settings, store: Store) -> Iterator[Finding]:
    try:
        pong = wiring.ping(settings, store)
    except PipelineError as error:
        yield Finding("Etsy app", is_good=False, detail=str(error))
        return
    yield Finding("Etsy app", is_good=True, detail=f"Etsy takes the key {settings.etsy_app()[0][:4]}…")
    if pong.seconds_ahead is None:
        yield Finding("clock", is_good=None, detail="Etsy did not tell the time")
        return
    is_right = abs(pong.seconds_ahead) <= CLOCK_OFF_SECONDS
    told = f"{abs(pong.seconds_ahead):.0f} s {'ahead of' if pong.seconds_ahead > 0 else 'behind'} Etsy's"
    detail = told if is_right else f"{told}: set this machine's clock (NTP), or schedules and tokens go wrong"
    yield Finding("clock", is_right, detail)


def _dagster(store: Store) -> Finding:
    with store.reading() as session:
        seconds = signs_of_life.seconds_since(session, signs_of_life.SENSORS)
    start = (
        "nothing is planned or published until `etsy-pipeline up`, `scripts/dev`, or daemon and code server run, with "
        "code that fits the database (a sensor that fails says why in Dagster's UI)"
    )
    if seconds is None:
        return Finding("Dagster", is_good=None, detail=f"its sensors never looked yet: {start}")
    if seconds > signs_of_life.SILENT_SECONDS:
        return Finding("Dagster", is_good=False, detail=f"its sensors looked {_ago(seconds)} ago: {start}")
    return Finding("Dagster", is_good=True, detail=f"its sensors looked {_ago(seconds)} ago")


def _instance() -> Finding:
    file = dagster_yaml.path()
    if not file.exists():
        return Finding("Dagster's instance", is_good=None, detail="no dagster.yaml here: not looked at")
    return _look("Dagster's instance", lambda: _asked_instance(file))


def _asked_instance(file: Path) -> str:
    dagster_yaml.require_extras(file)
    return dagster_yaml.check(file)


def _daemons(store: Store) -> Iterator[Finding]:
    """Dagster itself says of a second daemon in a log only."""
    seconds = two_daemons(store)
    if seconds is not None:
        told = f"two daemons were at work {_ago(seconds)} ago: end one, or what is asked for may be begun twice"
        yield Finding("daemon", is_good=False, detail=told)


def _code(store: Store) -> Iterator[Finding]:
    if others := other_code(store):
        told = (
            f"the code server has etsy_pipeline {', '.join(others)}; here is {this_code()}: upgrade what was forgotten"
        )
        yield Finding("code", is_good=False, detail=told)


def _ago(seconds: float) -> str:
    return next(
        f"{seconds / size:.0f} {unit}"
        for size, unit in ((86_400, "days"), (3600, "hours"), (60, "minutes"), (1, "s"))
        if seconds >= 2 * size or size == 1
    )


def _runs(settings: Settings, store: Store) -> Finding:
    stuck = troubles(store, settings.lost_after)
    if not stuck:
        return Finding("runs", is_good=True, detail=f"no sync is stuck; {settings.runs_at_once} of a kind at once")
    return Finding("runs", is_good=False, detail=" ".join(f"{item.transaction_id}: {item}" for item in stuck))


def _medusa(settings: Settings) -> str:
    url, _, unit = settings.medusa()
    with closing(wiring.catalogue_of(settings, someone_waits=True)) as catalogue:
        page = next(iter(catalogue.pages(Selection())), None)
    return f"{page.total if page else 0} products at {url}, amounts in {unit} units"


def _notices(settings: Settings) -> Finding:
    found = _look("notices", lambda: ", ".join(wiring.check_notices(settings)))
    if found.is_good and not found.detail:
        return replace(found, is_good=None, detail="nobody is told: ETSY_PIPELINE_NOTIFY is not set")
    return replace(found, detail=f"to {found.detail}") if found.is_good else found


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


def _orders(store: Store, account: EtsyAccount) -> Finding:
    is_good, detail = order_checkup.told(store, account)
    return Finding(f"orders of {account.name}", is_good, detail)


def not_done_by_itself(store: Store, account: EtsyAccount) -> Iterator[Finding]:
    """What is not done for a shop by itself, though it should be; nothing where all is."""
    with store.reading() as session:
        found = overdue(session, account, clock.now(session))
    for item in found:
        yield Finding(f"shop {account.name}", is_good=False, detail=item.told)


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
