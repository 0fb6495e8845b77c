"""A shop owner decides which listings are products of Medusa: picture beside picture, on a phone and on a desktop."""

import pytest
from selenium.webdriver import Chrome

from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.api.serving import TOKEN, serving
from etsy_pipeline_tests.browser.chromium import needs_chromium
from etsy_pipeline_tests.browser.site import Site
from etsy_pipeline_tests.shop.owner import Owner
from etsy_pipeline_tests.world import World

pytestmark = needs_chromium


@pytest.fixture
def owner(world: World, sqlite_store: Store) -> Owner:
    """Two certain candidates, and a product that two listings with long names may be."""
    made = Owner(world, sqlite_store, world.connected(sqlite_store))
    picture = f"{world.sandbox.medusa_url}/img/004.jpg"
    world.keep_only()
    for number in (1, 2, 3, 3):
        made.lists(f"Hand thrown stoneware bowl, speckled glaze, gift for her, number {number}", sku=f"BOWL-{number}")
    for number in (1, 2, 3):
        made.sells(f"prod_{number}", f"BOWL-{number}", images=[{"url": picture, "rank": 0}])
    made.looks_and_plans()
    return made


def test_a_shop_owner_links_what_is_certain_and_decides_on_the_rest(
    world: World, sqlite_store: Store, owner: Owner, browser: Chrome
) -> None:
    settings = world.settings_with(etsy_pipeline_api_token=TOKEN)
    with serving(settings, sqlite_store) as url:
        site = Site(browser, url)
        site.open("/review")
        site.type("token", TOKEN)
        site.press("Sign in")
        site.open("/review/accounts")
        site.press("May be on Etsy already")
        site.see("Hand thrown stoneware bowl")
        assert site.pictures() > 0, "the policy lets them through"
        site.look("candidates")
        site.press("Look at the 2 certain ones together")
        site.look("candidates-certain")
        site.type("decided_by", "Ada")
        site.press("link 2")
        site.see("2 linked")
        site.look("candidates-linked")
        site.press("All candidates")
        site.press("It is another product")
        site.see("Another product: listing")
        site.press("It is this listing")
        site.see("No product waits for a decision")
        site.look("candidates-none")
    assert [entry.decision for entry in owner.log()] == ["attached", "attached", "create_anyway", "attached"]
