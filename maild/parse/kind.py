"""What sort of mail it is, and whether a machine may answer it; every step gives its evidence.

The rules are tried in an order that puts the surer evidence first: what a standard defines, then
what machines write in headers, then who sends, last what the text says.  A mail that no rule
knows is written by a person: taking a customer for a machine is the worse mistake.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import Any, TypeVar

from maild.model import Address, Appointment, FailedRecipient, Kind, OfList, Reason, by_name
from maild.parse import bounce, out_of_office, phrases, prefixes, reactions, trace
from maild.parse.fold import fold
from maild.parse.headers import parse_addresses
from maild.parse.mime import Part
from maild.parse.once import once

_TEXT = 6_000  # characters of the text that phrases are looked for in
_OPENING = 400  # characters of it that are its first lines


Evidence = TypeVar("Evidence")


@dataclass(frozen=True)
class Facts:
    """What the decision looks at."""

    headers: Sequence[tuple[str, str]]
    parts: list[Part] = field(repr=False)
    subject: str
    sender: Address | None
    reply_to: tuple[Address, ...]
    text: str = field(repr=False)  # the whole body
    new_text: str = field(repr=False)  # what the sender wrote now
    attached: bool  # he attached a file
    appointment: Appointment | None
    looked: dict[str, Any] = field(default_factory=dict, repr=False)  # see `_once`

    @once
    def fields(self) -> dict[str, list[str]]:
        """Values of the header fields by name in lower case, topmost first."""
        return by_name(self.headers)

    def all(self, name: str) -> list[str]:
        """Values of every field of this name in lower case."""
        return self.fields.get(name, [])

    def first(self, name: str) -> str:
        """The value of the first field of this name in lower case, "" where there is none."""
        values = self.fields.get(name)
        return values[0] if values else ""

    @once
    def folded_subject(self) -> str:
        return fold(self.subject)

    @once
    def untagged_subject(self) -> str:
        """Without what gateways and desks put before it, if no program calls it an answer."""
        return fold(prefixes.untagged(self.subject))

    @once
    def folded_text(self) -> str:
        lines = [line for line in self.text[:_TEXT].split("\n") if not line.startswith(">")]
        return fold("\n".join(lines))

    @once
    def folded_opening(self) -> str:
        """The first lines of the text; most mails need no more of it to be known."""
        lines = [line for line in self.text[: 2 * _OPENING].split("\n") if not line.startswith(">")]
        return fold("\n".join(lines))[:_OPENING]

    @once
    def said(self) -> bool:
        """Its sender wrote something."""
        return bool(self.new_text.strip())

    @once
    def is_answer(self) -> bool:
        """It says that it answers or forwards a mail."""
        return bool(self.first("in-reply-to") or self.first("references") or self.quotes_subject)

    @once
    def quotes_subject(self) -> bool:
        return prefixes.is_answer(self.subject)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided."""

    kind: Kind
    answerable: bool
    failed_recipients: tuple[FailedRecipient, ...]
    reasons: tuple[Reason, ...]
    language: str | None = None
    of_list: OfList | None = None


@dataclass(frozen=True, slots=True)
class _Finding:
    """The kind that one rule found."""

    kind: Kind
    because: str
    language: str | None = None


def _once(look: Callable[[Facts], Evidence]) -> Callable[[Facts], Evidence]:
    """Evidence that several rules ask for is looked for once a mail."""
    name = look.__name__

    @wraps(look)
    def found(facts: Facts) -> Evidence:
        if name not in facts.looked:
            facts.looked[name] = look(facts)
        evidence: Evidence = facts.looked[name]
        return evidence

    return found


