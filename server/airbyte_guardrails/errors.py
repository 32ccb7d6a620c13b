"""Everything that the guardrails refuse, as one tree.

GuardrailError
├── PlanNotFoundError        no such plan, or not the caller's
├── PlanNotPendingError      the plan has left the state that the request needs
├── PlanExpiredError         one of its two clocks ran out
├── EvidenceTooWeakError     this kind of yes does not count for this plan
├── RefusedByPolicyError     policy says no
├── CoolingDownError         a person said no to the same a short while ago
├── TooManyPendingError      the requester has too many plans waiting
├── ApproverError            an approver cannot be added or changed like this
├── SignInRefusedError       name and password do not belong together
├── TooManySignInsError      too many wrong ones; nothing more is tried for a while
├── StoreUnavailableError    the store cannot be read or written, so nothing was sent
└── OutcomeNotRecordedError  it was sent, and only then the store failed
"""

from datetime import timedelta


class GuardrailError(Exception):
    """A refusal, with what to do next.

    Attributes:
        message: What was refused and why, as a sentence.
        next_step: What the reader can do about it, as a sentence.
    """

    def __init__(self, message: str, next_step: str) -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.message} {self.next_step}".rstrip()


class PlanNotFoundError(GuardrailError):
    """No plan with this id belongs to the caller."""

    def __init__(self, plan_id: str) -> None:
        super().__init__(
            f"There is no plan {plan_id!r} here.",
            "Call the tool that makes the change again; it proposes a new plan.",
        )


class PlanNotPendingError(GuardrailError):
    """The plan has already been decided, applied or closed."""


class PlanExpiredError(GuardrailError):
    """The time to approve, or to apply after approval, is over."""


class EvidenceTooWeakError(GuardrailError):
    """Policy asks for stronger evidence than this approval carries."""


class RefusedByPolicyError(GuardrailError):
    """Policy refuses the plan."""


class CoolingDownError(GuardrailError):
    """A person said no to the same action on the same target a short while ago."""

    def __init__(self, refused_plan_id: str, ago: timedelta, cool_down: timedelta) -> None:
        seconds, rest = int(ago.total_seconds()), max(int((cool_down - ago).total_seconds()), 1)
        super().__init__(
            f"A person refused this {seconds} seconds ago; it is not asked again for another {rest} seconds.",
            "Do not ask again unless the person brings it up; they can lift this on a terminal:"
            f" airbyte-mcp-server approvals lift {refused_plan_id}.",
        )


class TooManyPendingError(GuardrailError):
    """Too many plans of one requester wait for a person."""


class ApproverError(GuardrailError):
    """An approver cannot be added or changed in this way."""


class SignInRefusedError(GuardrailError):
    """Name and password do not belong together."""

    def __init__(self) -> None:
        super().__init__("Name and password do not belong together.", "Check both and try again.")


class TooManySignInsError(GuardrailError):
    """Too many failures of one name or one address."""

    def __init__(self) -> None:
        super().__init__("There were too many failed attempts.", "Wait a quarter of an hour and try again.")


class StoreUnavailableError(GuardrailError):
    """The store of plans cannot be used; nothing is sent to Airbyte without it."""


class OutcomeNotRecordedError(GuardrailError):
    """The change was sent, and what became of it could not be recorded."""
