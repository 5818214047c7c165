"""What the page around all mails may name."""

from __future__ import annotations

from maild.desk.known_facts import Fact

LAYOUT_FACTS = (
    Fact("language", "language of the mail", "en"),
    Fact("subject", "its subject", "Printer is on fire"),
    Fact("preheader", "what a list of mails shows beside the subject", "It smokes."),
    Fact("reply_above", "the line above which people write, or nothing", "##- Reply above -##"),
    Fact("body", "the words of the mail; `body|ready` shows them", "<p>Hello Ann,</p>"),
    Fact("foot", "one line: what a reply will do", "A reply goes to Example Support."),
    Fact("logo", "the desk's logo, or nothing; its address is `cid:{{ logo }}`", ""),
    Fact("desk", "the desk's name", "Example Support"),
    Fact("signature", "what stands below, with the ticket's number", "Example Support"),
)
