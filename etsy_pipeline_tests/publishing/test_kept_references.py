"""What Etsy told of a shop lately is enough for a plan of stock alone; whatever else asks anew, and renews it."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

import pandas as pd
import pytest

from etsy_pipeline import wiring
from etsy_pipeline.accounts import configure
from etsy_pipeline.accounts.readiness import readiness
from etsy_pipeline.catalogue.product import Product
from etsy_pipeline.catalogue.selection import Selection
from etsy_pipeline.listings.verdict import ValidatedListing
from etsy_pipeline.orchestration.validation import Validation
from etsy_pipeline.sandbox.etsy import shops
from etsy_pipeline.store import shop_references
from etsy_pipeline.store.accounts import settings_of
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.shop_references import OF_ALL_SHOPS
from etsy_pipeline.sync import retention
from etsy_pipeline.sync.kept_references import KeptReferences, forget_references
from etsy_pipeline.sync.product_listings import ProductListings, shop_reader
from etsy_pipeline_tests.conftest import ON_SQLITE
from etsy_pipeline_tests.publishing.shop import Shop
from etsy_pipeline_tests.world import World, a_world

OF_SHOP = dict.fromkeys(
    (
        "getShopShippingProfiles",
        "getShopReturnPolicies",
        "getShopReadinessStateDefinitions",
        "getShopSections",
        "getShopProductionPartners",
    ),
    1,
)
OF_ETSY = {"getSellerTaxonomyNodes": 1, "getPropertiesByTaxonomyId": 1}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One sandbox for all tests: they change little of it, and put that back."""
    with a_world(tmp_path_factory.mktemp("sandbox")) as made:
        made.keep_only(made.product_ids("clean")[0])
        yield made


@pytest.fixture(autouse=True)
def _as_before(world: World, shop: Shop) -> Iterator[None]:
    state, shop_id = world.sandbox.state, shop.account.shop_id or 0
    before = shops.of_id(state, shop_id)
    yield
    shops.save(state, before)


def product(shop: Shop) -> Product:
    """Its only product, as Medusa has it."""
    (page,) = wiring.catalogue_of(shop.world.settings).pages(
        Selection(), settings_of(shop.account).sold_from, shop.store.now()
    )
    (found,) = page.products
    return found


def listings_of(shop: Shop, *, may_be_kept: bool) -> ProductListings:
    """What maps a product in a plan of stock, or in another one."""
    client = wiring.shop_client(shop.world.settings, shop.store, shop.id)
    references = KeptReferences(shop.store, client, may_be_kept=may_be_kept)
    reader = partial(shop_reader, references, shop.account, "major", pytest.fail)
    return ProductListings(settings_of(shop.account), reader, references)


def asked(shop: Shop, act: Any) -> Mapping[str, int]:
    """What Etsy is asked meanwhile, new tokens aside."""
    return {name: count for name, count in shop.world.calls_while(act).items() if name != "token"}


def stock_plan(shop: Shop) -> tuple[Mapping[str, int], ValidatedListing, ProductListings]:
    """What a plan of stock asks to map the product; the listing, and what made it."""
    listings, found = listings_of(shop, may_be_kept=True), list[ValidatedListing]()
    calls = asked(shop, lambda: found.extend(listings.of([product(shop)])))
    return calls, found[0], listings


def full_plan(shop: Shop) -> Mapping[str, int]:
    """What any other plan asks."""
    listings = listings_of(shop, may_be_kept=False)
    calls = asked(shop, lambda: list(listings.of([product(shop)])))
    assert listings.references_from is None
    return calls


def later(shop: Shop, **after: float) -> None:
    moment = shop.store.now() + timedelta(**after)
    shop.store.clock = lambda: moment


def profiles(shop: Shop, **change: Any) -> None:
    """The owner changes something in Shop Manager."""
    state, shop_id = shop.world.sandbox.state, shop.account.shop_id or 0
    shops.save(state, shops.of_id(state, shop_id) | change)


