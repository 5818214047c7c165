"""How the desk is run: where it keeps things and how long, who looks at it, what it tells."""

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from maild.config.persons import Answer
from maild.config.sections import LOOPBACK, Section, host_and_port, web_address


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


class NotificationsSection(Section):
    """How news is gathered into mails, and what goes with them."""

    # News of a ticket for one resource within this time become one mail; 0: each is its own.
    quiet_seconds: Annotated[float, Field(ge=0, le=86400)] = 0
    # A note's files are passed on up to so many octets a mail; 0: only their names.
    attachment_bytes: Annotated[int, Field(ge=0, le=50_000_000)] = 10_000_000
    logo: str | None = None  # a picture beside maild.toml that every mail shows: "logo.png"


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
        if value is not None:
            host_and_port(value, 9090)
        return value

    @property
    def place(self) -> tuple[str, int] | None:
        """Host and port of `listen`."""
        return None if self.listen is None else host_and_port(self.listen, 9090)


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


class WebSection(Section):
    """The console: a browser's way to the desk."""

    listen: str = "127.0.0.1:8080"  # where it answers; `maild run` brings it where [web] stands
    url: Annotated[str | None, Field(validate_default=True)] = None  # what links in mails say
    session_days: Annotated[float, Field(gt=0, le=366)] = 14  # a browser stays signed in, unused
    undo_seconds: Annotated[float, Field(ge=0, le=60)] = 10  # how long an answer can be undone

    @field_validator("listen")
    @classmethod
    def _host_and_port(cls, value: str) -> str:
        host_and_port(value, 8080)
        return value

    @field_validator("url")
    @classmethod
    def _without_end(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None:
            return web_address(value).rstrip("/")
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
        return host_and_port(self.listen, 8080)[0]

    @property
    def port(self) -> int:
        """The port of `listen`."""
        return host_and_port(self.listen, 8080)[1]
