"""The life of a listing on Etsy: renewed for one fee whatever gets lost, left alone where it is not ours, vacation."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from etsy_pipeline.accounts import configure
from etsy_pipeline.publishing.guard import PAUSE_ON_VACATION
from etsy_pipeline.shop.decide import decide_one
from etsy_pipeline.shop.link_requests import LinkRequest, Readers, Said
from etsy_pipeline.store import items
from etsy_pipeline.store.records import EtsySyncJob, SyncItem
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import queries
from etsy_pipeline_tests.publishing.shop import Shop, one_product, stock_of_all
from etsy_pipeline_tests.sandbox import by_hand

pytestmark = pytest.mark.usefixtures("no_waiting")

PATCH = "updateListing"


@pytest.fixture
def product_id(shop: Shop) -> str:
    """A product of which ten pieces are on Etsy."""
    product_id = one_product(shop)
    stock(shop, product_id, 10)
    shop.sync()
    return product_id


def stock(shop: Shop, product_id: str, pieces: int) -> None:
    shop.world.medusa("PATCH", f"products/{product_id}", {"variants": stock_of_all(shop, product_id, pieces)})


def listing_of(shop: Shop, product_id: str) -> int:
    listing_id = shop.link(product_id).etsy_listing_id
    assert listing_id is not None
    return listing_id


def sold_out(shop: Shop, product_id: str) -> int:
    """All pieces were sold on Etsy, and Medusa has more than before."""
    listing_id = listing_of(shop, product_id)
    pieces = by_hand.shown(shop.world, listing_id)["quantity"]
    assert by_hand.sold(shop.world, listing_id, pieces)["state"] == "sold_out"
    stock(shop, product_id, 12)
    return listing_id


def only_item(shop: Shop, job: EtsySyncJob) -> SyncItem:
    (item,) = shop.items(job)
    return item


def paid(shop: Shop, listing_id: int) -> list[str]:
    """What Etsy charged for the listing, but for each further piece that it sold."""
    return [fee for fee in by_hand.fees(shop.world, listing_id) if fee != "multi_quantity"]


def patches(shop: Shop) -> int:
    return shop.world.calls().get(PATCH, 0)


def test_a_listing_that_sold_out_is_renewed_with_all_its_pieces_for_one_fee(shop: Shop, product_id: str) -> None:
    listing_id = sold_out(shop, product_id)
    before = by_hand.shown(shop.world, listing_id)["ending_timestamp"]
    job = shop.plan()
    planned = only_item(shop, job).plan
    assert (planned.life, job.totals.fees_usd_cents) == ("renew_sold_out", 20)
    shop.approve(job)
    assert shop.publish(job).state is SyncState.COMPLETED
    shown = by_hand.shown(shop.world, listing_id)
    offered = sum(
        it["offerings"][0]["quantity"] for it in shown["inventory"]["products"] if it["offerings"][0]["is_enabled"]
    )
    assert shown["state"] == "active"
    assert planned.desired is not None
    assert offered == sum(offering.for_sale for offering in planned.desired.inventory.offerings)
    assert paid(shop, listing_id) == ["listing", "renewal"]
    link = shop.link(product_id)
    assert link.ending_at == datetime.fromtimestamp(shown["ending_timestamp"], UTC)
    assert shown["ending_timestamp"] >= before
    assert shop.plan().state is SyncState.NOTHING_TO_DO


@pytest.mark.parametrize("kind", ["drop_after", "fail_after"])
def test_a_renewal_whose_answer_is_lost_is_not_paid_twice(shop: Shop, product_id: str, kind: str) -> None:
    listing_id = sold_out(shop, product_id)
    job = shop.plan()
    shop.approve(job)
    before = patches(shop)
    shop.fault(operation=PATCH, kind=kind, times=1, status=500)
    assert shop.publish(job).state is SyncState.COMPLETED
    assert patches(shop) - before == 1
    assert paid(shop, listing_id) == ["listing", "renewal"]


def test_nor_by_the_next_publisher_where_this_one_dies_of_it(shop: Shop, product_id: str) -> None:
    listing_id = sold_out(shop, product_id)
    job = shop.plan()
    shop.approve(job)
    shop.fault(operation=PATCH, kind="fail_after", times=1, status=500)
    with pytest.raises(_Dies):
        shop.publish(job, sleep=_dies_later(shop, listing_id))
    before = patches(shop)
    assert shop.publish(job, now=lambda: datetime.now(UTC) + timedelta(hours=1)).state is SyncState.COMPLETED
    assert patches(shop) == before, "Etsy said that it is active"
    assert paid(shop, listing_id) == ["listing", "renewal"]


class _Dies(BaseException):
    """A process that is killed."""


def _dies_later(shop: Shop, listing_id: int) -> Any:
    def sleep(seconds: float) -> None:
        del seconds
        if paid(shop, listing_id) != ["listing"]:
            raise _Dies

    return sleep


@pytest.mark.parametrize(("failures", "state"), [(1, "active"), (2, "active"), (3, "sold_out")])
def test_a_renewal_that_fails_is_tried_three_times_and_then_left_to_shop_manager(
    shop: Shop, product_id: str, failures: int, state: str
) -> None:
    listing_id = sold_out(shop, product_id)
    by_hand.edited(shop.world, listing_id, renewals_that_fail=failures)
    job = shop.plan()
    shop.approve(job)
    shop.publish(job)
    item = only_item(shop, job)
    assert by_hand.shown(shop.world, listing_id)["state"] == state
    if state == "active":
        assert (item.outcome, paid(shop, listing_id)) == ("synced", ["listing", "renewal"])
    else:
        assert (item.outcome, item.error_code) == ("failed", "renewal_failed")
        assert f"Shop Manager: https://www.etsy.com/your/shops/me/tools/listings/{listing_id}" in str(
            item.error_message
        )
        assert paid(shop, listing_id) == ["listing"]


def test_an_expired_listing_is_renewed_only_where_the_shop_wants_that(shop: Shop, product_id: str) -> None:
    listing_id = listing_of(shop, product_id)
    by_hand.term_ended(shop.world, listing_id)
    job = shop.plan()
    assert (job.state, only_item(shop, job).plan.life) == (SyncState.NOTHING_TO_DO, "expired_waits")
    configured(shop, renew_expired="ask")
    assert shop.sync().state is SyncState.COMPLETED
    assert by_hand.shown(shop.world, listing_id)["state"] == "active"
    assert paid(shop, listing_id) == ["listing", "renewal"]
    with shop.store.reading() as session:
        assert items.fees_usd_cents(session, shop.id, datetime.now(UTC) - timedelta(days=1)) == 40
        assert items.fees_usd_cents(session, shop.id, datetime.now(UTC) + timedelta(days=1)) == 0
    by_hand.edited(shop.world, listing_id, state="removed")
    assert shop.plan().totals.month_usd_cents == 40


def configured(shop: Shop, **choices: Any) -> None:
    configure.configure(shop.store, shop.id, choices)


@pytest.mark.parametrize(("state", "life"), [("inactive", "held_by_seller"), ("draft", "held_by_seller")])
def test_what_the_seller_took_off_sale_stays_so_until_a_person_takes_it_back(
    shop: Shop, product_id: str, state: str, life: str
) -> None:
    listing_id = listing_of(shop, product_id)
    by_hand.edited(shop.world, listing_id, state=state)
    stock(shop, product_id, 12)
    job = shop.plan()
    assert (job.state, only_item(shop, job).plan.life) == (SyncState.NOTHING_TO_DO, life)
    take_back(shop, product_id)
    job = shop.plan()
    assert only_item(shop, job).plan.life == {"inactive": "reactivate", "draft": "finish_draft"}[state]
    shop.approve(job)
    assert shop.publish(job).state is SyncState.COMPLETED
    assert by_hand.shown(shop.world, listing_id)["state"] == "active"


def take_back(shop: Shop, product_id: str) -> None:
    request = LinkRequest("take_back", product_id)
    decide_one(shop.store, shop.id, request, Said("Ada", "cli"), Readers(live_of=lambda _: {}, look_up=lambda _: {}))


def test_what_etsy_took_down_is_never_made_again(shop: Shop, product_id: str) -> None:
    listing_id = listing_of(shop, product_id)
    by_hand.edited(shop.world, listing_id, state="removed")
    job = shop.plan()
    assert (job.state, only_item(shop, job).plan.life) == (SyncState.FAILED, "removed_by_etsy")
    assert len(shop.world.listings()) == 1


def test_a_private_listing_is_left_alone_though_its_product_is_gone(shop: Shop, product_id: str) -> None:
    listing_id = listing_of(shop, product_id)
    by_hand.edited(shop.world, listing_id, is_private=True)
    shop.world.medusa("PATCH", f"products/{product_id}", {"set": {"status": "draft"}})
    assert shop.plan().state is SyncState.NOTHING_TO_DO
    assert by_hand.shown(shop.world, listing_id)["state"] == "active"


def test_a_publication_waits_for_a_shop_on_vacation_and_goes_on_by_itself(shop: Shop, product_id: str) -> None:
    stock(shop, product_id, 7)
    by_hand.shop_changed(shop.world, is_vacation=True, vacation_message="Back in May")
    job = shop.plan()
    assert job.state is SyncState.PLANNED, "plans are drawn up"
    shop.approve(job)
    now = datetime.now(UTC)
    for _ in range(2):  # and it looks again each time
        made = shop.world.calls_while(lambda: shop.publish(job, now=lambda: now))
        assert made == {"getMe": 1, "getShop": 1}
        paused = queries.job(shop.store, job.transaction_id)
        assert (paused.state, paused.resume_at) == (SyncState.PAUSED, now + PAUSE_ON_VACATION)
        assert 'The shop is on vacation ("Back in May")' in paused.message
    by_hand.shop_changed(shop.world, is_vacation=False)
    assert shop.publish(job).state is SyncState.COMPLETED


def test_pieces_of_an_invalid_product_that_are_gone_are_taken_off_sale(shop: Shop, product_id: str) -> None:
    listing_id = listing_of(shop, product_id)
    shop.world.medusa("PATCH", f"products/{product_id}", {"set": {"metadata": {"etsy_taxonomy_id": 999_999_999}}})
    stock(shop, product_id, 4)
    job = shop.plan()
    item = only_item(shop, job)
    assert (item.plan.action, [change.field for change in item.plan.differences]) == ("update", ["quantity"])
    shop.approve(job)
    shop.publish(job)
    item = only_item(shop, job)
    assert (item.outcome, item.error_code) == ("failed", "taxonomy_unknown"), "it is still invalid"
    assert shop.link(product_id).sync_status == "failed"
    quantities = [
        it["offerings"][0]["quantity"] for it in by_hand.shown(shop.world, listing_id)["inventory"]["products"]
    ]
    assert max(quantities) == 4
    assert only_item(shop, shop.plan()).plan.action == "invalid", "once is enough"
