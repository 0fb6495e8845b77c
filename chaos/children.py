"""Children of the harness: each step in a process of its own, so that any of them can be killed."""

import os
import traceback
from collections.abc import Callable
from contextlib import closing
from typing import Any

from storm import Storm

from etsy_pipeline import wiring
from etsy_pipeline.errors import TakenOver
from etsy_pipeline.settings import Settings
from etsy_pipeline.store.engine import Store

STOOD_BACK = 3  # the status of a publisher that found another one at work


def child(act: Callable[[], None]) -> int:
    """Do something in a child of ours; its process id."""
    process_id = os.fork()
    if process_id == 0:
        _leave_with(act)
    return process_id


def in_a_process(storm: Storm, act: Callable[[Store], Any]) -> Any:
    """Do something with the store in a child that is not killed: no connection is ever shared with a publisher."""

    def do() -> None:
        with closing(wiring.store_of(Settings.load(), upgrade=True)) as store:
            storm.note(act(store))

    _, status = os.waitpid(child(do), 0)
    if status:
        raise SystemExit("a step of the harness failed")
    return storm.answer()


def _leave_with(act: Callable[[], None]) -> None:
    """Do something and end this process, without what its parent would do at its end."""
    try:
        act()
    except TakenOver:
        os._exit(STOOD_BACK)
    except BaseException:  # noqa: BLE001 - told, and then the process ends
        traceback.print_exc()
        os._exit(1)
    os._exit(0)
