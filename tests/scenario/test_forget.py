"""`maild forget`: what a person left is found, exported and erased, to the last byte."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from maild.store import asking, erase
from tests import processes
from tests.scenario.conversation import Desk

HERS = ("ann@acme.example", "Ann Archer", "zebrafish", "Quagga")


def conversation(desk: Desk) -> None:
    desk.ann = desk.writer("Ann Archer", "ann@acme.example")
    dora = desk.writer("Dora", "dora@acme.example")
    desk.ann.mail("Quagga is on fire", "The zebrafish smokes.\n\nAnn Archer")
    desk.bob.reply("What does it smoke?")
    desk.ann.reply("The zebrafish smokes a pipe.")
    dora.mail("Another printer", "It is mine, and it is dead.")


def test_no_byte_of_her_is_left(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk()
    conversation(desk)
    file = Path(str(desk.store.url.database))
    before = file.read_bytes() + file.with_name(file.name + "-wal").read_bytes()
    assert all(word.encode() in before for word in ("ann@acme.example", "zebrafish"))

    found = erase.traces(desk.store, "Ann@ACME.example")
    assert len(found.quoting) == 1  # Bob's answer
    counts = erase.erase(desk.store, found, quotes=True)
    assert counts["mails"] == 2 and counts["people"] == 1 and counts["mails of others"] == 1
    desk.store.close()

    left = b"".join(part.read_bytes() for part in file.parent.glob(file.name + "*"))
    assert [word for word in HERS if word.lower().encode() in left.lower()] == []


def maild(desk: Desk, *words: str, status: int = 0) -> str:
    return processes.maild(*words, "--config", str(desk.file), status=status)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_command_says_exports_erases_and_records(
    make_desk: Callable[..., Desk], request: pytest.FixtureRequest, kind: str
) -> None:
    """And nothing else is touched: the other customer's ticket is as it was, the desk goes on."""
    more = {} if kind == "sqlite" else {"database": request.getfixturevalue("postgres")}
    desk = make_desk(**more)
    conversation(desk)
    other = desk.tickets()[-1]["number"]
    before = json.loads(maild(desk, "show", other, "--json"))

    assert "Nothing is known of nobody@x.example" in maild(
        desk, "forget", "nobody@x.example", status=1
    )
    assert "Nothing was erased" in maild(desk, "forget", "ann@acme.example")
    file = desk.folder / "ann.json"
    words = maild(desk, "forget", "ann@acme.example", "--export", str(file), "--yes")
    assert "Mails of others that may quote them stay as they are: T" in words
    exported = json.loads(file.read_text())
    assert file.stat().st_mode & 0o077 == 0
    assert [one["address"] for one in exported["person_address"]] == ["ann@acme.example"]
    assert len(exported["raw"]) == 2 and "zebrafish" in exported["note"][0]["text"]

    assert "Nothing is known" not in maild(desk, "tickets")
    assert json.loads(maild(desk, "show", other, "--json")) == before
    hers = next(t for t in json.loads(maild(desk, "tickets", "--json")) if t["number"] != other)
    assert (hers["title"], hers["contact"]["name"]) == ("[erased]", "[erased]")
    assert "zebrafish" not in maild(desk, "show", hers["number"], "--json")
    with desk.store.look() as unit:
        kept = [value for key, value in asking.settings.with_prefix(unit, "erasure ")]
    assert [record["counts"]["mails"] for record in kept] == [2]
    assert "ann@" not in str(kept)
    assert "checked." in maild(desk, "verify")
    desk.ann.mail("A new printer", "Hello again.")
    assert desk.tickets()[-1]["title"] == "A new printer" or len(desk.tickets()) == 3


def test_no_name_of_a_further_contact_is_left(make_desk: Callable[..., Desk]) -> None:
    """One who signed off and is called by one word, or by letters that JSON writes otherwise."""
    for called, address in (("Zebulon", "z@acme.example"), ("Zoë Ärcher", "zoe@acme.example")):
        desk = make_desk()
        conversation(desk)
        number = desk.tickets()[0]["number"]
        proof = {"Authentication-Results": "mx.example.com; dmarc=pass header.from=acme.example"}
        writer = desk.writer(called, address, proof)
        writer.mail("Hello", "Who are you?")
        desk.bob.mail(f"[{number}]", f"#cc {address}\n#status complete")
        writer.mail(f"Re: [{number}] Quagga", "Signed off")
        fields = json.loads(maild(desk, "show", number, "--json"))["fields"]
        assert called in fields["signed_off_by"]
        erase.erase(desk.store, erase.traces(desk.store, address), quotes=True)
        fields = json.loads(maild(desk, "show", number, "--json"))["fields"]
        assert called not in str(fields) and fields["signed_off_at"]
