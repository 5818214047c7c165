"""`maild ingest --rehearse`: a folder of mail is tried on the desk, and leaves no trace (E15)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.processes import run
from tests.scenario.conversation import Desk

HEAD = "From: {0}\r\nSubject: {1}\r\nMessage-ID: <{2}>\r\n"
MAIL = HEAD + "{3}\r\nIt burns.\r\n"


def rehearsed(desk: Desk, folder: Path) -> list[dict[str, object]]:
    done = run("ingest", "--rehearse", "--jsonl", "--config", str(desk.file), str(folder))
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_e15_mail_is_tried_on_the_desks_own_tickets_and_nothing_is_kept_or_sent(
    make_desk: Callable[..., Desk],
    tmp_path: Path,
    database: str,
    request: pytest.FixtureRequest,
) -> None:
    more = {"database": request.getfixturevalue("postgres")} if database == "postgres" else {}
    desk = make_desk(**more)
    desk.ann.mail("Printer is on fire")
    number = desk.ticket()["number"]
    folder = tmp_path / "mails"
    folder.mkdir()
    reply = f"In-Reply-To: {desk.ann.received()[-1]['Message-ID']}\r\n"
    for name, mail in {
        "1-reply": MAIL.format("ann@acme.example", "Re: Printer is on fire", "r@x", reply),
        "2-new": MAIL.format("eve@other.example", "Mouse", "n@x", ""),
        "3-answer": MAIL.format("eve@other.example", "Re: Mouse", "a@x", "References: <n@x>\r\n"),
    }.items():
        (folder / f"{name}.eml").write_text(mail, newline="")
    before = (desk.ticket(number), len(desk.messages()), desk.outbox(), len(desk.tickets()))
    for _ in range(2):  # the second time as the first
        outcomes = rehearsed(desk, folder)
        assert [one["outcome"] for one in outcomes] == ["note", "ticket", "note"]
        assert outcomes[0]["ticket"] == number
        assert outcomes[0]["status"] == "Feedback Received"
        assert outcomes[1]["ticket"] == outcomes[2]["ticket"] != number
        assert outcomes[1]["notifications"]
    after = (desk.ticket(number), len(desk.messages()), desk.outbox(), len(desk.tickets()))
    assert [item.id for item in after[2]] == [item.id for item in before[2]]
    assert (after[0], after[1], after[3]) == (before[0], before[1], before[3])
    desk.later(minutes=5)
    assert desk.servers.smtp.to("eve@other.example") == []
