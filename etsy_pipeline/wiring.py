"""From settings to the plain objects that do the work, for Dagster's resources and the command line alike.

Also the one place that knows all marketplaces: `PROVIDERS`.
"""

import shlex
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from etsy_pipeline import state_folder
from etsy_pipeline.accounts.tokens import AccountTokens
from etsy_pipeline.catalogue.admin_api import AdminApi
from etsy_pipeline.catalogue.inventory_levels import InventoryLevels
from etsy_pipeline.catalogue.medusa import MedusaCatalogue
from etsy_pipeline.catalogue.patience import Patience
from etsy_pipeline.catalogue.product import Product
from etsy_pipeline.catalogue.product_notes import ProductNotes
from etsy_pipeline.catalogue.reservations import Reservations
from etsy_pipeline.catalogue.stock_places import SoldFrom
from etsy_pipeline.errors import BadRequest, NotConfigured
from etsy_pipeline.etsy import budget
from etsy_pipeline.etsy.client import EtsyClient
from etsy_pipeline.etsy.oauth import EtsyOAuth
from etsy_pipeline.etsy.receipts import EtsyReceipts
from etsy_pipeline.etsy.shared_budget import SharedBudget
from etsy_pipeline.etsy.transport import EtsyTransport, TokenSource
from etsy_pipeline.listings.mapping import validate
from etsy_pipeline.listings.shop import Shop
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.listings.verdict import ValidatedListing
from etsy_pipeline.notifications.receivers import check, receivers, sender
from etsy_pipeline.orders.buyers import forget_buyers
from etsy_pipeline.pictures.hosts import PictureHosts
from etsy_pipeline.pictures.media import OwnServer
from etsy_pipeline.pictures.source import PictureSource
from etsy_pipeline.planning.quota import Quota
from etsy_pipeline.providers.protocols import OAuth, Purpose, ShopClient
from etsy_pipeline.settings import Settings
from etsy_pipeline.shop.link_requests import Readers
from etsy_pipeline.shop.products import look_up
from etsy_pipeline.snapshots import keeping
from etsy_pipeline.snapshots.place import Place
from etsy_pipeline.snapshots.places import place_of
from etsy_pipeline.store import accounts, budgets
from etsy_pipeline.store.encryption import KEY_FILE, TokenCipher, key_in_state_folder, new_key
from etsy_pipeline.store.engine import Store, open_store
from etsy_pipeline.store.fence import Fence
from etsy_pipeline.sync import retention
from etsy_pipeline.sync.notify import send_what_is_due


@dataclass(frozen=True, slots=True)
class Time:
    """A clock (seconds since the epoch) in place of the database's, and how to wait, for tests that are faster."""

    clock: Callable[[], float]
    sleep: Callable[[float], None] = time.sleep

    def now(self) -> datetime:
        """The moment, in UTC."""
        return datetime.fromtimestamp(self.clock(), UTC)


LONGEST_NAME_TOLD = 50
SHORT_PATIENCE = 10.0  # seconds
PATIENCE_OF_A_PAGE = 5.0  # seconds: somebody sits before it


def store_of(settings: Settings, at: Time | None = None, *, upgrade: bool | None = None, begins: bool = True) -> Store:
    """Open the database. The embedded one is made and brought up to date on first use; its key too.

    With a time `at` its clock is that one, and not the database's own; where a harness moves the clock. Who does not
    begin anything (`begins`) is told where there is no embedded database yet, instead of being given an empty one.

    Raises:
        NotConfigured: `setting_missing` (a key, for a database of one's own), `secret_key_missing` (the embedded one's
            was lost), `no_state_folder`, `state_folder_not_writable`, and what `open_store` raises.
    """
    embedded = settings.has_embedded_database
    if embedded and not begins and not settings.embedded_database.exists():
        raise NotConfigured(
            f"There is nothing yet in the state folder {settings.etsy_pipeline_home.resolve()}.",
            code="no_state_folder",
            hint="Change to the folder of your installation, or set ETSY_PIPELINE_HOME. To begin here: `etsy-pipeline "
            "accounts add NAME`, or `etsy-pipeline demo`.",
        )
    if embedded or settings.etsy_pipeline_home.exists():
        prepare_state_folder(settings)
    if settings.etsy_pipeline_secret_key is not None:
        keys = settings.etsy_pipeline_secret_key.get_secret_value()
    elif embedded:
        _require_no_lost_key(settings)
        with written_in(settings.etsy_pipeline_home):
            keys = key_in_state_folder(settings.etsy_pipeline_home)
    else:
        settings.require("ETSY_PIPELINE_SECRET_KEY")
        raise AssertionError("unreachable: require raises")
    return open_store(
        settings.database_url,
        TokenCipher(keys),
        upgrade=embedded if upgrade is None else upgrade,
        clock=at.now if at else None,
        fence=fence_of(settings),
    )


