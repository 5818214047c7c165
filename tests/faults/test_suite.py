"""A short run of `make faults`: everything that can go wrong once, and some kills."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tests.faults import faults, suite
from tests.faults.checker import Report
from tests.faults.rude import RUDE

SEED = int(os.environ.get("MAILD_FAULTS_SEED", "20261126"))
LONGEST = 1.0  # seconds that a fault lasts here
KILLS = 12  # of each sort of service; a thousand in `make faults`
TOGETHER = 8  # so many come one after the other before all must be done

SQLITE = sorted(faults.SQLITE)
POSTGRESQL = sorted({*faults.POSTGRESQL} - {*faults.ANY})


def _clean(report: Report) -> None:
    print(report.text(SEED))
    assert report.clean, "\n".join(
        [report.text(SEED), *report.lost[:9], *report.doubled[:9], *report.stalled[:9]]
    )


@pytest.mark.parametrize(("database", "daemons"), [("sqlite", 1), ("postgres", 2)])
def test_h1_random_kills(
    database: str, daemons: int, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    server = request.getfixturevalue("postgres_server") if database == "postgres" else None
    with suite.world(tmp_path, seed=SEED, postgres=server, daemons=daemons, disk=False) as world:
        _clean(suite.kills(world, KILLS, most=1, settle_every=KILLS, hurry=True))


@pytest.mark.parametrize("half", [0, 1])
def test_every_fault_on_sqlite(half: int, tmp_path: Path) -> None:
    names = list(SQLITE)
    random.Random(SEED).shuffle(names)
    with suite.world(tmp_path, seed=SEED + half) as world:
        _clean(suite.rounds(world, names[half::2], settle_every=TOGETHER, longest=LONGEST))


def test_every_fault_of_postgresql(tmp_path: Path, postgres_server: str) -> None:
    names = [*POSTGRESQL, "freeze the daemon", "SIGHUP"]
    with suite.world(tmp_path, seed=SEED, postgres=postgres_server, daemons=2) as world:
        _clean(suite.rounds(world, names, settle_every=TOGETHER, longest=LONGEST))


def test_servers_as_they_are(tmp_path: Path) -> None:
    """Some of each sort; `make faults` has them all."""
    kinds = ("at LOGIN", "at UID FETCH", "at MAIL", "at RCPT", "at DOT", "mailbox: news", "lower")
    names = [next(name for name in sorted(RUDE) if kind in name) for kind in kinds]
    with suite.world(tmp_path, seed=SEED, disk=False) as world:
        _clean(suite.rounds(world, names, settle_every=len(names), longest=LONGEST))


def test_a_full_disk_where_none_can_be_mounted(tmp_path: Path) -> None:
    """Files are kept from growing instead: nobody needs rights for that."""
    with suite.world(tmp_path, seed=SEED, disk=False) as world:
        _clean(suite.rounds(world, ["a full disk"] * 2, longest=LONGEST))
