"""Whose mail waits, and who is a technician."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    waits = sa.text("state = 'stored' AND next_try IS NULL")
    op.create_index(
        "ix_message_waiting_sender",
        "message",
        ["sender", "lane"],
        sqlite_where=waits,
        postgresql_where=waits,
    )
    op.create_index("ix_person_role", "person", ["role", "id"])
