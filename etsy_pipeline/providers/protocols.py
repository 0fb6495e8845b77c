"""What a marketplace has to offer so that this project can sell there. Etsy is the first, and its words are used.

Nothing here does anything: a marketplace's own classes have these methods (`etsy/`), and `wiring.PROVIDERS` names them.
Every one has to pass `etsy_pipeline_tests/providers`. Errors are those of `errors.py` and `providers/errors.py`.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol, Self

from etsy_pipeline.linking.seen import SeenListing
from etsy_pipeline.listings.listing import Attribute, Inventory, Listing, PersonalizationQuestion, Translation
from etsy_pipeline.listings.shop import Choice, Kind, TaxonomyProperty
from etsy_pipeline.planning.link import LiveListing, VariationLink
from etsy_pipeline.sales.receipt import Receipt

ValueIds = Mapping[tuple[int, str], int]
"""The marketplace's id of each value of a variation, by the property's id and the value."""

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

    def asking_for(self, more: Sequence[str]) -> Self:
        """The same, asking for these permissions as well."""

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
    @property
    def language(self) -> str: ...  # noqa: D102 - its own, two letters; empty where it is not told


class Whereabouts(Protocol):
    """Where a shop is: what matters to how its listings are made."""

    @property
    def country(self) -> str | None: ...  # noqa: D102 - two letters
    @property
    def language(self) -> str: ...  # noqa: D102 - its own, two letters; empty where it is not told


class ShopTeller(Protocol):
    """What a mapping asks of a marketplace: anew (`ShopClient`), or what it told lately."""

    def taxonomy_ids(self) -> frozenset[int]: ...  # noqa: D102 - of all categories
    def taxonomy_properties(self, taxonomy_id: int) -> tuple[TaxonomyProperty, ...]: ...  # noqa: D102
    def choices(self, shop_id: int) -> Mapping[Kind, tuple[Choice, ...]]: ...  # noqa: D102
    def get_shop(self, shop_id: int) -> Whereabouts: ...  # noqa: D102


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


class RemoteFile(Protocol):
    """A file of a download. Its content is never told."""

    @property
    def listing_file_id(self) -> int: ...  # noqa: D102
    @property
    def filename(self) -> str: ...  # noqa: D102
    @property
    def size_bytes(self) -> int: ...  # noqa: D102


class RemoteVideo(Protocol):
    """A video of a listing. Neither its content nor its name is told."""

    @property
    def video_id(self) -> int: ...  # noqa: D102 - a newer one has a greater id
    @property
    def video_state(self) -> str: ...  # noqa: D102 - active, inactive (while it is worked on), deleted or flagged


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

    def shop_listings(self, shop_id: int, known: Collection[int] = ()) -> Mapping[int, SeenListing]:
        """All listings of the shop, in every state, each once, without inventories; or it fails.

        Of a state that has more than the marketplace lists, the rest is read by the ids that the books know.

        Raises:
            NotAllListed: these are not the rest.
        """

    def seen_listings(self, shop_id: int, listing_ids: Sequence[int]) -> Mapping[int, SeenListing]:
        """Listings of the shop by id, whatever their state; what it does not have is left out."""

    def inventories(self, listing_ids: Sequence[int]) -> Mapping[int, Inventory | None]:
        """Inventories by listing; None where there is no record, left out where there is no listing."""

    def listings_in_state(self, shop_id: int, state: str, known: Collection[int] = ()) -> Iterator[RemoteListing]:
        """All of them, each once, drafts too: a create whose answer was lost is found by its reference.

        Of a state that has more than the marketplace lists, the rest is read by the ids that the books know.

        Raises:
            NotAllListed: these are not the rest; after all that can be had were given.
        """

    def create_draft_listing(self, shop_id: int, listing: Listing, *, reference: str) -> RemoteListing:
        """A new draft with our reference in its description. Never repeated by itself."""

    def update_listing(self, shop_id: int, listing_id: int, change: ListingChange) -> RemoteListing | None:
        """Only what the change names; None where that comes to nothing, and nothing is sent."""

    def put_inventory(self, listing_id: int, inventory: Inventory, *, readiness_state_id: int | None) -> None:
        """Prices, quantities and variations, whole.

        Raises:
            LinkedPictureGone: a link points to a picture that is no longer there.
        """

    def variation_value_ids(self, listing_id: int) -> ValueIds:
        """The ids of a listing's values of variations, as they are since its last inventory."""

    def variation_links(self, shop_id: int, listing_id: int) -> Sequence[VariationLink]:
        """Which pictures stand for which values, ours and the seller's; `url` is not told."""

    def put_variation_links(
        self, shop_id: int, listing_id: int, links: Sequence[VariationLink], value_ids: ValueIds
    ) -> None:
        """Replace all of them, of one property only; all values must be among the ids, all pictures on the listing."""

    def put_personalization(self, shop_id: int, listing_id: int, questions: Sequence[PersonalizationQuestion]) -> None:
        """All questions to the buyer."""

    def upload_image(
        self, shop_id: int, listing_id: int, *, content: bytes, filename: str, rank: int, alt_text: str
    ) -> RemoteImage:
        """Put a picture at a rank, in place of one that may be there."""

    def listing_properties(self, shop_id: int, listing_id: int) -> Sequence[Attribute]:
        """The attributes of a listing; a scale is told only where buyers see it."""

    def put_listing_property(self, shop_id: int, listing_id: int, attribute: Attribute) -> None:
        """One attribute, in place of its values before."""

    def delete_listing_property(self, shop_id: int, listing_id: int, property_id: int) -> None:
        """Without this attribute; it may be gone already."""

    def sections(self, shop_id: int) -> Sequence[Choice]:
        """The sections of the shop."""

    def create_section(self, shop_id: int, title: str) -> Choice:
        """A new section. Never repeated by itself."""

    def set_alt_text(self, shop_id: int, listing_id: int, image_id: int, *, rank: int, alt_text: str) -> RemoteImage:
        """Give a picture that is on a listing, at this rank, another text; no bytes are sent."""

    def image_ids(self, listing_id: int) -> list[int]:
        """Pictures by rank."""

    def put_translation(self, shop_id: int, listing_id: int, translation: Translation, *, is_there: bool) -> None:
        """A listing's texts in another language, whether it has some in that language or not."""

    def listing_type(self, listing_id: int) -> str:
        """Whether a listing is physical, a download, or both, as it is at this moment."""

    def listing_files(self, shop_id: int, listing_id: int) -> Sequence[RemoteFile]:
        """The files that buyers of a download get."""

    def upload_file(self, shop_id: int, listing_id: int, *, content: bytes, name: str, rank: int) -> RemoteFile:
        """One more file, never repeated by itself. A physical listing would become a download: look before."""

    def delete_file(self, shop_id: int, listing_id: int, file_id: int) -> None:
        """Take a file off. Without its last one a download becomes a physical listing."""

    def listing_videos(self, listing_id: int) -> Sequence[RemoteVideo]:
        """A listing's videos, those that are still worked on among them."""

    def upload_video(self, shop_id: int, listing_id: int, *, content: bytes, filename: str) -> RemoteVideo:
        """One more video, never repeated by itself."""

    def delete_video(self, shop_id: int, listing_id: int, video_id: int) -> None:
        """Take a video off."""


