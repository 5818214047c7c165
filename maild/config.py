"""maild.toml: every key with its meaning, default and limits; all errors at once.

The models below are the one source of defaults and validation; a test holds the file that
`maild init` writes (cli/maild.toml) to them.
"""

import difflib
import os
import re
import shutil
import tomllib
from collections.abc import Iterator
from datetime import date, timedelta, tzinfo
from functools import cached_property
from pathlib import Path
from string import ascii_letters, digits
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails

from maild import octets, spool
from maild.errors import UsageError
from maild.model import Address
from maild.zones import is_zone, zone_names

Port = Annotated[int, Field(ge=1, le=65535)]
Tls = Literal["implicit", "starttls", "none"]
SECRET_FILES = (
    "password_file",
    "client_secret_file",
    "refresh_token_file",
    "secret_file",
    "former_secret_file",
)
LEAST_SECRET = 24  # characters of what two desks sign by
LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Section(BaseModel):
    """A part of the file; a key that is not listed is an error."""

    # What reads one section is made when it is needed; all of them are read by what reads Config.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


def _mail_address(value: str) -> str:
    local, at, domain = value.strip().rpartition("@")
    if not (local and at and domain) or any(c.isspace() or c in '<>,;"' for c in value.strip()):
        raise ValueError("a mail address like support@example.com is needed")
    return value.strip()


MailAddress = Annotated[str, Field(examples=["support@example.com"])]


def _web_address(value: str) -> str:
    host = urlsplit(value).hostname or ""
    if value.startswith("https://") and host:
        return value
    if value.startswith("http://") and host in LOOPBACK:
        return value
    raise ValueError("an address that begins with https:// is needed (http:// on loopback)")


def _kept(key: str, value: SecretStr | None, file: Path | None, variable: str | None) -> str:
    """A secret from one of its three places; UsageError where file or variable is missing."""
    if file:
        try:
            return file.read_text("utf-8").splitlines()[0].strip()
        except (OSError, IndexError, UnicodeError) as error:
            raise UsageError(
                f"{key}_file {file} cannot be read; "
                f"write the {key.replace('_', ' ')} into its first line and let this user read it."
            ) from error
    if variable:
        if variable not in os.environ:
            raise UsageError(f"The environment variable {variable} ({key}_env) is not set.")
        return os.environ[variable]
    return value.get_secret_value() if value else ""


