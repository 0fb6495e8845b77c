"""Asking about a listing that may be so new that Etsy does not show it yet: how steps of a publication are given it."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from etsy_pipeline.publishing.item_in_progress import ItemInProgress

Answer = TypeVar("Answer")


class Attempt(Protocol):
    """Does something with a listing that may be so new that Etsy does not show it yet."""

    def __call__(self, work: ItemInProgress, act: Callable[[], Answer]) -> Answer:  # noqa: D102
        ...
