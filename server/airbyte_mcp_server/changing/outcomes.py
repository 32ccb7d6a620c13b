"""What became of one target, in words that may be kept, shown and told to a model."""

from airbyte_guardrails.plans import Target, TargetOutcome
from airbyte_guardrails.states import PlanState
from airbyte_tools.redaction import without_secrets


def outcome(
    target: Target, status: PlanState, *sentences: str, job_id: int | None = None, sent: bool = True
) -> TargetOutcome:
    """An outcome. The sentences may hold Airbyte's words: what looks like a secret is taken out.

    Args:
        target: What was to be changed.
        status: What became of it.
        sentences: The same in words; empty ones are left out.
        job_id: The job that was started, or may have been.
        sent: Whether Airbyte may have got the request.
    """
    message = without_secrets(" ".join(sentence for sentence in sentences if sentence))
    return TargetOutcome(target_id=target.id, status=status, message=message, job_id=job_id, sent=sent)


def unsent(target: Target, message: str) -> TargetOutcome:
    """A target that Airbyte was not asked to change."""
    return outcome(target, PlanState.FAILED, message, "Nothing was sent.", sent=False)