def decide(facts: Facts) -> Verdict:
    """The kind of a mail.  Pure; the first rule that has evidence decides."""
    report = bounce.read_reports(facts.parts)
    finding = _by_report(facts, report) or next(
        (found for rule in _RULES if (found := rule(facts)) is not None),
        _Finding(Kind.HUMAN, "no header, sender or text says that a machine wrote it"),
    )
    reasons = [Reason("kind", finding.kind.value, finding.because)]
    failed: tuple[FailedRecipient, ...] = ()
    if finding.kind in (Kind.BOUNCE, Kind.DELAY):
        failed = bounce.failed_recipients(
            report, facts.parts, facts.text, facts.first("x-failed-recipients"), _ours(facts)
        )
        reasons += [
            Reason("kind", f"failed: {f.address}", f.diagnostic or "named in the notice")
            for f in failed[:20]
        ]
    why_not = _why_not_answered(facts, finding)
    if why_not:
        reasons.append(Reason("kind", "not answerable", why_not))
    of_list = _of_list(facts) if finding.kind is Kind.LIST else None
    return Verdict(finding.kind, not why_not, failed, tuple(reasons), finding.language, of_list)


def _ours(facts: Facts) -> frozenset[str]:
    """Addresses that wrote or got the notice: not the ones that failed."""
    values = facts.all("to") + facts.all("cc") + facts.all("delivered-to") + facts.all("reply-to")
    found = {a.address.lower() for value in values[:10] for a in parse_addresses(value)[:20]}
    return frozenset(found | ({facts.sender.address.lower()} if facts.sender else set()))


# ---- reports


def _by_report(facts: Facts, report: bounce.Report | None) -> _Finding | None:
    """What the parts of a multipart/report say (RFC 6522)."""
    types = {p.content_type for p in facts.parts if not p.forwarded}
    if "message/feedback-report" in types or _is_feedback(facts):
        return _Finding(Kind.NOTIFICATION, "a message/feedback-report part (RFC 5965)")
    whole = facts.parts[0].content_type == "multipart/report"  # no program answers in that form
    by_machine = _daemon if facts.quotes_subject else _machine
    if not whole and facts.said and not by_machine(facts):
        return None  # a person who passes a report on
    if types & {"message/disposition-notification", "message/global-disposition-notification"}:
        return _Finding(Kind.RECEIPT, "a message/disposition-notification part (RFC 8098)")
    if report is None or (facts.quotes_subject and not (whole or _daemon(facts))):
        return None
    where = "a message/delivery-status part (RFC 3464)"
    if report.actions and report.actions <= {"delivered", "relayed", "expanded"}:
        return _Finding(Kind.RECEIPT, f"{where} with Action: {', '.join(sorted(report.actions))}")
    if report.actions == {"delayed"} or (not report.actions and _delayed(facts)):
        return _Finding(Kind.DELAY, f"{where} with Action: delayed")
    actions = ", ".join(sorted(report.actions)) or "none"
    return _Finding(Kind.BOUNCE, f"{where} with Action: {actions}")


def _is_feedback(facts: Facts) -> bool:
    return "feedback-report" in facts.first("content-type").lower() or bool(
        facts.first("x-msfbl") or facts.first("x-hmxmroriginalrecipient")
    )


# ---- bounces


def _local(facts: Facts) -> str:
    return facts.sender.address.rpartition("@")[0] or facts.sender.address if facts.sender else ""


@_once
def _daemon(facts: Facts) -> str | None:
    """Why the sender is a mail server; None where it is not known to be one."""
    if facts.sender is None:
        return None
    if phrases.senders("daemons").match(_local(facts)):
        return f"sender {facts.sender.address}"
    names = phrases.senders("daemon_names")
    if names.match(facts.sender.name.strip("\"'")) and not facts.quotes_subject:
        return f"sender named {facts.sender.name}"
    return None


_NULL_PATH = re.compile(r"\s*<\s*>\s*|\s*<?mailer-daemon(@.*)?>?\s*", re.IGNORECASE)


@_once
def _null_path(facts: Facts) -> str | None:
    """The envelope sender was empty (RFC 5321 §4.5.5), or the name that stands for it."""
    paths = facts.all("return-path") + facts.all("x-envelope-from") + facts.all("x-mailfrom")
    empty = any(_NULL_PATH.fullmatch(path) for path in paths[:3])
    return "an empty Return-Path (RFC 5321 §4.5.5)" if empty else None


