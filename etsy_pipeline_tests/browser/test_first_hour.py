"""A shop owner's first hour in a browser: from no settings at all to the first listings, with one command before it.

`etsy-pipeline up` runs as processes, Dagster among them. The sandbox's addresses and keys are typed in as if they were
a shop's own. Set SCREENSHOTS to keep pictures.
"""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select

from etsy_pipeline import wiring
from etsy_pipeline.sandbox.server import Sandbox, SandboxOptions
from etsy_pipeline.settings import Settings
from etsy_pipeline.store import accounts
from etsy_pipeline.sync import queries
from etsy_pipeline_tests.api.setup.world import nothing_is_set
from etsy_pipeline_tests.browser.chromium import chromium, needs_chromium
from etsy_pipeline_tests.browser.site import Site
from etsy_pipeline_tests.everything_up import everything_up, free_port
from etsy_pipeline_tests.world import World

pytestmark = needs_chromium

MOST_CLICKS = 30
FOLLOWED = {"rules": {"meta-refresh": {"enabled": False}}}


class Person(Site):
    """The browser of somebody whose clicks are counted."""

    def __init__(self, browser: Chrome, url: str) -> None:
        super().__init__(browser, url)
        self.browser, self.clicks = browser, 0

    def press(self, text: str) -> None:
        self.clicks += 1
        super().press(text)

    def choose(self, field: str, text: str) -> None:
        self.clicks += 2
        super().choose(field, text)

    def open_up(self, text: str) -> None:
        self.clicks += 1
        self.browser.find_element(By.XPATH, f"//summary[contains(., '{text}')]").click()

    def pick(self, label: str) -> None:
        self.clicks += 1
        self.browser.find_element(By.XPATH, f"//label[contains(., '{label}')]").click()

    def see_in_time(self, path: str, text: str) -> None:
        """Look at a page until it says so: something goes on elsewhere."""

        def says(browser: Chrome) -> bool:
            self.open(path)
            return text in browser.find_element(By.TAG_NAME, "body").text

        self.wait(says)

    def first_choice(self, field: str) -> str:
        found = Select(self.browser.find_element(By.ID, field)).options
        return next(item.text for item in found if item.get_attribute("value"))


@pytest.fixture
def port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as reserved:
        return int(reserved.getsockname()[1])


@pytest.fixture
def world(tmp_path: Path, port: int) -> Iterator[World]:
    """A sandbox at whose Etsy the address of these pages is registered."""
    back = f"http://localhost:{port}/admin/oauth/etsy/callback"
    options = SandboxOptions(
        state_path=tmp_path / "sandbox.db", requests_per_second=1000, requests_per_day=1_000_000, redirect_uris=(back,)
    )
    with Sandbox(options) as sandbox:
        yield World(sandbox)


