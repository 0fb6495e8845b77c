"""What a code server and a worker look at before they take work: what only a person can mend ends them, in clear words.

What is away may come back: it is told, and waited for as ever (sensors look again, a run says so).
"""

import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import closing

from etsy_pipeline import checkup, dagster_yaml, wiring
from etsy_pipeline.errors import NotConfigured, PipelineError, Unavailable
from etsy_pipeline.settings import Settings
from etsy_pipeline.store import accounts
from etsy_pipeline.store.engine import Store


def require_fit() -> list[str]:
    """Look at settings, tables, key, the place of snapshots and Dagster's instance; what is away or missing, in words.

    Raises:
        NotConfigured: what a person has to mend first: `settings_unreadable`, `database_newer_than_code`,
            `database_not_migrated`, `secret_key_wrong`, `dagster_extra_missing`, `disk_full`, and the like.
    """
    settings = Settings.load()
    away = [told for look in (lambda: _database(settings), _dagster) for told in _told(look, Unavailable)]
    # a shop may be set up later, on the pages of what starts here
    return away + [told for look in (settings.medusa, settings.etsy_app) for told in _told(look, NotConfigured)]


def may_start(what: str) -> bool:
    """The same for a process that is just starting: it says what was found; whether it could do anything."""
    try:
        for told in require_fit():
            _say(f"{what}: {told}")
    except PipelineError as error:
        _say(f"{what} on {socket.gethostname()} does not start: {error}")
        return False
    return True


def _told(look: Callable[[], object], of: type[PipelineError]) -> Iterator[str]:
    try:
        look()
    except of as error:
        yield str(error)


def _database(settings: Settings) -> None:
    checkup.require_disk(settings)
    with closing(wiring.store_of(settings)) as store:
        require_key(store)
        wiring.snapshots_of(settings, store)


def _dagster() -> None:
    file = dagster_yaml.path()
    if file.exists():
        dagster_yaml.require_extras(file)
        dagster_yaml.check(file)


def require_key(store: Store) -> None:
    """Refuse a key that fits the tokens of no shop: another one than the other machines have.

    Raises:
        NotConfigured: `secret_key_wrong`.
    """
    with store.reading() as session:
        stored = [account.refresh_token_encrypted for account in accounts.every(session)]
    error = None
    for token in filter(None, stored):
        try:
            store.cipher.decrypt(token)
        except NotConfigured as found:
            error = found
        else:
            return
    if error is not None:
        raise error


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)  # noqa: T201 - no log is set up yet
