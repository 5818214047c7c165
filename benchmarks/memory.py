"""What the processes of a daemon have in memory."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def memory(pid: int) -> float:
    """MB of a process and all below it: the sum of PSS, in which what they share counts once."""
    return sum(map(_pss, _family(pid)))


def _family(pid: int) -> list[int]:
    below: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            below.setdefault(parent, []).append(int(stat.parent.name))
    found = [pid]
    for one in found:
        found += below.get(one, [])
    return found


def _pss(pid: int) -> float:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0