@_once
def _machine(facts: Facts) -> str | None:
    """Why a machine sent it, where something says so."""
    if daemon := _daemon(facts):
        return daemon
    if because := _null_path(facts):
        return because
    if facts.sender is not None and not facts.sender.address:
        return "an empty sender address"
    if phrases.senders("never_answer").match(_local(facts)):
        return f"sender {facts.sender.address if facts.sender else ''}"
    if _submitted(facts) not in ("", "no"):
        return f"header Auto-Submitted: {facts.first('auto-submitted')}"
    if "report" in facts.first("content-type").lower().split(";")[0]:
        return "Content-Type multipart/report"
    return None


def _role(facts: Facts) -> str | None:
    role = facts.sender is not None and phrases.senders("roles").match(_local(facts))
    return f"sender {_local(facts)}" if role else None


def _bounce_by_header(facts: Facts) -> _Finding | None:
    if value := facts.first("x-failed-recipients"):
        return _bounce(facts, f"header X-Failed-Recipients: {value[:100]}")
    if value := facts.first("x-ms-exchange-message-is-ndr"):
        return _bounce(facts, f"header X-MS-Exchange-Message-Is-Ndr: {value}")
    return None


def _bounce_by_sender(facts: Facts) -> _Finding | None:
    """A mail server wrote it; whatever is not an automatic answer of its is a bounce."""
    daemon = _daemon(facts)
    if daemon is None or _absence_header(facts) or _absence_subject(facts):
        return None
    hit = phrases.section("bounce_subject").begins(facts.folded_subject)
    return _bounce(facts, daemon, hit.language if hit else None)


def _bounce_by_subject(facts: Facts) -> _Finding | None:
    hit = phrases.section("bounce_formula").begins(facts.folded_subject)
    if hit is not None and not _asks_about_notices(facts):
        return _bounce(facts, f"subject begins with “{hit.phrase}”", hit.language)
    hit = phrases.section("bounce_subject").begins(facts.folded_subject)
    if hit is None:
        return None
    machine = _machine(facts) or _nobody(facts) or _bulk(facts) or _role(facts)
    if machine is None:
        return None
    return _bounce(facts, f"subject begins with “{hit.phrase}”; {machine}", hit.language)


def _asks_about_notices(facts: Facts) -> bool:
    """No machine sent it, and the text asks something: a person's, under a notice's subject."""
    if _machine(facts) or _nobody(facts) or _bulk(facts) or _role(facts):
        return False
    return _ASKS.search(facts.new_text[:_OPENING]) is not None


def _bounce_by_text(facts: Facts) -> _Finding | None:
    machine = _machine(facts)
    known = _nobody(facts) and '"notificationtype":"bounce"' in facts.folded_text.replace(" ", "")
    if (machine is None and not known) or _absence_header(facts):
        return None
    hit = phrases.section("bounce_text").within(facts.folded_text)
    if hit is None:
        return None
    return _bounce(
        facts, f"text says “{hit.phrase}”; {machine or 'sent by a machine'}", hit.language
    )


def _bounce(facts: Facts, because: str, language: str | None = None) -> _Finding:
    if _delayed(facts):
        return _Finding(Kind.DELAY, f"{because}; the server goes on trying", language)
    return _Finding(Kind.BOUNCE, because, language)


def _delayed(facts: Facts) -> bool:
    said = f"{facts.folded_subject}\n{facts.folded_text[:3_000]}"
    if phrases.section("delay").within(said) is None:
        return False
    return phrases.section("gave_up").within(said) is None


# ---- automatic answers

_NEGATIONS = frozenset({"no", "false", "0", "none"})


def _absence_header(facts: Facts) -> str | None:
    """The field that makes it an automatic answer, and its value."""
    if _submitted(facts) == "auto-replied":
        return f"header Auto-Submitted: {facts.first('auto-submitted')} (RFC 3834 §5)"
    fields = phrases.auto_reply_fields()
    if fields.keys().isdisjoint(facts.fields):
        return None
    for name, value in facts.headers:
        wanted = fields.get(name.lower())
        if wanted is not None:
            lowered = value.strip().lower()
            if lowered not in _NEGATIONS and wanted.search(lowered):
                return f"header {name}: {value[:100]}"
    return None


