"""A large mail from its server to its ticket, in real processes: what counts is memory."""

from __future__ import annotations

from benchmarks.large import measured
from tests.servers.dovecot import Dovecot

SIZE = 20_000_000


def test_memory_never_holds_a_large_mail(dovecot: Dovecot) -> None:
    """A worker begins with it, which counts; read as a whole a mail took seven times its size."""
    kinds = measured(dovecot, SIZE)
    name, before, most = next(kinds)
    kinds.close()
    assert name == "one file"
    assert most - before < 4 * SIZE / 1e6, f"{before:.0f} MB, then {most:.0f} MB"
