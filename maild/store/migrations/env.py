"""Runs the migrations on the connection that `maild.store.migrate` hands over."""

from alembic import context

from maild.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata(),
    transactional_ddl=False,  # the caller's transaction holds it all
)
context.run_migrations()
