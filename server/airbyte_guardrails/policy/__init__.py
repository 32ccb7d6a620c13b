"""Whether a change may be asked for and applied, and which yes counts.

    values     how values of the policy file are read
    windows    days and hours of a place, and how often in a period
    rules      one rule, and what makes one nonsense
    subjects   what a rule looks at: one target of one plan, as facts
    fitting    whether a rule is about a subject
    counting   how much of a rate is used up
    deciding   the walk through the rules, and the strictest answer
    loading    the policy file; every mistake in it stops the start
    reading    a policy in words, and what is suspicious in it
    explaining why a plan gets the answer that it gets

The first rule that fits decides; without one a person is asked. What others
can choose (names, tags, clients' own names) and what is not known can only
tighten. A plan with several targets gets the strictest answer of them all.
Policy is asked when a plan is made, when it is decided and when it is applied,
and each moment can only refuse, never loosen what another one said.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue

from airbyte_guardrails.errors import RefusedByPolicyError
from airbyte_guardrails.evidence import Evidence
from airbyte_guardrails.plans import Plan, canonical_json
from airbyte_guardrails.policy.deciding import verdict_on
from airbyte_guardrails.policy.rules import Rule
from airbyte_guardrails.policy.subjects import History
from airbyte_guardrails.verdicts import Verdict


@dataclass(frozen=True)
class Policy:
    """The operator's upper bound.

    Attributes:
        read_only: Refuse every mutation, whatever was approved.
        least_evidence: The weakest kind of yes that counts where no rule asks for more.
        offered: The actions that are offered at all; None stands for every one.
        rules: The policy file's, in its order.
    """

    read_only: bool = False
    least_evidence: Evidence = Evidence.LOCAL_TERMINAL
    offered: frozenset[str] | None = None
    rules: tuple[Rule, ...] = ()

    def require_permitted(self, action: str) -> None:
        """Refuse the action if no rule could permit it.

        Raises:
            RefusedByPolicyError: Read-only mode, or a tool set that is not offered.
        """
        if self.read_only:
            raise RefusedByPolicyError(
                f"{action} was refused: this server is in read-only mode, so nothing was changed.",
                "Ask the operator; the setting is AIRBYTE_MCP_READ_ONLY.",
            )
        if self.offered is not None and action not in self.offered:
            raise RefusedByPolicyError(
                f"{action} was refused: its tool set is not offered here, so nothing was changed.",
                "Ask the operator; the setting is AIRBYTE_MCP_TOOL_SETS.",
            )

    def answer(self, plan: Plan, moment: datetime, history: History) -> Verdict:
        """What policy says to a plan now.

        Args:
            plan: What is wanted, by whom, on which targets.
            moment: Now, aware.
            history: The changes that were begun after a moment, for rates. It has to hold still until the
                plan itself has begun, or two could take the last free place.

        Raises:
            RefusedByPolicyError: As `require_permitted`.
        """
        for action in dict.fromkeys((plan.action, plan.acts_as or plan.action)):
            self.require_permitted(action)
        return verdict_on(self.rules, plan, self.least_evidence, moment, history)

    @property
    def digest(self) -> str:
        """SHA-256 of all that it says, as 64 hexadecimal digits."""
        said: dict[str, JsonValue] = {
            "read_only": self.read_only,
            "least_evidence": self.least_evidence.value,
            "offered": None if self.offered is None else [*sorted(self.offered)],
            "rules": [rule.model_dump(mode="json") for rule in self.rules],
        }
        return hashlib.sha256(canonical_json(said).encode()).hexdigest()
