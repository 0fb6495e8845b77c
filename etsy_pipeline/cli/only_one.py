"""What runs once in a state folder at most."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from etsy_pipeline import state_folder, wiring
from etsy_pipeline.errors import Conflict
from etsy_pipeline.settings import Settings


@contextmanager
def only_one(settings: Settings, lock_file: str, runs_already: Callable[[str], Conflict]) -> Iterator[None]:
    """Keep others out meanwhile, by a file in the state folder.

    The lock ends with this process, however that ends: the programs that it starts do not inherit it.

    Args:
        settings: name the folder.
        lock_file: the file's name in it.
        runs_already: what is told where another process, given by its number, has the lock.

    Raises:
        Conflict: `runs_already`.
        NotConfigured: `state_folder_not_writable`.
    """
    wiring.prepare_state_folder(settings)
    path = settings.etsy_pipeline_home / lock_file
    with wiring.written_in(settings.etsy_pipeline_home):
        state_folder.private_file(path)
        file = path.open("r+b", buffering=0)
    with file:
        with wiring.written_in(settings.etsy_pipeline_home):
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise runs_already(file.read().decode(errors="replace").strip() or "unknown") from None
            file.truncate(0)
            file.write(f"{os.getpid()}\n".encode())
        yield
