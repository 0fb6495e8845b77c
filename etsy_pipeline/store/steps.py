"""Following the publisher by what it commits: which product it works on, for whoever writes a log."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from etsy_pipeline.store.tables import SyncItem

OVER = ("written", "done")  # steps after which calls are no longer about that product alone


@contextmanager
def followed(tell: Callable[[str | None], None]) -> Iterator[None]:
    """Tell the product of each step that is noted in this block, and None when the product is left."""

    def on_step(item: SyncItem, step: str, _before: Any, _by: Any) -> None:
        tell(None if step in OVER else item.product_id)

    def on_failure(_item: SyncItem, _count: int, _before: Any, _by: Any) -> None:
        tell(None)

    listeners: tuple[tuple[Any, Callable[..., None]], ...] = (
        (SyncItem.step, on_step),
        (SyncItem.failures, on_failure),
    )
    for column, listener in listeners:
        event.listen(column, "set", listener)
    try:
        yield
    finally:
        for column, listener in listeners:
            event.remove(column, "set", listener)
