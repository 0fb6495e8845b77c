"""Whether the shop behind the token is the one in the books: another currency, name or shop stops with a question."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from etsy_pipeline import wiring
from etsy_pipeline.accounts import configure, connect
from etsy_pipeline.errors import PipelineError
from etsy_pipeline.etsy.oauth import code_from_redirect
from etsy_pipeline.notifications.notice import Notice
from etsy_pipeline.notifications.receivers import receivers
from etsy_pipeline.publishing.outcomes import Progress
from etsy_pipeline.sandbox.consent import grant
from etsy_pipeline.shop import holds as accepting
from etsy_pipeline.shop.identity import require_for_plan
from etsy_pipeline.store import holds, jobs, link_decisions
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import AccountHold, EtsySyncJob
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import resume
from etsy_pipeline.sync.notify import send_what_is_due
from etsy_pipeline_tests.publishing.shop import Shop, one_product
from etsy_pipeline_tests.shop.drills import codes_of_holds
from etsy_pipeline_tests.world import a_world


@pytest.fixture
def shop(tmp_path: Path, store: Store) -> Iterator[Shop]:
    with a_world(tmp_path) as world:
        yield Shop(world, store, world.connected(store))


def looked(shop: Shop, *, may_be_kept: bool = False) -> list[str]:
    """The start of a plan run; what it was told."""
    told: list[str] = []
    with closing(wiring.shop_client(shop.world.settings, shop.store, shop.id)) as client:
        require_for_plan(shop.store, client, shop.id, told.append, may_be_kept=may_be_kept)
    return told


def calls_of_a_stock_plan(shop: Shop, minutes: float = 0) -> int:
    """How often Etsy is asked whose shop it is by a plan of stock alone, so much later."""
    moment = shop.store.now() + timedelta(minutes=minutes)
    shop.store.clock = lambda: moment
    made = shop.world.calls_while(lambda: looked(shop, may_be_kept=True))
    return made.get("getMe", 0) + made.get("getShop", 0)


def error_of(act: Callable[[], object]) -> PipelineError:
    with pytest.raises(PipelineError) as caught:
        act()
    assert caught.value.hint, "it says what to do"
    return caught.value


def changes_currency(shop: Shop, code: str = "EUR", rate: float = 0.9) -> None:
    shop.world.etsy("POST", "shops/0/currency", {"currency_code": code, "rate": rate})


def renames(shop: Shop, name: str) -> None:
    shop.world.etsy("PATCH", "shops/0", {"shop_name": name})


def replaces(shop: Shop) -> None:
    shop.world.etsy("POST", "shops/0/replace", {"shop_name": "Elsewhere", "currency_code": "USD"})


def accept(shop: Shop, code: str) -> AccountHold:
    return accepting.accept(shop.store, shop.id, code, decided_by="Ada", through="cli")


def now_of(shop: Shop, job: EtsySyncJob) -> EtsySyncJob:
    with shop.store.reading() as session:
        return jobs.get(session, job.transaction_id)


def in_both_currencies(shop: Shop, product_id: str, code: str, rate: int) -> None:
    """Medusa has prices in dollars, and those in euros are in another currency."""
    for variant, price in shop.world.usd_prices(product_id).items():
        both = {"price": {"usd": price, "eur": round(price) * rate}}
        shop.world.medusa("PATCH", f"products/{product_id}", {"variants": {variant: both}})
    shop.world.sandbox.state.run("UPDATE medusa_product SET data = replace(data, '\"eur\"', ?)", f'"{code.lower()}"')


def test_a_plan_for_a_shop_in_another_currency_ends_with_a_question(shop: Shop) -> None:
    """The case etsy_shop_currency_changed: what was sent were dollars, to a shop that sold in euros."""
    one_product(shop)
    shop.sync()
    changes_currency(shop)
    error = error_of(lambda: looked(shop))
    assert error.code == "currency_changed"
    assert "now sells in EUR, and sold in USD before" in error.message
    assert "accounts accept" in error.hint
    assert error_of(shop.plan).code == "currency_changed", "and nobody else plans either"


def test_a_plan_of_stock_asks_whose_shop_it_is_once_an_hour(shop: Shop) -> None:
    assert [calls_of_a_stock_plan(shop, minutes) for minutes in (0, 0, 59, 2)] == [2, 0, 0, 2]
    looked(shop)
    assert calls_of_a_stock_plan(shop, 59) == 0, "whoever asks, it is known for an hour"


def test_a_plan_of_stock_asks_again_where_the_account_is_held_for_it_may_be_right_by_now(shop: Shop) -> None:
    looked(shop)
    renames(shop, "AnotherName")
    looked(shop)
    assert codes_of_holds(shop) == ["shop_renamed"]
    renames(shop, "DustySpoonStudio")
    assert calls_of_a_stock_plan(shop) == 2
    assert codes_of_holds(shop) == []


def test_whatever_a_plan_of_stock_knew_the_publisher_asks_whose_shop_it_is(shop: Shop) -> None:
    one_product(shop)
    looked(shop)
    job = shop.plan()
    shop.approve(job)
    replaces(shop)
    assert calls_of_a_stock_plan(shop) == 0
    assert shop.publish(job).state is SyncState.PAUSED
    assert codes_of_holds(shop) == ["shop_replaced"]


@pytest.mark.parametrize(("code", "rate"), [("EUR", 1), ("JPY", 150)])
def test_prices_of_the_new_currency_go_only_after_a_decision_and_a_look(shop: Shop, code: str, rate: int) -> None:
    """Yen have no cents."""
    product_id = one_product(shop)
    in_both_currencies(shop, product_id, code, rate)
    shop.sync()
    changes_currency(shop, code, rate * 0.9)
    error_of(lambda: looked(shop))
    assert accept(shop, "currency_changed").message.startswith("The shop")
    assert (shop.account.currency_code, codes_of_holds(shop), looked(shop)) == (code, [], [])
    del shop.reader  # it was of a shop in dollars
    job = shop.plan()
    (item,) = shop.items(job)
    assert next(brake.code for brake in item.plan.brakes) == "first_prices_in_currency"
    assert item.plan.desired is not None
    assert item.plan.desired.currency_code == code
    assert item.plan.desired.price == round(next(iter(shop.world.usd_prices(product_id).values()))) * rate
    assert not item.plan.conflicts, "that Etsy converted the prices is no edit of the seller's"
    assert job.for_a_person, "no policy approves it"
    assert shop.publish(shop.approve(job)).synced_count == 1
    shop_listing = shop.link(product_id).published
    assert shop_listing is not None
    assert shop_listing.currency_code == code
    assert shop.plan().totals.changes == 0


def test_a_rate_of_the_old_currency_is_used_no_more_until_it_is_said_to_be_one_for_the_new(shop: Shop) -> None:
    """30 EUR at 1.08 dollars were sent as 32.40 SEK, also for what was new."""
    configure.configure(
        shop.store, shop.id, {"price.convert": {"from_currency": "EUR", "rate": "1.08", "always": True}}
    )
    changes_currency(shop, "SEK", 9.5)
    one_product(shop)
    assert "stays one for USD" in error_of(lambda: looked(shop)).message
    accept(shop, "currency_changed")
    assert shop.account.api_config["price"]["currency"] == "USD"
    assert [error.code for item in shop.products() for error in item.errors] == ["price_setting_in_other_currency"]
    configure.configure(shop.store, shop.id, {"price.convert.rate": "11", "price.currency": "SEK"})
    del shop.reader
    (item,) = shop.items(shop.plan())
    assert item.plan.desired is not None
    assert item.plan.desired.currency_code == "SEK"


def test_settings_without_amounts_stay_as_they_are_when_a_currency_is_accepted(shop: Shop) -> None:
    before = shop.account.api_config
    changes_currency(shop)
    error_of(lambda: looked(shop))
    accept(shop, "currency_changed")
    assert shop.account.api_config == before


def test_what_was_approved_in_the_old_currency_is_not_published(shop: Shop) -> None:
    one_product(shop)
    job = shop.approve(shop.plan())
    changes_currency(shop)
    found = shop.publish(job)
    assert (found.state, found.resume_at) == (SyncState.PAUSED, None)
    assert "now sells in EUR" in found.message
    assert shop.world.listings() == []
    accept(shop, "currency_changed")
    assert now_of(shop, job).state is SyncState.CANCELLED, "its prices are in the old one"


def test_a_currency_that_is_the_old_one_again_holds_nothing(shop: Shop) -> None:
    one_product(shop)
    job = shop.approve(shop.plan())
    changes_currency(shop)
    shop.publish(job)
    changes_currency(shop, "USD", 1.1)
    assert looked(shop) == []
    assert codes_of_holds(shop) == []
    assert now_of(shop, job).resume_at is not None, "and what paused for it goes on"
    assert shop.publish(job).synced_count == 1


def test_listings_that_were_made_for_the_old_currency_are_no_plan(shop: Shop) -> None:
    one_product(shop)
    of_before = list(shop.products())
    changes_currency(shop)
    error_of(lambda: looked(shop))
    accept(shop, "currency_changed")
    assert error_of(lambda: shop.plan(validated=of_before)).code == "prices_in_other_currency"


def test_a_renamed_shop_is_planned_for_and_published_to_only_once_that_is_accepted(shop: Shop) -> None:
    one_product(shop)
    renames(shop, "BetterMugs")
    assert looked(shop) == []
    job = shop.plan()
    assert any("BetterMugs" in reason for reason in job.for_a_person or ())
    error = error_of(lambda: shop.approve(job))
    assert (error.code, "shop_renamed" in error.message) == ("account_held", True)
    accept(shop, "shop_renamed")
    assert shop.account.shop_name == "BetterMugs"
    assert shop.publish(shop.approve(job)).synced_count == 1


def test_a_sync_that_paused_for_the_name_goes_on_when_it_is_accepted(shop: Shop) -> None:
    one_product(shop)
    job = shop.approve(shop.plan())
    renames(shop, "BetterMugs")
    assert shop.publish(job).state is SyncState.PAUSED
    assert (
        error_of(lambda: resume.resume(shop.store, job.transaction_id, decided_by="Ada", through="cli")).code
        == "account_held"
    )
    accept(shop, "shop_renamed")
    assert now_of(shop, job).resume_at is not None
    assert shop.publish(job).synced_count == 1


def test_another_shop_behind_the_token_asks_for_another_consent(shop: Shop) -> None:
    """The one in the books is closed, so that Etsy does not even tell of it."""
    one_product(shop)
    job = shop.approve(shop.plan())
    replaces(shop)
    found = shop.publish(job)
    assert (found.state, found.resume_at, codes_of_holds(shop)) == (SyncState.PAUSED, None, ["shop_replaced"])
    error = error_of(lambda: looked(shop))
    assert error.code == "shop_replaced"
    assert "now belongs to the shop" in error.message
    assert "accounts connect" in error.hint
    assert error_of(lambda: accept(shop, "shop_replaced")).code == "hold_not_acceptable"
    assert shop.world.listings() == []


def test_a_hold_stops_a_publication_before_its_next_write(shop: Shop) -> None:
    shop.world.keep_only(*shop.world.product_ids("clean")[:4])
    job = shop.approve(shop.plan())

    def hold(progress: Progress) -> None:
        if progress.done == 2:
            with shop.store.writing() as session:
                found = AccountHold(shop.id, code="shop_renamed", message="It is called otherwise.")
                holds.put(session, found)

    found = shop.publish(job, on_progress=hold, at_once=1)
    assert (found.state, found.synced_count) == (SyncState.PAUSED, 2), "what was sent is read back"
    assert len(shop.world.listings()) == 2
    assert "It is called otherwise." in found.message
    accept_by_hand(shop)
    assert shop.publish(job).synced_count == 4


def accept_by_hand(shop: Shop) -> None:
    with shop.store.writing() as session:
        holds.lift(session, shop.id, "shop_renamed")


@pytest.mark.usefixtures("no_waiting")
def test_etsy_that_gives_no_answer_stops_no_plan_and_every_publication(shop: Shop) -> None:
    one_product(shop)
    job = shop.approve(shop.plan())
    shop.fault(operation="getShop", kind="status", status=503)
    assert "not compared" in looked(shop)[0]
    found = shop.publish(job)
    assert found.state is SyncState.PAUSED
    assert found.resume_at is not None
    assert shop.world.listings() == []
    shop.world.etsy("DELETE", "faults")
    assert shop.publish(job).synced_count == 1


@pytest.mark.parametrize(
    ("code", "by", "expected"),
    [("shop_renamed", "Ada", "account_not_held"), ("books_older_than_shop", "Ada", "hold_not_acceptable"),
     ("books_older_than_shop", " ", "approver_missing")],
)  # fmt: skip
def test_only_what_a_person_can_take_over_is_accepted(shop: Shop, code: str, by: str, expected: str) -> None:
    with shop.store.writing() as session:
        holds.put(session, AccountHold(shop.id, code="books_older_than_shop", message="It is older."))
    act = lambda: accepting.accept(shop.store, shop.id, code, decided_by=by, through="cli")  # noqa: E731
    assert error_of(act).code == expected
    assert codes_of_holds(shop) == ["books_older_than_shop"]


def test_what_was_accepted_is_in_the_log(shop: Shop) -> None:
    renames(shop, "BetterMugs")
    looked(shop)
    accept(shop, "shop_renamed")
    with shop.store.reading() as session:
        (found,), _ = link_decisions.log(session, shop.id)
    assert (found.decision, found.decided_by) == ("accepted", "Ada")
    assert "BetterMugs" in found.note


def test_people_are_told_of_a_hold_at_once_and_once(shop: Shop) -> None:
    renames(shop, "BetterMugs")
    looked(shop)
    sent: list[Notice] = []
    for _ in range(2):
        send_what_is_due(shop.store, receivers("https://hear.test/notices"), lambda _, notice: sent.append(notice))
    (notice,) = sent
    assert "is held" in notice.subject
    assert "sync" not in notice.subject
    assert "accounts accept" in notice.text


def test_a_reconnected_shop_keeps_its_currency_until_that_is_accepted(shop: Shop) -> None:
    changes_currency(shop)
    oauth, client_for = wiring.oauth_of(shop.world.settings), wiring.client_for(shop.world.settings, shop.store)
    code, state = code_from_redirect(grant(connect.start(shop.store, oauth, shop.id).location, 1))
    assert connect.finish(shop.store, oauth, client_for, code=code, state=state).currency_code == "USD"
    assert error_of(lambda: looked(shop)).code == "currency_changed"