class OauthSection(Section):
    """OAuth 2 instead of a password (RFC 6749): who gives access tokens, and for what.

    The order of the keys is that in which they are validated: later ones know earlier ones.
    """

    provider: Literal["microsoft", "google"] | None = None  # or the addresses of another one:
    token_url: Annotated[str | None, Field(validate_default=True)] = None
    device_url: str | None = None  # RFC 8628 §3.1; for `maild login` only, as the next
    authorize_url: str | None = None  # RFC 6749 §3.1
    tenant: Annotated[str | None, Field(validate_default=True)] = None  # of Microsoft: directory
    scope: str | None = None  # default: the provider's for IMAP and SMTP
    grant: Literal["refresh_token", "client_credentials"] = "refresh_token"
    refresh_token_file: Annotated[Path | None, Field(validate_default=True)] = None
    client_id: Annotated[str, Field(min_length=1)]
    client_secret_file: Path | None = None  # its first line
    client_secret_env: str | None = None  # name of an environment variable
    client_secret: Annotated[SecretStr | None, Field(validate_default=True)] = None

    @field_validator("token_url", "device_url", "authorize_url")
    @classmethod
    def _safe(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value and info.data.get("provider"):
            raise ValueError("the provider has its own; leave out this key or `provider`")
        return _web_address(value) if value else None

    @field_validator("token_url")
    @classmethod
    def _somebody(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and info.data.get("provider", "?") is None:
            raise ValueError(
                'provider = "microsoft" or "google" is needed, or the token_url of another one'
            )
        return value

    @field_validator("tenant")
    @classmethod
    def _directory(cls, value: str | None, info: ValidationInfo) -> str | None:
        microsoft = info.data.get("provider") == "microsoft"
        if microsoft and not value:
            raise ValueError('the directory is needed, its id or a domain like "example.com"')
        if value and not microsoft:
            raise ValueError('only provider = "microsoft" has one; leave it out')
        if value and set(value) - set(ascii_letters + digits + ".-"):
            raise ValueError('an id or a domain like "example.com" is needed')
        return value

    @field_validator("grant")
    @classmethod
    def _offered(cls, value: str, info: ValidationInfo) -> str:
        if value == "client_credentials" and info.data.get("provider") == "google":
            raise ValueError('with Google only "refresh_token" is possible')
        return value

    @field_validator("refresh_token_file")
    @classmethod
    def _where(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        grant = info.data.get("grant")
        if value is None and grant == "refresh_token":
            raise ValueError("a file for the refresh token is needed; `maild login` writes it")
        if value is not None and grant == "client_credentials":
            raise ValueError('there is none with grant = "client_credentials"; leave it out')
        return value

    @field_validator("client_secret")
    @classmethod
    def _one_secret(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        given = ["client_secret"] if value else []
        given += [k for k in ("client_secret_file", "client_secret_env") if info.data.get(k)]
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)} are both given; one is enough")
        if not given and info.data.get("grant") == "client_credentials":
            raise ValueError(
                'grant = "client_credentials" needs it, or client_secret_file or client_secret_env'
            )
        return value

    def secret(self) -> str:
        """The client's secret, "" where there is none; UsageError where it cannot be read."""
        return _kept(
            "client_secret", self.client_secret, self.client_secret_file, self.client_secret_env
        )


class Login(Section):
    """A server that we log in to; the password comes from one of three places, or there is none."""

    host: str = "127.0.0.1"
    tls: Tls = "implicit"  # "none" only on loopback
    username: str | None = None
    password: SecretStr | None = None
    password_file: Path | None = None  # its first line
    password_env: str | None = None  # name of an environment variable
    oauth: OauthSection | None = None

    @model_validator(mode="after")
    def _plain_only_at_home(self) -> Self:
        if self.tls == "none" and self.host not in LOOPBACK:
            raise ValueError(
                f'tls = "none" would send the password in clear to {self.host}; '
                'use "implicit" or "starttls" ("none" is for 127.0.0.1, ::1 and localhost)'
            )
        ways = ("password", "password_file", "password_env", "oauth")
        given = [k for k in ways if getattr(self, k)]
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)} are both given; one is enough")
        if self.oauth and not self.username:
            raise ValueError("oauth needs `username`, the address of the account")
        return self

    def secret(self) -> str:
        """The password; UsageError where its file or variable is missing."""
        return _kept("password", self.password, self.password_file, self.password_env)


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

    _address = field_validator("address")(_mail_address)

    @field_validator("admins", "aliases")
    @classmethod
    def _addresses(cls, value: list[str]) -> list[str]:
        return [_mail_address(address) for address in value]

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


class DatabaseSection(Section):
    """Where everything is kept."""

    url: str = "sqlite:///var/maild.db"  # or postgresql://user@host/name


class StoreSection(Section):
    """Where the octets of large mails are, if not in the database."""

    # folder:var/raw | s3://bucket/prefix; "": in the database, and the largest beside its file
    raw: str = ""

    @field_validator("raw")
    @classmethod
    def _is_a_place(cls, value: str) -> str:
        kind, _, rest = value.partition(":")
        if value and (kind not in ("folder", "s3") or not rest.strip("/")):
            raise ValueError("folder:… or s3://bucket/prefix is needed")
        return value


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
        return None if value is None else _mail_address(value)

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


