"""Publishing to a local Etsy over real HTTP: what is approved gets there once, and the books say what happened."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from etsy_pipeline.errors import Conflict, Refused
from etsy_pipeline.linking.seen import STATES
from etsy_pipeline.listings.verdict import ValidatedListing, Verdict
from etsy_pipeline.pictures.source import Picture, PictureSource
from etsy_pipeline.publishing.adoption import LOOKS
from etsy_pipeline.publishing.outcomes import Progress
from etsy_pipeline.publishing.publisher import approved_job
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import approvals, queries
from etsy_pipeline_tests.publishing.shop import READS, Shop, one_product, variant_id

pytestmark = pytest.mark.usefixtures("no_waiting")


def test_an_approved_product_becomes_an_active_listing(shop: Shop) -> None:
    product_id = one_product(shop)
    job = shop.sync()
    assert (job.state, job.synced_count, job.failed_count, job.error_log) == (SyncState.COMPLETED, 1, 0, {})
    link, (listing,) = shop.link(product_id), shop.world.listings()
    assert (link.sync_status, link.etsy_listing_id, link.listing_state) == ("synced", listing["listing_id"], "active")
    assert link.etsy_url == f"{shop.world.sandbox.etsy_url}/listing/{listing['listing_id']}"
    assert (listing["state"], listing["images"]) == ("active", 6)
    assert "ref:" not in listing["description"], "our reference is gone with the last PATCH"


def test_a_product_without_pictures_stays_a_draft_and_is_synced(shop: Shop) -> None:
    product_id = one_product(shop, "no_images")
    shop.sync()
    assert (shop.link(product_id).sync_status, shop.link(product_id).listing_state) == ("synced", "draft")


def test_publishing_again_sends_only_what_changed(shop: Shop) -> None:
    product_id = one_product(shop, "price_differs_by_variant")
    shop.sync()
    assert shop.calls_of(shop.plan()) == {}, "nothing changed: no call"
    changed = {"variants": {variant_id(shop, product_id): {"price": {"usd": 77}, "stock": 3}}}
    shop.world.medusa("PATCH", f"products/{product_id}", changed)
    assert shop.calls_of(shop.plan()) == {"updateListingInventory": 1} | READS, "price and stock: one call"
    shop.world.medusa("PATCH", f"products/{product_id}", {"set": {"title": "A new title"}})
    assert shop.calls_of(shop.plan())["updateListing"] == 1
    assert shop.world.listings()[0]["title"] == "A new title"


def test_a_product_that_is_taken_down_is_deactivated_and_can_come_back(shop: Shop) -> None:
    product_id = one_product(shop)
    shop.sync()
    shop.world.medusa("PATCH", f"products/{product_id}", {"set": {"status": "draft"}})
    assert shop.calls_of(shop.plan()) == {"updateListing": 1} | READS
    assert shop.link(product_id).listing_state == "inactive"
    shop.world.medusa("PATCH", f"products/{product_id}", {"set": {"status": "published"}})
    shop.sync()
    assert (shop.link(product_id).listing_state, len(shop.world.listings())) == ("active", 1)


def test_one_products_failure_does_not_stop_the_rest(shop: Shop) -> None:
    broken, good = shop.world.product_ids("broken_image")[0], shop.world.product_ids("clean")[0]
    shop.world.keep_only(broken, good)
    job = shop.sync()
    assert (job.state, job.synced_count, job.failed_count) == (SyncState.COMPLETED_WITH_ERRORS, 1, 1)
    assert job.status == "completed", "the mission's word"
    assert "does-not-exist.jpg answered 404" in job.error_log[broken]
    link = shop.link(broken)
    assert (link.sync_status, link.etsy_listing_id, link.sync_error) == ("failed", None, job.error_log[broken])
    assert len(shop.world.listings()) == 1, "a dead picture leaves nothing half done on Etsy"


def test_etsys_own_words_are_kept(shop: Shop) -> None:
    product_id = one_product(shop)
    words = {"error": "There was a problem with /title : not today"}
    shop.fault(operation="createDraftListing", kind="status", status=400, body=words)
    job = shop.sync()
    assert job.state is SyncState.FAILED
    assert "There was a problem with /title : not today" in job.error_log[product_id]


def test_an_invalid_product_fails_with_its_reasons_and_is_not_sent(shop: Shop) -> None:
    product_id = one_product(shop, "title_too_long")
    job = shop.sync()
    assert "The title has 200 characters" in job.error_log[product_id]
    assert shop.world.listings() == []


def test_an_excluded_product_is_left_out(shop: Shop) -> None:
    product_id = one_product(shop)
    job = shop.sync(excluded_products=[product_id])
    assert (job.skipped_count, shop.world.listings()) == (1, [])
    assert queries.find_links(shop.store) == [], "as before the request"


@pytest.mark.parametrize("kind", ["fail_after", "drop_after"])
def test_a_create_whose_answer_is_lost_makes_no_second_listing(shop: Shop, kind: str) -> None:
    """FACTS §0.1: the create has happened. The draft is found by the reference that it carries."""
    one_product(shop)
    shop.fault(operation="createDraftListing", kind=kind, times=1)
    job = shop.sync()
    assert (job.synced_count, len(shop.world.listings())) == (1, 1)


@pytest.mark.parametrize("kind", ["status", "drop_before"])
def test_a_create_that_did_not_happen_is_asked_for_again_later_and_once(shop: Shop, kind: str) -> None:
    one_product(shop)
    shop.fault(operation="createDraftListing", kind=kind, times=1)
    job = shop.sync()
    assert (job.state, job.deferred_count) == (SyncState.PAUSED, 1)
    assert "create_unaccounted" in job.error_log["job"]
    assert shop.publish(job).synced_count == 1
    assert len(shop.world.listings()) == 1


def test_before_a_lost_create_is_tried_again_all_of_the_shop_is_looked_through_anew(shop: Shop) -> None:
    """The other product went well, so it is tried again by the same publisher, whose first look was before it."""
    shop.world.keep_only(*shop.world.product_ids("clean")[:2])
    shop.fault(operation="createDraftListing", kind="drop_before", times=1)
    before, job = shop.world.calls().get("getListingsByShop", 0), shop.sync()
    assert (job.state, job.synced_count) == (SyncState.COMPLETED, 2)
    looks, searches = 2 * len(STATES), 2 * len(LOOKS)
    assert shop.world.calls()["getListingsByShop"] - before == looks + searches


def test_a_draft_from_an_earlier_sync_is_brought_up_to_date(shop: Shop) -> None:
    """It says what was true when its create was lost; what was approved now is what counts."""
    product_id = one_product(shop)
    shop.fault(operation="createDraftListing", kind="drop_after", times=1)
    shop.fault(operation="getListingsByShop", kind="status", status=404)
    shop.sync()
    shop.world.etsy("DELETE", "faults")
    shop.world.medusa("PATCH", f"products/{product_id}", {"set": {"title": "A new title"}})
    assert shop.sync().synced_count == 1
    assert [item["title"] for item in shop.world.listings()] == ["A new title"]


def test_a_refused_create_is_not_searched_for(shop: Shop) -> None:
    one_product(shop)
    shop.fault(operation="createDraftListing", kind="status", status=400, times=1)
    shop.sync()
    calls = shop.calls_of(shop.plan())
    assert calls["createDraftListing"] == 1
    assert calls["getListingsByShop"] == len(STATES), "one look at what is there, and none for a lost draft"


def test_a_late_draft_is_found_by_the_next_sync(shop: Shop) -> None:
    """FACTS §10: drafts show a moment late; the next sync searches before it creates."""
    product_id = one_product(shop)
    shop.fault(operation="createDraftListing", kind="late_visibility", seconds=30, times=1)
    shop.sync()
    assert shop.link(product_id).etsy_listing_id is not None, "a failure never erases the listing's id"
    shop.world.etsy("POST", "clock", {"advance_seconds": 31})
    assert shop.sync().synced_count == 1
    assert len(shop.world.listings()) == 1


def test_a_draft_that_shows_some_seconds_late_is_waited_for(shop: Shop) -> None:
    """FACTS §10: a new listing can be a 404 for one to three seconds."""
    one_product(shop)
    shop.fault(operation="createDraftListing", kind="late_visibility", seconds=3, times=1)
    job = shop.plan()
    shop.approve(job)
    found = shop.publish(job, sleep=lambda seconds: shop.world.etsy("POST", "clock", {"advance_seconds": seconds}))
    assert (found.synced_count, len(shop.world.listings())) == (1, 1)


def test_two_drafts_with_our_reference_are_a_persons_business(shop: Shop) -> None:
    product_id = one_product(shop)
    shop.fault(operation="createDraftListing", kind="drop_after", times=1)
    shop.fault(operation="getListingsByShop", kind="status", status=404, every=len(STATES) + 1)  # the search for it
    shop.sync()
    shop.world.etsy("DELETE", "faults")
    twin = (
        "INSERT INTO listing SELECT listing_id + 1, shop_id, state, title, visible_from, data, inventory FROM listing"
    )
    shop.world.sandbox.state.run(twin)
    job = shop.sync()
    assert "several_drafts" in job.error_log[product_id]
    assert len(shop.world.listings()) == 2


def test_a_publication_that_is_started_again_goes_on_where_it_stopped(shop: Shop) -> None:
    shop.world.keep_only(*shop.world.product_ids("clean")[:4])
    job = shop.plan()
    shop.approve(job)

    class Killed(BaseException):
        """Stands for a SIGKILL."""

    def kill_after_two(progress: Progress) -> None:
        if progress.done == 2:
            raise Killed

    with pytest.raises(Killed):
        shop.publish(job, on_progress=kill_after_two)
    assert shop.publish(job).synced_count == 4
    assert len(shop.world.listings()) == 4


def test_a_lost_connection_to_the_shop_stops_the_job_at_once(shop: Shop) -> None:
    shop.world.keep_only(*shop.world.product_ids("clean")[:3])
    job = shop.plan()
    shop.approve(job)
    for kind in ("access", "refresh"):
        shop.world.etsy("POST", "tokens", {"kind": kind})
    found = shop.publish(job)
    assert (found.state, found.deferred_count) == (SyncState.FAILED, 3)
    assert "accounts connect" in found.error_log["job"]


def test_an_etsy_that_is_down_pauses_the_job_instead_of_failing_every_product(shop: Shop) -> None:
    shop.world.keep_only(*shop.world.product_ids("clean"))
    job = shop.plan()
    shop.approve(job)
    shop.fault(operation="*", kind="html")
    found = shop.publish(job)
    assert (found.state, found.failed_count, found.deferred_count) == (SyncState.PAUSED, 0, 12)
    assert "Etsy is down" in found.error_log["job"]
    shop.world.etsy("DELETE", "faults")
    assert shop.publish(job).synced_count == 12


def test_nothing_is_published_without_an_approval(shop: Shop) -> None:
    one_product(shop)
    job = shop.plan()
    with pytest.raises(Conflict, match="not approved") as caught:
        shop.publish(job)
    assert "publication_approval" in caught.value.hint
    with pytest.raises(Conflict, match="nothing is published"):
        approved_job(shop.store, shop.id)
    assert shop.world.listings() == []


def test_a_plan_that_changed_after_its_approval_is_not_published(shop: Shop) -> None:
    one_product(shop)
    job = shop.plan()
    shop.approve(job)
    with pytest.raises(Conflict, match="stale"):
        shop.publish(job, amount_unit="minor")
    assert shop.world.listings() == []


def test_an_approval_that_has_expired_is_not_published(shop: Shop) -> None:
    one_product(shop)
    job = shop.plan()
    shop.approve(job)
    in_four_days = datetime.now(UTC) + timedelta(days=4)
    with pytest.raises(Conflict, match="has expired") as caught:
        shop.publish(job, now=lambda: in_four_days)
    assert caught.value.code == "approval_expired"
    assert (shop.world.listings(), queries.job(shop.store, job.transaction_id).state) == ([], SyncState.EXPIRED)
    assert shop.sync().synced_count == 1, "a new plan can be approved and published"


def test_a_publication_that_began_in_time_goes_on_however_late(shop: Shop) -> None:
    """Once killed, once paused: both had begun."""
    shop.world.keep_only(*shop.world.product_ids("clean")[:3])
    job = shop.plan()
    shop.approve(job)

    def killed(_: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shop.publish(job, on_progress=killed)
    shop.fault(operation="*", kind="html")
    in_four_days = datetime.now(UTC) + timedelta(days=4)
    assert shop.publish(job, now=lambda: in_four_days).state is SyncState.PAUSED
    shop.world.etsy("DELETE", "faults")
    in_eight_days = datetime.now(UTC) + timedelta(days=8)
    assert shop.publish(job, now=lambda: in_eight_days).synced_count == 3


def test_a_job_pauses_while_etsy_keeps_asking_to_slow_down_and_no_product_is_blamed(shop: Shop) -> None:
    one_product(shop)
    job = shop.plan()
    shop.approve(job)
    shop.fault(operation="uploadListingImage", kind="status", status=429, headers={"retry-after": "0"})
    for _ in range(4):  # more often than a product may fail
        paused = shop.publish(job)
        assert (paused.state, paused.failed_count) == (SyncState.PAUSED, 0)
        assert "slow down" in paused.error_log["job"]
    shop.world.etsy("DELETE", "faults")
    assert shop.publish(job).synced_count == 1


def test_a_cancelled_job_ends_what_it_has_begun_and_begins_nothing_more(shop: Shop) -> None:
    shop.world.keep_only(*shop.world.product_ids("clean")[:5])
    job = shop.plan()
    shop.approve(job)

    def cancel_after_one(progress: Progress) -> None:
        if progress.done == 1:
            approvals.cancel(shop.store, job.transaction_id)

    found = shop.publish(job, on_progress=cancel_after_one, at_once=2)
    assert (found.state, found.synced_count, found.deferred_count) == (SyncState.CANCELLED, 2, 3)
    links = queries.find_links(shop.store)
    assert [(link.sync_status, link.transaction_id) for link in links] == 2 * [("synced", job.transaction_id)]


@pytest.mark.parametrize("are_broken", [False, True])
def test_what_is_not_begun_when_a_job_is_cancelled_stays_as_it_was(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, *, are_broken: bool
) -> None:
    """Whatever becomes of its pictures, which are fetched before anything is sent."""
    one_product(shop)
    job, fetch = shop.approve(shop.plan()), PictureSource.fetch

    def cancel_and_fetch(pictures: PictureSource, url: str) -> Picture:
        with suppress(Conflict):
            approvals.cancel(shop.store, job.transaction_id)
        if are_broken:
            raise Refused("It is gone.", code="image_unreachable", hint="Mend it.")
        return fetch(pictures, url)

    monkeypatch.setattr(PictureSource, "fetch", cancel_and_fetch)
    found = shop.publish(job)
    assert (found.state, found.deferred_count, found.failed_count) == (SyncState.CANCELLED, 1, 0)
    assert shop.world.listings() == []


def test_what_is_invalid_fails_with_the_code_of_what_is_wrong(shop: Shop) -> None:
    product_id = one_product(shop)
    unknown = ValidatedListing(
        "prod_nope", "", None, (Verdict("product_unknown", "error", "product", "No.", "Check."),)
    )
    job = shop.approve(shop.plan(validated=[*shop.products(), unknown]))
    assert shop.publish(job).synced_count == 1
    assert shop.link(product_id).etsy_listing_id is not None
    _, errors, _ = queries.errors_page(shop.store, job.transaction_id)
    assert [(error.product_id, error.code) for error in errors] == [("prod_nope", "product_unknown")]
