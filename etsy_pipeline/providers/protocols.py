"""What a marketplace has to offer so that this project can sell there. Etsy is the first, and its words are used.

Nothing here does anything: a marketplace's own classes have these methods (`etsy/`), and `wiring.PROVIDERS` names them.
Every one has to pass `etsy_pipeline_tests/providers`. Errors are those of `errors.py` and `providers/errors.py`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal, Protocol, Self

from etsy_pipeline.linking.seen import SeenListing
from etsy_pipeline.listings.listing import Inventory, Listing, PersonalizationQuestion
from etsy_pipeline.listings.shop import Choice, Kind, TaxonomyProperty
from etsy_pipeline.planning.link import LiveListing

Purpose = Literal["publishing", "stock"]  # which part of a day's calls one is taken from


@dataclass(frozen=True, slots=True)
class Authorization:
    """An attempt to connect. The verifier is never shown: its text is left out of `repr`."""

    location: str
    state: str
    code_verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Tokens:
    """An access token with its refresh token, and how long each lasts. Never shown: `repr` leaves their text out."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    lasts: timedelta
    refresh_lasts: timedelta
    scopes: str
    user_id: int | None = None


@dataclass(frozen=True, slots=True)
class ListingChange:
    """What one call changes of a listing: these fields of a plan, the order of its pictures, its state.

    One that is not repeatable costs a fee: after a lost answer it is never sent again by itself.
    """

    listing: Listing | None = None
    fields: Sequence[str] = ()
    image_ids: Sequence[int] = ()
    state: Literal["active", "inactive"] | None = None
    is_repeatable: bool = True


class CallBudget(Protocol):
    """Calls that are allowed: whoever makes one asks before and tells after."""

    def wait_for_turn(self, purpose: Purpose = "publishing") -> None:
        """Return when one more call may be made.

        Raises:
            QuotaExhausted: when the day's calls are used up.
        """

    def learn(self, headers: Mapping[str, str]) -> None:
        """Take note of the limits in an answer's headers; missing or odd ones change nothing."""

    def hold(self, seconds: float) -> None:
        """The marketplace asked to wait so long: no process calls before."""


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


class RemoteShop(Protocol):
    """A shop, as it is kept on the account."""

    @property
    def shop_id(self) -> int: ...  # noqa: D102
    @property
    def shop_name(self) -> str: ...  # noqa: D102
    @property
    def currency_code(self) -> str: ...  # noqa: D102 - that of every price
    @property
    def url(self) -> str: ...  # noqa: D102
    @property
    def is_vacation(self) -> bool: ...  # noqa: D102 - nothing is sold, and nothing can be renewed
    @property
    def vacation_message(self) -> str: ...  # noqa: D102 - what buyers are told meanwhile
    @property
    def country(self) -> str | None: ...  # noqa: D102 - where it is, two letters


class RemoteListing(Protocol):
    """What a create or an update answers."""

    @property
    def listing_id(self) -> int: ...  # noqa: D102
    @property
    def state(self) -> str: ...  # noqa: D102
    @property
    def title(self) -> str: ...  # noqa: D102
    @property
    def description(self) -> str: ...  # noqa: D102
    @property
    def skus(self) -> tuple[str, ...]: ...  # noqa: D102 - where it is told, else none
    @property
    def is_private(self) -> bool: ...  # noqa: D102 - made for one buyer
    @property
    def url(self) -> str | None: ...  # noqa: D102


class RemoteImage(Protocol):
    """A picture that was put on a listing."""

    @property
    def listing_image_id(self) -> int: ...  # noqa: D102


class ShopClient(Protocol):
    """The API for one shop. Its id, listings' ids and pictures' ids are the marketplace's."""

    def close(self) -> None: ...  # noqa: D102

    def guarded(self, before_write: Callable[[], None]) -> Self:
        """The same, asking before each call that changes anything: what it raises ends the call."""

    def for_stock(self) -> Self:
        """The same, for updates of stock and price: they may use the calls that are reserved for them."""

    def get_me(self) -> tuple[int, int | None]:
        """The user, and their shop if they have one."""

    def get_shop(self, shop_id: int) -> RemoteShop: ...  # noqa: D102

    def choices(self, shop_id: int) -> Mapping[Kind, tuple[Choice, ...]]:
        """Everything of the shop's that settings refer to."""

    def categories(self) -> tuple[Choice, ...]:
        """All categories, named by their paths."""

    def taxonomy_ids(self) -> frozenset[int]:
        """The ids of all categories."""

    def taxonomy_properties(self, taxonomy_id: int) -> tuple[TaxonomyProperty, ...]:
        """The standard properties of a category."""

    def live_listings(self, listing_ids: Sequence[int]) -> Mapping[int, LiveListing]:
        """Listings as they are; one that is gone is told as gone, and a failure is never taken for that."""

    @property
    def calls_made(self) -> int:
        """How often the marketplace was asked something over this connection, tries that failed included."""

    def shop_listings(self, shop_id: int) -> Mapping[int, SeenListing]:
        """All listings of the shop, in every state, each once, without inventories; or it fails."""

    def seen_listings(self, shop_id: int, listing_ids: Sequence[int]) -> Mapping[int, SeenListing]:
        """Listings of the shop by id, whatever their state; what it does not have is left out."""

    def inventories(self, listing_ids: Sequence[int]) -> Mapping[int, Inventory | None]:
        """Inventories by listing; None where there is no record, left out where there is no listing."""

    def listings_in_state(self, shop_id: int, state: str) -> Iterator[RemoteListing]:
        """All of them, drafts too: a create whose answer was lost is found by its reference."""

    def create_draft_listing(self, shop_id: int, listing: Listing, *, reference: str) -> RemoteListing:
        """A new draft with our reference in its description. Never repeated by itself."""

    def update_listing(self, shop_id: int, listing_id: int, change: ListingChange) -> RemoteListing | None:
        """Only what the change names; None where that comes to nothing, and nothing is sent."""

    def put_inventory(self, listing_id: int, inventory: Inventory, *, readiness_state_id: int | None) -> None:
        """Prices, quantities and variations, whole."""

    def put_personalization(self, shop_id: int, listing_id: int, questions: Sequence[PersonalizationQuestion]) -> None:
        """All questions to the buyer."""

    def upload_image(
        self, shop_id: int, listing_id: int, *, content: bytes, filename: str, rank: int, alt_text: str
    ) -> RemoteImage:
        """Put a picture at a rank, in place of one that may be there."""

    def image_ids(self, listing_id: int) -> list[int]:
        """Pictures by rank."""
