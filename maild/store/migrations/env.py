"""Runs the migrations on the connection that `maild.store.migrate` hands over."""

from alembic import context

from maild.store.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=False,  # the caller's transaction holds it all
)
context.run_migrations()
