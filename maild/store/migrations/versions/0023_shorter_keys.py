"""Keys are kept short.  A thread is found by its Message-ID alone: on SQLite its rows stand in the
index of that, and no other index is kept.  SQLite keeps the octets of digests, and not their
hexadecimal digits.  The hour that was counted is a number.

An older maild could not read these, so the shape has a new number.
"""

import sqlalchemy as sa
from alembic import op

from maild.store import types

revision = "0023"
down_revision = "0022"

_NTH = "row_number() OVER (PARTITION BY message_id ORDER BY id) - 1"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _by_message_id()
        _digests()
        _hours()
        return
    op.add_column("thread", sa.Column("nth", sa.Integer(), nullable=False, server_default="0"))
    op.execute(
        f"UPDATE thread SET nth = found.nth FROM (SELECT id, {_NTH} AS nth FROM thread) AS found "
        "WHERE found.id = thread.id AND found.nth > 0"
    )
    op.alter_column("thread", "nth", server_default=None)
    op.drop_index("ix_thread_ticket_id", "thread")
    op.drop_constraint("uq_thread", "thread")
    op.drop_column("thread", "id")
    op.create_primary_key("pk_thread", "thread", ["message_id", "ticket_id"])
    hour = "CAST(floor(extract(epoch FROM hour) / 3600) AS INTEGER)"
    op.execute(f"ALTER TABLE counter ALTER COLUMN hour TYPE INTEGER USING {hour}")


def _by_message_id() -> None:
    op.rename_table("thread", "thread_before")
    op.create_table(
        "thread",
        sa.Column("message_id", types.KeyText(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("ours", sa.Boolean(), nullable=False),
        sa.Column("nth", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_thread_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("message_id", "ticket_id", name=op.f("pk_thread")),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO thread (message_id, ticket_id, ours, nth) "
        f"SELECT message_id, ticket_id, ours, {_NTH} FROM thread_before"
    )
    op.drop_table("thread_before")


def _digests() -> None:
    kept = types.octets_of_digest.__name__  # a function of our connections
    op.execute(f"UPDATE outbox SET key = {kept}(key)")
    op.execute(f"UPDATE message SET sha256 = {kept}(sha256), fingerprint = {kept}(fingerprint)")


def _hours() -> None:
    op.rename_table("counter", "counter_before")
    op.create_table(
        "counter",
        sa.Column("key", types.KeyText(), nullable=False),
        sa.Column("in_day", sa.Integer(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("in_hour", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_counter")),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO counter (key, in_day, hour, in_hour) "
        "SELECT key, in_day, CAST(strftime('%s', hour) AS INTEGER) / 3600, in_hour "
        "FROM counter_before"
    )
    op.drop_table("counter_before")
