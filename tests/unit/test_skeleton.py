"""Bodies go round the parser, and the tree is the same as if they had not."""

from __future__ import annotations

import email
from email.message import Message
from pathlib import Path

import pytest

from maild.errors import MailError
from maild.parse import mime, skeleton, usual

FIXTURES = sorted(Path("fixtures/eml").glob("*.eml"))
LONG = b"".join(b"line %d of a text that is long enough\n" % number for number in range(150))
HEAD = b"From: ann@acme.example\nSubject: x\nMIME-Version: 1.0\n"


def _flat(root: Message) -> list[object]:
    found: list[object] = []
    stack = [root]
    while stack:
        part = stack.pop()
        payload = part._payload  # type: ignore[attr-defined]
        inner = payload if isinstance(payload, list) else []
        said = len(inner) if inner else payload
        defects = [type(defect).__name__ for defect in part.defects]
        found.append((list(part.raw_items()), part.preamble, part.epilogue, defects, said))
        stack += inner
    return found


def _part(kind: bytes, body: bytes = LONG) -> bytes:
    return b"Content-Type: " + kind + b"\n\n" + body


def _mixed(*parts: bytes, boundary: bytes = b"b") -> bytes:
    lines = b"".join(b"--" + boundary + b"\n" + part + b"\n" for part in parts)
    kind = b'multipart/mixed; boundary="' + boundary + b'"'
    return _part(kind, b"preamble\n" + lines + b"--" + boundary + b"--\nepilogue\n")


WAYS = {
    "one part": _part(b"text/plain"),
    "two parts": _mixed(_part(b"text/plain"), _part(b"image/png")),
    "nested": _mixed(_part(b"text/plain"), _mixed(_part(b"text/html"), boundary=b"c")),
    "a signature": _mixed(_part(b"text/plain", LONG + b"-- \nAnn\n" + LONG)),
    "dashes that delimit nothing": _mixed(_part(b"text/plain", LONG + b"--\n--bb\n--b-\n" + LONG)),
    "dashes one after the other": _mixed(b"--b\n" + _part(b"text/plain", b"--b\n" + LONG)),
    "no closing delimiter": _mixed(_part(b"text/plain"))[:-16],
    "no end of line at the end": _mixed(_part(b"text/plain")).rstrip(b"\n"),
    "blank lines at the end": _mixed(_part(b"text/plain", LONG + b"\n\n\n")),
    "a part without a header": _mixed(b"\n" + _part(b"text/plain")),
    "a broken header": _mixed(b"no field\n" + _part(b"text/plain")),
    "two types": _mixed(b"Content-Type: text/plain\n" + _part(b"multipart/mixed; boundary=c")),
    "a boundary that never comes": _part(b"multipart/mixed; boundary=zzz", _part(b"text/plain")),
    "an attached message": _mixed(_part(b"message/rfc822", HEAD + _part(b"text/plain"))),
    "a digest": _part(b"multipart/digest; boundary=b", b"--b\n\n" + _part(b"text/plain")),
    "a delivery status": _mixed(_part(b"message/delivery-status", LONG + b"\n" + LONG)),
    "8-bit": _mixed(_part(b"text/plain", LONG + b"\xe4\xff\n")),
    "NUL": _mixed(_part(b"text/plain", LONG + b"\x000\x00\n")),
    "an old Mac's line end": _mixed(_part(b"text/plain", LONG + b"\r--b\r" + LONG)),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("ends", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
def test_the_tree_is_the_parsers(way: str, ends: bytes) -> None:
    raw = (HEAD + WAYS[way]).replace(b"\n", ends)
    expected = _flat(email.message_from_bytes(raw))
    assert _flat(mime.tree(raw, [])) == expected
    assert _flat(mime.by_mail_parser(raw)) == expected


USUAL = {"one part", "two parts", "two types", "nested", "a signature", "8-bit", "NUL"}
USUAL |= {"no end of line at the end", "blank lines at the end"}


@pytest.mark.parametrize("way", WAYS)
def test_what_is_not_quite_usual_goes_to_the_parser(way: str) -> None:
    assert (usual.tree(HEAD + WAYS[way]) is not None) == (way in USUAL)


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_the_tree_of_a_fixture_is_the_parsers(path: Path) -> None:
    try:
        raw, _ = mime.prepare(path.read_bytes())
    except MailError:
        return  # nothing that a parser would see
    defects: list[str] = []
    tree = mime.tree(raw, defects)
    assert _flat(tree) == _flat(email.message_from_bytes(raw)) or defects


@pytest.mark.parametrize("way", ["one part", "two parts", "nested", "8-bit"])
def test_bodies_go_round_the_parser(way: str) -> None:
    raw = HEAD + WAYS[way]
    bare, bodies = skeleton.bare(raw)
    assert LONG.rstrip() in b"".join(bodies)
    assert LONG not in bare


@pytest.mark.parametrize("way", ["an attached message", "a digest", "NUL", "an old Mac's line end"])
def test_what_could_be_structure_does_not(way: str) -> None:
    raw = HEAD + WAYS[way]
    assert skeleton.bare(raw) == (raw, [])
