"""One question to an authorization server: a form goes there, JSON comes back (RFC 6749 §5)."""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from maild import http
from maild.config import OauthSection
from maild.errors import MaildError, Temporary, Unavailable

SECONDS = 10  # that an answer may take

# RFC 6749 §5.2, RFC 8628 §3.5, OpenID Connect Core §3.1.2.6; of what a server says only a code
# from this list is repeated, so that no secret comes back by it.
CODES = frozenset(
    {
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_scope",
        "access_denied",
        "server_error",
        "temporarily_unavailable",
        "authorization_pending",
        "slow_down",
        "expired_token",
        "interaction_required",
        "consent_required",
        "login_required",
    }
)
LATER = frozenset({"server_error", "temporarily_unavailable"})


class Denied(Exception):
    """The server understood and says no; `code` is one of CODES, or "another error"."""

    def __init__(self, code: str, number: str) -> None:
        super().__init__(code)
        self.code = code
        self.said = f"{code}, {number}" if number else code  # with Microsoft's own number


def ask(url: str, section: OauthSection, form: Mapping[str, str | None]) -> dict[str, Any]:
    """The server's answer to the form, with what the client says of itself (§2.3.1) added.

    Denied; or Temporary, Unavailable without a usable answer.  None of them has a secret in it.
    """
    values = {"client_id": section.client_id, "client_secret": section.secret(), **form}
    body = urlencode({key: value for key, value in values.items() if value})
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    try:
        reply = http.post(url, body.encode(), headers, seconds=SECONDS)
    except OSError as error:
        raise _unreached(url, error) from error
    said = _json(reply.body)
    if said is not None and reply.status == 200 and "error" not in said:
        return said
    code = said.get("error") if said else None
    if code in LATER or reply.status >= 500 or reply.status in (408, 429):
        raise Temporary(f"{_at(url)} gives no token at the moment ({reply.status}).")
    if said is None or not isinstance(code, str):
        raise Unavailable(
            f"{_at(url)} does not answer as a token server does ({reply.status}). Correct "
            "`provider` and `tenant`, or `token_url`."
        )
    number = re.search(r"\bAADSTS\d{4,8}\b", str(said.get("error_description", "")))
    raise Denied(code if code in CODES else "another error", number[0] if number else "")


def _json(body: bytes) -> dict[str, Any] | None:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def _unreached(url: str, error: OSError) -> MaildError:
    detail = type(error).__name__
    if isinstance(error, ssl.SSLCertVerificationError):
        return Unavailable(
            f"{_at(url)} shows a certificate that is not valid for it, so nothing was sent. "
            "Is the address right, and is nobody in between?",
            detail=detail,
        )
    what = "does not answer in time" if isinstance(error, TimeoutError) else "cannot be reached"
    return Temporary(f"{_at(url)} {what}. It is tried again by itself.", detail=detail)


def _at(url: str) -> str:
    """The subject of a sentence; never what may stand behind the host's name."""
    return f"the token server {urlsplit(url).hostname}"
