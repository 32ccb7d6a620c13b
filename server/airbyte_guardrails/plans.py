"""What a mutating tool wants to change, as immutable data.

A tool fills in a `PlanDraft`; the guardrails turn it into a `Plan` with an
identity, an owner, a digest and two clocks. Tools may import this module and
no other of the room.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from airbyte_guardrails.states import PlanState

MAX_TARGETS = 20
MANY_TARGETS = 5
"""A plan with more targets than this asks for more than a click."""

ArgumentsT = TypeVar("ArgumentsT", bound=BaseModel)


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Risk(StrEnum):
    """How bad a wrong yes would be."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Instance(_Frozen):
    """One Airbyte: what the operator calls it, and the base URL of its API."""

    name: str
    address: str


class Change(_Frozen):
    """One value before and after, both as people read them."""

    field: str
    before: str
    after: str


class Target(_Frozen):
    """One Airbyte object that the plan would change.

    `name` is text from Airbyte: untrusted, and only ever shown through
    `airbyte_guardrails.wording`.
    """

    kind: str
    id: str
    name: str
    workspace_id: str | None = None
    changes: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()


class PlanDraft(_Frozen, Generic[ArgumentsT]):
    """A tool's proposal.

    Attributes:
        arguments: The tool's arguments with every name resolved to an id, so
            that planning again from them finds the same objects even if one
            was renamed meanwhile.
        summary: The change in a few words of our own, such as "Start a sync".
        targets: 1 to 20 objects, in the order in which they will be changed.
        effects: What will happen, in plain words.
        irreversible: What cannot be taken back, in plain words.
        warnings: What a careful person would want to know first.
        covered: The facts that the approval is bound to. If any of them is
            different at the time of applying, the plan is stale.
    """

    arguments: ArgumentsT
    summary: str
    targets: tuple[Target, ...] = Field(min_length=1, max_length=MAX_TARGETS)
    effects: tuple[str, ...] = ()
    irreversible: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    risk: Risk
    covered: dict[str, JsonValue]


class TargetOutcome(_Frozen):
    """What became of one target: `status` is executed, failed or outcome_unknown."""

    target_id: str
    status: PlanState
    message: str
    job_id: int | None = None


class Plan(_Frozen):
    """An immutable proposal together with where it stands now.

    Times are aware UTC. `arguments` is the canonical JSON of the tool's
    resolved arguments; `apply_by` is set once the plan is approved.
    """

    id: str
    action: str
    instance: Instance
    requester: str
    arguments: str
    summary: str
    targets: tuple[Target, ...]
    effects: tuple[str, ...]
    irreversible: tuple[str, ...]
    warnings: tuple[str, ...]
    risk: Risk
    covered: dict[str, JsonValue]
    digest: str
    state: PlanState
    created_at: datetime
    approve_by: datetime
    apply_by: datetime | None = None
    outcomes: tuple[TargetOutcome, ...] = ()
    closing_note: str = ""


class PlanReader(Protocol):
    """How a tool looks at plans: only its caller's own, and only to read."""

    async def get(self, plan_id: str) -> Plan:
        """Return the caller's plan.

        Raises:
            PlanNotFoundError: No such plan belongs to the caller.
        """
        ...


def canonical_json(value: JsonValue) -> str:
    """JSON with sorted keys and no white space: equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def canonical_arguments(arguments: BaseModel) -> str:
    """The canonical JSON of a tool's argument model, defaults included."""
    return canonical_json(arguments.model_dump(mode="json"))


def digest_of(action: str, instance: Instance, draft: PlanDraft[ArgumentsT]) -> str:
    """SHA-256 over the meaning of a draft: what is done, where, to what, from which state."""
    meaning: dict[str, JsonValue] = {
        "action": action,
        "instance": instance.model_dump(),
        "arguments": canonical_arguments(draft.arguments),
        "targets": [target.id for target in draft.targets],
        "covered": draft.covered,
    }
    return hashlib.sha256(canonical_json(meaning).encode()).hexdigest()


def difference(before: dict[str, JsonValue], after: dict[str, JsonValue]) -> Sequence[str]:
    """Which covered facts moved, one sentence each, values as JSON."""
    keys = sorted(before.keys() | after.keys())
    return [
        f"{key}: was {canonical_json(before.get(key))}, is {canonical_json(after.get(key))}"
        for key in keys
        if before.get(key) != after.get(key)
    ]
