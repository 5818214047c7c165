"""Every mail of fixtures/eml is read as the JSON beside it says.

Keys as in `maild parse --jsonl`; shorter forms: `from`, `to`, `cc`, `reply_to` are addresses,
`from_name` the display name, `failed` rows of (address, status, diagnostic), `failed_addresses`
only addresses, `attachments` the keys that matter of each, `defects` and `because` pieces that
some defect and some reason must hold.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from maild.model import Mail
from maild.parse.parser import parse

FOLDER = Path(__file__).parents[2] / "fixtures" / "eml"
CASES = sorted(path.stem for path in FOLDER.glob("*.eml"))

SHOWN: dict[str, Callable[[Mail], Any]] = {
    "subject": lambda m: m.subject,
    "text": lambda m: m.text.strip("\n"),
    "new_text": lambda m: m.new_text,
    "html": lambda m: (m.html or "").strip(),
    "kind": lambda m: m.kind.value,
    "answerable": lambda m: m.answerable,
    "language": lambda m: m.language,
    "message_id": lambda m: m.message_id,
    "date": lambda m: m.date.strftime("%Y-%m-%dT%H:%M:%SZ") if m.date else None,
    "from": lambda m: m.sender.address if m.sender else None,
    "from_name": lambda m: m.sender.name if m.sender else None,
    "to": lambda m: [a.address for a in m.to],
    "cc": lambda m: [a.address for a in m.cc],
    "reply_to": lambda m: [a.address for a in m.reply_to],
    "returned": lambda m: list(m.returned),
    "failed": lambda m: [[f.address, f.status, f.diagnostic] for f in m.failed_recipients],
    "failed_addresses": lambda m: [f.address for f in m.failed_recipients],
}


@pytest.mark.parametrize("name", CASES)
def test_the_mail_is_read_as_stated(name: str) -> None:
    wanted = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    mail = parse((FOLDER / f"{name}.eml").read_bytes())
    pieces = {
        "defects": (wanted.pop("defects", []), mail.defects),
        "because": ([wanted.pop("because", "")], [reason.because for reason in mail.reasons]),
    }
    for expected, found in pieces.values():
        for piece in expected:
            assert any(piece in text for text in found), (piece, found)
    files = wanted.pop("attachments", None)
    if files is not None:
        shown = [
            {key: getattr(a, key) for key in want}
            for a, want in zip(mail.attachments, files, strict=True)
        ]
        assert shown == files
    assert {key: SHOWN[key](mail) for key in wanted} == wanted


def test_every_mail_has_its_expectation() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.json")) == CASES
    assert len(CASES) >= 40
