"""What an alert says is kept so that each reader gets it in their language."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.add_column("alert", sa.Column("said", sa.JSON(), nullable=True))
