"""The docs' pictures: each one that is shown is made by one command, each one that is made is shown, and all are small."""

import re
from pathlib import Path

import pytest
from PIL import Image

from etsy_pipeline_tests.browser.docs_pictures import FOLDER, MOST_BYTES, OF_DOCS, TALLEST, keep

PAGES = [FOLDER.parents[1] / "README.md", *FOLDER.parent.glob("*.md")]


def test_every_picture_that_is_shown_is_made_and_every_one_that_is_made_is_shown() -> None:
    shown = {
        name for page in PAGES for name in re.findall(r"!\[[^\]]+\]\([^)]*images/([\w-]+)\.png\)", page.read_text())
    }
    assert shown == set(OF_DOCS)
    assert shown == {path.stem for path in FOLDER.iterdir()}


def test_every_picture_loads_fast() -> None:
    assert [path.name for path in FOLDER.iterdir() if path.stat().st_size > MOST_BYTES] == []


def test_a_picture_is_made_small_and_one_that_was_not_taken_is_missed(tmp_path: Path) -> None:
    taken, kept = tmp_path / "taken", tmp_path / "kept"
    taken.mkdir()
    kept.mkdir()
    for source in OF_DOCS.values():
        Image.new("RGB", (40, 3000), "teal").save(taken / f"{source}.png")
    with Image.open(keep(taken, kept)[0]) as picture:
        assert (picture.size, picture.mode) == ((40, TALLEST), "P")
    (taken / "lineage.png").unlink()
    with pytest.raises(FileNotFoundError):
        keep(taken, kept)
