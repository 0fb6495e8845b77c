"""A shop owner's first hour in a browser: from no settings at all to the first plan, without a terminal.

The sandbox's addresses and keys are typed in as if they were a shop's own. Set SCREENSHOTS to keep pictures.
"""

import socket
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
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import queries
from etsy_pipeline_tests.api.serving import serving
from etsy_pipeline_tests.api.setup.world import nothing_is_set
from etsy_pipeline_tests.browser.chromium import chromium, needs_chromium
from etsy_pipeline_tests.browser.site import Site
from etsy_pipeline_tests.publishing.shop import Shop
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


@pytest.fixture
def store(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    nothing_is_set(world, monkeypatch)
    with closing(wiring.store_of(Settings.load())) as opened:
        yield opened


def test_from_nothing_to_the_first_plan(world: World, store: Store, port: int, tmp_path: Path) -> None:
    with serving(Settings.load(), store, port=port), chromium(tmp_path) as browser:
        person = Person(browser, f"http://localhost:{port}")
        connect_medusa(person, world)
        connect_etsy(person, world)
        connect_shop(person)
        choose(person)
        look_at_what_can_be_listed(person)
        account_id = draw_up_the_plan(person, store, world)
        look_around(person, account_id)
        print(f"first hour: {person.clicks} clicks")  # noqa: T201 - a figure
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


def draw_up_the_plan(person: Person, store: Store, world: World) -> str:
    person.see("The first plan")
    person.look("setup-plan")
    person.press("Draw up the plan")
    person.wait(lambda browser: "/review/wf_" in browser.current_url)
    (job,), _ = queries.jobs_page(store, account_id=None, status=None, first=0, most=2)
    assert job.state is SyncState.REQUESTED
    with store.reading() as session:
        account = accounts.get(session, job.etsy_account_id)
    assert accounts.settings_of(account).publish_as == "draft"
    Shop(world, store, account).plan(transaction_id=job.transaction_id)  # which is Dagster's part
    person.open(f"/review/{job.transaction_id}")
    person.see("awaiting approval")
    return account.id


def look_around(person: Person, account_id: str) -> None:
    """Afterwards: that all works, and every setting by form."""
    person.open("/setup/status")
    person.look("setup-status")
    path = f"/setup/shops/{account_id}/settings"
    person.open(path)
    person.look("setup-settings")
    person.open(f"{path}?q=price")
    person.type("price-markup_percent", "a lot")
    Person.press(person, "Save")
    person.see("Nothing was changed")
    person.look("setup-settings-wrong")
