"""The state folder and what lies in it: for its owner alone, whatever the umask; and no file for ever.

Catalogues, prices and the key of the tokens are nobody else's business, so that the folder is 0700 and files are 0600.
Folders and files of an earlier version are narrowed when they are met. What belongs to somebody else, and a folder that
all users share (/tmp), is left as it is. A SQLite file that somebody put elsewhere may be their group's, and nobody
else's.
"""

import os
import stat
from contextlib import suppress
from pathlib import Path

OURS_ALONE = 0o700
OURS_ALONE_FILE = 0o600
GROUP_AND_OTHERS = 0o077
OTHERS = 0o007

# Only what we made ourselves: people put the state folder where other things lie.
_FILES = ("etsy_pipeline.db*", "sandbox.db*", "sandbox.env", "settings.env*", "secret.key", "fence.json", "demo-*.log")
_FOLDERS = ("snapshots", "snapshots/*", "dagster")
_SNAPSHOTS = "snapshots/*/*"


def prepare(home: Path) -> None:
    """Make the state folder where there is none, and keep others out of it and of what lies in it."""
    private_folder(home)
    for pattern in (*_FILES, *_FOLDERS, _SNAPSHOTS):
        for path in home.glob(pattern):
            _narrow(path)


def private_folder(path: Path) -> None:
    """A folder for its owner alone; made, with those above it, where there is none."""
    if not path.parent.exists():
        private_folder(path.parent)
    path.mkdir(mode=OURS_ALONE, exist_ok=True)
    _narrow(path)


def private_file(path: Path) -> None:
    """Make an empty file for its owner alone, unless there is one: whatever writes to it later keeps its mode."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OURS_ALONE_FILE)
    except FileExistsError:
        return
    os.close(descriptor)


def private_database(path: Path) -> None:
    """Make an empty SQLite file for its owner alone; one that is there is closed to all but its owner and group.

    SQLite gives its -wal and -shm the mode of the file itself.
    """
    with suppress(OSError):  # SQLite will say in its own words why it cannot be made
        private_file(path)
    for suffix in ("", "-wal", "-shm", "-journal"):
        _narrow(path.with_name(path.name + suffix), OTHERS)


def snapshots(home: Path) -> Path:
    """Where the tables between assets lie."""
    return home / "snapshots"


def _narrow(path: Path, taken: int = GROUP_AND_OTHERS) -> None:
    """Take these permissions away, where they are ours to take."""
    with suppress(
        OSError
    ):  # it is gone meanwhile (SQLite's -wal and -shm go with the last connection), or has no modes
        found = path.stat()
        is_ours = found.st_uid == os.geteuid() and not found.st_mode & stat.S_ISVTX
        if found.st_mode & taken and is_ours:
            path.chmod(stat.S_IMODE(found.st_mode) & ~taken)
