"""What a source offers to sync, and in which ways a destination can take it."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from airbyte_client.enums import SyncMode
from airbyte_client.models import AirbyteModel, no_nulls

_Path = Annotated[tuple[str, ...], BeforeValidator(no_nulls)]
_Paths = Annotated[tuple[_Path, ...], BeforeValidator(no_nulls)]


class OfferedStream(AirbyteModel):
    """A stream that a source can sync, whether or not a connection syncs it.

    Attributes:
        namespace: Where the source keeps it; Airbyte spells the key in lower case here.
        sync_modes: What the source and the destination can do together.
        default_cursor: Path of the cursor that Airbyte takes where a connection names none; empty for none.
        has_own_cursor: Whether the source keeps its own cursor, so that a connection may not name one.
        own_primary_key: The key that the source declares, which a connection may not change; may be empty.
        fields: Paths of its fields; empty where Airbyte does not say.
    """

    name: str = Field(alias="streamName")
    namespace: str | None = Field(default=None, alias="streamnamespace")
    sync_modes: Annotated[tuple[SyncMode, ...], BeforeValidator(no_nulls)] = ()
    default_cursor: _Path = Field(default=(), alias="defaultCursorField")
    has_own_cursor: bool | None = Field(default=None, alias="sourceDefinedCursorField")
    own_primary_key: _Paths = Field(default=(), alias="sourceDefinedPrimaryKey")
    fields: _Paths = Field(default=(), alias="propertyFields")

    def field_path(self, dotted: str) -> tuple[str, ...] | None:
        """The field that a dotted path means; None where the stream has no such field.

        Where Airbyte does not say which fields there are, each dot separates.
        """
        if not self.fields:
            return tuple(dotted.split("."))
        return next((path for path in self.fields if ".".join(path) == dotted), None)
