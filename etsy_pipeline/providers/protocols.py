"""What a marketplace has to offer so that this project can sell there. Etsy is the first, and its words are used.

Nothing here does anything: a marketplace's own classes have these methods, and `platforms.py` names them. Every one has
to pass `etsy_pipeline_tests/providers`. Errors are those of `errors.py`: Unavailable where the same call may work
later, Refused where it will not, NeedsPerson for credentials and permissions.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

from etsy_pipeline.catalogue.product import Product
from etsy_pipeline.etsy.oauth import Authorization, Tokens
from etsy_pipeline.listings.listing import Inventory, Listing
from etsy_pipeline.listings.shop import Choice, Kind, Shop
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.listings.verdict import ValidatedListing
from etsy_pipeline.planning.link import LiveListing
from etsy_pipeline.settings import Settings
from etsy_pipeline.store.engine import Store

Form = dict[str, str]


class OAuth(Protocol):
    """Our app's side of OAuth 2 with PKCE."""

    @property
    def scope(self) -> str: ...  # noqa: D102 - the permissions that are asked for

    def authorization(self) -> Authorization:
        """A fresh state and verifier, and where to send the seller."""

    def exchange(self, code: str, code_verifier: str) -> Tokens:
        """Tokens for the code that the seller came back with."""

    def refresh(self, refresh_token: str, scopes: str = "") -> Tokens:
        """A new pair; the old refresh token may be dead."""


class ShopInfo(Protocol):
    """A shop, as it is kept on the account."""

    shop_id: int
    shop_name: str
    currency_code: str
    url: str


class RemoteListing(Protocol):
    """What a create or an update answers."""

    listing_id: int
    state: str
    description: str
    url: str | None


class RemoteImage(Protocol):
    """A picture that was put on a listing."""

    listing_image_id: int


class ShopClient(Protocol):
    """The API for one shop. Its id, listings' ids and pictures' ids are the marketplace's."""

    def close(self) -> None: ...  # noqa: D102

    def guarded(self, before_write: Callable[[], None]) -> Self:
        """The same, asking before each call that changes anything: what it raises ends the call."""

    def get_me(self) -> tuple[int, int | None]:
        """The user, and their shop if they have one."""

    def get_shop(self, shop_id: int) -> ShopInfo: ...  # noqa: D102

    def choices(self, shop_id: int) -> Mapping[Kind, tuple[Choice, ...]]:
        """Everything of the shop's that settings refer to."""

    def taxonomy_ids(self) -> frozenset[int]:
        """All categories."""

    def live_listings(self, listing_ids: Sequence[int]) -> dict[int, LiveListing]:
        """Listings as they are; one that is gone is told as gone, and a failure is never taken for that."""

    def listings_in_state(self, shop_id: int, state: str) -> Iterator[RemoteListing]:
        """All of them, drafts too: a create whose answer was lost is found by its reference."""

    def create_draft_listing(self, shop_id: int, form: Form) -> RemoteListing:
        """Never repeated by itself, unless the marketplace knows idempotency keys."""

    def update_listing(self, shop_id: int, listing_id: int, form: Form) -> RemoteListing:
        """Only the fields of the form. `state` publishes (active) and deactivates (inactive), `image_ids` orders."""

    def put_inventory(self, listing_id: int, body: dict[str, Any]) -> None:
        """Prices, quantities and variations, whole."""

    def upload_image(
        self, shop_id: int, listing_id: int, *, content: bytes, filename: str, rank: int, alt_text: str
    ) -> RemoteImage:
        """Put a picture at a rank, in place of one that may be there."""

    def image_ids(self, listing_id: int) -> list[int]:
        """Pictures by rank."""


class Requests(Protocol):
    """From a listing to what the client sends."""

    def create_form(self, listing: Listing, *, reference: str) -> Form:
        """All fields of a new draft, our reference in its description."""

    def update_form(self, listing: Listing, fields: Iterable[str]) -> Form:
        """These fields of a plan."""

    def inventory_body(self, inventory: Inventory, *, readiness_state_id: int | None) -> dict[str, Any]:
        """The whole inventory."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A marketplace: how each of its parts is made, and its rules for listings."""

    oauth: Callable[[Settings], OAuth]
    client_for: Callable[[Settings, Store], Callable[[str], ShopClient]]  # for an access token that was just granted
    shop_client: Callable[[Settings, Store, str], ShopClient]  # for an account
    requests: Requests
    validate: Callable[[Product, ShopSettings, Shop], ValidatedListing]
