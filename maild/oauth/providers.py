"""Where tokens are given: the addresses of a provider by its name, or those of the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from maild import yamlfile
from maild.config import OauthSection

Use = Literal["imap", "smtp"]


@dataclass(frozen=True, slots=True)
class Provider:
    """Where one gives tokens, and what it wants to be asked for."""

    token_url: str
    device_url: str | None  # None: no device flow (RFC 8628)
    authorize_url: str | None
    scopes: Mapping[str, str] = field(default_factory=dict)  # by use; "always": in any case
    application: str | None = None  # scope of client credentials
    authorize_with: Mapping[str, str] = field(default_factory=dict)  # further parameters


@cache
def table() -> Mapping[str, Any]:
    """The providers that have a name, as providers.yaml has them."""
    found: Mapping[str, Any] = yamlfile.read(Path(__file__).with_name("providers.yaml"))
    return found


def provider(section: OauthSection) -> Provider:
    """The addresses of the provider that a section names, or its own `token_url` and the like."""
    if section.provider is None:
        return Provider(str(section.token_url), section.device_url, section.authorize_url)
    values = {"device_url": None, **table()[section.provider]}
    for key, value in values.items():
        if key.endswith("_url") and value:
            values[key] = value.format(tenant=section.tenant)
    return Provider(**values)


def scope(section: OauthSection, uses: set[Use]) -> str | None:
    """What to ask for at a sign-in, for these uses; None: the server knows."""
    if section.scope:
        return section.scope
    scopes = provider(section).scopes
    wanted = [scopes[use] for use in (*sorted(uses), "always") if use in scopes]
    return " ".join(dict.fromkeys(wanted)) or None
