"""What the tools that change connections have in common.

Schedule, status and streams are *settings* of a connection: each can be read,
set, and set back. A setting knows how to draw the plan of a change; the tool
that sets it and the one that takes a change back both ask it.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

from pydantic import Field, JsonValue

from airbyte_client import AirbyteError, Connection
from airbyte_guardrails.plans import MANY_TARGETS, MAX_TARGETS, Change, PlanDraft, Risk, Target
from airbyte_tools.finding import Reference, find_connection
from airbyte_tools.tool import Arguments, Done, ToolContext

ArgumentsT = TypeVar("ArgumentsT", bound=Arguments)
ValueT = TypeVar("ValueT")

ConnectionReferences = Annotated[
    tuple[Reference, ...],
    Field(min_length=1, max_length=MAX_TARGETS, description="exact names, ids or URLs"),
]


async def find_connections(context: ToolContext, references: Sequence[str]) -> list[Connection]:
    """The connections that the references mean, each once, freshly read, in the given order.

    Raises:
        FindingError: One of them does not lead to exactly one connection.
    """
    found = [await find_connection(context, reference, exactly=True) for reference in references]
    ids = list(dict.fromkeys(c.connection_id for c in found))
    return await asyncio.gather(*(context.client.get_connection(i) for i in ids))


@dataclass(frozen=True, kw_only=True)
class Move(Generic[ValueT]):
    """A connection as it is now, and what its setting is to become."""

    connection: Connection
    after: ValueT


@dataclass(frozen=True, kw_only=True)
class Picture:
    """What a person should see of a change before deciding, in the words of a plan."""

    targets: Sequence[Target]
    effects: Sequence[str] = ()
    irreversible: Sequence[str] = ()
    warnings: Sequence[str] = ()
    risk: Risk


class Setting(ABC, Generic[ValueT]):
    """Something of a connection that can be set, and set back to an earlier value."""

    @abstractmethod
    def of(self, connection: Connection) -> ValueT:
        """What it is now."""

    @abstractmethod
    def stored(self, value: ValueT) -> JsonValue:
        """A value as it stands in a plan's `covered`."""

    @abstractmethod
    def restored(self, stored: JsonValue) -> ValueT:
        """A value that stood in a plan, ready to be set again.

        Raises:
            InvalidRequestError: Airbyte's API cannot set it; names the nearest that it can.
        """

    @abstractmethod
    def moved_on(self, connection: Connection, left: JsonValue) -> list[str]:
        """What is different now from the value that a change left, in words; empty where nothing is."""

    @abstractmethod
    async def picture(self, context: ToolContext, moves: Sequence[Move[ValueT]]) -> Picture:
        """What a person should see of these moves."""

    @abstractmethod
    async def write(self, context: ToolContext, connection_id: str, value: ValueT) -> None:
        """Send the one request that sets it."""

    @abstractmethod
    def checked(self, now: Connection, wanted: ValueT) -> str:
        """What a connection that was read back shows, in words.

        Raises:
            ToolFailureError: It is not what was asked for.
        """

    async def draft(
        self, context: ToolContext, arguments: ArgumentsT, summary: str, moves: Sequence[Move[ValueT]]
    ) -> PlanDraft[ArgumentsT]:
        """The plan of these moves; it covers the old and the new value of each."""
        picture = await self.picture(context, moves)
        return PlanDraft(
            arguments=arguments,
            summary=summary,
            targets=tuple(picture.targets),
            effects=tuple(picture.effects),
            irreversible=tuple(picture.irreversible),
            warnings=tuple(picture.warnings),
            risk=Risk.HIGH if len(moves) > MANY_TARGETS else picture.risk,
            covered={
                move.connection.connection_id: {
                    "old": self.stored(self.of(move.connection)),
                    "new": self.stored(move.after),
                }
                for move in moves
            },
        )

    async def set(self, context: ToolContext, connection_id: str, value: ValueT) -> Done:
        """Set it, and read it back.

        Raises:
            AirbyteError: Airbyte did not take it.
            ToolFailureError: Airbyte took it, and shows something else.
        """
        await self.write(context, connection_id, value)
        try:
            now = await context.client.get_connection(connection_id)
        except AirbyteError as error:
            return Done(message=f"Airbyte accepted it; it could not be read back: {error.message}")
        return Done(message=self.checked(now, value))


def connection_target(
    connection: Connection, changes: Sequence[Change] = (), notes: Sequence[str] = ()
) -> Target:
    """A connection as a plan's target."""
    return Target(
        kind="connection",
        id=connection.connection_id,
        name=connection.name,
        workspace_id=connection.workspace_id,
        tags=tag_names(connection),
        changes=tuple(changes),
        notes=tuple(notes),
    )


def tag_names(connection: Connection) -> tuple[str, ...] | None:
    """The names of a connection's tags; None where this Airbyte is too old to tell them."""
    return tuple(tag.name for tag in connection.tags) if "tags" in connection.model_fields_set else None
