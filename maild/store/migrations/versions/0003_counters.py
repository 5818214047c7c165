"""A counter is one row a day, which holds its last hour too."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from maild.store import types

revision = "0003"
down_revision = "0002"

_OLD = sa.table(
    "counter",
    sa.column("key", types.KeyText()),
    sa.column("window", types.UTCDateTime()),
    sa.column("count", sa.Integer()),
)


def upgrade() -> None:
    rows = _counted()
    op.drop_table("counter")
    made = op.create_table(
        "counter",
        sa.Column("key", types.KeyText(), nullable=False),
        sa.Column("day", types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("in_day", sa.Integer(), nullable=False),
        sa.Column("hour", types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("in_hour", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_counter")),
    )
    op.create_index("ix_counter_day", "counter", ["day"], unique=False)
    if rows:
        op.bulk_insert(made, rows)


def _counted() -> list[dict[str, Any]]:
    """A row a day of each key, from what stood in rows of their own: `key:h`, `key:d`."""
    days: list[tuple[str, datetime, int]] = []
    hours: dict[tuple[str, str], tuple[datetime, int]] = {}
    for key, window, count in op.get_bind().execute(sa.select(_OLD).order_by(_OLD.c.window)):
        name, _, unit = key.rpartition(":")
        if unit == "d":
            days.append((name, window, count))
        else:
            hours[name, f"{window:%Y%m%d}"] = (window, count)
    return [
        {
            "key": types.keyed(f"{day:%Y%m%d}:{name}"),
            "day": day,
            "in_day": count,
            "hour": hours.get((name, f"{day:%Y%m%d}"), (day, 0))[0],
            "in_hour": hours.get((name, f"{day:%Y%m%d}"), (day, 0))[1],
        }
        for name, day, count in days
    ]