def _require_no_lost_key(settings: Settings) -> None:
    """Refuse to make a new key for an embedded database that holds what another one encrypted.

    Raises:
        NotConfigured: `secret_key_missing`.
    """
    file = settings.etsy_pipeline_home / KEY_FILE
    if file.exists() or not settings.embedded_database.exists():
        return
    with (
        closing(open_store(settings.database_url, TokenCipher(new_key()), upgrade=True)) as store,
        store.reading() as session,
    ):
        is_lost = accounts.hold_secrets(session)
    if is_lost:
        raise NotConfigured(
            f"The key of the stored tokens is missing: there is no {file.resolve()}, and ETSY_PIPELINE_SECRET_KEY is "
            "not set.",
            code="secret_key_missing",
            hint=f"Put {KEY_FILE} back from your backup, or set ETSY_PIPELINE_SECRET_KEY if the key was there. If it "
            f"is lost for good: `etsy-pipeline db new-key > {shlex.quote(str(file))}`, then connect each shop again: "
            "`etsy-pipeline accounts connect ACCOUNT`.",
        )


def prepare_state_folder(settings: Settings) -> None:
    """Make the state folder where there is none, and keep others out of it.

    Raises:
        NotConfigured: `state_folder_not_writable`.
    """
    with written_in(settings.etsy_pipeline_home):
        state_folder.prepare(settings.etsy_pipeline_home)


@contextmanager
def written_in(home: Path) -> Iterator[None]:
    """Tell of a state folder that is on a read-only or full disk, or somebody else's.

    Raises:
        NotConfigured: `state_folder_not_writable`.
    """
    try:
        yield
    except OSError as error:
        raise not_writable(home, error.strerror or str(error)) from None


def not_writable(home: Path, why: str) -> NotConfigured:
    """What is told of such a state folder."""
    return NotConfigured(
        f"The state folder {home.resolve()} cannot be written: {why}.",
        code="state_folder_not_writable",
        hint="Make it writable for whoever runs this, and give it room; or name another one in ETSY_PIPELINE_HOME.",
    )


def fence_of(settings: Settings) -> Fence:
    """What keeps outside the database how far the books have come."""
    return Fence(settings.fence_paths)


def oauth_of(settings: Settings) -> EtsyOAuth:
    """The OAuth side of our Etsy app."""
    client_id, _ = settings.etsy_app()
    return EtsyOAuth(
        client_id=client_id,
        redirect_uri=settings.etsy_redirect_uri,
        scope=settings.etsy_scope,
        authorize_url=settings.etsy_oauth_url,
        token_url=settings.etsy_token_url,
    )


def tokens_of(settings: Settings, store: Store, account_id: str, at: Time | None = None) -> AccountTokens:
    """The tokens of a connected shop. Here and below, what lasts lasts by the database's clock, or by another one."""
    at, budget = at or _time_of(store), call_budget(settings, store, at, account_id)
    return AccountTokens(store, oauth_of(settings), account_id, budget=budget, now=at.now)


def shop_client(settings: Settings, store: Store, account_id: str, at: Time | None = None) -> EtsyClient:
    """Etsy for a connected shop."""
    tokens = tokens_of(settings, store, account_id, at)
    return EtsyClient(_transport(settings, store, tokens, at, account_id))


def receipt_client(settings: Settings, store: Store, account_id: str, at: Time | None = None) -> EtsyReceipts:
    """The orders of a connected shop."""
    return EtsyReceipts(_transport(settings, store, tokens_of(settings, store, account_id, at), at, account_id))


def client_for(settings: Settings, store: Store) -> Callable[[str], EtsyClient]:
    """Etsy for whoever has an access token: a shop that is just being connected."""
    return lambda access_token: EtsyClient(_transport(settings, store, _OneToken(access_token)))


