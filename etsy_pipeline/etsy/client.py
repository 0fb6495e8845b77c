"""Etsy's Open API v3, as far as this project uses it: one method an endpoint, named after Etsy's operation."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import unescape
from typing import Annotated, Any, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from etsy_pipeline.etsy.errors import EtsyRefused, EtsyUnavailable
from etsy_pipeline.etsy.live import gone, live_inventory, live_listing
from etsy_pipeline.etsy.requests import (
    change_form,
    comma_joined,
    create_form,
    inventory_body,
    personalization_body,
)
from etsy_pipeline.etsy.seen import seen_listing
from etsy_pipeline.etsy.shop_pages import PAGE, all_listings
from etsy_pipeline.etsy.transport import EtsyTransport
from etsy_pipeline.linking.seen import SeenListing
from etsy_pipeline.listings.listing import Inventory, Listing, PersonalizationQuestion
from etsy_pipeline.listings.origin import neighbouring
from etsy_pipeline.listings.shop import Choice, Kind, TaxonomyProperty, TaxonomyValue
from etsy_pipeline.planning.link import LiveListing
from etsy_pipeline.providers.protocols import ListingChange, Purpose

NO_PARAMS: Mapping[str, str] = {}


def _unescaped(value: object) -> object:
    return unescape(value) if isinstance(value, str) else value  # FACTS §0.9: text comes back HTML-escaped


Text = Annotated[str, BeforeValidator(_unescaped)]
OptionalText = Annotated[str, BeforeValidator(lambda value: _unescaped(value or ""))]


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")  # FACTS §15: tolerate fields we do not know


Model = TypeVar("Model", bound=_Answer)


class EtsyShop(_Answer):
    """A shop. `currency_code` is that of every price we send."""

    shop_id: int
    shop_name: Text
    currency_code: str
    url: str = ""
    user_id: int | None = None
    is_vacation: bool = False
    vacation_message: OptionalText = ""
    country: str | None = Field(default=None, validation_alias="shop_location_country_iso")


class EtsyListing(_Answer):
    """A listing as Etsy has it; its text unescaped."""

    listing_id: int
    state: str
    title: Text = ""
    description: Text = ""
    url: str | None = None
    skus: tuple[Text, ...] = ()
    is_private: bool = False


class EtsyImage(_Answer):
    """A picture of a listing."""

    listing_image_id: int
    rank: int = 1


class EtsyClient:
    """Etsy for one shop (or for none, while it is being connected)."""

    def __init__(
        self,
        transport: EtsyTransport,
        *,
        purpose: Purpose = "publishing",
        before_write: Callable[[], None] | None = None,
    ) -> None:
        self._transport, self._purpose, self._before_write = transport, purpose, before_write

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def for_stock(self) -> Self:
        """The same shop, for updates of stock and price: they may use the part of the day that is reserved for them."""
        return type(self)(self._transport, purpose="stock", before_write=self._before_write)

    def guarded(self, before_write: Callable[[], None]) -> Self:
        """The same shop, asking something before each call that changes anything: what it raises ends the call."""
        return type(self)(self._transport, purpose=self._purpose, before_write=before_write)

    def get_me(self) -> tuple[int, int | None]:
        """(user id, shop id) of the token's owner; no shop id if they have no shop."""
        answer = self._transport.call("GET", "/users/me", what="read the connected user", purpose=self._purpose)
        return int(answer["user_id"]), answer.get("shop_id")

    def get_shop(self, shop_id: int) -> EtsyShop:
        """One shop."""
        answer = self._transport.call("GET", f"/shops/{shop_id}", what="read the shop", purpose=self._purpose)
        return _parsed(EtsyShop, answer, "the shop")

    def choices(self, shop_id: int) -> dict[Kind, tuple[Choice, ...]]:
        """Everything of the shop's that settings refer to: profiles, policies, sections, production partners."""
        return {kind: tuple(self._choices_of(kind, shop_id)) for kind in CHOICES}

    def _choices_of(self, kind: Kind, shop_id: int) -> list[Choice]:
        """What the shop has of one kind; shipping profiles that were deleted are listed by Etsy, too (FACTS §9)."""
        path, number, name = CHOICES[kind]
        found = self._results(f"/shops/{shop_id}/{path}", f"read the {path.replace('/', ' ').replace('-', ' ')}")
        return [Choice(int(item[number]), name(item)) for item in found if not item.get("is_deleted")]

    def categories(self) -> tuple[Choice, ...]:
        """All of Etsy's categories for sellers, named by their paths."""
        nodes = [(node, "") for node in self._results("/seller-taxonomy/nodes", "read Etsy's categories")]
        found = []
        while nodes:
            node, above = nodes.pop()
            path = f"{above}{unescape(str(node.get('name', '')))}"
            found.append(Choice(int(node["id"]), path))
            nodes.extend((child, f"{path} > ") for child in node.get("children") or ())
        return tuple(found)

    def taxonomy_ids(self) -> frozenset[int]:
        """The ids of all of Etsy's categories for sellers."""
        return frozenset(category.id for category in self.categories())

    def taxonomy_properties(self, taxonomy_id: int) -> tuple[TaxonomyProperty, ...]:
        """The standard properties of a category, and the values that Etsy lists for each (FACTS §7)."""
        found = self._results(f"/seller-taxonomy/nodes/{taxonomy_id}/properties", f"read category {taxonomy_id}")
        return tuple(_property(item) for item in found)

    def create_draft_listing(self, shop_id: int, listing: Listing, *, reference: str) -> EtsyListing:
        """Create a draft, our reference in its description.

        Never repeated by itself: Etsy knows no idempotency key (FACTS §0.1).
        """
        path, form = f"/shops/{shop_id}/listings", create_form(listing, reference=reference)
        answer = self._write_form("POST", path, form, what="create a draft listing", is_repeatable=False)
        return _parsed(EtsyListing, answer, "the new listing", may_have_happened=True)

    def update_listing(self, shop_id: int, listing_id: int, change: ListingChange) -> EtsyListing | None:
        """Change what the change names, and only that; None where this comes to no field of Etsy's form."""
        form = change_form(change)
        if not form:
            return None
        path = f"/shops/{shop_id}/listings/{listing_id}"
        what = f"update listing {listing_id}"
        answer = self._write_form("PATCH", path, form, what=what, is_repeatable=change.is_repeatable)
        return _parsed(EtsyListing, answer, "the updated listing")

    def listings_in_state(self, shop_id: int, state: str) -> Iterator[EtsyListing]:
        """All listings in one state, page by page; drafts show only when asked for (FACTS §0.2)."""
        offset = 0
        while True:
            params = {"state": state, "limit": str(PAGE), "offset": str(offset)}
            answer = self._transport.call("GET", f"/shops/{shop_id}/listings", what=f"list {state}s", params=params)
            found = [_parsed(EtsyListing, item, "a listing") for item in answer.get("results", ())]
            yield from found
            offset += len(found)
            if not found or offset >= int(answer.get("count", 0)):
                return

    def shop_listings(self, shop_id: int) -> Mapping[int, SeenListing]:
        """All listings of the shop, in all six states, by id, each once; without their inventories.

        Raises:
            EtsyUnavailable: `shop_kept_changing`, and what a call raises: then nothing is known.
            RemoteRefused: `shop_too_large`.
        """

        def page(state: str, offset: int, limit: int) -> Any:
            params = {"state": state, "limit": str(limit), "offset": str(offset), "includes": "Images"}
            path, what = f"/shops/{shop_id}/listings", f"scan the {state} listings"
            return self._transport.call("GET", path, what=what, params=params, purpose=self._purpose)

        return all_listings(page)

    def seen_listings(self, shop_id: int, listing_ids: Sequence[int]) -> dict[int, SeenListing]:
        """Listings of the shop by their ids, whatever their state; what it does not have is left out."""
        found: dict[int, SeenListing] = {}
        for start in range(0, len(listing_ids), PAGE):
            part = listing_ids[start : start + PAGE]
            try:
                told = self._batch("/listings/batch", part, "read listings", {"includes": "Images"})
            except EtsyRefused as error:
                if not error.is_gone:
                    raise
                told = [answer for listing_id in part if (answer := self._one_listing(listing_id)) is not None]
            of_shop = (seen_listing(answer) for answer in told if answer.get("shop_id", shop_id) == shop_id)
            found |= {seen.listing_id: seen for seen in of_shop}
        return found

    def inventories(self, listing_ids: Sequence[int]) -> dict[int, Inventory | None]:
        """Inventories by listing, a call for 100 of them; None where there is no record, left out where no listing."""
        found: dict[int, Inventory | None] = {}
        for start in range(0, len(listing_ids), PAGE):
            found |= self._inventories(listing_ids[start : start + PAGE])
        return found

    @property
    def calls_made(self) -> int:
        """How often Etsy was asked something over this connection, tries that failed included."""
        return self._transport.calls_made

    def live_listings(self, listing_ids: Sequence[int]) -> dict[int, LiveListing]:
        """Listings as they are now, with their inventories: two calls for 100 of them (FACTS §10).

        One that is gone is told as gone, and only where Etsy says so of it alone; a failure is never taken for that.
        """
        found: dict[int, LiveListing] = {}
        for start in range(0, len(listing_ids), PAGE):
            part = listing_ids[start : start + PAGE]
            told = self._batch("/listings/batch", part, "read listings", {"includes": "Images"})
            answers = {int(item["listing_id"]): item for item in told}
            for listing_id in set(part) - set(answers):
                answer = self._one_listing(listing_id)
                if answer is None:
                    found[listing_id] = gone(listing_id)
                else:
                    answers[listing_id] = answer
            inventories = self._inventories([listing_id for listing_id in part if listing_id in answers])
            for listing_id, answer in answers.items():
                found[listing_id] = live_listing(answer, inventories.get(listing_id))
        return found

    def _one_listing(self, listing_id: int) -> dict[str, Any] | None:
        try:
            answer = self._transport.call(
                "GET",
                f"/listings/{listing_id}",
                what=f"read listing {listing_id}",
                params={"includes": "Images"},
                purpose=self._purpose,
            )
        except EtsyRefused as error:
            if error.is_gone:
                return None
            raise
        return dict(answer)

    def _inventories(self, listing_ids: Sequence[int]) -> dict[int, Inventory | None]:
        """Inventories; one id that Etsy does not know makes the whole batch a 404, which is then halved (FACTS §10)."""
        if not listing_ids:
            return {}
        try:
            found = self._batch("/listings/batch/inventory", listing_ids, "read inventories")
        except EtsyRefused as error:
            if not error.is_gone:
                raise
            middle = len(listing_ids) // 2
            if middle == 0:
                return {}
            return self._inventories(listing_ids[:middle]) | self._inventories(listing_ids[middle:])
        return {int(item["listing_id"]): live_inventory(item.get("inventory")) for item in found}

    def _batch(
        self, path: str, listing_ids: Sequence[int], what: str, params: Mapping[str, str] = NO_PARAMS
    ) -> list[dict[str, Any]]:
        return self._results(path, what, {"listing_ids": comma_joined(listing_ids), **params})

    def image_ids(self, listing_id: int) -> list[int]:
        """Pictures that are on a listing, by rank."""
        found = self._results(f"/listings/{listing_id}/images", f"read the pictures of listing {listing_id}")
        images = [_parsed(EtsyImage, item, "a picture") for item in found]
        return [image.listing_image_id for image in sorted(images, key=lambda image: image.rank)]

    def put_inventory(self, listing_id: int, inventory: Inventory, *, readiness_state_id: int | None) -> None:
        """Replace the whole inventory. Repeating it is harmless (FACTS §7).

        Up to three variations are announced always: a listing may have three already, and is refused without it.
        """
        what = f"update the inventory of listing {listing_id}"
        params = {"max_variations_supported": "3"}
        path = f"/listings/{listing_id}/inventory"
        body = inventory_body(inventory, readiness_state_id=readiness_state_id)
        self._write("PUT", path, what=what, json=body, params=params)

    def put_personalization(self, shop_id: int, listing_id: int, questions: Sequence[PersonalizationQuestion]) -> None:
        """Replace all questions to the buyer (FACTS §5)."""
        path = f"/shops/{shop_id}/listings/{listing_id}/personalization"
        what = f"update the personalization of listing {listing_id}"
        params = {"supports_multiple_personalization_questions": "true"}
        self._write("POST", path, what=what, json=personalization_body(questions), params=params)

    def upload_image(
        self, shop_id: int, listing_id: int, *, content: bytes, filename: str, rank: int, alt_text: str
    ) -> EtsyImage:
        """Put a picture at a rank, in place of one that may be there: repeating makes no second one (FACTS §8)."""
        answer = self._write(
            "POST",
            f"/shops/{shop_id}/listings/{listing_id}/images",
            what=f"upload picture {rank} of listing {listing_id}",
            form={"rank": str(rank), "overwrite": "true", "alt_text": alt_text},
            files={"image": (filename, content)},
        )
        return _parsed(EtsyImage, answer, "the uploaded picture")

    def _write_form(self, method: str, path: str, form: Mapping[str, str], **request: Any) -> Any:
        """Write a listing's form; where Etsy refuses a range of when_made, with its name in the years around this."""
        try:
            return self._write(method, path, form=form, **request)
        except EtsyRefused as refusal:
            if not (refusal.is_invalid and refusal.field.startswith("/when")):
                raise
            for name in neighbouring(form.get("when_made", "")):
                with contextlib.suppress(EtsyRefused):
                    return self._write(method, path, form={**form, "when_made": name}, **request)
            raise

    def _write(self, method: str, path: str, **request: Any) -> Any:
        return self._transport.call(method, path, purpose=self._purpose, before_send=self._before_write, **request)

    def _results(self, path: str, what: str, params: dict[str, str] | None = None) -> list[dict[str, Any]]:
        answer = self._transport.call("GET", path, what=what, params=params, purpose=self._purpose)
        results = answer.get("results") if isinstance(answer, dict) else answer
        return results if isinstance(results, list) else []