def test_a_plan_of_stock_asks_nothing_that_was_told_lately(shop: Shop) -> None:
    before = shop.store.now()
    assert full_plan(shop) == OF_SHOP | OF_ETSY
    calls, listing, listings = stock_plan(shop)
    assert (calls, listing.errors) == ({}, ())
    assert listings.references_from is not None
    assert before <= listings.references_from <= shop.store.now()


@ON_SQLITE
def test_where_nothing_was_told_yet_it_asks_and_the_next_one_does_not(shop: Shop) -> None:
    calls, _, listings = stock_plan(shop)
    assert (calls, listings.references_from) == (OF_SHOP | OF_ETSY, None)
    assert stock_plan(shop)[0] == {}


@pytest.mark.parametrize(
    ("age", "calls"),
    [
        (timedelta(minutes=59), {}),
        (timedelta(minutes=61), OF_SHOP),
        (timedelta(hours=25), OF_SHOP | OF_ETSY),
        (-timedelta(hours=2), OF_SHOP | OF_ETSY),
    ],
)
def test_profiles_are_kept_an_hour_and_categories_a_day(shop: Shop, age: timedelta, calls: Mapping[str, int]) -> None:
    """A moment that is yet to come is no moment: the clock was set back."""
    full_plan(shop)
    later(shop, seconds=age.total_seconds())
    assert stock_plan(shop)[0] == calls


@ON_SQLITE
def test_every_other_plan_asks_anew_and_so_renews_what_is_kept(shop: Shop) -> None:
    full_plan(shop)
    later(shop, minutes=50)
    assert full_plan(shop) == OF_SHOP | OF_ETSY
    later(shop, minutes=50)
    assert stock_plan(shop)[0] == {}


@ON_SQLITE
def test_a_look_whether_the_shop_is_ready_renews_what_is_kept_of_it(shop: Shop) -> None:
    full_plan(shop)
    later(shop, minutes=50)
    readiness(
        shop.store, shop.id, wanted_scopes="",
        client_of=lambda account_id: wiring.shop_client(shop.world.settings, shop.store, account_id),
    )  # fmt: skip
    later(shop, minutes=50)
    assert stock_plan(shop)[0] == {}


def test_what_only_kept_answers_refuse_is_asked_anew(shop: Shop) -> None:
    """A profile that was made since would keep a product from being sold."""
    full_plan(shop)
    new = {"shipping_profile_id": 77, "title": "Made since", "is_deleted": False}
    profiles(shop, shipping_profiles=[new])
    configure.configure(shop.store, shop.id, {"shipping_profile": "Made since"})
    calls, listing, listings = stock_plan(shop)
    assert listing.listing is not None
    assert (listing.listing.shipping_profile_id, listings.references_from) == (77, None)
    assert calls == OF_SHOP | OF_ETSY
    assert stock_plan(shop)[0] == {}, "and is known from then on"


@ON_SQLITE
def test_what_is_wrong_all_the_same_is_asked_once_a_plan(shop: Shop) -> None:
    full_plan(shop)
    configure.configure(shop.store, shop.id, {"shipping_profile": "Nobody has it"})
    calls, listing, listings = stock_plan(shop)
    assert [error.code for error in listing.errors] == ["shipping_profile_unknown"]
    assert calls == OF_SHOP | OF_ETSY
    assert asked(shop, lambda: list(listings.of([product(shop)]))) == {}


def test_a_profile_that_is_gone_is_noticed_once_what_was_kept_is_forgotten(shop: Shop) -> None:
    full_plan(shop)
    profiles(shop, readiness_states=[])
    assert stock_plan(shop)[1].errors == ()
    forget_references(shop.store, shop.id)
    calls, listing, _ = stock_plan(shop)
    assert (calls, [error.code for error in listing.errors]) == (OF_SHOP | OF_ETSY, ["processing_profile_unknown"])


