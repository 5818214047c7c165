"""Any octets give a Mail or a MailError, and the Mail can be stored and sent anywhere."""

from __future__ import annotations

import random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.fuzz_parse import SEEDS, holds, mutate

few = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


@few
@given(st.binary(max_size=4_000))
def test_any_octets(raw: bytes) -> None:
    holds(raw)


@few
@given(st.sampled_from(SEEDS), st.randoms(use_true_random=False))
def test_any_damaged_mail(seed: bytes, chance: random.Random) -> None:
    holds(mutate(seed, chance))


@few
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["From", "To", "Subject", "Date", "Content-Type", "References"])
            | st.sampled_from(["Content-Disposition", "Content-Transfer-Encoding", "Return-Path"]),
            st.text(max_size=80),
        ),
        max_size=8,
    ),
    st.text(max_size=300),
)
def test_any_fields(fields: list[tuple[str, str]], body: str) -> None:
    head = "".join(f"{name}: {value}\n" for name, value in fields)
    holds(f"{head}\n{body}".encode("utf-8", "surrogatepass"))
