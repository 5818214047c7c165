"""What is believed, taken, kept out, and where it ends."""

import re
import shutil
from typing import Annotated, Literal

from pydantic import Field, field_validator

from maild.config.sections import Section


class AttachmentsSection(Section):
    """Which files are taken."""

    # Names ("*.exe") and media types ("application/x-msdownload") that are refused: such a file
    # stays in the mail as it came, and is neither passed on nor handed out.
    refuse: tuple[str, ...] = ()
    # A command that gets each file on its input: its status 0 is clean, 1 infected (refused); by
    # any other, or without an answer in time, the file is kept back, and the admins hear of it.
    scanner: tuple[str, ...] = ()
    scanner_seconds: Annotated[float, Field(ge=1, le=300)] = 20  # for all files of a mail

    @field_validator("scanner")
    @classmethod
    def _program(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if value and (not value[0].strip() or shutil.which(value[0]) is None):
            raise ValueError(
                "a program that this user can run, with its arguments, is needed, "
                f"and {value[0]!r} is none"
            )
        return value

    @field_validator("refuse")
    @classmethod
    def _kinds(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        for value in values:
            if not _FILE_KIND.fullmatch(value.strip()):
                raise ValueError(
                    'names like "*.exe" or media types like "application/x-msdownload" are needed, '
                    f"and {value!r} is neither"
                )
        return tuple(_file_kind(value.strip()) for value in values)


# A name with an ending or a wildcard, or type/subtype.
_FILE_KIND = re.compile(r"[^/\\]*[.*?][^/\\]*|[A-Za-z*][\w.+*-]*/[\w.+*-]+")


def _file_kind(value: str) -> str:
    """ ".exe" is an ending: "*.exe"."""
    return f"*{value}" if re.fullmatch(r"(\.\w+)+", value) else value


class TrustSection(Section):
    """When we believe that a mail is of its sender (RFC 8601)."""

    authserv_id: str | None = None  # whose Authentication-Results we believe (RFC 8601 §2.5)
    # What a technician's mail must bring before its commands count: a reply to a mail that he
    # alone got, a DMARC (or aligned DKIM) pass, either of these, or nothing at all.
    require: Literal["token", "dmarc", "either", "none"] = "either"
    # Where that server writes the field: above its own Received field (as most do), or below it,
    # where a sender's forged one would stand too if the server did not remove it.
    stamps: Literal["auto", "above", "below"] = "auto"


class LimitsSection(Section):
    """What one mail may cost: octets, seconds, tries."""

    message_bytes: Annotated[int, Field(ge=10_000)] = 50_000_000  # larger ones raise an alert
    parse_seconds: Annotated[float, Field(gt=0, le=600)] = 10  # of CPU; a mail that takes longer …
    tries: Annotated[int, Field(ge=1, le=20)] = 3  # … or fails this often is quarantined


class Cap(Section):
    """So many at most, within a clock hour and within a day (UTC)."""

    hour: Annotated[int, Field(ge=0)]
    day: Annotated[int, Field(ge=0)]


def _cap(hour: int, day: int) -> Cap:
    return Cap.model_construct(hour=hour, day=day)


class FloodsSection(Section):
    """Where loops and floods end, whatever their headers say (E10).

    What is over a cap is kept and shown, and told to the admins once; see docs/security.md.
    """

    # Automatic mails to one person about one ticket.  People write a few times an hour at most;
    # two machines that answer each other are stopped within minutes.
    conversation: Cap = _cap(hour=10, day=30)
    # What people wrote, and answers to what a technician did, to one person about one ticket:
    # a lively hour, not a loop between two absent technicians.
    words: Cap = _cap(hour=40, day=150)
    # Automatic mails to one address outside: somebody who opens many tickets in a day.
    recipient: Cap = _cap(hour=50, day=200)
    # Mails to one technician that others' mail caused: more than he can read anyway.
    resource: Cap = _cap(hour=500, day=3000)
    # Automatic mails to addresses of no organization that were first seen within a day, all
    # together: a sender who changes his name with every mail is always new.
    strangers: Cap = _cap(hour=150, day=1000)
    # All mail that goes out by itself: far above a busy day, far below what ruins a reputation.
    total: Cap = _cap(hour=2000, day=20000)
    # Mails of one sender that do anything; the rest is filed.
    mails: Cap = _cap(hour=600, day=3000)
    # Tickets that one sender opens: a monitoring system on a bad day stays below.
    tickets: Cap = _cap(hour=300, day=1000)
    # Mails of one sender that rules know (monitoring, forms): a bad day of a large network.
    machines: Cap = _cap(hour=600, day=5000)
    # How often mail reopens one ticket: an absence notice after each "is resolved" ends here.
    reopenings: Cap = _cap(hour=3, day=6)
    # After so many hard bounces in a row an address is not written to any more.
    hard_bounces: Annotated[int, Field(ge=1, le=100)] = 3


class SpamSection(Section):
    """Whose mail is kept in a list instead of opening tickets."""

    block: list[str] = []  # addresses and domains; more by `#spam` and `maild spam block`
    allow: list[str] = []  # never spam, whatever a server says
    verdicts: bool = True  # believe servers that mark a stranger's mail as spam

    @field_validator("block", "allow")
    @classmethod
    def _plain(cls, value: list[str]) -> list[str]:
        return [entry.strip().lower().removeprefix("@") for entry in value]
