"""Commands of the desk from the terminal: the same that a technician's mail would carry out."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from maild.app import App, open_app
from maild.commands.execute import run
from maild.commands.job import Job, May, Result
from maild.commands.mail_commands import names_of
from maild.commands.values import Asked, Command
from maild.desk import people, sides, views
from maild.desk.desk import Actor, Desk
from maild.errors import Refused
from maild.model import Role
from maild.store.records import Person
from maild.store.unit import Unit

AsOption = Annotated[
    str | None,
    typer.Option("--as", metavar="ADDRESS", help="Which technician does it; default: nobody."),
]
RehearseOption = Annotated[
    bool, typer.Option("--rehearse", help="Say what would be done; keep and send nothing.")
]


def carry_out(
    app: App, number: str, commands: list[Command], *, by: str | None, rehearse: bool = False
) -> list[Result]:
    """Does these commands to a ticket, rules and notifications included, or only tries them."""

    def work(unit: Unit) -> list[Result]:
        person = _person(unit, by)
        desk = Desk(
            unit=unit,
            settings=app.settings,
            profile=app.profile,
            now=datetime.now(UTC),
            cause=f"cli:{datetime.now(UTC).isoformat()}",
            actor=Actor(person.name, Role.RESOURCE, person if by else None),
            author=person if by else None,
            listeners=(app.rules,),
        )
        ticket = views.ticket(unit, number)
        ticket = sides.own(unit, app.profile, ticket, person) if by else ticket
        job = Job(
            desk=desk,
            may=May(person, Role.RESOURCE, proven=True),
            asked=Asked("", "", tuple(commands)),
            names=names_of(desk),
            ticket=ticket,
            note=None,
        )
        results = run(job)
        refused = [result for result in results if not result.done]
        if refused:
            raise Refused(" ".join(result.why for result in refused))
        desk.settle()
        return results

    if rehearse:
        with app.store.look() as unit:
            return work(unit)
    return app.store.act(work)


def _person(unit: Unit, address: str | None) -> Person:
    """Who acts; the terminal itself where nobody is named."""
    if address is None:
        return Person(name="maild", role=Role.RESOURCE, created=datetime.now(UTC))
    person = people.the_person(unit, address)
    if person.role != Role.RESOURCE or not person.active:
        raise Refused(f"{address} is no technician of the desk.")
    return person


def open_for(config: Path | None, *, rehearse: bool) -> App:
    """The desk, for a command that changes it, or only tries to."""
    return open_app(config, look=rehearse)
