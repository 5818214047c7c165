"""Message-IDs of mail that the desk has not seen, by the tickets whose mail answers them."""

import sqlalchemy as sa
from alembic import op

from maild.store import types

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "mention",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message_id", types.KeyText(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("at", types.UTCDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_mention_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mention")),
        sa.UniqueConstraint("message_id", "ticket_id", name="uq_mention"),
    )
    op.create_index(op.f("ix_mention_ticket_id"), "mention", ["ticket_id"], unique=False)
