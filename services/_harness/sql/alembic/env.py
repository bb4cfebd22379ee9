"""Alembic's entry: runs one service's revisions in the transaction that the harness has opened."""

from alembic import context

_attributes = context.config.attributes
context.configure(connection=_attributes["connection"], version_table=_attributes["version_table"])
with context.begin_transaction():
    context.run_migrations()
