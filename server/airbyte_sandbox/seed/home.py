"""Where things go that say nothing about it: the default workspace, its warehouse; and how ids are made."""

from uuid import UUID, uuid5

from airbyte_sandbox.model import Destination, Workspace

_IDS = UUID("5a4d0b0c-0000-4000-8000-000000000000")


def fixed_id(*names: str) -> str:
    """The id of a seeded thing: the same in every sandbox."""
    return str(uuid5(_IDS, "/".join(names)))


DEFAULT_WORKSPACE = Workspace("a1b2c3d4-e5f6-7890-abcd-ef1234567890", "Default Workspace")
WAREHOUSE_NAME = "Warehouse"
WAREHOUSE_ID = fixed_id("destination", DEFAULT_WORKSPACE.name, WAREHOUSE_NAME)


def warehouse(created_at: int) -> Destination:
    """The destination of a sandbox whose seed has none; ``created_at`` is milliseconds since 1970."""
    return Destination(WAREHOUSE_ID, DEFAULT_WORKSPACE.id, WAREHOUSE_NAME, "sqlite", {}, created_at)
