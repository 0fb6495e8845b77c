"""A shop owner's walk through the review page, in a real browser, on a phone and on large screens.

axe-core looks at every page for what keeps people out. Set SCREENSHOTS to a folder to keep the pictures.
"""

from datetime import timedelta

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.keys import Keys

from etsy_pipeline.accounts import configure
from etsy_pipeline.store import items, jobs, signs_of_life
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.sync import queries
from etsy_pipeline.sync.request import request_sync
from etsy_pipeline_tests.api.serving import TOKEN, serving
from etsy_pipeline_tests.browser.chromium import needs_chromium
from etsy_pipeline_tests.browser.site import Site
from etsy_pipeline_tests.publishing.shop import Shop
from etsy_pipeline_tests.world import World

# It may look again by itself where it was asked to, and a link stops that (WCAG 2.2.1)
FOLLOWED = {"rules": {"meta-refresh": {"enabled": False}}}

pytestmark = needs_chromium


@pytest.fixture
def shop(world: World, sqlite_store: Store) -> Shop:
    """A shop with published listings, of which a seller and somebody in Medusa changed a few since."""
    made = Shop(world, sqlite_store, world.connected(sqlite_store, publish_as="active"))
    world.keep_only(*world.product_ids("clean", "title_too_long", "no_images", "draft"))
    made.sync(excluded_products=world.product_ids("clean")[:2])
    first, second, third = (item["listing_id"] for item in world.listings()[:3])
    world.etsy("PATCH", f"listings/{first}", {"title": "Last pieces: hand thrown mug"})
    world.etsy("PATCH", f"listings/{second}", {"state": "inactive"})
    product = next(link.product_id for link in queries.find_links(sqlite_store) if link.etsy_listing_id == third)
    changed = {variant: {"price": {"usd": price * 100}} for variant, price in world.usd_prices(product).items()}
    world.medusa("PATCH", f"products/{product}", {"variants": changed})
    return made


@pytest.mark.long
def test_a_shop_owner_signs_in_looks_leaves_one_out_approves_and_sees_it_done(
    world: World, sqlite_store: Store, shop: Shop, browser: Chrome
) -> None:
    settings = world.settings_with(etsy_pipeline_api_token=TOKEN)
    job = shop.plan()
    with serving(settings, sqlite_store) as url:
        site = Site(browser, url)
        sign_in(site)
        review_and_approve(site, sqlite_store, job)
        shop.publish(job)
        dagster_looked(sqlite_store)
        see_what_became_of_it(site)
        plan_where_there_is_nothing_to_do(site, shop)
        look_at_the_shops(site, shop)
        site.open("/review/wf_nope")
        site.look("problem")
        connect_again(site)
    with sqlite_store.reading() as session:
        record = jobs.approval(session, job.transaction_id)
        skipped = items.matching(session, job.id, outcome="skipped", actions=("create",))
        excluded = [item.product_id for item in skipped]
    assert record is not None
    assert record.excluded_products == tuple(excluded)
    assert len(excluded) == 1


def test_a_plan_is_gone_through_with_the_keyboard(
    world: World, sqlite_store: Store, shop: Shop, browser: Chrome
) -> None:
    """What is ticked and looked at with keys is the same as with a mouse; whoever wants none switches them off."""
    settings = world.settings_with(etsy_pipeline_api_token=None)
    job = shop.plan()
    plan = f"/review/{job.transaction_id}"
    with serving(settings, sqlite_store) as url:
        site = Site(browser, url)
        dagster_looked(sqlite_store)
        site.open(plan)
        site.keys("jjx")
        current = "[...document.querySelectorAll('[data-card]')].findIndex(card => card.matches('.is-current'))"
        assert site.script(f"return {current}") == 1
        ticked = "return [...document.querySelectorAll('[name=leave]')].map(box => box.checked)"
        assert site.script(ticked) == [False, True, False, False]
        site.keys("k" + Keys.ENTER)
        site.see("As it will be")
        site.press("Ask Etsy now")
        site.see("As Etsy has it now")
        site.look("preview")
        site.keys("j")
        site.wait(lambda page: "at=1" in page.current_url)
        site.see("As it will be")
        site.keys("u")
        site.see("What changes: 1–4")
        site.keys("/")
        assert site.script("return document.activeElement.id") == "q"
        site.keys("jx candle")
        assert site.script("return document.activeElement.value") == "jx candle", "in a field they are letters"
        site.open(plan)
        site.keys("?")
        assert site.script("return document.querySelector('dialog').open")
        site.look("keys")
        site.keys(Keys.SPACE + Keys.ESCAPE)
        site.keys("j")
        assert site.script(f"return {current}") == -1, "they are off"


