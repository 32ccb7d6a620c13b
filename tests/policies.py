"""Policies to test with: rules from TOML text, and plans that they are asked about."""

import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from airbyte_guardrails.evidence import Evidence
from airbyte_guardrails.plans import Instance, Plan, Risk, Target
from airbyte_guardrails.policy import Policy
from airbyte_guardrails.policy.loading import Vocabulary, load_rules
from airbyte_guardrails.policy.rules import Rule
from airbyte_guardrails.policy.subjects import Deed
from airbyte_guardrails.states import PlanState
from airbyte_guardrails.verdicts import Verdict
from airbyte_mcp_server.tool_sets import TOOL_SETS

KNOWN = Vocabulary(actions=TOOL_SETS.keys(), instances=("default", "sandbox"))
WORKSPACE = "5ae6b09b-fdec-41af-aaf7-7d94cfc33ef6"
OTHER_WORKSPACE = "0f31738c-0000-4ab0-9b5a-3b2b1e5a1111"
CONNECTION = "9924bcd0-99be-453d-ba47-c2c9766f7da5"
OTHER_CONNECTION = "1b9f4f0c-2222-4d0f-8b7b-6a0f4c3f0002"
ANN = "token:ann"
NOBODY = "session:0123456789abcdef"
MONDAY_NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def rules_of(text: str) -> tuple[Rule, ...]:
    """The rules of a policy file with this text."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "policy.toml"
        file.write_text(text, encoding="utf-8")
        return load_rules(file, KNOWN)


def connection(
    identity: str | None = CONNECTION,
    name: str = "Orders",
    workspace: str | None = WORKSPACE,
    tags: tuple[str, ...] | None = (),
) -> Target:
    """One target: a connection, or without an identity something of a connection that is not known."""
    return Target(
        kind="connection" if identity else "job",
        id=identity or "7",
        name=name,
        workspace_id=workspace,
        tags=tags,
    )


def plan_of(
    action: str = "trigger_sync",
    *targets: Target,
    requester: str = ANN,
    instance: Instance | None = None,
    risk: Risk = Risk.MEDIUM,
    client: str | None = "some client",
    acts_as: str | None = None,
) -> Plan:
    """A plan, as policy sees it before it is stored."""
    return Plan(
        id="plan_x",
        action=action,
        instance=instance or Instance(name="default", address="https://airbyte.example.com/api/public/v1"),
        requester=requester,
        arguments="{}",
        summary="Do it",
        targets=targets or (connection(),),
        effects=(),
        irreversible=(),
        warnings=(),
        risk=risk,
        covered={},
        digest="",
        state=PlanState.PROPOSED,
        created_at=MONDAY_NOON,
        approve_by=MONDAY_NOON,
        client=client,
        acts_as=acts_as,
    )


def said(
    rules: str | tuple[Rule, ...],
    plan: Plan | None = None,
    moment: datetime = MONDAY_NOON,
    deeds: Sequence[Deed] = (),
    least: Evidence = Evidence.LOCAL_TERMINAL,
) -> Verdict:
    """What a policy of these rules answers."""
    policy = Policy(rules=rules_of(rules) if isinstance(rules, str) else rules, least_evidence=least)
    return policy.answer(plan or plan_of(), moment, lambda since: [deed for deed in deeds if deed.at > since])
