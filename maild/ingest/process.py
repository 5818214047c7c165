"""Takes one stored message through everything: understand, who, which ticket, act, notify.

One message is one transaction (H1): ticket, note, status, events, notifications and the
message's own "processed" mark are committed together, or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import TypeVar

import structlog
from structlog.contextvars import bound_contextvars

from maild.config import Settings
from maild.crash_points import crash_point
from maild.desk import alerts, rate_limits
from maild.desk.desk import Desk, Route
from maild.errors import MaildError, MailError, Temporary
from maild.i18n import sentence
from maild.ingest import (
    automatic_mail,
    duplicates,
    exposure,
    human_mail,
    oversize,
    own_list,
    own_mail,
    partner_mail,
    routed_mail,
    sender_kinds,
    spam_filing,
)
from maild.ingest.look_ahead import look_ahead
from maild.ingest.outcome import Outcome, conclude
from maild.ingest.quarantine import alert_of
from maild.ingest.read_ahead import ReadAhead, split
from maild.ingest.scanner import Scanner
from maild.model import Became, Mail, MessageState
from maild.octets import Away
from maild.parse import trace
from maild.parse.limits import LocalReader, Reader
from maild.rules.engine import Rules
from maild.spool import Mass
from maild.store import Store, asking
from maild.store.asking.lanes import Waiting
from maild.store.records import Message, OutboxItem, Ticket
from maild.store.unit import Unit

log = structlog.get_logger()
Item = TypeVar("Item")

RETRY = timedelta(seconds=30)  # between the tries of a message that could not be processed
GROUP = 20  # messages that are committed together, at most
GROUP_SECONDS = 0.05  # after so long nobody joins them where somebody waits for their commit
GROUP_MOST_SECONDS = 0.5  # … and the backlog where nobody of this process does: another one may
HURRIED, OWED = 16, 4  # after so many that went before it, so many of the backlog


@dataclass(frozen=True, slots=True)
class _Done:
    """What became of a message of a group."""

    outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class _Group:
    """Who is next."""

    some: Sequence[Waiting]
    hurried: bool  # they go before the backlog, and wait for no long commit
    gives_way: Callable[[Unit], bool] | None  # whether somebody has come who goes before them


ALL = _Group((), hurried=False, gives_way=None)  # where the caller says who is next


def _come_before(first: int, done: Collection[int], unit: Unit) -> bool:
    """Whether somebody in a hurry goes before this message, beside those that are done."""
    there = (one.id for one in asking.lanes.hurried(unit, 1 + len(done)))
    return next((one for one in there if one not in done), first) != first


def groups(items: Iterable[Item], size: int = GROUP) -> Iterator[list[Item]]:
    """The items, so many at a time."""
    left = iter(items)
    while group := list(islice(left, size)):
        yield group


class Pipeline:
    """Processes stored messages; `reader` reads them."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        rules: Rules,
        reader: Reader | LocalReader,
    ) -> None:
        self.store = store
        self.settings = settings
        self.rules = rules
        self.reader = reader
        self._scanner = Scanner(settings.config.attachments)
        self._ahead = ReadAhead(reader, self._octets)
        self._hurried = 0  # messages that went before the backlog since it had its share

    def process_due(self, now: datetime, limit: int = 100) -> int:
        """Processes what is stored and due, whose turn it is first; how many were taken up.

        Before each group it is looked who has come meanwhile, and again when it is its turn to
        write; while a group is acted on, the next one is read.
        """
        done: set[int] = set()
        while len(done) < limit:
            group = self._next_group(now, done)
            if not group.some:
                break
            self._hurried = self._hurried if group.hurried else 0
            read = {
                one.id: self._scanned(one.id, self._ahead.take(one.id), now)
                for one in group.some[: limit - len(done)]
            }
            for stored_id, outcome in self._some_of(list(read.items()), now, group):
                done.add(stored_id)
                self._hurried += group.hurried
                del read[stored_id]
                if outcome is not None:
                    log.info("message.done", message=stored_id, outcome=outcome.outcome)
            self._ahead.put_back(read)
        return len(done)

    def _next_group(self, now: datetime, done: Collection[int]) -> _Group:
        """Who is next, read or being read: who is in a hurry, or the backlog, which has its share
        now and then.

        Both never share a group: nobody in a hurry waits for the commit of the others.
        """
        most = 2 * GROUP + len(done)
        with self.store.look() as unit:
            found = (asking.lanes.hurried(unit, most), asking.lanes.patient(unit, now, most))
        hurried, patient = ([one for one in some if one.id not in done] for some in found)
        before = bool(hurried) and not (patient and self._hurried >= HURRIED)
        owed = bool(hurried) and not before
        groups = split(hurried if before else patient, OWED if owed else GROUP)
        group, following = next(groups, []), next(groups, [])
        self._ahead.forget_but([*hurried, *patient])
        self._ahead.begin(group, hurried=before)
        self._ahead.begin(following, hurried=before)
        gives_way = None if owed or not group else partial(_come_before, group[0].id, done)
        return _Group(group, before, gives_way)

    def process_all(
        self, some: Sequence[tuple[int, Mail | Exception]], now: datetime
    ) -> Iterator[tuple[int, Outcome | None]]:
        """(message, what `process` gives) of each, in the order given; committed in groups.

        A group is what is there already: nobody waits for company, and nobody for long.  What fails
        in a group is taken out of it and done alone.
        """
        waiting = [(stored_id, self._scanned(stored_id, mail, now)) for stored_id, mail in some]
        while waiting:
            count = 0
            for done in self._some_of(waiting[:GROUP], now):
                count += 1
                yield done
            del waiting[:count]

    def _some_of(
        self,
        some: Sequence[tuple[int, Mail | Exception]],
        now: datetime,
        group: _Group = ALL,
    ) -> Iterator[tuple[int, Outcome | None]]:
        """The same of the first ones, as many as one commit takes."""
        together = self._together(some, now, group)
        for (stored_id, mail), done in zip(some, together, strict=False):
            yield stored_id, done.outcome if done else self.process(stored_id, now, mail)

    def _together(
        self,
        some: Sequence[tuple[int, Mail | Exception]],
        now: datetime,
        group: _Group,
    ) -> list[_Done | None]:
        """What became of the first ones in one transaction; None for one to be done alone."""
        works = []
        for stored_id, mail in some:
            if isinstance(mail, Exception):
                break
            works.append(partial(self._part, stored_id, mail, now))
        if len(works) < 2:
            return [None]
        try:
            most = GROUP_SECONDS if group.hurried else GROUP_MOST_SECONDS
            given = self.store.together(
                works, seconds=GROUP_SECONDS, most=most, gives_way=group.gives_way
            )
        except Temporary:  # each for itself may find its turn
            return [None] * len(works)
        return [None if isinstance(one, Exception) else one for one in given]

    def _part(self, stored_id: int, mail: Mail, now: datetime, unit: Unit) -> _Done:
        with bound_contextvars(message=stored_id):
            return _Done(self._take(stored_id, mail, now, unit))

    def process(
        self, stored_id: int, now: datetime, mail: Mail | Exception | None = None
    ) -> Outcome | None:
        """One message; None where somebody else has it done, or it is to be tried again.

        `mail`: what it says, or why it cannot be read, where the caller has read it already.
        """
        with bound_contextvars(message=stored_id):
            return self._process(stored_id, now, mail)

    def _process(
        self, stored_id: int, now: datetime, mail: Mail | Exception | None
    ) -> Outcome | None:
        try:
            understood = mail or self.reader.read(self._octets(stored_id))
            understood = self._scanned(stored_id, understood, now)
            if isinstance(understood, Exception):
                raise understood
            return self.store.act(partial(self._take, stored_id, understood, now))
        except Away as error:
            log.warning("message.away", detail=error.detail)
            return self.store.act(partial(self._put_off, stored_id, error, now))
        except Temporary:
            raise
        except Exception as error:
            log.warning("message.failed", error=type(error).__name__)
            return self.store.act(partial(self._failed, stored_id, error, now))

    def _scanned(self, stored_id: int, mail: Mail | Exception, now: datetime) -> Mail | Exception:
        """The mail with the scanner's verdicts, once; before the transaction, which is short."""
        if isinstance(mail, Exception) or not self._scanner.is_there:
            return mail
        if all(one.verdict for one in mail.attachments):
            return mail
        mail = self._scanner.scanned(mail, self._octets(stored_id))
        self.store.act(lambda unit: self._scanner.report(unit, now))
        return mail

    def _octets(self, stored_id: int) -> Mass:
        with self.store.look() as unit:
            return asking.messages.octets(unit, stored_id)

    def _take(self, stored_id: int, mail: Mail, now: datetime, unit: Unit) -> Outcome | None:
        if asking.lanes.is_behind(unit, stored_id):
            return None
        stored = asking.messages.take(unit, stored_id)
        if stored is None:
            return None
        unit.is_new(stored)  # what it caused before, if it failed, was undone
        crash_point("process.claimed")
        mail = own_list.as_this_desk_has_it(unit, self.settings.config, mail)
        rules = copy(self.rules)  # a mail sees one profile, also while the files are read again
        desk = Desk(
            unit=unit,
            settings=self.settings,
            profile=rules.profile,
            now=now,
            cause=f"message:{stored.sha256}@{stored.mailbox}",
            # What has a Message-ID and came before is a duplicate, and tells nobody anything.
            cause_is_new=mail.message_id is not None,
            since=stored.arrived,
            mail=mail,
            stored=stored,
            listeners=(rules,),
        )
        _describe(desk, stored, mail)
        outcome = _act(desk, mail, stored, self.reader.read)
        oversize.tell(desk, mail)
        exposure.expose(desk, mail)
        desk.settle()
        unit.change(
            stored,
            state=MessageState.PROCESSED,
            processed=now,
            next_try=None,
            outcome=outcome.outcome,
            why=outcome.why,
        )
        if stored.attempts:  # an admin may have been told that it cannot be read
            alerts.clear_alert(unit, alert_of(stored_id), now)
        sent = len(unit.added(OutboxItem))
        unit.write()
        crash_point("process.done")
        ticket = unit.get(Ticket, stored.ticket_id)
        return replace(
            outcome,
            status=ticket.status if ticket else None,
            notifications=sent,
        )

    def _put_off(self, stored_id: int, error: Away, now: datetime, unit: Unit) -> None:
        """It is tried again for as long as it takes, and an admin is told: the others go on."""
        stored = asking.messages.take(unit, stored_id)
        if stored is None:
            return
        attempts = stored.attempts + 1
        tries = min(attempts, self.settings.config.limits.tries)
        unit.change(stored, attempts=attempts, error=error.message, next_try=now + RETRY * tries)
        if attempts >= self.settings.config.limits.tries:
            alerts.raise_alert(unit, alert_of(stored_id), error.message, now)

    def _failed(
        self, stored_id: int, error: Exception, now: datetime, unit: Unit
    ) -> Outcome | None:
        """Three tries, then quarantine with the cause and an alert (E3)."""
        stored = asking.messages.take(unit, stored_id)
        if stored is None:
            return None
        message = error.message if isinstance(error, MaildError) else type(error).__name__
        attempts = stored.attempts + 1
        unit.change(stored, attempts=attempts, error=f"{type(error).__name__}: {error}")
        if not isinstance(error, MailError) and attempts < self.settings.config.limits.tries:
            unit.change(stored, next_try=now + RETRY * attempts)
            return None
        became = Became.QUARANTINED
        unit.change(stored, state=MessageState.QUARANTINED, outcome=became, why=message)
        alerts.raise_alert(
            unit,
            alert_of(stored_id),
            sentence(
                "Message {message} could not be processed ({problem}). Look at it with "
                "`maild quarantine show {message}`.",
                message=str(stored_id),
                problem=message,
            ),
            now,
        )
        return Outcome(stored.message_id, became, None, None, stored.kind, (), 0, message)


