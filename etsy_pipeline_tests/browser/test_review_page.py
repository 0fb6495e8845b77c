"""A shop owner's walk through the review page, in a real browser without scripts, on a phone and on a desktop.

axe-core looks at every page for what keeps people out. Set SCREENSHOTS to a folder to keep the pictures.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_core_python.selenium import Axe
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from etsy_pipeline.settings import Settings
from etsy_pipeline.store import items, jobs
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline.sync import queries
from etsy_pipeline_tests.api.serving import TOKEN, serving
from etsy_pipeline_tests.browser.chromium import chromium, needs_chromium
from etsy_pipeline_tests.publishing.shop import Shop
from etsy_pipeline_tests.world import World, a_world

PHONE, DESKTOP = 360, 1200
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


def sign_in(site: "Site") -> None:
    site.open("/review")
    site.look("sign-in")
    site.type("token", TOKEN)
    site.press("Sign in")
    site.see("Syncs")
    site.look("syncs")


def review_and_approve(site: "Site", job: EtsySyncJob) -> None:
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


def see_what_became_of_it(site: "Site") -> None:
    site.see("What became of it")  # by itself
    site.see("completed with errors")
    site.see("without the new bowl")
    site.see("listing on Etsy")  # of the product that is new there
    site.look("results")
    site.open("/review/products")
    site.see("synced")
    site.look("products")


def plan_where_there_is_nothing_to_do(site: "Site", shop: Shop) -> None:
    """All that is left in Medusa is invalid, and a draft."""
    shop.world.keep_only(*shop.world.product_ids("title_too_long", "draft"))
    site.open(f"/review/{shop.plan(covers_selection=False).transaction_id}")
    site.see("nothing to do")
    site.see("so there is nothing to decide")
    site.see("Try the invalid ones again")
    site.look("nothing-to-do")


def look_at_the_shops(site: "Site", shop: Shop) -> None:
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


def connect_again(site: "Site") -> None:
    """The form's answer leads to Etsy's page, and the page's policy lets it."""
    site.open("/review/accounts")
    site.press("Connect again")
    site.wait(lambda browser: "/oauth/connect" in browser.current_url)


class Site:
    """The pages, as far as a person touches them; no script of theirs would run."""

    def __init__(self, browser: Chrome, url: str) -> None:
        self._browser, self._url = browser, url

    def open(self, path: str) -> None:
        self._browser.get(f"{self._url}{path}")

    def see(self, text: str) -> None:
        self.wait(lambda browser: text in browser.find_element(By.TAG_NAME, "body").text)

    def press(self, text: str) -> None:
        path = f"//main//*[self::button or self::a][contains(., '{text}')]"
        page = self._browser.find_element(By.TAG_NAME, "html")
        self._browser.find_element(By.XPATH, path).click()
        self.wait(lambda browser: browser.find_element(By.TAG_NAME, "html") != page)

    def type(self, field: str, text: str) -> None:
        element = self._browser.find_element(By.ID, field)
        element.clear()
        element.send_keys(text)

    def choose(self, field: str, text: str) -> None:
        Select(self._browser.find_element(By.ID, field)).select_by_visible_text(text)

    def tick(self, text: str) -> None:
        """As with the tab key: a box that has the focus is not covered by the page's bar, and can be clicked."""
        box = self._browser.find_element(By.XPATH, f"//label[contains(., '{text}')]/input")
        self._browser.execute_script("arguments[0].focus()", box)
        box.click()

    def pictures(self) -> int:
        script = "return [...document.images].filter(item => item.complete && item.naturalWidth).length"
        self.wait(lambda browser: browser.execute_script(script))
        return int(self._browser.execute_script(script))

    def look(self, name: str, **options: Any) -> None:
        """On both sizes, in the light and in the dark: nothing to keep anybody out, nothing beyond the edge."""
        for width in (PHONE, DESKTOP):
            for scheme in ("light", "dark"):
                self._show(width, 800, scheme)
                found = Axe().run(self._browser, options=str(options).replace("False", "false") if options else None)
                assert found["passes"], "axe looked"
                assert [(item["id"], item["nodes"][0]["html"]) for item in found["violations"]] == [], (name, width)
                wide = self._browser.execute_script("return document.documentElement.scrollWidth")
                assert wide <= width, (name, width, wide)
                self._picture(f"review-{name}-{width}-{scheme}", width, scheme)

    def _show(self, width: int, height: int, scheme: str) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        feature = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        self._browser.execute_cdp_cmd("Emulation.setEmulatedMedia", feature)

    def _picture(self, name: str, width: int, scheme: str) -> None:
        folder = os.environ.get("SCREENSHOTS")
        if folder:
            height = self._browser.execute_script("return document.documentElement.scrollHeight")
            self._show(width, min(height, 2400), scheme)
            self._browser.save_screenshot(str(Path(folder) / f"{name}.png"))

    def wait(self, is_so: Any) -> None:
        WebDriverWait(self._browser, 120).until(is_so)