def test_times_are_those_of_the_reader(world: World, sqlite_store: Store, browser: Chrome) -> None:
    job = request_sync(sqlite_store, account_id=world.connected(sqlite_store).id, product_ids=None, trigger="ui")
    browser.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": "Asia/Kathmandu"})
    with serving(world.settings_with(etsy_pipeline_api_token=None), sqlite_store) as url:
        site = Site(browser, url)
        site.open("/review/")
        shown = site.script("return document.querySelector('.small time').textContent")
        exact = site.script("return document.querySelector('.small time').title")
    assert shown == f"{job.created_at + timedelta(hours=5, minutes=45):%Y-%m-%d %H:%M}"
    assert exact == f"{job.created_at:%Y-%m-%d %H:%M} UTC"
    browser.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": ""})


def test_the_plan_of_a_shop_that_lacks_its_profiles_tells_it_once(
    world: World, sqlite_store: Store, shop: Shop, browser: Chrome
) -> None:
    settings = world.settings_with(etsy_pipeline_api_token=None)
    configure.configure(sqlite_store, shop.id, {"shipping_profile": None, "processing_profile": None})
    job = shop.plan()
    with serving(settings, sqlite_store) as url:
        site = Site(browser, url)
        dagster_looked(sqlite_store)
        site.open(f"/review/{job.transaction_id}")
        site.see("products wait for a shipping profile")
        site.look("waits")
        site.press("Cannot be published")
        assert site.pictures() > 0, "what cannot be published has its picture, too"
        site.look("cannot-be-published")
        site.open("/review/people")
        site.type("person", "Ada")
        site.press("Add")
        site.see("Ada's token, shown this once")
        site.look("people")


def sign_in(site: Site) -> None:
    site.open("/review")
    site.look("sign-in")
    site.type("token", TOKEN)
    site.press("Sign in")
    site.see("Syncs")
    site.look("syncs")


def dagster_looked(store: Store) -> None:
    """Its sensors give a sign of life, as they do every minute; without one a banner says that nothing is published."""
    with store.writing() as session:
        signs_of_life.note(session, signs_of_life.SENSORS)


def review_and_approve(site: Site, store: Store, job: EtsySyncJob) -> None:
    dagster_looked(store)
    site.open(f"/review/{job.transaction_id}")
    site.see("hundredfold")
    site.see("Last pieces: hand thrown mug")
    assert site.pictures() > 0, "the policy lets them through"
    site.look("plan")
    site.press("New")
    site.tick("Leave out")
    site.look("plan-ticked")
    dagster_looked(store)
    site.press("Decide…")
    site.see("Left out: 1 product")
    site.type("decided_by", "Ada")
    site.type("note", "without the new bowl")
    site.look("decide")
    site.press("Approve and publish")
    site.see("It is being published")
    site.look("progress", **FOLLOWED)


def see_what_became_of_it(site: Site) -> None:
    site.see("What became of it")  # by itself
    site.see("completed with errors")
    site.see("without the new bowl")
    site.see("listing on Etsy")  # of the product that is new there
    site.look("results")
    site.open("/review/products")
    site.see("synced")
    site.look("products")


def plan_where_there_is_nothing_to_do(site: Site, shop: Shop) -> None:
    """All that is left in Medusa is invalid, and a draft."""
    shop.world.keep_only(*shop.world.product_ids("title_too_long", "draft"))
    site.open(f"/review/{shop.plan(covers_selection=False).transaction_id}")
    site.see("nothing to do")
    site.see("There is nothing to decide")
    site.see("Try them again")
    site.look("nothing-to-do")


def look_at_the_shops(site: Site, shop: Shop) -> None:
    site.open("/review/accounts")
    site.look("shops")
    site.press("Settings")
    site.look("settings")
    site.open(f"/review/accounts/{shop.id}/disconnect")
    site.look("disconnect")


def connect_again(site: Site) -> None:
    """The form's answer leads to Etsy's page, and the page's policy lets it."""
    site.open("/review/accounts")
    site.press("Connect again")
    site.wait(lambda browser: "/oauth/connect" in browser.current_url)
