"""What every marketplace has to pass before it is registered: its real classes, over real HTTP, on its sandbox.

A new one adds itself to `SANDBOXES`; nothing else here may need to know which one it is.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import pytest
import stamina
from PIL import Image

from etsy_pipeline.accounts import connect
from etsy_pipeline.errors import BadRequest, NeedsPerson, PipelineError, Refused
from etsy_pipeline.etsy.oauth import code_from_redirect
from etsy_pipeline.listings.attributes import meaning
from etsy_pipeline.listings.listing import Attribute, Listing, PersonalizationQuestion
from etsy_pipeline.listings.shop import Shop
from etsy_pipeline.planning.link import GONE, VariationLink
from etsy_pipeline.providers.errors import LinkedPictureGone, RemoteRefused, RemoteUnavailable
from etsy_pipeline.providers.protocols import ListingChange, ShopClient
from etsy_pipeline.providers.shop_reader import ShopReader
from etsy_pipeline.sandbox.consent import grant
from etsy_pipeline.store.engine import Store
from etsy_pipeline.wiring import PROVIDERS, Provider, provider_of
from etsy_pipeline_tests.builders import YEAR, a_product, a_product_with, a_shop
from etsy_pipeline_tests.world import World, a_world

SANDBOXES: dict[str, Callable[[Path], AbstractContextManager[World]]] = {"etsy": a_world}
REFERENCE = "ref:contract-0001"


@dataclass
class Seller:
    """A shop of a marketplace that has just been connected."""

    world: World
    provider: Provider
    store: Store
    account_id: str
    shop_id: int
    client: ShopClient

    def listing(self, **product: Any) -> Listing:
        """What a product becomes under the marketplace's rules."""
        choices = self.client.choices(self.shop_id)
        settings = a_shop(**{kind: choices[kind][0].id for kind in ("shipping_profile", "return_policy")},
                          processing_profile=choices["processing_profile"][0].id)  # fmt: skip
        shop = Shop("USD", "major", YEAR, taxonomy_ids=self.client.taxonomy_ids(), choices=choices)
        found = self.provider.validate((a_product_with if "sizes" in product else a_product)(**product), settings, shop)
        assert found.listing is not None, found.verdicts
        return found.listing

    def draft(self, listing: Listing) -> int:
        return self.client.create_draft_listing(self.shop_id, listing, reference=REFERENCE).listing_id

    def stock(self, listing_id: int, listing: Listing) -> None:
        self.client.put_inventory(listing_id, listing.inventory, readiness_state_id=listing.readiness_state_id)

    def picture(self, listing_id: int, rank: int = 1) -> int:
        found = self.client.upload_image(
            self.shop_id, listing_id, content=a_picture(), filename="mug.jpg", rank=rank, alt_text="A mug"
        )
        return found.listing_image_id

    def on_sale(self, listing: Listing) -> int:
        listing_id = self.draft(listing)
        self.picture(listing_id)
        self.stock(listing_id, listing)
        assert self.change(listing_id, ListingChange(listing, ["description"], state="active")) == "active"
        return listing_id

    def change(self, listing_id: int, change: ListingChange) -> str:
        """The state that the listing is in then."""
        changed = self.client.update_listing(self.shop_id, listing_id, change)
        assert changed is not None
        return changed.state


def a_picture() -> bytes:
    content = BytesIO()
    Image.new("RGB", (64, 48), "teal").save(content, "JPEG")
    return content.getvalue()


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    with stamina.set_testing(testing=True, attempts=2):
        yield


@pytest.fixture(params=sorted(PROVIDERS))
def seller(request: pytest.FixtureRequest, sqlite_store: Store, tmp_path: Path) -> Iterator[Seller]:
    provider = provider_of(request.param)
    with SANDBOXES[request.param](tmp_path) as world:
        account = world.connected(sqlite_store)
        client = provider.shop_client(world.settings, sqlite_store, account.id)
        _, shop_id = client.get_me()
        assert shop_id is not None
        yield Seller(world, provider, sqlite_store, account.id, shop_id, client)
        client.close()


