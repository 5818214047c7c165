"""How many lines a list has no room for stands beside what it shows, which is not written again."""

from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.execute("ALTER TABLE outbox ADD COLUMN more INTEGER DEFAULT 0 NOT NULL")
