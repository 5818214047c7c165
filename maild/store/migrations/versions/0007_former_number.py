"""The numbers that imported tickets had at another helpdesk."""

import sqlalchemy as sa
from alembic import op

from maild.store import types

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "former_number",
        sa.Column("number", types.KeyText(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_former_number_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_former_number")),
    )
    op.create_index(op.f("ix_former_number_ticket_id"), "former_number", ["ticket_id"])
