"""What waits for a person among a shop's orders, decided in a real browser; and the prices that settings lead to."""

from selenium.webdriver import Chrome

from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.api.serving import serving
from etsy_pipeline_tests.browser.chromium import needs_chromium
from etsy_pipeline_tests.browser.site import Site
from etsy_pipeline_tests.orders.selling import Selling
from etsy_pipeline_tests.world import World

pytestmark = needs_chromium


def test_a_shop_owner_sees_what_waits_and_closes_what_can_never_be(
    world: World, sqlite_store: Store, browser: Chrome
) -> None:
    shop = Selling.of(world, sqlite_store, pieces=20)
    shop.buys(2)
    shop.look()
    with shop.reservations_client() as medusa:
        medusa.release(shop.world.reservations()[0]["id"])
    refunded = shop.buys()
    never = shop.buys(bad="quantity")
    shop.buys(bad="listing")
    shop.look()
    world.refund(refunded)
    world.restock(shop.variant, 0)
    shop.buys()
    shop.look()
    path = f"/review/accounts/{shop.id}/orders"
    with serving(world.settings_with(etsy_pipeline_api_token=None), sqlite_store) as url:
        site = Site(browser, url)
        site.open(path)
        site.see("5 wait for you")
        site.script("document.querySelectorAll('details').forEach(item => { item.open = true })")
        site.look("orders")
        site.open(path)
        order = f"//li[contains(@class, 'row') and contains(., '{never}')]"
        site.click(f"{order}//summary[contains(., 'Close it by hand')]")
        site.type(f"r{never}", "the buyer got another one")
        site.click(f"{order}//button[contains(., 'Close the order')]")
        site.see("4 wait for you")
        site.open(f"/setup/shops/{shop.id}/settings?q=price.floor")
        site.type("price-floor", "5000")
        site.press_until("See the prices first", "would cost something else")
        site.look("prices")
    assert shop.receipt(never).state == "done"
