"""Which files are refused, by their names and media types, also within what carries them."""

from __future__ import annotations

from dataclasses import asdict
from email.message import EmailMessage

import pytest

from maild.config import AttachmentsSection
from maild.desk.file_policy import judged
from maild.parse.parser import parse

KINDS = ("*.exe", ".scr", "*.tar.gz", "setup*", "application/x-msdownload", "video/*")


@pytest.mark.parametrize(
    ("name", "content_type", "kind"),
    [
        ("virus.exe", "application/octet-stream", "*.exe"),
        ("VIRUS.EXE", "text/plain", "*.exe"),
        ("invoice.pdf.exe", "application/pdf", "*.exe"),
        ("virus.exe.", "text/plain", "*.exe"),
        ("virus.exe .", "text/plain", "*.exe"),
        ("vir\u202eus.exe", "text/plain", "*.exe"),
        ("../../virus.exe", "text/plain", "*.exe"),
        ("saver.Scr", "text/plain", "*.scr"),
        ("logs.tar.gz", "application/gzip", "*.tar.gz"),
        ("Setup-3.msi", "application/octet-stream", "setup*"),
        ("harmless.txt", "Application/X-MSDownload", "application/x-msdownload"),
        ("clip", "video/mp4", "video/*"),
        ("exe.txt", "text/plain", None),
        ("virus.exe.txt", "text/plain", None),
        ("my exe", "text/plain", None),
        ("logs.gz", "application/gzip", None),
        ("film.txt", "text/x-video", None),
        ("photo.jpg", "image/jpeg", None),
    ],
)
@pytest.mark.parametrize("within", ["", "a forwarded message", "two forwarded messages"])
def test_a_file_is_refused_by_its_name_or_type(
    name: str, content_type: str, kind: str | None, within: str
) -> None:
    mail = with_file(name, content_type)
    for _ in within.split("message")[1:] * (2 if within.startswith("two") else 1):
        outer = EmailMessage()
        outer.set_content("See below.")
        outer.add_attachment(mail)
        mail = outer
    views = [asdict(one) for one in parse(mail.as_bytes()).attachments]
    policy = AttachmentsSection(refuse=KINDS)
    [view] = judged(views, policy)
    assert view.get("refused") == kind
    assert "holds" not in view
    assert "refused" not in judged(views, AttachmentsSection())[0]


def with_file(name: str, content_type: str) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = "Printer"
    message.set_content("Look.")
    main, _, sub = content_type.partition("/")
    message.add_attachment(b"MZ", maintype=main, subtype=sub, filename=name)
    return message


def test_a_winmail_dat_is_refused_for_what_it_holds() -> None:
    view = {"filename": "winmail.dat", "content_type": "application/ms-tnef"}
    held = view | {"holds": (("report.doc", "application/msword"), ("virus.exe", ""))}
    assert judged([held], AttachmentsSection(refuse=KINDS))[0]["refused"] == "*.exe"
    assert (
        "refused"
        not in judged([view | {"holds": (("a.doc", ""),)}], AttachmentsSection(refuse=KINDS))[0]
    )


@pytest.mark.parametrize("kind", ["", "exe", " ", "a/b/c", "*/exe.x/", "C:\\x.exe", "../*.exe"])
def test_what_is_neither_a_name_nor_a_type_is_said(kind: str) -> None:
    with pytest.raises(ValueError, match=r'names like "\*\.exe" or media types'):
        AttachmentsSection(refuse=("*.exe", kind))
