"""What several notifications say alike is kept once; those that are there keep it as they have it.

An older maild would find only a part of what a notification says, so the shape has a new number.
"""

import sqlalchemy as sa
from alembic import op

from maild.store import types

revision = "0021"
down_revision = "0020"

HAS_SOME = sa.text("common_id IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "common_facts",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("data", types.PackedJson(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_common_facts")),
    )
    op.execute(
        "ALTER TABLE outbox ADD COLUMN common_id INTEGER "
        "CONSTRAINT fk_outbox_common_id_common_facts REFERENCES common_facts (id)"
    )
    op.create_index(
        "ix_outbox_common_id",
        "outbox",
        ["common_id"],
        sqlite_where=HAS_SOME,
        postgresql_where=HAS_SOME,
    )
