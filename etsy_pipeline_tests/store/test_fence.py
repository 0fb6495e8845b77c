"""The fence: numbers in files outside the database, for their owner alone; what is broken is never taken for none."""

import json
import stat
from pathlib import Path

import pytest

from etsy_pipeline.errors import NotConfigured
from etsy_pipeline.settings import Settings
from etsy_pipeline.store.fence import Fence


def test_a_number_is_kept_in_every_file_by_shop_and_never_falls(tmp_path: Path) -> None:
    fence = Fence([tmp_path / "state" / "fence.json", tmp_path / "elsewhere" / "fence.json"])
    fence.write(7, 3)
    fence.write(8, 1)
    fence.write(7, 2)
    assert (fence.epoch(7), fence.epoch(8), fence.epoch(9)) == (3, 1, 0)
    for path in fence.paths:
        assert json.loads(path.read_text()) == {"7": 3, "8": 1}
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert [item.name for item in path.parent.iterdir()] == ["fence.json"], "nothing is left behind"


def test_the_highest_number_of_all_files_counts(tmp_path: Path) -> None:
    """So that a state folder that was put back as a whole is noticed by the file outside of it."""
    inside, outside = Fence([tmp_path / "in.json"]), Fence([tmp_path / "out.json"])
    inside.write(7, 3)
    outside.write(7, 5)
    assert Fence([*inside.paths, *outside.paths]).epoch(7) == 5


@pytest.mark.parametrize("text", ["", "[1]", '{"7": "many"}', "\x00"])
def test_a_broken_file_is_no_empty_one(tmp_path: Path, text: str) -> None:
    (tmp_path / "fence.json").write_text(text)
    with pytest.raises(NotConfigured) as caught:
        Fence([tmp_path / "fence.json"]).epoch(7)
    assert caught.value.code == "fence_unreadable"


def test_a_file_that_cannot_be_written_stops_nothing_and_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    fence = Fence([tmp_path / "fence.json"])
    fence.write(7, 1)
    assert "fence_not_written" in caplog.text
    assert list(tmp_path.iterdir()) == [], "and leaves nothing behind"


def test_without_files_nothing_is_noticed() -> None:
    fence = Fence()
    fence.write(7, 3)
    assert fence.epoch(7) == 0


def test_a_copy_outside_the_state_folder_is_this_installations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    here, there = Settings.load(), Settings.load(etsy_pipeline_home=tmp_path / "other")
    elsewhere = Settings.load(etsy_api_url="https://etsy.test")
    outside = {settings.fence_paths[1] for settings in (here, there, elsewhere)}
    assert len(outside) == 3
    assert all(path.is_relative_to(tmp_path / "etsy_pipeline") for path in outside)
    assert here.fence_paths[0] == here.etsy_pipeline_home / "fence.json"


def test_the_copy_outside_can_be_elsewhere_or_nowhere(tmp_path: Path) -> None:
    assert Settings.load(etsy_pipeline_fence=str(tmp_path / "f.json")).fence_paths[1:] == [tmp_path / "f.json"]
    assert Settings.load(etsy_pipeline_fence="off").fence_paths[1:] == []
    assert Settings.load(uses_sandbox=True).fence_paths[1:] == [], "the sandbox's shop goes with its state folder"
