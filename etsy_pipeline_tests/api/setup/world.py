"""A machine on which nothing is set up yet, beside a sandbox that plays the shop's own Medusa and Etsy.

Where Etsy is comes from the environment, as it never would with a real one; keys and addresses are typed in.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from etsy_pipeline.sandbox.consent import grant
from etsy_pipeline.settings import Settings
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.api.serving import serving
from etsy_pipeline_tests.api.visitor import Visitor
from etsy_pipeline_tests.world import World

OF_ETSY = ("ETSY_API_URL", "ETSY_OAUTH_URL", "ETSY_TOKEN_URL", "ETSY_PIPELINE_TRUSTED_IMAGE_HOSTS")


def nothing_is_set(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment names the sandbox's Etsy, and no key."""
    for name in OF_ETSY:
        monkeypatch.setenv(name, world.sandbox.environment()[name])


@contextmanager
def a_visitor(store: Store) -> Iterator[Visitor]:
    """Somebody at the machine, with a browser that runs no scripts."""
    with serving(Settings.load(), store) as url:
        yield Visitor(url)


class Owner:
    """A shop owner who goes through the steps."""

    def __init__(self, world: World, visitor: Visitor) -> None:
        self.visitor, self.keys = visitor, world.sandbox.environment()

    def connects_medusa(self, **typed: Any) -> None:
        self.visitor.open("/setup/medusa")
        keys = {"url": self.keys["MEDUSA_URL"], "api_key": self.keys["MEDUSA_API_KEY"]}
        self.visitor.send("/setup/medusa", **(keys | typed))

    def says_the_unit(self, unit: str = "major") -> None:
        self.visitor.send("/setup/medusa/unit", unit=unit)

    def types_the_apps_keys(self, **typed: Any) -> None:
        self.visitor.open("/setup/etsy")
        keys = {"client_id": self.keys["ETSY_CLIENT_ID"], "shared_secret": self.keys["ETSY_SHARED_SECRET"]}
        self.visitor.send("/setup/etsy", **(keys | typed))

    def connects_the_shop(self, shop: int = 1) -> None:
        """Etsy's page, and the address that the browser ends on, which is pasted."""
        self.visitor.open("/setup/shop")
        client = self.visitor.client
        fields = self.visitor.fields("/setup/shop/connect")
        location = client.post("/setup/shop/connect", data=fields, follow_redirects=False).headers["location"]
        self.visitor.send("/setup/shop/paste", address=grant(location, shop))

    def is_connected(self) -> str:
        """Everything as far as the shop; its account."""
        self.connects_medusa()
        self.says_the_unit()
        self.types_the_apps_keys()
        self.connects_the_shop()
        return self.visitor.page.url.path.split("/")[3]
