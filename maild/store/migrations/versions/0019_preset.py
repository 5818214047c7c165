"""What is compressed may need a dictionary, files of a mail are kept without their base64, and what
a note says may be compressed on SQLite (`maild/store/packing.py`).

What was kept before is read as it is.  An older maild could not read what is kept now, so the shape
has a new number.
"""

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """What is there can be read as it is."""
