"""Lists of tickets by their last change go through an index, not through every ticket."""

from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.create_index("ix_ticket_updated", "ticket", ["updated", "id"])
