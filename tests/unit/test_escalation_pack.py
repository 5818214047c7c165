"""An escalation's pack is read from headings, and what lacks is named (R10)."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from maild import yamlfile
from maild.desk.escalation_pack import headings, lacking
from maild.desk.profile import PACK
from maild.model import Role, StatusKind
from maild.store.memory import memory
from maild.store.records import Note, Ticket

NOW = datetime(2026, 11, 23, tzinfo=UTC)
LINK = "https://logs.example.com/4711"
WHOLE = f"""\
Context (customer, site, impact): Acme, Hamburg
Timestamp and frequency: since nine, hourly
Evidence (logs, screenshots): {LINK}
Actions tried, and their outcome: a new toner, no change
Hypothesis and one specific question: The fuser. Is there one?"""
EMPTY = "\n".join(f"{line.partition(':')[0]}:" for line in WHOLE.split("\n"))
SAID = {
    "whole": (WHOLE, ""),
    "markdown": (WHOLE.replace("\n", "\n## "), ""),
    "own heading for the question": (WHOLE.replace(" Is", "\nQuestion: is"), ""),
    "German": (
        "Kontext: Acme\nZeitpunkt und Häufigkeit: stündlich\nBelege: www.example.com/x\n"
        "Versucht: Toner\nVermutung und Frage: Der Trafo. Gibt es einen?",
        "",
    ),
    "French": (
        f"Contexte : Acme\nDate et fréquence : chaque heure\nPreuves : {LINK}\n"
        "Actions menées : toner\nHypothèse et question : le four. Y en a-t-il un ?",
        "",
    ),
    "Spanish": (
        f"Contexto: Acme\nFecha y frecuencia: cada hora\nPruebas: {LINK}\n"
        "Intentos: tóner\nHipótesis y pregunta: el fusor. ¿Hay uno?",
        "",
    ),
    "a share": (WHOLE.replace(LINK, r"\\server\logs\4711"), ""),
    "no evidence": (WHOLE.replace(LINK, "the logs"), "evidence"),
    "evidence elsewhere": (WHOLE.replace(LINK, "see below") + f"\n{LINK}", "evidence"),
    "no question": (WHOLE.replace(" Is there one?", ""), "question"),
    "a dash": (WHOLE.replace("Acme, Hamburg", "-"), "context"),
    "the empty form": (EMPTY, "all"),
    "prose": ("The toner burns since nine, see the log. What now?", "all"),
    "nothing": ("", "all"),
}  # fmt: skip


def _lacking(text: str, files: tuple[dict[str, Any], ...] = ()) -> list[str]:
    ticket = Ticket(
        number="x",
        title="x",
        status="New",
        status_kind=StatusKind.NEW,
        priority="x",
        type="x",
        source="email",
        queue="x",
        created=NOW,
        updated=NOW,
    )
    note = Note(
        ticket_id=1, by_kind=Role.RESOURCE, public=False, text=text, created=NOW, attachments=files
    )
    return lacking(memory(), ticket, note, tuple(PACK))


@pytest.mark.parametrize("case", SAID)
def test_r10_what_a_pack_lacks_is_named(case: str) -> None:
    text, wanted = SAID[case]
    if wanted == "all":
        assert set(_lacking(text)) == set(PACK)
    else:
        assert _lacking(text) == ([wanted] if wanted else [])


@pytest.mark.parametrize(
    ("view", "counts"),
    [
        ({"content_type": "text/plain", "size": 9, "inline": False}, True),
        ({"content_type": "image/png", "size": 900_000, "inline": True}, True),
        ({"content_type": "image/png", "size": 9_000, "inline": True}, False),  # a logo
        ({"content_type": "text/plain", "size": 9, "refused": "program"}, False),
    ],
)
def test_r10_evidence_may_be_a_file(view: dict[str, Any], counts: bool) -> None:
    text = WHOLE.replace(LINK, "see the file")
    assert _lacking(text, (view,)) == ([] if counts else ["evidence"])


def test_r10_the_consoles_headings_are_read_in_every_language() -> None:
    page = Path("maild/web/templates/sheet.html").read_text("utf-8")
    form = page.split('name="pack_labels"')[1].split("[")[1].split("]")[0]
    labels = [part.split('"')[1] for part in form.split("_(")[1:]]
    assert len(labels) == 5
    german = yamlfile.read(Path("maild/templates/de/sentences.yaml"))
    found = [[headings().get(words[label].casefold()) for label in labels]
             for words in ({label: label for label in labels}, german)]  # fmt: skip
    assert found == [["context", "frequency", "evidence", "tried", "hypothesis"]] * 2