def _submitted(facts: Facts) -> str:
    """The keyword of Auto-Submitted (RFC 3834 §5), without comments and parameters (H34)."""
    for value in facts.all("auto-submitted"):
        word = re.match(r"\s*(?:\([^)]*\)\s*)?([\w-]*)", value)
        if word and word[1]:
            return word[1].lower()
    return ""


@_once
def _absence_subject(facts: Facts) -> phrases.Hit | None:
    """A subject of automatic answers, unless a person writes about such mail below it."""
    hit = _automatic_subject(facts)
    return hit if hit is not None and not _speaks(facts) else None


def _automatic_subject(facts: Facts) -> phrases.Hit | None:
    """A subject of automatic answers; one that a person may have written only with support."""
    section = phrases.section("auto_reply_subject")
    for subject in dict.fromkeys((facts.folded_subject, facts.untagged_subject)):
        hit = section.begins(subject)
        if hit is not None and facts.quotes_subject:  # an answer to such a mail has one, too
            return hit if _answers_by_itself(facts) else None
        if hit is not None and _is_formula(hit, subject):
            return hit
        other = phrases.section("absence_subject").begins(subject)  # Notes: "AUTO: Ann is out …"
        if (hit and other) or ((hit or other) and _supported(facts)):
            return hit or other
    if facts.quotes_subject or _ASKS.search(facts.new_text[:_OPENING]):
        return None  # a person who answers, and writes about such mail
    hit = section.amid(facts.folded_subject)
    return hit if hit is not None and _answers_by_itself(facts) else None


def _speaks(facts: Facts) -> bool:
    """A first mail without a machine's fields, whose text asks something or says more than that
    somebody is away: a person's, who writes about automatic answers or absences."""
    if facts.is_answer or _machine(facts) or _nobody(facts) or _bulk(facts) or _suppressed(facts):
        return False
    if _calls_itself_automatic(facts):
        return False
    sections = ("absence_text", "absent")
    away = any(phrases.section(name).within(facts.folded_opening) for name in sections)
    more = away or _ASKS.search(facts.new_text[:_OPENING]) is not None
    return more and out_of_office.find(facts.new_text) is None


def _is_formula(hit: phrases.Hit, subject: str) -> bool:
    """No person writes so: words at the beginning, and what they are about."""
    return not hit.anywhere and (subject != fold(hit.phrase) or bool(_AUTOMATIC.search(subject)))


def _answers_by_itself(facts: Facts) -> bool:
    """It answers a mail though its subject has no "Re:", a machine sent it, or all that it says is
    that somebody is away.

    So where a subject holds "automatic reply" amid other words.
    """
    answers = facts.is_answer and not facts.quotes_subject
    machine = _machine(facts) or _nobody(facts) or _bulk(facts) or _suppressed(facts)
    return bool(answers or machine) or out_of_office.find(facts.new_text) is not None


_ASKS = re.compile(r"[?\u037e\u061f\uff1f](?:\s|$)")
_AUTOMATIC = re.compile("auto|авто|αυτό|自動|自动|자동|otomat|avtom|samodej")


def _supported(facts: Facts) -> bool:
    """A machine sent it, it answers one of ours, or its first lines speak of an absence."""
    if prefixes.holds(facts.folded_subject):
        return True
    if facts.is_answer or _machine(facts) or _nobody(facts) or _bulk(facts) or _suppressed(facts):
        return True
    sections = ("auto_reply_text", "absence_text")
    return any(phrases.section(name).within(facts.folded_opening) for name in sections)


def _auto_reply_by_header(facts: Facts) -> _Finding | None:
    if because := _absence_header(facts):
        return _Finding(Kind.AUTO_REPLY, because)
    return None


