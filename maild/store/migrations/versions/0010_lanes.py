"""The lanes of stored messages: whose turn it is, and which belong together."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

INDEXES = {
    "ix_message_turn": ["lane", "turn", "id"],
    "ix_message_mailbox_turn": ["mailbox", "lane", "turn"],
    "ix_message_conversation": ["conversation", "lane", "turn"],
}


def upgrade() -> None:
    for name, default in (("lane", "2"), ("turn", "0")):
        column = sa.Column(name, sa.Integer(), nullable=False, server_default=sa.text(default))
        op.add_column("message", column)
    op.add_column("message", sa.Column("conversation", sa.BigInteger(), nullable=True))
    waits = sa.text("state = 'stored' AND next_try IS NULL")
    for name, columns in INDEXES.items():
        op.create_index(name, "message", columns, sqlite_where=waits, postgresql_where=waits)