class SmtpSection(Login):
    """The relay that all mail is handed to."""

    host: str = "127.0.0.1"
    port: Port = 25
    tls: Tls = "none"
    # How we introduce ourselves (EHLO); default: the machine's name.
    helo: Annotated[str, Field(pattern=r"^[A-Za-z0-9\[\]:._-]{1,255}$")] | None = None
    timeout_seconds: Annotated[float, Field(ge=1, le=600)] = 60
    connections: Annotated[int, Field(ge=1, le=20)] = 4  # at the same time, at most
    retry_days: Annotated[float, Field(gt=0, le=30)] = 4  # then a mail that is put off has failed
    per_minute: Annotated[int, Field(ge=0)] = 0  # mails that the relay takes; 0: any number
    # Whom bounces go to: the desk's address; for automatic mail nobody; the desk with a token.
    envelope: Literal["desk", "null", "tagged"] = "desk"


class NotificationsSection(Section):
    """How news is gathered into mails, and what goes with them."""

    # News of a ticket for one resource within this time become one mail; 0: each is its own.
    quiet_seconds: Annotated[float, Field(ge=0, le=86400)] = 0
    # A note's files are passed on up to so many octets a mail; 0: only their names.
    attachment_bytes: Annotated[int, Field(ge=0, le=50_000_000)] = 10_000_000
    logo: str | None = None  # a picture beside maild.toml that every mail shows: "logo.png"


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


Answer = Literal["always", "on-problem"]


class CommandsSection(Section):
    """How commands by mail are answered."""

    # Of which commands a resource is told what became of them; without this key of all but a
    # plain "is resolved" in the subject, which the ticket shows anyway.
    answer: Answer | None = None


class MonitorSection(Section):
    """Who looks after the daemon: HTTP for programs, and when something counts as wrong."""

    listen: str | None = None  # where /healthz, /readyz and /metrics answer; None: nowhere
    stall_seconds: Annotated[float, Field(ge=5)] = 300  # mail waits, nothing moves: a stall
    backup_hours: Annotated[float, Field(ge=0)] = 0  # how old a backup may be; 0: any age

    @field_validator("listen")
    @classmethod
    def _host_and_port(cls, value: str | None) -> str | None:
        host, colon, port = (value or "").rpartition(":")
        if value is not None and not (host and colon and port.isdecimal() and int(port) <= 65535):
            raise ValueError("a host and a port like 127.0.0.1:9090 are needed")
        return value

    @property
    def place(self) -> tuple[str, int] | None:
        """Host and port of `listen`."""
        if self.listen is None:
            return None
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)


class KeepSection(Section):
    """How many days something is kept; 0: for ever.  What is of a ticket that is not over stays."""

    raw: Annotated[float, Field(ge=0)] = 0  # mails as they came in, with their files
    outbox: Annotated[float, Field(ge=0)] = 90  # mails as they went out; that they did is kept
    events: Annotated[float, Field(ge=0)] = 0  # what happened to tickets, step by step
    logs: Annotated[float, Field(ge=0)] = 365  # attempts to send, calls of hooks, past alerts

    @property
    def limited(self) -> dict[str, float]:
        """What is not kept for ever, and for how many days it is."""
        return {name: days for name, days in self.model_dump().items() if days}


class LogSection(Section):
    """What is written to standard error while commands work."""

    level: Literal["debug", "info", "warning", "error"] = "info"  # and what is worse
    format: Literal["auto", "text", "json"] = "auto"  # auto: text on a terminal, else json


class Cap(Section):
    """So many at most, within a clock hour and within a day (UTC)."""

    hour: Annotated[int, Field(ge=0)]
    day: Annotated[int, Field(ge=0)]


