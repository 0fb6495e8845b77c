"""Alembic's entry: runs on the connection that `store/migrate.py` hands in."""

from alembic import context

from etsy_pipeline.store.tables.base import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    render_as_batch=True,
    compare_type=True,
)
context.run_migrations()
