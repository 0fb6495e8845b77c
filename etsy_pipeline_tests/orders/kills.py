"""An importer that dies at a step of an order's way into Medusa, and the time after which another one goes on."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from etsy_pipeline.catalogue.admin_api import AdminApi
from etsy_pipeline.orders.book import SETTLES
from etsy_pipeline_tests.orders.selling import Selling


class Killed(BaseException):
    """The process is gone."""


@contextmanager
def killed_at(step: str, when: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The process dies just before the first change whose address ends so, or just after it happened.

    A step may be a method, too, whatever the address.
    """
    real: Callable[..., Any] = AdminApi.send

    def send(api: AdminApi, method: Any, path: str, body: Any = None) -> Any:
        if not path.endswith(step) and method != step:
            return real(api, method, path, body)
        if when == "after":
            real(api, method, path, body)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(AdminApi, "send", send)
        yield


def later(shop: Selling) -> None:
    """So much later that no answer is on its way any more, and a dead importer's turn is over."""
    now = shop.store.now()
    shop.store.clock = lambda: now + SETTLES + timedelta(seconds=1)
