"""Why we believe that a mail is of the person whom its From names (E5).

A From line is not a person.  Proof is one of: a signed token that only this person got; an
aligned DMARC pass, or an aligned DKIM pass, by the Authentication-Results field that our own
server stamped (RFC 8601 §5).  Everything here is decided from values alone.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from maild.config import TrustSection
from maild.i18n import sentence
from maild.model import Mail, Reason
from maild.parse import authres

# Servers that are known to stamp below their own Received field, and to strip what is forged.
BELOW = ("mx.google.com", "mx.microsoft.com")
# Microsoft 365 names no server in the field; this is the id that it uses in its ARC fields.
NAMELESS = "mx.microsoft.com"
_MICROSOFT = ("outlook.com", "office365.com", "microsoft.com")

_BY = re.compile(r"\bby\s+([\w.:-]+)", re.IGNORECASE)
_FROM = re.compile(r"^\s*from\s+(.*?)(?=\bby\s|$)", re.IGNORECASE | re.DOTALL)
_IP = re.compile(r"[\[(\s](?:ipv6:)?([0-9a-f:.]{3,45})(?=[\])\s]|$)", re.IGNORECASE)
_LMTP = re.compile(r"\bwith\s+(?:UTF8)?LMTPS?A?\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Proof:
    """Whether the sender is who he says he is."""

    by: str  # token | dmarc | dkim | none
    enough: bool  # for what `[trust] require` asks
    because: str
    needed: str = ""  # where it is not enough: what would have been

    @property
    def reason(self) -> Reason:
        """The same, as a step of the explanation."""
        return Reason("proof", self.by, self.because)

    @property
    def lacking(self) -> str:
        """Why it is not enough, and what would be; a clause without its full stop."""
        return sentence(
            "{because}; what counts is {needed}", because=self.because, needed=self.needed
        )


def prove(mail: Mail, *, strict: bool, token: bool, trust: TrustSection) -> Proof:
    """The best proof that a mail carries.

    `strict`: its From is one plain mailbox; `token`: it answers a mail that we sent to this
    person alone, about this ticket.
    """
    if token and trust.require != "dmarc" and strict:
        return Proof("token", True, "it answers a mail of ours that he alone got")
    if not strict:
        return _nothing(trust, sentence("its From field is not one plain address"))
    by, because = signed_by_domain(mail, trust)
    if by != "none":
        if trust.require == "token":
            return _nothing(trust, sentence("[trust] require asks for a token"), by)
        return Proof(by, True, because)
    return _nothing(trust, because)


def _nothing(trust: TrustSection, because: str, by: str = "none") -> Proof:
    if trust.require == "none":
        return Proof(by, True, "[trust] require is none: everybody is believed")
    needed = {
        "token": sentence("a reply to a notification of ours"),
        "dmarc": sentence("a DMARC or DKIM pass stamped by your own mail server"),
        "either": sentence(
            "a reply to a notification of ours, or a DMARC pass of your own mail server"
        ),
    }[trust.require]
    return Proof(by, False, because, needed)


def signed_by_domain(mail: Mail, trust: TrustSection) -> tuple[str, str]:
    """(dmarc | dkim | none, why), for the domain of From."""
    if mail.sender is None or "@" not in mail.sender.key:
        return "none", sentence("it names no sender")
    if not trust.authserv_id:
        return "none", sentence(
            "[trust] authserv_id does not say whose Authentication-Results we believe"
        )
    results, because = stamped(mail.headers, trust)
    if results is None:
        return "none", because
    return _aligned(results, mail.sender.domain, trust.authserv_id)


def _aligned(results: authres.Results, domain: str, server: str) -> tuple[str, str]:
    """What the server found about this domain; a failure outweighs every pass."""
    dmarc = results.of("dmarc")
    verdicts = {result.result for result in dmarc}
    if dmarc and verdicts == {"pass"}:
        named = [result.get("header.from") for result in dmarc if _mentions(result, "header.from")]
        if all(name == domain for name in named):
            return "dmarc", f"{server} found an aligned DMARC pass of {domain}"
        return "none", sentence(
            "{server} found a DMARC pass, but not of {domain}", server=server, domain=domain
        )
    if verdicts - {"none"}:
        return "none", sentence(
            "{server} found dmarc={results} for {domain}",
            server=server,
            results=sorted(verdicts),
            domain=domain,
        )
    if any(result.result == "pass" and _signs_for(result, domain) for result in results.of("dkim")):
        return "dkim", f"{server} found a DKIM signature of {domain}"
    return "none", sentence(
        "{server} found no DMARC pass and no DKIM signature of {domain}",
        server=server,
        domain=domain,
    )


def _mentions(result: authres.Result, name: str) -> bool:
    return any(key == name for key, _ in result.properties)


def _signs_for(result: authres.Result, domain: str) -> bool:
    """The signing domain is that of From or one above it (RFC 7489 §3.1.1, the strict half)."""
    signer = result.get("header.d") or (result.get("header.i") or "").rpartition("@")[2]
    return "." in signer and (domain == signer or domain.endswith("." + signer))


# ---- which field our server stamped


def stamped(
    fields: Sequence[tuple[str, str]], trust: TrustSection
) -> tuple[authres.Results | None, str]:
    """The topmost field of our server, if it can only be our server's; else None and why.

    Trace fields are put on top (RFC 5321 §4.1.1.4), so whatever stands below the Received field
    of our border came with the mail and may be forged (H42).
    """
    server = (trust.authserv_id or "").lower()
    below = trust.stamps == "below" or (trust.stamps == "auto" and server in BELOW)
    above: list[str] = []  # Received fields that stand above
    for name, value in fields:
        if name.lower() == "received":
            above.append(value)
        elif name.lower() == "authentication-results":
            results = authres.read(value)
            if results is None:  # perhaps ours, broken by what a stranger made it hold
                return None, sentence("its topmost Authentication-Results cannot be read")
            if not _is_of(results, server):
                continue
            if all(map(_inside, above)) or (below and _taken_by(above[-1], server)):
                return results, ""
            return None, sentence(
                "the Authentication-Results of {server} stands below a Received field, so it may "
                "have come with the mail (if your server writes it there: [trust] stamps)",
                server=server,
            )
    return None, sentence("it carries no Authentication-Results of {server}", server=server)


def _is_of(results: authres.Results, server: str) -> bool:
    if results.authserv_id is None:
        return server == NAMELESS
    return results.authserv_id == server


def _inside(received: str) -> bool:
    """A hop between programs of one machine: the border lies further down.

    The host's name is what the other side calls itself; only its IP address counts against that.
    """
    if _LMTP.search(received):
        return True
    sender = _FROM.match(received)
    if sender is None:
        return False
    addresses = [a for a in map(_address, _IP.findall(" " + sender[1])) if a is not None]
    if addresses:
        return all(a.is_loopback for a in addresses)
    host, by = sender[1].split()[:1], _BY.search(received)
    return bool(host and by and host[0].lower() == by[1].lower())


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


def _taken_by(received: str, server: str) -> bool:
    """The hop was taken by a host of the domain that our authserv_id is of."""
    by = _BY.search(received)
    if by is None:
        return False
    host = by[1].lower().rstrip(".")
    homes: Iterable[str] = _MICROSOFT if server == NAMELESS else (_home(server),)
    return any(host == home or host.endswith("." + home) for home in homes)


def _home(server: str) -> str:
    """mx.example.com → example.com; a name of two labels is its own home."""
    labels = server.split(".")
    return ".".join(labels[1:]) if len(labels) > 2 else server
