"""A rule that fails does not stop the mail: it is told to the admins, with its file and line."""

from __future__ import annotations

from types import TracebackType

import structlog

from maild.errors import MaildError
from maild.i18n import sentence
from maild.model import EventName
from maild.rules.context import Context
from maild.rules.rule import Rule
from maild.store.database import is_database

log = structlog.get_logger()


class reported:
    """What goes wrong within is the rule's fault and ends there; a database's trouble goes on."""

    __slots__ = ("_context", "_rule")

    def __init__(self, rule: Rule, context: Context) -> None:
        self._rule, self._context = rule, context

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None
    ) -> bool:
        if not isinstance(error, Exception):
            return False
        if is_database(error) or getattr(error, "temporary", False):
            return False
        _report(self._rule, self._context, error)
        return True


def _report(rule: Rule, context: Context, error: Exception) -> None:
    said = error.message if isinstance(error, MaildError) else f"{type(error).__name__}: {error}"
    said = said.rstrip(".")
    text = sentence(
        'The rule "{rule}" ({place}) failed{ticket} and was skipped: {problem}.',
        rule=rule.name,
        place=rule.place,
        ticket=sentence(" on ticket {ticket}", ticket=context.ticket.number)
        if context.ticket
        else "",
        problem=said,
    )
    context.desk.alert(f"rule:{rule.name}", text)
    if context.ticket:
        detail = {"rule": rule.name, "because": said}
        context.desk.record(context.ticket, EventName.RULE_FAILED, detail)
    log.warning("rule.failed", rule=rule.name, error=type(error).__name__)
