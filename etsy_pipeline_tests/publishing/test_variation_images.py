"""Pictures of variations on Etsy: ours are linked as Medusa has them, and what the seller linked outlives our changes."""

import json
from typing import Any

import pytest
from sqlalchemy import text

from etsy_pipeline.accounts import configure
from etsy_pipeline.planning.link import VariationLink
from etsy_pipeline.publishing.variation_images import VariationPicturePublisher
from etsy_pipeline.store import links
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.publishing.shop import READS, Shop, one_product, stock_of_all
from etsy_pipeline_tests.world import World

LINKED = {"Tan": "002", "Black": "017"}
"""What the sample product has: a picture for each of its colors."""


def a_shop(world: World, store: Store) -> Shop:
    return Shop(world, store, world.connected(store, variation_images={"source": "medusa"}))


@pytest.fixture
def shop(world: World, sqlite_store: Store, no_waiting: None) -> Shop:
    del no_waiting
    return a_shop(world, sqlite_store)


@pytest.fixture
def product_id(shop: Shop) -> str:
    """A collar in two colors and two sizes, with a picture in common and one of each color."""
    return one_product(shop, "variant_images")


def set_of(shop: Shop, product_id: str, **changes: Any) -> None:
    shop.world.medusa("PATCH", f"products/{product_id}", {"set": changes})


def product(shop: Shop, product_id: str) -> dict[str, Any]:
    row = shop.world.sandbox.state.row("SELECT data FROM medusa_product WHERE id = ?", product_id)
    assert row is not None
    found: dict[str, Any] = json.loads(row["data"])
    return found


def listing(shop: Shop) -> dict[str, Any]:
    (found,) = shop.world.listings()
    shown: dict[str, Any] = shop.world.etsy("GET", f"listings/{found['listing_id']}")
    return shown


def linked(shop: Shop) -> dict[str, int]:
    """What is linked on Etsy: value → picture."""
    row = shop.world.sandbox.state.row("SELECT data FROM listing")
    assert row is not None
    return {link["value"]: link["image_id"] for link in json.loads(row["data"]).get("variation_images", [])}


def names(shop: Shop, product_id: str) -> dict[str, str]:
    """What is linked on Etsy: value → the picture's name in Medusa."""
    with shop.store.reading() as session:
        rows = links.images_of(session, shop.id, [product_id])[product_id]
    urls = {image.etsy_image_id: image.source_url.rsplit("/", 1)[1][:3] for image in rows.values()}
    return {value: urls[image_id] for value, image_id in linked(shop).items()}


def link_by_hand(shop: Shop, option: str, **pictures: int) -> None:
    """The seller links pictures in Shop Manager: value → place of the picture, counted from 0."""
    shown = listing(shop)
    values = {
        value["values"][0]: (value["property_id"], value["value_ids"][0])
        for item in shown["inventory"]["products"]
        for value in item["property_values"]
        if option in value["property_name"]
    }
    links = [
        {
            "property_id": values[value][0],
            "value_id": values[value][1],
            "value": value,
            "image_id": shown["images"][place]["listing_image_id"],
        }
        for value, place in pictures.items()
    ]
    shop.world.etsy("PATCH", f"listings/{shown['listing_id']}", {"variation_images": links})


def in_the_books(shop: Shop, product_id: str) -> dict[str, int] | None:
    found = shop.link(product_id).variation_links
    return None if found is None else {link.value: link.image_id for link in found}


def forget(shop: Shop) -> None:
    """Books of a version that did not know of such links."""
    with shop.store.engine.begin() as connection:
        connection.execute(text("UPDATE product_etsy_link SET variation_links = NULL"))


def rename(shop: Shop, product_id: str, **values: str) -> None:
    """Values of options get other names in Medusa."""
    found = product(shop, product_id)
    there = [item for variant in found["variants"] for item in variant["options"]]
    there += [value for option in found["options"] for value in option["values"]]
    for item in there:
        item["value"] = values.get(item["value"], item["value"])
    set_of(shop, product_id, variants=found["variants"], options=found["options"])


def dying(*_args: object) -> None:
    raise KeyboardInterrupt


def quiet(shop: Shop) -> None:
    assert shop.calls_of(shop.plan()) == {}, "all is as it should be"