def _auto_reply_by_subject(facts: Facts) -> _Finding | None:
    hit = _absence_subject(facts)
    if hit is not None:
        return _Finding(Kind.AUTO_REPLY, f"subject begins with “{hit.phrase}”", hit.language)
    machine = _machine(facts) or _nobody(facts) or _bulk(facts) or _suppressed(facts)
    if machine is None:
        return None
    hit = phrases.section("acknowledgement_subject").begins(facts.folded_subject)
    if hit is None:
        return None
    return _Finding(Kind.AUTO_REPLY, f"subject “{hit.phrase}”; {machine}", hit.language)


def _auto_reply_by_text(facts: Facts) -> _Finding | None:
    """A text that calls itself automatic, or one that only says that somebody is away."""
    hit = _calls_itself_automatic(facts)
    if hit is None and facts.is_answer and not facts.attached:
        hit = out_of_office.find(facts.new_text)
    if hit is None:
        return None
    return _Finding(Kind.AUTO_REPLY, f"the text says “{hit.phrase}”", hit.language)


@_once
def _calls_itself_automatic(facts: Facts) -> phrases.Hit | None:
    """A sentence of the opening begins so."""
    section, opening = phrases.section("auto_reply_text"), facts.new_text[:_OPENING]
    if not section.may_be_in(opening):
        return None
    sentences = (fold(sentence) for sentence in _SENTENCES.split(opening))
    return next((hit for sentence in sentences if (hit := section.heads(sentence))), None)


_SENTENCES = re.compile(r"[.!:\n。！：]")


# ---- buttons


def _reaction(facts: Facts) -> _Finding | None:
    because = reactions.find(facts.parts, facts.appointment, facts.subject, facts.new_text)
    return _Finding(Kind.REACTION, because) if because else None


# ---- receipts, lists, notifications


def _receipt(facts: Facts) -> _Finding | None:
    subject = phrases.section("receipt_subject").begins(facts.folded_subject)
    if subject is None:
        return None
    text = phrases.section("receipt_text").within(facts.folded_text)
    if text is None:
        return None
    return _Finding(
        Kind.RECEIPT,
        f"subject begins with “{subject.phrase}”; text says “{text.phrase}”",
        subject.language,
    )


def _list(facts: Facts) -> _Finding | None:
    for name in ("List-Id", "List-Post", "X-Mailman-Version", "X-BeenThere", "Mailing-List"):
        if value := facts.first(name.lower()):
            return _Finding(Kind.LIST, f"header {name}: {value[:100]} (RFC 2919)")
    if facts.first("precedence").strip().lower() == "list":
        return _Finding(Kind.LIST, "header Precedence: list")
    return None


def _of_list(facts: Facts) -> OfList:
    """Whose list it is, and what the mail would be if nothing in it spoke of a list."""
    values = [v for name in ("list-post", "mailing-list", "x-beenthere") for v in facts.all(name)]
    names = [found for value in values[:6] for found in _ADDRESS.findall(value[:500])[:6]]
    names += [
        found for value in facts.all("list-id")[:3] for found in _LIST_ID.findall(value[:500])
    ]
    bare = [(name, value) for name, value in facts.headers if not _is_of_lists(name, value)]
    other = decide(replace(facts, headers=bare, looked={}))
    names = [name.strip(".").lower() for name in names]
    return OfList(tuple(dict.fromkeys(names)), other.kind, other.answerable)


_ADDRESS = re.compile(r"[^\s<>:;,/?\"]{1,64}@[\w.-]{1,190}")
_LIST_ID = re.compile(r"<\s*([^\s<>]{1,250})\s*>")
_OF_LISTS = ("mailing-list", "x-beenthere", "x-mailman-version", "x-google-group-id", "feedback-id")


def _is_of_lists(name: str, value: str) -> bool:
    lowered = name.lower()
    if lowered in ("precedence", "x-precedence"):
        return value.strip().lower() in ("list", "bulk")
    return lowered.startswith("list-") or lowered in _OF_LISTS


def _notification(facts: Facts) -> _Finding | None:
    for check in (_generated, _bulk, _suppressed_all, _nobody, _empty_path):
        if because := check(facts):
            return _Finding(Kind.NOTIFICATION, because)
    return None


