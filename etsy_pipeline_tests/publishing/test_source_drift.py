"""The last look at the source: what changed in Medusa after the plan is not published as if it had not."""

from typing import Any

import pytest

from etsy_pipeline.accounts import configure
from etsy_pipeline.errors import Unavailable
from etsy_pipeline.etsy.errors import EtsyUnavailable
from etsy_pipeline.providers.errors import QuotaExhausted
from etsy_pipeline.store import budgets
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import approvals, queries
from etsy_pipeline.sync.resume import resume
from etsy_pipeline_tests.publishing.shop import Shop, one_product, stock_of_all
from etsy_pipeline_tests.world import World

METADATA = {"etsy_taxonomy_id": 1}


@pytest.fixture
def shop(world: World, sqlite_store: Store) -> Shop:
    return Shop(world, sqlite_store, world.connected(sqlite_store))


def changed_after_approval(shop: Shop, product_id: str, **change: Any) -> EtsySyncJob:
    job = shop.plan()
    shop.approve(job)
    shop.world.medusa("PATCH", f"products/{product_id}", change)
    return shop.publish(job)


def left_out(shop: Shop, job: EtsySyncJob, product_id: str) -> str:
    """Why nothing of a product was sent; a new sync asks a person about it."""
    assert (job.synced_count, job.failed_count, job.state) == (0, 0, SyncState.COMPLETED_WITH_ERRORS)
    (item,) = [item for item in shop.items(job) if item.product_id == product_id]
    assert (item.outcome, item.error_code) == ("skipped", "product_changed_since_plan")
    newest = queries.latest_jobs(shop.store)[0]
    assert (newest.state, newest.trigger, newest.requested_selection) == (SyncState.REQUESTED, "replan", None)
    assert f"{newest.transaction_id} plans them anew" in job.message
    approvals.cancel(shop.store, newest.transaction_id)
    return item.note or ""


def test_what_did_not_change_is_published(shop: Shop) -> None:
    product_id = one_product(shop)
    assert changed_after_approval(shop, product_id).synced_count == 1
    assert changed_after_approval(shop, product_id).failed_count == 0


def test_a_new_product_whose_title_changed_is_not_created(shop: Shop) -> None:
    product_id = one_product(shop)
    job = changed_after_approval(shop, product_id, set={"title": "Another title"})
    assert "title is another one" in left_out(shop, job, product_id)
    assert shop.world.listings() == []
    assert shop.sync().synced_count == 1, "the next plan has the new title"
    assert shop.world.listings()[0]["title"] == "Another title"


def test_a_product_that_was_unpublished_is_not_created(shop: Shop) -> None:
    product_id = one_product(shop)
    assert "not published" in left_out(
        shop, changed_after_approval(shop, product_id, set={"status": "draft"}), product_id
    )
    assert shop.world.listings() == []


def test_fewer_pieces_than_approved_are_not_sold(shop: Shop) -> None:
    product_id = one_product(shop)
    job = changed_after_approval(shop, product_id, variants=stock_of_all(shop, product_id, 1))
    assert (job.state, job.synced_count) == (SyncState.COMPLETED, 1), "what is left goes on by itself"
    published = shop.link(product_id).published
    assert published is not None
    assert {item.for_sale for item in published.inventory.offerings if item.has_variant} == {1}
    (item,) = shop.items(job)
    assert "3 pieces were planned, and there are 1" in (item.note or "")
    approval = queries.review_of(shop.store, job.transaction_id).decision
    assert approval is not None
    assert (approval.decided_by, approval.decided_through, approval.plan_digest) == ("Ada", "policy", job.plan_digest)
    assert "changed_while_waiting" in approval.note


def test_a_shop_may_want_to_be_asked_about_fewer_pieces_too(shop: Shop) -> None:
    product_id = one_product(shop)
    configure.configure(shop.store, shop.id, {"changed_while_waiting": "ask"})
    fewer = stock_of_all(shop, product_id, 1)
    assert "pieces" in left_out(shop, changed_after_approval(shop, product_id, variants=fewer), product_id)


