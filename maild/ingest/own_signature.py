"""A technician's own signature: it is cut from what goes to contacts, who read the desk's below."""

from __future__ import annotations

from itertools import islice

from maild.parse import letter
from maild.parse.fold import fold

MOST_ABOVE = 2  # lines between a closing and the name that it is signed with


def without(text: str, name: str) -> str:
    """The text up to the closing and the writer's name; as it is where anything but titles, numbers
    and addresses stands below."""
    lines = text.rstrip().split("\n")
    names = frozenset(fold(name).split())
    for index in range(len(lines) - 1, 0, -1):
        if not lines[index].strip() or not _signs(lines, index, names):
            continue
        below = [line.strip() for line in lines[index + 1 :] if line.strip()]
        short = len(below) <= letter.LONGEST_SIGNATURE
        return "\n".join(lines[: index + 1]) if short and letter.is_signature(below) else text
    return text


def _signs(lines: list[str], index: int, names: frozenset[str]) -> bool:
    """Whether this line is his name below a closing, or a closing that has it."""
    line = lines[index].strip()
    words = set(fold(line).strip(" ,.-–").split())
    if not words & names:
        return False
    if letter.is_closing(line, names):
        return True
    written = (lines[i].strip() for i in range(index - 1, -1, -1) if lines[i].strip())
    return words <= names and any(
        letter.is_closing(above, names) for above in islice(written, MOST_ABOVE)
    )
