"""What may be long is kept compressed by SQLite: notifications' facts, why a mail was understood as
it was, notes' HTML and quotations.

An older maild could not read it, so the shape has a new number on either database.
"""

import sqlalchemy as sa
from alembic import op

from maild.store import packing, types

revision = "0014"
down_revision = "0013"

SOME = 500  # rows at a time
_PACKED: tuple[tuple[str, sa.ColumnClause[object]], ...] = (
    ("outbox", sa.column("data", types.PackedJson())),
    ("message", sa.column("reasons", types.PackedJson())),
    ("note", sa.column("html", types.PackedText())),
    ("note", sa.column("quoted_text", types.PackedText())),
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name, column in _PACKED:
            _pack(sa.table(name, sa.column("id", sa.Integer()), column), column)


def _pack(table: sa.TableClause, column: "sa.ColumnClause[object]") -> None:
    """Writes again what is long, some rows at a time."""
    database, last = op.get_bind(), 0
    wanted = sa.select(table.c.id, column).where(
        sa.func.typeof(column) == "text", sa.func.length(column) >= packing.LONG
    )
    change = sa.update(table).where(table.c.id == sa.bindparam("row"))
    change = change.values({column.name: sa.bindparam("kept", type_=column.type)})
    while rows := database.execute(
        wanted.where(table.c.id > last).order_by(table.c.id).limit(SOME)
    ).all():
        database.execute(change, [{"row": row, "kept": kept} for row, kept in rows])
        last = rows[-1][0]
