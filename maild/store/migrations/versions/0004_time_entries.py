"""A time entry says whether it is billable, at which rate, and who wrote it down."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    with op.batch_alter_table("time_entry") as table:
        table.add_column(
            sa.Column("billable", sa.Boolean(), nullable=False, server_default=sa.true())
        )
        table.add_column(sa.Column("rate", sa.Integer(), nullable=True))
        table.add_column(sa.Column("entered_by_id", sa.Integer(), nullable=True))
        table.create_foreign_key(
            op.f("fk_time_entry_entered_by_id_person"), "person", ["entered_by_id"], ["id"]
        )
