"""Links that open a ready-made mail to the desk, and what stands in the text part in their place.

A template says which: `taps("resolve", "take")`, `taps("works", "still", "rate")`, and of its own
`taps(["Waiting vendor", "#status Waiting Vendor"])`.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import quote

from maild.desk.one_tap import DEEDS, FACES, LINES, OF_CONTACTS, OWN, RATE, line
from maild.model import Role

Wanted: TypeAlias = "str | Sequence[str]"  # a deed, or a label and the first line of the mail
_RATINGS = tuple(deed for deed in reversed(OF_CONTACTS) if deed.startswith(f"{RATE}-"))
NAMES = (*LINES, *(deed for deed in OF_CONTACTS if RATE not in deed), RATE)


@dataclass(frozen=True, slots=True)
class Link:
    """One ready-made mail."""

    label: str
    line: str  # the mail's first
    code: str  # in its subject
    deed: str

    def address(self, to: str, number: str) -> str:
        """What opens it (RFC 6068 §2)."""
        subject = quote(f"[{number}] {self.label} {self.code}", safe="")
        return f"mailto:{quote(to, safe='@+')}?subject={subject}&body={quote(self.line, safe='')}"


def shown(
    wanted: Sequence[Wanted], words: Mapping[str, str], data: Mapping[str, Any]
) -> tuple[str, str]:
    """The words for the text part and the links as HTML; both empty for who may do none of it.

    ValueError where there is no such deed.
    """
    _check(wanted)
    audience = Role(data["recipient"]["audience"])
    codes = (data.get("one_tap") or {}).get("codes") or dict.fromkeys(DEEDS.get(audience, ()), "")
    links = [link for link in _links(wanted, words, codes) if link.deed in codes]
    if not links:
        return "", ""
    text = _of_team(links, words) if audience == Role.RESOURCE else _of_contact(links, words)
    if not data.get("one_tap"):  # nobody whom a code could prove: what he can write is said
        return text, f'<p class="small">{html.escape(text).replace(chr(10), "<br>")}</p>'
    return text, _row(links, words, data)


def _check(wanted: Sequence[Wanted]) -> None:
    own = [one for one in wanted if not isinstance(one, str)]
    for name in wanted:
        if isinstance(name, str) and name not in NAMES:
            raise ValueError(f'there is no tap "{name}"; possible are {", ".join(NAMES)}')
    if len(own) > OWN or any(len(one) != 2 for one in own):
        raise ValueError(f"a tap of your own is [label, first line]; {OWN} at most")


def _links(
    wanted: Sequence[Wanted], words: Mapping[str, str], codes: Mapping[str, str]
) -> Iterator[Link]:
    own = 0
    for one in wanted:
        if not isinstance(one, str):
            own += 1
            deed = f"own-{own}"
            yield Link(str(one[0]), _with_space(str(one[1])), codes.get(deed, ""), deed)
        else:
            for deed in _RATINGS if one == RATE else (one,):
                name = deed.replace("-", "_")
                written = _with_space(line(deed, words))
                yield Link(words[f"tap_{name}"], written, codes.get(deed, ""), deed)


def _with_space(first: str) -> str:
    """Room below it to write in."""
    return f"{first}\r\n\r\n"


def _of_team(links: Sequence[Link], words: Mapping[str, str]) -> str:
    said = " · ".join(f"{link.line.strip()} ({link.label})" for link in links)
    return f"{words['tap_says']}: {said}"


def _of_contact(links: Sequence[Link], words: Mapping[str, str]) -> str:
    names = dict.fromkeys(link.deed.partition("-")[0] for link in links)
    return "\n".join(words[f"tap_{name}_says"] for name in names)


def _row(links: Sequence[Link], words: Mapping[str, str], data: Mapping[str, Any]) -> str:
    to, number = data["desk"]["address"], data["one_tap"]["number"]
    buttons, faces = [], []
    for link in links:
        href, label = html.escape(link.address(to, number)), html.escape(link.label)
        score = link.deed.removeprefix(f"{RATE}-")
        if score != link.deed:
            face = FACES[int(score) - 1]
            faces.append(
                f'<a class="face" href="{href}" title="{label}" aria-label="{label}">{face}</a>'
            )
        else:
            buttons.append(f'<a class="tap" href="{href}">{label}</a>')
    out = f'<p class="taps">{" ".join(buttons)}</p>' if buttons else ""
    if faces:
        out += f'<p class="taps">{html.escape(words["tap_rate"])} {" ".join(faces)}</p>'
    return out
