"""A shop that uses everything at once: it is published as planned, each change costs what it must, and all goes back."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import stamina

from etsy_pipeline.accounts import configure
from etsy_pipeline.planning import looks
from etsy_pipeline.sandbox.state import load
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync.rollback import request_rollback
from etsy_pipeline_tests.conftest import ON_SQLITE
from etsy_pipeline_tests.publishing.goods import Goods, a_server_of_goods, change, say
from etsy_pipeline_tests.publishing.shop import READS, Shop, stock_of_all
from etsy_pipeline_tests.world import a_world

TEES, MUGS = 482, 891
CASES = (
    "clean", "variant_images", "many_images", "duplicate_image", "title_rtl", "no_weight", "title_unicode",
    "title_percent_colon", "too_many_tags", "long_tags", "odd_tags", "html_description", "no_manage_inventory",
    "price_differs_by_variant", "kit", "backorder", "hundred_variants", "no_sku", "partial_variants", "two_locations",
)  # fmt: skip
EVERYTHING: dict[str, Any] = {
    "variation_images": {"source": "medusa"},
    "attributes": {"by_metadata": {"occasion": "Occasion"}, "by_category": {"Candles": {"Occasion": ["Birthday"]}}},
    "make_sections": True,
    "section_from": "category",
    "by_category": {"Home Decor": {"extra_tags": ["for the home"], "price": {"markup_percent": 10}}},
    "price_lists": {"override": True, "sale": True},
    "thumbnail_first": True,
    "alt_text_template": "{title}, {options} {position}",
    "update_alt_texts": True,
    "title_unfit": "clean",
    "truncate_title": True,
    "tags_too_many": "first",
    "tags_too_long": "cut",
    "materials_unfit": "clean",
    "default_taxonomy_id": MUGS,
    "personalization": [{"question_text": "Which name?", "required": False}],
}  # fmt: skip

GERMAN = {"etsy_title_de": "Handgemacht", "etsy_description_de": "Von Hand.", "etsy_tags_de": "holz, geschenk"}
FRENCH = {"etsy_title_fr": "Fait main", "etsy_description_fr": "À la main."}
GIVEN_BY_ETSY = frozenset(
    {"product_id", "offering_id", "modified", "at", "video_id", "video_uploads", "listing_file_id", "question_id"}
)


@pytest.fixture
def shop(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setenv("ETSY_SCOPE", "listings_r listings_w listings_d shops_r shops_w")
    with a_world(tmp_path) as world, stamina.set_testing(testing=True, attempts=4):
        yield Shop(world, store, world.connected(store, **EVERYTHING))


@pytest.fixture
def goods(shop: Shop) -> Iterator[Goods]:
    with a_server_of_goods(shop) as made:
        yield made


class Everything:
    """What the shop sells: some thirty products, and those among them that tests speak of."""

    def __init__(self, shop: Shop, goods: Goods) -> None:
        self.shop, self.goods = shop, goods
        ids = shop.world.product_ids(*CASES)
        shop.world.keep_only(*ids)
        starts = ("Modern Vellum", "Scandinavian Cheese", "Hand Thrown Soy")
        self.pattern, self.board, self.candle = (
            next(item for item in ids if self.product(item)["title"].startswith(start)) for start in starts
        )
        (self.collar,), (self.balm,) = (shop.world.product_ids(case) for case in ("variant_images", "many_images"))
        pattern = {"etsy_type": "download", "etsy_when_made": "2020_2026"}
        say(shop, self.pattern, **pattern, etsy_files=goods.put("pattern.pdf", b"cut here"))
        turning = goods.put("board.mp4", b"it turns")
        say(shop, self.board, etsy_video=turning, etsy_attributes={"Material": ["Wood"]})
        two = [goods.put("front.mp4", b"from the front"), goods.put("back.mp4", b"from behind")]
        say(shop, self.collar, **GERMAN, **FRENCH, etsy_video=two)
        say(shop, self.candle, **GERMAN, occasion="Wedding", etsy_materials="95% Cotton, 5% Elastane")
        self.price_lists(override=33.5, sale=9.99)

    def product(self, product_id: str) -> dict[str, Any]:
        row = self.shop.world.sandbox.state.row("SELECT data FROM medusa_product WHERE id = ?", product_id)
        assert row is not None
        found: dict[str, Any] = load(row)
        return found

    def picture(self, name: str) -> str:
        return f"{self.shop.world.settings.medusa_url}/img/{name}.jpg"

    def pictures(self, *more: str) -> list[dict[str, Any]]:
        """Those that the collar came with, in Medusa, and more."""
        new = [{"id": f"img_{name}", "url": self.picture(name), "rank": 9} for name in more]
        return [*self.product(self.collar)["images"], *new]

    def price_lists(self, override: float, sale: float) -> None:
        """One of each type: the board is on the first, the candle on the other."""
        lists = []
        for kind, product_id, amount in (("override", self.board, override), ("sale", self.candle, sale)):
            prices = [
                {"id": f"price_{variant}", "variant_id": variant, "currency_code": "usd", "amount": amount}
                for variant in self.shop.world.usd_prices(product_id)
            ]
            lists.append({"id": f"plist_{kind}", "title": kind, "type": kind, "status": "active", "prices": prices})
        self.shop.world.medusa("PUT", "price-lists", {"price_lists": lists})

    def stock(self, product_id: str, pieces: int) -> None:
        variants = stock_of_all(self.shop, product_id, pieces)
        self.shop.world.medusa("PATCH", f"products/{product_id}", {"variants": variants})

    def few(self) -> None:
        """Only those that tests speak of are left, and they are on Etsy."""
        self.shop.world.keep_only(self.pattern, self.board, self.candle, self.collar, self.balm)
        assert published(self.shop, plan(self.shop)).synced_count == 5


@pytest.fixture
def everything(shop: Shop, goods: Goods) -> Everything:
    return Everything(shop, goods)


def plan(shop: Shop, **changes: Any) -> EtsySyncJob:
    """A plan for which Etsy is asked anew what the shop is."""
    shop.__dict__.pop("reader", None)
    return shop.plan(**changes)


def published(shop: Shop, job: EtsySyncJob) -> EtsySyncJob:
    shop.approve(job)
    return shop.publish(job)


def differences(shop: Shop, job: EtsySyncJob) -> dict[str, list[str]]:
    """What a plan would change, by product."""
    return {
        item.product_id: [change.field for change in item.plan.differences]
        for item in shop.items(job)
        if item.plan.action != "skip"
    }


def on_etsy(shop: Shop) -> list[Any]:
    """All listings as they are on Etsy, but for the ids that Etsy gives to what is sent anew."""

    def of(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: of(item) for name, item in value.items() if name not in GIVEN_BY_ETSY}
        return [of(item) for item in value] if isinstance(value, list) else value

    state = shop.world.sandbox.state
    rows = state.rows("SELECT * FROM listing ORDER BY listing_id")
    pictures = "SELECT alt_text, sha256 FROM listing_image WHERE listing_id = ? ORDER BY rank"
    return [
        (row["state"], row["title"], of(load(row)), of(load(row, "inventory")),
         [tuple(image) for image in state.rows(pictures, row["listing_id"])])
        for row in rows
    ]  # fmt: skip


@pytest.mark.usefixtures("everything")
def test_is_published_whole_and_then_nothing_differs(shop: Shop) -> None:
    job = plan(shop)
    assert (job.totals.create, job.totals.invalid) == (31, 0)
    calls = shop.calls_of(job)
    for operation, times in {
        "uploadListingVideo": 3, "uploadListingFile": 1, "createListingTranslation": 3, "updateListingPersonalization": 31,
        "updateVariationImages": 1, "updateListingProperty": 4, "createShopSection": 11,
    }.items():  # fmt: skip
        assert (operation, calls[operation]) == (operation, times)
    assert {item["state"] for item in shop.world.listings()} == {"active"}
    again = plan(shop)
    assert (again.state, differences(shop, again)) == (SyncState.NOTHING_TO_DO, {})


TEXTS = {"createListingTranslation": 2, "updateListingTranslation": 2}
"""Two languages after a change of the listing's text: the local Etsy cleared them, which a try of each finds out."""
CHANGES: dict[str, tuple[Callable[[Everything], None], list[str], dict[str, int]]] = {
    "a title": (
        lambda its: change(its.shop, its.collar, title="A new collar"), ["title"],
        TEXTS | {"updateListing": 1, "getListingVariationImages": 1},
    ),
    "the title of a listing with twenty pictures": (
        lambda its: change(its.shop, its.balm, title="A new balm"), ["title"], {"updateListing": 1},
    ),
    "the title of a download": (
        lambda its: change(its.shop, its.pattern, title="A new pattern"), ["title"], {"updateListing": 1},
    ),
    "stock, where pictures are linked": (
        lambda its: its.stock(its.collar, 4), ["quantity"],
        {"updateListingInventory": 1, "getListingVariationImages": 1},
    ),
    "stock": (lambda its: its.stock(its.balm, 4), ["quantity"], {"updateListingInventory": 1}),
    "a picture more": (
        lambda its: change(its.shop, its.collar, images=its.pictures("099")), ["images"],
        {"uploadListingImage": 1, "updateListing": 1, "getListingVariationImages": 2},
    ),
    "the thumbnail": (
        lambda its: change(its.shop, its.board, thumbnail=its.picture("097")), ["images"],
        {"uploadListingImage": 1, "updateListing": 1, "getListingVariationImages": 1},
    ),
    "an attribute": (
        lambda its: say(its.shop, its.candle, occasion="Birthday"), ["attributes"],
        {"updateListingProperty": 1, "getListingProperties": 2},
    ),
    "a translation": (
        lambda its: say(its.shop, its.candle, etsy_title_de="Neu"), ["translations"], {"updateListingTranslation": 1},
    ),
    "a category": (
        lambda its: say(its.shop, its.board, etsy_taxonomy_id=TEES), ["taxonomy_id"], {"updateListing": 1},
    ),
    "a price of a list": (lambda its: its.price_lists(34, 9.99), ["price"], {"updateListingInventory": 1}),
    "the materials": (lambda its: say(its.shop, its.candle, etsy_materials="Wool"), ["materials"], {"updateListing": 1}),
    "a section that is new": (
        lambda its: say(its.shop, its.pattern, etsy_shop_section="Patterns"), ["shop_section"],
        {"getShopSections": 1, "createShopSection": 1, "updateListing": 1},
    ),
}  # fmt: skip


