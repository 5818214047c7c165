"""Ten mails to and fro are one conversation, judged by Dovecot (E11, RFC 5256 REFERENCES)."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

from maild.desk.notify import notify
from tests.office import Office, a_note, the_ticket
from tests.servers.dovecot import Dovecot

ANN, BOB = "ann@acme.example", "bob@example.com"


def _mail(sender: str, subject: str, message_id: str, answers: EmailMessage | None) -> bytes:
    """A mail as a mail program writes it: an answer names what it answers, and all before that."""
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"] = sender, "support@example.com"
    mail["Subject"], mail["Message-ID"] = subject, f"<{message_id}>"
    if answers is not None:
        mail["In-Reply-To"] = answers["Message-ID"]
        mail["References"] = f"{answers['References'] or ''} {answers['Message-ID']}".strip()
    mail.set_content("Hello")
    return mail.as_bytes()


class _Talk:
    """Ann and Bob; what each of them wrote and got, in order."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.number = ""
        self.seen: dict[str, list[bytes]] = {ANN: [], BOB: []}
        self.count = 0

    def says(self, who: str, *told: tuple[str, str]) -> None:
        """One of them answers the last mail that he got, and these are told by that template."""
        self.count += 1
        message_id = f"mail{self.count}@{who.partition('@')[2]}"
        last = message_from_bytes(self.seen[who][-1], policy=SMTP) if self.seen[who] else None
        subject = last["Subject"] if last else "Printer is on fire"
        subject = subject if not last or subject.startswith("Re:") else f"Re: {subject}"
        self.seen[who].append(_mail(who, subject, message_id, last))
        self.office.later(minutes=7)
        with self.office.desk(f"message:{self.count}", by=who, mail=message_id) as desk:
            if not self.number:
                opened = desk.open_ticket(title="Printer is on fire", contact=desk.by)
                self.number = opened.number
            ticket = the_ticket(desk, self.number)
            desk.attach_message(ticket)
            note = a_note(desk, ticket, f"Words {self.count}")
            for template, address in told:
                person = self.office.person(desk.unit, address)
                notify(desk, ticket, template, [person], note=note)
        for item in self.office.items()[-len(told) :] if told else []:
            self.seen[item.address].append(self.office.octets(item))


def test_ten_mails_are_one_conversation_for_each_of_them(tmp_path: Path, dovecot: Dovecot) -> None:
    talk = _Talk(Office(tmp_path))
    talk.says(ANN, ("acknowledgement", ANN), ("new-ticket", BOB))
    talk.says(BOB, ("reply", ANN))
    talk.says(ANN, ("note", BOB))
    talk.says(BOB, ("reply", ANN))
    talk.says(ANN, ("note", BOB))
    talk.says(BOB, ("complete", ANN))
    talk.says(ANN, ("reopened", BOB))
    for who, name in ((ANN, "ann-thread"), (BOB, "bob-thread")):
        dovecot.fill(name, talk.seen[who])
        with dovecot.client(name, "INBOX") as client:
            threads: Any = client.thread("REFERENCES")
            by_subject: Any = client.thread("ORDEREDSUBJECT") if client.has_capability(
                "THREAD=ORDEREDSUBJECT"
            ) else [()]  # fmt: skip
        assert len(threads) == 1, threads
        assert sorted(_flat(threads)) == list(range(1, len(talk.seen[who]) + 1))
        assert len(by_subject) == 1
        subjects = {message_from_bytes(m)["Subject"].removeprefix("Re: ") for m in talk.seen[who]}
        assert subjects <= {"Printer is on fire", f"[{talk.number}] Printer is on fire"}
    assert sum(map(len, talk.seen.values())) >= 10


def _flat(threads: Any) -> list[int]:
    if isinstance(threads, int):
        return [threads]
    return [number for entry in threads for number in _flat(entry)]
