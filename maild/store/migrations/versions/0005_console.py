"""The console: sessions, sign-in links, drafts, presence, views, preferences, the audit."""

import sqlalchemy as sa
from alembic import op

from maild.store import types

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("by", types.CleanText(), nullable=False),
        sa.Column("address", types.CleanText(), nullable=False),
        sa.Column("what", types.CleanText(), nullable=False),
        sa.Column("about", types.CleanText(), nullable=False),
        sa.Column("detail", types.JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_audit_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_at", "audit", ["at"], unique=False)
    op.create_index(
        "ix_audit_person",
        "audit",
        ["person_id", "id"],
        unique=False,
    )
    op.create_table(
        "draft",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("place", types.KeyText(), nullable=False),
        sa.Column("fields", types.JSON, nullable=False),
        sa.Column("updated", types.UTCDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_draft_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft")),
        sa.UniqueConstraint("person_id", "place", name="uq_draft"),
    )
    op.create_index(op.f("ix_draft_person_id"), "draft", ["person_id"], unique=False)
    op.create_table(
        "form_key",
        sa.Column("key", types.KeyText(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("at", types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("led_to", types.CleanText(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_form_key_person_id_person")
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_form_key")),
    )
    op.create_index(op.f("ix_form_key_at"), "form_key", ["at"], unique=False)
    op.create_table(
        "preference",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("wishes", types.JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_preference_person_id_person")
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_preference")),
    )
    op.create_table(
        "saved_view",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("name", types.KeyText(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("asked", types.JSON, nullable=False),
        sa.Column("updated", types.UTCDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["person.id"], name=op.f("fk_saved_view_owner_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
        sa.UniqueConstraint("owner_id", "name", name="uq_saved_view"),
    )
    op.create_index(op.f("ix_saved_view_owner_id"), "saved_view", ["owner_id"], unique=False)
    op.create_table(
        "sign_in",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token", types.KeyText(), nullable=False),
        sa.Column("browser", types.CleanText(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("created", types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("ends", types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("used", types.UTCDateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("onward", types.CleanText(), nullable=False),
        sa.Column("address", types.CleanText(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_sign_in_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in")),
        sa.UniqueConstraint("token", name=op.f("uq_sign_in_token")),
    )
    op.create_index(op.f("ix_sign_in_person_id"), "sign_in", ["person_id"], unique=False)
    op.create_table(
        "web_session",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token", types.KeyText(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("created", types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("seen", types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("ends", types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("address", types.CleanText(), nullable=False),
        sa.Column("agent", types.CleanText(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_web_session_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_web_session")),
        sa.UniqueConstraint("token", name=op.f("uq_web_session_token")),
    )
    op.create_index(op.f("ix_web_session_person_id"), "web_session", ["person_id"], unique=False)
    op.create_table(
        "pending",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", types.KeyText(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("fields", types.JSON, nullable=False),
        sa.Column("address", types.CleanText(), nullable=False),
        sa.Column("created", types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("due", types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("state", types.CleanText(), nullable=False),
        sa.Column("said", types.CleanText(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_pending_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_pending_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pending")),
        sa.UniqueConstraint("key", name=op.f("uq_pending_key")),
    )
    op.create_index(
        "ix_pending_due",
        "pending",
        ["state", "due"],
        unique=False,
    )
    op.create_index(op.f("ix_pending_person_id"), "pending", ["person_id"], unique=False)
    op.create_index(op.f("ix_pending_ticket_id"), "pending", ["ticket_id"], unique=False)
    op.create_table(
        "presence",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("writes", sa.Boolean(), nullable=False),
        sa.Column("seen", types.UTCDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_presence_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_presence_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_presence")),
        sa.UniqueConstraint("ticket_id", "person_id", name="uq_presence"),
    )
    op.create_index(op.f("ix_presence_person_id"), "presence", ["person_id"], unique=False)
    op.create_index(op.f("ix_presence_ticket_id"), "presence", ["ticket_id"], unique=False)
    op.create_table(
        "visit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("at", types.UTCDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_visit_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_visit_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit")),
        sa.UniqueConstraint("person_id", "ticket_id", name="uq_visit"),
    )
    op.create_index(op.f("ix_visit_person_id"), "visit", ["person_id"], unique=False)
    op.create_index(op.f("ix_visit_ticket_id"), "visit", ["ticket_id"], unique=False)
    op.create_table(
        "work_list",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("added", types.UTCDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_work_list_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_work_list_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work_list")),
        sa.UniqueConstraint("person_id", "ticket_id", name="uq_work_list"),
    )
    op.create_index(op.f("ix_work_list_person_id"), "work_list", ["person_id"], unique=False)
    op.create_index(op.f("ix_work_list_ticket_id"), "work_list", ["ticket_id"], unique=False)
    op.create_table(
        "working_clock",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("since", types.UTCDateTime(timezone=True), nullable=True),
        sa.Column("seen", types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("idle", sa.Integer(), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_working_clock_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_working_clock_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_working_clock")),
        sa.UniqueConstraint("person_id", "ticket_id", name="uq_working_clock"),
    )
    op.create_index(
        op.f("ix_working_clock_person_id"), "working_clock", ["person_id"], unique=False
    )
    op.create_index(
        op.f("ix_working_clock_ticket_id"), "working_clock", ["ticket_id"], unique=False
    )
    op.create_table(
        "signature",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("note_id", sa.Integer(), nullable=True),
        sa.Column("name", types.CleanText(), nullable=False),
        sa.Column("path", types.CleanText(), nullable=False),
        sa.Column("taken_by", sa.Integer(), nullable=False),
        sa.Column("at", types.UTCDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["note_id"], ["note.id"], name=op.f("fk_signature_note_id_note")),
        sa.ForeignKeyConstraint(
            ["taken_by"], ["person.id"], name=op.f("fk_signature_taken_by_person")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_signature_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signature")),
    )
    op.create_index(op.f("ix_signature_ticket_id"), "signature", ["ticket_id"], unique=False)
    op.create_table(
        "search_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", types.CleanText(), nullable=False),
        sa.Column("thing_id", sa.Integer(), nullable=False),
        sa.Column("digest", types.CleanText(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_entry")),
    )
    op.create_index("ix_search_entry_thing", "search_entry", ["kind", "thing_id"], unique=False)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE TABLE search_words (id integer PRIMARY KEY, words tsvector NOT NULL)")
        op.execute("CREATE INDEX ix_search_words ON search_words USING gin (words)")
    else:  # words alone, by number: neither their text nor their places
        op.execute(
            "CREATE VIRTUAL TABLE search_words USING fts5"
            "(words, content='', detail=none, tokenize='ascii')"
        )
    if op.get_bind().dialect.name == "postgresql":  # who watches is told when events are committed
        op.execute(
            "CREATE FUNCTION maild_event() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN PERFORM pg_notify('maild_event', ''); RETURN NULL; END $$"
        )
        op.execute(
            "CREATE TRIGGER maild_event AFTER INSERT ON event "
            "FOR EACH STATEMENT EXECUTE FUNCTION maild_event()"
        )
