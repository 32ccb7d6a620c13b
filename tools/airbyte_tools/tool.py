"""What a tool is, and what surrounds it.

A tool is data with one function (a read) or two (a change). It sees Airbyte
through `ToolContext.client` and nothing else of the server.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from airbyte_client import AsyncAirbyteClient, Operation
from airbyte_guardrails.plans import PlanDraft, PlanReader, Target
from airbyte_tools.answers import Answer


class Arguments(BaseModel):
    """Base of every argument model: immutable, and an unknown argument is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


ArgumentsT = TypeVar("ArgumentsT", bound=Arguments)
AnswerT = TypeVar("AnswerT", bound=Answer)


@dataclass(frozen=True, kw_only=True)
class Hints:
    """MCP's four tool annotations, all of them always said."""

    read_only: bool
    destructive: bool
    idempotent: bool
    open_world: bool = True


READS = Hints(read_only=True, destructive=False, idempotent=True)


Progress = Callable[[float, float | None, str], Awaitable[None]]
"""Tells the waiting person how far a call has come: done, total if known, words. `done` only ever grows."""


@dataclass(frozen=True, kw_only=True)
class ToolContext:
    """Everything that a tool may use.

    Attributes:
        client: Airbyte. Its gate is closed except while a change is applied.
        plans: The caller's own plans.
        now: The clock, aware UTC.
        default_workspace: The workspace id that the operator bound this server to, if any.
        timezone: The person's time zone, an IANA name.
        progress: Reports to the caller; does nothing if the caller did not ask.
    """

    client: AsyncAirbyteClient
    plans: PlanReader
    now: Callable[[], datetime]
    default_workspace: str | None
    timezone: str
    progress: Progress


@dataclass(frozen=True, kw_only=True)
class NothingToDo:
    """A change that is already so, or already under way: an answer instead of a plan."""

    message: str
    next_step: str


@dataclass(frozen=True, kw_only=True)
class Done:
    """What applying a change to one target did."""

    message: str
    job_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class Tool(Generic[ArgumentsT]):
    """What every tool says of itself."""

    name: str
    title: str
    description: str
    arguments: type[ArgumentsT]
    answer: type[Answer]
    hints: Hints


@dataclass(frozen=True, kw_only=True)
class ReadTool(Tool[ArgumentsT], Generic[ArgumentsT, AnswerT]):
    """A tool that changes nothing: `run` finds the answer, `say` puts it in words."""

    run: Callable[[ToolContext, ArgumentsT], Awaitable[AnswerT]]
    say: Callable[[AnswerT, datetime], str]
    hints: Hints = READS


@dataclass(frozen=True, kw_only=True)
class MutatingTool(Tool[ArgumentsT]):
    """A tool that changes Airbyte.

    `plan` only reads, and can be called again at any time with the arguments
    of its own draft. `only` narrows those arguments to one target. `apply`
    changes one target; the client it is given lets through only `effects`,
    and only on that target.
    """

    effects: frozenset[Operation]
    plan: Callable[[ToolContext, ArgumentsT], Awaitable[PlanDraft[ArgumentsT] | NothingToDo]]
    only: Callable[[ArgumentsT, Target], ArgumentsT]
    apply: Callable[[ToolContext, ArgumentsT, Target], Awaitable[Done]]


AnyReadTool = ReadTool[Any, Answer]
AnyMutatingTool = MutatingTool[Any]
AnyTool = Tool[Any]