def test_another_price_than_approved_is_not_sent(shop: Shop) -> None:
    product_id = one_product(shop)
    shop.sync()
    prices = shop.world.usd_prices(product_id)

    def times(factor: int) -> dict[str, Any]:
        return {variant: {"price": {"usd": price * factor}} for variant, price in prices.items()}

    shop.world.medusa("PATCH", f"products/{product_id}", {"variants": times(2)})
    assert "the price" in left_out(shop, changed_after_approval(shop, product_id, variants=times(3)), product_id)
    assert shop.link(product_id).etsy_listing_id == shop.world.listings()[0]["listing_id"]


def test_a_product_that_became_invalid_is_not_sent(shop: Shop) -> None:
    product_id = one_product(shop)
    too_long = {"title": "Mug " * 60}
    assert "invalid now" in left_out(shop, changed_after_approval(shop, product_id, set=too_long), product_id)


def test_more_pieces_are_the_next_plans(shop: Shop) -> None:
    product_id = one_product(shop)
    more = stock_of_all(shop, product_id, 500)
    assert changed_after_approval(shop, product_id, variants=more).synced_count == 1


def test_a_field_that_is_not_sent_may_change(shop: Shop) -> None:
    product_id = one_product(shop)
    shop.sync()
    shop.world.medusa("PATCH", f"products/{product_id}", {"set": {"title": "A new title"}})
    assert changed_after_approval(shop, product_id, set={"description": "Another text."}).synced_count == 1
    assert shop.world.listings()[0]["title"] == "A new title"


def test_a_picture_that_shows_something_else_is_no_change_of_the_product(shop: Shop) -> None:
    """Only the plan has asked what the pictures show (`image_check`); mapping the product anew does not."""
    one_product(shop)
    configure.configure(shop.store, shop.id, {"image_check": "content"})
    shop.sync()
    job = shop.plan(sha256_if_changed=lambda _url, _since: "0" * 64)
    assert job.totals.update == 1
    shop.approve(job)
    found = shop.publish(job)
    assert (found.synced_count, found.error_log) == (1, {})


def test_what_etsy_shows_already_is_no_change_of_the_product(shop: Shop) -> None:
    product_id = one_product(shop)
    shop.sync()
    shop.world.etsy("PATCH", f"listings/{shop.link(product_id).etsy_listing_id}", {"title": "By hand"})
    shop.world.medusa("PATCH", f"products/{product_id}", {"set": {"title": "By hand, too"}})
    job = shop.plan()
    shop.approve(job)
    shop.world.etsy("PATCH", f"listings/{shop.link(product_id).etsy_listing_id}", {"title": "By hand, too"})
    found = shop.publish(job)
    assert (found.synced_count, found.error_log) == (1, {})


def test_a_product_that_is_for_sale_again_is_not_deactivated(shop: Shop) -> None:
    product_id = one_product(shop)
    shop.sync()
    shop.world.medusa("PATCH", f"products/{product_id}", {"set": {"status": "draft"}})
    assert "it is for sale again" in left_out(
        shop, changed_after_approval(shop, product_id, set={"status": "published"}), product_id
    )
    assert shop.world.listings()[0]["state"] == "active"


def test_nothing_is_deactivated_any_more_where_the_shop_does_not_want_that_by_now(shop: Shop) -> None:
    product_id = one_product(shop)
    shop.sync()
    shop.world.medusa("PATCH", f"products/{product_id}", {"set": {"status": "draft"}})
    job = shop.approve(shop.plan())
    configure.configure(shop.store, shop.id, {"deactivate_removed": False})
    assert "deactivate_removed is off by now" in left_out(shop, shop.publish(job), product_id)
    assert shop.world.listings()[0]["state"] == "active"


def test_where_medusa_is_down_what_was_approved_is_published(shop: Shop) -> None:
    one_product(shop)
    job = shop.plan()
    shop.approve(job)

    def down(_product_ids: object) -> dict[str, Any]:
        raise Unavailable("Medusa is away.", code="medusa_unavailable", hint="Start it.")

    assert shop.publish(job, source=down).synced_count == 1


