"""What a mutating tool wants to change, as immutable data.

A tool fills in a `PlanDraft`; the guardrails turn it into a `Plan` with an
identity, an owner, a digest and two clocks. Tools may import this module and
no other of the room.
"""

import hashlib
import json
import secrets
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Generic, Protocol, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from airbyte_guardrails.evidence import Evidence
from airbyte_guardrails.states import PlanState
from airbyte_guardrails.verdicts import Verdict

MAX_TARGETS = 20
MANY_TARGETS = 5
"""A plan with more targets than this asks for more than a click."""

LEASE = timedelta(seconds=30)
"""How long a plan that is being executed is left alone after the last sign of life of whoever executes it.

Three times what a write waits for the store's lock, so that one slow write is not taken for a death.
"""

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

    Attributes:
        workspace_id: Where it lives; None where that is not known.
        connection_id: The connection that it belongs to, where it is none itself: a job's connection.
        tags: The names of the connection's tags; None where they are not known.
    """

    kind: str
    id: str
    name: str
    workspace_id: str | None = None
    connection_id: str | None = None
    tags: tuple[str, ...] | None = None
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
        acts_as: The action that this comes to, where it is another than the
            tool's: taking back a schedule is `update_schedule`. Policy's rules
            for either hold.
    """

    arguments: ArgumentsT
    summary: str
    targets: tuple[Target, ...] = Field(min_length=1, max_length=MAX_TARGETS)
    effects: tuple[str, ...] = ()
    irreversible: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    risk: Risk
    covered: dict[str, JsonValue]
    acts_as: str | None = None


class TargetOutcome(_Frozen):
    """What became of one target: `status` is executed, failed or outcome_unknown.

    While the plan is being executed also executing: the request is about to be sent, or has no answer yet.

    Attributes:
        sent: Whether Airbyte may have got the request; True where an older version has not told.
    """

    target_id: str
    status: PlanState
    message: str
    job_id: int | None = None
    sent: bool = True

    @classmethod
    def intended(cls, target_id: str) -> Self:
        """What is on record before the request is sent, and until it has an answer."""
        return cls(target_id=target_id, status=PlanState.EXECUTING, message="being sent, no answer yet")


class Plan(_Frozen):
    """An immutable proposal together with where it stands now.

    Times are aware UTC. `arguments` is the canonical JSON of the tool's
    resolved arguments; `apply_by` is set once the plan is approved. `client` is
    what the requester's program calls itself: untrusted. `verdict` is what
    policy said when the plan was made; it is asked again later, and the
    stricter answer wins.
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
    begun_at: datetime | None = None
    lease_until: datetime | None = None
    acts_as: str | None = None
    client: str | None = None
    verdict: Verdict = Verdict()

    @property
    def least_evidence(self) -> Evidence:
        """The weakest kind of yes that counts for this plan."""
        return self.verdict.least_evidence

    @property
    def needs_second_person(self) -> bool:
        """Whether the approver must be somebody else than the requester."""
        return self.verdict.second_person


class ChangeRecord(_Frozen):
    """A plan that was begun, with the decision that let it: history, and so for everybody to see.

    `at` is when it was begun.
    """

    plan: Plan
    approver: str
    evidence: Evidence
    at: datetime


class WantedChanges(_Frozen):
    """Which changes, newest first; a filter that is None lets all through."""

    action: str | None = None
    connection_id: str | None = None
    workspace_id: str | None = None
    limit: int
    offset: int = 0


class PlanReader(Protocol):
    """How a tool looks at plans: only to read; pending ones only its caller's own."""

    async def get(self, plan_id: str) -> Plan:
        """Return the caller's plan.

        Raises:
            PlanNotFoundError: No such plan belongs to the caller.
        """
        ...

    async def changes(self, wanted: WantedChanges) -> Sequence[ChangeRecord]:
        """Return what was changed on this Airbyte, whoever asked for it."""
        ...

    async def change(self, plan_id: str) -> ChangeRecord:
        """Return one of these changes.

        Raises:
            PlanNotFoundError: There is no such plan, or it was never begun.
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


def plan_of(
    action: str,
    instance: Instance,
    requester: str,
    draft: PlanDraft[ArgumentsT],
    *,
    client: str | None,
    now: datetime,
    approve_by: datetime,
) -> Plan:
    """A draft as a plan of its own, under an id that cannot be guessed; policy has not seen it yet."""
    return Plan(
        id="plan_" + secrets.token_urlsafe(18),
        action=action,
        instance=instance,
        requester=requester,
        arguments=canonical_arguments(draft.arguments),
        summary=draft.summary,
        targets=draft.targets,
        effects=draft.effects,
        irreversible=draft.irreversible,
        warnings=draft.warnings,
        risk=draft.risk,
        covered=draft.covered,
        digest=digest_of(action, instance, draft),
        state=PlanState.PROPOSED,
        created_at=now,
        approve_by=approve_by,
        acts_as=draft.acts_as,
        client=client,
    )


def difference(before: dict[str, JsonValue], after: dict[str, JsonValue]) -> Sequence[str]:
    """Which covered facts moved, one sentence each: the innermost that did, values as JSON."""
    return [
        sentence
        for key in sorted(before.keys() | after.keys())
        for sentence in _moved(key, before.get(key), after.get(key))
    ]


def _moved(path: str, before: JsonValue, after: JsonValue) -> Iterator[str]:
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            yield from _moved(f"{path}.{key}", before.get(key), after.get(key))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (old, new) in enumerate(zip(before, after, strict=True), 1):
            yield from _moved(f"{path}.{number}", old, new)
    else:
        yield f"{path}: was {canonical_json(before)}, is {canonical_json(after)}"
