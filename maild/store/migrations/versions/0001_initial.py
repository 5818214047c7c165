"""The first shape of the database."""

import sqlalchemy as sa
from alembic import op

from maild.store import types

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "alert",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", types.KeyText(), nullable=False),
        sa.Column("text", types.CleanText(), nullable=False),
        sa.Column("first", types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("last", types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("told", types.UTCDateTime(timezone=True), nullable=True),
        sa.Column("cleared", types.UTCDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
        sa.UniqueConstraint("key", name=op.f("uq_alert_key")),
    )
    op.create_table(
        "counter",
        sa.Column("key", types.KeyText(), nullable=False),
        sa.Column("window", types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", "window", name=op.f("pk_counter")),
    )
    op.create_index(op.f("ix_counter_window"), "counter", ["window"], unique=False)
    op.create_table(
        "mailbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", types.KeyText(), nullable=False),
        sa.Column("uidvalidity", sa.BigInteger(), nullable=True),
        sa.Column("last_uid", sa.BigInteger(), nullable=False),
        sa.Column("scanned", types.UTCDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailbox")),
        sa.UniqueConstraint("name", name=op.f("uq_mailbox_name")),
    )
    op.create_table(
        "number_series",
        sa.Column("day", types.KeyText(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_number_series")),
    )
    op.create_table(
        "organization",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", types.KeyText(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("fields", types.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organization")),
        sa.UniqueConstraint("name", name=op.f("uq_organization_name")),
    )
    op.create_table(
        "setting",
        sa.Column("key", types.KeyText(), nullable=False),
        sa.Column("value", types.JSON, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_setting")),
    )
    op.create_table(
        "domain",
        sa.Column("domain", types.KeyText(), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organization.id"],
            name=op.f("fk_domain_organization_id_organization"),
        ),
        sa.PrimaryKeyConstraint("domain", name=op.f("pk_domain")),
    )
    op.create_index(op.f("ix_domain_organization_id"), "domain", ["organization_id"], unique=False)
    op.create_table(
        "person",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", types.CleanText(), nullable=False),
        sa.Column("role", types.CleanText(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=True),
        sa.Column("language", types.CleanText(), nullable=True),
        sa.Column("timezone", types.CleanText(), nullable=True),
        sa.Column("source", types.CleanText(), nullable=False),
        sa.Column("created", types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("fields", types.JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organization.id"],
            name=op.f("fk_person_organization_id_organization"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
    )
    op.create_index(op.f("ix_person_organization_id"), "person", ["organization_id"], unique=False)
    op.create_table(
        "person_address",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("address", types.KeyText(), nullable=False),
        sa.Column("held", types.CleanText(), nullable=True),
        sa.Column("bounces", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_person_address_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_address")),
        sa.UniqueConstraint("address", name=op.f("uq_person_address_address")),
    )
    op.create_index(
        op.f("ix_person_address_person_id"), "person_address", ["person_id"], unique=False
    )
    op.create_table(
        "ticket",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", types.KeyText(), nullable=False),
        sa.Column("title", types.CleanText(), nullable=False),
        sa.Column("status", types.KeyText(), nullable=False),
        sa.Column("status_kind", types.KeyText(), nullable=False),
        sa.Column("priority", types.CleanText(), nullable=False),
        sa.Column("type", types.CleanText(), nullable=False),
        sa.Column("source", types.CleanText(), nullable=False),
        sa.Column("queue", types.KeyText(), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=True),
        sa.Column("contact_id", sa.Integer(), nullable=True),
        sa.Column("primary_id", sa.Integer(), nullable=True),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("merged_id", sa.Integer(), nullable=True),
        sa.Column("notify_contact", sa.Boolean(), nullable=False),
        sa.Column("due", types.UTCDateTime(timezone=True), nullable=True),
        sa.Column("created", types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("updated", types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("completed", types.UTCDateTime(timezone=True), nullable=True),
        sa.Column("deleted", types.UTCDateTime(timezone=True), nullable=True),
        sa.Column("reopened", sa.Integer(), nullable=False),
        sa.Column("resolution", types.CleanText(), nullable=True),
        sa.Column("correlation", types.KeyText(), nullable=True),
        sa.Column("tags", types.JSON, nullable=False),
        sa.Column("fields", types.JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["person.id"], name=op.f("fk_ticket_contact_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["merged_id"], ["ticket.id"], name=op.f("fk_ticket_merged_id_ticket")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organization.id"],
            name=op.f("fk_ticket_organization_id_organization"),
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["ticket.id"], name=op.f("fk_ticket_parent_id_ticket")
        ),
        sa.ForeignKeyConstraint(
            ["primary_id"], ["person.id"], name=op.f("fk_ticket_primary_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket")),
        sa.UniqueConstraint("number", name=op.f("uq_ticket_number")),
    )
    op.create_index(op.f("ix_ticket_contact_id"), "ticket", ["contact_id"], unique=False)
    op.create_index(op.f("ix_ticket_correlation"), "ticket", ["correlation"], unique=False)
    op.create_index(op.f("ix_ticket_due"), "ticket", ["due"], unique=False)
    op.create_index(op.f("ix_ticket_organization_id"), "ticket", ["organization_id"], unique=False)
    op.create_index(op.f("ix_ticket_parent_id"), "ticket", ["parent_id"], unique=False)
    op.create_index(op.f("ix_ticket_primary_id"), "ticket", ["primary_id"], unique=False)
    op.create_index(op.f("ix_ticket_queue"), "ticket", ["queue"], unique=False)
    op.create_index(op.f("ix_ticket_status"), "ticket", ["status"], unique=False)
    op.create_index(op.f("ix_ticket_status_kind"), "ticket", ["status_kind"], unique=False)
    op.create_table(
        "clock",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=True),
        sa.Column("name", types.CleanText(), nullable=False),
        sa.Column("due", types.UTCDateTime(timezone=True), nullable=True),
        sa.Column("started", types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("detail", types.JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_clock_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock")),
        sa.UniqueConstraint("ticket_id", "name", name="uq_clock"),
    )
    op.create_index(op.f("ix_clock_due"), "clock", ["due"], unique=False)
    op.create_index(op.f("ix_clock_ticket_id"), "clock", ["ticket_id"], unique=False)
    op.create_table(
        "hook",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", types.KeyText(), nullable=False),
        sa.Column("name", types.CleanText(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=True),
        sa.Column("body", types.JSON, nullable=False),
        sa.Column("state", types.CleanText(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try", types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("created", types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("sent", types.UTCDateTime(timezone=True), nullable=True),
        sa.Column("error", types.CleanText(), nullable=True),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_hook_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hook")),
        sa.UniqueConstraint("key", name=op.f("uq_hook_key")),
    )
    op.create_index("ix_hook_state", "hook", ["state", "next_try"], unique=False)
    op.create_index(op.f("ix_hook_ticket_id"), "hook", ["ticket_id"], unique=False)
    op.create_table(
        "message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mailbox", types.CleanText(), nullable=False),
        sa.Column("uidvalidity", sa.BigInteger(), nullable=True),
        sa.Column("uid", sa.BigInteger(), nullable=True),
        sa.Column("sha256", types.KeyText(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("accepted", types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("state", types.CleanText(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try", types.UTCDateTime(timezone=True), nullable=True),
        sa.Column("error", types.CleanText(), nullable=True),
        sa.Column("message_id", types.KeyText(), nullable=True),
        sa.Column("fingerprint", types.KeyText(), nullable=True),
        sa.Column("sender", types.KeyText(), nullable=True),
        sa.Column("subject", types.CleanText(), nullable=True),
        sa.Column("kind", types.CleanText(), nullable=True),
        sa.Column("proof", types.CleanText(), nullable=True),
        sa.Column("withheld", types.CleanText(), nullable=True),
        sa.Column("outcome", types.CleanText(), nullable=True),
        sa.Column("why", types.CleanText(), nullable=True),
        sa.Column("reasons", types.JSON, nullable=False),
        sa.Column("commands", types.JSON, nullable=False),
        sa.Column("undo", types.JSON, nullable=True),
        sa.Column("processed", types.UTCDateTime(timezone=True), nullable=True),
        sa.Column("ticket_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_message_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint("mailbox", "uidvalidity", "uid", name="uq_message_place"),
    )
    op.create_index(op.f("ix_message_fingerprint"), "message", ["fingerprint"], unique=False)
    op.create_index(op.f("ix_message_message_id"), "message", ["message_id"], unique=False)
    op.create_index(op.f("ix_message_sender"), "message", ["sender"], unique=False)
    op.create_index(op.f("ix_message_sha256"), "message", ["sha256"], unique=False)
    op.create_index("ix_message_state", "message", ["state", "next_try"], unique=False)
    op.create_index(op.f("ix_message_ticket_id"), "message", ["ticket_id"], unique=False)
    op.create_table(
        "thread",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message_id", types.KeyText(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("ours", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_thread_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_thread")),
        sa.UniqueConstraint("message_id", "ticket_id", name="uq_thread"),
    )
    op.create_index(op.f("ix_thread_ticket_id"), "thread", ["ticket_id"], unique=False)
    op.create_table(
        "ticket_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=False),
        sa.Column("kind", types.CleanText(), nullable=False),
        sa.ForeignKeyConstraint(
            ["other_id"], ["ticket.id"], name=op.f("fk_ticket_link_other_id_ticket")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_ticket_link_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_link")),
        sa.UniqueConstraint("ticket_id", "other_id", "kind", name=op.f("uq_ticket_link_ticket_id")),
    )
    op.create_index(op.f("ix_ticket_link_other_id"), "ticket_link", ["other_id"], unique=False)
    op.create_index(op.f("ix_ticket_link_ticket_id"), "ticket_link", ["ticket_id"], unique=False)
    op.create_table(
        "ticket_person",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("role", types.CleanText(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_ticket_person_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_ticket_person_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_person")),
        sa.UniqueConstraint(
            "ticket_id", "person_id", "role", name=op.f("uq_ticket_person_ticket_id")
        ),
    )
    op.create_index(
        op.f("ix_ticket_person_person_id"), "ticket_person", ["person_id"], unique=False
    )
    op.create_index(
        op.f("ix_ticket_person_ticket_id"), "ticket_person", ["ticket_id"], unique=False
    )
    op.create_table(
        "event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=True),
        sa.Column("at", types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("event", types.CleanText(), nullable=False),
        sa.Column("by", types.CleanText(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("stored_id", sa.Integer(), nullable=True),
        sa.Column("detail", types.JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_event_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["stored_id"], ["message.id"], name=op.f("fk_event_stored_id_message")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_event_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
    )
    op.create_index(op.f("ix_event_stored_id"), "event", ["stored_id"], unique=False)
    op.create_index(op.f("ix_event_ticket_id"), "event", ["ticket_id"], unique=False)
    op.create_table(
        "note",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("by_kind", types.CleanText(), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("title", types.CleanText(), nullable=True),
        sa.Column("text", types.CleanText(), nullable=False),
        sa.Column("quoted_text", types.CleanText(), nullable=False),
        sa.Column("html", types.CleanText(), nullable=True),
        sa.Column("created", types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("stored_id", sa.Integer(), nullable=True),
        sa.Column("attachments", types.JSON, nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_note_by_id_person")),
        sa.ForeignKeyConstraint(
            ["stored_id"], ["message.id"], name=op.f("fk_note_stored_id_message")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_note_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_note")),
    )
    op.create_index(op.f("ix_note_stored_id"), "note", ["stored_id"], unique=False)
    op.create_index(op.f("ix_note_ticket_id"), "note", ["ticket_id"], unique=False)
    op.create_table(
        "raw",
        sa.Column("stored_id", sa.Integer(), nullable=False),
        sa.Column("octets", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["stored_id"], ["message.id"], name=op.f("fk_raw_stored_id_message")
        ),
        sa.PrimaryKeyConstraint("stored_id", name=op.f("pk_raw")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", types.KeyText(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=True),
        sa.Column("note_id", sa.Integer(), nullable=True),
        sa.Column("stored_id", sa.Integer(), nullable=True),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("address", types.CleanText(), nullable=False),
        sa.Column("template", types.CleanText(), nullable=False),
        sa.Column("language", types.CleanText(), nullable=False),
        sa.Column("audience", types.CleanText(), nullable=False),
        sa.Column("auto", types.CleanText(), nullable=True),
        sa.Column("data", types.JSON, nullable=False),
        sa.Column("message_id", types.KeyText(), nullable=False),
        sa.Column("in_reply_to", types.CleanText(), nullable=True),
        sa.Column("references", types.JSON, nullable=False),
        sa.Column("subject", types.CleanText(), nullable=True),
        sa.Column("octets", sa.LargeBinary(), nullable=True),
        sa.Column("state", types.CleanText(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try", types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("claimed", types.UTCDateTime(timezone=True), nullable=True),
        sa.Column("created", types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("sent", types.UTCDateTime(timezone=True), nullable=True),
        sa.Column("error", types.CleanText(), nullable=True),
        sa.Column("exposed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["note_id"], ["note.id"], name=op.f("fk_outbox_note_id_note")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_outbox_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["stored_id"], ["message.id"], name=op.f("fk_outbox_stored_id_message")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_outbox_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("key", name=op.f("uq_outbox_key")),
        sa.UniqueConstraint("message_id", name=op.f("uq_outbox_message_id")),
    )
    op.create_index(op.f("ix_outbox_person_id"), "outbox", ["person_id"], unique=False)
    op.create_index("ix_outbox_state", "outbox", ["state", "next_try"], unique=False)
    op.create_index(op.f("ix_outbox_stored_id"), "outbox", ["stored_id"], unique=False)
    op.create_index(op.f("ix_outbox_ticket_id"), "outbox", ["ticket_id"], unique=False)
    op.create_table(
        "time_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("start", types.UTCDateTime(timezone=True), nullable=True),
        sa.Column("end", types.UTCDateTime(timezone=True), nullable=True),
        sa.Column("worked_on", types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("work_type", types.CleanText(), nullable=True),
        sa.Column("summary", types.CleanText(), nullable=False),
        sa.Column("internal", types.CleanText(), nullable=True),
        sa.Column("created", types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("note_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_time_entry_by_id_person")),
        sa.ForeignKeyConstraint(["note_id"], ["note.id"], name=op.f("fk_time_entry_note_id_note")),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_time_entry_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_time_entry")),
    )
    op.create_index(op.f("ix_time_entry_by_id"), "time_entry", ["by_id"], unique=False)
    op.create_index(op.f("ix_time_entry_ticket_id"), "time_entry", ["ticket_id"], unique=False)
    op.create_index(op.f("ix_time_entry_worked_on"), "time_entry", ["worked_on"], unique=False)
    op.create_table(
        "delivery",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("outbox_id", sa.Integer(), nullable=False),
        sa.Column("at", types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("text", types.CleanText(), nullable=False),
        sa.ForeignKeyConstraint(
            ["outbox_id"], ["outbox.id"], name=op.f("fk_delivery_outbox_id_outbox")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
    )
    op.create_index(op.f("ix_delivery_outbox_id"), "delivery", ["outbox_id"], unique=False)
