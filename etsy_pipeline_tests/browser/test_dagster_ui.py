"""A shop owner's walk through the Dagster UI, in a real browser: plan, look, approve, see it published.

Set SCREENSHOTS to a folder to keep the pictures that the README shows.
"""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from selenium.common.exceptions import (
    ElementClickInterceptedException,
    StaleElementReferenceException,
    TimeoutException,
)
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from etsy_pipeline import wiring
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsyAccount, EtsySyncJob
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import queries
from etsy_pipeline_tests.browser.chromium import needs_chromium
from etsy_pipeline_tests.dagster_dev import PATIENCE_SECONDS, dagster_dev, partitions, until
from etsy_pipeline_tests.world import World

pytestmark = needs_chromium
AGAIN_SECONDS = 15


@pytest.fixture
def store(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    for name, value in world.sandbox.environment().items():
        monkeypatch.setenv(name, value)
    opened = wiring.store_of(world.settings)
    yield opened
    opened.close()


@pytest.fixture
def dagster_url(store: Store, tmp_path: Path) -> Iterator[str]:
    del store
    with dagster_dev(tmp_path) as url:
        yield url


@pytest.mark.long
def test_a_shop_owner_plans_looks_approves_and_sees_it_published(
    world: World, store: Store, dagster_url: str, browser: Chrome
) -> None:
    account = world.connected(store, publish_as="active")
    world.keep_only(*world.product_ids("clean", "title_too_long", "no_images", "draft"))
    ui = Ui(browser, dagster_url)
    until(lambda: account.id in partitions(dagster_url), "the account's partition")

    ui.open("/assets/sync_plan?view=lineage&lineageDepth=5")
    ui.screenshot("lineage")
    ui.materialize("/locations/etsy_pipeline/jobs/plan_sync", account)
    until(lambda: newest(store).state is SyncState.PLANNED, "the plan")

    ui.open("/assets/sync_plan")
    ui.see("13 new")
    ui.see(newest(store).transaction_id)
    ui.screenshot("plan-summary")
    ui.click("[Show Markdown]")
    ui.screenshot("plan")
    assert world.calls().get("createDraftListing", 0) == 0, "nothing is published before the approval"

    ui.materialize("/assets/publication_approval", account)
    until(lambda: newest(store).state is SyncState.COMPLETED_WITH_ERRORS, "the publication")
    ui.open("/assets/publication_approval")
    ui.see("approved_by")
    ui.screenshot("approval")
    ui.open("/assets/published_listings")
    ui.see("synced_count")
    ui.screenshot("published")

    job = newest(store)
    assert (job.synced_count, job.failed_count, job.skipped_count) == (13, 1, 1)
    assert world.calls()["createDraftListing"] == 13
    ui.open(f"/runs/{job.publish_run_id}")
    ui.screenshot("publication-run")

    meanwhile(world, store)
    ui.materialize("/locations/etsy_pipeline/jobs/plan_sync", account)
    until(lambda: newest(store).id != job.id and newest(store).state is SyncState.PLANNED, "the second plan")
    ui.open("/assets/sync_plan")
    ui.see("Look twice: 1 brake and 1 conflict")
    ui.screenshot("plan-with-brakes-summary")
    ui.click("[Show Markdown]", last=True)
    ui.see("price_hundredfold")
    ui.screenshot("plan-with-brakes")


def meanwhile(world: World, store: Store) -> None:
    """A seller edits two listings on Etsy, and in Medusa somebody takes cents for units."""
    first, second, third = (item["listing_id"] for item in world.listings()[:3])
    world.etsy("PATCH", f"listings/{first}", {"title": "Last pieces: hand thrown mug"})
    world.etsy("PATCH", f"listings/{second}", {"state": "inactive"})
    product = next(link.product_id for link in queries.find_links(store) if link.etsy_listing_id == third)
    prices = world.usd_prices(product)
    changed = {variant: {"price": {"usd": price * 100}} for variant, price in prices.items()}
    world.medusa("PATCH", f"products/{product}", {"variants": changed})


class Ui:
    """The Dagster UI, as far as a shop owner touches it."""

    def __init__(self, browser: Chrome, url: str) -> None:
        self._browser, self._url = browser, url

    def open(self, path: str) -> None:
        self._browser.get(f"{self._url}{path}")
        self._find("//*[contains(text(), 'Lineage')]")

    def see(self, text: str) -> None:
        self._find(f"//*[contains(text(), '{text}')]")

    def click(self, text: str, *, last: bool = False) -> None:
        """Click once: again only where something lay over it, or it was drawn anew, so that nothing was clicked."""
        for _ in range(PATIENCE_SECONDS // AGAIN_SECONDS):
            element = self._find(f"//*[contains(text(), '{text}')]", last=last)
            with suppress(StaleElementReferenceException, ElementClickInterceptedException):
                self._browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
                element.click()
                return
            time.sleep(1)
        raise AssertionError(f"{text} cannot be clicked")

    def click_for(self, text: str, wanted: str) -> WebElement:
        """Click until something shows: the page may be drawn anew under the click, which is lost then."""
        for _ in range(PATIENCE_SECONDS // AGAIN_SECONDS):
            with suppress(TimeoutException, StaleElementReferenceException, ElementClickInterceptedException):
                self._find(f"//*[contains(text(), '{text}')]", seconds=AGAIN_SECONDS).click()
            with suppress(TimeoutException):
                return self._find(f"//*[contains(text(), '{wanted}')]", seconds=AGAIN_SECONDS)
        raise AssertionError(f"{wanted} does not show after {text} was clicked")

    def materialize(self, path: str, account: EtsyAccount) -> None:
        """Press Materialize, choose the account's partition, and launch."""
        self.open(path)
        self.click_for("Materialize", "Partition selection")
        self.click_for("Select a partition", account.id).click()
        self._press("//*[contains(text(), 'Partition selection')]")  # elsewhere: that closes the list of partitions
        self.screenshot(f"materialize-{path.rsplit('/', 1)[-1]}")
        self._press("//button[contains(., 'Launch')]")
        self._gone("//*[contains(text(), 'Partition selection')]")

    def _press(self, xpath: str) -> None:
        """Click whatever lies over it: the list of partitions may, until a click elsewhere closes it."""
        events = "for (const kind of ['mousedown', 'mouseup', 'click'])"
        event = "arguments[0].dispatchEvent(new MouseEvent(kind, {bubbles: true, cancelable: true}))"
        self._browser.execute_script(f"{events} {event}", self._find(xpath))

    def screenshot(self, name: str) -> None:
        folder = os.environ.get("SCREENSHOTS")
        if folder:
            time.sleep(3)  # let the page settle
            self._browser.save_screenshot(str(Path(folder) / f"{name}.png"))

    def _gone(self, xpath: str) -> None:
        WebDriverWait(self._browser, PATIENCE_SECONDS).until(lambda driver: not driver.find_elements(By.XPATH, xpath))

    def _find(self, xpath: str, *, last: bool = False, seconds: int = PATIENCE_SECONDS) -> WebElement:
        def visible(driver: Chrome) -> WebElement | bool:
            shown = [item for item in driver.find_elements(By.XPATH, xpath) if item.is_displayed()]
            return shown[-1 if last else 0] if shown else False

        found = WebDriverWait(self._browser, seconds, ignored_exceptions=[StaleElementReferenceException]).until(
            visible
        )
        assert isinstance(found, WebElement)
        return found


def newest(store: Store) -> EtsySyncJob:
    found = queries.latest_jobs(store, most=1)
    return found[0] if found else EtsySyncJob(id="none yet", transaction_id="", etsy_account_id="")
