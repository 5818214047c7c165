"""Why we believe that a mail is of the person whom its From names (E5).

A From line is not a person.  Proof is one of: a signed token that only this person got; an
aligned DMARC pass, or an aligned DKIM pass, by the Authentication-Results fields that our own
server stamped (RFC 8601 §5).  Everything here is decided from values alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from maild.config import TrustSection
from maild.i18n import sentence
from maild.model import Mail, Reason, domain_in_ascii
from maild.parse import authres, trace
from maild.parse.trace import Hop

# Servers that are known to stamp below their own Received field, and to strip what is forged.
BELOW = ("mx.google.com", "mx.microsoft.com")
# Microsoft 365 names no server in the field; this is the id that it uses in its ARC fields.
NAMELESS = "mx.microsoft.com"
_MICROSOFT = ("outlook.com", "office365.com", "microsoft.com")
# What is said of a domain without a DMARC record; the second is Microsoft's, and no pass.
NO_DMARC = frozenset(("none", "bestguesspass"))

# A From that every reader takes for the same mailbox: one addr-spec, at most with a name.
_PLAIN_FROM = re.compile(
    r"""\s*(?:(?:[^<>@()\\:;,"]|"[^"\\@<>]*")*<[\w.!#$%&'*+/=?^`{|}~-]+@[\w.-]+>"""
    r"""|[\w.!#$%&'*+/=?^`{|}~-]+@[\w.-]+)\s*"""
)


@dataclass(frozen=True, slots=True)
class Proof:
    """Whether the sender is who he says he is."""

    by: str  # token | dmarc | dkim | none
    enough: bool  # for what `[trust] require` asks
    because: str
    needed: str = ""  # where it is not enough: what would have been
    refuted: bool = False  # our own server found that it is not of this domain

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


@dataclass(frozen=True, slots=True)
class Verdict:
    """What our own server found about the domain of From."""

    by: str  # dmarc | dkim | none
    because: str
    refuted: bool = False  # DMARC failed: it is not of this domain, whatever else it carries


def prove_contact(
    mail: Mail, *, strict: bool, token: bool, trust: TrustSection, field: str = "From"
) -> Proof:
    """The same for a contact, by what most have without knowing: a reply to a mail of ours, DMARC,
    DKIM, or SPF where the domain has no DMARC.  `[trust] require` is about technicians."""
    loose = trust.require in ("none", "either")
    either = trust if loose else trust.model_copy(update={"require": "either"})
    found = prove(mail, strict=strict, token=token, trust=either, field=field)
    if (
        found.by != "none"
        or found.refuted
        or not (strict and field == "From" and trust.authserv_id)
    ):
        return found
    results, _ = stamped(mail.trace, trust)
    domain = mail.sender.domain if mail.sender else ""
    if results is not None and _sent_by_domain(results, domain):
        return Proof("spf", True, f"{trust.authserv_id} found an SPF pass of {domain}")
    return found


def prove(
    mail: Mail, *, strict: bool, token: bool, trust: TrustSection, field: str = "From"
) -> Proof:
    """The best proof that a technician's mail carries.

    `strict`: its From is one plain mailbox; `token`: it answers a mail that we sent to this
    person alone, about this ticket.  A token does not outweigh a DMARC failure that our own
    server found: who reads his mail has the token, and writes from elsewhere.  `field`: what
    names the person, as servers vouch for From alone.
    """
    if not strict:
        return _nothing(trust, sentence("its From field is not one plain address"))
    found = signed_by_domain(mail, trust) if field == "From" else _behind(field)
    if found.refuted:
        return replace(_nothing(trust, found.because), refuted=True)
    if token and trust.require != "dmarc":
        return Proof("token", True, "it answers a mail of ours that he alone got")
    if found.by != "none":
        if trust.require == "token":
            return _nothing(trust, sentence("[trust] require asks for a token"), found.by)
        return Proof(found.by, True, found.because)
    return _nothing(trust, found.because)


def _behind(field: str) -> Verdict:
    """Of a person whom another field than From names, no server says anything."""
    return Verdict("none", sentence("who wrote it stands in its {field} alone", field=field))


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


def signed_by_domain(mail: Mail, trust: TrustSection) -> Verdict:
    """What our own server found about the domain of From, and why that says something or not."""
    if mail.sender is None or "@" not in mail.sender.key:
        return Verdict("none", sentence("it names no sender"))
    if not trust.authserv_id:
        return Verdict(
            "none",
            sentence("[trust] authserv_id does not say whose Authentication-Results we believe"),
        )
    results, because = stamped(mail.trace, trust)
    if results is None:
        return Verdict("none", because)
    plain = _PLAIN_FROM.fullmatch(mail.header("From") or "") is not None
    return _aligned(results, mail.sender.domain, trust.authserv_id, plain=plain)


def _aligned(results: authres.Results, domain: str, server: str, *, plain: bool) -> Verdict:
    """What the server found about this domain; a failure outweighs every pass."""
    dmarc = results.of("dmarc")
    verdicts = {result.result for result in dmarc} - NO_DMARC
    if verdicts == {"pass"} and all(result.result == "pass" for result in dmarc):
        return _passed(dmarc, domain, server, plain=plain)
    if verdicts:
        because = sentence(
            "{server} found dmarc={results} for {domain}",
            server=server,
            results=sorted(verdicts),
            domain=domain,
        )
        return Verdict("none", because, refuted="fail" in verdicts)
    if any(result.result == "pass" and _signs_for(result, domain) for result in results.of("dkim")):
        return Verdict("dkim", f"{server} found a DKIM signature of {domain}")
    return Verdict(
        "none",
        sentence(
            "{server} found no DMARC pass and no DKIM signature of {domain}",
            server=server,
            domain=domain,
        ),
    )


def _passed(dmarc: Sequence[authres.Result], domain: str, server: str, *, plain: bool) -> Verdict:
    """A pass is of the domain that it names; one that names none, of a From that has but one."""
    if not all(
        domain_in_ascii(result.get("header.from") or "") == domain
        if _mentions(result, "header.from")
        else plain
        for result in dmarc
    ):
        because = sentence(
            "{server} found a DMARC pass, but not of {domain}", server=server, domain=domain
        )
        return Verdict("none", because)
    return Verdict("dmarc", f"{server} found an aligned DMARC pass of {domain}")


def _mentions(result: authres.Result, name: str) -> bool:
    return any(key == name for key, _ in result.properties)


def _signs_for(result: authres.Result, domain: str) -> bool:
    """The signing domain is that of From or one above it (RFC 7489 §3.1.1, the strict half)."""
    signer = domain_in_ascii(result.get("header.d") or "") or _domain(result.get("header.i"))
    return "." in signer and (domain == signer or domain.endswith("." + signer))


def _sent_by_domain(results: authres.Results, domain: str) -> bool:
    """SPF passes for the domain of From (RFC 7208), and DMARC has nothing to say."""
    if any(result.result not in NO_DMARC for result in results.of("dmarc")):
        return False
    senders = [_domain(result.get("smtp.mailfrom")) for result in results.of("spf")]
    passed = all(result.result == "pass" for result in results.of("spf"))
    return passed and set(senders) == {domain}


def _domain(value: str | None) -> str:
    """Of an address, or what is one itself, in the form in which domains are compared: servers
    write `müller.example`, too (RFC 8616 §5)."""
    return domain_in_ascii((value or "").rpartition("@")[2])


# ---- which fields our server stamped


def stamped(
    fields: Sequence[tuple[str, str]], trust: TrustSection
) -> tuple[authres.Results | None, str]:
    """What the fields say that can only be our server's, together; else None and why.

    `fields`: `Mail.trace`.  Trace fields are put on top (RFC 5321 §4.1.1.4), so whatever stands
    below the Received field of our border came with the mail and may be forged (H42, H81).
    """
    server = (trust.authserv_id or "").lower()
    below = trust.stamps == "below" or (trust.stamps == "auto" and server in BELOW)
    above: list[Hop | None] = []  # Received fields that stand above
    found: list[authres.Result] = []
    for name, value in fields:
        if name == "received":
            hop = trace.hop(value)
            if found and not (hop and hop.inside):
                break  # the border: what stands below it came with the mail
            above.append(hop)
            continue
        ours = all(hop is not None and hop.inside for hop in above) or (
            below and _taken_by(above[-1], server)
        )
        results = authres.read(value)
        if results is None and ours:  # perhaps our server's, broken by what a stranger made it hold
            return None, sentence("its topmost Authentication-Results cannot be read")
        if results is None or not _is_of(results, server):
            continue
        if not ours:
            return None, sentence(
                "the Authentication-Results of {server} stands below a Received field, so it may "
                "have come with the mail (if your server writes it there: [trust] stamps)",
                server=server,
            )
        found += results.results
    if found:
        return authres.Results(server, tuple(found)), ""
    return None, sentence("it carries no Authentication-Results of {server}", server=server)


def _is_of(results: authres.Results, server: str) -> bool:
    if results.authserv_id is None:
        return server == NAMELESS
    return results.authserv_id == server


def _taken_by(hop: Hop | None, server: str) -> bool:
    """The hop was taken by a host of the domain that our authserv_id is of."""
    homes: Iterable[str] = _MICROSOFT if server == NAMELESS else (_home(server),)
    return hop is not None and any(hop.by == home or hop.by.endswith("." + home) for home in homes)


def _home(server: str) -> str:
    """mx.example.com → example.com; a name of two labels is its own home."""
    labels = server.split(".")
    return ".".join(labels[1:]) if len(labels) > 2 else server
