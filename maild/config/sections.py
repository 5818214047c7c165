"""What the sections of maild.toml have in common."""

from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler
from pydantic_core import core_schema

from maild.model import is_sendable

LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Section(BaseModel):
    """A part of the file; a key that is not listed is an error."""

    # What reads one section is made when one stands in the file (`Alone`).
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


def mail_address(value: str) -> str:
    """An address as it is written; ValueError where it is none."""
    if not is_sendable(value.strip()):
        raise ValueError("a mail address like support@example.com is needed")
    return value.strip()


MailAddress = Annotated[str, Field(examples=["support@example.com"])]


def web_address(value: str) -> str:
    """An address that nobody can listen to; ValueError where it is none."""
    host = urlsplit(value).hostname or ""
    if value.startswith("https://") and host:
        return value
    if value.startswith("http://") and host in LOOPBACK:
        return value
    raise ValueError("an address that begins with https:// is needed (http:// on loopback)")


def host_and_port(listen: str, usual_port: int) -> tuple[str, int]:
    """Host and port of a place like "127.0.0.1:9090" or "[::1]:9090"; ValueError: it is none."""
    host, colon, port = listen.rpartition(":")
    if not (host and colon and port.isdecimal() and int(port) <= 65535):
        raise ValueError(f"a host and a port like 127.0.0.1:{usual_port} are needed")
    return host.strip("[]"), int(port)


class _Alone:
    """Has a section read by itself: what reads Config need not know what is in it."""

    def __get_pydantic_core_schema__(
        self, section: type[BaseModel], _: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(section.model_validate)


S = TypeVar("S", bound=Section)
Alone = Annotated[S, _Alone()]


def usual(section: type[Section]) -> Any:
    """A section that need not be in the file: where it is not, its defaults count as they are."""
    return Field(default_factory=section.model_construct, validate_default=False)
