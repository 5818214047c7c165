"""A shared ticket is two tickets with one number (P8).

Of those that were shared before, the other side stood in a field.  It gets its row, with what
contacts have read and what its resource wrote; all notes stay where they were as well.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from maild.store import types

revision = "0015"
down_revision = "0014"


def _columns(names: str) -> list["sa.ColumnClause[Any]"]:
    return [sa.column(name) for name in names.split()]


_ticket = sa.table(
    "ticket",
    *_columns("id number title priority type source queue status status_kind organization_id"),
    *_columns("contact_id primary_id notify_contact due created updated reopened tags"),
    *_columns("shared_side twin_of"),
    sa.column("completed", types.UTCDateTime()),
    sa.column("fields", types.JSON),
)
_note = sa.table(
    "note",
    *_columns("id ticket_id by_id by_kind public title text quoted_text created stored_id"),
    *_columns("attachments copy_of"),
)
_person = sa.table("person", sa.column("id"), sa.column("role"))
_of = sa.table("ticket_person", *_columns("ticket_id person_id role"))
OTHER = {"client": "provider", "provider": "client"}


def upgrade() -> None:
    with op.batch_alter_table("ticket") as table:
        table.add_column(
            sa.Column("shared_side", types.KeyText(), nullable=False, server_default="")
        )
        table.add_column(sa.Column("twin_of", sa.Integer(), nullable=True))
        table.create_foreign_key(op.f("fk_ticket_twin_of_ticket"), "ticket", ["twin_of"], ["id"])
        table.drop_constraint("uq_ticket_number", type_="unique")
        table.create_unique_constraint("uq_ticket_number", ["number", "shared_side"])
    op.create_index(op.f("ix_ticket_twin_of"), "ticket", ["twin_of"])
    with op.batch_alter_table("note") as table:
        table.add_column(sa.Column("copy_of", sa.Integer(), nullable=True))
        table.create_foreign_key(op.f("fk_note_copy_of_note"), "note", ["copy_of"], ["id"])
    op.create_index(op.f("ix_note_copy_of"), "note", ["copy_of"])
    _part()


def _part() -> None:
    """Gives each other side that stood in a field a ticket of its own."""
    database = op.get_bind()
    has = sa.cast(_ticket.c.fields, sa.Text()).like('%"twin"%')
    for first, kept in database.execute(sa.select(_ticket.c.id, _ticket.c.fields).where(has)).all():
        twin = kept.pop("twin", None)
        values: dict[str, Any] = {"fields": kept}
        if isinstance(twin, Mapping) and twin.get("side") in OTHER:
            here = OTHER[twin["side"]]
            values = {"fields": {**kept, "side": here}, "shared_side": here}
        database.execute(sa.update(_ticket).where(_ticket.c.id == first).values(**values))
        if "shared_side" in values:
            row = _give_row(database, first, twin)
            _give_notes(database, first, row, twin)
            _give_contacts(database, first, row)


def _give_row(database: sa.Connection, first: int, twin: Mapping[str, Any]) -> int:
    completed = twin.get("completed")
    own: dict[str, Any] = {
        "status": sa.literal(twin["status"]),
        "status_kind": sa.literal(_kind(database, twin)),
        "queue": sa.literal(twin["queue"]),
        "primary_id": sa.literal(twin["resource_id"]),
        "completed": sa.literal(
            datetime.fromisoformat(completed) if completed else None, types.UTCDateTime()
        ),
        "fields": sa.literal({"side": twin["side"]}, types.JSON),
        "shared_side": sa.literal(twin["side"]),
        "twin_of": _ticket.c.id,
    }
    same = [c.name for c in _ticket.c if c.name not in own and c.name != "id"]
    chosen = sa.select(*(_ticket.c[name] for name in same), *own.values())
    chosen = chosen.where(_ticket.c.id == first)
    database.execute(sa.insert(_ticket).from_select([*same, *own], chosen))
    found = sa.select(_ticket.c.id).where(_ticket.c.twin_of == first)
    return int(database.execute(found).scalar_one())


def _kind(database: sa.Connection, twin: Mapping[str, Any]) -> str:
    """The kind of its status: that of another ticket with this status, else as its date says."""
    if twin.get("completed"):
        return "closed"
    same = sa.select(_ticket.c.status_kind).where(_ticket.c.status == twin["status"]).limit(1)
    return str(database.execute(same).scalar() or "working")


def _give_notes(database: sa.Connection, first: int, row: int, twin: Mapping[str, Any]) -> None:
    """What contacts read, and what its own resource wrote."""
    own: dict[str, Any] = {
        "ticket_id": sa.literal(row),
        "quoted_text": sa.literal(""),
        "copy_of": _note.c.id,
    }
    same = [c.name for c in _note.c if c.name not in own and c.name != "id"]
    chosen = (
        sa.select(*(_note.c[name] for name in same), *own.values())
        .where(_note.c.ticket_id == first)
        .where(_note.c.public.is_(sa.true()) | (_note.c.by_id == twin["resource_id"]))
        .order_by(_note.c.id)
    )
    database.execute(sa.insert(_note).from_select([*same, *own], chosen))


def _give_contacts(database: sa.Connection, first: int, row: int) -> None:
    chosen = (
        sa.select(sa.literal(row), _of.c.person_id, _of.c.role)
        .join_from(_of, _person, _person.c.id == _of.c.person_id)
        .where((_of.c.ticket_id == first) & (_person.c.role == "contact"))
    )
    database.execute(sa.insert(_of).from_select(["ticket_id", "person_id", "role"], chosen))