def _describe(desk: Desk, stored: Message, mail: Mail) -> None:
    """Writes what the mail says of itself beside its octets."""
    desk.unit.change(
        stored,
        message_id=mail.message_id,
        subject=mail.subject,
        sender=mail.sender.key if mail.sender else None,
        kind=mail.kind.value,
        fingerprint=duplicates.fingerprint(mail),
        reasons=[[reason.step, reason.decided, reason.because] for reason in mail.reasons],
    )


# ---- deciding and acting


def _act(desk: Desk, mail: Mail, stored: Message, read: human_mail.Read) -> Outcome:
    """What one message is, first that fits: what another desk proves to say, a duplicate, our own,
    a loop, automatic, routed by rules, spam; else a person's mail."""
    duplicates.alone_with(desk.unit, stored)
    look_ahead(desk, mail)
    heard = partner_mail.take(desk, mail)
    if heard is not None:
        return heard
    earlier = duplicates.twin(desk.unit, stored)
    if earlier is not None:
        taken_up = None if mail.kind.automatic else human_mail.take_up(desk, mail, earlier, read)
        return taken_up or _again(desk, stored, earlier)
    back = own_mail.returned(desk, mail, read)
    if back:
        return conclude(desk, Became.IGNORED, back)
    loop = trace.loop(mail.header_all("Received"))
    if loop:
        return conclude(desk, Became.IGNORED, f"{loop} (H40)")
    if mail.kind.automatic:
        return automatic_mail.take(desk, mail)
    sender_kinds.tell(desk, mail)
    route = desk.route()
    if route is not None:
        return _machine(desk, mail, route)
    filed = (
        spam_filing.take(desk, mail)
        or partner_mail.unproven(desk, mail, read)
        or oversize.of_technician(desk, mail)
    )
    return filed or human_mail.take(desk, mail, read)


def _machine(desk: Desk, mail: Mail, route: Route) -> Outcome:
    """Mail that rules know, up to a cap; beyond it the mail is stored and that is all."""
    sender = mail.sender.key if mail.sender else ""
    cap = desk.settings.config.floods.machines
    what = f"Mails of {sender} are only stored"
    too_many = rate_limits.over(desk.unit, "machines", sender, cap, what, desk.now)
    if too_many:
        return conclude(desk, Became.IGNORED, f"kept, but over {too_many}")
    return conclude(desk, *routed_mail.take(desk, mail, route))


def _again(desk: Desk, stored: Message, earlier: Message) -> Outcome:
    """One ticket, one acknowledgement; the ticket is seen in the other mailbox's queue too."""
    desk.unit.change(stored, ticket_id=earlier.ticket_id)
    ticket = desk.unit.get(Ticket, earlier.ticket_id)
    if ticket is not None and stored.mailbox != earlier.mailbox:
        desk.show_in(ticket, stored.mailbox, human_mail.queue(desk))
    why = f"the same mail came in before, as message {earlier.id}"
    return conclude(desk, Became.DUPLICATE, why)
