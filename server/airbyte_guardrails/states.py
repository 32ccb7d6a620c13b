"""The life of a plan as a table: which state may follow which."""

from enum import StrEnum


class PlanState(StrEnum):
    """Where a plan stands."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    EXECUTING = "executing"
    EXECUTED = "executed"
    FAILED = "failed"
    OUTCOME_UNKNOWN = "outcome_unknown"
    DENIED = "denied"
    EXPIRED = "expired"
    STALE = "stale"
    SUPERSEDED = "superseded"

    @property
    def is_final(self) -> bool:
        """Whether nobody works on the plan any more, or waits for anything."""
        return self not in (PlanState.PROPOSED, PlanState.APPROVED, PlanState.EXECUTING)


FOLLOWERS: dict[PlanState, frozenset[PlanState]] = {
    PlanState.PROPOSED: frozenset(
        {PlanState.APPROVED, PlanState.DENIED, PlanState.EXPIRED, PlanState.STALE, PlanState.SUPERSEDED}
    ),
    PlanState.APPROVED: frozenset(
        {PlanState.EXECUTING, PlanState.DENIED, PlanState.EXPIRED, PlanState.STALE}
    ),
    PlanState.EXECUTING: frozenset({PlanState.EXECUTED, PlanState.FAILED, PlanState.OUTCOME_UNKNOWN}),
    # Settled as unknown while the process that sent it was only slow: its word is the truth when it comes.
    PlanState.OUTCOME_UNKNOWN: frozenset({PlanState.EXECUTED, PlanState.FAILED}),
    PlanState.EXECUTED: frozenset(),
    PlanState.FAILED: frozenset(),
    PlanState.DENIED: frozenset(),
    PlanState.EXPIRED: frozenset(),
    PlanState.STALE: frozenset(),
    PlanState.SUPERSEDED: frozenset(),
}


def leads_to(state: PlanState) -> list[PlanState]:
    """The states from which a plan may move to `state`."""
    return [before for before, followers in FOLLOWERS.items() if state in followers]
