"""People, organizations and machines that the file names."""

import os
import re
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from maild.config.logins import kept_secret
from maild.config.sections import MailAddress, Section, mail_address, web_address
from maild.errors import UsageError
from maild.model import Address

LEAST_SECRET = 24  # characters of what two desks sign by


Answer = Literal["always", "on-problem"]


class PersonSection(Section):
    """What is known of a person from the configuration."""

    name: str
    email: MailAddress
    aliases: list[MailAddress] = []
    language: str | None = None
    active: bool = True

    _email = field_validator("email")(mail_address)

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

    _url = field_validator("url")(web_address)

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

    _address = field_validator("address")(mail_address)

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
        found = kept_secret(kind, value, file, variable)
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
