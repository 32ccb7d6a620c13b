"""How alembic reaches the store: on the connection and in the transaction that `migrating` holds."""

from alembic import context

from airbyte_guardrails.schema import metadata, revision

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=revision.name,
)
context.run_migrations()