def _empty_path(facts: Facts) -> str | None:
    """An empty return path, and nobody who would read an answer."""
    if _null_path(facts) and not facts.reply_to:
        return f"{_null_path(facts)}, and nothing says what it is"
    return None


@_once
def _generated(facts: Facts) -> str | None:
    if _submitted(facts) not in ("", "no"):
        return f"header Auto-Submitted: {facts.first('auto-submitted')} (RFC 3834 §5)"
    return None


@_once
def _bulk(facts: Facts) -> str | None:
    for value in facts.all("precedence") + facts.all("x-precedence"):
        if value.strip().lower() in ("bulk", "junk", "list"):
            return f"header Precedence: {value}"
    for name in ("List-Unsubscribe", "X-Campaign-Id", "X-CampaignId", "Feedback-Id"):
        if facts.first(name.lower()):
            return f"header {name}"
    return None


def _suppressions(facts: Facts) -> set[str]:
    """Words of X-Auto-Response-Suppress, which is a list (MS-OXCMAIL, H37)."""
    words: set[str] = set()
    for value in facts.all("x-auto-response-suppress"):
        words.update(w for w in re.split(r"[\s,;]+", value.lower()) if w)
    return words


@_once
def _suppressed(facts: Facts) -> str | None:
    if _suppressions(facts) & {"all", "autoreply", "oof"}:
        return f"header X-Auto-Response-Suppress: {facts.first('x-auto-response-suppress')}"
    return None


def _suppressed_all(facts: Facts) -> str | None:
    """`All` together with an automatic rule of Exchange: a person's Outlook sets neither."""
    return _suppressed(facts) if "all" in _suppressions(facts) else None


@_once
def _nobody(facts: Facts) -> str | None:
    """A sender that takes no answers, unless Reply-To names somebody who does."""
    if facts.sender is None or not takes_no_answers(facts.sender):
        return None
    others = [a for a in facts.reply_to if a.key != facts.sender.key and "@" in a.address]
    if any(not takes_no_answers(address) for address in others):
        return None
    return f"sender {facts.sender.address} takes no answers"


def takes_no_answers(address: Address) -> bool:
    """Whether it says so itself: noreply@ and the like."""
    return bool(phrases.senders("no_reply").match(address.address.rpartition("@")[0]))


def writes_for_others(address: Address) -> bool:
    """Whether it is a web form's: whoever filled it in stands in Reply-To."""
    return bool(phrases.senders("forms").match(address.address.rpartition("@")[0]))


_RULES: tuple[Callable[[Facts], _Finding | None], ...] = (
    _bounce_by_header,
    _receipt,
    _reaction,
    _bounce_by_sender,
    _bounce_by_subject,
    _bounce_by_text,
    _auto_reply_by_header,
    _auto_reply_by_subject,
    _auto_reply_by_text,
    _list,
    _notification,
)


# ---- may it be answered


def _why_not_answered(facts: Facts, finding: _Finding) -> str | None:
    """Why no automatic answer may go out; None where one may (RFC 3834 §2, RFC 5230 §4.6)."""
    if finding.kind is not Kind.HUMAN:
        return f"it is a mail of kind {finding.kind.value}"
    return next((why for why in _obstacles(facts) if why), None)


def _obstacles(facts: Facts) -> Iterator[str | None]:
    yield "there is no sender" if facts.sender is None or not facts.sender.address else None
    yield _null_path(facts)
    yield _generated(facts)
    yield _bulk(facts)
    yield _suppressed(facts)
    yield _nobody(facts)
    if phrases.senders("never_answer").match(_local(facts)):
        yield f"sender {_local(facts)} is on the never-answer list (RFC 5230 §4.6)"
    for name in (
        "X-Loop",
        "X-OTRS-Loop",
        "X-OTOBO-Loop",
        "X-Zammad-Send-Auto-Response",
        "X-Autoreply",
    ):
        value = facts.first(name.lower()).strip().lower()
        if value and (name != "X-Zammad-Send-Auto-Response" or value == "false"):
            yield f"header {name}: {value[:100]}"
    yield trace.loop(facts.all("received"))
