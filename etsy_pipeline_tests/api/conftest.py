"""A sandbox for a whole module, and the API running on each kind of database."""

from collections.abc import Iterator

import httpx
import pytest

from etsy_pipeline.settings import Settings
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.api.serving import TOKEN, WEBHOOK_SECRET, client_of, serving
from etsy_pipeline_tests.api.visitor import Visitor
from etsy_pipeline_tests.world import World, a_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with a_world(tmp_path_factory.mktemp("world")) as made:
        yield made


@pytest.fixture
def settings(world: World) -> Settings:
    """The sandbox's, with a token and a webhook secret."""
    secrets = {"etsy_webhook_secret": WEBHOOK_SECRET, "medusa_webhook_secret": WEBHOOK_SECRET}
    return world.settings_with(etsy_pipeline_api_token=TOKEN, **secrets)


@pytest.fixture
def api(settings: Settings, store: Store) -> Iterator[httpx.Client]:
    """A program with the token, and the API on both kinds of database."""
    with serving(settings, store) as url, client_of(url) as client:
        yield client


@pytest.fixture
def visitor(settings: Settings, store: Store) -> Iterator[Visitor]:
    """Somebody who has signed in, on both kinds of database."""
    with serving(settings, store) as url:
        person = Visitor(url)
        person.sign_in()
        yield person