@pytest.fixture
def one_to_create_and_one_to_update(shop: Shop) -> list[str]:
    """What a plan would create and update; one listing is on Etsy, "As it was"."""
    new, known = shop.world.product_ids("clean")[0], shop.world.product_ids("price_differs_by_variant")[0]
    shop.world.keep_only(new, known)
    shop.world.medusa("PATCH", f"products/{known}", {"set": {"title": "As it was"}})
    shop.sync(excluded_products=[new])
    shop.world.medusa("PATCH", f"products/{known}", {"set": {"title": "As it should be"}})
    return [new, known]


class TestALookThatFails:
    """Where nothing is known of a product it is not published, whatever the reason; only Medusa may be down."""

    @pytest.mark.parametrize(("trouble", "code"), [("html", "not_a_medusa"), ("unauthorized", "medusa_unauthorized")])
    def test_a_maintenance_page_in_place_of_medusa_publishes_nothing(
        self, shop: Shop, one_to_create_and_one_to_update: list[str], trouble: str, code: str
    ) -> None:
        job = shop.approve(shop.plan())
        shop.world.medusa("POST", "trouble", {"kind": trouble})
        found = shop.publish(job)
        assert (found.state, found.synced_count) == (SyncState.FAILED, 0)
        assert code in str(found.error_log)
        assert [item["title"] for item in shop.world.listings()] == ["As it was"], "nothing was sent"
        shop.world.medusa("POST", "trouble", {"kind": ""})
        assert shop.sync().synced_count == len(one_to_create_and_one_to_update), "when Medusa is back"

    @pytest.mark.usefixtures("one_to_create_and_one_to_update")
    @pytest.mark.parametrize("error", [ZeroDivisionError(), KeyError("a bug"), ValueError()], ids=repr)
    def test_nor_does_a_bug_in_the_look(self, shop: Shop, error: Exception) -> None:
        job = shop.approve(shop.plan())

        def fails(_product_ids: object) -> dict[str, Any]:
            raise error

        with pytest.raises(type(error)):
            shop.publish(job, source=fails)
        assert [item.outcome for item in shop.items(job)] == ["waiting", "waiting"]
        assert [item["title"] for item in shop.world.listings()] == ["As it was"]
        assert shop.publish(job).synced_count == 2, "when it is mended"

    def test_a_product_of_which_the_look_says_nothing_is_not_published(self, shop: Shop) -> None:
        one_product(shop)
        job = shop.approve(shop.plan())
        with pytest.raises(KeyError):
            shop.publish(job, source=lambda _: {})
        assert shop.world.listings() == []

    def test_a_product_that_cannot_be_read_any_more_is_not_published(self, shop: Shop) -> None:
        product_id = one_product(shop)
        job = changed_after_approval(shop, product_id, set={"title": ["none", "of", "your", "business"]})
        assert "cannot be read" in left_out(shop, job, product_id)
        assert shop.world.listings() == []

    @pytest.mark.usefixtures("one_to_create_and_one_to_update")
    def test_a_medusa_that_is_really_down_stops_nothing(self, shop: Shop) -> None:
        job = shop.approve(shop.plan())
        shop.world.medusa("POST", "trouble", {"kind": "down"})
        assert shop.publish(job).synced_count == 2


def test_a_field_that_goes_with_one_that_is_sent_is_looked_at_too(shop: Shop) -> None:
    """Etsy reads who_made, when_made and is_supply together: sending one sends all."""
    product_id = one_product(shop)
    shop.sync()
    shop.world.medusa("PATCH", f"products/{product_id}", {"set": {"metadata": METADATA | {"etsy_is_supply": True}}})
    now = METADATA | {"etsy_is_supply": True, "etsy_when_made": "2010_2019"}
    assert "when_made is another one" in left_out(
        shop, changed_after_approval(shop, product_id, set={"metadata": now}), product_id
    )


