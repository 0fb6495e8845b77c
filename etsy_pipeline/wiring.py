"""From settings to the plain objects that do the work, for Dagster's resources and the command line alike."""

import functools

from etsy_pipeline.accounts.connect import ClientFor
from etsy_pipeline.accounts.tokens import AccountTokens
from etsy_pipeline.catalogue.medusa import MedusaCatalogue
from etsy_pipeline.etsy.budget import PacedBudget
from etsy_pipeline.etsy.client import EtsyClient
from etsy_pipeline.etsy.oauth import EtsyOAuth
from etsy_pipeline.etsy.transport import EtsyTransport, TokenSource
from etsy_pipeline.settings import Settings
from etsy_pipeline.store.encryption import TokenCipher, key_in_state_folder
from etsy_pipeline.store.engine import Store, open_store


def store_of(settings: Settings, *, upgrade: bool | None = None) -> Store:
    """Open the database. The embedded one is made and brought up to date on first use; its key too.

    Raises:
        NotConfigured: `setting_missing` (a key, for a database of one's own), and what `open_store` raises.
    """
    embedded = settings.has_embedded_database
    if embedded:
        settings.etsy_pipeline_home.mkdir(parents=True, exist_ok=True)
    if settings.etsy_pipeline_secret_key is not None:
        keys = settings.etsy_pipeline_secret_key.get_secret_value()
    elif embedded:
        keys = key_in_state_folder(settings.etsy_pipeline_home)
    else:
        settings.require("ETSY_PIPELINE_SECRET_KEY")
        raise AssertionError("unreachable: require raises")
    return open_store(settings.database_url, TokenCipher(keys), upgrade=embedded if upgrade is None else upgrade)


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


def shop_client(settings: Settings, store: Store, account_id: str) -> EtsyClient:
    """Etsy for a connected shop."""
    return _client(settings, AccountTokens(store, oauth_of(settings), account_id))


def client_for(settings: Settings) -> ClientFor:
    """Etsy for whoever has an access token: a shop that is just being connected."""
    return lambda access_token: _client(settings, _OneToken(access_token))


def calls_left_today(settings: Settings) -> int | None:
    """How many calls Etsy still allows today, as it last told; None when it has not yet."""
    client_id, _ = settings.etsy_app()
    return _budget(client_id).remaining_today


def catalogue_of(settings: Settings) -> MedusaCatalogue:
    """The Medusa catalogue."""
    url, api_key, _ = settings.medusa()
    return MedusaCatalogue(url, api_key)


class _OneToken:
    """A token that has just been granted: there is nothing to refresh yet."""

    def __init__(self, access_token: str) -> None:
        self._access_token = access_token

    def access_token(self) -> str:
        return self._access_token

    def replace(self, stale: str) -> str:
        return stale


def _client(settings: Settings, tokens: TokenSource) -> EtsyClient:
    client_id, shared_secret = settings.etsy_app()
    transport = EtsyTransport(
        base_url=settings.etsy_api_url,
        client_id=client_id,
        shared_secret=shared_secret,
        budget=_budget(client_id),
        tokens=tokens,
    )
    return EtsyClient(transport)


@functools.cache
def _budget(client_id: str) -> PacedBudget:
    del client_id  # the cache's key: Etsy's limits are per API key (FACTS §12)
    return PacedBudget()