@dataclass(frozen=True, slots=True)
class ReceiptQuery:
    """Which orders are asked for, and in which order they come: those that were sold or changed first, first.

    Nothing here excludes anything where it is None. Canceled ones may be left out unless they are asked for.
    """

    by: Literal["updated", "created"]
    since: datetime
    is_canceled: bool | None = None
    is_shipped: bool | None = None


@dataclass(frozen=True, slots=True)
class ReceiptPage:
    """Some orders. `rows` is how many there were on the page, `malformed` how many of them are no orders at all.

    `count` is how many there are beside them, on all pages of the question together; None where that is not told.
    """

    receipts: tuple[Receipt, ...]
    rows: int
    is_last: bool
    malformed: int = 0
    count: int | None = None


class ReceiptClient(Protocol):
    """The orders of one shop."""

    def close(self) -> None: ...  # noqa: D102

    @property
    def calls_made(self) -> int:
        """How often the marketplace was asked something over this connection, tries that failed included."""

    def receipts(self, shop_id: int, query: ReceiptQuery, offset: int = 0) -> ReceiptPage:
        """A page of orders; of what is read beside it nothing is certain, for orders change while they are read."""

    def receipt(self, shop_id: int, receipt_id: int) -> Receipt:
        """One order, in every state."""

    def create_shipment(
        self, shop_id: int, receipt_id: int, *, tracking_code: str, carrier_name: str, note: str = ""
    ) -> Receipt:
        """Tell of a parcel: the buyer is written to each time. Never repeated by itself."""