class FloodsSection(Section):
    """Where loops and floods end, whatever their headers say (E10).

    What is over a cap is kept and shown, and told to the admins once; see docs/security.md.
    """

    # Automatic mails to one person about one ticket.  People write a few times an hour at most;
    # two machines that answer each other are stopped within minutes.
    conversation: Cap = Cap(hour=10, day=30)
    # What people wrote, and answers to what a technician did, to one person about one ticket:
    # a lively hour, not a loop between two absent technicians.
    words: Cap = Cap(hour=40, day=150)
    # Automatic mails to one address outside: somebody who opens many tickets in a day.
    recipient: Cap = Cap(hour=50, day=200)
    # Mails to one technician that others' mail caused: more than he can read anyway.
    resource: Cap = Cap(hour=500, day=3000)
    # Automatic mails to addresses of no organization that were first seen within a day, all
    # together: a sender who changes his name with every mail is always new.
    strangers: Cap = Cap(hour=150, day=1000)
    # All mail that goes out by itself: far above a busy day, far below what ruins a reputation.
    total: Cap = Cap(hour=2000, day=20000)
    # Mails of one sender that do anything; the rest is filed.
    mails: Cap = Cap(hour=600, day=3000)
    # Tickets that one sender opens: a monitoring system on a bad day stays below.
    tickets: Cap = Cap(hour=300, day=1000)
    # Mails of one sender that rules know (monitoring, forms): a bad day of a large network.
    machines: Cap = Cap(hour=600, day=5000)
    # How often mail reopens one ticket: an absence notice after each "is resolved" ends here.
    reopenings: Cap = Cap(hour=3, day=6)
    # After so many hard bounces in a row an address is not written to any more.
    hard_bounces: Annotated[int, Field(ge=1, le=100)] = 3


class PersonSection(Section):
    """What is known of a person from the configuration."""

    name: str
    email: MailAddress
    aliases: list[MailAddress] = []
    language: str | None = None
    active: bool = True

    _email = field_validator("email")(_mail_address)

    def all_addresses(self) -> list[str]:
        """The addresses as they are compared, each once, the first one first."""
        return list(dict.fromkeys(Address("", a).key for a in (self.email, *self.aliases)))


class ResourceSection(PersonSection):
    """A technician."""

    answer: Answer | None = None  # as in [commands], for this resource
    admin: bool = False  # may see and change the desk's policy in the console
    title: str | None = None  # "Helpdesk Manager": `#notify helpdesk manager` means all who bear it
    organization: str | None = None  # of a client: he sees its tickets only in the console
    away_until: date | None = None  # what comes for him goes to `stand_in` until that day
    stand_in: str | None = None  # the address of another resource; none: all others


class OrganizationSection(Section):
    """Whom contacts belong to, known by the domains of their addresses."""

    name: str
    domains: list[str] = []

    def domain_keys(self) -> list[str]:
        """The domains as they are compared, each once."""
        return list(dict.fromkeys(Address("", f"x@{domain}").domain for domain in self.domains))


class HookSection(Section):
    """A program that rules can call (`web hook: NAME`); it checks our signature by the secret."""

    name: str
    url: str  # https, or http on loopback
    secret: SecretStr | None = None
    secret_env: str | None = None  # name of an environment variable
    alerts: bool = True  # it also hears what is wrong with the desk while mail cannot tell it

    _url = field_validator("url")(_web_address)

    @model_validator(mode="after")
    def _one_secret(self) -> Self:
        if (self.secret is None) == (self.secret_env is None):
            raise ValueError("one of secret and secret_env is needed")
        return self

    def key(self) -> bytes:
        """The secret; UsageError where its variable is missing."""
        if self.secret is not None:
            return self.secret.get_secret_value().encode()
        if self.secret_env not in os.environ:
            raise UsageError(f"The environment variable {self.secret_env} (secret_env) is not set.")
        return os.environ[str(self.secret_env)].encode()