@ON_SQLITE
def test_each_change_costs_its_calls_and_is_done_with_one_sync(shop: Shop, everything: Everything) -> None:
    configure.configure(shop.store, shop.id, {"update_alt_texts": False, "alt_text_template": "{title}, {options}"})
    everything.few()
    for name, (act, fields, calls) in CHANGES.items():
        act(everything)
        job = plan(shop)
        assert (name, list(differences(shop, job).values())) == (name, [fields])
        made = shop.calls_of(job)
        assert (name, made) == (name, READS | calls)
        told = job.totals.calls - looks.OF_MAPPING - 1  # and a category: that was asked before
        assert sum(made.values()) <= told, f"{name} is told as less than it is"
        assert (name, differences(shop, plan(shop))) == (name, {})


def change_everything(its: Everything) -> None:
    shop, images = its.shop, its.pictures()
    images[1] |= {"url": its.picture("098"), "id": "img_098"}
    change(shop, its.collar, title="A new collar", images=images)
    say(shop, its.collar, etsy_title_de="Neu", etsy_video=None, etsy_taxonomy_id=TEES)
    change(shop, its.board, title="A new board", thumbnail=its.picture("097"))
    another = its.goods.put("board2.mp4", b"it turns back")
    say(shop, its.board, etsy_attributes={"Occasion": ["Wedding"]}, etsy_video=another)
    say(shop, its.candle, **dict.fromkeys(GERMAN), etsy_materials="Wool", etsy_personalization="Which color?")
    files = [its.goods.put("1.pdf", b"cut there"), its.goods.put("2.pdf", b"and there")]
    say(shop, its.pattern, etsy_files=files, etsy_shop_section="Patterns")
    its.price_lists(34, 9)


@ON_SQLITE
def test_all_of_it_goes_back_and_is_then_as_it_was(shop: Shop, everything: Everything) -> None:
    everything.few()
    before = on_etsy(shop)
    change_everything(everything)
    changed = published(shop, plan(shop))
    assert (changed.synced_count, changed.error_log) == (4, {})
    now = on_etsy(shop)
    assert sum(there != then for there, then in zip(now, before, strict=True)) == 4
    asked = request_rollback(shop.store, changed.transaction_id, trigger="cli")
    done = published(shop, plan(shop, transaction_id=asked.transaction_id, covers_selection=False))
    assert (done.synced_count, done.error_log) == (4, {})
    assert on_etsy(shop) == before