@pytest.mark.long
def test_from_nothing_to_the_first_listings(
    world: World, port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing_is_set(world, monkeypatch)
    monkeypatch.setenv("ETSY_PIPELINE_HOME", str(tmp_path / "state"))
    words = ("--no-sandbox", "--api-port", str(port), "--port", str(free_port()))
    began = time.monotonic()
    with everything_up(tmp_path, os.environ, *words), chromium(tmp_path) as browser:
        person = Person(browser, f"http://localhost:{port}")
        connect_medusa(person, world)
        connect_etsy(person, world)
        connect_shop(person)
        choose(person)
        look_at_what_can_be_listed(person)
        transaction_id = draw_up_the_plan(person)
        approve_and_see_it_published(person, transaction_id)
        print(f"first hour: {person.clicks} clicks, {time.monotonic() - began:.0f} s")  # noqa: T201 - figures
        with closing(wiring.store_of(Settings.load(), begins=False)) as store:
            job = queries.job(store, transaction_id)
            with store.reading() as session:
                account = accounts.get(session, job.etsy_account_id)
            linked = {link.etsy_listing_id for link in queries.find_links(store, sync_status="synced")}
        assert job.synced_count > 0
        assert len(linked) == job.synced_count
        assert linked <= {listing["listing_id"] for listing in world.listings()}, "one half made is a draft, too"
        assert {listing["state"] for listing in world.listings()} == {"draft"}
        assert accounts.settings_of(account).publish_as == "draft"
        look_around(person, account.id)
        assert person.clicks <= MOST_CLICKS


def connect_medusa(person: Person, world: World) -> None:
    keys = world.sandbox.environment()
    person.open("/setup")
    person.look("setup-overview")
    person.press("Begin: Medusa")
    person.type("url", "http://localhost:1")
    person.type("api_key", keys["MEDUSA_API_KEY"])
    person.press("Check it")
    person.see("cannot be reached")
    person.look("setup-medusa-wrong")
    person.type("url", keys["MEDUSA_URL"])
    person.press("Check it")
    person.see("It answers, and has")
    person.look("setup-medusa")
    person.browser.find_element(By.CSS_SELECTOR, "input[value=major]").click()
    person.clicks += 1
    person.press("That is right")


def connect_etsy(person: Person, world: World) -> None:
    keys = world.sandbox.environment()
    person.see("Your app at Etsy")
    person.open_up("Use another one")
    person.press("Use this one")
    person.type("client_id", keys["ETSY_CLIENT_ID"])
    person.type("shared_secret", "invented")
    person.press("Check it")
    person.see("etsy_key_invalid")
    person.look("setup-etsy-wrong")
    person.type("shared_secret", keys["ETSY_SHARED_SECRET"])
    person.press("Check it")


def connect_shop(person: Person) -> None:
    person.see("Connect the shop")
    person.look("setup-shop")
    person.press("Go to Etsy")
    person.see("An application asks for access")
    person.clicks += 1
    person.browser.find_element(By.CSS_SELECTOR, "button[value=grant]").click()
    person.see("DustySpoonStudio is connected")
    person.press("Go on with set-up")
    person.press("Go on: Profiles")


def choose(person: Person) -> None:
    for field in ("shipping_profile", "processing_profile", "return_policy"):
        person.choose(field, person.first_choice(field))
    person.look("setup-profiles")
    person.press("Use these: go on")
    person.type("q", "mugs")
    person.press("Look for it")
    person.look("setup-categories")
    person.press("Mugs")
    person.press("Go on")
    person.see("What is sold on Etsy?")
    person.look("setup-selection")
    person.press("Sell these: go on")


def look_at_what_can_be_listed(person: Person) -> None:
    person.see("products can be listed")  # by itself
    person.see("What it would change")
    person.look("setup-forecast", **FOLLOWED)
    person.press("Use it")
    person.see("Changed:")
    person.see("products can be listed")
    person.press("Go on")


def draw_up_the_plan(person: Person) -> str:
    person.see("The first plan")
    person.look("setup-plan")
    person.press("Draw up the plan")
    person.wait(lambda browser: "/review/wf_" in browser.current_url)
    return person.browser.current_url.rpartition("/")[2].partition("?")[0]


def approve_and_see_it_published(person: Person, transaction_id: str) -> None:
    path = f"/review/{transaction_id}"
    person.see_in_time(path, "awaiting approval")
    person.press("Decide")
    person.type("decided_by", "Ada")
    person.press("Approve and publish")
    person.see_in_time(path, "completed")


def look_around(person: Person, account_id: str) -> None:
    """Afterwards: that all works, and every setting by form."""
    person.open("/setup/status")
    person.look("setup-status")
    person.open(f"/setup/shops/{account_id}/attributes?of=Mugs")
    person.see("On Etsy it is")
    person.look("setup-attributes")
    path = f"/setup/shops/{account_id}/settings"
    person.open(path)
    person.look("setup-settings")
    person.open(f"/review/accounts/{account_id}")
    Site.press(person, "Look through the shop")
    person.see_in_time(f"/review/accounts/{account_id}", "The shop was looked through")
    person.look("shop")
    person.open(f"{path}?q=price")
    person.type("price-markup_percent", "a lot")
    Person.press(person, "Save")
    person.see("Nothing was changed")
    person.look("setup-settings-wrong")