class TestEtsyIsSilentWhileMedusaIsLookedAt:
    """The mapping asks Etsy for categories and profiles: that it cannot tell is no sign that Medusa is down."""

    @pytest.mark.usefixtures("one_to_create_and_one_to_update")
    def test_a_day_without_calls_pauses(self, shop: Shop) -> None:
        job = shop.approve(shop.plan())

        def spent(_product_ids: object) -> dict[str, Any]:
            raise QuotaExhausted("Used up.", code="etsy_quota_exhausted", hint="Wait.", retry_after_seconds=3600)

        found = shop.publish(job, source=spent)
        assert (found.state, found.synced_count, found.deferred_count) == (SyncState.PAUSED, 0, 2)
        assert found.resume_at is not None
        assert [item["title"] for item in shop.world.listings()] == ["As it was"]

    @pytest.mark.usefixtures("one_to_create_and_one_to_update")
    def test_an_etsy_that_is_down_publishes_nothing(self, shop: Shop) -> None:
        job = shop.approve(shop.plan())

        def down(_product_ids: object) -> dict[str, Any]:
            raise EtsyUnavailable("Etsy has a problem.", code="etsy_unavailable", hint="", may_have_happened=False)

        found = shop.publish(job, source=down)
        assert (found.state, found.synced_count, found.deferred_count) == (SyncState.PAUSED, 0, 2)
        assert [item["title"] for item in shop.world.listings()] == ["As it was"]
        assert shop.publish(job).synced_count == 2, "when it is back"


