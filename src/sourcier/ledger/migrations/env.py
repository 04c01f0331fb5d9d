"""Alembic's entry: the connection comes from `sourcier.ledger.opening`, which already holds the lock."""

from alembic import context

from sourcier.ledger.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
