"""Etsy's Open API v3, as far as this project uses it: one method an endpoint, named after Etsy's operation."""

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from html import unescape
from typing import Any, Self

from etsy_pipeline.etsy.answers import EtsyFile, EtsyImage, EtsyListing, EtsySection, EtsyShop, EtsyVideo, parsed
from etsy_pipeline.etsy.choices import CHOICES, taxonomy_property
from etsy_pipeline.etsy.errors import EtsyRefused
from etsy_pipeline.etsy.live import gone, live_attribute, live_inventory, live_listing
from etsy_pipeline.etsy.requests import (
    attribute_form,
    change_form,
    comma_joined,
    create_form,
    inventory_body,
    personalization_body,
    translation_form,
)
from etsy_pipeline.etsy.responses import PRIMARY_LANGUAGE
from etsy_pipeline.etsy.seen import seen_listing
from etsy_pipeline.etsy.shop_pages import PAGE, Answer, Ask, Pages, all_listings, in_state
from etsy_pipeline.etsy.transport import EtsyTransport
from etsy_pipeline.etsy.variation_images import linked_picture_gone, links_body, links_of, value_ids_of
from etsy_pipeline.linking.seen import SeenListing
from etsy_pipeline.listings.listing import Attribute, Inventory, Listing, PersonalizationQuestion, Translation
from etsy_pipeline.listings.origin import neighbouring
from etsy_pipeline.listings.shop import Choice, Kind, TaxonomyProperty
from etsy_pipeline.planning.link import LiveListing, VariationLink
from etsy_pipeline.providers.protocols import ListingChange, Purpose, ValueIds

