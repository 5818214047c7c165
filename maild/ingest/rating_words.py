"""A rating in words: "5", "very good, thank you" in answer to a mail that says that it is done."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from maild import yamlfile
from maild.parse import letter
from maild.parse.fold import fold

WORDS = Path(__file__).parent / "ratings.yaml"
LONGEST = 300  # characters: who writes more says more
POLITE = "polite"


def score(text: str, names: frozenset[str] = frozenset()) -> int | None:
    """1 to 5 where the text says nothing else; None where it says something besides, or two.

    `names`: words in lower case that may stand alone, as below a letter.
    """
    if len(text) > LONGEST or "?" in text:
        return None
    clauses = letter.clauses(text, names)
    if clauses is None:
        return None
    said = [" ".join(fold(clause).strip(" .!:,").split()) for clause in clauses]
    said = [clause for clause in said if clause and not set(clause.split()) <= names]
    known = _known()
    if not all(clause in known for clause in said):
        return None
    scores = {known[clause] for clause in said} - {None}
    return scores.pop() if len(scores) == 1 else None


@cache
def _known() -> dict[str, int | None]:
    """The score of each word; of polite ones None."""
    table = yamlfile.read(WORDS)
    return {
        fold(str(word)): None if score == POLITE else int(score)
        for score, words in table.items()
        for word in words
    }