def test_every_marketplace_has_its_sandbox_here() -> None:
    assert set(SANDBOXES) == set(PROVIDERS)


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(BadRequest) as caught:
        provider_of("ebay")
    assert (caught.value.code, "etsy" in caught.value.hint) == ("platform_unknown", True)


def test_each_attempt_has_a_state_of_its_own_and_shows_no_verifier(seller: Seller) -> None:
    oauth = seller.provider.oauth(seller.world.settings)
    first, second = oauth.authorization(), oauth.authorization()
    assert first.state != second.state
    assert first.state in first.location
    assert first.code_verifier not in first.location + repr(first)


def test_a_code_gives_tokens_once_and_they_are_never_shown(seller: Seller) -> None:
    oauth = seller.provider.oauth(seller.world.settings)
    attempt = oauth.authorization()
    code, state = code_from_redirect(grant(attempt.location, 2))
    assert state == attempt.state
    tokens = oauth.exchange(code, attempt.code_verifier)
    assert tokens.lasts < tokens.refresh_lasts
    assert tokens.access_token not in repr(tokens)
    assert tokens.refresh_token not in repr(tokens)
    with closing(seller.provider.client_for(seller.world.settings, seller.store)(tokens.access_token)) as it:
        assert it.get_me()[1] != seller.shop_id, "the shop of whoever granted it"
    with pytest.raises(NeedsPerson):
        oauth.exchange(code, attempt.code_verifier)


def test_a_refresh_gives_a_new_pair(seller: Seller) -> None:
    oauth = seller.provider.oauth(seller.world.settings)
    attempt = oauth.authorization()
    code, _ = code_from_redirect(grant(attempt.location, 2))
    tokens = oauth.exchange(code, attempt.code_verifier)
    renewed = oauth.refresh(tokens.refresh_token, tokens.scopes)
    assert renewed.access_token != tokens.access_token
    assert set(renewed.scopes.split()) >= set(oauth.scope.split())
    with pytest.raises(NeedsPerson):
        oauth.refresh("no such token")


def test_connecting_ends_with_the_shop_on_the_account(seller: Seller) -> None:
    oauth = seller.provider.oauth(seller.world.settings)
    attempt = connect.start(seller.store, oauth, seller.account_id)
    code, state = code_from_redirect(grant(attempt.location, 1))
    client_for = seller.provider.client_for(seller.world.settings, seller.store)
    account = connect.finish(seller.store, oauth, client_for, code=code, state=state)
    shop = seller.client.get_shop(seller.shop_id)
    assert (account.shop_id, account.shop_name, account.shop_url) == (seller.shop_id, shop.shop_name, shop.url)
    assert account.currency_code == shop.currency_code == "USD"


def test_a_draft_carries_our_reference_and_is_on_sale_for_nobody(seller: Seller) -> None:
    listing_id = seller.draft(seller.listing())
    [found] = [
        item for item in seller.client.listings_in_state(seller.shop_id, "draft") if REFERENCE in item.description
    ]
    assert (found.listing_id, found.state) == (listing_id, "draft")
    assert list(seller.client.listings_in_state(seller.shop_id, "active", [listing_id, 999])) == []


def test_a_listing_goes_on_sale_and_is_read_back_as_it_was_sent(seller: Seller) -> None:
    listing = seller.listing()
    listing_id = seller.on_sale(listing)
    live = seller.client.live_listings([listing_id])[listing_id]
    assert (live.state, live.values["title"]) == ("active", listing.title)
    assert REFERENCE not in str(live.values["description"]), "the last update took it away"


def test_a_look_through_the_shop_shows_every_listing_once_and_its_inventory_apart(seller: Seller) -> None:
    listing, calls = seller.listing(), seller.client.calls_made
    draft, on_sale = seller.draft(listing), seller.on_sale(listing)
    seen = seller.client.shop_listings(seller.shop_id, [on_sale, 999])
    assert {number: item.state for number, item in seen.items()} == {draft: "draft", on_sale: "active"}
    assert (seen[on_sale].title, seen[on_sale].inventory) == (listing.title, None)
    inventories = seller.client.inventories([on_sale, 999])
    assert set(inventories) == {on_sale}, "one that is not there is left out, and spoils nothing for the others"
    assert inventories[on_sale] is not None
    assert set(seller.client.seen_listings(seller.shop_id, [on_sale, 999])) == {on_sale}
    assert seller.client.calls_made > calls


