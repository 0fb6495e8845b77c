"""How many cores may be used: those of the affinity mask, and no more than a container's quota gives."""

import os
from pathlib import Path

import pytest

from etsy_pipeline.cores import cores


@pytest.fixture(autouse=True)
def _bound_to_eight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 64)


def a_system(root: Path, group: str, **files: str) -> Path:
    """A root folder in which this process is in a control group, with files such as cpu.max by path."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(group)
    for name, content in files.items():
        file = root / "sys/fs/cgroup" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    return root


def test_the_affinity_mask_counts_and_not_the_machine(tmp_path: Path) -> None:
    assert cores(tmp_path) == 8


def test_without_an_affinity_mask_it_is_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity")
    assert cores(tmp_path) == 64


@pytest.mark.parametrize(
    ("written", "found"),
    [("200000 100000\n", 2), ("150000 100000", 2), ("10000 100000", 1), ("max 100000", 8), ("1600000 100000", 8)],
)
def test_a_containers_quota_is_kept(tmp_path: Path, written: str, found: int) -> None:
    assert cores(a_system(tmp_path, "0::/\n", **{"cpu.max": written})) == found


def test_the_quota_of_an_outer_group_binds_the_inner_ones(tmp_path: Path) -> None:
    files = {"pods/cpu.max": "300000 100000", "pods/one/cpu.max": "max 100000"}
    assert cores(a_system(tmp_path, "0::/pods/one\n", **files)) == 3


@pytest.mark.parametrize(("quota", "found"), [("250000", 3), ("-1", 8)])
@pytest.mark.parametrize(
    ("mounted", "group"),
    [("cpu,cpuacct/docker/1", "/docker/1"), ("cpu", "/docker/1")],
    ids=["seen from the machine", "seen from the container"],
)
def test_the_first_version_of_control_groups_is_read_too(
    tmp_path: Path, quota: str, found: int, mounted: str, group: str
) -> None:
    files = {f"{mounted}/cpu.cfs_quota_us": quota, f"{mounted}/cpu.cfs_period_us": "100000"}
    assert cores(a_system(tmp_path, f"3:memory:{group}\n2:cpu,cpuacct:{group}\n", **files)) == found


def test_what_cannot_be_read_is_no_limit(tmp_path: Path) -> None:
    assert cores(a_system(tmp_path, "0::/\n", **{"cpu.max": "nonsense"})) == 8
