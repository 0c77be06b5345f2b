"""The CPUs that this process may use, also in a container."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from streaming.machine.cores import cpus, usable_cores

ALL = len(cpus())


def limited(folder: Path, own: str, **files: str) -> int:
    """Return the usable cores under control groups whose files are named `folder__file`."""
    (folder / "own").write_text(own)
    for name, content in files.items():
        path = folder / "root" / name.replace("__", "/").replace("cpu_", "cpu.")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return usable_cores(folder / "root", folder / "own")


def test_without_a_limit_all_cpus_of_the_process_count(tmp_path: Path) -> None:
    assert usable_cores(tmp_path, tmp_path / "none") == ALL
    assert limited(tmp_path, "0::/", cpu_max="max 100000") == ALL


@pytest.mark.parametrize(("quota", "cores"), [(100_000, 1), (50_000, 1), (150_000, 2), (6_400_000, 64)])
def test_a_containers_limit_counts(tmp_path: Path, quota: int, cores: int) -> None:
    assert limited(tmp_path, "0::/", cpu_max=f"{quota} 100000") == min(ALL, cores)


def test_so_does_that_of_any_group_above(tmp_path: Path) -> None:
    assert limited(tmp_path, "0::/a/b", a__cpu_max="100000 100000", a__b__cpu_max="max 100000") == 1


def test_so_does_one_of_the_first_kind(tmp_path: Path) -> None:
    own = "3:cpu,cpuacct:/x\n2:memory:/y\n"
    files = {"cpu/x/cpu.cfs_quota_us": "-1", "cpu/x/cpu.cfs_period_us": "100000"}
    files |= {"cpu/cpu.cfs_quota_us": "100000", "cpu/cpu.cfs_period_us": "100000"}
    assert limited(tmp_path, own, **files) == min(ALL, math.ceil(1.0))