def test_it_is_changed_by_the_fields_that_are_sent_and_no_other(seller: Seller) -> None:
    listing_id = seller.on_sale(seller.listing())
    changed = seller.listing(title="Another title", tags=("another",))
    seller.change(listing_id, ListingChange(changed, ["title"]))
    live = seller.client.live_listings([listing_id])[listing_id]
    assert live.values["title"] == "Another title"
    assert "another" not in live.values["tags"]  # type: ignore[operator] # a tuple of texts


def test_it_is_deactivated_and_comes_back(seller: Seller) -> None:
    listing_id = seller.on_sale(seller.listing())
    states: tuple[Literal["inactive", "active"], ...] = ("inactive", "active")
    for state in states:
        assert seller.change(listing_id, ListingChange(state=state)) == state
        assert seller.client.live_listings([listing_id])[listing_id].state == state


def test_every_variation_has_its_price_and_pieces(seller: Seller) -> None:
    listing = seller.listing(sizes=("S", "L"), colors=("Red", "Blue"))
    listing_id = seller.draft(listing)
    seller.stock(listing_id, listing)
    readiness = listing.readiness_state_id
    seller.client.for_stock().put_inventory(
        listing_id, listing.inventory, readiness_state_id=readiness
    )  # twice is fine
    live = seller.client.live_listings([listing_id])[listing_id]
    assert live.inventory is not None
    told = {frozenset(item.values): (item.price, item.for_sale) for item in live.inventory.offerings}
    assert told == {frozenset(item.values): (item.price, item.for_sale) for item in listing.inventory.offerings}


def test_questions_to_the_buyer_are_put_whole(seller: Seller) -> None:
    listing_id = seller.draft(seller.listing())
    questions = (PersonalizationQuestion("Which name?", max_allowed_characters=20),)
    for _ in range(2):
        seller.client.put_personalization(seller.shop_id, listing_id, questions)
    with pytest.raises(RemoteRefused):
        seller.client.put_personalization(seller.shop_id, 123, questions)


def test_pictures_stand_at_their_ranks_and_a_repetition_makes_no_second_one(seller: Seller) -> None:
    listing_id = seller.draft(seller.listing())
    first, second = seller.picture(listing_id, 1), seller.picture(listing_id, 2)
    assert seller.client.image_ids(listing_id) == [first, second]
    replaced = seller.picture(listing_id, 1)
    assert seller.client.image_ids(listing_id) == [replaced, second]


def test_a_listing_that_is_not_there_is_gone_and_the_others_are_read(seller: Seller) -> None:
    listing_id = seller.on_sale(seller.listing())
    live = seller.client.live_listings([listing_id, 123])
    assert {number: item.state for number, item in live.items()} == {listing_id: "active", 123: GONE}


def test_a_marketplace_that_is_down_is_unavailable_and_nothing_is_taken_for_gone(seller: Seller) -> None:
    listing_id = seller.on_sale(seller.listing())
    seller.world.etsy("POST", "faults", {"operation": "*", "kind": "html"})
    with pytest.raises(RemoteUnavailable):
        seller.client.live_listings([listing_id])


def test_a_change_that_comes_to_nothing_is_not_sent(seller: Seller) -> None:
    listing_id = seller.on_sale(seller.listing())
    change = ListingChange(seller.listing(), ["inventory"])
    before = seller.world.calls()
    assert seller.client.update_listing(seller.shop_id, listing_id, change) is None
    assert seller.world.calls() == before


def test_pictures_are_put_in_another_order(seller: Seller) -> None:
    listing_id = seller.draft(seller.listing())
    first, second = seller.picture(listing_id, 1), seller.picture(listing_id, 2)
    seller.change(listing_id, ListingChange(image_ids=[second, first]))
    assert seller.client.image_ids(listing_id) == [second, first]


