"""A counter is found by its key alone, which begins with the day: on SQLite its rows stand in the
index of that key, and no other index is kept."""

import sqlalchemy as sa
from alembic import op

from maild.store import types

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.drop_index("ix_counter_day", "counter")
    if op.get_bind().dialect.name == "sqlite":
        _by_key()
    else:
        op.drop_column("counter", "day")


def _by_key() -> None:
    op.rename_table("counter", "counter_before")
    op.create_table(
        "counter",
        sa.Column("key", types.KeyText(), nullable=False),
        sa.Column("in_day", sa.Integer(), nullable=False),
        sa.Column("hour", types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("in_hour", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_counter")),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO counter (key, in_day, hour, in_hour) "
        "SELECT key, in_day, hour, in_hour FROM counter_before"
    )
    op.drop_table("counter_before")
