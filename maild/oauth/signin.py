"""The first refresh token, on a machine without a browser.

By device: a person opens an address anywhere and types a code (RFC 8628).  By browser: he opens
an address anywhere, and brings back the one that his browser ends at (RFC 6749 §4.1, RFC 7636).
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from maild.config import OauthSection
from maild.errors import Refused, Temporary, UsageError
from maild.oauth.endpoint import Denied, ask
from maild.oauth.providers import provider

REDIRECT = "http://localhost"  # RFC 8252 §7.3; nobody listens there, the address is all we need
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
LONGEST = 1800  # seconds that we wait for a person at most


def by_device(
    section: OauthSection,
    scope: str | None,
    show: Callable[[str], object],
    wait: Callable[[float], object] = time.sleep,
) -> str:
    """The refresh token of who signs in with the code that is shown; Refused where nobody does."""
    where = provider(section)
    assert where.device_url is not None
    try:
        answer = ask(where.device_url, section, {"scope": scope})
    except Denied as denied:
        raise _refused(denied) from None
    code, person = answer.get("device_code"), answer.get("user_code")
    address = answer.get("verification_uri")
    if not all(isinstance(one, str) for one in (code, person, address)):
        raise Refused("The server's answer is not that of a device flow; try --browser.")
    show(f"Open {address} in any browser, and sign in with the code {person}")
    form = {"grant_type": DEVICE, "device_code": code}
    return _refresh_token(_polled(section, form, answer, wait))


def _polled(
    section: OauthSection,
    form: dict[str, Any],
    answer: dict[str, Any],
    wait: Callable[[float], object],
) -> dict[str, Any]:
    """RFC 8628 §3.5: asks at the pace that the server wants."""
    pace = _seconds(answer.get("interval"), 5)
    left = _seconds(answer.get("expires_in"), LONGEST)
    while left > 0:
        wait(pace)
        left -= pace
        try:
            return ask(provider(section).token_url, section, form)
        except Temporary:
            pace *= 2
        except Denied as denied:
            if denied.code == "slow_down":
                pace += 5
            elif denied.code != "authorization_pending":
                raise _refused(denied) from None
    raise Refused("Nobody signed in before the code expired. Run it again for another one.")


def by_browser(
    section: OauthSection,
    scope: str | None,
    username: str,
    show: Callable[[str], object],
    read: Callable[[], str],
) -> str:
    """The refresh token of who signs in at the address that is shown (RFC 6749 §4.1).

    `show` gets what a person must read, `read` gives the address that he brings back.  UsageError
    where the provider has no such address, or what comes back is not one of its answers.
    """
    where = provider(section)
    if where.authorize_url is None:
        raise UsageError(
            "oauth has neither device_url nor authorize_url to sign in at. Add one, or write a "
            f"refresh token that you got elsewhere into {section.refresh_token_file}."
        )
    verifier, state = secrets.token_urlsafe(64), secrets.token_urlsafe(16)
    digest = hashlib.sha256(verifier.encode()).digest()
    query = {
        "response_type": "code",
        "client_id": section.client_id,
        "redirect_uri": REDIRECT,
        "state": state,
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
        "login_hint": username,
        **where.authorize_with,
        **({"scope": scope} if scope else {}),
    }
    between = "&" if "?" in where.authorize_url else "?"
    show(f"Open this address in any browser, and sign in as {username}:\n")
    show(f"{where.authorize_url}{between}{urlencode(query)}\n")
    show(
        f"Your browser ends at an address that begins with {REDIRECT} and shows an error: nobody "
        "is there. Copy that address from its address bar, and paste it here:"
    )
    form = {
        "grant_type": "authorization_code",
        "code": _code(read().strip(), state),
        "redirect_uri": REDIRECT,
        "code_verifier": verifier,
    }
    try:
        return _refresh_token(ask(where.token_url, section, form))
    except Denied as denied:
        raise _refused(denied) from None


def _code(address: str, state: str) -> str:
    """The code in the address that the browser ended at (RFC 6749 §4.1.2)."""
    found = parse_qs(urlsplit(address).query)
    if "error" in found:
        raise Refused("The sign-in was refused; the page that you saw says why.")
    if "code" not in found:
        raise Refused(f"This address has no code in it. It begins with {REDIRECT}/?code=")
    if found.get("state") != [state]:
        raise Refused("This address is from another sign-in. Run it again, and use the new one.")
    return found["code"][0]


def _refresh_token(answer: dict[str, Any]) -> str:
    token = answer.get("refresh_token")
    if not isinstance(token, str) or not token.strip() or token.split() != [token]:
        raise Refused(
            "The server gave no refresh token; `scope` must ask for one, like Microsoft's "
            "offline_access."
        )
    return token


def _refused(denied: Denied) -> Refused:
    if denied.code == "access_denied":
        return Refused("The sign-in was refused by the person, or by a policy of the directory.")
    if denied.code == "expired_token":
        return Refused("The code expired before anybody signed in. Run it again for another one.")
    return Refused(
        f"The server refuses the sign-in ({denied.said}). Correct `client_id`, the client secret, "
        "`tenant` and `scope`, or what is allowed where the application is registered."
    )


def _seconds(value: object, default: int) -> int:
    """A number of the server's, within reason."""
    return min(max(1, value), LONGEST) if isinstance(value, int) else default