def test_what_is_changed_of_a_listing_that_is_not_there_is_refused_as_gone(seller: Seller) -> None:
    with pytest.raises(RemoteRefused) as caught:
        seller.client.update_listing(seller.shop_id, 123, ListingChange(state="inactive"))
    assert (caught.value.is_gone, caught.value.is_invalid) == (True, False)


@pytest.mark.parametrize("off", [-1, 1])
def test_a_range_of_years_that_it_calls_otherwise_is_sent_by_its_own_name(seller: Seller, off: int) -> None:
    """The calendar and Etsy need not agree about when a year begins."""
    year = datetime.now(UTC).year
    listing = replace(seller.listing(), when_made=f"2020_{year + off}")
    listing_id = seller.draft(listing)
    assert seller.client.live_listings([listing_id])[listing_id].values["when_made"] == f"2020_{year}"
    seller.change(listing_id, ListingChange(listing, ["when_made"]))
    assert seller.client.live_listings([listing_id])[listing_id].values["when_made"] == f"2020_{year}"


@pytest.mark.parametrize(("needs_country", "country"), [(True, "US"), (False, "")])
def test_where_the_shop_is_is_asked_only_where_a_rule_needs_it(
    seller: Seller, *, needs_country: bool, country: str
) -> None:
    before = seller.world.calls().get("getShop", 0)
    reader = ShopReader(
        seller.client, seller.shop_id, currency_code="USD", amount_unit="major", this_year=YEAR,
        needs_country=needs_country, on_trouble=None,
    )  # fmt: skip
    assert reader.shop([]).country == country
    assert seller.world.calls().get("getShop", 0) - before == int(needs_country)


def test_a_range_that_it_never_had_is_refused_in_its_words(seller: Seller) -> None:
    with pytest.raises(RemoteRefused, match="when_made"):
        seller.draft(replace(seller.listing(), when_made="2020_2090"))


def test_a_picture_gets_another_text_and_stays_where_and_what_it_is(seller: Seller) -> None:
    listing_id = seller.on_sale(seller.listing())
    seller.picture(listing_id, rank=2)
    before = seller.client.image_ids(listing_id)
    told = seller.client.set_alt_text(seller.shop_id, listing_id, before[1], rank=2, alt_text="A mug, blue")
    assert seller.client.image_ids(listing_id) == [before[0], told.listing_image_id]


def test_pictures_of_variations_are_linked_replaced_and_told(seller: Seller) -> None:
    listing = seller.listing(sizes=("S", "L"), colors=("Red",))
    listing_id = seller.on_sale(listing)
    assert list(seller.client.variation_links(seller.shop_id, listing_id)) == []
    (picture,) = seller.client.image_ids(listing_id)
    ids = seller.client.variation_value_ids(listing_id)
    (property_id,) = {key[0] for key in ids if key[1] == "S"}
    wanted = [VariationLink(property_id, value, picture) for value in ("S", "L")]
    seller.client.put_variation_links(seller.shop_id, listing_id, wanted, ids)
    assert list(seller.client.variation_links(seller.shop_id, listing_id)) == wanted
    seller.client.put_variation_links(seller.shop_id, listing_id, wanted[:1], ids)
    assert list(seller.client.variation_links(seller.shop_id, listing_id)) == wanted[:1]
    bad = [VariationLink(property_id, "S", picture + 1)]
    with pytest.raises(RemoteRefused) as caught:
        seller.client.put_variation_links(seller.shop_id, listing_id, bad, ids)
    assert caught.value.is_invalid


def test_a_link_to_a_picture_that_is_gone_refuses_every_inventory_until_it_is_taken_off(seller: Seller) -> None:
    listing = seller.listing(sizes=("S", "L"), colors=("Red",))
    listing_id = seller.on_sale(listing)
    ids = seller.client.variation_value_ids(listing_id)
    (property_id,) = {key[0] for key in ids if key[1] == "S"}
    links = [VariationLink(property_id, "S", seller.client.image_ids(listing_id)[0])]
    seller.client.put_variation_links(seller.shop_id, listing_id, links, ids)
    seller.picture(listing_id)
    with pytest.raises(LinkedPictureGone):
        seller.stock(listing_id, listing)
    seller.client.put_variation_links(seller.shop_id, listing_id, (), {})
    seller.stock(listing_id, listing)


