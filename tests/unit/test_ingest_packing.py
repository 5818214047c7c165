"""Mails with files that `maild ingest` takes in are packed by a worker, and kept as any other."""

from __future__ import annotations

import random
from contextlib import closing

from maild.cli.ingest import FILE, _packed
from maild.parse.limits import Source
from maild.store.packing import for_mail, unpack
from maild.worker_pool import WorkerPool


def test_large_ones_are_packed_ahead_and_small_ones_are_not() -> None:
    large = b"Subject: a file\r\n\r\n" + random.Random(1).randbytes(FILE)
    sources = [
        Source(f"{n}.eml", large if n % 50 == 1 else b"Subject: a\r\n\r\nb") for n in range(150)
    ]
    with closing(WorkerPool(seconds=10)) as pool:
        given = [one for part in _packed(pool, sources) for one in part]
    assert [source for source, _ in given] == sources
    assert {n for n, (_, kept) in enumerate(given) if kept is not None} == {1, 51, 101}
    assert given[51][1] == for_mail(large)
    assert unpack(given[51][1]) == large


def test_what_a_worker_cannot_pack_is_packed_here() -> None:
    source = Source("a.eml", b"\0" * (FILE + 1))
    with closing(WorkerPool(seconds=10, memory=1)) as pool:
        ((given,),) = _packed(pool, [source])
    assert given[0] == source  # and no error