NO_PARAMS: Mapping[str, str] = {}
LIVE: Mapping[str, str] = {"includes": "Images,Translations"}
WITH_IMAGES: Mapping[str, str] = {"includes": "Images"}
OLDEST_FIRST: Mapping[str, str] = {"sort_on": "created", "sort_order": "asc"}


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
        return parsed(EtsyShop, answer, "the shop")

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
        """The ids of all of Etsy's categories for sellers; each plan asks for them, and for no name."""
        nodes = self._results("/seller-taxonomy/nodes", "read Etsy's categories")
        found = set()
        while nodes:
            node = nodes.pop()
            found.add(int(node["id"]))
            nodes.extend(node.get("children") or ())
        return frozenset(found)

    def taxonomy_properties(self, taxonomy_id: int) -> tuple[TaxonomyProperty, ...]:
        """The standard properties of a category, and the values that Etsy lists for each (FACTS §7)."""
        found = self._results(f"/seller-taxonomy/nodes/{taxonomy_id}/properties", f"read category {taxonomy_id}")
        return tuple(taxonomy_property(item) for item in found)

    def create_draft_listing(self, shop_id: int, listing: Listing, *, reference: str) -> EtsyListing:
        """Create a draft, our reference in its description.

        Never repeated by itself: Etsy knows no idempotency key (FACTS §0.1).
        """
        path, form = f"/shops/{shop_id}/listings", create_form(listing, reference=reference)
        answer = self._write_form("POST", path, form, what="create a draft listing", is_repeatable=False)
        return parsed(EtsyListing, answer, "the new listing", may_have_happened=True)

    def update_listing(self, shop_id: int, listing_id: int, change: ListingChange) -> EtsyListing | None:
        """Change what the change names, and only that; None where this comes to no field of Etsy's form."""
        form = change_form(change)
        if not form:
            return None
        path = f"/shops/{shop_id}/listings/{listing_id}"
        what = f"update listing {listing_id}"
        answer = self._write_form("PATCH", path, form, what=what, is_repeatable=change.is_repeatable)
        return parsed(EtsyListing, answer, "the updated listing")

    def listings_in_state(self, shop_id: int, state: str, known: Collection[int] = ()) -> Iterator[EtsyListing]:
        """All listings in one state; drafts show only when asked for (FACTS §0.2).

        Raises:
            EtsyUnavailable: `shop_kept_changing`, and what a call raises.
            NotAllListed: `shop_too_large`, after all that can be had were given.
        """

        def by_id(listing_ids: Sequence[int]) -> Iterator[EtsyListing]:
            return (listing(answer) for answer in self._listings_by_id(shop_id, listing_ids, NO_PARAMS))

        def listing(answer: Any) -> EtsyListing:
            return parsed(EtsyListing, answer, "a listing")

        return in_state(Pages(self._asking(shop_id, "list", NO_PARAMS), by_id, listing), state, known)

    def shop_listings(self, shop_id: int, known: Collection[int] = ()) -> Mapping[int, SeenListing]:
        """All listings of the shop, in all six states, by id, each once; without their inventories.

        Raises:
            EtsyUnavailable: `shop_kept_changing`, and what a call raises: then nothing is known.
            NotAllListed: `shop_too_large`.
        """

        def by_id(listing_ids: Sequence[int]) -> Collection[SeenListing]:
            return self.seen_listings(shop_id, listing_ids).values()

        return all_listings(Pages(self._asking(shop_id, "scan", WITH_IMAGES), by_id, seen_listing), known)

    def _asking(self, shop_id: int, verb: str, more: Mapping[str, str]) -> Ask:
        """Asks for pages of the shop's listings."""

        def page(state: str, offset: int, limit: int, *, oldest_first: bool = False) -> Answer:
            params = {"state": state, "limit": str(limit), "offset": str(offset), **more}
            params |= OLDEST_FIRST if oldest_first else {}
            path, what = f"/shops/{shop_id}/listings", f"{verb} the {state} listings"
            answer: Answer = self._transport.call("GET", path, what=what, params=params, purpose=self._purpose)
            return answer

        return page

    def seen_listings(self, shop_id: int, listing_ids: Sequence[int]) -> dict[int, SeenListing]:
        """Listings of the shop by their ids, whatever their state; what it does not have is left out."""
        answers = self._listings_by_id(shop_id, listing_ids, WITH_IMAGES)
        return {seen.listing_id: seen for seen in map(seen_listing, answers)}

    def _listings_by_id(
        self, shop_id: int, listing_ids: Sequence[int], params: Mapping[str, str]
    ) -> Iterator[dict[str, Any]]:
        """What Etsy says of listings by their ids, of those that are the shop's."""
        for start in range(0, len(listing_ids), PAGE):
            part = listing_ids[start : start + PAGE]
            try:
                told = self._batch("/listings/batch", part, "read listings", params)
            except EtsyRefused as error:
                if not error.is_gone:
                    raise
                told = [answer for listing_id in part if (answer := self._one_listing(listing_id)) is not None]
            yield from (answer for answer in told if answer.get("shop_id", shop_id) == shop_id)

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
            told = self._batch("/listings/batch", part, "read listings", LIVE)
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
                params=LIVE,
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
        images = [parsed(EtsyImage, item, "a picture") for item in found]
        return [image.listing_image_id for image in sorted(images, key=lambda image: image.rank)]

    def put_inventory(self, listing_id: int, inventory: Inventory, *, readiness_state_id: int | None) -> None:
        """Replace the whole inventory. Repeating it is harmless (FACTS §7).

        Up to three variations are announced always: a listing may have three already, and is refused without it.
        """
        what = f"update the inventory of listing {listing_id}"
        params = {"max_variations_supported": "3"}
        path = f"/listings/{listing_id}/inventory"
        body = inventory_body(inventory, readiness_state_id=readiness_state_id)
        try:
            self._write("PUT", path, what=what, json=body, params=params)
        except EtsyRefused as refusal:
            raise linked_picture_gone(refusal) or refusal from None

    def variation_value_ids(self, listing_id: int) -> ValueIds:
        """The shop's ids of a listing's values (FACTS §7): those that links to pictures are made of."""
        what = f"read the variations of listing {listing_id}"
        path = f"/listings/{listing_id}/inventory"
        return value_ids_of(self._transport.call("GET", path, what=what, purpose=self._purpose))

    def variation_links(self, shop_id: int, listing_id: int) -> list[VariationLink]:
        """Which pictures stand for which values of a variation (LISTING_EXTRAS §1)."""
        path = f"/shops/{shop_id}/listings/{listing_id}/variation-images"
        found = self._results(path, f"read the pictures of variations of listing {listing_id}")
        names: dict[tuple[int, int], str] = {}
        if any(item.get("value") is None for item in found):
            known = self.variation_value_ids(listing_id)
            names = {(property_id, number): value for (property_id, value), number in known.items()}
        return links_of(found, names)

    def put_variation_links(
        self, shop_id: int, listing_id: int, links: Sequence[VariationLink], value_ids: ValueIds
    ) -> None:
        """Replace all of them (LISTING_EXTRAS §1). Repeating it is harmless."""
        path = f"/shops/{shop_id}/listings/{listing_id}/variation-images"
        what = f"link the pictures of variations of listing {listing_id}"
        self._write("POST", path, what=what, json=links_body(links, value_ids))

    def put_personalization(self, shop_id: int, listing_id: int, questions: Sequence[PersonalizationQuestion]) -> None:
        """Replace all questions to the buyer (FACTS §5)."""
        path = f"/shops/{shop_id}/listings/{listing_id}/personalization"
        what = f"update the personalization of listing {listing_id}"
        params = {"supports_multiple_personalization_questions": "true"}
        self._write("POST", path, what=what, json=personalization_body(questions), params=params)

    def listing_properties(self, shop_id: int, listing_id: int) -> list[Attribute]:
        """The attributes of a listing."""
        path = f"/shops/{shop_id}/listings/{listing_id}/properties"
        return [live_attribute(item) for item in self._results(path, f"read the attributes of listing {listing_id}")]

    def put_listing_property(self, shop_id: int, listing_id: int, attribute: Attribute) -> None:
        """Set one attribute, in place of its values before. Repeating it is harmless."""
        path = f"/shops/{shop_id}/listings/{listing_id}/properties/{attribute.property_id}"
        what = f"set {attribute.name} of listing {listing_id}"
        self._write("PUT", path, what=what, form=attribute_form(attribute))

    def delete_listing_property(self, shop_id: int, listing_id: int, property_id: int) -> None:
        """Take an attribute away, where it is there."""
        path = f"/shops/{shop_id}/listings/{listing_id}/properties/{property_id}"
        self._take_off(path, f"take attribute {property_id} off listing {listing_id}")

    def sections(self, shop_id: int) -> list[Choice]:
        """The sections of the shop."""
        return self._choices_of("shop_section", shop_id)

    def create_section(self, shop_id: int, title: str) -> Choice:
        """Make a section. Never repeated by itself: a second one of that name would be made (LISTING_EXTRAS §6)."""
        answer = self._write(
            "POST",
            f"/shops/{shop_id}/sections",
            what=f"make the section {title!r}",
            form={"title": title},
            is_repeatable=False,
        )
        made = parsed(EtsySection, answer, "the new section", may_have_happened=True)
        return Choice(made.shop_section_id, made.title)

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
        return parsed(EtsyImage, answer, "the uploaded picture")

    def put_translation(self, shop_id: int, listing_id: int, translation: Translation, *, is_there: bool) -> None:
        """Texts in another language. Whether they have to be made or changed only Etsy's answer tells for certain."""
        path = f"/shops/{shop_id}/listings/{listing_id}/translations/{translation.language}"
        what = f"put the {translation.language} translation of listing {listing_id}"
        form = translation_form(translation)
        first, second = ("PUT", "POST") if is_there else ("POST", "PUT")
        try:
            self._write(first, path, what=what, form=form)
        except EtsyRefused as refusal:
            if not (refusal.is_gone if is_there else refusal.is_invalid) or refusal.code == PRIMARY_LANGUAGE:
                raise
            try:
                self._write(second, path, what=what, form=form)
            except EtsyRefused as other:
                raise (refusal if other.is_gone else other) from None

    def listing_type(self, listing_id: int) -> str:
        """Whether a listing is physical, a download, or both, as it is at this moment."""
        answer = self._transport.call(
            "GET", f"/listings/{listing_id}", what=f"read listing {listing_id}", purpose=self._purpose
        )
        return str(answer.get("listing_type"))

    def listing_files(self, shop_id: int, listing_id: int) -> list[EtsyFile]:
        """The files that buyers of a download get."""
        path, what = f"/shops/{shop_id}/listings/{listing_id}/files", f"read the files of listing {listing_id}"
        return [parsed(EtsyFile, item, "a file") for item in self._results(path, what)]

    def upload_file(self, shop_id: int, listing_id: int, *, content: bytes, name: str, rank: int) -> EtsyFile:
        """One more file. Never repeated by itself: there would be two."""
        answer = self._write(
            "POST",
            f"/shops/{shop_id}/listings/{listing_id}/files",
            what=f"upload file {rank} of listing {listing_id}",
            form={"name": name, "rank": str(rank)},
            files={"file": (name, content)},
            is_repeatable=False,
        )
        return parsed(EtsyFile, answer, "the uploaded file", may_have_happened=True)

    def delete_file(self, shop_id: int, listing_id: int, file_id: int) -> None:
        """Take a file off; one that is gone is no matter."""
        self._take_off(f"/shops/{shop_id}/listings/{listing_id}/files/{file_id}", f"delete a file of {listing_id}")

    def listing_videos(self, listing_id: int) -> list[EtsyVideo]:
        """A listing's videos, but for those that Etsy calls deleted."""
        found = self._results(f"/listings/{listing_id}/videos", f"read the videos of listing {listing_id}")
        videos = [parsed(EtsyVideo, item, "a video") for item in found]
        return [video for video in videos if video.video_state != "deleted"]

    def upload_video(self, shop_id: int, listing_id: int, *, content: bytes, filename: str) -> EtsyVideo:
        """One more video (`is_multi_video` is gone, LISTING_EXTRAS §2). Never repeated by itself."""
        answer = self._write(
            "POST",
            f"/shops/{shop_id}/listings/{listing_id}/videos",
            what=f"upload a video of listing {listing_id}",
            form={"name": filename},
            files={"video": (filename, content)},
            is_repeatable=False,
        )
        return parsed(EtsyVideo, answer, "the uploaded video", may_have_happened=True)

    def delete_video(self, shop_id: int, listing_id: int, video_id: int) -> None:
        """Take a video off; one that is gone is no matter."""
        self._take_off(f"/shops/{shop_id}/listings/{listing_id}/videos/{video_id}", f"delete a video of {listing_id}")

    def _take_off(self, path: str, what: str) -> None:
        try:
            self._write("DELETE", path, what=what)
        except EtsyRefused as error:
            if not error.is_gone:
                raise

    def set_alt_text(self, shop_id: int, listing_id: int, image_id: int, *, rank: int, alt_text: str) -> EtsyImage:
        """Give a picture that is on a listing, at this rank, another text: no bytes are sent (FACTS §8).

        In place of itself: with all 20 pictures there, Etsy takes no other way (#606).
        """
        answer = self._write(
            "POST",
            f"/shops/{shop_id}/listings/{listing_id}/images",
            what=f"change the text of picture {rank} of listing {listing_id}",
            form={"rank": str(rank), "overwrite": "true", "alt_text": alt_text},
            files={"listing_image_id": (None, str(image_id))},  # a part without a file name: a field of the form
        )
        return parsed(EtsyImage, answer, "the picture with its text")

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
