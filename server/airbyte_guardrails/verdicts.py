"""What policy says to one plan: allow, confirm or deny, and which yes counts.

Verdicts are totally ordered by strictness, so the stricter of several is
simply the largest: a second person always comes with the strongest evidence.
"""

from collections.abc import Iterable
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from airbyte_guardrails.errors import EvidenceTooWeakError
from airbyte_guardrails.evidence import Evidence

TOKEN_PREFIX = "token:"  # noqa: S105 - the beginning of a requester's name, no secret
SHARED_TOKEN_PREFIX = TOKEN_PREFIX + "shared-"
OAUTH_PREFIX = "oauth:"


class Answer(StrEnum):
    """What policy can say to a change, loosest first."""

    ALLOW = "allow"
    CONFIRM = "confirm"
    DENY = "deny"


class Verdict(BaseModel):
    """Policy's answer to one plan at one moment.

    Attributes:
        answer: Allow, confirm or deny.
        rule: The name of the rule that decided; empty where none did.
        because: What the rule says, as a sentence; empty where no rule decided.
        least_evidence: The weakest kind of yes that counts.
        second_person: Whether the approver must be somebody else than the requester.
        shadows: What rules on trial would have done, a sentence each.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    answer: Answer = Answer.CONFIRM
    rule: str = ""
    because: str = ""
    least_evidence: Evidence = Evidence.LOCAL_TERMINAL
    second_person: bool = False
    shadows: tuple[str, ...] = ()

    @property
    def strictness(self) -> tuple[int, int, bool]:
        """Grows with what is asked for."""
        weakness = list(Evidence).index(self.least_evidence)
        return list(Answer).index(self.answer), -weakness, self.second_person

    def require(self, evidence: Evidence, approver: str, requester: str) -> None:
        """Refuse a yes that is worth less than this verdict asks for.

        Raises:
            EvidenceTooWeakError: The evidence is too weak, or the second person is missing.
        """
        if evidence is Evidence.POLICY and self.answer is not Answer.ALLOW:
            raise EvidenceTooWeakError(
                "Policy allowed this without asking when it was planned; now it asks for a person.",
                "Call the tool that makes the change again; a person can approve its new plan.",
            )
        if not evidence.is_at_least(self.least_evidence):
            raise EvidenceTooWeakError(
                f"An approval by {evidence} does not count here; the least is {self.least_evidence}."
                f" {self.because}".rstrip(),
                "Approve the plan in a way that the operator's policy accepts.",
            )
        if self.second_person and not are_two_people(requester, approver, evidence):
            raise EvidenceTooWeakError(
                f"Approver and requester must be two people. {self.because}".rstrip(),
                "Ask somebody else to sign in on the approvals page and approve it.",
            )


def strictest(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict that asks for most; of equals the first."""
    return max(verdicts, key=lambda verdict: verdict.strictness)


def principal_of(requester: str) -> str | None:
    """The requester, if somebody signed in; a session of stdio is nobody in particular."""
    return requester if requester.startswith((TOKEN_PREFIX, OAUTH_PREFIX)) else None


def can_have_a_second_person(requester: str) -> bool:
    """Whether any approver at all can be told apart from this requester.

    Only a bearer token of a tokens file has a name that the operator gave, as
    approvers have. Whoever holds the one token for everybody may be anybody,
    the approver too. What an identity provider calls somebody need not be what
    the page calls them, so that those names differ shows nothing.
    """
    return requester.startswith(TOKEN_PREFIX) and not requester.startswith(SHARED_TOKEN_PREFIX)


def are_two_people(requester: str, approver: str, evidence: Evidence) -> bool:
    """Whether a yes came from somebody else than the one who asked, as far as names can show it.

    Only on the approvals page does an approver prove a name.
    """
    if evidence is not Evidence.OUT_OF_BAND or not can_have_a_second_person(requester):
        return False
    return requester.removeprefix(TOKEN_PREFIX).casefold() != approver.casefold()
