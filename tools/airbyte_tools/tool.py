"""What a tool is, and what surrounds it.

A tool is data with one function (a read) or two (a change). It sees Airbyte
through `ToolContext.client` and nothing else of the server.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, JsonValue

from airbyte_client import AsyncAirbyteClient, Operation
from airbyte_guardrails.plans import Plan, PlanDraft, PlanReader, Target
from airbyte_guardrails.states import PlanState
from airbyte_tools.answers import Answer, ChangeResult


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


async def no_progress(_done: float, _total: float | None, _message: str) -> None:
    """For a tool that nobody watches: a resource's read, a plan that is settled."""


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
        where_to_approve: The places where a person can approve a plan that waits, in words that follow
            "approve it"; empty where there is none.
    """

    client: AsyncAirbyteClient
    plans: PlanReader
    now: Callable[[], datetime]
    default_workspace: str | None
    timezone: str
    progress: Progress
    where_to_approve: Callable[[Plan], str]


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
class Unanswered(Generic[ArgumentsT]):
    """A request that went out, or was about to, and whose answer nobody has.

    Attributes:
        arguments: The plan's.
        target: What it would change.
        covered: The facts of this target that the approval is bound to.
        baseline: What the tool's `baseline` read right before; None where it reads nothing.
    """

    arguments: ArgumentsT
    target: Target
    covered: JsonValue
    baseline: JsonValue


@dataclass(frozen=True, kw_only=True)
class Settled:
    """What Airbyte shows of an unanswered request.

    Attributes:
        status: Executed, if Airbyte is as the person approved it, whoever made it so; failed, if it can no
            longer become so; else outcome_unknown.
        message: What is there, and what cannot be proven.
        job_id: The job that it may have started.
        traceless: Nothing of it is to be seen yet: looking again in a moment may help.
    """

    status: PlanState
    message: str
    job_id: int | None = None
    traceless: bool = False


async def nothing_follows(_context: ToolContext, _arguments: object, result: ChangeResult) -> ChangeResult:
    """For a change that is over once Airbyte has taken it."""
    return result


async def no_baseline(_context: ToolContext, _target: Target) -> JsonValue:
    """For a change that sets a value: the plan covers the old and the new one, which is all it takes."""
    return None


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
    and only on that target. When the answer of `apply` is lost, or the process
    dies before it, `settle` finds out what Airbyte made of it: it only reads,
    and raises AirbyteError if it cannot. What it must compare with is read by
    `baseline` right before `apply`, and stored. `afterwards` follows what a
    change began, as its call asked; it only reads, and is no part of the plan.
    """

    effects: frozenset[Operation]
    plan: Callable[[ToolContext, ArgumentsT], Awaitable[PlanDraft[ArgumentsT] | NothingToDo]]
    only: Callable[[ArgumentsT, Target], ArgumentsT]
    apply: Callable[[ToolContext, ArgumentsT, Target], Awaitable[Done]]
    settle: Callable[[ToolContext, Unanswered[ArgumentsT]], Awaitable[Settled]]
    baseline: Callable[[ToolContext, Target], Awaitable[JsonValue]] = no_baseline
    afterwards: Callable[[ToolContext, ArgumentsT, ChangeResult], Awaitable[ChangeResult]] = nothing_follows


AnyReadTool = ReadTool[Any, Answer]
AnyMutatingTool = MutatingTool[Any]
AnyTool = Tool[Any]