class WebSection(Section):
    """The console: a browser's way to the desk."""

    listen: str = "127.0.0.1:8080"  # where it answers; `maild run` brings it where [web] stands
    url: Annotated[str | None, Field(validate_default=True)] = None  # what links in mails say
    session_days: Annotated[float, Field(gt=0, le=366)] = 14  # a browser stays signed in, unused
    undo_seconds: Annotated[float, Field(ge=0, le=60)] = 10  # how long an answer can be undone

    @field_validator("listen")
    @classmethod
    def _host_and_port(cls, value: str) -> str:
        host, colon, port = value.rpartition(":")
        if not (host and colon and port.isdecimal() and int(port) <= 65535):
            raise ValueError("a host and a port like 127.0.0.1:8080 are needed")
        return value

    @field_validator("url")
    @classmethod
    def _without_end(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None:
            return _web_address(value).rstrip("/")
        listen = str(info.data.get("listen", ""))
        host = listen.rpartition(":")[0].strip("[]")
        if listen and host not in LOOPBACK:
            raise ValueError(
                "the address is needed that people open, like https://desk.example.com"
            )
        return f"http://{listen}"

    @property
    def host(self) -> str:
        """The host of `listen`."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The port of `listen`."""
        return int(self.listen.rpartition(":")[2])


class ContactSection(PersonSection):
    """Somebody who writes to the desk."""

    organization: str | None = None
    timezone: str | None = None


class PartnerSection(Section):
    """Another desk with which tickets are shared by mail; both know the secret (P8)."""

    name: Annotated[str, Field(min_length=1, max_length=60)]  # as `#share NAME` calls it
    address: MailAddress  # its `[desk] address`: where its mail goes, and who it says it is
    secret: SecretStr | None = None
    secret_file: Path | None = None  # its first line
    secret_env: str | None = None  # name of an environment variable
    # While the secret changes: the one before, which is believed, and signed with, beside it.
    former_secret: SecretStr | None = None
    former_secret_file: Path | None = None
    former_secret_env: str | None = None
    organization: str | None = None  # whose ticket it is that the partner shares with us
    language: str | None = None  # of what people read there; default: the desk's

    _address = field_validator("address")(_mail_address)

    @model_validator(mode="after")
    def _one_secret(self) -> Self:
        if not self._given("secret"):
            raise ValueError("one of secret, secret_file and secret_env is needed")
        for kind in ("secret", "former_secret"):
            if len(given := self._given(kind)) > 1:
                raise ValueError(f"{' and '.join(given)} are both given; one is enough")
        for value in (self.secret, self.former_secret):
            if value is not None:
                _long(value.get_secret_value())
        return self

    def _given(self, kind: str) -> list[str]:
        return [k for k in (kind, f"{kind}_file", f"{kind}_env") if getattr(self, k)]

    @property
    def email(self) -> str:
        """Its address, as that of a person is called."""
        return self.address

    def all_addresses(self) -> list[str]:
        """The address as it is compared."""
        return [Address("", self.address).key]

    def keys(self) -> list[bytes]:
        """The secrets that are believed, the newest first; UsageError where one is missing."""
        kinds = [kind for kind in ("secret", "former_secret") if self._given(kind)]
        return [self._key(kind) for kind in kinds]

    def _key(self, kind: str) -> bytes:
        value, file, variable = (getattr(self, f"{kind}{end}") for end in ("", "_file", "_env"))
        found = _kept(kind, value, file, variable)
        try:
            return _long(found).encode()
        except ValueError as error:
            raise UsageError(f'[[partner]] "{self.name}", {kind}: {error}.') from error


def _long(secret: str) -> str:
    """A secret that nobody tries out; ValueError says how one is made."""
    if len(secret) < LEAST_SECRET:
        raise ValueError(
            f"{LEAST_SECRET} characters at least are needed; `openssl rand -hex 32` makes some"
        )
    return secret


class SenderSection(Section):
    """Whose mail is a machine's: a monitoring system's, a form's, a scheduler's (N7, G17)."""

    kind: Annotated[str, Field(min_length=1)]  # as the profile's rules call it
    address: Annotated[str, Field(examples=["alerts@rmm.example.net"])]  # `*` stands for any text
    # What proves that it is this sender: DMARC or aligned DKIM, or nothing but the address, which
    # anybody can write.
    trust: Literal["dmarc", "address"] = "dmarc"
    # Or a secret that only this sender knows: it writes to support+SECRET@…
    secret: SecretStr | None = None

    @field_validator("address")
    @classmethod
    def _has_domain(cls, value: str) -> str:
        address = value.strip().lower()
        domain = address.rpartition("@")[2]
        if "@" not in address or "." not in domain or "*" in domain.removeprefix("*."):
            raise ValueError(
                "an address with its domain is needed, like alerts@rmm.example.net or *@example.net"
            )
        return address

    @field_validator("secret")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not re.fullmatch(r"[\w-]{12,60}", value.get_secret_value()):
            raise ValueError("12 to 60 letters, digits, - and _ are needed")
        return value


class SpamSection(Section):
    """Whose mail is kept in a list instead of opening tickets."""

    block: list[str] = []  # addresses and domains; more by `#spam` and `maild spam block`
    allow: list[str] = []  # never spam, whatever a server says
    verdicts: bool = True  # believe servers that mark a stranger's mail as spam

    @field_validator("block", "allow")
    @classmethod
    def _plain(cls, value: list[str]) -> list[str]:
        return [entry.strip().lower().removeprefix("@") for entry in value]


def _usual() -> Any:
    """A section that is not in the file: read with the rest, as if it stood there empty."""
    return Field(default={})


class Config(BaseModel):
    """The whole of maild.toml."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    profile: str = "next7"  # next7 | ggit | atera, or a folder of your own
    desk: DeskSection = _usual()
    database: DatabaseSection = _usual()
    store: StoreSection = _usual()
    mailbox: list[MailboxSection] = []
    alias: list[AliasSection] = []
    smtp: SmtpSection = _usual()
    notifications: NotificationsSection = _usual()
    attachments: AttachmentsSection = _usual()
    trust: TrustSection = _usual()
    limits: LimitsSection = _usual()
    commands: CommandsSection = _usual()
    floods: FloodsSection = _usual()
    spam: SpamSection = _usual()
    monitor: MonitorSection = _usual()
    keep: KeepSection = _usual()
    log: LogSection = _usual()
    resource: list[ResourceSection] = []
    organization: list[OrganizationSection] = []
    contact: list[ContactSection] = []
    sender: list[SenderSection] = []
    hook: list[HookSection] = []
    partner: list[PartnerSection] = []
    web: WebSection | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        problems = [*self._twins(), *self._own_partners(), *self._unknown_organizations()]
        if problems:
            raise ValueError("\n".join(problems))
        return self

    def _twins(self) -> Iterator[str]:
        """Names and addresses that stand for two things."""
        for kind, names in (
            ("mailbox", [mailbox.name for mailbox in self.mailbox]),
            ("organization", [organization.name for organization in self.organization]),
            ("hook", [hook.name for hook in self.hook]),
            ("partner", [partner.name for partner in self.partner]),
        ):
            for name in _repeated(names):
                yield f'two [[{kind}]] are named "{name}"; each needs a name of its own'
        domains = [(d, o.name) for o in self.organization for d in o.domain_keys()]
        for domain in _repeated([domain for domain, _ in domains]):
            whose = " and ".join(f'"{name}"' for theirs, name in domains if theirs == domain)
            yield f"{domain} is a domain of the [[organization]] {whose}; it can be only one's"
        people: list[tuple[str, PersonSection | PartnerSection]] = [
            ("resource", one) for one in self.resource
        ]
        people += [("contact", one) for one in self.contact]
        people += [("partner", one) for one in self.partner]
        said = [
            (address, f'[[{kind}]] "{one.name}"')
            for kind, one in people
            for address in one.all_addresses()
        ]
        for address in _repeated([address for address, _ in said]):
            whose = " and ".join(who for theirs, who in said if theirs == address)
            yield f"{address} is the address of {whose}; it can be only one's"

    def _own_partners(self) -> Iterator[str]:
        """Partners at an address of ours, which would be told what we write to ourselves."""
        ours = {Address("", one).key for one in (self.desk.address, *self.desk.aliases)}
        ours |= {Address("", str(front.address)).key for front in self.fronts}
        for partner in self.partner:
            if not ours.isdisjoint(partner.all_addresses()):
                yield (
                    f'[[partner]] "{partner.name}", address: {partner.address} is this desk\'s '
                    "own; write the address of the other desk"
                )

    @cached_property
    def addresses(self) -> frozenset[str]:
        """The desk's own addresses, as they are compared; one that a person has is his."""
        written = [self.desk.address, *self.desk.aliases]
        written += [str(front.address) for front in self.fronts]
        written += [b.username for b in self.mailbox if b.username and "@" in b.username]
        return frozenset(Address("", one).key for one in written) - self.of_people

    @property
    def fronts(self) -> list[MailboxSection | AliasSection]:
        """The addresses that tickets are answered from, besides the desk's."""
        return [*(box for box in self.mailbox if box.address), *self.alias]

    @cached_property
    def of_people(self) -> frozenset[str]:
        """The addresses of all resources and contacts of the file, as they are compared."""
        people: tuple[PersonSection | PartnerSection, ...] = (
            *self.resource,
            *self.contact,
            *self.partner,
        )
        return frozenset(key for person in people for key in person.all_addresses())

    def _unknown_organizations(self) -> Iterator[str]:
        known = {o.name for o in self.organization}
        people: list[tuple[str, ContactSection | ResourceSection | PartnerSection]] = []
        people += [("contact", one) for one in self.contact]
        people += [("resource", one) for one in self.resource]
        people += [("partner", one) for one in self.partner]
        for kind, person in people:
            if person.organization and person.organization not in known:
                close = difflib.get_close_matches(person.organization, known, 1)
                hint = f'; did you mean "{close[0]}"?' if close else ""
                yield (
                    f'[[{kind}]] "{person.name}" names the organization '
                    f'"{person.organization}", of which there is no [[organization]]{hint}'
                )


def _repeated(names: list[str]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})


