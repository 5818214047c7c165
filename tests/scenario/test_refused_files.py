"""A file of a kind that the desk refuses stays in the mail as it came, and everybody is told."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from maild.demo.writer import plain_text
from tests.scenario.conversation import Desk
from tests.scenario.test_audience import TITLE, last, opened, templates, told

MakeDesk = Callable[..., Desk]

POLICY = '[attachments]\nrefuse = ["*.exe", "*.js"]\n'
FILES = {"tool.exe": b"MZ the tool", "log.txt": b"all is well"}


def names(desk: Desk, words: str, address: str) -> list[str | None]:
    """The files of the mail to this address that has these words."""
    writer = {"ann@acme.example": desk.ann, "bob@example.com": desk.bob}[address]
    mail = next(m for m in reversed(writer.received()) if words in plain_text(m))
    return [part.get_filename() for part in mail.iter_attachments()]


def refused(desk: Desk) -> dict[str, str | None]:
    return {file["filename"]: file["refused"] for file in desk.ticket()["attachments"]}


def test_h114_a_customers_refused_file_is_said_in_the_acknowledgement(make_desk: MakeDesk) -> None:
    desk = make_desk(more=POLICY)
    desk.ann.mail(TITLE, "See both.", attach=FILES)
    assert refused(desk) == {"tool.exe": "*.exe", "log.txt": None}
    assert "We do not take these files" in last(desk.ann)
    assert "*.exe" in last(desk.ann).replace("**", "")
    assert templates(desk, "ann@acme.example") == ["acknowledgement"]
    assert names(desk, "See both.", "bob@example.com") == ["log.txt"]
    assert "Refused, not passed on: tool.exe" in told(desk, desk.bob)


def test_h114_a_customers_refused_file_in_an_answer_is_said(make_desk: MakeDesk) -> None:
    desk = opened(make_desk, more=POLICY)
    number = desk.ticket()["number"]
    desk.ann.mail(f"[{number}] {TITLE}", "And these.", attach=FILES)
    assert templates(desk, "ann@acme.example")[-1] == "files-refused"
    assert "*.exe" in last(desk.ann).replace("**", "")
    assert names(desk, "And these.", "bob@example.com") == ["log.txt"]
    before = len(desk.ann.received())
    desk.ann.mail(f"[{number}] {TITLE}", "And a log.", attach={"log.txt": b"all is well"})
    assert len(desk.ann.received()) == before


def test_h114_a_technicians_refused_file_is_said_to_both(make_desk: MakeDesk) -> None:
    desk = opened(make_desk, more=POLICY)
    desk.bob.mail(f"[{desk.ticket()['number']}] {TITLE}", "Run this.", attach=FILES)
    assert names(desk, "Run this.", "ann@acme.example") == ["log.txt"]
    assert "Refused, not passed on: tool.exe" in last(desk.ann)
    assert "tool.exe: refused, as it is *.exe" in last(desk.bob)
    assert "log.txt" not in last(desk.bob)


def test_a_mail_that_nothing_proves_gets_no_word_of_its_back(make_desk: MakeDesk) -> None:
    desk = make_desk(more=POLICY)
    eve = desk.writer("Buy Pills", "eve@evil.example", {"Authentication-Results": "none"})
    eve.mail("Buy pills", "Cheap.", attach={"buy-pills.exe": b"MZ"})
    answers = "\n".join(map(plain_text, eve.received()))
    assert "*.exe" in answers.replace("**", "") and "pills" not in answers


@pytest.mark.parametrize("name", ["tool.exe", "Tool.EXE", "a.pdf.exe", "x.js"])
def test_without_a_policy_every_file_goes(make_desk: MakeDesk, name: str) -> None:
    desk = opened(make_desk)
    desk.bob.mail(f"[{desk.ticket()['number']}] {TITLE}", "Run this.", attach={name: b"MZ"})
    assert names(desk, "Run this.", "ann@acme.example") == [name]
    assert refused(desk) == {name: None}