def call_budget(settings: Settings, store: Store, at: Time | None = None, account_id: str = "") -> SharedBudget:
    """The limiter of the API key, one with that of all processes that use the database; a shop has its share of it."""
    (client_id, _), at = settings.etsy_app(), at or _time_of(store)
    with store.reading() as session:
        weight = accounts.share_of_calls(session, account_id)
    return SharedBudget(
        lambda: budgets.changing(store, client_id),
        reserve_percent=settings.etsy_pipeline_stock_reserve_percent,
        shop=account_id,
        weight=weight,
        clock=at.clock,
        sleep=at.sleep,
    )


@dataclass(frozen=True, slots=True)
class Pong:
    """Etsy's answer to our key. `seconds_ahead` is how far this machine's clock is ahead of Etsy's; None: not told."""

    seconds_ahead: float | None


def ping(settings: Settings, store: Store) -> Pong:
    """Ask Etsy whether it takes the app's key.

    Raises:
        NotConfigured: `setting_missing`.
        PipelineError: `etsy_key_invalid`, `etsy_unreachable`, and what else Etsy says.
    """
    with closing(_transport(settings, store, None)) as transport:
        transport.call("GET", "/openapi-ping", what="check the app's key")
        told = transport.told_at
    return Pong(None if told is None else time.time() - told.timestamp())


def quota_of(settings: Settings, store: Store, at: Time | None = None, purpose: Purpose = "publishing") -> Quota:
    """How many calls the API key has left today for a purpose."""
    (client_id, _), at = settings.etsy_app(), at or _time_of(store)
    ledger = budgets.present(store, client_id)
    return budget.quota(ledger, settings.etsy_pipeline_stock_reserve_percent, at.clock(), purpose)


def send_notices(settings: Settings, store: Store) -> list[str]:
    """Tell who is to be told; what happened to each notice.

    Raises:
        NotConfigured: `notify_malformed`, `smtp_url_malformed`.
    """
    addresses, smtp_url = _notify(settings)
    return send_what_is_due(
        store,
        receivers(addresses),
        sender(smtp_url),
        pages=settings.etsy_pipeline_pages_url or "",
        weekly=settings.etsy_pipeline_weekly_digest,
    )


def clean_up(settings: Settings, store: Store, now: datetime) -> list[str]:
    """Remove what grew too old in the database and among the snapshots; what was done, in words."""
    forgotten = forget_buyers(store, now)
    told = [f"Buyers' data of {forgotten} orders removed."] if forgotten else []
    if settings.keep_plans:
        told.append(retention.clean(store, keep=settings.keep_plans, now=now).words)
    removed = keeping.clean(store, snapshots_of(settings, store), keep=settings.keep_runs, now=now)
    if settings.keep_runs or removed:
        told.append(f"{removed} old snapshots removed.")
    return told


def snapshots_of(settings: Settings, store: Store) -> Place:
    """Where snapshots lie.

    Raises:
        NotConfigured: `snapshots_malformed`.
    """
    default = state_folder.snapshots(settings.etsy_pipeline_home)
    return place_of(settings.etsy_pipeline_snapshots, default, store)


def check_snapshots(settings: Settings, store: Store) -> str:
    """Write a snapshot's worth of nothing and take it away again; where they lie.

    Raises:
        PipelineError: `snapshots_…`, why nothing can be kept there.
    """
    place = snapshots_of(settings, store)
    keeping.check(place)
    return place.name


def check_notices(settings: Settings) -> list[str]:
    """Who would be told, without their addresses; nothing is sent.

    Raises:
        NotConfigured: `notify_malformed`, `smtp_url_malformed`, `setting_missing`.
    """
    return [receiver.kind for receiver in check(*_notify(settings))]


def _notify(settings: Settings) -> tuple[str, str | None]:
    addresses, smtp_url = settings.etsy_pipeline_notify, settings.etsy_pipeline_smtp_url
    return addresses.get_secret_value() if addresses else "", smtp_url.get_secret_value() if smtp_url else None


def catalogue_of(settings: Settings, *, someone_waits: bool = False) -> MedusaCatalogue:
    """The Medusa catalogue; `someone_waits` for an answer, so that a Medusa that cannot answer is soon given up."""
    url, api_key, _ = settings.medusa()
    seconds = settings.medusa_patience_seconds
    seconds = min(seconds, PATIENCE_OF_A_PAGE) if someone_waits else seconds
    return MedusaCatalogue(url, api_key, patience=Patience(seconds))