@ON_SQLITE
def test_where_the_shop_is_is_kept_too(shop: Shop) -> None:
    configure.configure(shop.store, shop.id, {"return_policy": None})
    assert full_plan(shop)["getShop"] == 1
    calls, listing, _ = stock_plan(shop)
    assert [error.code for error in listing.errors] == ["return_policy_required"], "a shop in the US needs one"
    assert calls["getShop"] == 1, "what keeps a product off Etsy is asked anew"
    profiles(shop, country="FR")
    configure.configure(shop.store, shop.id, {"publish_as": "draft"})
    calls, listing, _ = stock_plan(shop)
    assert (calls, [verdict.code for verdict in listing.warnings]) == ({}, ["return_policy_missing"])


def test_another_shop_shares_the_categories_and_nothing_else(shop: Shop) -> None:
    full_plan(shop)
    other = Shop(shop.world, shop.store, shop.world.connected(shop.store, shop=2))
    assert stock_plan(other)[0] == OF_SHOP


@ON_SQLITE
def test_what_cannot_be_read_any_more_is_asked_anew(shop: Shop) -> None:
    full_plan(shop)
    with shop.store.writing() as session:
        shop_references.keep(session, OF_ALL_SHOPS, "categories", '{"of": "another version"}', shop.store.now())
    assert stock_plan(shop)[0] == {"getSellerTaxonomyNodes": 1}


def test_what_is_older_than_a_day_goes(shop: Shop) -> None:
    full_plan(shop)
    with shop.store.reading() as session:
        kept = shop_references.lately(session, OF_ALL_SHOPS, "categories", timedelta(days=1))
    assert kept is not None
    for age, is_there in ((timedelta(hours=23), True), (timedelta(hours=25), False)):
        retention.clean(shop.store, keep=timedelta(days=90), now=kept.read_at + age)
        assert has_categories(shop.store) is is_there


def has_categories(store: Store) -> bool:
    with store.reading() as session:
        return shop_references.lately(session, OF_ALL_SHOPS, "categories", timedelta(days=9)) is not None


def frames(shop: Shop, count: int) -> Iterator[pd.DataFrame]:
    """So many frames of a snapshot, a product each."""
    row = {"product_id": "", "title": "", "problem_code": "", "problem": "", "covers_selection": False}
    for number in range(count):
        found = product(shop).model_copy(update={"id": f"prod_{number}", "handle": f"mug-{number}"})
        yield pd.DataFrame([row | {"product_id": found.id, "product": found.model_dump_json()}])


@ON_SQLITE
@pytest.mark.parametrize(("count", "calls"), [(1, {}), (3, OF_SHOP | OF_ETSY)])
def test_a_plan_of_hundreds_asks_anew(shop: Shop, count: int, calls: Mapping[str, int]) -> None:
    full_plan(shop)
    validation, rows = Validation(), list[pd.DataFrame]()
    listings = listings_of(shop, may_be_kept=True)
    assert asked(shop, lambda: rows.extend(validation.frames(frames(shop, count), listings))) == calls
    told = {table["references_from"][0] for table in rows}
    assert len(told) == 1
    assert str(validation.metadata()["references_from"]).startswith("kept, the oldest of 20"), "of the first frame"


@ON_SQLITE
def test_a_product_that_is_invalid_by_what_was_kept_is_judged_anew_and_the_plan_says_so(shop: Shop) -> None:
    full_plan(shop)
    profiles(shop, shipping_profiles=[{"shipping_profile_id": 77, "title": "Made since", "is_deleted": False}])
    configure.configure(shop.store, shop.id, {"shipping_profile": "Made since"})
    validation = Validation()
    (table,) = validation.frames(frames(shop, 1), listings_of(shop, may_be_kept=True))
    assert (table["verdict"][0], table["references_from"][0]) == ("valid", "")
    assert validation.counts["invalid"] == 0
    assert validation.metadata()["references_from"] == "asked for this plan"
