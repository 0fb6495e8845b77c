"""What goes wrong in the middle of a form, in a real browser: nothing that was typed is lost, and there is a way on."""

from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from etsy_pipeline.store import accounts
from etsy_pipeline.store.engine import Store
from etsy_pipeline.sync import queries
from etsy_pipeline_tests.api.serving import TOKEN, serving
from etsy_pipeline_tests.browser.chromium import needs_chromium
from etsy_pipeline_tests.browser.site import Site
from etsy_pipeline_tests.world import World

pytestmark = needs_chromium


def test_a_sign_in_that_ends_a_second_window_a_reload_and_a_double_click_lose_nothing(
    world: World, sqlite_store: Store, browser: Chrome
) -> None:
    account = world.connected(sqlite_store)
    settings = world.settings_with(etsy_pipeline_api_token=TOKEN)
    path = f"/setup/shops/{account.id}/settings?q=quantity.cap"
    with serving(settings, sqlite_store) as url:
        site = Site(browser, url)
        site.open(path)
        site.type("token", TOKEN)
        site.press("Sign in")
        site.type("quantity-cap", "seven")
        site.press("Save")
        site.see("Type a whole number")
        assert browser.find_element(By.ID, "quantity-cap").get_attribute("value") == "seven"
        site.type("quantity-cap", "7")
        browser.delete_all_cookies()
        site.press("Save")
        site.see("What you typed is kept")
        site.look("signed-out")
        site.type("token", TOKEN)
        site.press("Sign in")
        site.look("send-again")
        site.press("Send it again")
        site.see("Saved: Quantity: cap")
        first = browser.current_window_handle
        site.open(path)
        browser.switch_to.new_window("tab")
        site.open(path)
        site.type("quantity-cap", "8")
        site.press("Save")
        browser.close()
        browser.switch_to.window(first)
        site.type("quantity-cap", "9")
        site.press("Save")
        site.see("what you typed stands here")
        site.look("changed-meanwhile")
        site.open(browser.current_url.removeprefix(url))
        site.see("Find a setting")  # the form's own address, opened anew, is its page
        site.open(f"/setup/shops/{account.id}/plan")
        double = "const it = [...document.forms].find(form => form.action.endsWith('/plan')).querySelector('button');"
        site.script(f"{double} it.click(); it.click()")
        site.wait(lambda page: "/review/wf_" in page.current_url)
        browser.back()
        site.press("Draw up the plan")
        site.wait(lambda page: "/review/wf_" in page.current_url)
    assert queries.jobs_page(sqlite_store, account_id=account.id, status=None, first=0, most=9)[1] == 1
    with sqlite_store.reading() as session:
        assert accounts.settings_of(accounts.get(session, account.id)).quantity.cap == 8