class Settings:
    """A read configuration and the folder that its relative paths start from."""

    def __init__(self, config: Config, file: Path, in_force: Path | None = None) -> None:
        """`in_force`: where the admin's own words are read instead, as some of them are broken."""
        self.config = config
        self.file = file
        self.folder = file.parent
        self.in_force = in_force or self.folder

    def quiet(self) -> "Settings":
        """The same for a desk that sends nothing (`[desk] mode = "listen"`)."""
        desk = self.config.desk.model_copy(update={"mode": "listen"})
        return self.with_config(self.config.model_copy(update={"desk": desk}))

    def with_config(self, config: Config) -> "Settings":
        """The same files, and this configuration."""
        return Settings(config, self.file, self.in_force)

    def reading(self, in_force: Path | None) -> "Settings":
        """The same, with the admin's own words read from there; None: where they are."""
        return Settings(self.config, self.file, in_force)

    @property
    def database_url(self) -> str:
        """The database's address; a relative SQLite file starts from the file's folder."""
        url = self.config.database.url
        prefix = "sqlite:///"
        if url.startswith(prefix) and not url.startswith(prefix + "/"):
            return prefix + str((self.folder / url[len(prefix) :]).resolve())
        return url

    @property
    def database_file(self) -> Path | None:
        """The file of an SQLite database; None for a server, or one in memory."""
        prefix = "sqlite:///"
        url = self.database_url.partition("?")[0]
        return (
            Path(url[len(prefix) :]) if url.startswith(prefix) and ":memory:" not in url else None
        )

    def secret_files(self) -> Iterator[Path]:
        """The files that passwords, client secrets and refresh tokens are read from."""
        for server in (*self.config.mailbox, self.config.smtp, *self.config.partner):
            for section in (server, getattr(server, "oauth", None)):
                found = (getattr(section, key, None) for key in SECRET_FILES)
                yield from (file for file in found if file is not None)

    @cached_property
    def templates(self) -> Path:
        """The folder of the admin's own templates, which need not exist."""
        return self.path("templates")

    @cached_property
    def templates_in_force(self) -> Path:
        """The same to read from: of a broken file it has the last good one."""
        return (self.in_force / "templates").resolve()

    def path(self, value: str | Path) -> Path:
        """An absolute path; a relative one starts from the configuration's folder."""
        return (self.folder / value).resolve()


