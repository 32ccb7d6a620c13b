"""Whether a change may be asked for and applied, and which yes counts.

Every change must be confirmed; read-only refuses it. Policy is asked twice,
when a plan is made and when it is applied, and the stricter answer wins
because each moment can only refuse, never loosen what the other one said.
"""

from dataclasses import dataclass

from airbyte_guardrails.errors import EvidenceTooWeakError, RefusedByPolicyError
from airbyte_guardrails.evidence import Evidence


@dataclass(frozen=True)
class Policy:
    """The operator's upper bound.

    Attributes:
        read_only: Refuse every mutation, whatever was approved.
        least_evidence: The weakest kind of yes that counts.
    """

    read_only: bool = False
    least_evidence: Evidence = Evidence.LOCAL_TERMINAL

    def require_permitted(self, action: str) -> None:
        """Refuse the action if policy denies it.

        Raises:
            RefusedByPolicyError: The server is in read-only mode.
        """
        if self.read_only:
            raise RefusedByPolicyError(
                f"{action} was refused: this server is in read-only mode, so nothing was changed.",
                "Ask the operator; the setting is AIRBYTE_MCP_READ_ONLY.",
            )

    def require_evidence(self, evidence: Evidence) -> None:
        """Refuse a yes that is worth less than policy asks for.

        Raises:
            EvidenceTooWeakError: `evidence` is weaker than `least_evidence`.
        """
        if not evidence.is_at_least(self.least_evidence):
            raise EvidenceTooWeakError(
                f"An approval by {evidence} does not count here; the least is {self.least_evidence}.",
                "Approve the plan in a way that the operator's policy accepts.",
            )
