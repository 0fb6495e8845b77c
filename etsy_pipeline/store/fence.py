"""The fence: how far the books had come, kept outside the database, so that books from before that are noticed.

`etsy_account.books_epoch` grows with each publication and each batch of one (`sync/books.py`). After the commit the
number is written to files, by shop: one lies in the state folder, one outside of it, for whoever puts back a copy of
the whole folder. A file that is behind is brought up (another machine published); one that is ahead of the database
means that the database is older than what was published.
"""

import json
import logging
import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from etsy_pipeline.errors import NotConfigured
from etsy_pipeline.state_folder import private_folder

logger = logging.getLogger(__name__)

READABLE_BY_US = 0o600


class Fence:
    """The files that keep the numbers; none: nothing is noticed by it.

    Args:
        paths: of the files; they and their folders are made where there are none.
    """

    def __init__(self, paths: Sequence[Path] = ()) -> None:
        self.paths = tuple(paths)

    def epoch(self, shop_id: int) -> int:
        """The highest number that any file has of a shop; 0 where none has one.

        Raises:
            NotConfigured: `fence_unreadable`.
        """
        return max((_read(path).get(str(shop_id), 0) for path in self.paths), default=0)

    def write(self, shop_id: int, epoch: int) -> None:
        """Bring every file up to a number. One that cannot be written is told in the log, and stops nothing.

        Raises:
            NotConfigured: `fence_unreadable`.
        """
        for path in self.paths:
            known = _read(path)
            if known.get(str(shop_id), 0) < epoch:
                self._replace(path, known | {str(shop_id): epoch})

    def unwritable(self) -> list[Path]:
        """The files that cannot be kept."""
        return [path for path in self.paths if not _is_writable(path)]

    def _replace(self, path: Path, numbers: dict[str, int]) -> None:
        part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            private_folder(path.parent)
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, READABLE_BY_US)
            with os.fdopen(descriptor, "w") as file:
                json.dump(numbers, file, sort_keys=True)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except OSError as error:
            logger.warning("fence_not_written path=%s error=%s", path, error.strerror)
            with suppress(OSError):  # a file system that is read only says so of whatever is asked of it
                part.unlink(missing_ok=True)


def _read(path: Path) -> dict[str, int]:
    try:
        return {str(shop_id): int(epoch) for shop_id, epoch in json.loads(path.read_text()).items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise NotConfigured(
            f"The fence {path} cannot be read ({type(error).__name__}): whether the database is an old one is unknown.",
            code="fence_unreadable",
            hint="Make the file readable. If it is broken, move it away once you are sure of the database.",
        ) from None


def _is_writable(path: Path) -> bool:
    folder = path.parent
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return os.access(folder, os.W_OK)