class TestOurs:
    """Links that Medusa's assignments ask for."""

    def test_are_made_with_the_listing_in_three_calls_and_then_quiet(self, shop: Shop, product_id: str) -> None:
        job = shop.plan()
        calls = shop.calls_of(job)
        assert names(shop, product_id) == LINKED
        for_it = {
            "createDraftListing": 1, "uploadListingImage": 3, "updateListingInventory": 1, "updateListing": 1,
            "getListingInventory": 1, "updateVariationImages": 1, "getListingVariationImages": 1,
        }  # fmt: skip
        assert {name: count for name, count in calls.items() if name in for_it} == for_it
        assert shop.items(job)[0].plan.cost.calls == sum(for_it.values())
        assert in_the_books(shop, product_id) == linked(shop)
        quiet(shop)

    def test_follow_when_medusa_assigns_another_picture(self, shop: Shop, product_id: str) -> None:
        shop.sync()
        images = product(shop, product_id)["images"]
        images[1]["variants"], images[2]["variants"] = images[2]["variants"], images[1]["variants"]
        set_of(shop, product_id, images=images)
        job = shop.plan()
        (change,) = shop.items(job)[0].plan.differences
        assert (change.field, change.part) == ("variation_images", "variation_images")
        assert shop.calls_of(job) == READS | {
            "getListingVariationImages": 3, "getListingInventory": 1, "updateVariationImages": 1
        }  # fmt: skip
        assert names(shop, product_id) == {"Tan": "017", "Black": "002"}
        quiet(shop)

    def test_go_when_no_variant_has_a_picture_of_its_own_any_more(self, shop: Shop, product_id: str) -> None:
        shop.sync()
        images = [image | {"variants": []} for image in product(shop, product_id)["images"]]
        set_of(shop, product_id, images=images)
        assert shop.sync().synced_count == 1
        assert linked(shop) == {}
        quiet(shop)

    def test_come_with_pictures_that_are_new(self, shop: Shop, product_id: str) -> None:
        shop.sync()
        found = product(shop, product_id)
        images, url = found["images"], f"{shop.world.settings.medusa_url}/img/099.jpg"
        images.append({"id": "img_z", "url": url, "rank": 9, "variants": images[1].pop("variants")})
        set_of(shop, product_id, images=images)
        assert shop.sync().synced_count == 1
        assert names(shop, product_id) == {"Tan": "099", "Black": "017"}
        quiet(shop)

    def test_are_put_again_where_the_values_of_the_listing_change(self, shop: Shop, product_id: str) -> None:
        shop.sync()
        rename(shop, product_id, Medium="Large")
        assert shop.sync().synced_count == 1
        assert names(shop, product_id) == LINKED
        quiet(shop)

    @pytest.mark.usefixtures("product_id")
    def test_are_not_sent_unless_the_shop_wants_them_and_plans_tell(self, shop: Shop) -> None:
        configure.configure(shop.store, shop.id, {"variation_images": {}})
        job = shop.plan()
        assert "updateVariationImages" not in shop.calls_of(job)
        assert "variation_images_unused" in [verdict.code for verdict in shop.items(job)[0].plan.verdicts]

    @pytest.mark.usefixtures("product_id")
    def test_are_not_sent_where_they_are_the_sellers(self, shop: Shop) -> None:
        configure.configure(shop.store, shop.id, {"ownership": {"variation_images": "seller"}})
        assert "updateVariationImages" not in shop.calls_of(shop.plan())
        quiet(shop)

    def test_wait_for_a_picture_that_cannot_be_had(self, shop: Shop, product_id: str) -> None:
        configure.configure(shop.store, shop.id, {"broken_images": "warn"})
        images = product(shop, product_id)["images"]
        good = images[1]["url"]
        images[1]["url"] = f"{shop.world.settings.medusa_url}/static/nothing-here.png"
        set_of(shop, product_id, images=images)
        shop.sync()
        assert names(shop, product_id) == {"Black": "017"}
        images[1]["url"] = good
        set_of(shop, product_id, images=images)
        shop.sync()
        assert names(shop, product_id) == LINKED
        quiet(shop)

    def test_that_are_taken_and_not_applied_are_put_once_more_and_then_told(self, shop: Shop, product_id: str) -> None:
        shop.fault(operation="updateVariationImages", kind="silent_200", times=1)
        assert shop.sync().synced_count == 1
        assert names(shop, product_id) == LINKED
        set_of(shop, product_id, images=[image | {"variants": []} for image in product(shop, product_id)["images"]])
        shop.fault(operation="updateVariationImages", kind="silent_200")
        job = shop.sync()
        assert shop.items(job)[0].error_code == "variation_images_not_applied"
        shop.world.etsy("DELETE", "faults")
        assert shop.sync().synced_count == 1
        assert linked(shop) == {}
        quiet(shop)

    def test_are_read_anew_after_a_conflict(self, shop: Shop, product_id: str) -> None:
        shop.fault(operation="updateVariationImages", kind="status", status=409, body={"error": "conflict"}, times=5)
        assert shop.sync().synced_count == 1
        assert names(shop, product_id) == LINKED

    @pytest.mark.parametrize("operation", ["updateVariationImages", "getListingVariationImages", "getListingInventory"])
    def test_whose_answer_is_lost_are_there_all_the_same(self, shop: Shop, product_id: str, operation: str) -> None:
        shop.fault(operation=operation, kind="drop_after", times=2)
        job = shop.sync()
        assert job.synced_count == 1
        assert names(shop, product_id) == LINKED
        quiet(shop)