def config_file(option: Path | None) -> Path:
    """--config, else $MAILD_CONFIG, else ./maild.toml."""
    return option or Path(os.environ.get("MAILD_CONFIG") or "maild.toml")


def load(file: Path) -> Settings:
    """Reads and validates; UsageError lists every mistake with its key and what is allowed."""
    try:
        data = tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError as error:
        raise UsageError(
            f"There is no {file}. Run `maild init` to write one, or name it with --config."
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}.") from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{file} is not TOML: {error}.") from error
    try:
        config = Config.model_validate(data)
    except ValidationError as error:
        lines = [line for one in error.errors() for line in _sentence(one).splitlines()]
        raise UsageError("\n".join(f"{file}: {line}" for line in lines)) from error
    settings = Settings(_resolved(config, file.parent), file)
    database = settings.database_file
    octets.use(
        config.store.raw, file.parent.resolve(), database.parent / "large" if database else None
    )
    spool.use((database.parent if database else settings.path("var")) / "spool")
    return settings


def _resolved(config: Config, folder: Path) -> Config:
    """Files of secrets are found from the configuration's folder."""

    def resolve(section: Any) -> Any:
        update = {
            key: folder / value
            for key in SECRET_FILES
            if (value := getattr(section, key, None)) is not None
        }
        if getattr(section, "oauth", None) is not None:
            update["oauth"] = resolve(section.oauth)
        return section.model_copy(update=update)

    mailboxes = [resolve(mailbox) for mailbox in config.mailbox]
    if config.desk.listens:  # the other helpdesk wants to find its mail
        mailboxes = [mailbox.model_copy(update={"after": "keep"}) for mailbox in mailboxes]
    partners = [resolve(partner) for partner in config.partner]
    return config.model_copy(
        update={"mailbox": mailboxes, "smtp": resolve(config.smtp), "partner": partners}
    )


