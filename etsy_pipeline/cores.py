"""How many processor cores this process may use: fewer than there are, where it is bound to some or in a container.

Linux: https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files
       https://docs.kernel.org/scheduler/sched-bwc.html (version 1)
"""

import math
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

WHOLE_SYSTEM = Path("/")
VERSION_1 = ("cpu,cpuacct", "cpu")  # where its controller is mounted
UNLIMITED = "max"


def cores(root: Path = WHOLE_SYSTEM) -> int:
    """The cores of the affinity mask, or fewer where a container's quota is less; at least 1.

    A part of a core counts as a whole one.

    Args:
        root: where `proc` and `sys` are.
    """
    may_use = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min([may_use, *(math.ceil(quota) for quota in _quotas(root))]))


def _quotas(root: Path) -> Iterator[float]:
    """The quotas, in cores, of the control groups that this process is in, from the innermost to the outermost."""
    with suppress(OSError):
        for line in (root / "proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            inside = Path("sys/fs/cgroup")
            if not controllers:
                yield from _up(root / inside, path, _quota_2)
            elif "cpu" in controllers.split(","):
                for mounted in VERSION_1:
                    yield from _up(root / inside / mounted, path, _quota_1)


def _up(mounted: Path, path: str, quota_of: Callable[[Path], float]) -> Iterator[float]:
    group = Path(path.lstrip("/"))
    for name in (group, *group.parents):
        with suppress(OSError, ValueError):  # a group is not there, or it has no limit
            yield quota_of(mounted / name)


def _quota_2(group: Path) -> float:
    quota, period = (group / "cpu.max").read_text().split()
    if quota == UNLIMITED:
        raise ValueError(quota)
    return int(quota) / int(period)


def _quota_1(group: Path) -> float:
    quota = int((group / "cpu.cfs_quota_us").read_text())
    if quota <= 0:
        raise ValueError(quota)
    return quota / int((group / "cpu.cfs_period_us").read_text())
