"""Assets, contracts, articles and the like: one table, its fields described in desk/item_kinds."""

import sqlalchemy as sa
from alembic import op

from maild.store import types

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", types.KeyText(), nullable=False),
        sa.Column("key", types.KeyText(), nullable=False),
        sa.Column("name", types.CleanText(), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=True),
        sa.Column("ticket_id", sa.Integer(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("source", types.CleanText(), nullable=False),
        sa.Column("created", types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("updated", types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("fields", types.JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organization.id"],
            name=op.f("fk_item_organization_id_organization"),
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_item_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item")),
        sa.UniqueConstraint("kind", "key", name="uq_item"),
    )
    for column in ("organization_id", "ticket_id"):
        op.create_index(op.f(f"ix_item_{column}"), "item", [column], unique=False)