def reservations_of(settings: Settings, sold_from: SoldFrom) -> Reservations:
    """Medusa's stock as sales on Etsy are booked in it, at the locations from which a shop sells."""
    url, api_key, _ = settings.medusa()
    return Reservations(
        AdminApi(url, api_key, Patience(min(settings.medusa_patience_seconds, SHORT_PATIENCE))), sold_from
    )


def reservations_for(settings: Settings, store: Store, account_id: str) -> Reservations:
    """The same for one account.

    Raises:
        NotFound: `account_not_found`.
    """
    return reservations_of(settings, _choices(store, account_id).sold_from)


def _choices(store: Store, account_id: str) -> ShopSettings:
    with store.reading() as session:
        return accounts.settings_of(accounts.get(session, account_id))


def product_notes_of(settings: Settings) -> ProductNotes:
    """Products' metadata in Medusa, to be written."""
    url, api_key, _ = settings.medusa()
    return ProductNotes(AdminApi(url, api_key, Patience(min(settings.medusa_patience_seconds, SHORT_PATIENCE))))


def inventory_levels_of(settings: Settings) -> InventoryLevels:
    """Medusa's stock alone, for the quick look at it."""
    url, api_key, _ = settings.medusa()
    return InventoryLevels(AdminApi(url, api_key, Patience(min(settings.medusa_patience_seconds, SHORT_PATIENCE))))


def link_readers(settings: Settings, store: Store, account_id: str) -> Readers:
    """Where decisions on links look before they are written down: the shop, and Medusa."""
    return Readers(
        live_of=lambda listing_ids: shop_client(settings, store, account_id).live_listings(listing_ids),
        look_up=lambda product_ids: look_up(
            catalogue_of(settings, someone_waits=True), product_ids, _choices(store, account_id)
        ),
    )


def pictures_of(settings: Settings, *, first_wait_seconds: float = 0.5) -> PictureSource:
    """Where the products' pictures are fetched; each one once for as long as this lives.

    Raises:
        NotConfigured: `settings_unreadable`, when a trusted host is none.
    """
    hosts, key = PictureHosts.trusting(settings.trusted_image_hosts), settings.medusa_api_key
    own = OwnServer(settings.medusa_url, key.get_secret_value()) if settings.medusa_url and key else None
    return PictureSource(hosts, first_wait_seconds=first_wait_seconds, own=own)


class _OneToken:
    """A token that has just been granted: there is nothing to refresh yet."""

    def __init__(self, access_token: str) -> None:
        self._access_token = access_token

    def access_token(self) -> str:
        return self._access_token

    def replace(self, stale: str) -> str:
        return stale


def _time_of(store: Store) -> Time:
    return Time(store.seconds)


def _transport(
    settings: Settings, store: Store, tokens: TokenSource | None, at: Time | None = None, account_id: str = ""
) -> EtsyTransport:
    client_id, shared_secret = settings.etsy_app()
    return EtsyTransport(
        base_url=settings.etsy_api_url,
        client_id=client_id,
        shared_secret=shared_secret,
        budget=call_budget(settings, store, at, account_id),
        tokens=tokens,
    )


@dataclass(frozen=True, slots=True)
class Provider:
    """A marketplace: how each of its parts is made, and its rules for listings."""

    oauth: Callable[[Settings], OAuth]
    client_for: Callable[[Settings, Store], Callable[[str], ShopClient]]  # for an access token that was just granted
    shop_client: Callable[[Settings, Store, str], ShopClient]  # for an account
    validate: Callable[[Product, ShopSettings, Shop], ValidatedListing]


PROVIDERS: Mapping[str, Provider] = {"etsy": Provider(oauth_of, client_for, shop_client, validate)}


def provider_of(name: str) -> Provider:
    """A marketplace by its name.

    Raises:
        BadRequest: `platform_unknown`.
    """
    if name not in PROVIDERS:
        raise BadRequest(
            f"There is no platform {name[:LONGEST_NAME_TOLD]!r}.",
            code="platform_unknown",
            hint=f"Known: {', '.join(PROVIDERS)}.",
        )
    return PROVIDERS[name]
