"""A real Medusa that is restarted, or cut off, while its catalogue is read: nothing is missing afterwards."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from etsy_pipeline.catalogue.medusa import MedusaCatalogue
from etsy_pipeline.catalogue.patience import Patience
from etsy_pipeline.catalogue.selection import Selection
from etsy_pipeline.errors import Unavailable
from etsy_pipeline_tests.real_medusa.proxy import Answer, Mishap, Proxy, before_medusa
from etsy_pipeline_tests.real_medusa.seeding import Seed
from etsy_pipeline_tests.real_medusa.server import KEY, ON_DEMAND, URL

pytestmark = ON_DEMAND
UP_AGAIN_AFTER = 40  # seconds


@dataclass
class Restart:
    """Time passes only where somebody waits, and Medusa is up again after a while."""

    proxy: Proxy
    lasts: float = UP_AGAIN_AFTER
    now: float = 0.0
    waits: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        before, self.now = self.now, self.now + seconds
        self.waits.append(seconds)
        if before < self.lasts <= self.now:
            self.proxy.stop()
            self.proxy.start()

    def catalogue(self, patience: float = 180) -> MedusaCatalogue:
        waiting = Patience(patience, clock=lambda: self.now, sleep=self.sleep)
        return MedusaCatalogue(self.proxy.url, KEY, page_size=20, patience=waiting)


@pytest.fixture
def proxy(seed: Seed) -> Iterator[Proxy]:
    del seed
    with before_medusa() as made:
        yield made


def read(catalogue: MedusaCatalogue) -> list[Any]:
    """All products, with the addresses of the pictures that Medusa itself serves as if nothing stood before it.

    Medusa gives a variant's options in an order that changes between two questions: they are compared without one.
    """
    found = [product for page in catalogue.pages(Selection()) for product in page.products]
    return [json.loads(product.model_dump_json().replace(catalogue.base_url, URL)) for product in found]


def straight() -> list[Any]:
    return read(MedusaCatalogue(URL, KEY))


def test_a_restart_between_two_pages_is_waited_out(proxy: Proxy) -> None:
    restart = Restart(proxy)
    pages = restart.catalogue().pages(Selection())
    first = next(pages)
    proxy.stop()
    ids = [product.id for page in (first, *pages) for product in page.products]
    assert len(ids) == len(set(ids)) == first.total
    assert UP_AGAIN_AFTER <= restart.now < UP_AGAIN_AFTER + 20


def test_one_that_lasts_longer_than_the_setting_says_is_told(proxy: Proxy) -> None:
    restart = Restart(proxy, lasts=1000)
    pages = restart.catalogue(patience=60).pages(Selection())
    next(pages)
    proxy.stop()
    with pytest.raises(Unavailable, match="was tried again for 60 seconds") as caught:
        list(pages)
    assert caught.value.code == "medusa_unreachable"


def cut_off(answer: Answer) -> Answer:
    return answer._replace(body=answer.body[: len(answer.body) // 2])


def half_a_page(answer: Answer) -> Answer:
    half = answer.body[: len(answer.body) // 2]
    return answer._replace(body=half, headers=answer.headers | {"content-length": str(len(half))})


def starting(answer: Answer) -> Answer:
    del answer
    page = b"<html><title>502 Bad Gateway</title></html>"
    return Answer(502, {"content-type": "text/html", "content-length": str(len(page))}, page)


def asks_to_wait(answer: Answer) -> Answer:
    return starting(answer)._replace(status=503, headers={"retry-after": "25"})


@pytest.mark.parametrize("mishap", [cut_off, half_a_page, starting, asks_to_wait])
@pytest.mark.parametrize("request_number", [1, 3, 5])
def test_what_goes_wrong_once_leaves_no_trace(proxy: Proxy, mishap: Mishap, request_number: int) -> None:
    restart = Restart(proxy)
    proxy.mishaps[request_number] = mishap
    assert read(restart.catalogue()) == straight()
    assert restart.waits == ([25.0] if mishap is asks_to_wait else [0.5])
