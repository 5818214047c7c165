"""The note form is read from headings as technicians write them (R8)."""

from __future__ import annotations

import pytest

from maild.desk.headed_text import LINES, LONGEST
from maild.desk.note_form import headings, parts, read

FILLED = {"symptom": "It burns.", "findings": "The fuse.", "next_step": "Call Ann"}
WRITTEN = [
    "Symptom: It burns.\nFindings: The fuse.\nNext step: Call Ann",
    "SYMPTOM:\nIt burns.\n\nFINDINGS\n\nThe fuse.\n\nNEXT STEP:\nCall Ann\n",
    "**Symptom:** It burns.\n**Findings**: The fuse.\n*Next step:* Call Ann",
    "# Symptom\nIt burns.\n## Findings\nThe fuse.\n### Next step\nCall Ann",
    "1. Symptom: It burns.\n2. Findings: The fuse.\n3) Next steps: Call Ann",
    "- Symptom: It burns.\n• Finding: The fuse.\n– Next step: Call Ann",
    "Symptom\n=======\nIt burns.\nFindings\n--------\nThe fuse.\nNext step\n---------\nCall Ann",
    "Hi,\n\nSymptom: It burns.\nFindings: The fuse.\nActions taken:\nResult:\nNext step: Call Ann",
    "Störung: It burns.\nBefund: The fuse.\nErgriffene Maßnahmen:\nNächster Schritt: Call Ann",
    "Symptôme : It burns.\nConstat : The fuse.\nProchaine étape : Call Ann",
    "Síntoma: It burns.\r\nHallazgos: The fuse.\r\nPróximo paso: Call Ann\r\n",
    "Symptom： It burns.\nFindings： The fuse.\nNext step： Call Ann",
]


@pytest.mark.parametrize("text", WRITTEN)
def test_r8_the_form_is_read_however_it_is_laid_out(text: str) -> None:
    assert read(text) == FILLED


PROSE = [
    "",
    "It works again.",
    "Result: it works again.",  # one heading alone is prose
    "The result: it works.\nThe next step: none.",
    "Symptoms like these have many causes.\nActions speak louder than words.",
    "Symptom:\nFindings:\nActions taken:\nResult:\nNext step:",  # the empty form says nothing
]


@pytest.mark.parametrize("text", PROSE)
def test_r8_prose_is_no_form(text: str) -> None:
    assert read(text) == {}


def test_r8_a_part_may_have_many_lines_and_keeps_them() -> None:
    found = read("Symptom: one\ntwo\n\nthree\nResult:\nfour")
    assert found == {"symptom": "one\ntwo\n\nthree", "result": "four"}


def test_r8_every_heading_means_one_part() -> None:
    assert parts() == ("symptom", "findings", "actions_taken", "result", "next_step")
    assert set(headings().values()) == set(parts())


def test_a_long_text_costs_little() -> None:
    assert len(read("Symptom: " + "x" * 1_000_000 + "\nResult: y")["symptom"]) <= LONGEST
    assert read("x\n" * LINES + "Symptom: a\nResult: b") == {}
