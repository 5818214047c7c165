"""Real servers for every test that asks for one by name; the order of the tests."""

from __future__ import annotations

import gc
import os
from itertools import islice

import pytest

from tests import processes

pytest_plugins = (
    "tests.servers.dovecot",
    "tests.servers.postgres",
    "tests.servers.tokens",
    "tests.servers.watching",
)

LONG = (  # files with tests that take ten seconds and more
    "test_going_back", "test_two_desks_by_daemons", "test_first_week", "test_suite",
    "test_admins_day", "test_octets", "test_audience_by_daemon", "test_proof_by_daemon",
    "test_large", "test_backup", "test_rebuild", "test_last_good", "test_daemons", "test_day",
    "test_service", "test_packaging", "test_linear", "test_fuzz_parse", "test_check_cli",
)  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    """The processes of pytest-xdist share who forks `maild` for them."""
    if config.getoption("numprocesses", None) and not hasattr(config, "workerinput"):
        os.environ[processes.SHARED] = processes.door()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long begins first, or a core would wait for the last of it.

    Each process of pytest-xdist (`--dist worksteal`) begins with a share of what is to be done, and
    takes from the end of another's when it is done: so some of the long ones begin each share.
    """
    shares = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    long = [item for item in items if item.path.stem in LONG]
    short = iter([item for item in items if item.path.stem not in LONG])
    ordered = []
    for share in range(shares):
        first = long[share::shares]
        size = (len(items) + share) // shares
        ordered += [*first, *islice(short, max(0, size - len(first)))]
    items[:] = [*ordered, *short]


def pytest_collection_finish() -> None:
    """What stays until the end is not looked through for garbage again and again."""
    gc.collect()
    gc.freeze()