def _parsed(model: type[Model], answer: Any, what: str, *, may_have_happened: bool = False) -> Model:
    try:
        return model.model_validate(answer)
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, item["loc"])) for item in error.errors(include_input=False))
        raise EtsyUnavailable(
            f"Etsy's answer on {what} lacks what we need ({fields}).",
            code="etsy_answer_malformed",
            hint="Etsy's API may have changed; look for a newer etsy_pipeline.",
            may_have_happened=may_have_happened,
        ) from None


def _property(item: dict[str, Any]) -> TaxonomyProperty:
    values = [
        TaxonomyValue(int(value["value_id"]), unescape(str(value.get("name", ""))), value.get("scale_id"))
        for value in item.get("possible_values") or ()
        if value.get("value_id") is not None
    ]
    return TaxonomyProperty(
        property_id=int(item["property_id"]),
        name=unescape(str(item.get("display_name") or item.get("name", ""))),
        values=tuple(values),
        supports_variations=bool(item.get("supports_variations")),
        is_required=bool(item.get("is_required")),
    )


def _named(key: str) -> Callable[[dict[str, Any]], str]:
    return lambda item: unescape(str(item.get(key) or ""))


def _policy_name(item: dict[str, Any]) -> str:
    accepts = [word for word in ("returns", "exchanges") if item.get(f"accepts_{word}")]
    days = item.get("return_deadline")
    return f"accepts {' and '.join(accepts)}, {days} days" if accepts else "no returns or exchanges"


def _readiness_name(item: dict[str, Any]) -> str:
    state = str(item.get("readiness_state", "")).replace("_", " ")
    return f"{state}, {unescape(str(item.get('processing_days_display_label', '')))}"


# Kind of choice → (path below the shop, key of the id, its name)
CHOICES: Mapping[Kind, tuple[str, str, Callable[[dict[str, Any]], str]]] = {
    "shipping_profile": ("shipping-profiles", "shipping_profile_id", _named("title")),
    "return_policy": ("policies/return", "return_policy_id", _policy_name),
    "processing_profile": ("readiness-state-definitions", "readiness_state_id", _readiness_name),
    "shop_section": ("sections", "shop_section_id", _named("title")),
    "production_partner": ("production-partners", "production_partner_id", _named("partner_name")),
}
