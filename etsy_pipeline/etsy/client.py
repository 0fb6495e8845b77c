"""Etsy's Open API v3, as far as this project uses it: one method an endpoint, named after Etsy's operation."""

from collections.abc import Iterator
from html import unescape
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from etsy_pipeline.etsy.budget import Purpose
from etsy_pipeline.etsy.errors import EtsyUnavailable
from etsy_pipeline.etsy.requests import Form
from etsy_pipeline.etsy.transport import EtsyTransport

PAGE = 100  # the most that a page or a batch may hold (FACTS §10)


def _unescaped(value: object) -> object:
    return unescape(value) if isinstance(value, str) else value  # FACTS §0.9: text comes back HTML-escaped


Text = Annotated[str, BeforeValidator(_unescaped)]


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


class EtsyListing(_Answer):
    """A listing as Etsy has it; its text unescaped."""

    listing_id: int
    state: str
    title: Text = ""
    description: Text = ""
    url: str | None = None


class EtsyImage(_Answer):
    """A picture of a listing."""

    listing_image_id: int
    rank: int = 1


class Named(_Answer):
    """Something of the shop's that a setting refers to by id."""

    id: int
    name: str


class EtsyClient:
    """Etsy for one shop (or for none, while it is being connected)."""

    def __init__(self, transport: EtsyTransport, *, purpose: Purpose = "publishing") -> None:
        self._transport, self._purpose = transport, purpose

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def for_stock(self) -> "EtsyClient":
        """The same shop, for updates of stock and price: they may use the part of the day that is reserved for them."""
        return EtsyClient(self._transport, purpose="stock")

    def get_me(self) -> tuple[int, int | None]:
        """(user id, shop id) of the token's owner; no shop id if they have no shop."""
        answer = self._transport.call("GET", "/users/me", what="read the connected user")
        return int(answer["user_id"]), answer.get("shop_id")

    def get_shop(self, shop_id: int) -> EtsyShop:
        """One shop."""
        return _parsed(EtsyShop, self._transport.call("GET", f"/shops/{shop_id}", what="read the shop"), "the shop")

    def get_shop_by_owner(self, user_id: int) -> EtsyShop:
        """The shop of a user; both shapes of the answer are understood (FACTS §9)."""
        answer = self._transport.call("GET", f"/users/{user_id}/shops", what="read the user's shop")
        if isinstance(answer, dict) and "results" in answer:
            answer = answer["results"]
        if isinstance(answer, list):
            answer = answer[0] if answer else {}
        return _parsed(EtsyShop, answer, "the user's shop")

    def shipping_profiles(self, shop_id: int) -> list[Named]:
        """Shipping profiles in use."""
        found = self._results(f"/shops/{shop_id}/shipping-profiles", "read the shipping profiles")
        return [
            Named(id=item["shipping_profile_id"], name=unescape(str(item.get("title", ""))))
            for item in found
            if not item.get("is_deleted")  # FACTS §9
        ]

    def return_policies(self, shop_id: int) -> list[Named]:
        """Return policies, described since they have no name."""
        found = self._results(f"/shops/{shop_id}/policies/return", "read the return policies")
        return [Named(id=item["return_policy_id"], name=_policy_name(item)) for item in found]

    def readiness_states(self, shop_id: int) -> list[Named]:
        """Processing profiles (readiness states)."""
        found = self._results(f"/shops/{shop_id}/readiness-state-definitions", "read the processing profiles")
        return [Named(id=item["readiness_state_id"], name=_readiness_name(item)) for item in found]

    def taxonomy_ids(self) -> frozenset[int]:
        """The ids of all of Etsy's categories for sellers."""
        nodes = list(self._results("/seller-taxonomy/nodes", "read Etsy's categories"))
        ids = set()
        while nodes:
            node = nodes.pop()
            ids.add(int(node["id"]))
            nodes.extend(node.get("children") or ())
        return frozenset(ids)

    def create_draft_listing(self, shop_id: int, form: Form) -> EtsyListing:
        """Create a draft. Never repeated by itself: Etsy knows no idempotency key (FACTS §0.1)."""
        answer = self._transport.call(
            "POST", f"/shops/{shop_id}/listings", what="create a draft listing", form=form, is_repeatable=False
        )
        return _parsed(EtsyListing, answer, "the new listing", may_have_happened=True)

    def update_listing(self, shop_id: int, listing_id: int, form: Form) -> EtsyListing:
        """Change the fields in the form, and only these."""
        path = f"/shops/{shop_id}/listings/{listing_id}"
        answer = self._transport.call("PATCH", path, what=f"update listing {listing_id}", form=form)
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

    def put_inventory(self, listing_id: int, body: dict[str, Any], *, variations: int) -> None:
        """Replace the whole inventory. Repeating it is harmless (FACTS §7)."""
        params = {"max_variations_supported": "3"} if variations > 2 else None  # noqa: PLR2004 - FACTS §7
        what = f"update the inventory of listing {listing_id}"
        path = f"/listings/{listing_id}/inventory"
        self._transport.call("PUT", path, what=what, json=body, params=params, purpose=self._purpose)

    def upload_image(
        self, shop_id: int, listing_id: int, *, content: bytes, filename: str, rank: int, alt_text: str
    ) -> EtsyImage:
        """Put a picture at a rank, in place of one that may be there: repeating makes no second one (FACTS §8)."""
        answer = self._transport.call(
            "POST",
            f"/shops/{shop_id}/listings/{listing_id}/images",
            what=f"upload picture {rank} of listing {listing_id}",
            form={"rank": str(rank), "overwrite": "true", "alt_text": alt_text},
            files={"image": (filename, content)},
        )
        return _parsed(EtsyImage, answer, "the uploaded picture")

    def _results(self, path: str, what: str, params: dict[str, str] | None = None) -> list[dict[str, Any]]:
        answer = self._transport.call("GET", path, what=what, params=params)
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


def _policy_name(item: dict[str, Any]) -> str:
    accepts = [word for word in ("returns", "exchanges") if item.get(f"accepts_{word}")]
    days = item.get("return_deadline")
    return f"accepts {' and '.join(accepts)}, {days} days" if accepts else "no returns or exchanges"


def _readiness_name(item: dict[str, Any]) -> str:
    state = str(item.get("readiness_state", "")).replace("_", " ")
    return f"{state}, {unescape(str(item.get('processing_days_display_label', '')))}"
