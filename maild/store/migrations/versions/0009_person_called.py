"""Who is called so is found by an index: names are looked up when one is learned."""

from alembic import op
from sqlalchemy import text

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_index("ix_person_called", "person", [text("lower(substr(name, 1, 100))")])
