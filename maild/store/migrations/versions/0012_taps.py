"""Links of our mail that were used, and how contacts found what was done."""

import sqlalchemy as sa
from alembic import op

from maild.store import types

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "tap",
        sa.Column("key", types.KeyText(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("at", types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("about_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_tap_ticket_id_ticket")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_tap_person_id_person")),
        sa.ForeignKeyConstraint(["about_id"], ["person.id"], name=op.f("fk_tap_about_id_person")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_tap")),
    )
    op.create_index("ix_tap_at", "tap", ["at"])
    op.create_index(op.f("ix_tap_ticket_id"), "tap", ["ticket_id"])
    op.create_index(op.f("ix_tap_person_id"), "tap", ["person_id"])