class TestBegunBeforeAPause:
    """A sync pauses for a day in the middle of a product: Medusa is looked at again before it goes on."""

    def paused(self, shop: Shop) -> EtsySyncJob:
        job = shop.approve(shop.plan())
        a_day = {"status": 429, "headers": {"retry-after": "86400"}}
        shop.fault(operation="updateListingInventory", kind="status", times=1, **a_day)
        job = shop.publish(job)
        assert job.state is SyncState.PAUSED
        assert [item.step for item in shop.items(job)] == ["inventory"]
        with budgets.changing(shop.store, shop.world.sandbox.client_id) as ledger:
            ledger.held_until = None
        resume(shop.store, job.transaction_id, decided_by="Ada", through="cli")
        return job

    def pieces(self, shop: Shop, product_id: str) -> set[int]:
        published = shop.link(product_id).published
        assert published is not None
        return {item.for_sale for item in published.inventory.offerings if item.has_variant}

    def test_a_new_listing_goes_on_with_the_pieces_that_are_left(self, shop: Shop) -> None:
        product_id = one_product(shop)
        job = self.paused(shop)
        shop.world.medusa("PATCH", f"products/{product_id}", {"variants": stock_of_all(shop, product_id, 1)})
        job = shop.publish(job)
        assert (job.state, job.synced_count) == (SyncState.COMPLETED, 1)
        assert self.pieces(shop, product_id) == {1}
        assert shop.plan().state is SyncState.NOTHING_TO_DO

    def test_a_known_listing_does_too(self, shop: Shop) -> None:
        product_id = one_product(shop)
        shop.sync()
        more, fewer = stock_of_all(shop, product_id, 20), stock_of_all(shop, product_id, 1)
        shop.world.medusa("PATCH", f"products/{product_id}", {"set": {"title": "Other"}, "variants": more})
        job = self.paused(shop)
        shop.world.medusa("PATCH", f"products/{product_id}", {"variants": fewer})
        assert shop.publish(job).synced_count == 1
        assert self.pieces(shop, product_id) == {1}

    def test_one_whose_last_call_was_lost_takes_pieces_back_that_are_on_etsy_already(self, shop: Shop) -> None:
        product_id = one_product(shop)
        shop.sync()
        more, fewer = stock_of_all(shop, product_id, 20), stock_of_all(shop, product_id, 1)
        shop.world.medusa("PATCH", f"products/{product_id}", {"set": {"title": "Other"}, "variants": more})
        job = shop.approve(shop.plan())
        a_day = {"status": 429, "headers": {"retry-after": "86400"}}
        shop.fault(operation="updateListing", kind="status", times=1, **a_day)
        job = shop.publish(job)
        assert [item.step for item in shop.items(job)] == ["complete"]
        with budgets.changing(shop.store, shop.world.sandbox.client_id) as ledger:
            ledger.held_until = None
        resume(shop.store, job.transaction_id, decided_by="Ada", through="cli")
        shop.world.medusa("PATCH", f"products/{product_id}", {"variants": fewer})
        assert shop.publish(job).synced_count == 1
        assert self.pieces(shop, product_id) == {1}

    def test_one_that_pauses_again_knows_that_the_pieces_on_etsy_are_its_own(self, shop: Shop) -> None:
        """Begun with 20, lowered to 7, and paused before anything was sent; then lowered to 1, and paused; then sent."""
        product_id = one_product(shop)
        shop.sync()
        changed = {"set": {"title": "Other"}, "variants": stock_of_all(shop, product_id, 20)}
        shop.world.medusa("PATCH", f"products/{product_id}", changed)
        job = shop.approve(shop.plan())
        self.pause(shop, job, "updateListing")
        for pieces in (7, 1):
            shop.world.medusa("PATCH", f"products/{product_id}", {"variants": stock_of_all(shop, product_id, pieces)})
            self.pause(shop, job, "updateListingInventory")
        (item,) = shop.items(job)
        assert [conflict.message for conflict in item.plan.conflicts if conflict.outcome == "ours"] == [
            "quantity: this sync may have put 20 on Etsy already; 7 stays for sale",
            "quantity: this sync may have put 7 on Etsy already; 1 stays for sale",
        ]
        done = shop.publish(job)
        assert (done.state, done.synced_count, done.failed_count) == (SyncState.COMPLETED, 1, 0)
        assert self.pieces(shop, product_id) == {1}

    def test_what_the_seller_changes_meanwhile_is_still_noticed(self, shop: Shop) -> None:
        product_id = one_product(shop)
        shop.sync()
        changed = {"set": {"title": "Other"}, "variants": stock_of_all(shop, product_id, 20)}
        shop.world.medusa("PATCH", f"products/{product_id}", changed)
        job = shop.approve(shop.plan())
        self.pause(shop, job, "updateListing")
        shop.world.medusa("PATCH", f"products/{product_id}", {"variants": stock_of_all(shop, product_id, 7)})
        self.pause(shop, job, "updateListingInventory")
        listing_id = shop.link(product_id).etsy_listing_id
        shop.world.etsy("PATCH", f"listings/{listing_id}", {"quantity": 30})
        done = shop.publish(job)
        (item,) = shop.items(job)
        assert (done.failed_count, item.error_code) == (1, "listing_changed_since_plan")

    def pause(self, shop: Shop, job: EtsySyncJob, operation: str) -> None:
        """Etsy has no more calls for a day, right before this one."""
        a_day = {"status": 429, "headers": {"retry-after": "86400"}}
        shop.fault(operation=operation, kind="status", times=1, **a_day)
        assert shop.publish(job).state is SyncState.PAUSED
        with budgets.changing(shop.store, shop.world.sandbox.client_id) as ledger:
            ledger.held_until = None
        resume(shop.store, job.transaction_id, decided_by="Ada", through="cli")

    @pytest.mark.parametrize("change", [{"set": {"status": "draft"}}, {"set": {"title": "Another title"}}], ids=repr)
    def test_what_changed_otherwise_stays_a_draft(self, shop: Shop, change: dict[str, Any]) -> None:
        product_id = one_product(shop)
        job = self.paused(shop)
        shop.world.medusa("PATCH", f"products/{product_id}", change)
        job = shop.publish(job)
        assert "is left as it is, with a part of this sync" in left_out(shop, job, product_id)
        assert [item["state"] for item in shop.world.listings()] == ["draft"]
        link = shop.link(product_id)
        assert link.has_failed
        assert "changed in Medusa" in (link.sync_error or "")
        shop.world.medusa("PATCH", f"products/{product_id}", {"set": {"status": "published"}})
        assert shop.sync().synced_count == 1
        assert [item["state"] for item in shop.world.listings()] == ["active"], "there is no second one"
