"""Access tokens: fetched when needed, kept in memory until shortly before they expire.

A refresh token that changes is on the disk before its access token is used, as the old one may
be dead by then (RFC 6749 §6, §10.4).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import structlog

from maild.config import OauthSection
from maild.errors import MaildError, Temporary, Unavailable
from maild.oauth.endpoint import Denied, ask
from maild.oauth.providers import provider
from maild.oauth.tokenfile import TokenFile

log = structlog.get_logger()

EARLY = 120.0  # seconds before its end from which a token is not given out any more
UNSAID = 600.0  # seconds that a token is kept whose server does not say how long it lives

SIGN_IN = frozenset({"invalid_grant", "interaction_required", "consent_required", "login_required"})
ADVICE = {
    "invalid_client": "Correct `client_id` and the client secret in its oauth section; "
    "secrets have a date of expiry.",
    "unauthorized_client": "Correct `client_id` and `grant` in its oauth section, or allow this "
    "grant where the application is registered.",
    "unsupported_grant_type": "Correct `grant` or `token_url` in its oauth section.",
    "invalid_scope": "Correct `scope` in its oauth section, or allow it where the application is "
    "registered.",
}
OTHERWISE = "Correct `tenant`, `client_id` and `scope` in its oauth section."


def access_token(section: OauthSection, *, who: str, login: str, refused: str | None = None) -> str:
    """A token that is good for a while, and another one than `refused`.

    `who` begins the sentence of an error, `login` is what `maild login` calls it.  Temporary, or
    Unavailable where an admin must act.
    """
    try:
        return _tokens(section).get(refused)
    except Denied as denied:
        raise Unavailable(f"{who}: {_advice(section, denied, login)}", detail=denied.said) from None
    except _NoToken as error:
        raise Unavailable(
            f"{who}: there is no refresh token in {error}. Sign in: `maild login {login}`."
        ) from None
    except MaildError as error:
        raise type(error)(f"{who}: {error.message}", detail=error.detail) from error


def _advice(section: OauthSection, denied: Denied, login: str) -> str:
    if denied.code in SIGN_IN and section.grant == "refresh_token":
        return (
            f"the sign-in was revoked or has expired ({denied.said}). "
            f"Sign in again: `maild login {login}`."
        )
    return f"no token is given ({denied.said}). {ADVICE.get(denied.code, OTHERWISE)}"


class _NoToken(Exception):
    """The file holds no refresh token."""


class Tokens:
    """The tokens of one account.  Threads may share it; `clock` is in seconds."""

    def __init__(self, section: OauthSection, clock: Callable[[], float] = time.monotonic) -> None:
        self._section = section
        self._clock = clock
        self._lock = threading.Lock()
        self._file = TokenFile(section.refresh_token_file) if section.refresh_token_file else None
        self._unsaved: tuple[str | None, str] | None = None  # (in the file, to be there instead)
        self._token: str | None = None
        self._until = 0.0  # the clock's time until which the token is given out

    def get(self, refused: str | None = None) -> str:
        """A token other than `refused`; Denied, _NoToken, Temporary or Unavailable."""
        with self._lock:
            if self._token in (None, refused) or self._clock() >= self._until:
                self._token = None
                asked = self._clock()
                answer = self._fetch()
                self._token = _text(answer, "access_token")
                self._until = asked + _kept_for(answer.get("expires_in"))
            return str(self._token)

    def _fetch(self) -> dict[str, Any]:
        if self._file is None:
            return self._ask(
                grant_type="client_credentials",
                scope=self._section.scope or provider(self._section).application,
            )
        with self._file.alone():
            before = self._refresh_token(self._file)
            answer = self._ask(
                grant_type="refresh_token",
                refresh_token=before,
                scope=self._section.scope,  # without it: what was granted (§6)
            )
            after = answer.get("refresh_token")
            if isinstance(after, str) and after.strip() and after != before:
                self._unsaved = (before, after)
                self._save(self._file)
        return answer

    def _refresh_token(self, file: TokenFile) -> str:
        """What the file holds now: somebody may have signed in again, or another daemon saved."""
        found = file.read()
        if self._unsaved is not None:
            if found == self._unsaved[0]:
                return self._save(file)
            self._unsaved = None
        if found is None:
            raise _NoToken(str(file.path))
        return found

    def _save(self, file: TokenFile) -> str:
        """Puts the new refresh token into the file; kept in memory until that is possible."""
        assert self._unsaved is not None
        _, token = self._unsaved
        try:
            file.save(token)
        except OSError as error:
            raise Unavailable(
                f"the new refresh token cannot be written to {file.path} ({error.strerror}). Make "
                "that possible while maild runs: the old one may be of no use any more."
            ) from error
        self._unsaved = None
        log.info("oauth.rotated", file=str(file.path))
        return token

    def _ask(self, **form: str | None) -> dict[str, Any]:
        return ask(provider(self._section).token_url, self._section, form)


@cache
def _tokens(section: OauthSection) -> Tokens:
    """One for all that sign in the same way: mailboxes, the relay's connections."""
    return Tokens(section)


def _text(answer: dict[str, Any], key: str) -> str:
    value = answer.get(key)
    if not isinstance(value, str) or not value.isascii() or not value.isprintable() or not value:
        raise Temporary("the token server's answer has no usable token in it.")
    return value


def _kept_for(expires_in: object) -> float:
    """Seconds that a token is given out; some servers write the number as text."""
    try:
        seconds = float(str(expires_in))
    except ValueError:
        return UNSAID
    return max(0.0, seconds - min(EARLY, seconds / 2))
