"""A shop owner's walk through the review page, in a real browser without scripts, on a phone and on a desktop.

axe-core looks at every page for what keeps people out. Set SCREENSHOTS to a folder to keep the pictures.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome

from etsy_pipeline.settings import Settings
from etsy_pipeline.store import items, jobs
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.sync import queries
from etsy_pipeline_tests.api.serving import TOKEN, serving
from etsy_pipeline_tests.browser.chromium import chromium, needs_chromium
from etsy_pipeline_tests.browser.site import Site
from etsy_pipeline_tests.publishing.shop import Shop
from etsy_pipeline_tests.world import World, a_world

# It may look again by itself where it was asked to, and a link stops that (WCAG 2.2.1)
FOLLOWED = {"rules": {"meta-refresh": {"enabled": False}}}

pytestmark = needs_chromium


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with a_world(tmp_path) as made:
        yield made


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


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Chrome]:
    with chromium(tmp_path) as driver:
        yield driver


def test_a_shop_owner_signs_in_looks_leaves_one_out_approves_and_sees_it_done(
    world: World, sqlite_store: Store, shop: Shop, browser: Chrome
) -> None:
    values: dict[str, Any] = {name.lower(): value for name, value in world.sandbox.environment().items()}
    settings = Settings.load(**values, etsy_pipeline_api_token=TOKEN)
    job = shop.plan()
    with serving(settings, sqlite_store) as url:
        site = Site(browser, url)
        sign_in(site)
        review_and_approve(site, job)
        shop.publish(job)
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


def sign_in(site: Site) -> None:
    site.open("/review")
    site.look("sign-in")
    site.type("token", TOKEN)
    site.press("Sign in")
    site.see("Syncs")
    site.look("syncs")


def review_and_approve(site: Site, job: EtsySyncJob) -> None:
    site.open(f"/review/{job.transaction_id}")
    site.see("hundredfold")
    site.see("Last pieces: hand thrown mug")
    assert site.pictures() > 0, "the policy lets them through"
    site.look("plan")
    site.choose("show", "To create")
    site.press("Show")
    site.tick("Leave out")
    site.look("plan-ticked")
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
    site.see("so there is nothing to decide")
    site.see("Try the invalid ones again")
    site.look("nothing-to-do")


def look_at_the_shops(site: Site, shop: Shop) -> None:
    site.open("/review/accounts")
    site.look("shops")
    site.press("Settings")
    site.look("settings")
    site.type("setting", "price.rounding")
    site.type("value", "sideways")
    site.press("Change it")
    site.see("price.rounding")
    site.look("settings-wrong")
    site.type("value", "ninety_nine")
    site.press("Change it")
    site.see("Changed: price.rounding")
    site.open(f"/review/accounts/{shop.id}/disconnect")
    site.look("disconnect")


def connect_again(site: Site) -> None:
    """The form's answer leads to Etsy's page, and the page's policy lets it."""
    site.open("/review/accounts")
    site.press("Connect again")
    site.wait(lambda browser: "/oauth/connect" in browser.current_url)