class TestTheSellers:
    """Links that somebody made in Shop Manager."""

    @pytest.fixture(autouse=True)
    def _none_are_ours(self, shop: Shop, product_id: str) -> None:
        assert product_id
        configure.configure(shop.store, shop.id, {"variation_images": {"source": "none"}})
        shop.sync()
        assert linked(shop) == {}
        link_by_hand(shop, "Size", Small=1, Medium=2)
        self.before = linked(shop)
        assert len(self.before) == 2

    def stock(self, shop: Shop, product_id: str, pieces: int = 7) -> None:
        shop.world.medusa("PATCH", f"products/{product_id}", {"variants": stock_of_all(shop, product_id, pieces)})

    def test_that_the_books_do_not_know_cost_stock_no_call(self, shop: Shop, product_id: str) -> None:
        self.stock(shop, product_id)
        assert shop.calls_of(shop.plan()) == READS | {"updateListingInventory": 1}
        assert linked(shop) == self.before

    def test_are_looked_at_once_where_they_never_were(self, shop: Shop, product_id: str) -> None:
        forget(shop)
        self.stock(shop, product_id)
        shop.fault(operation="updateListingInventory", kind="unlinks", times=1)
        shop.sync()
        assert linked(shop) == self.before == in_the_books(shop, product_id)

    def test_that_the_books_know_are_looked_at_after_stock_with_one_call(self, shop: Shop, product_id: str) -> None:
        forget(shop)
        self.stock(shop, product_id)
        shop.sync()
        self.stock(shop, product_id, 8)
        assert shop.calls_of(shop.plan()) == READS | {"updateListingInventory": 1, "getListingVariationImages": 1}

    def test_are_put_again_where_stock_has_lost_them(self, shop: Shop, product_id: str) -> None:
        forget(shop)
        self.stock(shop, product_id)
        shop.sync()
        self.stock(shop, product_id, 8)
        shop.fault(operation="updateListingInventory", kind="unlinks", times=1)
        assert shop.sync().synced_count == 1
        assert linked(shop) == self.before

    def test_that_the_seller_changed_since_stay_changed(self, shop: Shop, product_id: str) -> None:
        forget(shop)
        self.stock(shop, product_id)
        shop.sync()
        link_by_hand(shop, "Color", Tan=0)
        self.before = linked(shop)
        self.stock(shop, product_id, 8)
        shop.sync()
        assert linked(shop) == self.before == in_the_books(shop, product_id)

    def test_stay_when_a_title_changes(self, shop: Shop, product_id: str) -> None:
        set_of(shop, product_id, title="Another collar")
        assert shop.calls_of(shop.plan()) == READS | {"updateListing": 1}
        assert linked(shop) == self.before

    def test_stay_when_a_picture_comes(self, shop: Shop, product_id: str) -> None:
        new = {"id": "img_z", "url": f"{shop.world.settings.medusa_url}/img/099.jpg", "rank": 9}
        set_of(shop, product_id, images=[*product(shop, product_id)["images"], new])
        job = shop.plan()
        assert shop.calls_of(job) == READS | {
            "uploadListingImage": 1, "updateListing": 1, "getListingVariationImages": 2
        }  # fmt: skip
        assert linked(shop) == self.before

    def test_lose_what_goes_with_its_picture_and_it_is_told(self, shop: Shop, product_id: str) -> None:
        set_of(shop, product_id, images=product(shop, product_id)["images"][:2])
        job = shop.sync()
        assert linked(shop) == {"Small": self.before["Small"]}
        assert [v.message for v in shop.items(job)[0].plan.verdicts if v.code == "variation_images_gone"] == [
            "The pictures that were linked to Medium are no longer on the listing, and neither are the links."
        ]
        self.stock(shop, product_id)
        assert shop.sync().synced_count == 1, "no link is left that points to nothing"

    def test_are_put_again_where_values_change(self, shop: Shop, product_id: str) -> None:
        rename(shop, product_id, Tan="Sand")
        assert shop.sync().synced_count == 1
        assert linked(shop) == self.before

    def test_that_point_to_a_picture_that_is_gone_do_not_freeze_stock(self, shop: Shop, product_id: str) -> None:
        """Somebody took a picture off on Etsy: every inventory is refused until its link is gone, too (FACTS §7)."""
        row = self.before["Medium"]
        shop.world.sandbox.state.run("UPDATE listing_image SET listing_id = NULL WHERE listing_image_id = ?", row)
        self.stock(shop, product_id)
        job = shop.sync()
        assert job.synced_count == 1
        quantities = [item["offerings"][0]["quantity"] for item in listing(shop)["inventory"]["products"]]
        assert set(quantities) == {7}
        assert linked(shop) == {"Small": self.before["Small"]}

    def test_outlive_a_publisher_that_dies_when_they_are_off(
        self, shop: Shop, product_id: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        rename(shop, product_id, Tan="Sand")
        job = shop.approve(shop.plan())
        with monkeypatch.context() as patched:
            patched.setattr(VariationPicturePublisher, "settle", dying)
            with pytest.raises(KeyboardInterrupt):
                shop.publish(job)
        assert linked(shop) == {}
        assert shop.publish(job).synced_count == 1
        assert linked(shop) == self.before

    def test_outlive_a_sync_that_failed_when_they_were_off(self, shop: Shop, product_id: str) -> None:
        forget(shop)
        self.stock(shop, product_id)
        shop.fault(operation="updateListingInventory", kind="unlinks", times=1)
        refused = {"error": "no"}
        shop.fault(operation="updateVariationImages", kind="status", status=400, body=refused)
        assert shop.sync().failed_count == 1
        assert linked(shop) == {}
        shop.world.etsy("DELETE", "faults")
        assert shop.sync().synced_count == 1
        assert linked(shop) == self.before

    def test_of_another_option_give_way_to_ours_and_it_is_told(self, shop: Shop, product_id: str) -> None:
        configure.configure(shop.store, shop.id, {"variation_images": {"source": "medusa"}})
        job = shop.sync()
        assert names(shop, product_id) == LINKED
        assert "variation_images_replaced" in [verdict.code for verdict in shop.items(job)[0].plan.verdicts]
        quiet(shop)

    def test_of_another_option_stay_where_the_shop_keeps_what_was_changed(self, shop: Shop) -> None:
        changes = {"variation_images": {"source": "medusa"}, "on_conflict": "keep"}
        configure.configure(shop.store, shop.id, changes)
        job = shop.sync()
        assert linked(shop) == self.before
        assert "variation_images_kept" in [verdict.code for verdict in shop.items(job)[0].plan.verdicts]
        quiet(shop)

    def test_of_another_value_stay_beside_ours(self, shop: Shop, product_id: str) -> None:
        link_by_hand(shop, "Color", Tan=0, Black=0)
        images = product(shop, product_id)["images"]
        set_of(shop, product_id, images=[images[0], images[1], images[2] | {"variants": []}])
        configure.configure(shop.store, shop.id, {"variation_images": {"source": "medusa"}})
        assert shop.sync().synced_count == 1
        assert names(shop, product_id) == {"Tan": "002", "Black": "018"}
        quiet(shop)


def test_the_books_keep_whose_picture_a_link_shows(world: World, store: Store, no_waiting: None) -> None:
    del no_waiting
    shop = a_shop(world, store)
    product_id = one_product(shop, "variant_images")
    shop.sync()
    link = shop.link(product_id)
    assert link.published is not None
    expected = {(item.property_id, item.value, item.url) for item in link.published.variation_images}
    assert {(item.property_id, item.value, item.url) for item in link.variation_links or ()} == expected
    assert all(isinstance(item, VariationLink) for item in link.variation_links or ())
