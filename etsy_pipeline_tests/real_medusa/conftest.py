"""A real Medusa with our goods, and a shop on the local Etsy that sells them. `CONTRIBUTING.md` says how to run it.

It writes to the Medusa that MEDUSA_URL names, so nothing here runs unless `-m medusa` is asked for.
"""

import os
from collections.abc import Iterator

import pytest

from etsy_pipeline_tests.real_medusa import pictures, price_lists, selling_both_ways
from etsy_pipeline_tests.real_medusa.goods import OWN, recorded
from etsy_pipeline_tests.real_medusa.seeding import Seed
from etsy_pipeline_tests.real_medusa.selling_both_ways import Etsys
from etsy_pipeline_tests.real_medusa.server import KEY, URL, Server


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest) -> Server:
    """The Medusa of the environment."""
    if request.config.getoption("-m") != "medusa":
        pytest.skip("writes to a real Medusa: only with -m medusa")
    if not (URL and KEY):
        pytest.fail("needs an empty real Medusa: set MEDUSA_URL and MEDUSA_API_KEY")
    if "PYTEST_XDIST_WORKER" in os.environ:
        pytest.fail("these tests share one Medusa: run them with -n 0")
    return Server()


@pytest.fixture(scope="session")
def picture_server() -> Iterator[str]:
    """Where the products' pictures are."""
    with pictures.served() as address:
        yield address


@pytest.fixture(scope="session")
def seed(server: Server, picture_server: str) -> Iterator[Seed]:
    """Our goods in Medusa, and nothing else; they are gone afterwards."""
    made = Seed(server, picture_server)
    made.sweep()
    made.require_empty()
    made.furnish()
    price_lists.make(made, made.make([*OWN, *recorded()]))
    yield made
    made.sweep()


@pytest.fixture(scope="session")
def etsys(seed: Seed) -> Etsys:
    """What an order from Etsy gets in Medusa."""
    return selling_both_ways.etsys(seed)