def an_attribute(seller: Seller, category: int) -> Attribute:
    """The first value that is listed for some attribute of a category."""
    offered = seller.client.taxonomy_properties(category)
    found = next(item for item in offered if item.supports_attributes and item.values and not item.scales)
    value = found.values[0]
    return Attribute(found.property_id, found.name, (value.name,), (value.value_id,))


def test_an_attribute_is_set_told_and_taken_away(seller: Seller) -> None:
    listing = seller.listing()
    listing_id, attribute = seller.draft(listing), an_attribute(seller, listing.taxonomy_id)
    seller.client.put_listing_property(seller.shop_id, listing_id, attribute)
    (told,) = seller.client.listing_properties(seller.shop_id, listing_id)
    assert meaning(told) == meaning(attribute)
    seller.client.delete_listing_property(seller.shop_id, listing_id, attribute.property_id)
    seller.client.delete_listing_property(seller.shop_id, listing_id, attribute.property_id)
    assert list(seller.client.listing_properties(seller.shop_id, listing_id)) == []


def test_an_attribute_that_it_does_not_take_is_refused_as_invalid(seller: Seller) -> None:
    listing = seller.listing()
    attribute = replace(an_attribute(seller, listing.taxonomy_id), value_ids=(1,))
    with pytest.raises(RemoteRefused) as caught:
        seller.client.put_listing_property(seller.shop_id, seller.draft(listing), attribute)
    assert (caught.value.is_invalid, caught.value.is_gone) == (True, False)


def test_a_section_is_made_only_with_the_permission(seller: Seller) -> None:
    (there,) = seller.client.sections(seller.shop_id)
    with pytest.raises(NeedsPerson):
        seller.client.create_section(seller.shop_id, "Mugs")
    assert list(seller.client.sections(seller.shop_id)) == [there]


def test_what_it_refuses_says_why(seller: Seller) -> None:
    listing = replace(seller.listing(), title="% & % %")
    with pytest.raises(RemoteRefused) as caught:
        seller.client.create_draft_listing(seller.shop_id, listing, reference=REFERENCE)
    assert "title" in str(caught.value)
    assert (caught.value.is_invalid, caught.value.is_gone) == (True, False)
    assert list(seller.client.listings_in_state(seller.shop_id, "draft")) == []


def test_a_guard_that_says_no_lets_nothing_be_written_and_everything_be_read(seller: Seller) -> None:
    listing = seller.listing()
    listing_id = seller.on_sale(listing)

    def no() -> None:
        raise Refused("No.", code="not_approved")

    guarded = seller.client.guarded(no)
    for write in (
        lambda: guarded.create_draft_listing(seller.shop_id, listing, reference=REFERENCE),
        lambda: guarded.update_listing(seller.shop_id, listing_id, ListingChange(state="inactive")),
        lambda: guarded.put_inventory(listing_id, listing.inventory, readiness_state_id=listing.readiness_state_id),
        lambda: guarded.put_personalization(seller.shop_id, listing_id, ()),
        lambda: guarded.put_listing_property(seller.shop_id, listing_id, Attribute(1, "Material", ("Wood",), (1,))),
        lambda: guarded.delete_listing_property(seller.shop_id, listing_id, 1),
        lambda: guarded.create_section(seller.shop_id, "Mugs"),
        lambda: guarded.set_alt_text(seller.shop_id, listing_id, 1, rank=1, alt_text=""),
        lambda: guarded.put_variation_links(seller.shop_id, listing_id, (), {}),
        lambda: guarded.upload_image(seller.shop_id, listing_id, content=b"", filename="", rank=1, alt_text=""),
    ):
        with pytest.raises(PipelineError, match="No"):
            write()
    assert guarded.live_listings([listing_id])[listing_id].state == "active"