def _sentence(details: ErrorDetails) -> str:
    """One mistake: key, what is wrong, what was found (never a secret), what is allowed."""
    key = _key(details["loc"])
    if details["type"] == "extra_forbidden":
        allowed = _keys_at(details["loc"][:-1])
        close = difflib.get_close_matches(str(details["loc"][-1]), allowed, 1)
        hint = f"did you mean {close[0]}?" if close else f"possible are {', '.join(allowed)}."
        return f"{key}: this key is not known; {hint}"
    if details["type"] == "missing":
        return f"{key}: this key is missing."
    message = details["msg"].removeprefix("Value error, ").replace("\n", ".\n")
    message = message[:1].lower() + message[1:]
    found = details["input"]
    secret = any(word in key for word in ("password", "secret"))
    plain = isinstance(found, str | int | float | bool) and not secret
    end = f" (found {found!r})." if plain else "" if message.endswith("?") else "."
    return (f"{key}: " if key else "") + message + end


def _key(loc: tuple[int | str, ...]) -> str:
    """("mailbox", 0, "port") → "[[mailbox]] 1, port"."""
    if len(loc) >= 2 and isinstance(loc[1], int):
        rest = ".".join(map(str, loc[2:]))
        return f"[[{loc[0]}]] {loc[1] + 1}" + (f", {rest}" if rest else "")
    if len(loc) >= 2:
        return f"[{loc[0]}] {'.'.join(map(str, loc[1:]))}"
    if not loc:
        return ""
    field = Config.model_fields.get(str(loc[0]))
    return f"[{loc[0]}]" if field and field.get_default() == {} else str(loc[0])


def _keys_at(loc: tuple[int | str, ...]) -> list[str]:
    model: Any = Config
    for step in loc:
        if isinstance(step, int):
            continue
        annotation = model.model_fields[step].annotation
        model = getattr(annotation, "__args__", (annotation,))[0]
    return sorted(model.model_fields)
