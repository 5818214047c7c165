"""The desk itself, and the addresses and mailboxes by which people write to it."""

import difflib
import re
from datetime import timedelta, tzinfo
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from maild.config.logins import Login, Port
from maild.config.sections import MailAddress, Section, mail_address
from maild.model import Address
from maild.zones import is_zone, zone_names


class DeskSection(Section):
    """The desk itself: its name, address, zone and language."""

    name: str = "Support"
    address: MailAddress = "support@example.com"  # From of every notification
    aliases: list[MailAddress] = []  # other addresses that are ours, former ones too
    timezone: str = "UTC"  # of ticket numbers, business hours, dates in mails
    language: str = "en"  # of mails to people whose language is not known
    plus_address: bool = False  # Reply-To support+TOKEN@…, where your server knows plus-addresses
    # So long after it was completed a ticket is reopened by mail; what comes later opens a ticket
    # that follows it, whatever its subject.  None: there is no such limit.
    reopen_days: Annotated[float, Field(gt=0, le=3660)] | None = None
    # Mail about a ticket comes from the address of the mailbox that has its queue, wherever the
    # ticket came in; else from where it came in.
    queue_address: bool = False
    emergency: str | None = None  # what to do then while nobody works: "Call +49 30 1234."
    signature: str | None = None  # below its mails, of one line or several; default: the name
    admins: list[MailAddress] = []  # who is mailed when something is wrong, once each time
    # "listen": everything is done, and nothing sent: to run beside another helpdesk before you
    # move.  Mailboxes are left as they are, whatever `after` says.
    mode: Literal["live", "listen"] = "live"

    _address = field_validator("address")(mail_address)

    @field_validator("admins", "aliases")
    @classmethod
    def _addresses(cls, value: list[str]) -> list[str]:
        return [mail_address(address) for address in value]

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if not is_zone(value):
            close = difflib.get_close_matches(value, zone_names(), 1)
            hint = f"; did you mean {close[0]}?" if close else ' like "Europe/Berlin"'
            raise ValueError(f"an IANA time zone is needed{hint}")
        return value

    @property
    def listens(self) -> bool:
        """Whether nothing is sent."""
        return self.mode == "listen"

    @property
    def zone(self) -> tzinfo:
        """The zone of ticket numbers, business hours and dates."""
        return ZoneInfo(self.timezone)

    @property
    def sender(self) -> Address:
        """From of every notification."""
        return Address(self.name, self.address)


class Front(Section):
    """An address of the desk that people write to, and how mail about its tickets looks."""

    # What people write to, where it is not [desk] address: they are answered from there.
    address: MailAddress | None = None
    sender: str | None = None  # the name beside it; default: that of the desk
    signature: str | None = None  # below its mails; default: the name
    language: str | None = None  # of who writes there for the first time; default: the desk's
    queue: str | None = None  # of tickets that come in by it; default: the profile's
    # A folder beside maild.toml whose templates come before those in `templates`.
    templates: str | None = None

    @field_validator("address")
    @classmethod
    def _reachable(cls, value: str | None) -> str | None:
        return None if value is None else mail_address(value)

    @property
    def called(self) -> str:
        """By what a ticket remembers it."""
        return self.address or ""


class AliasSection(Front):
    """An address whose mail comes by the mailbox of another."""

    address: MailAddress


class MailboxSection(Front, Login):
    """One folder on an IMAP server that is watched."""

    name: str
    port: Port = 993
    folder: str = "INBOX"
    poll_seconds: Annotated[float, Field(ge=0.2, le=86400)] = 60  # where there is no IDLE
    after: str = "keep"  # keep | move:FOLDER | delete
    since: str = "3 days"  # how far back the first look at a folder goes: 12 hours, 2 weeks, all

    @property
    def called(self) -> str:
        """By what a ticket remembers it."""
        return self.name

    @field_validator("after")
    @classmethod
    def _known_after(cls, value: str) -> str:
        if value in ("keep", "delete") or (value.startswith("move:") and value[5:].strip()):
            return value
        raise ValueError("keep, delete or move:FOLDER are possible")

    @field_validator("since")
    @classmethod
    def _known_since(cls, value: str) -> str:
        time_back(value)
        return value

    @model_validator(mode="after")
    def _moves_elsewhere(self) -> Self:
        if self.after.startswith("move:") and _same_folder(self.after[5:], self.folder):
            raise ValueError(
                f'after = "{self.after}" names the folder that is watched, so each mail would be '
                "moved to where it is, without end; name another folder"
            )
        return self

    @property
    def first_look(self) -> timedelta | None:
        """How far back it goes; None: to the first message."""
        return time_back(self.since)


def time_back(text: str) -> timedelta | None:
    """ "3 days" → a timedelta; "all" → None."""
    found = re.fullmatch(r"(\d{1,5}) ?(hour|day|week)s?", text.strip().lower())
    if text.strip().lower() == "all":
        return None
    if found is None:
        raise ValueError('a time like "3 days", "12 hours" or "2 weeks" is needed, or "all"')
    return timedelta(**{f"{found[2]}s": int(found[1])})


def _same_folder(one: str, other: str) -> bool:
    """Whether two names can only mean one folder: INBOX is INBOX however it is spelled (H110)."""

    def plain(name: str) -> list[str]:
        parts = name.strip().strip("\"'").strip().replace(".", "/").strip("/").split("/")
        return ["INBOX" if parts[0].casefold() == "inbox" else parts[0], *parts[1:]]

    return plain(one) == plain(other)
