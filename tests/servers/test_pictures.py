"""Pictures stand in their place in the mail that a real relay gets, in both directions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict
from email.message import EmailMessage
from pathlib import Path

import pytest

from maild.desk.notify import notify
from maild.outbox.deliver import Deliverer
from maild.parse.attachments import attachment_bytes
from maild.parse.parser import parse
from maild.store import records
from tests.office import Office, the_ticket
from tests.servers.rude_smtp import RudeSmtp
from tests.servers.test_relays_as_they_are import parsed, smtp

PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 9_000
ANN, BOB = "ann@acme.example", "bob@example.com"


@pytest.fixture
def relay() -> Iterator[RudeSmtp]:
    with RudeSmtp() as server:
        yield server


def picture_mail(plain: str, page: str, kind: str = "png") -> bytes:
    """As mail programs write it: alternative, the page related to its pictures, and a file."""
    message = EmailMessage()
    message["From"], message["Subject"], message["Message-ID"] = ANN, "Printer", "<p@acme.example>"
    message.set_content(plain)
    message.add_alternative(page, subtype="html")
    related = message.get_payload()[1]  # type: ignore[index]
    related.add_related(PNG, "image", kind, cid="<p1@acme>", filename="screen.png")  # type: ignore[union-attr]
    message.add_attachment("all is well", filename="log.txt")
    return message.as_bytes()


IMG = '<img src="cid:p1@acme" alt="screen.png">'
VARIANTS = {  # the plain part, the page, the words before and after the picture
    "gmail": ("See:\n[image: screen.png]\nand help", f"<p>See:<br>{IMG}<br>and help</p>"),
    "outlook": ("See:\n[cid:p1@acme]\nand help", f"<p>See:</p><p>{IMG}</p><p>and help</p>"),
    "outlook alt": (
        "See:\n[A screen, described by a program]\nand help",
        '<p>See:</p><img alt="A screen, described by a program" src="cid:p1@acme"><p>and help</p>',
    ),
    "apple": ("See:\n\n\nand help\n", f"<div>See:</div><div>{IMG}</div><div>and help</div>"),
    "wrapped": (
        "What the printer\nsays now is this, See:\nand help",
        f"<p>What the printer says now is this, See:</p>{IMG}<p>and help</p>",
    ),
    "page alone": ("", f"<p>See:</p><p>{IMG}</p><p>and help</p>"),
}


def sent(tmp_path: Path, relay: RudeSmtp, octets: bytes, by: str, to: str) -> EmailMessage:
    """What the relay gets for `to` of this mail by `by`."""
    mail = parse(octets)
    office = Office(tmp_path, smtp=smtp(relay))
    number = office.ticket()
    with office.desk("message:1", by=by, mail="p@acme.example") as desk:
        ticket = the_ticket(desk, number)
        note = desk.add_note(
            ticket,
            text=mail.new_text,
            html=mail.html,
            public=True,
            attachments=[asdict(view) for view in mail.attachments],
        )
        assert desk.stored is not None
        desk.unit.add(records.Raw(stored_id=desk.stored.id, octets=octets))
        template = "reply" if to == ANN else "note"
        notify(desk, ticket, template, [office.person(desk.unit, to)], note=note)
    deliverer = Deliverer(office.store, office.settings, attachment=attachment_bytes)
    assert deliverer.once(office.at)["failed"] == 0
    return parsed(relay.to(to)[-1])  # type: ignore[no-any-return]


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(("by", "to"), [(BOB, ANN), (ANN, BOB)])
def test_h115_a_picture_stands_in_its_place(
    tmp_path: Path, relay: RudeSmtp, variant: str, by: str, to: str
) -> None:
    mail = sent(tmp_path, relay, picture_mail(*VARIANTS[variant]), by, to)
    page = mail.get_body(("html",))
    assert page is not None
    shown = page.get_content()
    found = re.search(
        r"See:\s*(?:<br>\s*)*<div><img src=\"cid:([^\"]+)\"[^<]*></div>\s*"
        r"(?:<br>\s*)*and help",
        shown,
    )
    assert found is not None, shown
    [related] = [part for part in mail.walk() if part.get_content_type() == "multipart/related"]
    [picture] = [part for part in related.walk() if part["Content-ID"] == f"<{found[1]}>"]
    assert picture.get_content() == PNG and picture.get_content_disposition() == "inline"
    assert mail.get_content_type() == "multipart/mixed"
    assert [part.get_filename() for part in mail.iter_attachments()][-1] == "log.txt"
    assert related.get_param("type") == "multipart/alternative"


@pytest.mark.parametrize(
    ("plain", "page", "kind"),
    [
        ("See the file.", f"<p>On Monday Bob wrote:</p><blockquote>old {IMG}</blockquote>", "png"),
        ("See the file.", f"<p>Nothing of this is in the text.</p>{IMG}", "png"),
        ("See the file.", "<p>See the file.</p>", "png"),
        ("See the file.", f"<p>See the file.</p>{IMG}", "svg+xml"),
    ],
)
def test_h115_a_picture_without_a_place_is_a_file(
    tmp_path: Path, relay: RudeSmtp, plain: str, page: str, kind: str
) -> None:
    mail = sent(tmp_path, relay, picture_mail(plain, page, kind), BOB, ANN)
    shown = mail.get_body(("html",))
    assert shown is not None and "<img" not in shown.get_content()
    names = [part.get_filename() for part in mail.iter_attachments()]
    assert names == ["screen.png", "log.txt"]
