"""A list that is full is found by whom it is for, however many other notifications wait."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    full = sa.text("more > 0")
    op.create_index(
        "ix_outbox_full_list",
        "outbox",
        ["address", "template"],
        sqlite_where=full,
        postgresql_where=full,
    )
