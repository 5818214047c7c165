"""When a message came to its server, and the Message-ID that a relay gave our mail."""

import sqlalchemy as sa
from alembic import op

from maild.store import types

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("message", sa.Column("arrived", types.UTCDateTime(timezone=True), nullable=True))
    op.add_column("outbox", sa.Column("relay_id", types.KeyText(), nullable=True))
    op.create_index(op.f("ix_outbox_relay_id"), "outbox", ["relay_id"], unique=False)
