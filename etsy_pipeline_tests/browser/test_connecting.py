"""Connecting a shop in a real browser: it keeps the cookie, comes back from Etsy with it, and finishes with one button."""

import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_core_python.selenium import Axe
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from etsy_pipeline.accounts import configure
from etsy_pipeline.api.asker import COOKIE
from etsy_pipeline.sandbox.consent import grant
from etsy_pipeline.store import accounts
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.api.serving import serving
from etsy_pipeline_tests.browser.chromium import chromium, needs_chromium
from etsy_pipeline_tests.world import a_world

pytestmark = needs_chromium


@pytest.mark.parametrize("chosen", ["", "Mine"])
def test_the_browser_that_began_finishes(chosen: str, sqlite_store: Store, tmp_path: Path) -> None:
    mine = configure.add(sqlite_store, "Mine").id
    with (
        a_world(tmp_path) as world,
        serving(world.settings, sqlite_store) as url,
        chromium(tmp_path) as browser,
        chromium(tmp_path / "another") as another,
    ):
        browser.get(f"{url}/admin/oauth/etsy")
        begun = json.loads(browser.find_element(By.TAG_NAME, "body").text)
        query = urlsplit(grant(begun["location"])).query
        another.get(f"{url}/admin/oauth/etsy/callback?{query}")
        assert "oauth_state_unknown" in another.page_source

        browser.get(f"{url}/admin/oauth/etsy/callback?{query}")
        assert browser.get_cookie(COOKIE) is not None
        looked = Axe().run(browser)
        assert looked["passes"], "axe looked"
        assert [item["id"] for item in looked["violations"]] == []
        if chosen:
            browser.find_element(By.XPATH, f"//label[contains(., '{chosen}')]").click()
        browser.find_element(By.TAG_NAME, "button").click()
        WebDriverWait(browser, 30).until(lambda page: page.title.startswith("Connected"))
        assert "DustySpoonStudio is connected" in browser.find_element(By.TAG_NAME, "main").text
    with sqlite_store.reading() as session:
        shops = {account.id: account.shop_name for account in accounts.every(session)}
    assert len(shops) == (1 if chosen else 2)
    assert shops[mine] == ("DustySpoonStudio" if chosen else None)
