"""Snapshots as files in a folder: of one machine, or on a disk that several share."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from etsy_pipeline.errors import NotConfigured, PipelineError
from etsy_pipeline.snapshots.place import Kept, gone
from etsy_pipeline.state_folder import private_file, private_folder

PARTIAL = ".partial"


class Folder:
    """Files for their owner alone; one that is being written has a name of its own until it is whole."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self.name = f"file:{self._folder}"

    @contextmanager
    def writing(self, key: str) -> Iterator[BinaryIO]:
        """Write beside it, and put it in its place at the end."""
        path = self._folder / key
        private_folder(path.parent)
        partial = path.with_name(path.name + PARTIAL)
        private_file(partial)
        file = partial.open("wb")
        try:
            yield file
            file.close()
            partial.replace(path)
        finally:
            with suppress(OSError):  # of a disk that is full, which was told already
                file.close()
            partial.unlink(missing_ok=True)

    @contextmanager
    def reading(self, key: str) -> Iterator[BinaryIO]:
        """The file."""
        path = self._folder / key
        if not path.is_file():
            raise gone(key, self.name)
        with path.open("rb") as file:
            yield file

    def kept(self) -> Iterator[Kept]:
        """All files that lie where snapshots do."""
        for path in self._folder.glob("*/*"):
            if path.is_file():
                at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
                yield Kept(f"{path.parent.name}/{path.name}", at)

    def remove(self, key: str) -> None:
        """Delete the file."""
        (self._folder / key).unlink(missing_ok=True)

    def trouble(self, error: OSError) -> PipelineError:
        """A disk that is full, or that cannot be written."""
        return NotConfigured(
            f"Snapshots cannot be kept in {self._folder}: {error.strerror or error}.",
            code="snapshots_not_kept",
            hint="Make the folder writable and give it room, or name another place in ETSY_PIPELINE_SNAPSHOTS "
            "(file:/folder, s3://bucket/prefix, db:).",
        )
