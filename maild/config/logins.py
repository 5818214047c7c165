"""Servers that we log in to: the relay, what every mailbox has, and their secrets."""

import os
from pathlib import Path
from string import ascii_letters, digits
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator

from maild.config.sections import LOOPBACK, Section, web_address
from maild.errors import UsageError

Port = Annotated[int, Field(ge=1, le=65535)]


Tls = Literal["implicit", "starttls", "none"]


SECRET_FILES = (
    "password_file",
    "client_secret_file",
    "refresh_token_file",
    "secret_file",
    "former_secret_file",
)


def kept_secret(key: str, value: SecretStr | None, file: Path | None, variable: str | None) -> str:
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
        return web_address(value) if value else None

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
        return kept_secret(
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
        return kept_secret("password", self.password, self.password_file, self.password_env)


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
