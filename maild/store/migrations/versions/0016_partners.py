"""Tickets that are shared with another desk by mail."""

import sqlalchemy as sa
from alembic import op

from maild.store import types

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.create_table(
        "shared_ticket",
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("partner", types.KeyText(), nullable=False),
        sa.Column("reference", types.KeyText(), nullable=True),
        sa.Column("since", types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("said", types.CleanText(), nullable=False),
        sa.Column("sent", sa.Integer(), nullable=False),
        sa.Column("heard", sa.Integer(), nullable=False),
        sa.Column("state", types.CleanText(), nullable=True),
        sa.Column("status", types.CleanText(), nullable=True),
        sa.Column("done", types.UTCDateTime(timezone=True), nullable=True),
        sa.Column("completed", types.UTCDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_shared_ticket_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_shared_ticket")),
    )
    op.create_index(op.f("ix_shared_ticket_partner"), "shared_ticket", ["partner"])
    op.create_index(op.f("ix_shared_ticket_reference"), "shared_ticket", ["reference"])
    op.create_table(
        "partner_event",
        sa.Column("key", types.KeyText(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("at", types.UTCDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_partner_event_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_partner_event")),
    )
    op.create_index(op.f("ix_partner_event_ticket_id"), "partner_event", ["ticket_id"])
